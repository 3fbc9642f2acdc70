// Package graphtest makes small graphs for the tests of those who ask them.
package graphtest

import (
	"context"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Facts are all that there is.
type Facts struct {
	Systems      []graph.SystemNode
	Resources    []graph.ResourceNode
	Entitlements []graph.EntitlementNode
	Identities   []graph.IdentityNode
	Accounts     []graph.AccountNode
	Roles        []graph.RoleNode
	Credentials  []graph.CredentialEdge
	Openings     []graph.OpeningEdge
	Grants       []graph.GrantEdge
	Assignments  []graph.AssignmentEdge
}

var _ graph.Source = (*Facts)(nil)

// View returns a view of the facts that ends with the test.
func (f *Facts) View(tb testing.TB) *graph.View {
	tb.Helper()
	v := f.Graph(tb).View()
	tb.Cleanup(v.Close)
	return v
}

// Graph returns a graph of the facts.
func (f *Facts) Graph(tb testing.TB) *graph.Graph {
	tb.Helper()
	g, err := graph.Open(context.Background(), f)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

// Load delivers everything.
func (f *Facts) Load(_ context.Context, sink graph.Sink) (access.Rev, error) {
	return 1, firstError(
		all(f.Systems, sink.System), all(f.Resources, sink.Resource), all(f.Entitlements, sink.Entitlement),
		all(f.Identities, sink.Identity), all(f.Accounts, sink.Account), all(f.Roles, sink.Role),
		all(f.Credentials, sink.Credential), all(f.Openings, sink.Opening), all(f.Grants, sink.Grant), all(f.Assignments, sink.Assignment),
	)
}

// Follow says that nothing changed.
func (f *Facts) Follow(_ context.Context, rev access.Rev, _ graph.Sink) (access.Rev, error) {
	return rev, nil
}

func all[T any](list []T, deliver func(T) error) error {
	for _, x := range list {
		if err := deliver(x); err != nil {
			return err
		}
	}
	return nil
}

func firstError(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}
