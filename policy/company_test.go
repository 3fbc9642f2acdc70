package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/writhq/writ/access"
)

// company is facts in memory.
type company struct {
	rev        access.Rev
	identities map[access.IdentityID]IdentityFacts
	functions  map[access.IdentityID][]Held
	above      map[access.ScopeID][]access.ScopeID
	managers   map[access.IdentityID][]access.IdentityID
	accounts   map[access.AccountID][]access.IdentityID
	holds      map[access.IdentityID][]access.Ref
}

func (c *company) Rev() access.Rev { return c.rev }

func (c *company) Identity(id access.IdentityID) (IdentityFacts, bool) {
	f, ok := c.identities[id]
	return f, ok
}

func (c *company) Functions(id access.IdentityID) []Held { return c.functions[id] }

func (c *company) Ancestors(scope access.ScopeID) ([]access.ScopeID, bool) {
	list, ok := c.above[scope]
	return list, ok
}

func (c *company) Managers(id access.IdentityID) []access.IdentityID { return c.managers[id] }

func (c *company) OwnersOf(id access.AccountID) ([]access.IdentityID, bool) {
	list, ok := c.accounts[id]
	return list, ok
}

func (c *company) Holds(id access.IdentityID, what access.Ref) bool {
	return slices.Contains(c.holds[id], what)
}

// The people of the small company that the tables speak of. Scope 1 is the root,
// 2 and 3 lie in it, 4 lies in 2.
const (
	ana      access.IdentityID = 1 + iota // holds iam over everything
	sol                                   // security operations within scope 2
	pat                                   // platform owner within scope 2
	ada                                   // audit over everything
	rick                                  // holds nothing, reports to pat
	gone                                  // a leaver who held iam
	robot                                 // a service, rick owns it
	stray                                 // an agent that nobody owns
	eve                                   // holds iam and audit
	stranger access.IdentityID = 99
)

const (
	ricksAccount access.AccountID = 1 + iota
	robotsAccount
	sharedAccount // ana's and rick's
)

var ricksGroup = access.EntitlementID(1).Ref()

func smallCompany() *company {
	human := IdentityFacts{Kind: access.Human, State: access.Active, Scope: 4}
	left := IdentityFacts{Kind: access.Human, State: access.Terminated, Scope: 4}
	return &company{
		rev: 7,
		identities: map[access.IdentityID]IdentityFacts{
			ana: human, sol: human, pat: human, ada: human, rick: human, gone: left, eve: human,
			robot: {Kind: access.Service, State: access.Active, Owner: rick, Scope: 4},
			stray: {Kind: access.Agent, State: access.Active, Scope: 4},
		},
		functions: map[access.IdentityID][]Held{
			ana: {{access.IAM, 0}}, gone: {{access.IAM, 0}}, ada: {{access.AuditFunction, 1}},
			sol: {{access.SecurityOperations, 2}}, pat: {{access.PlatformOwner, 2}},
			eve: {{access.IAM, 1}, {access.AuditFunction, 1}}, robot: {{access.IAM, 1}}, stray: {{access.IAM, 1}},
		},
		above: map[access.ScopeID][]access.ScopeID{1: {1}, 2: {2, 1}, 3: {3, 1}, 4: {4, 2, 1}},
		managers: map[access.IdentityID][]access.IdentityID{
			rick: {pat, ana}, sol: {ana},
		},
		accounts: map[access.AccountID][]access.IdentityID{
			ricksAccount: {rick}, robotsAccount: {robot}, sharedAccount: {ana, rick},
		},
		holds: map[access.IdentityID][]access.Ref{rick: {ricksGroup}},
	}
}

func engine(tb testing.TB, f Facts, documents ...Document) *Engine {
	tb.Helper()
	set, err := NewSet(1, documents...)
	if err != nil {
		tb.Fatal(err)
	}
	e, err := New(Config{Set: set, Facts: func() Facts { return f }})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// largeCompany is of realistic size: 20,000 identities in 600 scopes, five deep,
// a few hundred of them with functions.
func largeCompany() *company {
	c := &company{
		rev: 1, identities: map[access.IdentityID]IdentityFacts{}, functions: map[access.IdentityID][]Held{},
		above: map[access.ScopeID][]access.ScopeID{1: {1}}, managers: map[access.IdentityID][]access.IdentityID{},
		accounts: map[access.AccountID][]access.IdentityID{}, holds: map[access.IdentityID][]access.Ref{},
	}
	r := rand.New(rand.NewPCG(1, 2))
	for s := access.ScopeID(2); s <= 600; s++ {
		parent := access.ScopeID(1 + (int64(s)-2)/4)
		c.above[s] = append([]access.ScopeID{s}, c.above[parent]...)
	}
	for id := access.IdentityID(1); id <= 20_000; id++ {
		f := IdentityFacts{Kind: access.Human, State: access.Active, Scope: access.ScopeID(1 + r.IntN(600))}
		if id > 15_000 {
			f.Kind, f.Owner = access.Service, access.IdentityID(1+r.IntN(15_000))
		}
		c.identities[id] = f
		if id > 50 {
			c.managers[id] = []access.IdentityID{1 + id%50, 1}
		}
		c.accounts[access.AccountID(id)] = []access.IdentityID{id}
		if id <= 400 {
			c.functions[id] = []Held{{access.Functions[id%3], access.ScopeID(1 + r.IntN(5))}}
		}
	}
	return c
}

// policies200 is a set of 200: those shipped, 50 forbids without any scope, and
// the others each for one action, so that about five beside the 50 can apply.
func policies200() []Document {
	have := 0
	if s, err := NewSet(1, Shipped()...); err == nil {
		have = len(s.policies)
	}
	conditions := []string{
		`resource has owner && resource.owner == principal && context.mfa_age > %d`,
		`context.break_glass && context.reason == "" && context.mfa_age < %d`,
		`principal.third_party && context.mfa_age > %d`,
		`principal.kind == "agent" && principal has owner && context.mfa_age > %d`,
		`context has address && context.address.isInRange(ip("203.0.113.0/24")) && context.mfa_age > %d`,
	}
	text := ""
	for i := range 50 {
		condition := conditions[i%len(conditions)]
		text += fmt.Sprintf("@id(\"house.forbid-%d\") @reason(\"rule %d of the house\") @mode(\"enforce\")\n"+
			"forbid (principal, action, resource) when { %s };\n", i, i, fmt.Sprintf(condition, 100_000+i))
	}
	for i := range 150 - have {
		whom := "principal"
		if i >= len(Actions) {
			whom = fmt.Sprintf("principal in Function::%q", access.Functions[i%3])
		}
		text += fmt.Sprintf("@id(\"house.permit-%d\") @reason(\"grant %d of the house\") @mode(\"enforce\") @obligation(\"record, max_duration=%dh\")\n"+
			"permit (%s, action == Action::%q, resource) when { context.mfa && resource has owner };\n", i, i, 1+i%8, whom, Actions[i%len(Actions)].Name)
	}
	return append(Shipped(), Document{Name: "house", Text: text})
}

// usualRequests is a mix of all actions by people who hold a function over what
// they ask for.
func usualRequests(c *company, n int) []Request {
	r := rand.New(rand.NewPCG(3, 4))
	list := make([]Request, 0, n)
	for range n {
		a := Actions[r.IntN(len(Actions))]
		key := int64(1 + r.IntN(20_000))
		who := access.IdentityID(1 + r.IntN(400))
		within := c.functions[who][0].Scope
		scope := access.ScopeID(1 + r.IntN(600))
		for !slices.Contains(c.above[scope], within) {
			scope = access.ScopeID(1 + r.IntN(600))
		}
		res := Resource{
			Scope: scope, Kind: "postgres", Tier: access.Tier(r.IntN(4)), System: 3,
			Environment: access.Production, DataClass: access.Restricted, Owner: access.IdentityID(1 + r.IntN(15_000)),
			Creator: access.IdentityID(1 + r.IntN(15_000)), Function: access.Functions[r.IntN(3)],
			Subjects: []access.Ref{access.IdentityID(1 + r.IntN(20_000)).Ref()},
		}
		if kind, ok := refKinds[a.On]; ok {
			res.Ref = access.Ref{Kind: kind, Key: key}
		} else {
			res.Key = fmt.Sprint(key)
		}
		list = append(list, Request{
			Principal: who.Ref(), Action: a.Name, Resource: res,
			Context: Context{MFA: true, MFAAge: 1e9 * 60, Reason: "ticket"},
		})
	}
	return list
}
