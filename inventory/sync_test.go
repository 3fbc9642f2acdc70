package inventory_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/store"
)

// world is a store with the company's source and system.
type world struct {
	files, data string
	db          *store.DB
	s           *inventory.Service
}

func newWorld(t *testing.T, people int) *world {
	t.Helper()
	w := &world{files: t.TempDir(), data: t.TempDir()}
	company(t, w.files, people, 0)
	set(t, w.data, w.files)
	db, err := store.Open(asTest(), store.Config{Dir: w.data})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w.db, w.s = db, service(db)
	return w
}

func (w *world) sync(t *testing.T, o inventory.SyncOptions) (people, system inventory.Report, err error) {
	t.Helper()
	ctx := asTest()
	if people, err = w.s.SyncSource(ctx, mustSource(ctx, w.s), o); err != nil {
		return people, system, err
	}
	y, err := w.s.System(ctx, "app")
	if err != nil {
		t.Fatal(err)
	}
	system, err = w.s.SyncSystem(ctx, y.ID, o)
	return people, system, err
}

func (w *world) mustSync(t *testing.T) (people, system inventory.Report) {
	t.Helper()
	people, system, err := w.sync(t, inventory.SyncOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return people, system
}

func (w *world) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.files, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *world) read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(w.files, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Invariant 3: the same content synced twice changes nothing the second time.
func TestTwiceIsOnce(t *testing.T) {
	w := newWorld(t, 200)
	people, system := w.mustSync(t)
	if people.Changed != 201 || system.Counts.Accounts != 200 {
		t.Fatalf("first sync: %+v %+v", people, system)
	}
	people, system = w.mustSync(t)
	if people.Changed+people.Removed+system.Changed+system.Removed != 0 {
		t.Fatalf("second sync changed something: %+v %+v", people, system)
	}
	for _, name := range []string{"first", "second"} {
		if _, err := w.s.Correlate(asTest()); err != nil {
			t.Fatal(name, err)
		}
	}
	c, err := w.s.Correlate(asTest())
	if err != nil || c.Changed != 0 || c.Confirmed != 200 {
		t.Fatalf("correlating again: %+v, %v", c, err)
	}
}

// Whatever came before, the state is that of the last content alone.
func TestTheLastContentDecides(t *testing.T) {
	w := newWorld(t, 120)
	for _, round := range []int{0, 3, 1, 0, 2} {
		company(t, w.files, 120, round)
		if _, _, err := w.sync(t, inventory.SyncOptions{AcceptRemovals: true}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.s.Correlate(asTest()); err != nil {
		t.Fatal(err)
	}
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	alone := t.TempDir()
	set(t, alone, w.files)
	if err := syncAll(alone); err != nil {
		t.Fatal(err)
	}
	// Identities that left stay, terminated, and last use moves forward only;
	// everything else must be the same.
	used := regexp.MustCompile(`used \d+`)
	keep := func(list []string) []string {
		list = slices.DeleteFunc(list, func(l string) bool { return strings.HasPrefix(l, "identity ") })
		for i := range list {
			list[i] = used.ReplaceAllString(list[i], "used")
		}
		slices.Sort(list)
		return list
	}
	got, want := keep(dump(t, w.data)), keep(dump(t, alone))
	if !slices.Equal(got, want) {
		t.Fatalf("%d lines, want %d: %s", len(got), len(want), difference(got, want))
	}
}

func TestGuards(t *testing.T) {
	header := "number,name\n"
	tests := []struct {
		name string
		edit func(w *world)
		want error
	}{
		{"an empty HR file", func(w *world) { w.write(t, "hr.csv", header) }, inventory.ErrGuard},
		{"half of the HR file", func(w *world) {
			lines := strings.SplitAfter(w.read(t, "hr.csv"), "\n")
			w.write(t, "hr.csv", strings.Join(lines[:100], ""))
		}, inventory.ErrGuard},
		{"one leaver", func(w *world) {
			lines := strings.SplitAfter(w.read(t, "hr.csv"), "\n")
			w.write(t, "hr.csv", strings.Join(slices.Delete(lines, 50, 51), ""))
		}, nil},
		{"an empty system", func(w *world) {
			w.write(t, "app/accounts.csv", "id,login\n")
			w.write(t, "app/grants.csv", "holder_kind,holder,entitlement\n")
			w.write(t, "app/credentials.csv", "account,kind\n")
		}, inventory.ErrGuard},
		{"all grants gone", func(w *world) { w.write(t, "app/grants.csv", "holder_kind,holder,entitlement\n") }, inventory.ErrGuard},
		{"a file cut off in a quoted field", func(w *world) {
			w.write(t, "hr.csv", w.read(t, "hr.csv")+"E999,\"cut off")
		}, connector.ErrIncomplete},
		{"grants of nobody", func(w *world) {
			w.write(t, "app/accounts.csv", strings.ReplaceAll(w.read(t, "app/accounts.csv"), "\np", "\nq"))
		}, inventory.ErrGuard},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 200)
			w.mustSync(t)
			before, err := w.s.Totals(asTest())
			if err != nil {
				t.Fatal(err)
			}
			tt.edit(w)
			_, _, err = w.sync(t, inventory.SyncOptions{})
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if tt.want == nil {
				return
			}
			after, err := w.s.Totals(asTest())
			if err != nil || after.Accounts != before.Accounts || after.Grants != before.Grants || after.Identities[access.Human] != before.Identities[access.Human] {
				t.Fatalf("a refused sync changed something: %+v, was %+v, %v", after, before, err)
			}
		})
	}
}

// A failed sync leaves the last good state, says that it failed, and a good one
// heals it.
func TestFailureIsRemembered(t *testing.T) {
	w := newWorld(t, 50)
	w.mustSync(t)
	moved := filepath.Join(w.files, "elsewhere")
	if err := os.Rename(filepath.Join(w.files, "app"), moved); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.sync(t, inventory.SyncOptions{}); !errors.Is(err, connector.ErrUnreachable) || !strings.Contains(err.Error(), "system app") {
		t.Fatalf("got %v", err)
	}
	y, err := w.s.System(asTest(), "app")
	if err != nil || y.State.Failed <= y.State.Synced || y.State.Error == "" || !y.State.Stale(y.State.Synced.Time(), time.Hour) || y.State.Counts.Accounts != 50 {
		t.Fatalf("state after a failure: %+v, %v", y.State, err)
	}
	if err := os.Rename(moved, filepath.Join(w.files, "app")); err != nil {
		t.Fatal(err)
	}
	w.mustSync(t)
	if y, err = w.s.System(asTest(), "app"); err != nil || y.State.Error != "" || y.State.Stale(y.State.Synced.Time(), time.Hour) {
		t.Fatalf("state after recovery: %+v, %v", y.State, err)
	}
}

func TestRowsAreRejectedOneByOne(t *testing.T) {
	w := newWorld(t, 30)
	w.write(t, "hr.csv", "number,name,email,kind,start,state,owner\n"+
		"E0,Ana Sol,,,,,\nE1,Ben Ray,,,,,\nE2,,,,,,\nE3,Cho Lin,,robot,,,\nE4,Dan Poe,,,yesterday,,\nE5,Eva Kim,,,,rehired,\n"+
		"E6,Flo One,,,,,\nE6,Flo Two,,,,,\nE7,too,many,fields,in,this,row,!\nS1,Job,,service,,,E0\nE8,Gus Orr,,,2999-01-01,,\n")
	r, _, err := w.sync(t, inventory.SyncOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Counts.Identities != 4 || r.Counts.Rejected != 7 {
		t.Fatalf("%+v", r.Counts)
	}
	text, err := os.ReadFile(r.Rejects)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"line 4", "no name", "robot", "yesterday", "rehired", "several rows", "hr.csv:10"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the rejects file does not say %q:\n%s", want, text)
		}
	}
	id, err := w.s.ResolveIdentity(asTest(), "E8")
	if err != nil || id == 0 {
		t.Fatal(err)
	}
}

func TestResolveSaysWhatIsAmbiguous(t *testing.T) {
	w := newWorld(t, 20)
	w.write(t, "hr.csv", "number,name,email\nE1,Ana Sol,ana1@example.com\nE2,Ana Sol,ana2@example.com\n")
	w.mustSync(t)
	if _, err := w.s.ResolveIdentity(asTest(), "Ana Sol"); !errors.Is(err, inventory.ErrAmbiguous) || !strings.Contains(err.Error(), "idn_") {
		t.Fatalf("got %v", err)
	}
	for _, text := range []string{"E1", "ANA1@example.com"} {
		if _, err := w.s.ResolveIdentity(asTest(), text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := w.s.ResolveIdentity(asTest(), "nobody"); !errors.Is(err, inventory.ErrNotFound) {
		t.Fatalf("got %v", err)
	}
	if _, err := w.s.ResolveTarget(asTest(), "app/g3"); err != nil {
		t.Fatal(err)
	}
}
