package inventory_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
)

// Whoever comes back is who they were, by number or address and by name; what somebody else
// has been given since is no reason to take them for the one who left.
func TestWhoComesBackIsWhoTheyWere(t *testing.T) {
	w := newWorld(t, 5)
	sync := func(rows string) inventory.Report {
		t.Helper()
		w.write(t, "hr.csv", "number,name,email\n"+rows)
		r, _, err := w.sync(t, inventory.SyncOptions{AcceptRemovals: true})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	sync("E0,Ana Sol,ana@example.com\nE1,Ben Ray,ben@example.com\nE2,Cho Lin,cho@example.com\nE3,Dan Poe,dan@example.com\nE4,Eva Kim,eva@example.com\n")
	ben, cho, dan, eva := w.identity(t, "E1"), w.identity(t, "E2"), w.identity(t, "E3"), w.identity(t, "E4")
	sync("E0,Ana Sol,ana@example.com\n")
	r := sync("E0,Ana Sol,ana@example.com\nE1,Ben Berg,ben@example.com\nE2,Zoe Fox,zoe@example.com\nE8,Dan Poe,dan@example.com\nE9,Gus Orr,eva@example.com\n")
	if r.Counts.Rejected != 1 {
		t.Fatalf("%+v", r.Counts)
	}
	text, err := os.ReadFile(r.Rejects)
	if err != nil || !strings.Contains(string(text), "was that of") || !strings.Contains(string(text), "Cho Lin") {
		t.Errorf("%s, %v", text, err)
	}
	r = sync("E0,Ana Sol,ana@example.com\nE1,Ben Ray,ben@example.com\nE8,Dan Poe,dan@example.com\nE9,Gus Orr,eva@example.com\n")
	if r.Counts.Rejected != 0 {
		t.Errorf("%+v", r.Counts)
	}
	if is := w.identity(t, "E1"); is != ben {
		t.Errorf("Ben was %s and is %s", ben, is)
	}
	if is := w.identity(t, "E8"); is != dan {
		t.Errorf("Dan was %s and is %s", dan, is)
	}
	if is := w.identity(t, "E9"); is == eva {
		t.Errorf("Gus is taken for Eva, whose address was %s", eva)
	}
	if is := w.identity(t, "E2"); is != cho {
		t.Errorf("Cho was %s and is %s", cho, is)
	}
}

// A person decides on a doubtful row, and the next sync goes by it: whoever they say it is,
// for the name that the row had.
func TestAPersonDecidesOnDoubts(t *testing.T) {
	onEach(t, 5, func(t *testing.T, w *world) {
		sync := func(rows string) inventory.Report {
			t.Helper()
			w.write(t, "hr.csv", "number,name,email\n"+rows)
			r, err := w.s.SyncSource(asTest(), mustSource(asTest(), w.s), inventory.SyncOptions{AcceptRemovals: true})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		decide := func(row string, same bool, by access.IdentityID) error {
			return w.s.DecideDoubt(asTest(), mustSource(asTest(), w.s), row, "", same, "HR was asked", by)
		}
		sync("E0,Ana Sol,\nE1,Ben Ray,\nE2,Cho Lin,\n")
		ben, cho := w.identity(t, "E1"), w.identity(t, "E2")
		sync("E0,Ana Sol,\n")
		back := "E0,Ana Sol,\nE1,Benjamin Berg,\nE2,Zoe Fox,\nE9,Gus Orr,\nE9,Ida Orr,\n"
		if r := sync(back); r.Counts.Rejected != 4 {
			t.Fatalf("%+v", r.Counts)
		}
		list, err := w.s.Doubts(asTest())
		if err != nil || len(list) != 3 || list[0].Row != "E1" || list[0].Identity != ben || list[1].Identity != cho || list[2].Kind != inventory.DoubtNumber {
			t.Fatalf("%+v, %v", list, err)
		}
		if err := decide("E7", true, 0); !errors.Is(err, inventory.ErrNoDoubt) {
			t.Errorf("of no doubt: %v", err)
		}
		if err := decide("E9", true, 0); !errors.Is(err, inventory.ErrDoubtTwice) {
			t.Errorf("two with one number: %v", err)
		}
		if err := decide("E1", true, ben); !errors.Is(err, inventory.ErrDoubtOneself) {
			t.Errorf("about oneself: %v", err)
		}
		if err := errors.Join(decide("E1", false, 0), decide("E1", true, 0), decide("E2", false, 0)); err != nil {
			t.Fatal(err)
		}
		if r := sync("E0,Ana Sol,\nE1,Max Holt,\n"); r.Counts.Rejected != 1 {
			t.Errorf("another name under the number: %+v", r.Counts)
		}
		if err := errors.Join(decide("E1", true, 0)); err != nil {
			t.Fatal(err)
		}
		if r := sync(back); r.Counts.Rejected != 2 {
			t.Errorf("decided: %+v", r.Counts)
		}
		if is := w.identity(t, "E1"); is != ben {
			t.Errorf("the same person was %s and is %s", ben, is)
		}
		for round := range 2 {
			people, err := w.s.Store.FindIdentities(asTest(), "Zoe Fox", 5)
			if err != nil || len(people) != 1 || people[0] == cho {
				t.Errorf("another person, %d: %v, %v; Cho is %s", round, people, err, cho)
			}
			sync(back)
		}
		if list, err = w.s.Doubts(asTest()); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
		if r := sync("E0,Ana Sol,\nE1,Benjamin Berg,\nE2,Zoe Fox,\n"); r.Counts.Rejected != 0 || r.Changed != 0 {
			t.Errorf("mended: %+v", r)
		}
		if list, err = w.s.Doubts(asTest()); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
