package ask

import (
	"context"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
	"github.com/writhq/writ/policy"
)

// The people who ask in the tests.
const (
	ana  access.IdentityID = 101 + iota // iam over everything
	pat                                 // platform owner within scope 2
	rick                                // holds no function
)

// labels name everything after its id, so that a name that leaks is found.
type labels struct{ systems map[access.Ref]string }

func nameOf(r access.Ref) string { return "name-of-" + r.String() }

func (l labels) Names(_ context.Context, refs []access.Ref) (map[access.Ref]access.Label, error) {
	list := map[access.Ref]access.Label{}
	for _, r := range refs {
		list[r] = access.Label{Name: nameOf(r), System: l.systems[r]}
	}
	return list, nil
}

// facts is a store of the company of two scopes.
type facts struct{ Store }

func (facts) Units(_ context.Context, ids []access.IdentityID) (map[access.IdentityID]string, error) {
	units := map[access.IdentityID]string{}
	for _, id := range ids {
		units[id] = fmt.Sprintf("unit-%d", int64(id)%3)
	}
	return units, nil
}

func (facts) Identity(_ context.Context, id access.IdentityID) (access.Identity, error) {
	manager := access.IdentityID(5)
	return access.Identity{
		ID: id, Kind: access.Human, State: access.Active, Name: nameOf(id.Ref()),
		Affiliations: []access.Affiliation{{Unit: "Sales", Manager: manager}},
		Attributes:   map[string]access.Attribute{"manager": {Value: nameOf(manager.Ref())}, "unit": {Value: "Sales"}},
	}, nil
}

func (facts) Functions(context.Context, access.IdentityID) ([]policy.Assignment, error) {
	return nil, nil
}

func (facts) Accounts(_ context.Context, ids []access.AccountID) (map[access.AccountID]AccountFacts, error) {
	list := map[access.AccountID]AccountFacts{}
	for _, id := range ids {
		whose := nameOf(access.IdentityID(5).Ref())
		if id == 1 {
			whose = nameOf(rick.Ref())
		}
		list[id] = AccountFacts{Login: nameOf(id.Ref()), DisplayName: whose, Link: LinkFacts{Evidence: "like " + whose}}
	}
	return list, nil
}

func (facts) Entitlement(_ context.Context, id access.EntitlementID) (access.Entitlement, error) {
	return access.Entitlement{ID: id, Name: nameOf(id.Ref()), NativeID: "native"}, nil
}

// Findings is one about each thing, in each of the two systems.
func (facts) Findings(_ context.Context, about []access.Ref) (list []Finding, err error) {
	for _, r := range about {
		for system := access.SystemID(1); system <= 2; system++ {
			list = append(list, Finding{Finding: policy.Finding{ID: access.FindingID(10*r.Key + int64(system)), Rule: "some", Subject: r, System: system}})
		}
	}
	return list, nil
}

func (facts) Coverage(context.Context, access.SystemID, access.Tier) ([]Cell, error) { return nil, nil }

// Explain says that entitlement 1 leads to 2, and that somebody has decided.
func (facts) Explain(_ context.Context, v *graph.View, id access.EntitlementID) (Tier, error) {
	by := access.IdentityID(5).String()
	way := v.Way(id.Ref(), access.EntitlementID(2).Ref(), graph.Question{})
	return Tier{
		Tier: access.Tier1, Own: access.Tier2,
		Reasons:  []Reason{{Rule: "override", Text: "set to tier 2 by " + by}, {Rule: "leads-to", Path: way, From: access.EntitlementID(2).Ref()}},
		Override: &Override{By: by},
	}, nil
}

// asked is a service over a graph, as the gate decides for those who ask.
func asked(t interface {
	Helper()
	Fatal(...any)
}, g *graph.Graph,
) *Service {
	t.Helper()
	live := policy.NewLive(g)
	live.Put(policy.Directory{
		Functions: map[access.IdentityID][]policy.Held{ana: {{Function: access.IAM}}, pat: {{Function: access.PlatformOwner, Scope: 2}}},
		Parents:   map[access.ScopeID]access.ScopeID{1: 0, 2: 1, 3: 1},
	})
	set, err := policy.NewSet(1, policy.Shipped()...)
	if err != nil {
		t.Fatal(err)
	}
	e, err := policy.New(policy.Config{Set: set, Facts: live.Facts})
	if err != nil {
		t.Fatal(err)
	}
	systems := map[access.Ref]string{}
	v := g.View()
	defer v.Close()
	for a := range v.Accounts() {
		systems[a.ID.Ref()] = nameOf(a.System.Ref())
	}
	for e := range v.Entitlements() {
		systems[e.ID.Ref()] = nameOf(e.System.Ref())
	}
	return &Service{Graph: g, Names: labels{systems}, Store: facts{}, Tiers: facts{}, Gate: &policy.Gate{Engine: e, Graph: g}}
}

// as is a request of somebody.
func as(ctx context.Context, who access.IdentityID) context.Context {
	return policy.WithCaller(ctx, policy.Caller{Identity: who})
}

// node asks as the node itself, which sees everything.
func node(ctx context.Context) context.Context {
	return policy.WithCaller(ctx, policy.Caller{Node: "test"})
}

func person(id access.IdentityID) graph.IdentityNode {
	return graph.IdentityNode{ID: id, Kind: access.Human, State: access.Active}
}

// twoScopes is a company in which rick reaches, over system 1 of scope 2, system 2 of
// scope 3: his account 1 holds entitlement 1, which gives 2; account 2 is opened by
// account 1, is somebody else's, and holds 3. Identity 5 holds 1 too.
func twoScopes() *graphtest.Facts {
	rickGrants := func(id access.GrantID, account access.AccountID, e access.EntitlementID) graph.GrantEdge {
		return graph.GrantEdge{ID: id, Holder: account.Ref(), Entitlement: e}
	}
	return &graphtest.Facts{
		Systems:    []graph.SystemNode{{ID: 1, Scope: 2}, {ID: 2, Scope: 3}},
		Identities: []graph.IdentityNode{person(ana), person(pat), person(rick), person(5)},
		Accounts: []graph.AccountNode{
			{ID: 1, System: 1, Status: access.Enabled, Identities: []access.IdentityID{rick}},
			{ID: 2, System: 2, Status: access.Enabled, Identities: []access.IdentityID{5}},
			{ID: 3, System: 1, Status: access.Enabled, Identities: []access.IdentityID{5}},
		},
		Entitlements: []graph.EntitlementNode{{ID: 1, System: 1, Tier: 2}, {ID: 2, System: 2, Tier: 1}, {ID: 3, System: 2, Tier: 3}, {ID: 4, System: 2, Tier: 0, Capabilities: []access.Capability{{Right: access.BypassControls, On: access.SystemID(2).Ref()}}}},
		Openings:     []graph.OpeningEdge{{Account: 2, By: 1}},
		Grants: []graph.GrantEdge{
			rickGrants(1, 1, 1), {ID: 2, Holder: access.EntitlementID(1).Ref(), Entitlement: 2}, rickGrants(3, 2, 3), rickGrants(4, 3, 1),
		},
	}
}
