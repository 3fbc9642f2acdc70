package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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

// unfinished is a file in a folder that was empty when a demo was begun there: while it is
// there, all in that folder is a demo that is being made, or was interrupted.
const unfinished = "unfinished"

// openDemo opens the store of the demo. One that was interrupted is thrown away, since half
// of a company is none.
func (a *app) openDemo(ctx context.Context) (open context.Context, done bool, err error) {
	mark := filepath.Join(a.data, unfinished)
	list, err := os.ReadDir(a.data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	if len(list) == 0 {
		if err := errors.Join(os.MkdirAll(a.data, 0o700), os.WriteFile(mark, nil, 0o600)); err != nil {
			return nil, false, err
		}
	}
	if open, err = a.open(ctx); err != nil { // nobody else is at it from here on
		return nil, false, err
	}
	if done, err = a.demoDone(open); err != nil || done {
		return open, done, err
	}
	if _, err := os.Stat(mark); len(list) == 0 || err != nil {
		return open, false, nil //nolint:nilerr // it is none that was interrupted
	}
	if err := a.close(); err != nil {
		return nil, false, err
	}
	if list, err = os.ReadDir(a.data); err != nil {
		return nil, false, err
	}
	for _, e := range list {
		if e.Name() == unfinished { // it goes last of all, when the next one is made
			continue
		}
		if err := os.RemoveAll(filepath.Join(a.data, e.Name())); err != nil {
			return nil, false, err
		}
	}
	open, err = a.open(ctx)
	return open, false, err
}

// prepareDemo reads the sample company, and at last gives one of its people a function:
// where they hold it, it was done before, and the store stays as it is.
func (a *app) prepareDemo(ctx context.Context) error {
	ctx, done, err := a.openDemo(ctx)
	if err != nil {
		return err
	}
	if !done {
		err = a.makeDemo(ctx)
	}
	if err == nil {
		err = os.RemoveAll(filepath.Join(a.data, unfinished))
	}
	return err
}

func (a *app) makeDemo(ctx context.Context) error {
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
