package classify

import (
	"context"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// world is the facts of a test.
type world struct {
	systems      []graph.SystemNode
	resources    []graph.ResourceNode
	entitlements []graph.EntitlementNode
	accounts     []graph.AccountNode
	grants       []graph.GrantEdge
}

func (w world) Load(_ context.Context, sink graph.Sink) (access.Rev, error) {
	return 1, first(
		func() error { return each(w.systems, sink.System) },
		func() error { return each(w.resources, sink.Resource) },
		func() error { return each(w.entitlements, sink.Entitlement) },
		func() error { return each(w.accounts, sink.Account) },
		func() error { return each(w.grants, sink.Grant) },
	)
}

func (w world) Follow(_ context.Context, rev access.Rev, _ graph.Sink) (access.Rev, error) {
	return rev, nil
}

func first(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func each[T any](list []T, fn func(T) error) error {
	for _, x := range list {
		if err := fn(x); err != nil {
			return err
		}
	}
	return nil
}

func (w world) view(t *testing.T) *graph.View {
	t.Helper()
	g, err := graph.Open(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	v := g.View()
	t.Cleanup(v.Close)
	return v
}

// classified is every classification by entitlement.
func (w world) classified(t *testing.T, overrides ...Override) map[access.EntitlementID]Classification {
	t.Helper()
	byID := map[access.EntitlementID]Override{}
	for _, o := range overrides {
		byID[o.Entitlement] = o
	}
	got := map[access.EntitlementID]Classification{}
	for _, c := range All(w.view(t), byID) {
		got[c.Entitlement] = c
	}
	return got
}

// The systems of the tests.
const (
	control access.SystemID = iota + 1 // production, controls others
	production
	sensitive // production, restricted data
	trial     // controls others, but is no production
	unknown   // nothing is said of it
	host      // production
	guest     // production and control, runs on host
	absent    // not in the view
)

var systems = []graph.SystemNode{
	{ID: control, Environment: access.Production, Criticality: access.CriticalityControl},
	{ID: production, Environment: access.Production},
	{ID: sensitive, Environment: access.Production, DataClass: access.Restricted},
	{ID: trial, Environment: access.Staging, Criticality: access.CriticalityControl, DataClass: access.Restricted},
	{ID: unknown},
	{ID: host, Environment: access.Production},
	{ID: guest, Environment: access.Production, Criticality: access.CriticalityControl, RunsOn: host},
}

// entitlement is one of a system with capabilities.
func entitlement(id access.EntitlementID, system access.SystemID, can ...access.Capability) graph.EntitlementNode {
	return graph.EntitlementNode{ID: id, System: system, Kind: "role", Tier: access.Unclassified, Capabilities: can}
}

func can(r access.Right, on access.Ref) access.Capability { return access.Capability{Right: r, On: on} }

// nested says that whoever has the inner entitlement has the outer one too.
func nested(id access.GrantID, inner, outer access.EntitlementID) graph.GrantEdge {
	return graph.GrantEdge{ID: id, Holder: inner.Ref(), Entitlement: outer}
}
