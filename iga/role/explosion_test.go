package role_test

import (
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
	"github.com/writhq/writ/iga/role"

	"github.com/RoaringBitmap/roaring/v2"
)

func holding(id access.RoleID, owner access.IdentityID, name string, kind role.Kind, parts ...role.Part) role.Role {
	return role.Role{ID: id, Number: 1, Definition: role.Definition{Name: name, Kind: kind, Owner: owner, Parts: parts}}
}

func gives(ids ...access.EntitlementID) (parts []role.Part) {
	for _, id := range ids {
		parts = append(parts, role.Part{Entitlement: id})
	}
	return parts
}

// Each trouble is found where it is, once, and nowhere else.
func TestExplosion(t *testing.T) {
	list := []role.Role{
		holding(1, 1, "reader", role.Technical, gives(1, 2)...),
		holding(2, 1, "reader again", role.Technical, gives(1, 2)...), // the same, and nobody has it
		holding(3, 1, "more", role.Technical, gives(1, 2, 3, 4)...),   // reader and more
		holding(4, 1, "clerk", role.Business, role.Part{Role: 1}),     // contains reader: no trouble
		holding(5, 9, "orphan", role.Technical, gives(5)...),          // its owner has left, and a rule gives it
		holding(6, 1, "empty", role.Technical, gives(77)...),
		holding(7, 1, "solo", role.Technical, gives(6)...),
		holding(8, 1, "idle", role.Technical, gives(7)...),   // nobody uses it
		holding(9, 1, "unsure", role.Technical, gives(8)...), // nobody knows whether they do
	}
	f := &graphtest.Facts{
		Systems: []graph.SystemNode{{ID: 1}}, Roles: nodes(list),
		Identities: []graph.IdentityNode{{ID: 9, Kind: access.Human, State: access.Terminated}},
		Grants: []graph.GrantEdge{
			{ID: 1, Holder: access.IdentityID(1).Ref(), Entitlement: 7, UsageKnown: true},
			{ID: 2, Holder: access.IdentityID(2).Ref(), Entitlement: 7, UsageKnown: true},
			{ID: 3, Holder: access.IdentityID(3).Ref(), Entitlement: 7, UsageKnown: true, LastUsed: 5}, // has not the role
			{ID: 4, Holder: access.IdentityID(1).Ref(), Entitlement: 8},
		},
	}
	for id := access.EntitlementID(1); id <= 8; id++ {
		f.Entitlements = append(f.Entitlements, graph.EntitlementNode{ID: id, System: 1})
	}
	for id := access.IdentityID(1); id <= 4; id++ {
		f.Identities = append(f.Identities, graph.IdentityNode{ID: id, Kind: access.Human, State: access.Active})
	}
	for _, x := range []struct {
		role access.RoleID
		who  access.IdentityID
	}{{1, 2}, {1, 3}, {3, 3}, {3, 4}, {4, 1}, {4, 4}, {6, 1}, {6, 2}, {6, 3}, {7, 4}, {8, 1}, {8, 2}, {9, 1}, {9, 2}} {
		f.Assignments = append(f.Assignments, graph.AssignmentEdge{ID: access.AssignmentID(len(f.Assignments) + 1), Role: x.role, Identity: x.who})
	}
	rules := []role.Rule{{Name: "all", Roles: []access.RoleID{5}, Members: roaring.BitmapOf(1, 2, 3, 4), Doubtful: roaring.New()}}
	got := map[string]bool{}
	x := role.Explode(f.View(t), role.NewCatalog(list), rules)
	for _, l := range x.Lines {
		text := string(l.Trouble) + " " + l.Role.Name
		if l.Other != nil {
			text += " and " + l.Other.Name
		}
		if got[text] {
			t.Errorf("%s is told twice", text)
		}
		got[text] = true
		if l.Trouble.Advice() == "" {
			t.Errorf("nothing to do about %s", text)
		}
	}
	want := []string{
		"duplicate reader and reader again", "duplicate reader again and clerk", "gone empty", "no_owner orphan", "unassigned reader again",
		"unused idle", "one_person solo", "subset reader and more", "subset reader again and more", "subset clerk and more", "same_people idle and unsure",
	}
	for _, text := range want {
		if !got[text] {
			t.Errorf("nothing tells %s", text)
		}
		delete(got, text)
	}
	for text := range got {
		t.Errorf("told: %s", text)
	}
	if x.Roles != 9 || x.Counts[role.Subset] != 3 {
		t.Errorf("%d roles, %v", x.Roles, x.Counts)
	}
	f.Grants[3].UsageKnown = true
	x = role.Explode(f.View(t), role.NewCatalog(list), rules)
	if x.Counts[role.Unused] != 2 {
		t.Errorf("of what nobody uses, now that it is known: %v", x.Counts)
	}
}

// Variants are counted as their role: one that has few people, or none any more, is not a
// role too many; a role that only a rule gives variants of is not one that nobody has.
func TestExplosionCountsVariantsAsTheirRole(t *testing.T) {
	parametric := func(id access.RoleID, name string) role.Role {
		r := holding(id, 1, name, role.Technical, role.Part{Entitlement: access.EntitlementID(id)})
		r.Parameters = []role.Parameter{{Name: "region", Values: []string{"apac", "emea"}, From: "identity.attributes.region"}}
		return r
	}
	variant := func(id, of access.RoleID, region string) role.Role {
		r := holding(id, 1, "variant", role.Technical, gives(access.EntitlementID(of))...)
		r.Name, r.Of, r.Bound = "variant "+id.String(), of, role.Values{"region": region}
		return r
	}
	list := []role.Role{
		parametric(1, "by rule"), parametric(2, "by hand"), parametric(3, "nobody's"), parametric(4, "one's"),
		variant(11, 1, "emea"), // nobody was assigned it; a rule gives it
		variant(21, 2, "emea"), variant(22, 2, "apac"),
		variant(31, 3, "emea"),
		variant(41, 4, "emea"),
	}
	f := &graphtest.Facts{
		Systems: []graph.SystemNode{{ID: 1}}, Roles: nodes(list),
		Assignments: []graph.AssignmentEdge{{ID: 1, Role: 21, Identity: 1}, {ID: 2, Role: 22, Identity: 2}, {ID: 3, Role: 41, Identity: 3}},
	}
	for id := access.EntitlementID(1); id <= 4; id++ {
		f.Entitlements = append(f.Entitlements, graph.EntitlementNode{ID: id, System: 1})
		f.Identities = append(f.Identities, graph.IdentityNode{ID: access.IdentityID(id), Kind: access.Human, State: access.Active})
	}
	rules := []role.Rule{{
		Name: "regions", Members: roaring.BitmapOf(1, 2, 3, 4), Doubtful: roaring.New(), Choices: []access.Choice{{Role: 1}},
		Having: func(attribute string, values []string) *roaring.Bitmap {
			who := roaring.New()
			for _, v := range values {
				if attribute == "identity.attributes.region" && v == "emea" {
					who.AddMany([]uint32{1, 2, 3})
				}
			}
			return who
		},
	}}
	x := role.Explode(f.View(t), role.NewCatalog(list), rules)
	got := map[string]bool{}
	for _, l := range x.Lines {
		got[string(l.Trouble)+" "+l.Role.Name] = true
	}
	if len(got) != 2 || !got["unassigned nobody's"] || !got["one_person one's"] || x.Roles != 4 {
		t.Errorf("of %d roles it tells %v", x.Roles, got)
	}
}
