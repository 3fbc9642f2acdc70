package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/policy"
)

// mapping keeps a mapping of system 3 that is enforced, in place of the one that stands.
func (f *firm) mapping(m lifecycle.Mapping) {
	f.t.Helper()
	s := f.db.Lifecycle()
	list, err := s.Mappings(f.ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	m.System, m.Mode = 3, policy.Enforce
	if len(list) > 0 {
		m.Version = list[0].Version
	}
	if err := s.SetMapping(f.ctx, m, "test"); err != nil {
		f.t.Fatal(err)
	}
}

// called gives somebody another name.
func (f *firm) called(id access.IdentityID, name string) {
	f.t.Helper()
	f.as(f.ctx, func(t *tx) error {
		_, err := t.exec(f.ctx, `update identity set until_set = $1 where until_set = 0 and id = $2`, t.Set, id)
		if err == nil {
			_, err = t.exec(f.ctx, `insert into identity (id, from_set, kind, state, name, number) select id, $2, kind, state, $3, number from identity where id = $1 and until_set = $2`, id, t.Set, name)
		}
		return errors.Join(err, t.changed(f.ctx, id.Ref()))
	})
}

// account makes an account of person 1 that was seen.
func (f *firm) account(id access.AccountID, login, kind, status string) {
	f.t.Helper()
	f.change(
		fmt.Sprintf(`insert into account (id, from_set, system_id, native_id, login, kind, status, digest) values (%d, $1, 3, 'a%d', '%s', '%s', '%s', '')`, id, id, login, kind, status),
		fmt.Sprintf(`insert into account_link (id, from_set, account_id, identity_id, state, rule) values (%d, $1, %d, %d, 'confirmed', 'login')`, id, id, 1),
		fmt.Sprintf(`insert into change (set_id, kind, object) values ($1, 2, %d)`, id))
}

// targets are somebody's, as "login state account until reason".
func (f *firm) targets(who access.IdentityID) (list []string) {
	f.t.Helper()
	err := f.db.read(f.ctx, func(q *query) error {
		return q.readTargets(f.ctx, `x.identity_id = $1`, []any{who}, func(y access.Target) error {
			text := fmt.Sprintf("%s %s %d", y.Login, y.State, int64(y.Account))
			if y.DeleteAt != 0 {
				text += " until " + y.DeleteAt.Time().Format(time.DateOnly)
			}
			for _, name := range []string{"email", "name"} {
				if y.Attributes[name] != "" {
					text += " " + y.Attributes[name]
				}
			}
			list = append(list, text+": "+y.Reason)
			return nil
		})
	})
	if err != nil {
		f.t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func (f *firm) wantTargets(who access.IdentityID, want ...string) {
	f.t.Helper()
	if got := f.targets(who); !slices.Equal(got, want) {
		f.t.Errorf("%s has the targets\n%q, not\n%q", who, got, want)
	}
}

var byName = lifecycle.Mapping{
	When: `identity.unit != "Board"`, Logins: []string{`identity.name.words().join(".")`},
	Attributes: map[string]string{"email": `account.login + "@example.com"`}, Recipient: lifecycle.ToManager, Retention: 30,
}

// Accounts follow from who people are: made, kept through a change of name, stopped while
// they are away, disabled and at last deleted when they have left, and never given to
// somebody else.
func TestAccountsFollowPeople(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newFirm(t, fresh(t))
		f.mapping(byName)
		f.put(1, access.Active, "IT")
		f.called(1, "Ana Sól")
		f.put(2, access.Active, "Board") // nobody needs one there
		f.once(lax)
		f.wantTargets(1, "ana.sol enabled 0 ana.sol@example.com: by the mapping")
		f.wantTargets(2)
		f.called(1, "Ana Berg")
		if d := f.once(lax); d != (lifecycle.Done{}) {
			t.Errorf("another name: %+v", d)
		}
		// The account was made, and seen.
		f.account(11, "ana.sol", "person", "enabled")
		f.once(lax)
		f.wantTargets(1, "ana.sol enabled 11 ana.sol@example.com: by the mapping")

		f.account(12, "adm-ana", "admin", "enabled")
		f.account(13, "old", "person", "disabled")
		f.account(14, "svc", "service", "enabled")
		f.put(1, access.LeaveOfAbsence, "IT")
		f.once(lax)
		f.wantTargets(1, "adm-ana disabled 12: leave_of_absence", "ana.sol disabled 11 ana.sol@example.com: leave_of_absence")
		f.put(1, access.Active, "IT")
		f.once(lax)
		f.wantTargets(1, "adm-ana enabled 12: returned", "ana.sol enabled 11 ana.sol@example.com: by the mapping")
		f.put(1, access.Terminated, "IT")
		f.once(lax)
		f.wantTargets(1, "adm-ana disabled 12 until 2026-12-29: left", "ana.sol disabled 11 until 2026-12-29 ana.sol@example.com: left", "old disabled 13 until 2026-12-29: left")
		f.at.at = f.at.at.AddDate(0, 0, 10)
		if d := f.once(lax); d != (lifecycle.Done{}) {
			t.Errorf("later: %+v", d)
		}
		f.at.at = f.at.at.AddDate(0, 0, 21)
		f.once(lax)
		f.wantTargets(1, "adm-ana deleted 12 until 2026-12-29: left", "ana.sol deleted 11 until 2026-12-29 ana.sol@example.com: left", "old deleted 13 until 2026-12-29: left")

		// Somebody else is never given it, in whatever case; the same person may be.
		f.change(`update account set until_set = $1 where until_set = 0`)
		f.put(3, access.Active, "IT")
		f.called(3, "ANA Sol")
		f.once(lax)
		f.wantTargets(3, "ana.sol2 enabled 0 ana.sol2@example.com: by the mapping")
		f.put(1, access.Active, "IT")
		f.called(1, "Ana Sol")
		f.once(lax)
		if got := f.targets(1); !slices.Contains(got, "ana.sol enabled 0 ana.sol@example.com: by the mapping") {
			t.Errorf("who is back: %q", got)
		}
	})
}

// An account is needed for what somebody may have, from wherever; a mapping that fails for
// one person is theirs alone, is noted, and forgotten when it no longer does.
func TestMappingsFailForOnePerson(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		f := newFirm(t, fresh(t))
		m := byName
		m.When, m.Attributes = "", map[string]string{"name": "identity.name.words()[1]"}
		f.mapping(m)
		f.rule(lifecycle.Rule{Name: "it", When: `identity.unit == "IT"`, Entitlements: []access.EntitlementID{2}})
		for id, name := range []string{"Ana Sol", "Жуков", "Ben Ray"} {
			f.put(access.IdentityID(id+1), access.Active, map[bool]string{true: "IT", false: "Sales"}[id < 2])
			f.called(access.IdentityID(id+1), name)
		}
		f.once(lax)
		f.wantTargets(1, "ana.sol enabled 0 sol: by the mapping")
		f.wantTargets(2)
		f.wantTargets(3)
		f.want(2, "2 birthright") // what they should have does not wait for how
		failures := func() (n int) {
			t.Helper()
			list, n, err := f.service().Failing(f.ctx, m.System)
			if err != nil || len(list) != n || n > 0 && (list[0].Identity.ID != access.IdentityID(2).Ref() || list[0].Problem == "") {
				t.Fatalf("%+v, %d, %v", list, n, err)
			}
			return n
		}
		if failures() != 1 {
			t.Error("nothing is noted")
		}
		if d := f.once(lax); d != (lifecycle.Done{}) {
			t.Errorf("once more: %+v", d)
		}
		f.called(2, "Georgi Zhukov")
		f.as(f.ctx, func(t *tx) error {
			return t.justify(f.ctx, []access.Justification{{Holder: access.IdentityID(3).Ref(), Entitlement: 5, Origin: access.FromRequest}})
		})
		f.once(lax)
		f.wantTargets(2, "georgi.zhukov enabled 0 zhukov: by the mapping")
		f.wantTargets(3, "ben.ray enabled 0 ray: by the mapping")
		if failures() != 0 {
			t.Error("it is noted still")
		}
		// Whoever needs it no more, and has an account already.
		f.account(21, "sola", "person", "enabled")
		f.once(lax)
		f.wantTargets(1, "sola enabled 21 sol: by the mapping")
		f.put(1, access.Active, "Sales")
		f.once(lax)
		f.wantTargets(1, "sola disabled 21 until 2026-12-29 sol: nothing needs it any more")
	})
}
