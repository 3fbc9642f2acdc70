package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/breakglass"
	"github.com/writhq/writ/policy"
)

// demoKit is a break-glass kit of the demo: what it holds, who holds it, by number, and how
// many of them have picked up their shares. One that enough have was tried in a drill.
type demoKit struct {
	name, reason string
	secrets      []string
	holders      []string
	picked       int
}

// demoKits are made by a platform owner; whom the demo signs in has a share to pick up.
var demoKits = []demoKit{
	{name: "databases", reason: "the payroll has to run", secrets: []string{"databases/postgres at payroll-db", "databases/postgres at app-db"}, holders: []string{"E0000045", "E0000006", "E0000087"}, picked: 3},
	{name: "hosts", reason: "somebody has to reach the console", secrets: []string{"servers/root at web1"}, holders: []string{"E0000196", "E0000041", "E0000203"}, picked: 1},
}

// demoGlass makes the kits.
func (n *node) demoGlass(ctx context.Context, secrets map[string]access.SecretID) error {
	maker, err := n.inventory.ResolveIdentity(ctx, demoHostOwner)
	if err != nil {
		return err
	}
	ctx = policy.WithCaller(ctx, policy.Caller{Identity: maker, Context: policy.Context{MFA: true}})
	for _, d := range demoKits {
		if err := n.demoKit(ctx, d, secrets); err != nil {
			return fmt.Errorf("making the break-glass kit %s: %w", d.name, err)
		}
	}
	return nil
}

func (n *node) demoKit(ctx context.Context, d demoKit, secrets map[string]access.SecretID) error {
	p := breakglass.Plan{Name: d.name, Reason: d.reason, Threshold: 2}
	for _, name := range d.secrets {
		p.Secrets = append(p.Secrets, secrets[name])
	}
	for _, number := range d.holders {
		who, err := n.inventory.ResolveIdentity(ctx, number)
		if err != nil {
			return err
		}
		p.Holders = append(p.Holders, who)
	}
	id, kit, err := n.glass.Make(ctx, p)
	if err != nil {
		return err
	}
	var shares []secret.Secret
	for _, who := range p.Holders[:d.picked] {
		_, share, err := n.glass.Share(policy.WithCaller(ctx, policy.Caller{Identity: who, Context: policy.Context{MFA: true}}), id)
		if err != nil {
			return err
		}
		defer share.Wipe()
		shares = append(shares, share)
	}
	if d.picked < p.Threshold {
		return nil
	}
	return n.demoDrill(ctx, kit, shares[:p.Threshold])
}

// demoDrill has a kit opened in a drill. The company's systems are files: nobody signs in.
func (n *node) demoDrill(ctx context.Context, made *breakglass.Kit, shares []secret.Secret) (err error) {
	kit, err := breakglass.Parse([]byte(made.Text()))
	if err != nil {
		return err
	}
	given := kit.Begin()
	defer given.Forget()
	for _, share := range shares {
		if _, err := given.Give(share); err != nil {
			return err
		}
	}
	opened, err := given.Open()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "writ-demo-drill-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	record := filepath.Join(dir, "record")
	file, err := breakglass.NewFile(record)
	if err != nil {
		return err
	}
	j, err := opened.Journal(breakglass.Occasion{People: []string{"Security on call", "Head of IAM"}, Reason: "the drill of this quarter", Drill: true}, file, n.app.now)
	if err != nil {
		return err
	}
	for _, x := range kit.Secrets {
		if _, err := j.Try(x.Secret, func(breakglass.Item, breakglass.Value) (bool, error) { return true, nil }); err != nil {
			return err
		}
	}
	if err := j.Close(); err != nil {
		return err
	}
	text, err := os.ReadFile(record) //nolint:gosec // of a folder of our own
	if err != nil {
		return err
	}
	_, err = n.glass.Merge(ctx, text)
	return err
}
