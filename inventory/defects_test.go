package inventory_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/store"
)

func (w *world) identity(t *testing.T, number string) access.IdentityID {
	t.Helper()
	id, err := w.s.ResolveIdentity(asTest(), number)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// line returns the dumped line that begins with a prefix.
func (w *world) line(t *testing.T, prefix string) string {
	t.Helper()
	for _, l := range dumpOf(t, w.db) {
		if strings.HasPrefix(l, prefix) {
			return l
		}
	}
	return ""
}

// A row that cannot be read says nothing about its person: they stay as they were.
func TestARejectedRowEndsNobody(t *testing.T) {
	w := newWorld(t, 30)
	w.mustSync(t)
	hr := w.read(t, "hr.csv")
	hr = strings.Replace(hr, "E5,Person5 Family5,p5@example.com,human,,E0,2020-01-01", "E5,Person5 Family5,p5@example.com,human,,E0,yesterday", 1)
	hr = strings.Replace(hr, "E7,Person7 Family7,p7@example.com,human,,E0,2020-01-01", "E7,Person7 Family7,p7@example.com,human,,E0", 1)
	hr += "E8,Another,,human,,,\n" // now twice
	w.write(t, "hr.csv", hr)
	r, _, err := w.sync(t, inventory.SyncOptions{})
	if err != nil || r.Counts.Rejected != 4 {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, n := range []string{"5", "7", "8"} {
		if l := w.line(t, "identity //E"+n+"/"); !strings.Contains(l, " active ") {
			t.Errorf("E%s: %q", n, l)
		}
	}
	if r.Removed != 0 {
		t.Errorf("%d were removed", r.Removed)
	}
}

// An address that a new hire inherits from a leaver does not make them the leaver.
func TestAReusedAddressIsAnotherPerson(t *testing.T) {
	w := newWorld(t, 30)
	w.mustSync(t)
	was := w.identity(t, "E5")
	hr := strings.Replace(w.read(t, "hr.csv"), "E5,Person5 Family5,p5@example.com", "E500,Noa Newcomer,p5@example.com", 1)
	w.write(t, "hr.csv", hr)
	w.mustSync(t)
	if is := w.identity(t, "E500"); is == was {
		t.Fatal("the newcomer is the leaver")
	}
	if l := w.line(t, "identity //E5/"); !strings.Contains(l, " terminated ") {
		t.Fatalf("the leaver: %q", l)
	}
}

// What the guard refused is forgotten once the source is mended.
func TestTheGuardLetsAMendedSourcePass(t *testing.T) {
	w := newWorld(t, 60)
	w.mustSync(t)
	hr := w.read(t, "hr.csv")
	w.write(t, "hr.csv", "number,name\n")
	if _, _, err := w.sync(t, inventory.SyncOptions{}); !errors.Is(err, inventory.ErrGuard) {
		t.Fatal(err)
	}
	w.write(t, "hr.csv", hr)
	w.mustSync(t)
}

// A system may list a thing twice; the same grant told twice is one that gives
// what either gives.
func TestListedTwice(t *testing.T) {
	w := newWorld(t, 10)
	w.write(t, "app/accounts.csv", "id,login,status\np1,p1,enabled\np2,p2,enabled\np1,other,enabled\n")
	w.write(t, "app/grants.csv", "holder_kind,holder,entitlement,mode,flags\naccount,p1,g1,standing,no_inherit\naccount,p1,g1,standing,no_inherit;admin_option\naccount,p1,g1,standing,\n")
	w.write(t, "app/credentials.csv", "account,kind\n")
	_, system := w.mustSync(t)
	if system.Counts.Accounts != 2 || system.Counts.Grants != 1 {
		t.Fatalf("%+v", system.Counts)
	}
	if l, want := w.line(t, "grant app/g1//Group 1 round 0 to app/p1/"), fmt.Sprintf("flags %d", access.AdminOption); !strings.HasSuffix(l, want) {
		t.Fatalf("%q, want %s: one of them inherits, one may grant on", l, want)
	}
	if _, again := w.mustSync(t); again.Changed != 0 {
		t.Fatalf("again: %+v", again)
	}
}

// What is known of a thing stays while its row cannot be read, and goes when the
// row does.
func TestARejectedRowEndsNothing(t *testing.T) {
	w := newWorld(t, 30)
	w.write(t, "app/grants.csv", "holder_kind,holder,entitlement,mode,end\naccount,p1,g1,standing,\naccount,p1,g2,standing,\naccount,p2,g1,standing,\n")
	w.mustSync(t)
	before := dumpOf(t, w.db)
	good, accounts := w.read(t, "app/grants.csv"), w.read(t, "app/accounts.csv")
	w.write(t, "app/grants.csv", strings.Replace(good, "p1,g2,standing,", "p1,g2,standing,someday", 1))
	w.write(t, "app/accounts.csv", strings.Replace(accounts, "p3,p3,", "p3,,", 1))
	for range 2 {
		_, r := w.mustSync(t)
		if got := dumpOf(t, w.db); !slices.Equal(got, before) {
			t.Fatalf("%s; %+v", difference(got, before), r)
		}
		text, err := os.ReadFile(r.Rejects)
		if err != nil || r.Counts.Rejected != 2 || r.Counts.Accounts != 30 || !strings.Contains(string(text), "someday") || !strings.Contains(strings.Join(r.Warnings, " "), `account "p3" stays`) {
			t.Fatalf("%+v, %v: %s", r, err, text)
		}
	}
	w.write(t, "app/grants.csv", strings.Replace(good, "account,p1,g2,standing,\n", "", 1))
	w.write(t, "app/accounts.csv", accounts)
	w.mustSync(t)
	if l := w.line(t, "grant app/g2//Group 2 round 0 to app/p1/"); l != "" {
		t.Fatalf("a grant that is gone is still there: %s", l)
	}
	if l := w.line(t, "grant app/g1//Group 1 round 0 to app/p1/"); l == "" {
		t.Fatal("the other is not there")
	}
}

// A system of which much cannot be read changes nothing.
func TestASourceThatLies(t *testing.T) {
	for name, text := range map[string]string{
		"rows that cannot be read":    strings.Repeat("account,p1,g1,sometimes\n", 60),
		"grants of what is not there": strings.Repeat("account,nobody,g1,standing\n", 60),
	} {
		w := newWorld(t, 30)
		w.mustSync(t)
		before := dumpOf(t, w.db)
		w.write(t, "app/grants.csv", w.read(t, "app/grants.csv")+text)
		if _, _, err := w.sync(t, inventory.SyncOptions{}); !errors.Is(err, inventory.ErrInconsistent) {
			t.Errorf("%s: %v", name, err)
		}
		if got := dumpOf(t, w.db); !slices.Equal(got, before) {
			t.Errorf("%s: %s", name, difference(got, before))
		}
	}
}

// A leaver's last day passes without anybody reading the HR file again.
func TestTheClockEndsALeaver(t *testing.T) {
	w := newWorld(t, 3)
	now := time.Date(2030, 3, 1, 12, 0, 0, 0, time.UTC)
	_ = w.db.Close()
	db, err := store.Open(asTest(), store.Config{Dir: w.data, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w.db, w.s = db, service(db)
	w.s.Now = func() time.Time { return now }
	w.write(t, "hr.csv", "number,name,start,end\nE0,Ana Sol,2020-01-01,2030-03-10\nE1,Ben Ray,2030-03-05,\nE2,Cho Lin,2020-01-01,\n")
	w.mustSync(t)
	expect := func(e0, e1 string) {
		t.Helper()
		if _, err := w.db.Sweep(asTest()); err != nil {
			t.Fatal(err)
		}
		for number, want := range map[string]string{"E0": e0, "E1": e1, "E2": "active"} {
			if l := w.line(t, "identity //"+number+"/"); !strings.Contains(l, " "+want+" ") {
				t.Errorf("on %s: %q, want %s", now.Format(time.DateOnly), l, want)
			}
		}
	}
	expect("active", "pre_hire")
	now = time.Date(2030, 3, 5, 1, 0, 0, 0, time.UTC)
	expect("active", "active")
	now = time.Date(2030, 3, 10, 18, 0, 0, 0, time.UTC) // the last day is worked
	expect("active", "active")
	now = time.Date(2030, 3, 11, 0, 0, 1, 0, time.UTC)
	expect("terminated", "active")
}
