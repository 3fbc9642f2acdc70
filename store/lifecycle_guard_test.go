package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
)

// What was taken within an hour counts together, so that nobody feeds the company to the
// guard in slices that are each small enough; and a release covers what it held alone.
func TestSmallStepsCountTogether(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newFirm(t, fresh(t))
		guard := lifecycle.DefaultGuard
		f.rule(lifecycle.Rule{Name: "sales", When: `identity.unit == "Sales"`, Entitlements: []access.EntitlementID{1}})
		for id := range access.IdentityID(100) {
			f.put(id+1, access.Active, "Sales")
		}
		f.once(guard)
		slice := 19
		next := access.IdentityID(1)
		feed := func() (done lifecycle.Done, held int) {
			t.Helper()
			for range slice {
				f.put(next, access.Active, "")
				next++
			}
			done = f.once(guard)
			holds, err := f.service().Holds(f.ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range holds {
				held += h.Left
			}
			return done, held
		}
		if done, held := feed(); done.Ended != slice || held != 0 {
			t.Fatalf("the first slice: %+v, %d held", done, held)
		}
		f.at.at = f.at.at.Add(10 * time.Minute)
		if done, held := feed(); done.Ended != 0 || held != slice {
			t.Fatalf("the second slice: %+v, %d held", done, held)
		}
		f.at.at = f.at.at.Add(10 * time.Minute)
		slice = 2
		if done, held := feed(); done.Ended != 0 || held != 21 {
			t.Fatalf("a small one after it: %+v, %d held", done, held)
		}
		holds, err := f.service().Holds(f.ctx)
		if err != nil || len(holds) != 2 {
			t.Fatalf("%+v, %v", holds, err)
		}
		other := audit.WithActor(f.ctx, audit.Actor{Node: "other"})
		if err := f.service().Release(other, holds[0].ID, "they did move"); err != nil {
			t.Fatal(err)
		}
		if done := f.once(guard); done.Ended != 19 {
			t.Errorf("released: %+v", done)
		}
		if done, held := feed(); done.Ended != 0 || held != 4 {
			t.Errorf("after a release, which covers what it held alone: %+v, %d held", done, held)
		}
		f.at.at = f.at.at.Add(time.Hour)
		slice = 19
		if done, held := feed(); done.Ended != slice || held != 4 {
			t.Errorf("an hour later, where what somebody released does not count: %+v, %d held", done, held)
		}
		if done := f.once(guard); done.People != 0 {
			t.Errorf("once more: %+v", done)
		}
	})
}

// Nobody loosens the guard for a step that they cause, as nobody releases their own: what
// they set counts where it is tighter, and what somebody else set.
func TestNobodyLoosensTheGuardForTheirOwnStep(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newFirm(t, fresh(t))
		f.rule(lifecycle.Rule{Name: "sales", When: `identity.unit == "Sales"`, Entitlements: []access.EntitlementID{1}})
		for id := range access.IdentityID(100) {
			f.put(id+1, access.Active, "Sales")
		}
		f.once(lifecycle.DefaultGuard)
		set := func(ctx context.Context, g lifecycle.Guard) {
			t.Helper()
			if err := f.service().SetGuard(ctx, g, "test"); err != nil {
				t.Fatal(err)
			}
		}
		moves := func(from, to access.IdentityID) (ended, held int) {
			t.Helper()
			for id := from; id < to; id++ {
				f.put(id, access.Active, "")
			}
			f.sequence()
			done, _, err := (&lifecycle.Engine{Service: f.service(), Store: f.db.Lifecycle()}).Once(f.ctx)
			if err != nil {
				t.Fatal(err)
			}
			f.sequence()
			holds, err := f.service().Holds(f.ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range holds {
				held += h.Left
			}
			return done.Ended, held
		}
		set(f.ctx, lifecycle.Guard{Share: 1, Count: 1_000_000})
		if ended, held := moves(1, 31); ended != 0 || held != 30 {
			t.Errorf("loosened by whoever causes it: %d ended, %d held", ended, held)
		}
		set(audit.WithActor(f.ctx, audit.Actor{Node: "other"}), lifecycle.Guard{Share: 1, Count: 1_000_000})
		if ended, held := moves(31, 61); ended != 30 || held != 30 {
			t.Errorf("loosened by somebody else: %d ended, %d held", ended, held)
		}
		set(f.ctx, lifecycle.Guard{})
		if ended, held := moves(61, 62); ended != 0 || held != 31 {
			t.Errorf("tightened by whoever causes it: %d ended, %d held", ended, held)
		}
	})
}

// The guard's numbers are kept, with who changed them and why.
func TestTheGuardIsKept(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newFirm(t, fresh(t))
		list, err := f.service().Guards(f.ctx)
		if err != nil || len(list) != 1 || list[0] != (lifecycle.GuardChange{Guard: lifecycle.DefaultGuard}) {
			t.Errorf("%+v, %v", list, err)
		}
		for _, g := range []lifecycle.Guard{{Share: -0.1, Count: 3}, {Share: 1.1, Count: 3}, {Share: 0.1, Count: -1}, {Share: 0.1, Count: 1_000_001}} {
			if err := f.service().SetGuard(f.ctx, g, "test"); !errors.Is(err, lifecycle.ErrGuard) {
				t.Errorf("%+v: %v", g, err)
			}
		}
		strict := lifecycle.Guard{Share: 0.01, Count: 3}
		if err := f.service().SetGuard(f.ctx, strict, " "); !errors.Is(err, lifecycle.ErrReason) {
			t.Errorf("without a reason: %v", err)
		}
		for _, g := range []lifecycle.Guard{{Share: 0.5, Count: 7}, strict} {
			if err := f.service().SetGuard(f.ctx, g, "the company is small"); err != nil {
				t.Fatal(err)
			}
		}
		list, err = f.service().Guards(f.ctx)
		if err != nil || len(list) != 2 || list[0].Guard != strict || list[0].By == "" || list[0].Reason != "the company is small" || list[0].At != access.TimeOf(f.at.at) {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
