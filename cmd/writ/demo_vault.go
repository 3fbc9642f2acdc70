package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

// Who owns the demo's safes. The first is whom the demo signs in.
const (
	demoKeeper    = "E0000041"
	demoHostOwner = "E0000042"
	demoTreasurer = "E0000007"
)

// demoSafe is a safe of the demo, what is in it, and who may use or see that, by number.
type demoSafe struct {
	vault.Safe
	owner   string
	use     []string
	reveal  []string
	secrets []demoSecret
}

// demoSecret is a secret of the demo. Nobody knows what one is without a value; every says
// after how many days it is changed by itself.
type demoSecret struct {
	name, about, account string
	kind                 vault.Kind
	value                string
	every                int
}

func demoSafes() []demoSafe {
	agreed := []access.Stage{{Approvers: []access.Approver{{Owner: true}, {Function: access.SecurityOperations}}, Quorum: 1, Within: 8 * time.Hour}}
	return []demoSafe{
		{
			Safe:  vault.Safe{Name: "databases", Description: "Administrators of the clusters", Sharing: vault.Shared, Rotates: true, Terms: access.Terms{Reason: true, Most: 8 * time.Hour}},
			owner: demoKeeper, use: []string{"E0000087", "E0000041"}, reveal: []string{"E0000155", "E0000100"},
			secrets: []demoSecret{
				{name: "postgres at payroll-db", about: "Superuser of the payroll cluster", account: "payroll-db/postgres", kind: vault.Password, every: 7},
				{name: "postgres at app-db", about: "Superuser of the shop's cluster", account: "app-db/postgres", kind: vault.Password, every: 14},
				{name: "reporting", about: "How the reports reach the warehouse", kind: vault.Database, value: `{"host": "warehouse.lindquell.example", "user": "reports", "password": "not the real one"}`},
			},
		},
		{
			Safe:  vault.Safe{Name: "servers", Description: "Root on the hosts, one person at a time", Sharing: vault.Exclusive, Rotates: true, Terms: access.Terms{Reason: true, Ticket: true, MFA: true, Most: 4 * time.Hour}},
			owner: demoHostOwner, use: []string{"E0000196", "E0000203", "E0000041"},
			secrets: []demoSecret{
				{name: "root at db1", about: "Console of the database host", account: "db1/root", kind: vault.Password, every: 3},
				{name: "root at web1", about: "Console of the web host", account: "web1/root", kind: vault.Password, every: 3},
				{name: "root at build1", about: "Key of the build host", account: "build1/root", kind: vault.SSHKey, every: 10},
			},
		},
		{
			Safe:  vault.Safe{Name: "partners", Description: "What opens the services of others", Sharing: vault.Shared, Terms: access.Terms{Reason: true, Most: 30 * 24 * time.Hour}},
			owner: demoKeeper, use: []string{"E0000100", "E0000041"}, reveal: []string{"E0000203"},
			secrets: []demoSecret{
				{name: "mail relay", about: "Sends the invoices", kind: vault.APIKey, every: 30},
				{name: "map tiles", about: "Shows where the vans are", kind: vault.APIKey},
			},
		},
		{
			Safe:  vault.Safe{Name: "treasury", Description: "Where money leaves the company", Sharing: vault.Exclusive, Terms: access.Terms{Reason: true, MFA: true, Most: 2 * time.Hour, Stages: agreed}},
			owner: demoTreasurer, use: []string{"E0000041"}, reveal: []string{"E0000037"},
			secrets: []demoSecret{{name: "bank portal", about: "Approves payments above the limit", kind: vault.Password}},
		},
	}
}

// demoOuts are check-outs of the demo, in order: by whom, of what, and what came of it.
var demoOuts = []struct {
	number, of, reason, ticket string
	lasts                      time.Duration
	seen, back                 bool
}{
	{number: "E0000155", of: "databases/postgres at app-db", reason: "vacuum after the migration", lasts: 2 * time.Hour, seen: true, back: true},
	{number: "E0000155", of: "databases/postgres at payroll-db", reason: "the replica lags since the night", ticket: "INC-2041", lasts: 8 * time.Hour, seen: true},
	{number: "E0000087", of: "databases/postgres at payroll-db", reason: "finds out why the closing is slow", lasts: 3 * time.Hour},
	{number: "E0000196", of: "servers/root at build1", reason: "the runners are out of space", ticket: "INC-2044", lasts: 4 * time.Hour},
	{number: "E0000037", of: "treasury/bank portal", reason: "the supplier's account has changed", lasts: time.Hour},
}

// makeDemoVault makes a vault with safes and kits, lets people have secrets out, and has some due. Where
// there is one it was made before.
func (a *app) makeDemoVault(ctx context.Context) error {
	ring, err := a.newVault(ctx)
	if err != nil {
		return err
	}
	if _, err := ring.Init(ctx, keys.Request{Kind: keys.File}, demoReason); errors.Is(err, keys.ErrVaultThere) {
		return nil
	} else if err != nil {
		return err
	}
	n, err := a.newNode(ctx)
	if err != nil {
		return err
	}
	secrets, safes := map[string]access.SecretID{}, map[string]access.SafeID{}
	for _, d := range demoSafes() {
		if safes[d.Name], err = n.demoFill(ctx, d, secrets); err != nil {
			return fmt.Errorf("filling the safe %s: %w", d.Name, err)
		}
	}
	if err := n.settle(ctx); err != nil {
		return err
	}
	for _, d := range demoOuts {
		if err := n.demoOut(ctx, d.number, vault.Asking{Secret: secrets[d.of], Lasts: d.lasts, Reason: d.reason, Ticket: d.ticket}, d.seen, d.back); err != nil {
			return fmt.Errorf("checking %s out: %w", d.of, err)
		}
	}
	if err := n.demoUse(ctx, secrets, safes["servers"]); err != nil {
		return fmt.Errorf("adding what uses the vault: %w", err)
	}
	if err := n.demoGlass(ctx, secrets); err != nil {
		return err
	}
	return n.demoDue(ctx, secrets["servers/root at db1"])
}

// demoFill adds a safe with its rights, and keeps its secrets.
func (n *node) demoFill(ctx context.Context, d demoSafe, secrets map[string]access.SecretID) (in access.SafeID, err error) {
	if d.Owner, err = n.inventory.ResolveIdentity(ctx, d.owner); err != nil {
		return 0, err
	}
	if in, err = n.vault.AddSafe(ctx, d.Safe, demoReason); err != nil {
		return 0, err
	}
	if err := errors.Join(n.demoLet(ctx, in, vault.Use, d.use), n.demoLet(ctx, in, vault.Reveal, d.reveal)); err != nil {
		return 0, err
	}
	for _, x := range d.secrets {
		if secrets[d.Name+"/"+x.name], err = n.demoKeep(ctx, in, x); err != nil {
			return 0, err
		}
	}
	return in, nil
}

func (n *node) demoLet(ctx context.Context, in access.SafeID, level vault.Level, numbers []string) error {
	for _, number := range numbers {
		who, err := n.inventory.ResolveIdentity(ctx, number)
		if err != nil {
			return err
		}
		if err := n.vault.Grant(ctx, vault.Right{Safe: in, Holder: who.Ref(), Level: level, Reason: "works with it"}); err != nil {
			return err
		}
	}
	return nil
}

func (n *node) demoKeep(ctx context.Context, in access.SafeID, d demoSecret) (id access.SecretID, err error) {
	x := vault.Secret{Safe: in, Name: d.name, Kind: d.kind, Description: d.about}
	if d.account != "" {
		if x.Account, err = n.inventory.ResolveAccount(ctx, d.account); err != nil {
			return 0, err
		}
		if o, known := policy.ObjectOf(n.app.graph.View(), x.Account.Ref()); known {
			x.System = o.System
		}
	}
	if d.value != "" {
		id, err = n.vault.AddSecret(ctx, x, secret.New([]byte(d.value)))
	} else {
		id, err = n.vault.AddGenerated(ctx, x)
	}
	if err != nil || d.every == 0 {
		return id, err
	}
	s := rotate.Schedule{Secret: id, Every: time.Duration(d.every) * 24 * time.Hour, From: 22, Until: 4}
	return id, n.rotate.Store.SetSchedule(ctx, s, false)
}

// demoOut has somebody check a secret out, perhaps look at it, and perhaps give it back.
func (n *node) demoOut(ctx context.Context, number string, a vault.Asking, seen, back bool) error {
	who, err := n.inventory.ResolveIdentity(ctx, number)
	if err != nil {
		return err
	}
	ctx = policy.WithCaller(ctx, policy.Caller{Identity: who, Context: policy.Context{MFA: true}})
	c, err := n.vault.CheckOut(ctx, a)
	if err != nil {
		return err
	}
	if seen {
		_, plain, err := n.vault.Reveal(ctx, vault.Revealing{Secret: a.Secret, Checkout: c.ID, Reason: a.Reason})
		if err != nil {
			return err
		}
		plain.Wipe()
	}
	if back {
		_, err = n.vault.CheckIn(ctx, c.ID)
	}
	return err
}

// demoDue has a secret due, and lets an attempt at it fail.
func (n *node) demoDue(ctx context.Context, id access.SecretID) error {
	if err := n.rotate.Store.Demand(ctx, []access.SecretID{id}, rotate.Incident, "a notebook was lost on a train"); err != nil {
		return err
	}
	owner, err := n.rotate.Store.Own(ctx, id, time.Minute)
	if err != nil {
		return err
	}
	job, err := owner.Job(ctx) // only what was looked at can fail
	if err != nil {
		return errors.Join(err, owner.End(ctx))
	}
	for _, h := range job.Held {
		h.Value.Wipe()
	}
	f := rotate.Failure{State: rotate.Failing, Code: connector.ErrUnreachable.Code, Error: "The system does not answer: the connection was refused.", After: 12 * time.Hour}
	if err := owner.Failed(ctx, f); err != nil {
		return err
	}
	return owner.End(ctx)
}
