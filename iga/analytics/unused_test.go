package analytics

import (
	"errors"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
	"github.com/writhq/writ/policy"
)

// Invariants 1 and 2, for each thing that may be known of a grant and of its account.
func TestUse(t *testing.T) {
	when := period{now: ago(0), since: ago(90), young: map[access.GrantID]bool{7: true}}
	tests := []struct {
		name    string
		grant   graph.GrantEdge
		account graph.AccountNode
		use     Use
		last    access.Time
	}{
		{"nothing is known", graph.GrantEdge{}, graph.AccountNode{}, Unknown, 0},
		{"used yesterday", graph.GrantEdge{UsageKnown: true, LastUsed: ago(1)}, graph.AccountNode{}, Used, ago(1)},
		{"used on the first day", graph.GrantEdge{UsageKnown: true, LastUsed: ago(90)}, graph.AccountNode{}, Used, ago(90)},
		{"used before", graph.GrantEdge{UsageKnown: true, LastUsed: ago(91)}, graph.AccountNode{}, Unused, ago(91)},
		{"never used, and known for long", graph.GrantEdge{ID: 6, UsageKnown: true}, graph.AccountNode{}, Unused, 0},
		{"never used, and known since yesterday", graph.GrantEdge{ID: 7, UsageKnown: true}, graph.AccountNode{}, Recent, 0},
		{"the account is in use", graph.GrantEdge{}, graph.AccountNode{UsageKnown: true, LastUsed: ago(1)}, Unknown, 0},
		{"nobody signed in for long", graph.GrantEdge{}, graph.AccountNode{UsageKnown: true, LastUsed: ago(200)}, Unused, ago(200)},
		{"nobody ever signed in with an old account", graph.GrantEdge{}, graph.AccountNode{UsageKnown: true, Created: ago(400)}, Unused, 0},
		{"nobody ever signed in with a new account", graph.GrantEdge{}, graph.AccountNode{UsageKnown: true, Created: ago(4)}, Recent, 0},
		{"nobody ever signed in with one of unknown age", graph.GrantEdge{}, graph.AccountNode{UsageKnown: true}, Recent, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if use, last := when.of(tt.grant, tt.account); use != tt.use || last != tt.last {
				t.Errorf("%s at %d", use, last)
			}
		})
	}
}

// office is two systems with grants of every use, and a role.
func office() *world {
	w := &world{Facts: graphtest.Facts{
		Systems:      []graph.SystemNode{{ID: 1}, {ID: 2}},
		Entitlements: []graph.EntitlementNode{{ID: 1, System: 1, Tier: access.Tier3}, {ID: 2, System: 1, Tier: access.Tier1}, {ID: 3, System: 2, Tier: access.Tier0}},
		Roles:        []graph.RoleNode{{ID: 1, Parents: []access.RoleID{2}, Entitlements: []access.EntitlementID{2}}, {ID: 2, Entitlements: []access.EntitlementID{1}}},
	}}
	for id := access.IdentityID(1); id <= 4; id++ {
		w.person(id, "Office", "Clerk")
	}
	known := func(holder access.AccountID, e access.EntitlementID, last access.Time) {
		g := w.grant(holder.Ref(), e)
		g.UsageKnown, g.LastUsed = true, last
	}
	known(1, 1, ago(1))
	known(1, 2, ago(100))
	known(2, 1, ago(300))
	known(2, 2, 0)
	w.grant(access.AccountID(3).Ref(), 1)
	known(4, 3, 0)
	w.young = map[access.GrantID]bool{6: true}
	// These count for nothing: an account that is locked, one to break the glass with, a group's.
	for id, n := range map[access.AccountID]graph.AccountNode{11: {Status: access.Locked}, 12: {Status: access.Enabled, Kind: access.BreakGlassAccount}} {
		n.ID, n.System = id, 1
		if n.Kind == "" {
			n.Kind = access.PersonAccount
		}
		w.Accounts = append(w.Accounts, n)
		known(id, 3, ago(900))
	}
	w.grant(access.EntitlementID(1).Ref(), 3)
	for id := access.IdentityID(1); id <= 4; id++ {
		w.Assignments = append(w.Assignments, graph.AssignmentEdge{ID: access.AssignmentID(id), Role: 1, Identity: id})
	}
	return w
}

func usageOf(t *testing.T, f UsageFilter) UsagePage {
	t.Helper()
	f.Days = 90
	page, err := office().service(t).Usage(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestUsage(t *testing.T) {
	page := usageOf(t, UsageFilter{By: ByEntitlement, Reach: everywhere})
	want := UseCounts{Grants: 6, Used: 1, Unused: 3, Never: 1, Recent: 1, Unknown: 1}
	if page.Total.UseCounts != want || page.Total.Weight != 3*1+2*4+8 || page.Total.Reduces != 4+4+1 || page.Total.Tier != access.Tier1 {
		t.Errorf("%+v", page.Total)
	}
	if len(page.Rows) != 3 || page.Rows[0].Of != access.EntitlementID(2).Ref() || page.Rows[0].Reduces != 8 || page.Rows[0].Unused != 2 {
		t.Errorf("%+v", page.Rows)
	}
	page = usageOf(t, UsageFilter{By: BySystem, Reach: everywhere, Limit: 1})
	if page.All != 2 || len(page.Rows) != 1 || page.Rows[0].Of != access.SystemID(1).Ref() || page.Rows[0].Reduces != 9 {
		t.Errorf("%+v", page)
	}
}

// A member who uses any of it uses the role; of whom nothing is known, nothing is.
func TestUsageByRole(t *testing.T) {
	page := usageOf(t, UsageFilter{By: ByRole, Reach: everywhere})
	if len(page.Rows) != 1 {
		t.Fatalf("%+v", page.Rows)
	}
	r := page.Rows[0]
	// Of the members one uses it, one does not, of one nothing is known, and one holds nothing of it.
	if (r.UseCounts != UseCounts{Grants: 4, Used: 1, Unused: 1, Unknown: 2}) || r.Reduces != 5 || r.Tier != access.Tier1 {
		t.Errorf("%+v", r)
	}
}

// Invariant 4.
func TestLesson14_UsageKeepsToTheReach(t *testing.T) {
	south := policy.Reach{Systems: map[access.SystemID]bool{2: true}}
	for _, by := range []By{BySystem, ByEntitlement} {
		page := usageOf(t, UsageFilter{By: by, Reach: south})
		if page.All != 1 || page.Total.Grants != 1 || page.Rows[0].System != 2 {
			t.Errorf("by %s: %+v", by, page)
		}
		if page := usageOf(t, UsageFilter{By: by, Reach: south, System: 1}); page.All != 0 || page.Total.Grants != 0 {
			t.Errorf("by %s, of another system: %+v", by, page)
		}
	}
	if page := usageOf(t, UsageFilter{By: ByRole, Reach: south}); page.All != 0 {
		t.Errorf("roles: %+v", page.Rows)
	}
}

func TestAPeriodHasDays(t *testing.T) {
	for _, n := range []int{0, -1, 3661} {
		if _, err := office().service(t).Usage(t.Context(), UsageFilter{By: BySystem, Days: n, Reach: everywhere}); !errors.Is(err, ErrDays) {
			t.Errorf("%d days: %v", n, err)
		}
	}
}
