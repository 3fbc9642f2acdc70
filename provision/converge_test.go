package provision

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// world is one person, what is justified of them, and two systems that lie, break and are
// read now and then. Its operations are what a store would have kept.
type world struct {
	t       *rapid.T
	now     access.Time
	set     int64
	wanted  map[Grant]*Wanted // by entitlement
	targets []Target
	ops     []Operation
	real    map[access.SystemID]*reality
	seen    map[access.SystemID]reality // by the last sync
	read    map[access.SystemID]access.Time
	writes  map[access.OperationID]int // after it was verified
	native  map[access.TargetID]bool   // made, as far as anybody knows
	never   map[Grant]bool             // had from the beginning, and never justified
}

// reality is the person's account in a system.
type reality struct {
	there, enabled bool
	grants         map[access.EntitlementID]bool
}

func (r reality) clone() reality { r.grants = maps.Clone(r.grants); return r }

const me access.IdentityID = 7

func systemOf(e access.EntitlementID) access.SystemID { return access.SystemID(1 + (e-1)/3) }

func newWorld(t *rapid.T) *world {
	w := &world{
		t: t, now: 1000, set: 10, wanted: map[Grant]*Wanted{}, real: map[access.SystemID]*reality{}, seen: map[access.SystemID]reality{},
		read: map[access.SystemID]access.Time{}, writes: map[access.OperationID]int{}, native: map[access.TargetID]bool{}, never: map[Grant]bool{},
	}
	for id := access.SystemID(1); id <= 2; id++ {
		w.real[id] = &reality{grants: map[access.EntitlementID]bool{}}
		y := Target{Target: access.Target{ID: access.TargetID(id), Identity: me, System: id, State: access.TargetEnabled, Login: "me"}, Since: w.set}
		if rapid.Bool().Draw(t, "has an account") {
			e := access.EntitlementID(3 * id) // the third of each is never justified
			w.real[id].there, w.real[id].enabled, w.real[id].grants[e] = true, true, true
			y.Account = access.AccountID(id)
			w.never[Grant{Entitlement: e}] = true
		}
		w.targets = append(w.targets, y)
		w.sync(id)
	}
	return w
}

func (w *world) sync(id access.SystemID) {
	w.now++
	w.read[id], w.seen[id] = w.now, w.real[id].clone()
}

// facts are what a store would read.
func (w *world) facts() *Facts {
	f := &Facts{Now: w.now, Identity: me, Targets: slices.Clone(w.targets), Past: slices.Clone(w.ops), Systems: map[access.SystemID]System{}}
	for _, x := range w.wanted {
		f.Wanted = append(f.Wanted, *x)
	}
	slices.SortFunc(f.Wanted, func(a, b Wanted) int { return int(a.Entitlement - b.Entitlement) })
	can := map[connector.ChangeKind]bool{}
	for k := range 8 {
		can[rankedKinds()[k]] = true
	}
	for id := range w.real {
		f.Systems[id] = System{ID: id, Can: can, Read: w.read[id]}
		t := &w.targets[id-1]
		seen := w.seen[id]
		if !seen.there && !w.native[t.ID] {
			continue
		}
		a := Account{System: id, Target: t.ID, Kind: access.PersonAccount, Status: access.Disabled}
		if seen.there {
			if a.ID = access.AccountID(id); seen.enabled {
				a.Status = access.Enabled
			}
			for e := range seen.grants {
				f.Grants = append(f.Grants, Grant{Account: a.ID, Entitlement: e})
			}
			a.Unlinked = t.Account == 0
		} else if w.read[id] > w.made(t.ID) {
			continue // it was made, and is gone since
		}
		f.Accounts = append(f.Accounts, a)
	}
	return f
}

// made is when a target's account was verified last.
func (w *world) made(id access.TargetID) (at access.Time) {
	for i := range w.ops {
		if o := &w.ops[i]; o.Target == id && o.Kind == connector.CreateAccount && o.State == Verified {
			at = o.Ended
		}
	}
	return at
}

func rankedKinds() []connector.ChangeKind {
	return []connector.ChangeKind{
		connector.DisableAccount, connector.EndSessions, connector.RemoveGrant, connector.CreateAccount, connector.EnableAccount,
		connector.UpdateAccount, connector.AddGrant, connector.DeleteAccount,
	}
}

// plan keeps what follows, or dies before it does: then nothing of it is kept.
func (w *world) plan() {
	p := Decide(w.facts())
	for i := range p.New {
		o := p.New[i]
		o.ID = access.OperationID(len(w.ops) + 1)
		for _, x := range w.ops {
			if x.Kind == o.Kind && x.Target == o.Target && x.Account == o.Account && x.Entitlement == o.Entitlement && x.Since == o.Since {
				w.t.Fatalf("one cause brings %+v twice: %+v", o, x)
			}
		}
		w.ops = append(w.ops, o)
	}
	for _, o := range p.Wake {
		o.State, o.Code = Planned, ""
		w.ops[o.ID-1] = o
	}
	for _, id := range p.Cancel {
		w.ops[id-1].State = Cancelled
	}
	for _, l := range p.Links {
		w.targets[l.Target-1].Account = l.Account
	}
}

// attempt is a worker taking an operation, and what becomes of it.
func (w *world) attempt(o *Operation, outcome string) {
	w.now++
	f := w.facts()
	p := planning{Facts: f}
	if !p.wanted(o) {
		o.State, o.Ended = Cancelled, w.now
		return
	}
	r := w.real[o.System]
	o.Attempts++
	o.Tried = w.now
	apply := func() {
		if w.shows(o, r) {
			return
		}
		if o.State == Verified {
			w.writes[o.ID]++
		}
		switch o.Kind {
		case connector.CreateAccount:
			r.there, r.enabled = true, true
		case connector.EnableAccount:
			r.enabled = r.there
		case connector.DisableAccount:
			r.enabled = false
		case connector.DeleteAccount:
			*r = reality{grants: map[access.EntitlementID]bool{}}
		case connector.AddGrant:
			if r.there {
				r.grants[o.Entitlement] = true
			}
		case connector.RemoveGrant:
			delete(r.grants, o.Entitlement)
		case connector.UpdateAccount, connector.EndSessions:
		}
	}
	o.State = Failed
	switch outcome {
	case "unreachable", "lie":
		return
	case "lost", "killed":
		apply()
		return
	}
	apply()
	if !w.shows(o, r) {
		return
	}
	o.State, o.Ended = Verified, w.now
	if o.Kind == connector.CreateAccount {
		w.native[o.Target] = true
		for i := range w.ops {
			if x := &w.ops[i]; x.Target == o.Target && x.State == Waiting {
				x.State = Planned
			}
		}
	}
}

func (w *world) shows(o *Operation, r *reality) bool {
	switch o.Kind {
	case connector.CreateAccount, connector.EnableAccount:
		return r.there && r.enabled
	case connector.DisableAccount:
		return !r.there || !r.enabled
	case connector.DeleteAccount:
		return !r.there
	case connector.AddGrant:
		return r.there && r.grants[o.Entitlement]
	case connector.RemoveGrant:
		return !r.grants[o.Entitlement]
	case connector.UpdateAccount, connector.EndSessions:
	}
	return true
}

// due are the operations that a worker may take.
func (w *world) due() (list []*Operation) {
	for i := range w.ops {
		if o := &w.ops[i]; o.State == Planned || o.State == Failed {
			list = append(list, o)
		}
	}
	return list
}

func (w *world) step() {
	t := w.t
	switch rapid.SampledFrom([]string{"justify", "justify", "end", "target", "plan", "plan", "attempt", "attempt", "attempt", "sync"}).Draw(t, "step") {
	case "justify":
		e := access.EntitlementID(rapid.SampledFrom([]int{1, 2, 4, 5}).Draw(t, "entitlement"))
		if x := w.wanted[Grant{Entitlement: e}]; x == nil || !x.Live {
			w.set++
			w.wanted[Grant{Entitlement: e}] = &Wanted{System: systemOf(e), Entitlement: e, Live: true, Since: w.set}
		}
	case "end":
		e := access.EntitlementID(rapid.SampledFrom([]int{1, 2, 4, 5}).Draw(t, "entitlement"))
		if x := w.wanted[Grant{Entitlement: e}]; x != nil && x.Live {
			w.set++
			x.Live, x.Since = false, w.set
		}
	case "target":
		w.set++
		y := &w.targets[rapid.IntRange(0, 1).Draw(t, "of")]
		y.State, y.Since = rapid.SampledFrom([]access.TargetState{access.TargetEnabled, access.TargetDisabled}).Draw(t, "state"), w.set
	case "plan":
		w.plan()
	case "attempt":
		if list := w.due(); len(list) > 0 {
			w.attempt(rapid.SampledFrom(list).Draw(t, "operation"), rapid.SampledFrom([]string{"done", "done", "lost", "killed", "unreachable", "lie"}).Draw(t, "outcome"))
		}
	case "sync":
		w.sync(access.SystemID(rapid.IntRange(1, 2).Draw(t, "system")))
	}
}

// Whatever changes, dies, lies and breaks, in whatever order: once nothing does any more,
// what is justified is so, what was never justified is untouched, and nothing is left.
func TestAnyInterleavingConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			w.step()
		}
		for range 20 {
			w.plan()
			for _, o := range w.due() {
				w.attempt(o, "done")
			}
			if rapid.Bool().Draw(t, "synced meanwhile") {
				w.sync(1)
				w.sync(2)
			}
		}
		w.check()
		w.sync(1)
		w.sync(2)
		before := len(w.ops)
		if w.plan(); len(w.due()) > 0 || len(w.ops) != before {
			t.Fatalf("something is left to do: %+v", w.ops[before:])
		}
		w.check()
	})
}

func (w *world) check() {
	for _, y := range w.targets {
		r := w.real[y.System]
		if enabled := y.State == access.TargetEnabled; enabled != r.enabled {
			w.t.Errorf("system %d: the account should be %s, and enabled is %v\n%+v", y.System, y.State, r.enabled, w.ops)
		}
		for e := 3*access.EntitlementID(y.System) - 2; e <= 3*access.EntitlementID(y.System); e++ {
			x := w.wanted[Grant{Entitlement: e}]
			want := x != nil && x.Live && r.there || w.never[Grant{Entitlement: e}]
			if r.grants[e] != want {
				w.t.Errorf("system %d: that entitlement %d is held is %v, not %v\n%+v", y.System, e, r.grants[e], want, w.ops)
			}
		}
	}
	for id, n := range w.writes {
		w.t.Errorf("operation %d was written %d times after it was verified", id, n)
	}
	for _, o := range w.ops {
		if o.State == Failed || o.State == Planned || o.State == Running {
			w.t.Errorf("left: %+v", o)
		}
	}
}
