package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/inventory"
)

var errGone = errors.New("the database is gone")

// failing is a store that is gone from some call of correlation on.
type failing struct {
	inventory.Store
	calls, from int // zero: it never is
}

func (f *failing) call() error {
	f.calls++
	if f.from > 0 && f.calls >= f.from {
		return errGone
	}
	return nil
}

func (f *failing) Candidates(ctx context.Context, ids []access.AccountID) ([]inventory.Candidate, error) {
	if err := f.call(); err != nil {
		return nil, err
	}
	return f.Store.Candidates(ctx, ids)
}

func (f *failing) Openers(ctx context.Context, ids []access.AccountID) (map[access.AccountID][]inventory.Opener, error) {
	if err := f.call(); err != nil {
		return nil, err
	}
	return f.Store.Openers(ctx, ids)
}

func (f *failing) Relink(ctx context.Context, found inventory.Relinked, at inventory.Mark) error {
	if err := f.call(); err != nil {
		return err
	}
	return f.Store.Relink(ctx, found, at)
}

// Correlation that is interrupted anywhere and run again ends as one that was not: an
// account whose opener became disputed does not stay somebody's. The opener is found by
// what a new person has, and two others come behind it.
func TestInterruptedCorrelationIsRunAgain(t *testing.T) {
	want, calls := interruptedAt(t, 0)
	if len(want) != 3 || calls < 5 {
		t.Fatalf("%d calls end in %q", calls, want)
	}
	for from := 1; from <= calls; from++ {
		if got, _ := interruptedAt(t, from); !slices.Equal(got, want) {
			t.Errorf("interrupted at call %d of %d: %q, want %q", from, calls, got, want)
		}
	}
}

// interruptedAt says how every account stands after a second person has the login of
// the first opener, where the store is gone from some call on and comes back, and how
// many calls there were.
func interruptedAt(t *testing.T, from int) (links []string, calls int) {
	t.Helper()
	w := newWorld(t, 1)
	hr := "number,name,email,login,kind\nE1,Ana Sol,,asol,human\n"
	w.write(t, "hr.csv", hr)
	systems := map[string]*scripted{}
	s := service(w.db)
	store := &failing{Store: w.db.Inventory()}
	s.Store = store
	opener := connector.Target{}
	for _, y := range []struct{ name, login string }{{"corp", "asol"}, {"host", "k1"}, {"base", "k2"}} {
		systems[y.name] = &scripted{}
		s.Connectors[y.name] = systems[y.name].spec()
		id, err := s.AddSystem(asTest(), inventory.System{System: access.System{Name: y.name, Kind: y.name}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		rec := account(y.login)
		if opener.ID != "" {
			rec = account(y.login, opener)
		}
		systems[y.name].records = []connector.Record{rec}
		if _, err := s.SyncSystem(asTest(), id, inventory.SyncOptions{}); err != nil {
			t.Fatal(err)
		}
		opener = connector.Target{Kind: connector.OnAccount, ID: y.login, System: y.name}
	}
	readPeople := func() {
		t.Helper()
		if _, err := s.SyncSource(asTest(), mustSource(asTest(), s), inventory.SyncOptions{AcceptRemovals: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.db.Sequence(asTest()); err != nil {
			t.Fatal(err)
		}
	}
	readPeople()
	if c, err := s.Correlate(asTest()); err != nil || c.Confirmed != 3 {
		t.Fatalf("%+v, %v", c, err)
	}
	w.write(t, "hr.csv", hr+"E2,Ali Sol,,asol,human\n")
	readPeople()

	store.calls, store.from = 0, from
	if _, err := s.Correlate(asTest()); (err == nil) != (from == 0) || err != nil && !errors.Is(err, errGone) {
		t.Fatal(err)
	}
	calls, store.from = store.calls, 0
	if _, err := w.db.Sequence(asTest()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Correlate(asTest()); err != nil {
		t.Fatal(err)
	}
	for _, a := range w.everyCandidate(t) {
		links = append(links, fmt.Sprint(a.Login, " ", a.Link.State, " ", a.Link.Identity, " ", a.Link.Rule))
	}
	return links, calls
}
