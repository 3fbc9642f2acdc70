package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/writhq/writ/access"
)

// Preview is what a sync would do: what a dry run found.
type Preview struct {
	At           access.Time  `json:"at"`
	Counts       Counts       `json:"counts"` // that the system would then have
	Resources    PreviewDelta `json:"resources"`
	Entitlements PreviewDelta `json:"entitlements"`
	Accounts     PreviewDelta `json:"accounts"`
	Grants       PreviewDelta `json:"grants"`
	Credentials  PreviewDelta `json:"credentials"`
	OutOfSight   int64        `json:"out_of_sight,omitempty"`
	Refused      string       `json:"refused,omitempty"` // what the guard says, where it would stop the sync
	Warnings     []string     `json:"warnings"`
	Waits        []string     `json:"waits"` // systems to be read before this one can be understood whole

	Correlation Foretold `json:"correlation"`
	Tiers       *Tiered  `json:"tiers,omitempty"` // only of a system that was never read
}

// PreviewDelta counts what would be new, differ, and go, with the first of each.
type PreviewDelta struct {
	Added   int64            `json:"added"`
	Changed int64            `json:"changed"`
	Removed int64            `json:"removed"`
	First   []PreviewExample `json:"first"`
}

// PreviewExample is one thing that would change.
type PreviewExample struct {
	Change string `json:"change"` // added, changed or removed
	Kind   string `json:"kind,omitempty"`
	Name   string `json:"name"`
	Holder string `json:"holder,omitempty"` // of a grant
}

// examples are kept of each change.
const examples = 10

func (d *PreviewDelta) add(change string, e func() PreviewExample) {
	n := map[string]*int64{added: &d.Added, changed: &d.Changed, removed: &d.Removed}[change]
	if *n++; *n <= examples {
		x := e()
		x.Change = change
		d.First = append(d.First, x)
	}
}

const (
	added   = "added"
	changed = "changed"
	removed = "removed"
)

// DrySystem reads a system completely and says what a sync would change. It changes
// nothing: it is a sync whose store only reads.
func (s *Service) DrySystem(ctx context.Context, id access.SystemID) (p Preview, err error) {
	y, err := s.System(ctx, id.String())
	if err != nil {
		return p, err
	}
	own := *s
	own.Dir = filepath.Join(s.Dir, "dry-run", id.String()) // what is left of a sync stays for the next one
	if err := os.RemoveAll(own.Dir); err != nil {
		return p, fmt.Errorf("making room for a dry run: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(own.Dir)) }()
	d := &dryStore{Store: s.Store, s: s, system: y, names: map[access.Ref]string{}, next: firstDryKey}
	d.p = Preview{At: access.TimeOf(s.now()), Correlation: newForetold()}
	own.Store = d
	own.refused = func(err error) {
		if d.p.Refused == "" {
			d.p.Refused = err.Error()
		}
	}
	r, err := own.syncSystem(ctx, y, SyncOptions{Full: true})
	if err != nil {
		return p, fmt.Errorf("system %s: %w", y.Name, err)
	}
	return d.preview(ctx, r)
}

// firstDryKey is above every key that a store has given, and leaves room below the
// highest that a comparison can hold.
const firstDryKey = 1 << 31

// dryStore is a store that only reads: what a sync would write it counts.
type dryStore struct {
	Store
	s      *Service
	system System
	next   int64
	names  map[access.Ref]string // of the first new objects
	match  *run                  // nil until there are accounts
	facts  Facts
	p      Preview
}

// maxDryNames are kept of new objects, for the examples.
const maxDryNames = 20_000

// Reserve gives keys that no object ever has.
func (d *dryStore) Reserve(_ context.Context, _ access.ObjectKind, n int) (int64, error) {
	first := d.next
	d.next += int64(n)
	return first, nil
}

// Stage begins to count.
func (d *dryStore) Stage(context.Context, access.Ref, access.Time) (Staging, error) {
	return dryStaging{d}, nil
}

// KeepUsage keeps nothing.
func (d *dryStore) KeepUsage(context.Context, access.SystemID, []Usage, bool) error { return nil }

// SyncUnchanged keeps nothing.
func (d *dryStore) SyncUnchanged(context.Context, access.Ref, Report) error { return nil }

type dryStaging struct{ d *dryStore }

// Flip makes nothing visible.
func (s dryStaging) Flip(context.Context, Report, []Told, bool) error { return nil }

// Undo has nothing to take back.
func (s dryStaging) Undo(context.Context) error { return nil }

// Write counts what a batch would change.
func (s dryStaging) Write(ctx context.Context, b *Batch) error {
	d := s.d
	ended := map[access.Ref]bool{} // by a row that replaces it, or for good
	for _, ref := range b.Ended {
		ended[ref] = true
	}
	how := func(ref access.Ref) string {
		if !ended[ref] {
			return added
		}
		delete(ended, ref)
		return changed
	}
	for _, r := range b.Resources {
		d.name(r.ID.Ref(), r.Name)
		d.p.Resources.add(how(r.ID.Ref()), func() PreviewExample { return PreviewExample{Kind: r.Kind, Name: r.Name} })
	}
	for _, e := range b.Entitlements {
		d.name(e.ID.Ref(), e.Name)
		d.p.Entitlements.add(how(e.ID.Ref()), func() PreviewExample { return PreviewExample{Kind: e.Kind, Name: e.Name} })
	}
	for _, a := range b.Accounts {
		d.name(a.ID.Ref(), a.Login)
		d.p.Accounts.add(how(a.ID.Ref()), func() PreviewExample { return PreviewExample{Kind: string(a.Kind), Name: a.Login} })
	}
	if err := d.gone(ctx, ended); err != nil {
		return err
	}
	if err := d.grants(ctx, b); err != nil {
		return err
	}
	d.p.Credentials.Added += int64(len(b.Credentials))
	d.p.Credentials.Removed += int64(len(b.EndedCreds))
	d.facts.add(d.system, b)
	return d.correlate(ctx, b.Accounts)
}

func (d *dryStore) name(ref access.Ref, name string) {
	if len(d.names) < maxDryNames {
		d.names[ref] = name
	}
}

// gone counts objects that a batch ends for good.
func (d *dryStore) gone(ctx context.Context, ended map[access.Ref]bool) error {
	of := map[access.ObjectKind]*PreviewDelta{access.KindResource: &d.p.Resources, access.KindEntitlement: &d.p.Entitlements, access.KindAccount: &d.p.Accounts}
	var shown []access.Ref
	for ref := range ended {
		delta := of[ref.Kind]
		if delta.Removed++; delta.Removed <= examples {
			shown = append(shown, ref)
		}
	}
	labels, err := d.Names(ctx, shown)
	if err != nil {
		return err
	}
	slices.SortFunc(shown, func(a, b access.Ref) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key)) })
	for _, ref := range shown {
		delta := of[ref.Kind]
		delta.First = append(delta.First, PreviewExample{Change: removed, Name: labels[ref].Name})
	}
	return nil
}

type heldAs struct {
	holder      access.Ref
	entitlement access.EntitlementID
	resource    access.ResourceID
	mode        access.Mode
}

func heldAsOf(g GrantRow) heldAs { return heldAs{g.Holder, g.Entitlement, g.Resource, g.Mode} }

// grants counts those that would begin, end, or become other ones.
func (d *dryStore) grants(ctx context.Context, b *Batch) error {
	ended := map[heldAs]GrantRow{}
	for _, g := range b.EndedGrants {
		ended[heldAsOf(g)] = g
	}
	type shown struct {
		g      GrantRow
		change string
	}
	var list []shown
	note := func(change string, n *int64, g GrantRow) {
		if *n++; *n <= examples {
			list = append(list, shown{g, change})
		}
	}
	for _, g := range b.Grants {
		if _, was := ended[heldAsOf(g)]; was {
			delete(ended, heldAsOf(g))
			note(changed, &d.p.Grants.Changed, g)
			continue
		}
		note(added, &d.p.Grants.Added, g)
	}
	for _, g := range b.EndedGrants {
		if _, gone := ended[heldAsOf(g)]; gone {
			note(removed, &d.p.Grants.Removed, g)
		}
	}
	var refs []access.Ref
	for _, x := range list {
		refs = append(refs, x.g.Holder, x.g.Entitlement.Ref())
	}
	labels, err := d.Names(ctx, refs)
	if err != nil {
		return err
	}
	for _, x := range list {
		name := func(ref access.Ref) string { return cmp.Or(d.names[ref], labels[ref].Name) }
		d.p.Grants.First = append(d.p.Grants.First, PreviewExample{Change: x.change, Name: name(x.g.Entitlement.Ref()), Holder: name(x.g.Holder)})
	}
	return nil
}

// preview is what was found, once all of it is.
func (d *dryStore) preview(ctx context.Context, r Report) (Preview, error) {
	p := d.p
	p.Counts, p.OutOfSight, p.Warnings, p.Waits = r.Counts, r.OutOfSight, orNone(r.Warnings), orNone(r.Waits)
	for _, delta := range []*PreviewDelta{&p.Resources, &p.Entitlements, &p.Accounts, &p.Grants, &p.Credentials} {
		delta.First = orNone(delta.First)
	}
	if d.system.State.Synced == 0 && d.s.Tiering != nil {
		d.s.progress("classifying "+d.system.Name, 0, 0)
		t, err := d.tiers(ctx)
		if err != nil {
			return p, fmt.Errorf("foretelling tiers: %w", err)
		}
		p.Tiers = t
	}
	return p, nil
}
