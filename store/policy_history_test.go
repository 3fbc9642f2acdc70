package store

import (
	"context"
	"fmt"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
)

func TestPolicyHistory(t *testing.T) { eachDatabase(t, testPolicyHistory) }

func testPolicyHistory(t *testing.T, fresh func(*testing.T) Config) {
	s := stepping(t, fresh)
	s.step(`insert into identity (id, from_set, kind, state, name) values (1, SET, 'human', 'active', 'Ana'), (2, SET, 'human', 'active', 'Ben')`)
	ana := audit.WithActor(t.Context(), audit.Actor{Identity: 1})
	did := func(ctx context.Context, e audit.Event) access.Time {
		t.Helper()
		s.clock.at = s.clock.at.Add(1e9)
		if err := s.db.change(ctx, e, func(*tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		return access.TimeOf(s.clock.at)
	}
	held := policy.Held{Function: access.IAM}
	given := access.TimeOf(s.clock.at)
	if err := s.db.Policy().Assign(ana, policy.Assignment{Identity: 2, Held: held, Reason: "x"}); err != nil {
		t.Fatal(err)
	}
	from := did(ana, audit.Event{Action: "inventory.update_system", Object: access.SystemID(3).Ref()})
	did(ana, audit.Event{Action: "signin.begin"})
	did(asTester(t.Context()), audit.Event{Action: "inventory.update_system", Object: access.SystemID(3).Ref()})
	for range 1100 { // more than a page
		did(ana, audit.Event{Action: "scope.add"})
	}
	s.clock.at = s.clock.at.Add(1e9)
	ended := access.TimeOf(s.clock.at)
	if err := s.db.Policy().Unassign(ana, 2, held, "x"); err != nil {
		t.Fatal(err)
	}
	var list []string
	err := s.db.Policy().Records(t.Context(), []string{"inventory.update_system", "scope.add", "function.unassign"}, from, ended, func(r audit.Record) error {
		list = append(list, r.Actor+" "+r.Action+" "+r.Object.String())
		return nil
	})
	if err != nil || len(list) != 1101 || list[0] != "idn_0000000000001 inventory.update_system sys_0000000000003" || list[1100] != "idn_0000000000001 scope.add " {
		t.Errorf("%d records, the first %q: %v", len(list), list[:min(2, len(list))], err)
	}
	over, err := s.db.Policy().HeldOver(t.Context())
	if want := fmt.Sprint([]policy.HeldOver{{Identity: 2, Held: held, From: given, Until: ended}}); err != nil || fmt.Sprint(over) != want {
		t.Errorf("%v, not %v (%v)", over, want, err)
	}
	if _, there, err := s.db.Policy().FindingOf(t.Context(), 77); there || err != nil {
		t.Errorf("a finding that is none: %v %v", there, err)
	}
}
