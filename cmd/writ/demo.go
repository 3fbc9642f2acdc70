package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory/sample"
	"github.com/writhq/writ/policy"
)

// demoHolders are the people of the sample company who hold Writ's functions, by number.
// The first one is whom the demo signs in.
var demoHolders = []struct {
	number    string
	functions []access.Function
}{
	{"E0000041", []access.Function{access.IAM, access.SecurityOperations, access.PlatformOwner}}, // head of platform
	{"E0000045", []access.Function{access.SecurityOperations}},
	{"E0000042", []access.Function{access.PlatformOwner}},
	{"E0000006", []access.Function{access.IAM}},
	{"E0000003", []access.Function{access.AuditFunction}},
}

// prepareDemo reads the sample company, and at last gives some of its people functions:
// where anybody holds one, it was done before, and the store stays as it is.
func (a *app) prepareDemo(ctx context.Context) error {
	ctx, err := a.open(ctx)
	if err != nil {
		return err
	}
	if held, err := a.db.Policy().Functions(ctx); err != nil || len(held) > 0 {
		return err
	}
	_, _ = fmt.Fprintln(a.out, "Making a sample company and reading it: a few seconds.")
	dir := filepath.Join(a.data, "sample")
	if _, err := sample.Generate(ctx, sample.Options{Size: sample.Small, Seed: 1}, dir); err != nil {
		return err
	}
	targets, err := sampleTargets(dir)
	if err != nil {
		return err
	}
	if err := a.read(ctx, filepath.Join(dir, "hr.csv"), nil, targets); err != nil {
		return err
	}
	if _, err := a.refresh(ctx); err != nil {
		return err
	}
	for _, h := range demoHolders {
		id, err := a.inventory().ResolveIdentity(ctx, h.number)
		if err != nil {
			return err
		}
		for _, f := range h.functions {
			held := policy.Held{Function: f}
			err := a.db.Policy().Assign(ctx, policy.Assignment{Identity: id, Held: held, Reason: "the demo's company"})
			if err != nil && !errors.Is(err, policy.ErrHasFunction) {
				return err
			}
		}
	}
	return nil
}

// demoLog is where the server of the demo writes what it would else write between its
// URL and whoever looks for that.
const demoLog = "server.log"

// serveDemo serves the company, and signs in whoever started it as its head of platform.
func (a *app) serveDemo(ctx context.Context) (err error) {
	c, err := readServerConfig("", ownEnviron())
	if err != nil {
		return err
	}
	a.progress, a.alone = nil, true
	if err := a.prepareDemo(ctx); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(a.data, demoLog), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	a.err = log
	return a.serve(ctx, c, a.greetDemo)
}

func (a *app) greetDemo(ctx context.Context, n *node) (string, error) {
	id, err := a.inventory().ResolveIdentity(ctx, demoHolders[0].number)
	if err != nil {
		return "", err
	}
	link, err := n.door.Link(ctx, id)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`
Open this to sign in as the company's head of platform; it is good once, for an hour:

  %s

Ctrl-C stops it; started again it keeps what it has. What it logs is in %s.
`, link.Reveal(), filepath.Join(a.data, demoLog)), nil
}
