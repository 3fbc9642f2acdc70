package inventory_test

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/store"
	"github.com/writhq/writ/store/storetest"
)

// onEach runs fn on a new store on SQLite and on one on PostgreSQL.
func onEach(t *testing.T, people int, fn func(t *testing.T, w *world)) {
	open := func(t *testing.T, cfg store.Config) *world {
		db, err := store.Open(asTest(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		w := &world{files: t.TempDir(), data: cfg.Dir, db: db, s: service(db)}
		company(t, w.files, people, 0)
		addAll(t, w.s, w.files)
		return w
	}
	t.Run("sqlite", func(t *testing.T) { fn(t, open(t, storetest.SQLite(t))) })
	t.Run("postgres", func(t *testing.T) {
		fn(t, open(t, storetest.Postgres(t)))
	})
}

var traces = regexp.MustCompile(`used \d+|manager .* owner`)

// current is what a store says is now, without what keeps a trace of the past by
// design: people who left stay, terminated, somebody's manager too, and last use
// only moves forward.
func current(t *testing.T, db *store.DB) []string {
	t.Helper()
	list := slices.DeleteFunc(dumpOf(t, db), func(l string) bool { return strings.Contains(l, " terminated ") })
	for i := range list {
		list[i] = traces.ReplaceAllString(list[i], "")
	}
	slices.Sort(list)
	return list
}

// Whatever states a source went through, and however often each was read, what is
// now is what its last state alone would have made. Both databases agree.
func TestAnyHistoryEndsInItsLastState(t *testing.T) {
	const people = 60
	onEach(t, people, func(t *testing.T, w *world) {
		for seed := range uint64(6) {
			r := rand.New(rand.NewPCG(seed, 1))
			for range 2 + r.IntN(4) {
				company(t, w.files, people, []int{0, 2, 3, 4, 5}[r.IntN(5)]) // the groups' owner stays
				for range 1 + r.IntN(2) {
					if _, _, err := w.sync(t, inventory.SyncOptions{AcceptRemovals: true}); err != nil {
						t.Fatal(err)
					}
				}
				if r.IntN(2) == 0 {
					if _, err := w.s.Correlate(asTest()); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := w.s.Correlate(asTest()); err != nil {
				t.Fatal(err)
			}
			alone := t.TempDir()
			set(t, alone, w.files)
			if err := syncAll(alone); err != nil {
				t.Fatal(err)
			}
			db, err := store.Open(asTest(), store.Config{Dir: alone})
			if err != nil {
				t.Fatal(err)
			}
			got, want := current(t, w.db), current(t, db)
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d: %d lines, want %d: %s", seed, len(got), len(want), difference(got, want))
			}
		}
	})
}

// Invariant 3, on both: a second reading of the same content writes no row of it.
func TestUnchangedOnEach(t *testing.T) {
	onEach(t, 100, func(t *testing.T, w *world) {
		w.mustSync(t)
		before := dumpOf(t, w.db)
		p, s := w.mustSync(t)
		if p.Changed+p.Removed+s.Changed+s.Removed != 0 || !slices.Equal(before, dumpOf(t, w.db)) {
			t.Fatalf("%+v %+v", p, s)
		}
	})
}

// A refused sync takes back what it had staged, on both.
func TestRefusedHalfwayOnEach(t *testing.T) {
	onEach(t, 400, func(t *testing.T, w *world) {
		w.mustSync(t)
		before := dumpOf(t, w.db)
		company(t, w.files, 400, 1)
		w.write(t, "app/grants.csv", "holder_kind,holder,entitlement,mode\naccount,p1,g1,standing\n")
		if _, err := w.s.SyncSource(asTest(), mustSource(asTest(), w.s), inventory.SyncOptions{AcceptRemovals: true}); err != nil {
			t.Fatal(err)
		}
		y, err := w.s.System(asTest(), "app")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.SyncSystem(asTest(), y.ID, inventory.SyncOptions{}); !errors.Is(err, inventory.ErrGuard) {
			t.Fatal(err)
		}
		onlyApp := func(list []string) []string {
			return slices.DeleteFunc(slices.Clone(list), func(l string) bool { return strings.HasPrefix(l, "identity ") })
		}
		// Nobody is correlated yet, so what the system says does not speak of people.
		if got, want := onlyApp(dumpOf(t, w.db)), onlyApp(before); !slices.Equal(got, want) {
			t.Fatal(difference(got, want))
		}
	})
}

// Two syncs of one system at once: one of them says that it came second, and
// nothing is there twice.
func TestTwoAtOnce(t *testing.T) {
	onEach(t, 200, func(t *testing.T, w *world) {
		w.mustSync(t)
		company(t, w.files, 200, 1)
		y, err := w.s.System(asTest(), "app")
		if err != nil {
			t.Fatal(err)
		}
		other := *w.s
		other.Dir = t.TempDir() // another node: its spool is another
		results := make(chan error)
		for _, s := range []*inventory.Service{w.s, &other, w.s} {
			go func() {
				_, err := s.SyncSystem(asTest(), y.ID, inventory.SyncOptions{AcceptRemovals: true})
				results <- err
			}()
		}
		won := 0
		for range 3 {
			switch err := <-results; {
			case err == nil:
				won++
			case !errors.Is(err, inventory.ErrBusy) && !errors.Is(err, inventory.ErrOvertaken) && !strings.Contains(err.Error(), "somebody else is at it"):
				t.Error(err)
			}
		}
		if won == 0 {
			t.Error("nobody got through")
		}
		lines := dumpOf(t, w.db)
		if !slices.Equal(lines, slices.Compact(slices.Clone(lines))) {
			t.Error("something is there twice")
		}
		if y, err = w.s.System(asTest(), "app"); err != nil || y.State.Error != "" {
			t.Errorf("being second is no failure of the system: %q, %v", y.State.Error, err)
		}
	})
}

// A source that stops half-way changes nothing; going on behind its checkpoint
// and starting over end the same.
func TestASourceThatStops(t *testing.T) {
	for _, goesOn := range []bool{true, false} {
		w := newWorld(t, 40)
		w.mustSync(t)
		before := dumpOf(t, w.db)
		spec := w.s.Connectors["csv"]
		whole := collect(t, spec, w)
		company(t, w.files, 40, 1)
		changed := collect(t, spec, w)
		flaky := &scripted{records: changed, stopAt: len(changed) / 2, goesOn: goesOn}
		w.s.Connectors = map[string]connector.Spec{"csv": flaky.spec()}
		if err := w.syncApp(t); !errors.Is(err, connector.ErrIncomplete) {
			t.Fatalf("got %v", err)
		}
		app := func(list []string) []string {
			return slices.DeleteFunc(slices.Clone(list), func(l string) bool { return strings.HasPrefix(l, "identity ") })
		}
		if got, want := app(dumpOf(t, w.db)), app(before); !slices.Equal(got, want) {
			t.Fatal(difference(got, want))
		}
		// It comes back with another content: nothing of the first half may stay,
		// unless it says itself that it goes on.
		flaky.stopAt = 0
		if !goesOn {
			flaky.records = whole
		}
		if err := w.syncApp(t); err != nil {
			t.Fatal(err)
		}
		got := app(dumpOf(t, w.db))
		if !goesOn && !slices.Equal(got, app(before)) {
			t.Fatal(difference(got, before))
		}
		if goesOn && (flaky.resumed != 1 || slices.Equal(got, app(before))) {
			t.Fatalf("resumed %d times", flaky.resumed)
		}
	}
}

// syncApp syncs the system alone, and accepts what it finds gone.
func (w *world) syncApp(t *testing.T) error {
	t.Helper()
	y, err := w.s.System(asTest(), "app")
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.s.SyncSystem(asTest(), y.ID, inventory.SyncOptions{AcceptRemovals: true})
	return err
}

// Whoever compared with a state that another sync has replaced may not stage.
func TestOvertaken(t *testing.T) {
	onEach(t, 20, func(t *testing.T, w *world) {
		w.mustSync(t)
		y, err := w.s.System(asTest(), "app")
		if err != nil {
			t.Fatal(err)
		}
		known, err := w.db.Inventory().Known(asTest(), y.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.syncApp(t); err != nil {
			t.Fatal(err)
		}
		if _, err := w.db.Inventory().Stage(asTest(), y.ID.Ref(), known.Synced); !errors.Is(err, inventory.ErrOvertaken) {
			t.Fatalf("got %v", err)
		}
		if err := w.syncApp(t); err != nil {
			t.Fatalf("the lease was not given back: %v", err)
		}
	})
}
