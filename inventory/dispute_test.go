package inventory_test

import (
	"errors"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
)

// everyCandidate is every live account with its link.
func (w *world) everyCandidate(t *testing.T) []inventory.Candidate {
	t.Helper()
	list, err := w.db.Inventory().CandidatesAfter(asTest(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Invariant 5: a person's decision stands against every rule, and the other way
// round a rule never takes part in it again.
func TestDecisionsAreRemembered(t *testing.T) {
	w := newWorld(t, 20)
	w.mustSync(t)
	w.correlate(t)
	acc, other := w.everyCandidate(t)[0], w.identity(t, "E5")
	if acc.Link.Identity == other {
		other = w.identity(t, "E6")
	}
	d := inventory.Decision{Account: acc.ID, Identity: other, Reason: "checked with the manager", Replace: true}
	if err := w.s.Decide(asTest(), d); err != nil {
		t.Fatal(err)
	}
	w.correlate(t)
	w.correlate(t)
	if l := w.everyCandidate(t)[0].Link; l.Identity != other || l.State != inventory.Manual {
		t.Fatalf("%+v", l)
	}
}

// What a decision can meet, on both databases: each has one answer.
func TestDecisionsThatCannotBe(t *testing.T) {
	onEach(t, 20, func(t *testing.T, w *world) {
		w.write(t, "hr.csv", "number,name\nE1,Jonas Reed\nE2,Jonas Reed\nE3,Ana Sol\n")
		w.accountsOf(t, "a,reed,Jonas Reed,,,\nb,u2,Ana Sol,,E3,\n")
		w.mustSync(t)
		w.correlate(t)
		find := func(name string) access.AccountID {
			id, err := w.s.ResolveAccount(asTest(), name)
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		reed, sol, one := find("app/reed"), find("app/u2"), w.identity(t, "E1")
		for _, tt := range []struct {
			what string
			d    inventory.Decision
			want error
		}{
			{"no account", inventory.Decision{Account: 99999, Identity: one, Reason: "x"}, inventory.ErrNotFound},
			{"no identity", inventory.Decision{Account: reed, Identity: 99999, Reason: "x"}, inventory.ErrNotFound},
			{"no reason", inventory.Decision{Account: reed, Identity: one, Reason: " "}, inventory.ErrRule},
			{"not disputed", inventory.Decision{Account: sol, Identity: one, Reason: "x"}, inventory.ErrNotDisputed},
			{"decided", inventory.Decision{Account: reed, Identity: one, Reason: "asked him"}, nil},
			{"decided twice", inventory.Decision{Account: reed, Identity: one, Reason: "asked him"}, inventory.ErrDecided},
			{"nobody's after all", inventory.Decision{Account: reed, Reason: "a test", Replace: true}, nil},
		} {
			if err := w.s.Decide(asTest(), tt.d); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v", tt.what, err)
			}
		}
	})
}

// A disputed match is laid open: whom it is between, and what speaks for each.
func TestDisputesSideBySide(t *testing.T) {
	onEach(t, 20, func(t *testing.T, w *world) {
		w.write(t, "hr.csv", "number,name,email,login,unit,title\nE1,Jonas Reed,j.reed@example.com,jreed,Sales,Clerk\nE2,Jonas Reed,,,,\nE3,Ana Sol,,,,\n")
		w.accountsOf(t, "a,x9,Jonas Reed,j.red@example.com,,\nb,x8,Ana Sol,,,\n")
		w.mustSync(t)
		w.correlate(t)
		queue, err := w.s.Waiting(asTest())
		if err != nil || len(queue) != 1 || queue[0].Since == 0 {
			t.Fatalf("%+v, %v", queue, err)
		}
		list, err := w.s.Disputes(asTest(), []access.AccountID{queue[0].Account})
		if err != nil || len(list) != 1 || len(list[0].Contenders) != 2 {
			t.Fatalf("%+v, %v", list, err)
		}
		first := list[0].Contenders[0]
		if first.Facts.Unit != "Sales" || first.Facts.Title != "Clerk" || first.Facts.State != access.Active {
			t.Errorf("%+v", first.Facts)
		}
		want := map[string]inventory.Verdict{"name": inventory.Same, "number": inventory.Unknown, "email": inventory.Similar, "login": inventory.Differs}
		for _, c := range first.Compared {
			if c.Verdict != want[c.Attribute] || (c.Verdict == inventory.Similar) != (c.Likeness > 0.85 && c.Likeness < 1) {
				t.Errorf("%+v, want %s", c, want[c.Attribute])
			}
		}
		if err := w.s.Decide(asTest(), inventory.Decision{Account: queue[0].Account, Identity: first.Person.ID, Reason: "asked him"}); err != nil {
			t.Fatal(err)
		}
		if queue, err = w.s.Waiting(asTest()); err != nil || len(queue) != 0 {
			t.Fatalf("%+v, %v", queue, err)
		}
	})
}
