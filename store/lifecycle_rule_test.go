package store

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/policy"
)

// Birthright rules are kept by name and version, and give only what is there.
func TestBirthrightRulesAreKept(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx := asTester(t.Context())
		db := openStore(t, fresh(t))
		things(t, db)
		s := db.Lifecycle()
		r := lifecycle.Rule{Name: "staff", Description: "All", When: "true", Entitlements: []access.EntitlementID{7}, Roles: []access.RoleID{5}, Grace: 3}
		for what, is := range map[string]struct{ err, want error }{
			"an entitlement that is not there": {s.AddRule(ctx, lifecycle.Rule{Name: "x", Entitlements: []access.EntitlementID{7, 8}}, "test"), lifecycle.ErrRuleGives},
			"a role that is not there":         {s.AddRule(ctx, lifecycle.Rule{Name: "x", Roles: []access.RoleID{6}}, "test"), lifecycle.ErrRuleGives},
			"a rule":                           {s.AddRule(ctx, r, "test"), nil},
			"one that is another by now":       {s.RemoveRule(ctx, "staff", 1, "test"), lifecycle.ErrRuleStale},
			"one that is not there":            {s.RemoveRule(ctx, "other", 0, "test"), lifecycle.ErrNoRule},
		} {
			if !errors.Is(is.err, is.want) {
				t.Errorf("%s: %v", what, is.err)
			}
		}
		if err := s.AddRule(ctx, r, "test"); !errors.Is(err, lifecycle.ErrRuleTaken) {
			t.Errorf("twice: %v", err)
		}
		list, err := s.Rules(ctx)
		if err != nil || len(list) != 1 || list[0].Version == 0 || list[0].Grace != 3 || list[0].Mode != policy.Observe || list[0].Description != "All" {
			t.Fatalf("%+v, %v", list, err)
		}
		rev, err := db.Sequence(ctx)
		if err != nil {
			t.Fatal(err)
		}
		is := list[0]
		is.Mode = policy.Enforce
		if err := s.SetRule(ctx, is, "test"); err != nil {
			t.Fatal(err)
		}
		if err := s.SetRule(ctx, is, "test"); !errors.Is(err, lifecycle.ErrRuleStale) {
			t.Errorf("from an old version: %v", err)
		}
		if list, err = s.Rules(ctx); err != nil || len(list) != 1 || list[0].Mode != policy.Enforce || list[0].Version == is.Version {
			t.Errorf("%+v, %v", list, err)
		}
		if _, err := db.Sequence(ctx); err != nil {
			t.Fatal(err)
		}
		c, err := s.Changes(ctx, rev)
		if err != nil || !c.Rules || c.Roles || len(c.People)+len(c.Beside) > 0 || len(c.By) != 1 {
			t.Errorf("%+v, %v", c, err)
		}
		// One that names what is gone can be stopped.
		if _, err := db.w.ExecContext(ctx, `update entitlement set until_set = from_set where id = 7`); err != nil {
			t.Fatal(err)
		}
		is = list[0]
		if err := s.SetRule(ctx, is, "test"); !errors.Is(err, lifecycle.ErrRuleGives) {
			t.Errorf("giving what is gone: %v", err)
		}
		is.Mode = policy.Observe
		if err := errors.Join(s.SetRule(ctx, is, "test"), s.RemoveRule(ctx, "staff", 0, "test")); err != nil {
			t.Error(err)
		}
		if list, err = s.Rules(ctx); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// things are a system, an entitlement, and a role that gives it.
func things(t *testing.T, db *DB) {
	t.Helper()
	ctx := asTester(t.Context())
	err := db.change(ctx, audit.Event{Action: "test.things"}, func(t *tx) error {
		for _, text := range []string{
			`insert into system (id, from_set, name, kind) values (3, $1, 'erp', 'csv')`,
			`insert into entitlement (id, from_set, system_id, native_id, kind, name, digest) values (7, $1, 3, 'e7', 'role', 'Clerk', '')`,
			`insert into role (id, from_set, name, entitlements, parents) values (5, $1, 'Staff', '["ent_0000000000007"]', '[]')`,
		} {
			if _, err := t.exec(ctx, text, t.Set); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What changed of whom is told with who changed it.
func TestChangesNameWhomTheyConcern(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx := asTester(t.Context())
		db := openStore(t, fresh(t))
		things(t, db)
		crowd(t, db)
		rev, err := db.Sequence(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			what string
			do   func(t *tx) error
			want lifecycle.Changes
		}{
			{"an assignment", func(t *tx) error { return t.changed(ctx, access.AssignmentID(1).Ref()) }, lifecycle.Changes{People: []access.IdentityID{2}}},
			{"a person", func(t *tx) error { return t.changed(ctx, access.IdentityID(2).Ref()) }, lifecycle.Changes{People: []access.IdentityID{2}}},
			{"a role", func(t *tx) error { return t.changed(ctx, access.RoleID(5).Ref()) }, lifecycle.Changes{Roles: true}},
			{"a justification", func(t *tx) error {
				return t.justify(ctx, []access.Justification{{Holder: access.IdentityID(2).Ref(), Entitlement: 7, Origin: access.FromRequest}})
			}, lifecycle.Changes{Beside: []access.IdentityID{2}}},
			{"a target", func(t *tx) error {
				return t.putTarget(ctx, &access.Target{Identity: 1, System: 3, State: access.TargetEnabled})
			}, lifecycle.Changes{Beside: []access.IdentityID{1}}},
			{"a manager's number", func(t *tx) error {
				_, err := t.exec(ctx, `update identity set until_set = $1 where id = 1`, t.Set)
				if err == nil {
					_, err = t.exec(ctx, `insert into identity (id, from_set, kind, state, name, number) values (1, $1, 'human', 'active', 'Ana', 'E9')`, t.Set)
				}
				return errors.Join(err, t.changed(ctx, access.IdentityID(1).Ref()))
			}, lifecycle.Changes{People: []access.IdentityID{1, 2}}},
		} {
			if err := db.change(ctx, audit.Event{Action: "test.step"}, step.do); err != nil {
				t.Fatal(step.what, err)
			}
			next, err := db.Sequence(ctx)
			if err != nil {
				t.Fatal(err)
			}
			c, err := db.Lifecycle().Changes(ctx, rev)
			if err != nil || c.Rev != next || len(c.By) != 1 || !slices.Equal(c.People, step.want.People) || !slices.Equal(c.Beside, step.want.Beside) || c.Roles != step.want.Roles || c.Rules {
				t.Errorf("%s: %+v, %v", step.what, c, err)
			}
			rev = next
		}
	})
}

// readers counts how often everybody is read.
type readers struct {
	lifecycle.Store
	whole int
}

func (r *readers) People(ctx context.Context, some []access.IdentityID, take func(lifecycle.Person) error) (access.Rev, error) {
	if some == nil {
		r.whole++
	}
	return r.Store.People(ctx, some, take)
}

// Whom a condition is for follows what changes, and everybody is read once for any number
// of questions.
func TestConditionsAreAskedOfTheCrowdThatIsFollowed(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newFirm(t, fresh(t))
		f.put(1, access.Active, "Treasury")
		f.put(2, access.Active, "Sales")
		f.sequence()
		read := &readers{Store: f.db.Lifecycle()}
		s := f.service()
		s.Store = read
		want := func(when string, want ...access.IdentityID) {
			t.Helper()
			members, doubtful, err := s.Matching(f.ctx, when)
			if err != nil || !slices.Equal(members, want) || len(doubtful) > 0 {
				t.Errorf("%s: %v, in doubt %v, not %v: %v", when, members, doubtful, want, err)
			}
		}
		want(`identity.unit == "Treasury"`, 1)
		f.put(2, access.Active, "Treasury")
		f.put(3, access.Terminated, "Treasury")
		f.sequence()
		want(`identity.unit == "Treasury"`, 1, 2)
		want(`identity.number == "P2"`, 2)
		if read.whole != 1 {
			t.Errorf("everybody was read %d times", read.whole)
		}
		if _, doubtful, err := s.Matching(f.ctx, `identity.attributes.site == "Bern"`); err != nil || !slices.Equal(doubtful, []access.IdentityID{1, 2}) {
			t.Errorf("in doubt: %v, %v", doubtful, err)
		}
		for _, wrong := range []string{`identity.unit ==`, `identity.unit`, ``} {
			if _, _, err := s.Matching(f.ctx, wrong); err == nil {
				t.Errorf("%q was asked", wrong)
			}
		}
	})
}
