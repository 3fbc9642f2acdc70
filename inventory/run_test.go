package inventory_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/inventory"
)

// running are the runs of a world until the test ends.
func running(t *testing.T, w *world) *inventory.Runs {
	t.Helper()
	runs := inventory.NewRuns(w.s)
	ctx, stop := context.WithCancel(asTest())
	done := make(chan error, 1)
	go func() { done <- runs.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-done //nolint:errcheck // it says that it was told to end
	})
	return runs
}

func change(t *testing.T, w *world, fn func(y *inventory.System)) inventory.System {
	t.Helper()
	y := mustSystem(t, w)
	fn(&y)
	if err := w.s.UpdateSystem(asTest(), y, nil); err != nil {
		t.Fatal(err)
	}
	return mustSystem(t, w)
}

// A dry run says what a sync then does, and changes nothing.
func TestDryRunIsTrue(t *testing.T) {
	onEach(t, 120, func(t *testing.T, w *world) {
		if _, err := w.s.SyncSource(asTest(), mustSource(asTest(), w.s), inventory.SyncOptions{}); err != nil {
			t.Fatal(err)
		}
		id := mustSystem(t, w).ID
		for _, round := range []int{0, 1, 1} {
			company(t, w.files, 120, round)
			before, state := dumpOf(t, w.db), mustSystem(t, w).State
			p, err := w.s.DrySystem(asTest(), id)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(before, dumpOf(t, w.db)) || mustSystem(t, w).State.Synced != state.Synced {
				t.Fatal("the dry run changed something")
			}
			r, err := w.s.SyncSystem(asTest(), id, inventory.SyncOptions{AcceptRemovals: true})
			if err != nil {
				t.Fatal(err)
			}
			gone := p.Resources.Removed + p.Entitlements.Removed + p.Accounts.Removed
			if p.Counts != r.Counts || gone != r.Removed {
				t.Errorf("round %d: it foretold %+v, %d gone; the sync did %+v, %d", round, p.Counts, gone, r.Counts, r.Removed)
			}
			if round == 0 && (p.Accounts.Added != 120 || len(p.Accounts.First) != 10 || p.Grants.Added != r.Counts.Grants || p.Correlation.Accounts != 120 || p.Correlation.ByRule["email"] != 120) {
				t.Errorf("the first: %+v", p)
			}
			if g := p.Grants; round == 0 && (g.First[0].Holder == "" || g.First[0].Name == "") {
				t.Errorf("a grant without names: %+v", g.First)
			}
		}
		p, err := w.s.DrySystem(asTest(), id)
		if n := p.Accounts.Added + p.Accounts.Changed + p.Accounts.Removed + p.Grants.Added + p.Grants.Removed; err != nil || n != 0 {
			t.Errorf("nothing is new, and it foretold %+v, %v", p, err)
		}
	})
}

// What the guard would stop is foretold with all that would go.
func TestDryRunTellsOfTheGuard(t *testing.T) {
	w := newWorld(t, 100)
	w.mustSync(t)
	company(t, w.files, 20, 0)
	w.write(t, "app/grants.csv", "holder_kind,holder,entitlement,mode\n")
	p, err := w.s.DrySystem(asTest(), mustSystem(t, w).ID)
	if err != nil || p.Accounts.Removed != 80 || p.Grants.Removed == 0 || !strings.Contains(p.Refused, "remove 80 of 100 accounts") {
		t.Fatalf("%+v, %v", p, err)
	}
	if first := p.Accounts.First; len(first) == 0 || first[len(first)-1].Change != "removed" || first[len(first)-1].Name == "" {
		t.Errorf("the first that go: %+v", first)
	}
}

// A draft is only looked at, and maintenance ends by itself.
func TestStagesKeepASystemFromBeingRead(t *testing.T) {
	onEach(t, 10, func(t *testing.T, w *world) {
		now := time.Now()
		w.s.Now = func() time.Time { return now }
		draft := inventory.System{
			System: access.System{Name: "draft", Kind: "csv"}, Plan: inventory.Plan{Stage: inventory.Draft},
			Config: inventory.Config{Address: w.files + "/app"},
		}
		id, err := w.s.AddSystem(asTest(), draft, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.SyncSystem(asTest(), id, inventory.SyncOptions{}); !errors.Is(err, inventory.ErrStage) {
			t.Errorf("a draft was read: %v", err)
		}
		if said, err := w.s.TestSystem(asTest(), id); err != nil || said.Said == "" {
			t.Errorf("a draft cannot be tested: %+v, %v", said, err)
		}
		y := change(t, w, func(y *inventory.System) { y.Plan = y.Paused(access.TimeOf(now.Add(time.Hour)), "an upgrade") })
		if _, err := w.s.SyncSystem(asTest(), y.ID, inventory.SyncOptions{}); !errors.Is(err, inventory.ErrStage) {
			t.Errorf("it was read in maintenance: %v", err)
		}
		if y = mustSystem(t, w); y.State.Error != "" || y.PausedReason != "an upgrade" {
			t.Errorf("being left alone is a failure: %+v", y)
		}
		now = now.Add(2 * time.Hour)
		if _, err := w.s.SyncSystem(asTest(), y.ID, inventory.SyncOptions{}); err != nil {
			t.Errorf("maintenance is over: %v", err)
		}
		y.Stage = inventory.Draft
		if err := w.s.UpdateSystem(asTest(), y, nil); err == nil {
			t.Error("an active system became a draft")
		}
		if err := w.s.RemoveDraft(asTest(), mustSystem(t, w)); !errors.Is(err, inventory.ErrStage) {
			t.Errorf("an active system was removed: %v", err)
		}
		kept, err := w.s.System(asTest(), "draft")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.s.RemoveDraft(asTest(), kept); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.System(asTest(), "draft"); !errors.Is(err, inventory.ErrNotFound) {
			t.Errorf("a removed draft is there: %v", err)
		}
	})
}

func TestRunsAreKept(t *testing.T) {
	onEach(t, 40, func(t *testing.T, w *world) {
		runs := running(t, w)
		y := mustSystem(t, w)
		for _, start := range []func() (inventory.Run, <-chan inventory.Run, error){
			func() (inventory.Run, <-chan inventory.Run, error) { return runs.Test(asTest(), y.ID) },
			func() (inventory.Run, <-chan inventory.Run, error) { return runs.Dry(asTest(), y.ID) },
			func() (inventory.Run, <-chan inventory.Run, error) {
				return runs.Sync(asTest(), y.ID.Ref(), inventory.SyncOptions{})
			},
			func() (inventory.Run, <-chan inventory.Run, error) {
				return runs.Sync(asTest(), mustSource(asTest(), w.s).Ref(), inventory.SyncOptions{})
			},
		} {
			run, over, err := start()
			if err != nil || run.State != inventory.Running || run.ID == 0 {
				t.Fatalf("%+v, %v", run, err)
			}
			end := <-over
			if kept, err := runs.Look(asTest(), run.ID); err != nil || end.State != inventory.Done || kept.State != inventory.Done || kept.Ended == 0 || kept.By != "test" {
				t.Errorf("%+v, kept as %+v, %v", end, kept, err)
			}
		}
		list, err := w.db.Inventory().Runs(asTest(), inventory.RunFilter{On: []access.Ref{y.ID.Ref()}, First: 2})
		if err != nil || len(list) != 2 || list[0].Kind != inventory.SyncRun || list[1].Kind != inventory.DryRun {
			t.Fatalf("%+v, %v", list, err)
		}
		if rest, err := w.db.Inventory().Runs(asTest(), inventory.RunFilter{On: []access.Ref{y.ID.Ref()}, Before: list[1].ID, First: 9}); err != nil || len(rest) != 1 || rest[0].Kind != inventory.TestRun {
			t.Errorf("the next page: %+v, %v", rest, err)
		}
		if none, err := w.db.Inventory().Runs(asTest(), inventory.RunFilter{On: []access.Ref{}, First: 9}); err != nil || none != nil {
			t.Errorf("of nothing: %+v, %v", none, err)
		}
	})
}

// stuck is a system that answers once it is told to.
type stuck struct {
	scripted
	entered chan struct{}
}

func (s *stuck) Describe(ctx context.Context) (connector.Description, error) {
	close(s.entered)
	<-ctx.Done()
	return connector.Description{}, connector.ErrUnreachable.Because(ctx.Err())
}

func TestOneRunAtATimeAndItStops(t *testing.T) {
	onEach(t, 10, func(t *testing.T, w *world) {
		runs := running(t, w)
		s := &stuck{entered: make(chan struct{})}
		w.s.Connectors = map[string]connector.Spec{"csv": {Kind: "csv", Open: func(context.Context, connector.Config) (connector.Connector, error) { return s, nil }}}
		y := mustSystem(t, w)
		run, over, err := runs.Sync(asTest(), y.ID.Ref(), inventory.SyncOptions{})
		if err != nil {
			t.Fatal(err)
		}
		<-s.entered
		if _, _, err := runs.Test(asTest(), y.ID); !errors.Is(err, inventory.ErrBusy) {
			t.Errorf("a second run began: %v", err)
		}
		if now, err := runs.Look(asTest(), run.ID); err != nil || now.State != inventory.Running {
			t.Errorf("%+v, %v", now, err)
		}
		if err := runs.Cancel(asTest(), run.ID); err != nil {
			t.Fatal(err)
		}
		if end := <-over; end.State != inventory.Cancelled || end.Error == "" {
			t.Errorf("%+v", end)
		}
		if err := runs.Cancel(asTest(), run.ID); !errors.Is(err, inventory.ErrRunEnded) {
			t.Errorf("it was stopped twice: %v", err)
		}
		if y = mustSystem(t, w); y.State.Failed != 0 {
			t.Errorf("being stopped is a failure of the system: %+v", y.State)
		}
	})
}

// A failure is told in one sentence, and the next try comes the later.
func TestAFailedRun(t *testing.T) {
	w := newWorld(t, 10)
	runs := running(t, w)
	y := change(t, w, func(y *inventory.System) { y.Config.Address = w.files + "/nowhere" })
	for n := range 3 {
		_, over, err := runs.Sync(asTest(), y.ID.Ref(), inventory.SyncOptions{})
		if err != nil {
			t.Fatal(err)
		}
		end := <-over
		if end.State != inventory.Failed || end.Code != "system-unreachable" || end.Error == "" || strings.Contains(end.Error, "\n") {
			t.Errorf("%+v", end)
		}
		if y = mustSystem(t, w); y.State.Failures != n+1 {
			t.Errorf("%d failures after %d", y.State.Failures, n+1)
		}
	}
	change(t, w, func(y *inventory.System) { y.Config.Address = w.files + "/app" })
	w.mustSync(t)
	if y = mustSystem(t, w); y.State.Failures != 0 {
		t.Errorf("%d failures after it was read", y.State.Failures)
	}
}
