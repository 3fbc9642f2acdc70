package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/provision"
)

// What looking at a file can meet.
var (
	ErrPreviewBusy  = fault.New(fault.Conflict, "preview-under-way", "another file is being looked at on this node: wait for it to end")
	ErrPreviewLarge = fault.New(fault.Invalid, "preview-too-large", "the file is larger than 64 MiB: look at it on the node, with 'writ lifecycle preview'")
)

// EndOfContract is what the end of a contract that a file gives somebody asks for.
type EndOfContract struct {
	Over    bool                 // it is over: they are suspended
	Ordered access.IdentityState // else they work again, unless this is ordered of them beside
}

// PreviewStore is what looking at a file needs beside Store.
type PreviewStore interface {
	// ContractEnds tells for which of some people something follows from the contract that
	// a file gives them.
	ContractEnds(ctx context.Context, list []Contract) (map[access.IdentityID]EndOfContract, error)
}

// Previewer says what loading a file of a source would do. It runs what loading runs, over
// what only reads: the sync of package inventory, the comparison of this package, and
// package provision's.
type Previewer struct {
	Service   *Service
	Store     PreviewStore
	Inventory *inventory.Service
	Provision *provision.Service

	one sync.Mutex // a file at a time: it costs a reading of everybody
}

// longestUpload is how large a file may be that comes over the API.
const longestUpload = 64 << 20

// uploads is where uploaded files lie, and what is made of them, while they are looked at.
func (p *Previewer) uploads() string { return filepath.Join(p.Inventory.Dir, "upload") }

// Sweep removes what a node that was killed has left of files that were uploaded to it: they
// say who works here. No upload may be under way.
func (p *Previewer) Sweep() error {
	if err := os.RemoveAll(p.uploads()); err != nil {
		return fmt.Errorf("removing what is left of uploaded files: %w", err)
	}
	return nil
}

// Upload is Preview of a file that is read from elsewhere, and removed after.
func (p *Previewer) Upload(ctx context.Context, source string, from io.Reader, first int) (r Reorganisation, err error) {
	if !p.one.TryLock() {
		return r, ErrPreviewBusy
	}
	defer p.one.Unlock()
	if err := p.Sweep(); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.Sweep()) }()
	file, err := p.takeIn(from)
	if err != nil {
		return r, err
	}
	within := *p.Inventory
	within.Dir = p.uploads()
	r, err = p.look(ctx, &within, source, file, first)
	return r.unnamed(file), unnamed(err, file)
}

// takeIn makes a file of an upload.
func (p *Previewer) takeIn(from io.Reader) (string, error) {
	if err := os.MkdirAll(p.uploads(), 0o700); err != nil {
		return "", fmt.Errorf("making room for a file: %w", err)
	}
	f, err := os.CreateTemp(p.uploads(), "upload-*.csv")
	if err != nil {
		return "", fmt.Errorf("making room for a file: %w", err)
	}
	n, err := io.Copy(f, io.LimitReader(from, longestUpload+1))
	if errClose := f.Close(); err == nil {
		err = errClose
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("taking in a file: %w", err)
	case n > longestUpload:
		return "", ErrPreviewLarge
	}
	return f.Name(), nil
}

// whatCame is what an upload is called to whoever sent it: where it lies is the node's.
const whatCame = "the file"

func withoutName(text, file string) string {
	return strings.NewReplacer(file, whatCame, filepath.Base(file), whatCame).Replace(text)
}

// unnamed is what is said of a file, without where it lies.
func (r Reorganisation) unnamed(file string) Reorganisation {
	r.File.Refused = withoutName(r.File.Refused, file)
	for i, x := range r.File.Rejected {
		r.File.Rejected[i].Where = withoutName(x.Where, file)
		r.File.Rejected[i].Reason = withoutName(x.Reason, file)
	}
	for i, text := range r.File.Warnings {
		r.File.Warnings[i] = withoutName(text, file)
	}
	return r
}

func unnamed(err error, file string) error {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return fault.New(e.Kind, e.Code, withoutName(e.Error(), file))
	}
	return err
}

// Preview says what loading a file of a source would do, and to whom, the first of them.
// It changes nothing.
func (p *Previewer) Preview(ctx context.Context, source, file string, first int) (r Reorganisation, err error) {
	if !p.one.TryLock() {
		return r, ErrPreviewBusy
	}
	defer p.one.Unlock()
	return p.look(ctx, p.Inventory, source, file, first)
}

func (p *Previewer) look(ctx context.Context, from *inventory.Service, source, file string, first int) (r Reorganisation, err error) {
	src, err := from.Source(ctx, source)
	if err != nil {
		return r, err
	}
	own := &Service{Store: p.Service.Store, Now: p.Service.Now}
	if err := own.anew(ctx); err != nil {
		return r, err
	}
	f := &foreseen{at: own.now(), now: own.desired.crowd, then: NewCrowd()}
	r = Reorganisation{Source: src.Name, At: f.at, Revision: own.rev}
	if r.File, err = from.DrySource(ctx, src, file, f.take); err != nil {
		return r, err
	}
	ends, err := p.Store.ContractEnds(ctx, f.contracts())
	if err != nil {
		return r, err
	}
	f.restate(ends)
	f.numbered()
	c := &comparing{Previewer: p, d: own.desired, f: f, r: &r, t: newTally(first)}
	if err := c.run(ctx); err != nil {
		return r, err
	}
	return r, c.names(ctx)
}

// comparing is one file being compared.
type comparing struct {
	*Previewer
	d     *Desired
	f     *foreseen
	r     *Reorganisation
	t     *tally
	plan  planned
	place map[access.IdentityID]int // in f.all
}

func (c *comparing) run(ctx context.Context) error {
	was := c.d.membership()
	c.r.Happens, c.place = map[EventKind]int{}, map[access.IdentityID]int{}
	var people []Person
	for i := range c.f.all {
		x := &c.f.all[i]
		c.place[x.id] = i
		c.t.changes(c.f, x, c.r.Happens)
		person, _ := c.f.then.person(x.id)
		people = append(people, person)
		if len(people) == perRead {
			c.d.Follow(people, nil)
			people = people[:0]
		}
	}
	c.d.Follow(people, nil)
	c.t.rules(was, c.d.membership())
	ids := make([]access.IdentityID, 0, len(c.f.all))
	for _, x := range c.f.all {
		ids = append(ids, x.id)
	}
	slices.Sort(ids)
	for part := range slices.Chunk(ids, perRead) {
		if err := c.compare(ctx, part); err != nil {
			return err
		}
	}
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	g, err := c.Service.guarding(ctx, []string{actor.String()}) // as if whoever asks loaded it
	c.t.into(c.r, g, &c.plan, c.d.people())
	return err
}

// compare works out what changes for some, and what that asks of systems.
func (c *comparing) compare(ctx context.Context, ids []access.IdentityID) error {
	steps := map[access.IdentityID]*stepped{}
	var now access.Time
	take := func(h Holding, at access.Time) (err error) {
		x := &c.f.all[c.place[h.Identity]]
		h, now = x.overlay(h), at
		kept, losers := len(c.plan.kept), len(c.plan.losers)
		y := &stepped{d: c.d, h: h}
		if y.s, err = c.plan.take(c.d, h, at); err != nil {
			return err
		}
		y.held = len(c.plan.losers) > losers
		if len(c.plan.kept) > kept { // by a hold that there is: it waits whatever comes of the file
			c.t.waiting++
			return nil
		}
		steps[h.Identity] = y
		c.t.step(c.f, x, y)
		return nil
	}
	known := slices.DeleteFunc(slices.Clone(ids), inventory.Foreseen)
	if err := c.Service.Store.Holdings(ctx, known, take); err != nil {
		return fmt.Errorf("comparing what is with what would be: %w", err)
	}
	for _, id := range ids[len(known):] { // they come last
		if now == 0 {
			now = c.f.at
		}
		if err := take(Holding{Identity: id}, now); err != nil {
			return err
		}
	}
	var changing []access.IdentityID
	for _, id := range ids {
		if y := steps[id]; y != nil && !y.s.Empty() {
			changing = append(changing, id)
		}
	}
	return c.Provision.WhatIf(ctx, changing, func(f *provision.Facts) { steps[f.Identity].facts(f) }, func(o provision.Operation) {
		c.t.operation(o, steps[o.Identity].held)
	})
}
