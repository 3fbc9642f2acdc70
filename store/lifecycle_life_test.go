package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/policy"
)

// newLife is a firm of three people whose source was read a day ago.
func newLife(t *testing.T, cfg Config) *firm {
	f := newFirm(t, cfg)
	f.change(`insert into source (id, from_set, name, kind) values (1, $1, 'hr', 'csv')`)
	for id := range access.IdentityID(3) {
		f.says(id+1, access.Active, "", 0)
	}
	f.as(f.ctx, func(t *tx) error {
		_, err := t.exec(f.ctx, `insert into sync_state (kind, object, synced_at, baseline) values (6, 1, $1, $1)`, t.At)
		return err
	})
	f.sequence()
	f.at.at = f.at.at.AddDate(0, 0, 1)
	return f
}

// lived are events in short: the kind, whose and where it stands.
func lived(list []lifecycle.Event) (all []string) {
	for _, e := range list {
		all = append(all, fmt.Sprintf("%s %d %s", e.Kind, int64(e.Identity), e.State))
	}
	return all
}

func (f *firm) wantLife(q lifecycle.LifeQuery, want ...string) []lifecycle.Event {
	f.t.Helper()
	f.sequence()
	if q.First == 0 {
		q.First = 100
	}
	list, _, err := f.service().Life(f.ctx, q)
	if got := lived(list); err != nil || !slices.Equal(got, want) {
		f.t.Errorf("%+v: %q, not %q (%v)", q, got, want, err)
	}
	return list
}

// Every pair of states is the kind of event that it says; whom the source had at first are
// no news.
func TestWhatIsSeenInStates(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newLife(t, fresh(t))
		f.wantLife(lifecycle.LifeQuery{})
		id := access.IdentityID(10)
		for _, x := range []struct {
			was, is access.IdentityState
			kind    lifecycle.EventKind
		}{
			{access.PreHire, access.Active, lifecycle.Hire},
			{access.Staged, access.Active, lifecycle.Hire},
			{access.Active, access.Terminating, ""},
			{access.Terminating, access.Terminated, lifecycle.Terminate},
			{access.Terminated, access.PreHire, lifecycle.Rehire},
			{access.Terminated, access.LeaveOfAbsence, lifecycle.Rehire},
			{access.Active, access.LeaveOfAbsence, lifecycle.Leave},
			{access.LeaveOfAbsence, access.Suspended, lifecycle.Suspend},
			{access.Suspended, access.Active, lifecycle.Return},
			{access.LeaveOfAbsence, access.Terminating, lifecycle.Return},
		} {
			id++
			f.says(id, x.was, "", 0)
			f.at.at = f.at.at.Add(time.Minute)
			f.says(id, x.is, "", 0)
			f.sequence()
			list, _, err := f.service().Life(f.ctx, lifecycle.LifeQuery{Identity: id, First: 1})
			var kind lifecycle.EventKind
			if len(list) > 0 && list[0].Detail == string(x.was)+" to "+string(x.is) {
				kind = list[0].Kind
			}
			if foreseen := lifecycle.KindOf(x.was, x.is); err != nil || kind != x.kind || foreseen != x.kind {
				t.Errorf("%s to %s is %q, and foreseen %q, not %q (%+v, %v)", x.was, x.is, kind, foreseen, x.kind, list, err)
			}
		}
		f.says(2, access.Active, "Other AG", 0)
		f.wantLife(lifecycle.LifeQuery{Kind: lifecycle.Convert}, "convert 2 happened")
		f.says(9, access.Active, "", 0)
		f.wantLife(lifecycle.LifeQuery{Kind: lifecycle.Hire, First: 1}, "hire 9 happened")
	})
}

// What is ordered is coming, then happened, and is told once; what was cancelled says by
// whom and why.
func TestLifeOfOrders(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newLife(t, fresh(t))
		s := f.service()
		order := func(who access.IdentityID, kind lifecycle.EventKind, local string) access.EventID {
			t.Helper()
			id, err := s.Schedule(f.ctx, lifecycle.Event{Identity: who, Kind: kind, Local: local, Zone: "Europe/Zurich", Reason: "agreed"})
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		order(1, lifecycle.Terminate, "2026-12-10T18:00")
		order(2, lifecycle.Leave, "2026-12-05T08:00")
		third := order(3, lifecycle.Suspend, "2026-12-07T08:00")
		f.wantLife(lifecycle.LifeQuery{State: lifecycle.Coming}, "leave 2 coming", "suspend 3 coming", "terminate 1 coming")
		first := f.wantLife(lifecycle.LifeQuery{State: lifecycle.Coming, First: 1}, "leave 2 coming")
		f.wantLife(lifecycle.LifeQuery{State: lifecycle.Coming, After: &first[0].Place}, "suspend 3 coming", "terminate 1 coming")

		boss := audit.WithActor(f.ctx, audit.Actor{Identity: 2})
		if err := s.CancelEvent(boss, third, "it was a mistake"); err != nil {
			t.Fatal(err)
		}
		list := f.wantLife(lifecycle.LifeQuery{State: lifecycle.Cancelled}, "suspend 3 cancelled")
		if len(list) > 0 && (list[0].EndedBy != access.IdentityID(2).String() || list[0].InForce) {
			t.Errorf("%+v", list[0])
		}
		if why, err := f.db.Lifecycle().CancelledFor(f.ctx, third); err != nil || why != "it was a mistake" {
			t.Errorf("%q, %v", why, err)
		}

		// Their time comes: each is told once, and not as what a source says, too.
		f.at.at = time.Date(2026, 12, 20, 9, 0, 0, 0, time.UTC)
		f.sequence()
		f.wantState(1, access.Terminated)
		f.wantLife(lifecycle.LifeQuery{State: lifecycle.Happened}, "terminate 1 happened", "leave 2 happened")
		f.says(3, access.LeaveOfAbsence, "", 0)
		f.wantLife(lifecycle.LifeQuery{}, "leave 3 happened", "terminate 1 happened", "suspend 3 cancelled", "leave 2 happened")
		yes, no := true, false
		f.wantLife(lifecycle.LifeQuery{Ordered: &yes}, "terminate 1 happened", "suspend 3 cancelled", "leave 2 happened")
		f.wantLife(lifecycle.LifeQuery{Ordered: &no}, "leave 3 happened")
		f.wantLife(lifecycle.LifeQuery{Kind: lifecycle.Leave}, "leave 3 happened", "leave 2 happened")
		f.wantLife(lifecycle.LifeQuery{Identity: 3}, "leave 3 happened", "suspend 3 cancelled")
		f.wantLife(lifecycle.LifeQuery{ID: third}, "suspend 3 cancelled")

		// A page at a time is the same as all.
		var paged []string
		var after *lifecycle.LifePlace
		for more := true; more; {
			var list []lifecycle.Event
			var err error
			if list, more, err = s.Life(f.ctx, lifecycle.LifeQuery{After: after, First: 1}); err != nil || len(list) != 1 {
				t.Fatalf("%+v, %v", list, err)
			}
			after = &list[0].Place
			paged = append(paged, lived(list)...)
		}
		f.wantLife(lifecycle.LifeQuery{}, paged...)
	})
}

// One event says what changed, who was meant, and what followed until the next.
func TestWhatAnEventBrings(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newLife(t, fresh(t))
		f.rule(lifecycle.Rule{Name: "all", When: "true", Entitlements: []access.EntitlementID{1}})
		f.rule(lifecycle.Rule{Name: "sales", When: `identity.unit == "Sales"`, Roles: []access.RoleID{2}})
		f.rule(lifecycle.Rule{Name: "it", When: `identity.unit == "IT"`, Entitlements: []access.EntitlementID{4}, Grace: 14})
		f.change(`insert into affiliation (identity_id, seq, from_set, unit, title, manager_id) values (1, 0, $1, 'Sales', 'Clerk', 2)`)
		f.once(lax)
		f.at.at = f.at.at.Add(time.Hour)
		f.as(f.ctx, func(t *tx) error {
			_, err := t.exec(f.ctx, `update affiliation set until_set = $1 where identity_id = 1 and until_set = 0`, t.Set)
			if err == nil {
				_, err = t.exec(f.ctx, `insert into affiliation (identity_id, seq, from_set, unit, title, manager_id) values (1, 0, $1, 'IT', 'Clerk', 3)`, t.Set)
			}
			return errors.Join(err, t.changed(f.ctx, access.IdentityID(1).Ref()))
		})
		f.once(lax)
		list := f.wantLife(lifecycle.LifeQuery{Kind: lifecycle.Move}, "move 1 happened")
		said := f.brings(list[0].Key)
		if want := `unit "Sales" to "IT"; manager "P2" to "P3"; gains E4 (rule it); loses E2 (rule sales by role Head), E3 (rule sales by role Head)`; said != want {
			t.Errorf("%s\nis not\n%s", said, want)
		}

		// To leave is foretold, and changes nothing; then it follows.
		f.at.at = f.at.at.Add(time.Hour)
		f.account(11, "ana", "person", "enabled")
		o, err := f.service().Foretell(f.ctx, 1, lifecycle.Terminate, true)
		if err != nil || o.From != access.Active || o.To != access.Terminated || outcome(o) != `gains ; loses E1 (rule all, rule sales by role Head), E4 (rule it); ana enabled to disabled` {
			t.Errorf("%s, %+v, %v", outcome(o), o, err)
		}
		f.wantState(1, access.Active)
		if _, err := f.service().Foretell(f.ctx, 99, lifecycle.Terminate, false); !errors.Is(err, lifecycle.ErrNoPerson) {
			t.Errorf("nobody: %v", err)
		}
		id, err := f.service().Emergency(f.ctx, 1, "told to go")
		if err != nil {
			t.Fatal(err)
		}
		f.once(lax)
		if said, want := f.brings(id.String()), `state "active" to "terminated"; gains ; loses E1 (rule all, rule sales by role Head), E4 (rule it); ana  to disabled`; said != want {
			t.Errorf("%s\nis not\n%s", said, want)
		}
		// What followed from moving ends where the next began.
		if again := f.brings(list[0].Key); !strings.Contains(again, "gains E4") {
			t.Errorf("%s", again)
		}
		for _, key := range []string{"evt_0000000000999", "seen-1-idn_0000000000001-state", "seen-x", "", "idn_0000000000001"} {
			if _, _, err := f.service().Event(f.ctx, key); !errors.Is(err, lifecycle.ErrUnknownEvent) {
				t.Errorf("%q: %v", key, err)
			}
		}
	})
}

// brings says what an event brings.
func (f *firm) brings(key string) string {
	f.t.Helper()
	e, next, err := f.service().Event(f.ctx, key)
	if err != nil {
		f.t.Fatalf("%s: %v", key, err)
	}
	list, o, err := f.service().Brings(f.ctx, e, next)
	if err != nil {
		f.t.Fatal(err)
	}
	var said []string
	for _, a := range list {
		said = append(said, fmt.Sprintf("%s %q to %q", a.Name, a.Was, a.Is))
	}
	return strings.Join(append(said, outcome(o)), "; ")
}

func outcome(o lifecycle.Outcome) string {
	parts := func(list []lifecycle.Part) string {
		var all []string
		for _, p := range list {
			all = append(all, p.Entitlement.Name+" ("+p.Because+")")
		}
		return strings.Join(all, ", ")
	}
	said := []string{"gains " + parts(o.Gains), "loses " + parts(o.Loses)}
	for _, a := range o.Accounts {
		said = append(said, fmt.Sprintf("%s %s to %s", a.Login, a.Was, a.Is))
	}
	return strings.Join(said, "; ")
}

// A contract's end is an event that nobody ordered, and each warning is kept with whom it
// was sent to.
func TestLifeOfContracts(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newLife(t, fresh(t))
		end := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
		f.says(1, access.Active, "Other AG", access.TimeOf(end))
		f.says(3, access.Active, "Other AG", access.TimeOf(end.AddDate(1, 0, 0)))
		q := lifecycle.ContractQuery{From: access.TimeOf(end.AddDate(0, 0, -30)), To: access.TimeOf(end.AddDate(0, 0, 30)), First: 10}
		for _, before := range []int{30, 14} {
			f.at.at = end.AddDate(0, 0, -before)
			f.once(lax)
		}
		list, more, err := f.db.Lifecycle().Contracts(f.ctx, q)
		if err != nil || more || len(list) != 1 || list[0].Identity != 1 || list[0].Sponsor != 2 || len(list[0].Warned) != 2 || list[0].Warned[1].Days != 14 || list[0].Warned[1].Told != 2 {
			t.Errorf("%+v, %v", list, err)
		}
		q.To = access.TimeOf(end.AddDate(2, 0, 0))
		q.First = 1
		if list, more, err = f.db.Lifecycle().Contracts(f.ctx, q); err != nil || !more || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		q.After = &lifecycle.ContractPlace{End: list[0].End, Identity: list[0].Identity}
		if list, more, err = f.db.Lifecycle().Contracts(f.ctx, q); err != nil || more || len(list) != 1 || list[0].Identity != 3 {
			t.Errorf("%+v, %v", list, err)
		}
		f.at.at = end.AddDate(0, 0, 1)
		f.once(lax)
		no := false
		over := f.wantLife(lifecycle.LifeQuery{Kind: lifecycle.ContractEnd, Ordered: &no}, "contract_end 1 happened")
		if len(over) > 0 && (over[0].Ordered || !over[0].InForce) {
			t.Errorf("%+v", over[0])
		}
		f.wantLife(lifecycle.LifeQuery{Kind: lifecycle.Suspend})
	})
}

// What would follow for somebody is asked of them alone: nobody else is read, and a rule
// that only observes gives nothing.
func TestForetellByEnforcedRules(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newLife(t, fresh(t))
		f.says(1, access.PreHire, "", 0)
		f.rule(lifecycle.Rule{Name: "all", When: `identity.state == "active"`, Entitlements: []access.EntitlementID{1}})
		if err := f.db.Lifecycle().AddRule(f.ctx, lifecycle.Rule{Name: "seen", When: "true", Entitlements: []access.EntitlementID{2}, Mode: policy.Observe}, "test"); err != nil {
			t.Fatal(err)
		}
		f.once(lax)
		o, err := f.service().Foretell(f.ctx, 1, lifecycle.Hire, false)
		if err != nil || outcome(o) != "gains E1 (rule all); loses " {
			t.Errorf("%s, %v", outcome(o), err)
		}
		if _, err := f.service().Foretell(f.ctx, 1, lifecycle.Move, false); !errors.Is(err, lifecycle.ErrEventKind) {
			t.Errorf("a move: %v", err)
		}
	})
}
