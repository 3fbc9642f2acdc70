package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/policy"
)

// firm is people, rules and roles that a test changes.
type firm struct {
	t   testing.TB
	ctx context.Context
	db  *DB
	at  *stopwatch
}

// newFirm opens a store with a system of eight entitlements and two roles.
func newFirm(t testing.TB, cfg Config) *firm {
	f := &firm{t: t, at: &stopwatch{time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)}}
	cfg.Now = f.at.now
	f.ctx = asTester(t.Context())
	db, err := Open(f.ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	f.db = db
	f.change(`insert into system (id, from_set, name, kind) values (3, $1, 'erp', 'csv')`)
	for i := range 8 {
		f.change(fmt.Sprintf(`insert into entitlement (id, from_set, system_id, native_id, kind, name, digest) values (%d, $1, 3, 'e%d', 'role', 'E%d', '')`, i+1, i+1, i+1))
	}
	f.change(
		`insert into role (id, from_set, name, entitlements, parents) values (1, $1, 'Clerk', '["ent_0000000000001", "ent_0000000000002"]', '[]')`,
		`insert into role (id, from_set, name, entitlements, parents) values (2, $1, 'Head', '["ent_0000000000003"]', '["rol_0000000000001"]')`)
	return f
}

func (f *firm) change(texts ...string) {
	f.t.Helper()
	f.as(f.ctx, func(t *tx) error {
		for _, text := range texts {
			if _, err := t.exec(f.ctx, text, t.Set); err != nil {
				return fmt.Errorf("%s: %w", text, err)
			}
		}
		return nil
	})
}

func (f *firm) as(ctx context.Context, do func(t *tx) error) {
	f.t.Helper()
	if err := f.db.change(ctx, audit.Event{Action: "test.change"}, do); err != nil {
		f.t.Fatal(err)
	}
}

// put makes somebody what they are now.
func (f *firm) put(id access.IdentityID, state access.IdentityState, unit string) {
	f.t.Helper()
	f.as(f.ctx, func(t *tx) error {
		for _, table := range []string{"identity", "affiliation"} {
			column := map[string]string{"identity": "id", "affiliation": "identity_id"}[table]
			if _, err := t.exec(f.ctx, `update `+table+` set until_set = $1 where until_set = 0 and `+column+` = $2`, t.Set, id); err != nil {
				return err
			}
		}
		_, err := t.exec(f.ctx, `insert into identity (id, from_set, kind, state, name, number) values ($1, $2, 'human', $3, $4, $4)`, id, t.Set, string(state), fmt.Sprint("P", int64(id)))
		if err == nil {
			_, err = t.exec(f.ctx, `insert into affiliation (identity_id, seq, from_set, unit) values ($1, 0, $2, $3)`, id, t.Set, unit)
		}
		return errors.Join(err, t.changed(f.ctx, id.Ref()))
	})
}

// rule keeps a rule that is enforced, in place of whichever has its name.
func (f *firm) rule(r lifecycle.Rule) {
	f.t.Helper()
	s := f.db.Lifecycle()
	rules, err := s.Rules(f.ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	r.Mode = policy.Enforce
	if i := slices.IndexFunc(rules, func(o lifecycle.Rule) bool { return o.Name == r.Name }); i >= 0 {
		r.Version = rules[i].Version
		err = s.SetRule(f.ctx, r, "test")
	} else {
		err = s.AddRule(f.ctx, r, "test")
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *firm) assign(who access.IdentityID, role access.RoleID) {
	f.t.Helper()
	f.as(f.ctx, func(t *tx) error {
		key, err := t.newKeys(f.ctx, access.KindAssignment, 1)
		if err == nil {
			_, err = t.exec(f.ctx, `insert into assignment (id, from_set, role_id, identity_id) values ($1, $2, $3, $4)`, key, t.Set, role, who)
		}
		return errors.Join(err, t.changed(f.ctx, access.AssignmentID(key).Ref()))
	})
}

func (f *firm) service() *lifecycle.Service {
	return &lifecycle.Service{Store: f.db.Lifecycle(), Names: f.db.Inventory(), Now: f.at.now}
}

// engine is one that starts anew, as after a kill.
func (f *firm) engine(g lifecycle.Guard) *lifecycle.Engine {
	f.t.Helper()
	was, err := f.service().Guards(f.ctx)
	if err == nil && was[0].Guard != g {
		err = f.db.Lifecycle().SetGuard(audit.WithActor(f.ctx, audit.Actor{Node: "guards"}), g, "test")
	}
	if err != nil {
		f.t.Fatal(err)
	}
	f.sequence()
	return &lifecycle.Engine{Service: f.service(), Store: f.db.Lifecycle()}
}

// lax never holds anything.
var lax = lifecycle.Guard{Share: 1, Count: 1 << 30}

// once reconciles everybody.
func (f *firm) once(g lifecycle.Guard) lifecycle.Done {
	f.t.Helper()
	f.sequence()
	done, turn, err := f.engine(g).Once(f.ctx)
	if err != nil || !turn {
		f.t.Fatalf("turn %v: %v", turn, err)
	}
	f.sequence()
	return done
}

func (f *firm) sequence() {
	f.t.Helper()
	if _, err := f.db.Sweep(f.ctx); err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.db.Sequence(f.ctx); err != nil {
		f.t.Fatal(err)
	}
}

// has is what justifies somebody's access now, as "entitlement origin".
func (f *firm) has(who access.IdentityID) (list []string) {
	f.t.Helper()
	err := f.db.read(f.ctx, func(q *query) error {
		return q.readJustifications(f.ctx, `j.holder_kind = 1 and j.holder_id = $1`, []any{who}, func(j access.Justification) error {
			text := fmt.Sprintf("%d %s", int64(j.Entitlement), j.Origin)
			if j.End != 0 {
				text += " until " + j.End.Time().Format(time.DateOnly)
			}
			list = append(list, text)
			return nil
		})
	})
	if err != nil {
		f.t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func (f *firm) want(who access.IdentityID, want ...string) {
	f.t.Helper()
	if got := f.has(who); !slices.Equal(got, want) {
		f.t.Errorf("%s has %q, not %q", who, got, want)
	}
}

// A joiner, a mover with a grace and without, somebody away, and a leaver.
func TestLifecycleOfOnePerson(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newFirm(t, fresh(t))
		f.rule(lifecycle.Rule{Name: "all", When: "true", Entitlements: []access.EntitlementID{8}})
		f.rule(lifecycle.Rule{Name: "sales", When: `identity.unit == "Sales"`, Roles: []access.RoleID{2}, Grace: 14})
		f.rule(lifecycle.Rule{Name: "it", When: `identity.unit == "IT"`, Entitlements: []access.EntitlementID{4}})
		f.put(1, access.PreHire, "Sales")
		f.once(lax)
		f.want(1)
		f.put(1, access.Active, "Sales")
		f.once(lax)
		f.want(1, "1 birthright", "2 birthright", "3 birthright", "8 birthright")
		f.assign(1, 1)
		f.once(lax)
		f.want(1, "1 birthright", "1 role", "2 birthright", "2 role", "3 birthright", "8 birthright")
		f.put(1, access.Active, "IT")
		f.once(lax)
		f.want(1, "1 birthright until 2026-12-13", "1 role", "2 birthright until 2026-12-13", "2 role", "3 birthright until 2026-12-13", "4 birthright", "8 birthright")
		// Back again within the grace: nothing has ended.
		f.at.at = f.at.at.AddDate(0, 0, 3)
		f.put(1, access.LeaveOfAbsence, "Sales")
		f.once(lax)
		f.want(1, "1 birthright", "1 role", "2 birthright", "2 role", "3 birthright", "8 birthright")
		f.put(1, access.Active, "IT")
		f.once(lax)
		f.at.at = f.at.at.AddDate(0, 0, 15)
		f.once(lax)
		f.want(1, "1 role", "2 role", "4 birthright", "8 birthright")
		f.put(1, access.Active, "Sales")
		f.once(lax)
		// Whoever leaves has no grace.
		f.put(1, access.Terminated, "Sales")
		if d := f.once(lax); d.People != 1 || d.Ended != 6 {
			t.Errorf("%+v", d)
		}
		f.want(1)
		if d := f.once(lax); d != (lifecycle.Done{}) {
			t.Errorf("once more: %+v", d)
		}
	})
}

// A step that takes from too many leaves everybody in it as they are, until somebody else
// than who caused it lets it happen; others go on meanwhile.
func TestLesson03_WhatTakesTooMuchIsHeld(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newFirm(t, fresh(t))
		guard := lifecycle.Guard{Share: 0.2, Count: 3}
		f.rule(lifecycle.Rule{Name: "sales", When: `identity.unit == "Sales"`, Entitlements: []access.EntitlementID{1}})
		f.rule(lifecycle.Rule{Name: "it", When: `identity.unit == "IT"`, Entitlements: []access.EntitlementID{2}})
		for id := range access.IdentityID(10) {
			f.put(id+1, access.Active, "Sales")
		}
		if d := f.once(guard); d.Begun != 10 {
			t.Fatalf("%+v", d)
		}
		// A feed moves half of them by mistake; one has left beside.
		for id := range access.IdentityID(5) {
			f.put(id+1, access.Active, "IT")
		}
		f.put(11, access.Active, "IT") // somebody new is no loss
		if d := f.once(guard); d.People != 1 {
			t.Errorf("%+v", d)
		}
		f.want(1, "1 birthright")
		f.want(11, "2 birthright")
		holds, err := f.service().Holds(f.ctx)
		if err != nil || len(holds) != 1 || holds[0].People != 5 || holds[0].Left != 5 || holds[0].Of != 11 {
			t.Fatalf("%+v, %v", holds, err)
		}
		id := holds[0].ID
		if d := f.once(guard); d.People != 0 {
			t.Errorf("once more: %+v", d)
		}
		// Whoever is held and leaves is not kept by it; who moved back is held no more.
		f.put(1, access.Terminated, "IT")
		f.put(2, access.Active, "Sales")
		if d := f.once(guard); d.People != 1 || d.Ended != 1 {
			t.Errorf("%+v", d)
		}
		f.want(1)
		if holds, err = f.service().Holds(f.ctx); err != nil || len(holds) != 1 || holds[0].Left != 3 {
			t.Errorf("%+v, %v", holds, err)
		}

		if err := f.service().Release(f.ctx, id, "I meant it"); !errors.Is(err, lifecycle.ErrHoldOwn) {
			t.Errorf("by who caused it: %v", err)
		}
		other := audit.WithActor(f.ctx, audit.Actor{Node: "other"})
		if err := f.service().Release(other, id, ""); !errors.Is(err, lifecycle.ErrReason) {
			t.Errorf("without a reason: %v", err)
		}
		if err := f.service().Release(other, id+1, "x"); !errors.Is(err, lifecycle.ErrNoHold) {
			t.Errorf("of another id: %v", err)
		}
		day := access.TimeOf(f.at.at.AddDate(0, 0, 2))
		if err := f.service().Discard(other, id, access.TimeOf(f.at.at), "no"); !errors.Is(err, lifecycle.ErrHoldEnd) {
			t.Errorf("until now: %v", err)
		}
		if err := f.service().Discard(other, id, day, "not before Monday"); err != nil {
			t.Fatal(err)
		}
		if d := f.once(guard); d.People != 0 {
			t.Errorf("discarded: %+v", d)
		}
		if err := f.service().Release(other, id, "they did move"); err != nil {
			t.Fatal(err)
		}
		if d := f.once(guard); d.People != 3 || d.Ended != 3 || d.Begun != 3 {
			t.Errorf("released: %+v", d)
		}
		f.want(3, "2 birthright")
		if holds, err = f.service().Holds(f.ctx); err != nil || len(holds) != 0 {
			t.Errorf("%+v, %v", holds, err)
		}
		if err := f.service().Release(other, id, "again"); !errors.Is(err, lifecycle.ErrNoHold) {
			t.Errorf("twice: %v", err)
		}
	})
}

var errKilled = errors.New("killed")

// mortal is a store of an engine that is killed at some call, before or after it.
type mortal struct {
	lifecycle.EngineStore
	left  *int
	after bool
}

func (m mortal) dies(do func() error) error {
	*m.left--
	if *m.left == 0 && !m.after {
		return errKilled
	}
	err := do()
	if *m.left == 0 && err == nil {
		return errKilled
	}
	return err
}

func (m mortal) Reconcile(ctx context.Context, term lifecycle.Term, by []string, ids []access.IdentityID, decide lifecycle.Decide) (done lifecycle.Done, err error) {
	err = m.dies(func() error {
		done, err = m.EngineStore.Reconcile(ctx, term, by, ids, decide)
		return err
	})
	return done, err
}

func (m mortal) Hold(ctx context.Context, term lifecycle.Term, h lifecycle.Hold, who []access.IdentityID) error {
	return m.dies(func() error { return m.EngineStore.Hold(ctx, term, h, who) })
}

func (m mortal) Unhold(ctx context.Context, term lifecycle.Term, who []access.IdentityID) error {
	return m.dies(func() error { return m.EngineStore.Unhold(ctx, term, who) })
}

func (m mortal) Compared(ctx context.Context, term lifecycle.Term, rev access.Rev) error {
	return m.dies(func() error { return m.EngineStore.Compared(ctx, term, rev) })
}

// Whatever happens, and wherever it is killed, what is kept ends as what should be, begins
// once for each time that it came to be due, and nothing is repeated.
func TestReconcilingIsKilledAnywhere(t *testing.T) {
	f := newFirm(t, emptySQLite(t))
	states := []access.IdentityState{access.Active, access.Active, access.Active, access.LeaveOfAbsence, access.Terminated, access.PreHire}
	whens := []string{"true", `identity.unit == "A"`, `identity.unit == "B" || identity.state == "leave_of_absence"`, `identity.attributes.site == "Bern"`}
	rapid.Check(t, func(rt *rapid.T) {
		if _, err := f.db.w.ExecContext(f.ctx, `update lifecycle_hold set ends_at = 0`); err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			for range rapid.IntRange(0, 8).Draw(rt, "moves") {
				f.put(access.IdentityID(rapid.IntRange(1, 12).Draw(rt, "who")), rapid.SampledFrom(states).Draw(rt, "state"), rapid.SampledFrom([]string{"A", "B"}).Draw(rt, "unit"))
			}
			if rapid.Bool().Draw(rt, "another rule") {
				f.rule(lifecycle.Rule{
					Name: rapid.SampledFrom([]string{"r1", "r2", "r3"}).Draw(rt, "rule"), When: rapid.SampledFrom(whens).Draw(rt, "when"),
					Entitlements: []access.EntitlementID{access.EntitlementID(rapid.IntRange(1, 8).Draw(rt, "gives"))}, Roles: []access.RoleID{1},
				})
			}
			if rapid.IntRange(0, 3).Draw(rt, "assigns") == 0 {
				f.assign(access.IdentityID(rapid.IntRange(1, 12).Draw(rt, "who")), 2)
			}
			f.sequence()
			e := f.engine(lax)
			left := rapid.IntRange(1, 4).Draw(rt, "killed at")
			e.Store = mortal{f.db.Lifecycle(), &left, rapid.Bool().Draw(rt, "after")}
			if _, _, err := e.Once(f.ctx); err != nil && !errors.Is(err, errKilled) {
				rt.Fatal(err)
			}
		}
		f.once(lax)
		f.same(rt)
		if d := f.once(lax); d != (lifecycle.Done{}) {
			rt.Fatalf("once more: %+v", d)
		}
	})
}

// same compares what is kept with what should be, worked out anew.
func (f *firm) same(t *rapid.T) {
	s := f.db.Lifecycle()
	crowd, _, err := lifecycle.Read(f.ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := s.Rules(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	roles, err := s.Roles(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	d, err := lifecycle.NewDesired(crowd, rules, roles)
	if err != nil {
		t.Fatal(err)
	}
	for id := range access.IdentityID(12) {
		due := map[access.EntitlementID]bool{}
		for _, x := range d.Of(id + 1) {
			due[x.Entitlement] = true
			if !slices.ContainsFunc(f.has(id+1), func(text string) bool { return text[0] == fmt.Sprint(int64(x.Entitlement))[0] }) {
				t.Fatalf("%s lacks %s: %v", id+1, x.Entitlement, f.has(id+1))
			}
		}
		doubtful := d.Doubtful(id + 1)
		for _, text := range f.has(id + 1) {
			e := access.EntitlementID(text[0] - '0')
			if !due[e] && !doubtful[e] {
				t.Fatalf("%s has %s, which nothing gives", id+1, text)
			}
		}
	}
}

// Two nodes reconcile in turns: one takes over where the other ends, what a lost turn still
// wants to write is refused, and nothing is done twice.
func TestTwoNodesReconcileInTurns(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newFirm(t, fresh(t))
		s := f.db.Lifecycle()
		term, leads, err := s.Lead(f.ctx)
		if _, second, other := s.Lead(f.ctx); err != nil || !leads || second || other != nil {
			t.Fatalf("%v %v, %v %v", leads, err, second, other)
		}
		if err := endLeases(f.ctx, f.db); err != nil {
			t.Fatal(err)
		}
		f.rule(lifecycle.Rule{Name: "all", When: "true", Entitlements: []access.EntitlementID{1}})
		f.put(1, access.Active, "A")
		f.once(lax)
		if _, err := s.Reconcile(f.ctx, term, nil, []access.IdentityID{1}, func(lifecycle.Holding, access.Time, lifecycle.Logins) (lifecycle.Step, error) {
			return lifecycle.Step{Begin: []access.Justification{{Holder: access.IdentityID(1).Ref(), Entitlement: 2, Origin: access.Birthright}}}, nil
		}); !errors.Is(err, ErrFenced) {
			t.Errorf("after the turn: %v", err)
		}
		f.want(1, "1 birthright")

		ctx, stop := context.WithCancel(f.ctx)
		sequencing := make(chan error)
		go func() { sequencing <- f.db.RunSequencer(ctx) }()
		var ends []context.CancelFunc
		ended := make(chan error)
		for range 2 {
			one, end := context.WithCancel(ctx)
			ends = append(ends, end)
			e := f.engine(lax)
			go func() { ended <- e.Run(one) }()
		}
		for id := range access.IdentityID(30) {
			f.put(id+1, access.Active, "B")
			if id == 10 {
				f.until(1, 11)
				ends[0]()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
		}
		f.until(1, 30)
		stop()
		if err := errors.Join(<-ended, <-sequencing); err != nil {
			t.Error(err)
		}
		var begun int
		err = f.db.read(f.ctx, func(q *query) error {
			return q.row(f.ctx, `select count(*) from justification where until_set = 0`).Scan(&begun)
		})
		if err != nil || begun != 30 {
			t.Errorf("%d justifications, %v", begun, err)
		}
	})
}

// until waits until so many have an entitlement.
func (f *firm) until(id access.EntitlementID, n int) {
	f.t.Helper()
	var have int
	for f.ctx.Err() == nil {
		err := f.db.read(f.ctx, func(q *query) error {
			return q.row(f.ctx, `select count(*) from justification where until_set = 0 and entitlement_id = $1`, id).Scan(&have)
		})
		if err != nil {
			f.t.Fatal(err)
		}
		if have == n {
			return
		}
		if err := pause(f.ctx, 10*time.Millisecond); err != nil {
			f.t.Fatal(err)
		}
	}
}
