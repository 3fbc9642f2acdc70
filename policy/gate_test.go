package policy

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
)

// The systems of the gate's tests: 1 lies in scope 2, 2 in scope 3.
func gateOfTwoScopes(t *testing.T) *Gate {
	t.Helper()
	human := func(id access.IdentityID) graph.IdentityNode {
		return graph.IdentityNode{ID: id, Kind: access.Human, State: access.Active}
	}
	facts := &graphtest.Facts{
		Systems:      []graph.SystemNode{{ID: 1, Scope: 2}, {ID: 2, Scope: 3, TechnicalOwner: rick}},
		Identities:   []graph.IdentityNode{human(ana), human(sol), human(pat), human(ada), human(rick), {ID: gone, Kind: access.Human, State: access.Terminated}},
		Accounts:     []graph.AccountNode{{ID: 1, System: 1, Status: access.Enabled, Identities: []access.IdentityID{rick}}, {ID: 2, System: 2, Status: access.Enabled}},
		Entitlements: []graph.EntitlementNode{{ID: 1, System: 1, Tier: access.Tier0}, {ID: 2, System: 2, Tier: access.Tier3}, {ID: 3, System: 1, Tier: access.Tier3}},
		Grants:       []graph.GrantEdge{{ID: 1, Holder: access.IdentityID(ana).Ref(), Entitlement: 1}},
	}
	g := facts.Graph(t)
	live := NewLive(g)
	live.Put(Directory{
		Functions: map[access.IdentityID][]Held{
			ana: {{access.IAM, 0}}, sol: {{access.SecurityOperations, 2}}, pat: {{access.PlatformOwner, 2}},
			ada: {{access.AuditFunction, 0}}, gone: {{access.IAM, 0}},
		},
		Parents: map[access.ScopeID]access.ScopeID{1: 0, 2: 1, 3: 1},
	})
	set, err := NewSet(1, Shipped()...)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{Set: set, Facts: live.Facts})
	if err != nil {
		t.Fatal(err)
	}
	return &Gate{Engine: e, Graph: g}
}

func (g *Gate) object(t *testing.T, ref access.Ref) Object {
	t.Helper()
	r, ok := ObjectOf(g.Graph.View(), ref)
	if !ok {
		t.Fatalf("the graph has no %s", ref)
	}
	return Object{Resource: r}
}

func TestGate(t *testing.T) {
	g := gateOfTwoScopes(t)
	mfa := Context{MFA: true}
	late := Context{MFA: true, MFAAge: StepUp + time.Second}
	reason := func(o Object) Object { o.Reason = "because"; return o }
	account1, account2 := g.object(t, access.AccountID(1).Ref()), g.object(t, access.AccountID(2).Ref())
	system1, system2 := g.object(t, access.SystemID(1).Ref()), g.object(t, access.SystemID(2).Ref())
	ent1, ent2 := g.object(t, access.EntitlementID(1).Ref()), g.object(t, access.EntitlementID(2).Ref())
	policies := Object{Resource: Resource{Key: "all"}}
	person := Object{Resource: Resource{Ref: rick.Ref()}}
	held := Object{Resource: Resource{Ref: access.SecretID(1).Ref(), Scope: system1.Scope, Eligible: rick}}
	tests := []struct {
		name   string
		c      Caller
		action string
		o      Object
		want   error
	}{
		{"nobody", Caller{}, "system.read", system1, ErrSignIn},
		{"a leaver", Caller{Identity: gone}, "system.read", system1, ErrNoObject},
		{"not there and not to be seen are one", Caller{Identity: rick}, "system.change", system1, ErrNoObject},
		{"another scope", Caller{Identity: pat}, "system.change", system2, ErrNoObject},
		{"seen, not to be changed", Caller{Identity: sol}, "system.change", system1, ErrDenied},
		{"seen as its owner, not to be changed", Caller{Identity: rick}, "system.change", system2, ErrDenied},
		{"audit writes nothing", Caller{Identity: ada}, "system.change", system1, ErrDenied},
		{"no reason", Caller{Identity: ana}, "classification.override", ent2, ErrReason},
		{"a blank one", Caller{Identity: ana}, "classification.override", Object{Resource: ent2.Resource, Reason: " \n"}, ErrReason},
		{"no second factor", Caller{Identity: ana}, "policy.change", reason(policies), ErrStepUp},
		{"an old one", Caller{Identity: ana, Context: late}, "policy.change", reason(policies), ErrStepUp},
		{"nobody has approved", Caller{Identity: ana, Context: mfa}, "function.assign", reason(person), ErrApprove},
		{"a token for something else", Caller{Identity: ana, Limits: []string{"finding.read"}}, "system.read", system1, ErrLimited},
		{"a token for nothing", Caller{Identity: ana, Limits: []string{}}, "system.read", system1, ErrLimited},
		{"a token of more than its owner may", Caller{Identity: rick, Limits: []string{"read"}}, "system.read", system1, ErrNoObject},
		{"what a token is for by name, by its group", Caller{Identity: rick, Limits: []string{"operate"}}, "secret.fetch", held, ErrLimited},
		{"what a token is for by name, by nobody's", Caller{Identity: rick, Context: mfa}, "secret.fetch", held, ErrLimited},
		{"what a token is for by name, without the right", Caller{Identity: ana, Limits: []string{"secret.fetch"}}, "secret.fetch", held, ErrDenied},
		{"whose account one's own is", Caller{Identity: rick}, "link.decide", account1, ErrDenied},
		{"an action that there is not", Caller{Identity: ana}, "system.explode", system1, ErrDenied},

		{"within the scope", Caller{Identity: pat}, "system.change", system1, nil},
		{"one's own account", Caller{Identity: rick}, "account.read", account1, nil},
		{"as its owner", Caller{Identity: rick}, "system.read", system2, nil},
		{"who has proven who they are", Caller{Identity: ana, Context: mfa}, "policy.change", reason(policies), nil},
		{"somebody else's account", Caller{Identity: ana}, "link.decide", account2, nil},
		{"with a reason", Caller{Identity: ana}, "classification.override", reason(ent2), nil},
		{"a token for it", Caller{Identity: ana, Limits: []string{"system.read"}}, "system.read", system1, nil},
		{"a token for it by name", Caller{Identity: rick, Limits: []string{"secret.fetch"}}, "secret.fetch", held, nil},
		{"a token for all reading", Caller{Identity: ana, Limits: []string{"read"}}, "entitlement.read", ent1, nil},
		{"the node's operator", Caller{Node: "operator:0"}, "policy.change", policies, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := g.Permit(WithCaller(t.Context(), tt.c), tt.action, tt.o); !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

func TestLesson14_ReachEndsAtTheScope(t *testing.T) {
	g := gateOfTwoScopes(t)
	tests := []struct {
		who    access.IdentityID
		action string
		all    bool
		one    bool
		two    bool
	}{
		{rick, "account.read", false, false, false},
		{gone, "account.read", false, false, false},
		{sol, "account.read", false, true, false},
		{rick, "system.read", false, false, true}, // which rick answers for
		{ana, "account.read", true, true, true},
		{ada, "finding.read", true, true, true},
	}
	for _, tt := range tests {
		r, err := g.Reach(WithCaller(t.Context(), Caller{Identity: tt.who}), tt.action)
		if r.All != tt.all || r.Has(1) != tt.one || r.Has(2) != tt.two || r.Has(0) != tt.all {
			t.Errorf("%s of %s reaches %+v", tt.action, tt.who, r)
		}
		if (err != nil) != r.None() {
			t.Errorf("%s of %s: %v with %+v", tt.action, tt.who, err, r)
		}
	}
	if r := ReachOf(t.Context()); !r.None() {
		t.Errorf("without a guard it reaches %+v", r)
	}
}

func TestGuardsDecideBeforeAnythingElse(t *testing.T) {
	g := gateOfTwoScopes(t)
	type input struct{}
	asked := false
	on := On(g, "system.read", func(context.Context, *input) (Object, error) {
		asked = true
		return Object{}, nil
	})
	if _, err := on.Check(t.Context(), &input{}); !errors.Is(err, ErrSignIn) || asked {
		t.Errorf("nobody: %v; an object was looked up for them: %v", err, asked)
	}
	var zero Guard[input]
	if _, err := zero.Check(WithCaller(t.Context(), Caller{Identity: ana}), &input{}); !errors.Is(err, ErrDenied) {
		t.Errorf("an operation without a guard: %v", err)
	}
	limited := WithCaller(t.Context(), Caller{Identity: ana, Limits: []string{"read"}})
	if _, err := SignedIn[input]().Check(limited, &input{}); !errors.Is(err, ErrLimited) {
		t.Errorf("a limited token is taken for somebody who signed in: %v", err)
	}
	if _, err := Known[input]().Check(limited, &input{}); err != nil {
		t.Error(err)
	}
}

func TestWithoutADirectoryNobodyMay(t *testing.T) {
	g := gateOfTwoScopes(t)
	set := g.Engine.Set()
	e, err := New(Config{Set: set, Facts: NewLive(g.Graph).Facts})
	if err != nil {
		t.Fatal(err)
	}
	g.Engine = e
	if err := g.Permit(WithCaller(t.Context(), Caller{Identity: ana}), "system.read", g.object(t, access.SystemID(1).Ref())); err == nil {
		t.Error("decided without facts")
	}
}
