package store

import (
	"maps"
	"slices"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
)

// What rules look at is the same read as a whole and one by one, on either database.
func TestPeopleForRules(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx := asTester(t.Context())
		db := openStore(t, fresh(t))
		crowd(t, db)
		read := func(some []access.IdentityID) map[access.IdentityID]lifecycle.Person {
			all := map[access.IdentityID]lifecycle.Person{}
			_, err := db.Lifecycle().People(ctx, some, func(p lifecycle.Person) error {
				all[p.ID] = p
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		all := read(nil)
		if len(all) == 0 {
			t.Fatal("nobody is there")
		}
		same := func(a, b lifecycle.Person) bool {
			return a.State == b.State && maps.Equal(a.Values, b.Values) && slices.Equal(a.Roles, b.Roles)
		}
		if some := read(slices.Collect(maps.Keys(all))); !maps.EqualFunc(all, some, same) {
			t.Errorf("%v\nare not\n%v", some, all)
		}
		want := lifecycle.Person{ID: 2, State: access.LeaveOfAbsence, Roles: []access.RoleID{5}, Values: map[string]string{
			"identity.kind": "human", "identity.state": "leave_of_absence", "identity.name": "Ben", "identity.email": "ben@example.com",
			"identity.number": "E2", "identity.login": "ben", "identity.organisation": "Other AG", "identity.third_party": "true",
			"identity.employer": "Ours", "identity.unit": "Treasury", "identity.title": "Clerk", "identity.manager": "E1",
			"identity.attributes.site": "Bern",
		}}
		if one := read([]access.IdentityID{2}); len(one) != 1 || !same(one[2], want) || len(all) != 2 || !same(all[2], want) {
			t.Errorf("%v\nof %v is not\n%v", one, all, want)
		}
		if none := read([]access.IdentityID{}); len(none) > 0 {
			t.Errorf("nobody is asked for, and there are %v", none)
		}
	})
}

// crowd is two people: who manages, and somebody with two positions, of which one has
// ended, and two roles, of which one is yet to come.
func crowd(t *testing.T, db *DB) {
	t.Helper()
	ctx := asTester(t.Context())
	err := db.change(ctx, audit.Event{Action: "test.crowd"}, func(t *tx) error {
		for _, text := range []string{
			`insert into identity (id, from_set, kind, state, name, number) values (1, $1, 'human', 'active', 'Ana', 'E1')`,
			`insert into identity (id, from_set, kind, state, name, email, number, login, organisation, attributes) values (2, $1, 'human', 'leave_of_absence', 'Ben', 'ben@example.com', 'E2', 'ben', 'Other AG',
			  '{"site": {"value": "Bern", "source": "src_0000000000001"}, "unit": {"value": "of the source", "source": "src_0000000000001"}}')`,
			`insert into affiliation (identity_id, seq, from_set, employer, unit, title, manager_id, ends_at) values (2, 0, $1, 'Ours', 'Sales', 'Head', 1, 1000)`,
			`insert into affiliation (identity_id, seq, from_set, employer, unit, title, manager_id) values (2, 1, $1, 'Ours', 'Treasury', 'Clerk', 1), (2, 2, $1, 'Ours', 'IT', 'Clerk', 0)`,
			`insert into assignment (id, from_set, role_id, identity_id, starts_at) values (1, $1, 5, 2, 0), (2, $1, 6, 2, 9000000000000000)`,
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
