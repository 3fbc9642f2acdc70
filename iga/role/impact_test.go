package role_test

import (
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
	"github.com/writhq/writ/iga/role"
)

func nodes(list []role.Role) (all []graph.RoleNode) {
	for _, r := range list {
		n := graph.RoleNode{ID: r.ID}
		n.Entitlements, n.Parents = r.Gives()
		all = append(all, n)
	}
	return all
}

// small is three people, and the roles clerk and lead, which contains it.
func small() (*graphtest.Facts, *role.Catalog) {
	f := &graphtest.Facts{
		Systems: []graph.SystemNode{{ID: 1}},
		Entitlements: []graph.EntitlementNode{
			{ID: 1, System: 1, Tier: access.Tier3},
			{ID: 2, System: 1, Tier: access.Tier3},
			{ID: 3, System: 1, Tier: access.Tier0},
			{ID: 4, System: 1, Tier: access.Tier1},
		},
		Identities: []graph.IdentityNode{
			{ID: 1, Kind: access.Human, State: access.Active}, {ID: 2, Kind: access.Human, State: access.Active}, {ID: 3, Kind: access.Human, State: access.Active},
		},
		Grants:      []graph.GrantEdge{{ID: 1, Holder: access.IdentityID(2).Ref(), Entitlement: 3}, {ID: 2, Holder: access.IdentityID(1).Ref(), Entitlement: 2}},
		Assignments: []graph.AssignmentEdge{{ID: 1, Role: 1, Identity: 1}, {ID: 2, Role: 2, Identity: 2}, {ID: 3, Role: 2, Identity: 3}},
	}
	list := []role.Role{
		{ID: 1, Number: 1, Definition: role.Definition{Name: "clerk", Kind: role.Technical, Parts: []role.Part{{Entitlement: 1}}}},
		{ID: 2, Number: 1, Definition: role.Definition{Name: "lead", Kind: role.Business, Parts: []role.Part{{Role: 1}}}},
	}
	f.Roles = nodes(list)
	return f, role.NewCatalog(list)
}

// Who holds it already gains nothing new; who would reach tier 0 for the first time is
// told; a conflict is told where it would become real, and where the role itself has it.
func TestImpactOnPeople(t *testing.T) {
	f, catalog := small()
	b := role.Before{View: f.View(t), Catalog: catalog, Conflicts: func(_ *graph.View, of []access.EntitlementID) (list []role.Conflict) {
		for _, c := range []role.Conflict{{A: 2, B: 3}, {A: 1, B: 4}} {
			if slices.Contains(of, c.A) || slices.Contains(of, c.B) {
				list = append(list, c)
			}
		}
		return list
	}}
	ch, err := catalog.Become(1, role.Definition{Name: "clerk", Kind: role.Technical, Parts: []role.Part{{Entitlement: 1}, {Entitlement: 3}}})
	if err != nil {
		t.Fatal(err)
	}
	im := b.Impact(ch)
	if len(im.Shifts) != 1 || im.Shifts[0].Entitlement != 3 || im.Shifts[0].New != 2 || im.Gainers.GetCardinality() != 3 || !im.Losers.IsEmpty() || im.Members.GetCardinality() != 3 {
		t.Errorf("%+v", im)
	}
	if len(im.Rises) != 1 || im.Rises[0].Tier != access.Tier0 || !im.Rises[0].Who.Equals(roaring.BitmapOf(1, 3)) {
		t.Errorf("rises: %+v", im.Rises)
	}
	if len(im.Clashes) != 1 || im.Clashes[0].Within || !im.Clashes[0].Holders.Equals(roaring.BitmapOf(1)) {
		t.Errorf("clashes: %+v", im.Clashes)
	}
	if ch, err = catalog.Become(1, role.Definition{Name: "clerk", Kind: role.Technical, Parts: []role.Part{{Entitlement: 1}, {Entitlement: 4}}}); err != nil {
		t.Fatal(err)
	}
	if im = b.Impact(ch); len(im.Clashes) != 1 || !im.Clashes[0].Within || im.Clashes[0].Holders.GetCardinality() != 3 {
		t.Errorf("clashes within: %+v", im.Clashes)
	}
	if len(im.Rises) != 1 || im.Rises[0].Tier != access.Tier1 || !im.Rises[0].Who.Equals(roaring.BitmapOf(1, 3)) {
		t.Errorf("rises: %+v", im.Rises)
	}
}
