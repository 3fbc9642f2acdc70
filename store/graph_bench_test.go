package store

import (
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/graph"
)

// counter takes facts and keeps none.
type counter struct{ n int }

func (c *counter) Forget(access.Ref)                       {}
func (c *counter) ForgetGrants(access.Ref)                 {}
func (c *counter) ForgetSystem(access.SystemID)            {}
func (c *counter) System(graph.SystemNode) error           { c.n++; return nil }
func (c *counter) Resource(graph.ResourceNode) error       { c.n++; return nil }
func (c *counter) Entitlement(graph.EntitlementNode) error { c.n++; return nil }
func (c *counter) Identity(graph.IdentityNode) error       { c.n++; return nil }
func (c *counter) Account(graph.AccountNode) error         { c.n++; return nil }
func (c *counter) Role(graph.RoleNode) error               { c.n++; return nil }
func (c *counter) Credential(graph.CredentialEdge) error   { c.n++; return nil }
func (c *counter) Opening(graph.OpeningEdge) error         { c.n++; return nil }
func (c *counter) Grant(graph.GrantEdge) error             { c.n++; return nil }
func (c *counter) Assignment(graph.AssignmentEdge) error   { c.n++; return nil }

func BenchmarkGraphLoad(b *testing.B) {
	const accounts, perAccount = 20_000, 50
	ctx := asTester(b.Context())
	db, err := Open(ctx, Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it is thrown away
	err = db.change(ctx, audit.Event{Action: "test.fill"}, func(t *tx) error {
		var rows [][]any
		for a := range accounts {
			for e := range perAccount {
				rows = append(rows, []any{a + 1, 2, e*7 + 1, a*perAccount + e + 1, 1, t.Set})
			}
		}
		return t.insertMany(ctx, "access_grant", []string{"holder_id", "holder_kind", "entitlement_id", "id", "system_id", "from_set"}, rows)
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var c counter
		if _, err := db.Graph().Load(ctx, &c); err != nil || c.n != accounts*perAccount {
			b.Fatal(c.n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/accounts/perAccount, "ns/grant")
}
