package store

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/iga/role"
)

// mining is a role world with a miner that goes on until the test ends, in which Cleo and
// Emil hold the first two entitlements, and Emil the third.
func mining(t *testing.T, cfg Config) (*roleWorld, *role.Miner) {
	t.Helper()
	w := openRoleWorld(t, cfg)
	w.hold(`insert into access_grant (holder_id, holder_kind, entitlement_id, from_set, id, system_id) values (3, 1, 1, $1, 1, 1), (3, 1, 2, $1, 2, 1), (6, 1, 1, $1, 3, 1), (6, 1, 2, $1, 4, 1), (6, 1, 3, $1, 5, 1)`)
	w.s.People = unitsTold{}
	return w, role.NewMiner(&role.Teller{Service: w.s, Names: w.db.Inventory()})
}

// unitsTold says that everybody is in the first unit, and Emil in the second.
type unitsTold struct{}

func (unitsTold) Told(_ context.Context, ids []access.IdentityID, take func(access.IdentityID, map[string]string)) error {
	for _, id := range ids {
		unit := "First"
		if id == 6 {
			unit = "Second"
		}
		take(id, map[string]string{"unit": unit})
	}
	return nil
}

// going has a miner go on until the test, or stop, ends.
func going(t *testing.T, m *role.Miner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(asTester(t.Context()))
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func (w *roleWorld) ended(m *role.Miner, id access.RunID) role.MiningRun {
	w.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; runtime.Gosched() {
		r, err := m.Look(w.ana, id)
		w.must(err)
		if r.State.Over() {
			return r
		}
		if time.Now().After(deadline) {
			w.Fatalf("it goes on: %+v", r)
		}
	}
}

var everything = role.Where{Systems: []access.SystemID{1}, Sees: ask.Everything, People: true}

func TestMiningRunsAreKept(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		w, m := mining(t, fresh(t))
		going(t, m)
		r, err := m.Start(w.ana, role.MiningQuestion{}, everything)
		w.must(err)
		if r.ID == 0 || r.Asked == 0 || r.By != access.IdentityID(1).String() || r.Question.Seconds != 60 || r.Question.Seed != 1 {
			t.Errorf("%+v", r)
		}
		end := w.ended(m, r.ID)
		kept, err := w.db.Roles().Mining(w.ana, r.ID)
		w.must(err)
		if end.State != role.MiningDone || kept.State != role.MiningDone || kept.Totals == nil || kept.Ended == 0 || kept.Began == 0 || !kept.People {
			t.Fatalf("it ended %+v, and is kept as %+v", end, kept)
		}
		if x := kept.Totals; x.Users != 2 || x.Permissions != 3 || x.Pairs != 5 || x.Number != 2 || !x.Proven || x.Kept != 2 || x.Explained == nil || x.Missing+x.Extra != 0 {
			t.Errorf("totals %+v", x)
		}
		list, err := w.db.Roles().FoundIn(w.ana, r.ID)
		w.must(err)
		if len(list) != 2 || !slices.Equal(list[0].Entitlements, []access.EntitlementID{1, 2}) || list[0].Redundant != 4 || list[0].Users != 2 || list[1].Place != 1 {
			t.Fatalf("%+v", list)
		}
		f, err := w.db.Roles().Found(w.ana, r.ID, 0)
		w.must(err)
		if !slices.Equal(f.Members, []access.IdentityID{3, 6}) || f.ID != role.CandidateID([]access.EntitlementID{2, 1}) {
			t.Errorf("%+v", f)
		}
		_, err = w.db.Roles().Found(w.ana, r.ID, 7)
		w.refused(err, role.ErrCandidate)
		w.refused(m.Cancel(w.ana, r.ID), role.ErrMiningEnded)

		// A candidate becomes a draft once, in the same transaction.
		d := technical("Reader", f.Entitlements...)
		id, err := w.s.Adopt(w.ana, r.ID, f, d)
		w.must(err)
		if f, err = w.db.Roles().Found(w.ana, r.ID, 0); err != nil || f.Role != id {
			t.Errorf("%+v, %v", f, err)
		}
		_, err = w.s.Adopt(w.ana, r.ID, f, technical("Another", f.Entitlements...))
		w.refused(err, role.ErrAdopted)
		if drafts, err := w.db.Roles().Drafts(w.ana, 0); err != nil || len(drafts) != 1 || drafts[0].Role != id || drafts[0].State != role.Written {
			t.Errorf("%+v, %v", drafts, err)
		}
		_, err = w.db.Roles().Mining(w.ana, r.ID+1000)
		w.refused(err, role.ErrMining)
	})
}

// Of a run only what is narrowed to is read: systems, what may be seen, a unit.
func TestMiningKeepsToWhatMayBeSeen(t *testing.T) {
	w, m := mining(t, emptySQLite(t))
	going(t, m)
	hides := func(r access.Ref) bool { return r != access.EntitlementID(3).Ref() }
	tests := map[string]struct {
		q     role.MiningQuestion
		where role.Where
		pairs int // 0 is an error
	}{
		"all":                    {role.MiningQuestion{}, everything, 5},
		"what is seen":           {role.MiningQuestion{}, role.Where{Systems: []access.SystemID{1}, Sees: hides, People: true}, 4},
		"one unit":               {role.MiningQuestion{Unit: " Second "}, everything, 3},
		"a unit that is unknown": {role.MiningQuestion{Unit: "Third"}, everything, 0},
		"no system":              {role.MiningQuestion{}, role.Where{Sees: ask.Everything}, 0},
	}
	for name, tt := range tests {
		r, err := m.Start(w.ana, tt.q, tt.where)
		w.must(err)
		end := w.ended(m, r.ID)
		switch {
		case tt.pairs == 0 && (end.State != role.MiningFailed || end.Code == "" || end.Error == ""):
			t.Errorf("%s: %+v", name, end)
		case tt.pairs > 0 && (end.Totals == nil || end.Totals.Pairs != tt.pairs):
			t.Errorf("%s: %+v, %+v", name, end, end.Totals)
		}
	}
	for _, q := range []role.MiningQuestion{{Seconds: 601}, {Error: 0.6}, {Error: -1}, {Objective: "x"}} {
		_, err := m.Start(w.ana, q, everything)
		w.refused(err, role.ErrMiningQuestion)
	}
}

// One goes on at a time, a few wait, and all of them end: stopped, with their node, or
// after it.
func TestMiningRunsEnd(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		w, m := mining(t, fresh(t))
		reached, released := make(chan struct{}), make(chan struct{})
		slow := everything
		slow.Sees = func(access.Ref) bool {
			select {
			case reached <- struct{}{}:
			case <-released:
			}
			<-released
			return true
		}
		first, err := m.Start(w.ana, role.MiningQuestion{}, slow)
		w.must(err)
		stop := going(t, m)
		<-reached
		var waiting []role.MiningRun
		for range role.MaxWaiting {
			r, err := m.Start(w.ana, role.MiningQuestion{}, everything)
			w.must(err)
			waiting = append(waiting, r)
		}
		_, err = m.Start(w.ana, role.MiningQuestion{}, everything)
		w.refused(err, role.ErrMiningBusy)
		if r, err := m.Look(w.ana, first.ID); err != nil || r.State != role.MiningRunning || r.Phase != "reading" {
			t.Errorf("%+v, %v", r, err)
		}
		w.must(m.Cancel(w.ana, waiting[0].ID)) // it waits, and so ends at once
		if r, err := w.db.Roles().Mining(w.ana, waiting[0].ID); err != nil || r.State != role.MiningCancelled || r.Code == "" {
			t.Errorf("%+v, %v", r, err)
		}
		w.must(m.Cancel(w.ana, first.ID))
		close(released)
		if r := w.ended(m, first.ID); r.State != role.MiningCancelled || r.Totals != nil {
			t.Errorf("%+v", r)
		}
		for _, r := range waiting[1:] {
			w.ended(m, r.ID)
		}
		stop()
		_, err = m.Start(w.ana, role.MiningQuestion{}, everything)
		w.refused(err, role.ErrMiningBusy)

		// What waits on a node that ends is over with it; on one that was killed, once
		// nobody has heard of it for a while.
		m = role.NewMiner(&role.Teller{Service: w.s, Names: w.db.Inventory()})
		r, err := m.Start(w.ana, role.MiningQuestion{}, everything)
		w.must(err)
		ended, cancel := context.WithCancel(w.ana)
		cancel()
		w.must(m.Run(ended))
		if r, err = w.db.Roles().Mining(w.ana, r.ID); err != nil || r.State != role.MiningInterrupted {
			t.Errorf("%+v, %v", r, err)
		}
		dead, err := w.db.Roles().BeginMining(w.ana, role.MiningRun{State: role.MiningWaiting}, -time.Second)
		w.must(err)
		if r, err := w.db.Roles().Mining(w.ana, dead.ID); err != nil || r.State != role.MiningInterrupted {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// Another node is told that a run was stopped; the oldest runs go, with what they found.
func TestMiningAcrossNodes(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		w, _ := mining(t, fresh(t))
		roles := w.db.Roles()
		r, err := roles.BeginMining(w.ana, role.MiningRun{State: role.MiningWaiting}, time.Minute)
		w.must(err)
		r.State, r.Phase = role.MiningRunning, "polishing"
		if cancelled, err := roles.KeepMining(w.ana, r, time.Minute); err != nil || cancelled {
			t.Errorf("%v, %v", cancelled, err)
		}
		if kept, err := roles.Mining(w.ana, r.ID); err != nil || kept.Phase != "polishing" {
			t.Errorf("%+v, %v", kept, err)
		}
		w.must(roles.CancelMining(w.ben, r.ID))
		if cancelled, err := roles.KeepMining(w.ana, r, time.Minute); err != nil || !cancelled {
			t.Errorf("%v, %v", cancelled, err)
		}
		r.State = role.MiningDone
		w.must(roles.EndMining(w.ana, r, []role.Found{{FoundLine: role.FoundLine{ID: "x", Name: "X"}, Entitlements: []access.EntitlementID{1}}}))
		for i := range role.MiningsKept {
			next, err := roles.BeginMining(w.ana, role.MiningRun{State: role.MiningWaiting}, time.Minute)
			w.must(err)
			next.State, next.Error = role.MiningFailed, fmt.Sprint(i)
			w.must(roles.EndMining(w.ana, next, nil))
		}
		_, err = roles.Mining(w.ana, r.ID)
		w.refused(err, role.ErrMining)
		if list, err := roles.FoundIn(w.ana, r.ID); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := roles.Minings(w.ana); err != nil || len(list) != role.MiningsKept {
			t.Errorf("%d runs, %v", len(list), err)
		}
	})
}
