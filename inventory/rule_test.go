package inventory_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

// accountsOf replaces the system by one with only these accounts.
func (w *world) accountsOf(t *testing.T, rows string) {
	t.Helper()
	w.write(t, "app/accounts.csv", "id,login,display_name,email,number,kind\n"+rows)
	w.write(t, "app/grants.csv", "holder_kind,holder,entitlement\n")
	w.write(t, "app/credentials.csv", "account,kind\n")
}

func (w *world) correlate(t *testing.T) inventory.Correlation {
	t.Helper()
	c, err := w.s.Correlate(asTest())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// An organisation's own rule links what no other can, once it is enforced; trying
// it shows whom, and changes nothing.
func TestOwnRules(t *testing.T) {
	onEach(t, 20, func(t *testing.T, w *world) {
		w.accountsOf(t, "zz7,zz7,,,,\nzz8,zz8,,,,\np3,p3,,p3@example.com,,\n")
		w.mustSync(t)
		w.correlate(t)
		rule := inventory.OwnRule{Name: "zz-number", By: inventory.ByNumber, Expression: `"E" + account.login.replace("zz", "")`, Score: 90, Mode: policy.Enforce}
		if err := w.s.AddRule(asTest(), rule); err != nil {
			t.Fatal(err)
		}
		if err := w.s.AddRule(asTest(), rule); !errors.Is(err, inventory.ErrNameTaken) {
			t.Fatalf("a second of the name: %v", err)
		}
		if c := w.correlate(t); c.Changed != 0 {
			t.Fatalf("a new rule observes: %+v", c)
		}
		before := dumpOf(t, w.db)
		sum, err := w.s.TryRule(asTest(), "zz-number")
		if e := sum.Effect; err != nil || e.Linked != 2 || e.All() != 2 || sum.Confirmed != 3 || e.First[0].Now.Rule != "zz-number" || e.First[0].Was.State != "" {
			t.Fatalf("%+v, %v", sum, err)
		}
		if !slices.Equal(before, dumpOf(t, w.db)) {
			t.Fatal("trying changed something")
		}
		if err := w.s.SetRuleMode(asTest(), "zz-number", policy.Enforce, " "); !errors.Is(err, inventory.ErrRule) {
			t.Fatalf("without a reason: %v", err)
		}
		if err := w.s.SetRuleMode(asTest(), "zz-number", policy.Enforce, "tried on Monday"); err != nil {
			t.Fatal(err)
		}
		if c := w.correlate(t); c.Accounts != 3 || c.Changed != 2 || c.Effect.Linked != 2 {
			t.Fatalf("new rules look at everything: %+v", c)
		}
		if l := w.line(t, "account app/zz7/"); !strings.Contains(l, "/E7/") {
			t.Fatalf("%q", l)
		}
		if sum, err = w.s.TryRule(asTest(), "zz-number"); err != nil || sum.Effect.Unlinked != 2 || sum.Effect.All() != 2 || sum.Confirmed != 1 {
			t.Fatalf("without it: %+v, %v", sum, err)
		}
		if err := w.s.RemoveRule(asTest(), "zz-number", 0, "the logins are gone"); err != nil {
			t.Fatal(err)
		}
		if c := w.correlate(t); c.Changed != 2 || c.Confirmed != 1 {
			t.Fatalf("what a rule gave goes with the rule: %+v", c)
		}
		for _, err := range []error{
			w.s.RemoveRule(asTest(), "zz-number", 0, "again"), w.s.SetRuleMode(asTest(), "zz-number", policy.Observe, "again"),
			second(w.s.TryRule(asTest(), "zz-number")),
		} {
			if !errors.Is(err, inventory.ErrNotFound) {
				t.Errorf("a rule that is gone: %v", err)
			}
		}
	})
}

func second(_ inventory.Correlation, err error) error { return err }

func TestRulesThatCannotBe(t *testing.T) {
	w := newWorld(t, 1)
	for _, tt := range []inventory.OwnRule{
		{Name: "", By: "login", Expression: "account.login", Score: 90},
		{Name: "login", By: "login", Expression: "account.login", Score: 90},
		{Name: "sign-in", By: "login", Expression: "account.login", Score: 90},
		{Name: "name", By: "login", Expression: "account.login", Score: 90},
		{Name: "Two words", By: "login", Expression: "account.login", Score: 90},
		{Name: strings.Repeat("x", 65), By: "login", Expression: "account.login", Score: 90},
		{Name: "x", By: "name", Expression: "account.login", Score: 90},
		{Name: "x", By: "login", Expression: "account.secret", Score: 90},
		{Name: "x", By: "login", Expression: "account.login", Score: 0},
		{Name: "x", By: "login", Expression: "account.login", Score: 101},
		{Name: "x", By: "login", Expression: "", Score: 90},
	} {
		if err := w.s.AddRule(asTest(), tt); !errors.Is(err, inventory.ErrRule) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	if list, err := w.s.Rules(asTest()); err != nil || len(list) != 0 {
		t.Fatalf("%+v, %v", list, err)
	}
}

// Correlation looks again at what changed, and at what an identity that changed may
// match; it ends as if it had looked at everything each time.
func TestCorrelationLooksAtWhatChanged(t *testing.T) {
	onEach(t, 50, func(t *testing.T, w *world) {
		settle := func() inventory.Correlation {
			t.Helper()
			if _, err := w.db.Sequence(asTest()); err != nil { // what has no revision would be looked at once more
				t.Fatal(err)
			}
			return w.correlate(t)
		}
		w.mustSync(t)
		if c := settle(); c.Confirmed != 50 {
			t.Fatalf("%+v", c)
		}
		if c := settle(); c.Accounts != 0 {
			t.Fatalf("nothing changed: %+v", c)
		}
		text := w.read(t, "app/accounts.csv")
		w.write(t, "app/accounts.csv", strings.Replace(text, "p5,p5,,p5@example.com", "p5,p5,,p6@example.com", 1))
		w.mustSync(t)
		if c := settle(); c.Accounts != 1 || c.Changed != 1 {
			t.Fatalf("one account changed: %+v", c)
		}
		if c := settle(); c.Accounts != 0 {
			t.Fatalf("nothing changed but by itself: %+v", c)
		}
		w.write(t, "hr.csv", strings.Replace(w.read(t, "hr.csv"), "p7@example.com", "p77@example.com", 1))
		w.mustSync(t)
		if c := settle(); c.Accounts != 1 || c.Changed != 1 {
			t.Fatalf("a person changed: %+v", c)
		}
		none := inventory.OwnRule{Name: "none", By: inventory.ByLogin, Expression: `""`, Score: 1}
		if err := w.s.AddRule(asTest(), none); err != nil {
			t.Fatal(err)
		}
		sum, err := w.s.TryRule(asTest(), "none") // looks at all, and finds nothing itself
		if err != nil || sum.Accounts != 50 || sum.Changed != 0 {
			t.Fatalf("everything at once finds otherwise: %+v, %v", sum, err)
		}
	})
}

// An account that nothing tells the kind of is a service's when its identity is
// one, and a person's again when it is not.
func TestKindFollowsTheIdentity(t *testing.T) {
	w := newWorld(t, 10)
	w.write(t, "hr.csv", "number,name,kind,owner\nE1,Ana Sol,,\nnightly,Nightly run,service,E1\nE2,Ben Ray,,\n")
	w.accountsOf(t, "nightly,nightly,,,,\nadm_x,adm_x,,,nightly,\nbig,big,,,nightly,person\n")
	w.mustSync(t)
	w.correlate(t)
	expect := func(when, kind string) {
		t.Helper()
		if l := w.line(t, "account app/nightly/"); !strings.Contains(l, " "+kind+" enabled") {
			t.Errorf("%s: %q, want %s", when, l, kind)
		}
		if l := w.line(t, "account app/adm_x/"); !strings.Contains(l, " admin enabled") {
			t.Errorf("%s: a name that tells: %q", when, l)
		}
		if l := w.line(t, "account app/big/"); !strings.Contains(l, " person enabled") {
			t.Errorf("%s: the system tells: %q", when, l)
		}
	}
	expect("linked", "service")
	if _, s := w.mustSync(t); s.Changed != 0 {
		t.Errorf("the sync sees no change: %+v", s)
	}
	expect("synced again", "service")
	hr := w.read(t, "hr.csv")
	w.write(t, "hr.csv", strings.Replace(hr, "nightly,Nightly run,service,E1", "nightly,Nat Ightly,human,", 1))
	w.mustSync(t)
	w.correlate(t)
	expect("its identity is a person now", "person")
	if l := w.line(t, "account app/nightly/"); !strings.HasSuffix(l, "(1)") {
		t.Errorf("the link is gone: %q", l)
	}
	w.write(t, "hr.csv", hr)
	w.mustSync(t)
	w.correlate(t)
	expect("and a service again", "service")
	nightly, err := w.s.ResolveAccount(asTest(), "app/nightly")
	if err != nil {
		t.Fatal(err)
	}
	d := inventory.Decision{Account: nightly, Identity: w.identity(t, "E2"), Reason: "it is Ben's", Replace: true}
	if err := w.s.Decide(asTest(), d); err != nil {
		t.Fatal(err)
	}
	w.correlate(t)
	expect("decided", "person")
	d.Identity, d.Reason = 0, "nobody's"
	if err := w.s.Decide(asTest(), d); err != nil {
		t.Fatal(err)
	}
	w.correlate(t)
	if l := w.line(t, "account app/nightly/"); !strings.HasSuffix(l, "(0)") {
		t.Errorf("decided to be nobody's: %q", l)
	}
}
