package role_test

import (
	"fmt"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
	"github.com/writhq/writ/iga/role"
)

// BenchmarkImpact is a role that everybody has, by a business role, and that is to give
// one entitlement more and one less; half of all hold the new one already. Ten times the
// people take as many times as long as ns/person says.
func BenchmarkImpact(b *testing.B) {
	for _, people := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(people), func(b *testing.B) {
			list := []role.Role{
				holding(1, 1, "reader", role.Technical, gives(1, 2)...),
				holding(2, 1, "everybody", role.Business, role.Part{Role: 1}),
			}
			f := &graphtest.Facts{Systems: []graph.SystemNode{{ID: 1}}, Roles: nodes(list)}
			for e := access.EntitlementID(1); e <= 3; e++ {
				f.Entitlements = append(f.Entitlements, graph.EntitlementNode{ID: e, System: 1, Tier: access.Tier1})
			}
			for id := access.IdentityID(1); int(id) <= people; id++ {
				f.Identities = append(f.Identities, graph.IdentityNode{ID: id, Kind: access.Human, State: access.Active})
				f.Assignments = append(f.Assignments, graph.AssignmentEdge{ID: access.AssignmentID(id), Role: 2, Identity: id})
				if id%2 == 0 {
					f.Grants = append(f.Grants, graph.GrantEdge{ID: access.GrantID(id), Holder: id.Ref(), Entitlement: 3})
				}
			}
			g := f.Graph(b)
			catalog := role.NewCatalog(list)
			ch, err := catalog.Become(1, role.Definition{Name: "reader", Kind: role.Technical, Parts: gives(1, 3)})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				v := g.View()
				im := role.Before{View: v, Catalog: catalog, Conflicts: role.Declared{}.Conflicts}.Impact(ch)
				v.Close()
				if int(im.Gainers.GetCardinality()) != people || im.Shifts[1].New != people/2 {
					b.Fatal(im.Shifts)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(people), "ns/person")
		})
	}
}
