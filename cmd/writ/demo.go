package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/inventory/sample"
	"github.com/writhq/writ/policy"
)

// demoHolder is somebody of the sample company who holds functions of Writ's, by number.
type demoHolder struct {
	number    string
	functions []access.Function
}

// demoHolders are all of them. The first one is whom the demo signs in; the last is given
// their function when all else is done.
var demoHolders = []demoHolder{
	{"E0000041", []access.Function{access.IAM, access.SecurityOperations, access.PlatformOwner}}, // head of platform
	{"E0000045", []access.Function{access.SecurityOperations}},
	{"E0000042", []access.Function{access.PlatformOwner}},
	{"E0000006", []access.Function{access.IAM}},
	{"E0000003", []access.Function{access.AuditFunction}},
}

// prepareDemo reads the sample company, and at last gives one of its people a function:
// where they hold it, it was done before, and the store stays as it is.
func (a *app) prepareDemo(ctx context.Context) error {
	ctx, err := a.open(ctx)
	if err != nil {
		return err
	}
	if done, err := a.demoDone(ctx); err != nil || done {
		return err
	}
	_, _ = fmt.Fprintln(a.out, "Making a sample company and reading it: a few seconds.")
	dir, err := filepath.Abs(filepath.Join(a.data, "sample")) // a folder for changes is named from / on
	if err != nil {
		return err
	}
	if _, err := sample.Generate(ctx, sample.Options{Size: sample.Small, Seed: 1}, dir); err != nil {
		return err
	}
	targets, err := sampleTargets(dir)
	if err != nil {
		return err
	}
	if err := dropInto(dir, targets); err != nil {
		return err
	}
	if err := a.readDemo(ctx, dir, targets); err != nil {
		return err
	}
	if _, err := a.refresh(ctx); err != nil {
		return err
	}
	if err := a.makeDemoRoles(ctx); err != nil {
		return err
	}
	if err := a.provideDemo(ctx, dir); err != nil {
		return err
	}
	if _, err := a.refresh(ctx); err != nil { // what follows from all that happened
		return err
	}
	last := len(demoHolders) - 1
	if err := a.assignDemo(ctx, demoHolders[:last]); err != nil {
		return err
	}
	if err := a.makeDemoEligible(ctx); err != nil {
		return err
	}
	if err := a.makeDemoPolicies(ctx); err != nil { // by people who hold their functions
		return err
	}
	return a.assignDemo(ctx, demoHolders[last:])
}

// demoDone reports whether whoever is given their function last holds one.
func (a *app) demoDone(ctx context.Context) (bool, error) {
	held, err := a.db.Policy().Functions(ctx)
	last := demoHolders[len(demoHolders)-1].functions[0]
	return slices.ContainsFunc(held, func(h policy.Assignment) bool { return h.Function == last }), err
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
	if err := a.makeDemoVault(audit.WithActor(ctx, operator())); err != nil {
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
