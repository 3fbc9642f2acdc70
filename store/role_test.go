package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/iga/role"
	"github.com/writhq/writ/internal/fault"
)

// roleWorld is five people, of whom Ana and Ben keep roles, a service of Ben's, and six
// entitlements of one system.
type roleWorld struct {
	*testing.T
	db       *DB
	s        *role.Service
	ana, ben context.Context
}

func openRoleWorld(t *testing.T, cfg Config) *roleWorld {
	t.Helper()
	w := &roleWorld{
		T: t, db: openStore(t, cfg),
		ana: audit.WithActor(t.Context(), audit.Actor{Identity: 1}), ben: audit.WithActor(t.Context(), audit.Actor{Identity: 2}),
	}
	err := w.db.change(asTester(t.Context()), audit.Event{Action: "test.people"}, func(t *tx) error {
		for _, text := range []string{
			`insert into identity (id, from_set, kind, state, name) values (1, $1, 'human', 'active', 'Ana'), (2, $1, 'human', 'active', 'Ben'), (3, $1, 'human', 'active', 'Cleo'), (4, $1, 'human', 'terminated', 'Dora'), (5, $1, 'service', 'active', 'Robot'), (6, $1, 'human', 'active', 'Emil')`,
			`insert into ownership (id, from_set, object_kind, object_key, owner_id) values (1, $1, 1, 5, 2)`,
			`insert into system (id, from_set, name, kind) values (1, $1, 'erp', 'csv')`,
		} {
			if _, err := t.exec(context.Background(), text, t.Set); err != nil {
				return err
			}
		}
		for id := 1; id <= 6; id++ {
			if _, err := t.exec(context.Background(), `insert into entitlement (id, from_set, system_id, native_id, kind, name, digest) values ($1, $2, 1, $3, 'group', $3, '')`, id, t.Set, fmt.Sprint("g", id)); err != nil {
				return err
			}
		}
		return t.changed(context.Background(), access.SystemID(1).Ref())
	})
	if err != nil {
		t.Fatal(err)
	}
	g, err := graph.Open(t.Context(), w.db.Graph())
	if err != nil {
		t.Fatal(err)
	}
	w.s = &role.Service{Store: w.db.Roles(), Graph: g, Duties: role.Declared{}}
	return w
}

// follow brings the index up to what is committed.
func (w *roleWorld) follow() {
	w.Helper()
	if _, err := w.db.Sequence(w.Context()); err != nil {
		w.Fatal(err)
	}
	if _, err := w.s.Graph.Follow(w.Context()); err != nil {
		w.Fatal(err)
	}
}

func (w *roleWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *roleWorld) refused(err error, want *fault.Error) {
	w.Helper()
	if !errors.Is(err, want) {
		w.Errorf("%v, not %v", err, want)
	}
}

func technical(name string, entitlements ...access.EntitlementID) role.Definition {
	d := role.Definition{Name: name, Kind: role.Technical, Owner: 3}
	for _, e := range entitlements {
		d.Parts = append(d.Parts, role.Part{Entitlement: e})
	}
	return d
}

// publish takes a definition all the way: Ana writes it, and Ben reviews and publishes it.
func (w *roleWorld) publish(id access.RoleID, d role.Definition) access.RoleID {
	w.Helper()
	id, err := w.s.Edit(w.ana, id, 0, d)
	w.must(err)
	w.must(w.s.Submit(w.ana, id, 0))
	w.must(w.s.Review(w.ben, id, 0, true, ""))
	_, err = w.s.Publish(w.ben, id, 0)
	w.must(err)
	w.follow()
	return id
}

func (w *roleWorld) assign(id access.RoleID, who access.IdentityID, v role.Values) access.Assignment {
	w.Helper()
	a, err := w.s.Assign(w.ana, access.Assignment{Role: id, Identity: who, Parameters: v, Reason: "their work"})
	w.must(err)
	w.follow()
	return a
}

// has is what somebody has by the index.
func (w *roleWorld) has(who access.IdentityID) (list []access.EntitlementID) {
	v := w.s.Graph.View()
	defer v.Close()
	for _, h := range v.Effective(who.Ref(), graph.Question{}) {
		list = append(list, h.Entitlement)
	}
	return list
}

// Invariants 2, 4 and 5 of package role. A role is written, reviewed by somebody else,
// published, assigned and retired; each step out of turn is refused and changes nothing.
func TestTheWayOfARole(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		w := openRoleWorld(t, fresh(t))
		id, err := w.s.Edit(w.ana, 0, 0, technical(" Ledger  reader ", 2, 1, 2))
		w.must(err)
		_, err = w.s.Publish(w.ana, id, 0)
		w.refused(err, role.ErrUnread)
		w.refused(w.s.Review(w.ben, id, 0, true, ""), role.ErrNotReview)
		w.must(w.s.Submit(w.ana, id, 0))
		w.refused(w.s.Review(w.ana, id, 0, true, ""), role.ErrAuthor)
		drafts, err := w.db.Roles().Drafts(w.ana, 0)
		w.must(err)
		if len(drafts) != 1 || drafts[0].State != role.InReview || drafts[0].Name != "Ledger reader" || len(drafts[0].Parts) != 2 {
			t.Fatalf("%+v", drafts)
		}
		seen := drafts[0].Version
		w.must(w.s.Review(w.ben, id, seen, false, "what for?"))
		w.refused(w.s.Submit(w.ana, id, seen), role.ErrChanged)
		w.must(w.s.Submit(w.ana, id, 0))
		w.must(w.s.Review(w.ben, id, 0, true, ""))
		im, err := w.s.Publish(w.ana, id, 0) // whoever wrote it may, once somebody else has read it
		w.must(err)
		if !im.Gainers.IsEmpty() || !im.Losers.IsEmpty() {
			t.Errorf("nobody has it, and %v gain", im.Gainers)
		}
		w.follow()
		r, err := w.s.Find(w.ana, "Ledger reader")
		w.must(err)
		if r.ID != id || r.Number != 1 || r.Reviewer != access.IdentityID(2).String() || !slices.Equal(r.Authors, []string{access.IdentityID(1).String()}) || r.Owner != 3 {
			t.Errorf("%+v", r)
		}
		_, err = w.s.Publish(w.ben, id, 0)
		w.refused(err, role.ErrNoDraft)

		a := w.assign(id, 3, nil)
		if got := w.has(3); !slices.Equal(got, []access.EntitlementID{1, 2}) {
			t.Errorf("whoever has the role has %v", got)
		}
		w.refused(w.s.Retire(w.ana, id, 0, "not needed"), role.ErrInUse)
		w.publish(id, technical("Ledger reader", 1, 3))
		if got := w.has(3); !slices.Equal(got, []access.EntitlementID{1, 3}) {
			t.Errorf("by the second version: %v", got)
		}
		versions, err := w.db.Roles().Versions(w.ana, id)
		w.must(err)
		if len(versions) != 2 || versions[0].Number != 2 || versions[1].Number != 1 || len(versions[1].Parts) != 2 {
			t.Errorf("%+v", versions)
		}
		w.must(w.s.Unassign(w.ben, a.ID, "moved on"))
		w.refused(w.s.Unassign(w.ben, a.ID, "again"), role.ErrAssignment)
		w.must(w.s.Retire(w.ana, id, 0, "not needed"))
		w.follow()
		if got := w.has(3); len(got) > 0 {
			t.Errorf("after all has ended: %v", got)
		}
		_, err = w.s.Find(w.ana, "Ledger reader")
		w.refused(err, role.ErrNotFound)
		_, err = w.s.Edit(w.ana, id, 0, technical("Ledger reader", 1))
		w.refused(err, role.ErrNotFound)
		page, err := w.db.Audit().List(w.ana, audit.Filter{Actions: []string{"role."}})
		w.must(err)
		var did []string
		for _, e := range page.Entries {
			did = append(did, e.Action)
		}
		slices.Reverse(did)
		want := []string{
			"role.draft", "role.submit", "role.review", "role.submit", "role.review", "role.publish", "role.assign",
			"role.draft", "role.submit", "role.review", "role.publish", "role.unassign", "role.retire",
		}
		if !slices.Equal(did, want) {
			t.Errorf("recorded %v", did)
		}
	})
}

// What assigning must not do is refused, and nothing is kept of it.
func TestAssignmentsThatAreRefused(t *testing.T) {
	w := openRoleWorld(t, emptySQLite(t))
	id := w.publish(0, technical("Reader", 1))
	d := technical("Office", 1)
	d.Parameters = []role.Parameter{{Name: "region", Values: []string{"emea", "apac"}}}
	office := w.publish(0, d)
	w.assign(id, 3, nil)
	past := access.TimeOf(time.Now().Add(-time.Hour))
	for name, tt := range map[string]struct {
		ctx  context.Context
		a    access.Assignment
		want *fault.Error
	}{
		"to oneself":                  {w.ana, access.Assignment{Role: id, Identity: 1, Reason: "x"}, role.ErrSelf},
		"to the service one owns":     {w.ben, access.Assignment{Role: id, Identity: 5, Reason: "x"}, role.ErrSelf},
		"to who has left":             {w.ana, access.Assignment{Role: id, Identity: 4, Reason: "x"}, role.ErrHolder},
		"to nobody":                   {w.ana, access.Assignment{Role: id, Identity: 77, Reason: "x"}, role.ErrHolder},
		"twice":                       {w.ana, access.Assignment{Role: id, Identity: 3, Reason: "x"}, role.ErrAssigned},
		"without a reason":            {w.ana, access.Assignment{Role: id, Identity: 2, Reason: " "}, role.ErrReason},
		"until before now":            {w.ana, access.Assignment{Role: id, Identity: 2, Reason: "x", End: past}, role.ErrPeriod},
		"until before its start":      {w.ana, access.Assignment{Role: id, Identity: 2, Reason: "x", Start: past + 2, End: past + 1}, role.ErrPeriod},
		"a role that is not there":    {w.ana, access.Assignment{Role: 99, Identity: 2, Reason: "x"}, role.ErrNotFound},
		"values for none":             {w.ana, access.Assignment{Role: id, Identity: 2, Reason: "x", Parameters: role.Values{"region": "emea"}}, role.ErrValues},
		"a parametric one without":    {w.ana, access.Assignment{Role: office, Identity: 2, Reason: "x"}, role.ErrValues},
		"a value that it has not":     {w.ana, access.Assignment{Role: office, Identity: 2, Reason: "x", Parameters: role.Values{"region": "mars"}}, role.ErrValues},
		"a parameter that it has not": {w.ana, access.Assignment{Role: office, Identity: 2, Reason: "x", Parameters: role.Values{"planet": "mars"}}, role.ErrValues},
	} {
		if _, err := w.s.Assign(tt.ctx, tt.a); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := w.s.Assigned(w.ana, id, 0, 10); err != nil || len(list) != 1 || list[0].Reason != "their work" {
		t.Errorf("%+v, %v", list, err)
	}
}

// Invariant 6. A variant is made when somebody is first given it, gives what its values
// say, and follows its role; a value that somebody has does not go.
func TestVariantsInTheStore(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		w := openRoleWorld(t, fresh(t))
		d := technical("Office", 1)
		d.Parameters = []role.Parameter{{Name: "region", Values: []string{"emea", "apac"}}}
		d.Parts = append(d.Parts, role.Part{Entitlement: 2, When: role.Values{"region": "emea"}}, role.Part{Entitlement: 3, When: role.Values{"region": "apac"}})
		id := w.publish(0, d)
		first, second := w.assign(id, 3, role.Values{"region": "emea"}), w.assign(id, 6, role.Values{"region": "emea"})
		if first.Role == id || first.Role != second.Role {
			t.Errorf("variants %s and %s of %s", first.Role, second.Role, id)
		}
		if got := w.has(3); !slices.Equal(got, []access.EntitlementID{1, 2}) {
			t.Errorf("in emea: %v", got)
		}
		w.assign(id, 5, role.Values{"region": "apac"})
		if got := w.has(5); !slices.Equal(got, []access.EntitlementID{1, 3}) {
			t.Errorf("in apac: %v", got)
		}
		d.Name = "Branch"
		d.Parts = append(d.Parts, role.Part{Entitlement: 4, When: role.Values{"region": "emea"}})
		w.publish(id, d)
		if got := w.has(3); !slices.Equal(got, []access.EntitlementID{1, 2, 4}) {
			t.Errorf("in emea, then: %v", got)
		}
		if r, err := w.s.Find(w.ana, "Branch (region=emea)"); err != nil || r.ID != first.Role || r.Bound["region"] != "emea" || r.Number != 2 {
			t.Errorf("%+v, %v", r, err)
		}
		if list, err := w.s.Assigned(w.ana, id, 0, 10); err != nil || len(list) != 3 || list[0].Parameters["region"] != "emea" {
			t.Errorf("%+v, %v", list, err)
		}
		d.Parameters, d.Parts = []role.Parameter{{Name: "region", Values: []string{"apac"}}}, d.Parts[:1]
		_, err := w.s.Edit(w.ana, id, 0, d)
		w.must(err)
		w.must(w.s.Submit(w.ana, id, 0))
		w.must(w.s.Review(w.ben, id, 0, true, ""))
		_, err = w.s.Publish(w.ben, id, 0)
		w.refused(err, role.ErrInUse)
		w.must(w.s.Unassign(w.ana, first.ID, "x"))
		w.must(w.s.Unassign(w.ana, second.ID, "x"))
		_, err = w.s.Publish(w.ben, id, 0)
		w.must(err)
		w.follow()
		_, err = w.s.Find(w.ana, "Branch (region=emea)")
		w.refused(err, role.ErrNotFound)
	})
}

// Invariant 3. Nobody approves what would give access to them, or to their service.
func TestNobodyApprovesWhatTheyWouldGain(t *testing.T) {
	for name, who := range map[string]access.IdentityID{"themself": 2, "their service": 5} {
		t.Run(name, func(t *testing.T) {
			w := openRoleWorld(t, emptySQLite(t))
			id := w.publish(0, technical("Reader", 1))
			w.assign(id, who, nil)
			_, err := w.s.Edit(w.ana, id, 0, technical("Reader", 1, 2))
			w.must(err)
			w.must(w.s.Submit(w.ana, id, 0))
			w.refused(w.s.Review(w.ben, id, 0, true, ""), role.ErrGains)
			w.must(w.s.Review(w.ben, id, 0, false, "no")) // sending it back gives nothing
		})
	}
}

// Invariant 4. Of many who begin a draft of one role at once, all write the same one; and
// of two who publish roles that would contain each other, one is refused.
func TestRolesAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		w := openRoleWorld(t, fresh(t))
		a, b := w.publish(0, technical("A", 1)), w.publish(0, technical("B", 2))
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				if _, err := w.s.Edit(w.ana, a, 0, technical("A", access.EntitlementID(i+1))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if drafts, err := w.db.Roles().Drafts(w.ana, a); err != nil || len(drafts) != 1 {
			t.Fatalf("%+v, %v", drafts, err)
		}
		for id, part := range map[access.RoleID]access.RoleID{a: b, b: a} {
			d := technical(map[access.RoleID]string{a: "A", b: "B"}[id], 1)
			d.Parts = append(d.Parts, role.Part{Role: part})
			_, err := w.s.Edit(w.ana, id, 0, d)
			w.must(err)
			w.must(w.s.Submit(w.ana, id, 0))
			w.must(w.s.Review(w.ben, id, 0, true, ""))
		}
		errs := make(chan error, 2)
		for _, id := range []access.RoleID{a, b} {
			go func() {
				_, err := w.s.Publish(w.ben, id, 0)
				errs <- err
			}()
		}
		one, two := <-errs, <-errs
		if (one == nil) == (two == nil) || !errors.Is(errors.Join(one, two), role.ErrCycle) {
			t.Errorf("%v and %v", one, two)
		}
	})
}

// What was rejected stays so until somebody reconsiders it.
func TestRejectedCandidates(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		w := openRoleWorld(t, fresh(t))
		_, err := w.s.Reject(w.ana, []access.EntitlementID{2, 1}, " ")
		w.refused(err, role.ErrReason)
		id, err := w.s.Reject(w.ana, []access.EntitlementID{2, 1}, "a coincidence")
		w.must(err)
		again, err := w.s.Reject(w.ben, []access.EntitlementID{1, 2}, "still one")
		w.must(err)
		list, err := w.db.Roles().Rejections(w.ana)
		w.must(err)
		if id != again || len(list) != 1 || list[0].ID != id || list[0].Reason != "a coincidence" {
			t.Errorf("%s and %s: %+v", id, again, list)
		}
		w.must(w.s.Reconsider(w.ana, id, "it is not"))
		w.refused(w.s.Reconsider(w.ana, id, "it is not"), role.ErrNoRejection)
		_, err = w.s.Reject(w.ana, []access.EntitlementID{1, 2}, "it is")
		w.must(err)
	})
}

// hold gives people accounts in the system, with grants and justifications of them.
func (w *roleWorld) hold(text ...string) {
	w.Helper()
	err := w.db.change(asTester(w.Context()), audit.Event{Action: "test.grants"}, func(t *tx) error {
		for _, x := range text {
			if _, err := t.exec(context.Background(), x, t.Set); err != nil {
				return err
			}
		}
		return t.changed(context.Background(), access.SystemID(1).Ref(), access.IdentityID(1).Ref(), access.IdentityID(3).Ref(), access.IdentityID(6).Ref(),
			access.AccountID(1).Ref(), access.AccountID(2).Ref(), access.AccountID(3).Ref())
	})
	w.must(err)
	w.follow()
}

// Invariant 8. A migration is for whoever holds all of it directly, everywhere and for
// good; what they have stays the same, and its record proves so.
func TestMigrationChangesWhatNobodyHas(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		w := openRoleWorld(t, fresh(t))
		id := w.publish(0, technical("Reader", 1, 2))
		_, err := w.s.Migrate(w.ana, id, "as they have it", "")
		w.refused(err, role.ErrNobody)
		if plan, err := w.s.PlanMigration(w.ana, id); err != nil || plan.People != 0 || plan.Digest != "" {
			t.Errorf("nobody: %+v, %v", plan, err)
		}
		w.hold(
			`insert into account (id, from_set, system_id, native_id, login, kind, status, digest) values (1, $1, 1, 'a1', 'cleo', 'person', 'enabled', ''), (2, $1, 1, 'a2', 'both', 'shared', 'enabled', ''), (3, $1, 1, 'a3', 'ana', 'person', 'enabled', '')`,
			`insert into account_link (id, from_set, account_id, identity_id, state, rule) values (1, $1, 1, 3, 'confirmed', 'x'), (2, $1, 2, 1, 'manual', 'x'), (3, $1, 2, 2, 'manual', 'x'), (4, $1, 3, 1, 'confirmed', 'x')`,
			// Cleo by an account, one of it also at herself; Emil directly; Ana and Ben by what they share, Ana for a time, too.
			`insert into access_grant (holder_id, holder_kind, entitlement_id, from_set, id, system_id) values (1, 2, 1, $1, 1, 1), (1, 2, 2, $1, 2, 1), (3, 1, 1, $1, 3, 1), (6, 1, 1, $1, 4, 1), (6, 1, 2, $1, 5, 1), (6, 1, 3, $1, 6, 1), (2, 2, 1, $1, 7, 1), (2, 2, 2, $1, 8, 1)`,
			`insert into access_grant (holder_id, holder_kind, entitlement_id, from_set, id, system_id, ends_at) values (3, 2, 1, $1, 9, 1, 9000000000000000), (3, 2, 2, $1, 10, 1, 0)`,
			`insert into justification (id, from_set, holder_kind, holder_id, entitlement_id, origin) values (91, $1, 1, 6, 1, 'request'), (92, $1, 1, 6, 3, 'request'), (93, $1, 2, 1, 2, 'baseline'), (94, $1, 1, 6, 2, 'birthright'), (95, $1, 1, 2, 1, 'request')`,
		)
		had := map[access.IdentityID][]access.EntitlementID{}
		for who := access.IdentityID(1); who <= 6; who++ {
			had[who] = w.has(who)
		}
		plan, err := w.s.PlanMigration(w.ben, id)
		w.must(err)
		if plan.People != 2 || plan.Pairs != 5 || plan.After != plan.Digest || plan.Justifications != 2 || !slices.Equal(plan.First, []access.IdentityID{3, 6}) ||
			!slices.Equal(plan.Swaps, []role.Swap{{Entitlement: 1, People: 2, Justifications: 1}, {Entitlement: 2, People: 2, Justifications: 1}}) {
			t.Errorf("the plan is %+v", plan)
		}
		_, err = w.s.Migrate(w.ben, id, "as they had it", strings.Repeat("0", 64))
		w.refused(err, role.ErrPlan)
		p, err := w.s.Migrate(w.ben, id, "as they have it", plan.Digest)
		w.must(err)
		w.follow()
		if p.Digest != plan.Digest || p.Justifications != plan.Justifications {
			t.Errorf("it did %+v, and planned %+v", p, plan)
		}
		if p.People != 2 || p.Pairs != 5 || p.Justifications != 2 || p.Left != 0 || len(p.Digest) != 64 {
			t.Errorf("%+v", p)
		}
		for who := access.IdentityID(1); who <= 6; who++ {
			if got := w.has(who); !slices.Equal(got, had[who]) {
				t.Errorf("%s had %v and has %v", who, had[who], got)
			}
		}
		list, err := w.s.Assigned(w.ana, id, 0, 10)
		w.must(err)
		if len(list) != 2 || list[0].Identity != 3 || list[1].Identity != 6 {
			t.Errorf("assigned: %+v", list)
		}
		var left []string
		w.must(w.db.read(w.ana, func(q *query) error {
			return q.each(w.ana, `select holder_kind * 100 + holder_id * 10 + entitlement_id, origin from justification where until_set = 0 order by 1, 2`, nil, func(scan func(...any) error) error {
				var key int64
				var origin string
				defer func() { left = append(left, fmt.Sprint(key, origin)) }()
				return scan(&key, &origin)
			})
		}))
		// Of Cleo the second, by the account's; of Emil the first: no pair is without its reason.
		if want := []string{"121request", "132role", "161role", "162birthright", "163request"}; !slices.Equal(left, want) {
			t.Errorf("justifications %v stand, not %v", left, want)
		}
		page, err := w.db.Audit().List(w.ana, audit.Filter{Actions: []string{"role.migrate"}})
		w.must(err)
		if len(page.Entries) != 1 || strings.Count(page.Entries[0].Facts, p.Digest) != 2 {
			t.Errorf("%+v", page.Entries)
		}
		_, err = w.s.Migrate(w.ana, id, "again", "")
		w.refused(err, role.ErrNobody)
	})
}

// Invariant 8. Where somebody would gain by it, a migration does nothing at all.
func TestMigrationThatWouldGiveIsRefused(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		w := openRoleWorld(t, fresh(t))
		id := w.publish(0, technical("Reader", 1, 2))
		w.hold(`insert into access_grant (holder_id, holder_kind, entitlement_id, from_set, id, system_id) values (3, 1, 1, $1, 1, 1), (3, 1, 2, $1, 2, 1), (6, 1, 1, $1, 3, 1)`,
			`insert into justification (id, from_set, holder_kind, holder_id, entitlement_id, origin) values (1, $1, 1, 3, 1, 'request')`)
		if plan, err := w.db.Roles().PlanMigration(w.ana, id, []access.IdentityID{3, 6}); err != nil || plan.After == plan.Digest {
			t.Errorf("the plan does not tell: %+v, %v", plan, err)
		}
		_, err := w.db.Roles().Migrate(w.ana, id, []access.IdentityID{3, 6}, "as if both had it", "") // what the index said a moment ago
		w.refused(err, role.ErrUnequal)
		if list, err := w.s.Assigned(w.ana, id, 0, 10); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		n := 0
		w.must(w.db.read(w.ana, func(q *query) error {
			return q.row(w.ana, `select count(*) from justification where until_set = 0`).Scan(&n)
		}))
		if n != 1 {
			t.Errorf("%d justifications are left", n)
		}
	})
}
