package finding

import (
	"container/heap"
	"iter"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// derivation is everything that rules find in one view, and what it takes to find
// what they find in a later one at the cost of what changed between.
//
// What is found at an object is its unit. A unit is a function of the object's own
// facts, of the facts of others that affected knows, and of the clock where turns
// knows; so the units that are not looked at again are what they were.
type derivation struct {
	view       *graph.View
	now        access.Time
	limits     Limits
	facts      *facts
	dependents graph.Dependents
	units      map[access.Ref][]mark
	turns      turns
	until      access.Time // beyond it, turns knows nothing
	holders    int64       // accounts and identities that there were to begin with
}

// mark is what is remembered of a draft.
type mark struct {
	key    Key
	digest Digest
	system access.SystemID
}

// horizon is how far ahead turns are kept: every day all is looked at anew, so that
// the millions of dates that are further away need not be remembered.
const horizon = 24 * time.Hour

// derive prepares to find everything in a view. It takes the view over.
func derive(v *graph.View, own map[access.EntitlementID]access.Tier, now access.Time, limits Limits) *derivation {
	d := &derivation{
		view: v, now: now, limits: limits, units: map[access.Ref][]mark{},
		until: now + access.Time(horizon/time.Microsecond),
	}
	l := ledger{}
	for e := range v.Entitlements() {
		l.holder(v, e.ID.Ref(), 1, nil)
	}
	for i := range v.Identities() {
		l.holder(v, i.ID.Ref(), 1, nil)
		d.holders++
		d.dependents.Replace(graph.IdentityNode{}, i)
	}
	for a := range v.Accounts() {
		l.holder(v, a.ID.Ref(), 1, nil)
		d.holders++
	}
	d.facts = factsOf(v, l, own)
	d.facts.ways = waysOf(v, d.facts.targets)
	return d
}

// found is what was found at one object. Marks are of its drafts, one by one.
type found struct {
	unit   access.Ref
	drafts []marked
	marks  []mark
	turns  access.Time
	err    error
}

func (d *derivation) checker() *checker {
	return &checker{v: d.view, now: d.now, limits: d.limits, f: d.facts}
}

// look finds what is at an object now.
func (c *checker) look(ref access.Ref) found {
	f := found{unit: ref, drafts: c.unit(ref), turns: c.turns}
	f.marks, f.err = marksOf(f.drafts)
	return f
}

// all looks at every object, in the order of kinds and keys. What conflicts are
// held is worked out beforehand: sets are faster than asking everybody.
func (d *derivation) all() iter.Seq[found] {
	return func(yield func(found) bool) {
		d.facts.toxic = d.facts.conflicts.Holders(d.view)
		defer func() { d.facts.toxic = nil }()
		c := d.checker()
		for s := range d.view.Systems() {
			if !yield(c.look(s.ID.Ref())) {
				return
			}
		}
		for e := range d.view.Entitlements() {
			if !yield(c.look(e.ID.Ref())) {
				return
			}
		}
		for id := range d.view.AllCredentials() {
			if !yield(c.look(id.Ref())) {
				return
			}
		}
		_ = spread(d.keys(access.KindIdentity), manyInARow, d.checker, yield) && spread(d.keys(access.KindAccount), manyInARow, d.checker, yield)
	}
}

func (d *derivation) keys(kind access.ObjectKind) iter.Seq[access.Ref] {
	return func(yield func(access.Ref) bool) {
		if kind == access.KindIdentity {
			for i := range d.view.Identities() {
				if !yield(i.ID.Ref()) {
					return
				}
			}
			return
		}
		for a := range d.view.Accounts() {
			if !yield(a.ID.Ref()) {
				return
			}
		}
	}
}

// keep remembers what was found at an object in place of what was before.
func (d *derivation) keep(f found) {
	if len(f.marks) > 0 {
		d.units[f.unit] = f.marks
	} else {
		delete(d.units, f.unit)
	}
	if f.turns != 0 && f.turns <= d.until {
		heap.Push(&d.turns, turn{f.turns, f.unit})
	}
}

// step goes on to a later view, by what changed and what is outside of it, and returns the
// units to look at again. Afterwards the derivation is of the later view.
func (d *derivation) step(is *graph.View, changed []access.Ref, outside Outside, own map[access.EntitlementID]access.Tier, now access.Time) []access.Ref {
	a := affected{was: d.view, is: is, before: d.facts, changed: graph.WithOpeners(d.view, is, changed), units: map[access.Ref]bool{}}
	for len(d.turns) > 0 && d.turns[0].at <= now {
		a.add(heap.Pop(&d.turns).(turn).unit)
	}
	a.sort()
	a.watchGivers()
	d.follow(&a, own)
	a.now = factsOf(is, d.facts.ledger, d.facts.own)
	a.now.ways, a.now.drift, a.now.Outside = d.facts.ways, d.facts.drift, outside
	for _, id := range slices.Concat(d.facts.people(), outside.people()) {
		a.add(id.Ref())
	}
	a.find(d)
	if a.moved {
		a.now.ways = waysOf(is, a.now.targets)
	}
	d.view.Close()
	d.view, d.now, d.facts = is, now, a.now
	units := make([]access.Ref, 0, len(a.units))
	for ref := range a.units {
		units = append(units, ref)
	}
	slices.SortFunc(units, access.Ref.Compare)
	return units
}

// follow brings what is counted up to the later view.
func (d *derivation) follow(a *affected, own map[access.EntitlementID]access.Tier) {
	for _, id := range a.entitlements {
		if t, ok := own[id]; ok {
			d.facts.own[id] = t
		} else {
			delete(d.facts.own, id)
		}
	}
	for _, ref := range a.changed {
		d.facts.holder(a.was, ref, -1, a.flips)
	}
	d.facts.drop(a.was, a.gone)
	for _, ref := range a.changed {
		d.facts.holder(a.is, ref, 1, a.flips)
	}
	d.facts.raise(a.is, a.come)
	for _, id := range a.identities {
		was, _ := a.was.Identity(id)
		is, _ := a.is.Identity(id)
		d.dependents.Replace(was, is)
	}
}

// turns is a heap of the times at which units have to be looked at again.
type turns []turn

type turn struct {
	at   access.Time
	unit access.Ref
}

func (t turns) Len() int           { return len(t) }
func (t turns) Less(i, j int) bool { return t[i].at < t[j].at }
func (t turns) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *turns) Push(x any)        { *t = append(*t, x.(turn)) } //nolint:errcheck // a heap of turns
func (t *turns) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}
