package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
)

// directoryOfTwoScopes is who holds what in gateOfTwoScopes.
func directoryOfTwoScopes(g *Gate) (*Directory, Facts) {
	f, _ := g.Engine.facts().(facts)
	return f.d, f
}

var houses = map[string]string{
	"nothing":                    ``,
	"a forbid":                   `@id("x") @reason("x") forbid (principal, action == Action::"system.change", resource);`,
	"a permit":                   `@id("x") @reason("x") permit (principal, action == Action::"system.read", resource);`,
	"by tier":                    `@id("x") @reason("x") forbid (principal, action == Action::"entitlement.read", resource) when { resource.tier == 0 };`,
	"by another tier":            `@id("x") @reason("x") forbid (principal, action == Action::"entitlement.read", resource) when { resource.tier == 3 };`,
	"one's own":                  `@id("x") @reason("x") forbid (principal, action == Action::"account.read", resource) when { resource has subject && resource.subject == principal };`,
	"by environment and kind":    `@id("x") @reason("x") permit (principal in Function::"iam", action == Action::"account.disable", resource) when { resource.kind == "admin" || resource.environment == "production" };`,
	"by owner":                   `@id("x") @reason("x") permit (principal, action == Action::"system.change", resource) when { resource has owner && resource.owner == principal };`,
	"one person":                 `@id("x") @reason("x") permit (principal == Identity::"PAT", action in [Action::"source.read", Action::"policy.read"], resource);`,
	"one person, in a condition": `@id("x") @reason("x") forbid (principal, action == Action::"identity.read", resource) when { principal == Identity::"ANA" };`,
	"one system":                 `@id("x") @reason("x") forbid (principal, action == Action::"system.read", resource == System::"SYS");`,
	"a scope":                    `@id("x") @reason("x") forbid (principal, action == Action::"account.read", resource in Scope::"SCP");`,
	"whose access":               `@id("x") @reason("x") forbid (principal, action == Action::"entitlement.read", resource) unless { resource has subject && resource.subject == principal };`,
	"observed, yet asked for":    `@id("x") @mode("observe") @reason("x") forbid (principal, action == Action::"finding.read", resource);`,
	"a second factor":            `@id("x") @reason("x") forbid (principal, action == Action::"audit.read", resource) unless { context.mfa };`,
	"an obligation":              `@id("x") @reason("x") @obligation("reason") permit (principal in Function::"iam", action == Action::"source.add", resource);`,
	"adding":                     `@id("x") @reason("x") forbid (principal, action == Action::"system.add", resource in Scope::"SCP");`,
	"everything":                 `@id("x") @reason("x") permit (principal, action, resource);`,
	"of identities":              `@id("x") @reason("x") permit (principal in Function::"platform_owner", action == Action::"identity.read", resource) when { resource.state == "active" };`,
}

func trying(t *testing.T, text string) *Set {
	t.Helper()
	text = strings.NewReplacer("PAT", pat.String(), "ANA", ana.String(), "SYS", access.SystemID(1).String(), "SCP", access.ScopeID(2).String()).Replace(text)
	set, err := NewSet(2, append(Shipped(), Document{Name: "house", Text: text, Enforced: true})...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// What deciding for everybody on everything one by one finds, the classes find, and
// nothing else.
func TestWhatIfIsWhatDecidingOneByOneFinds(t *testing.T) {
	g := gateOfTwoScopes(t)
	d, f := directoryOfTwoScopes(g)
	v := g.Graph.View()
	for name, text := range houses {
		t.Run(name, func(t *testing.T) {
			set := trying(t, text)
			w, err := g.Engine.WhatIf(t.Context(), set, v, d)
			if err != nil {
				t.Fatal(err)
			}
			told := map[string]bool{}
			for _, c := range w.Changes {
				told[fmt.Sprint(c.Who, c.Action, where(c.What), c.Before.Permitted(), c.After.Permitted())] = true
				if c.People == 0 {
					t.Errorf("a change for nobody: %+v", c)
				}
			}
			var all Simulation
			seen := map[string]bool{}
			for _, r := range everyRequest(g) {
				s, err := g.Engine.Simulate(t.Context(), set, []Request{r})
				if err != nil {
					t.Fatal(err)
				}
				all.Permits += s.Permits
				all.Forbids += s.Forbids
				for _, x := range s.Differences {
					key := fmt.Sprint(whoWords(f, r, text), r.Action, where(whatKey{scope: scopeOf(r)}.words(nil)), x.Before.Permitted(), x.After.Permitted())
					if seen[key] = true; !told[key] {
						t.Errorf("not told: %s: %s, then %s", key, x.Before.Explain(), x.After.Explain())
					}
				}
			}
			if (all.Permits > 0) != (w.Permits > 0) || (all.Forbids > 0) != (w.Forbids > 0) {
				t.Errorf("one by one %d permits and %d forbids, in classes %d and %d", all.Permits, all.Forbids, w.Permits, w.Forbids)
			}
		})
	}
}

// where is the scope in the words of a class.
func where(what string) string {
	_, scope, found := strings.Cut(what, "in scp_")
	if !found {
		return "nowhere"
	}
	return scope
}

func scopeOf(r Request) access.ScopeID {
	if r.Resource.Ref.Kind == access.KindIdentity {
		return 0
	}
	return r.Resource.Scope
}

// whoWords are those of the class that somebody is in.
func whoWords(f Facts, r Request, text string) string {
	id := access.IdentityID(r.Principal.Key)
	if id == pat && strings.Contains(text, "PAT") || id == ana && strings.Contains(text, "ANA") {
		return id.String()
	}
	i, _ := f.Identity(id)
	return whoKey{facts: i, owned: i.Owner != 0, held: heldWords(f.Functions(id))}.words()
}

// inGraph are the types whose objects the graph has: there are no others of them.
var inGraph = []Type{IdentityType, AccountType, EntitlementType, ResourceType, SystemType, RoleType}

// everyRequest is everybody asking for every action on everything, with and without a
// second factor.
func everyRequest(g *Gate) (list []Request) {
	v := g.Graph.View()
	var objects []Resource
	for s := range v.Systems() {
		r, _ := ObjectOf(v, s.ID.Ref())
		objects = append(objects, r)
	}
	for a := range v.Accounts() {
		r, _ := ObjectOf(v, a.ID.Ref())
		objects = append(objects, r)
	}
	for e := range v.Entitlements() {
		r, _ := ObjectOf(v, e.ID.Ref())
		objects = append(objects, r)
	}
	for i := range v.Identities() {
		objects = append(objects, Resource{Ref: i.ID.Ref()})
	}
	objects = append(objects, Resource{}, Resource{Scope: 2}, Resource{Scope: 3}, Resource{Scope: 1})
	for i := range v.Identities() {
		for _, a := range Actions {
			for _, o := range objects {
				bare := o.Ref.IsZero() && o.Scope != 0
				if !a.On.takes(o.Ref.Kind) || bare && slices.Contains(inGraph, a.On) && !strings.HasSuffix(a.Name, ".add") {
					continue
				}
				for _, mfa := range []bool{true, false} {
					list = append(list, Request{Principal: i.ID.Ref(), Action: a.Name, Resource: o, Context: Context{MFA: mfa, Reason: "x"}})
				}
			}
		}
	}
	return list
}

// Only actions on which the sets differ are tried, and nothing is counted or swapped.
func TestWhatIfChangesNothing(t *testing.T) {
	g := gateOfTwoScopes(t)
	d, _ := directoryOfTwoScopes(g)
	before := g.Engine.Set()
	permits, forbids := g.Engine.Counts()
	w, err := g.Engine.WhatIf(t.Context(), trying(t, houses["a forbid"]), g.Graph.View(), d)
	if err != nil || !slices.Equal(w.Actions, []string{"system.change"}) || w.Forbids != 1 || w.Permits != 0 {
		t.Fatalf("%+v %v", w, err)
	}
	for _, c := range w.Changes { // pat, over scope 2
		if c.Who != "human, active, platform_owner over scp_0000000000002" || c.After.Policies[0].ID != "x" {
			t.Errorf("%+v", c)
		}
	}
	if p, f := g.Engine.Counts(); g.Engine.Set() != before || p != permits || f != forbids {
		t.Error("it left something behind")
	}
	w, err = g.Engine.WhatIf(t.Context(), trying(t, ""), g.Graph.View(), d)
	if err != nil || w.Tried != 0 || len(w.Changes) != 0 {
		t.Errorf("the same policies: %+v %v", w, err)
	}
}

// What only some way of asking changes says which.
func TestWhatIfSaysHowOneHasToAsk(t *testing.T) {
	g := gateOfTwoScopes(t)
	d, _ := directoryOfTwoScopes(g)
	w, err := g.Engine.WhatIf(t.Context(), trying(t, houses["a second factor"]), g.Graph.View(), d)
	if err != nil || len(w.Changes) == 0 {
		t.Fatal(w, err)
	}
	for _, c := range w.Changes {
		if c.With != "without a second factor" {
			t.Errorf("%s: %q", c.Who, c.With)
		}
	}
}

func TestWhatIfEnds(t *testing.T) {
	g := gateOfTwoScopes(t)
	d, _ := directoryOfTwoScopes(g)
	crowd := newCrowd(g.Graph.View(), g.Engine.facts(), d, nil)
	tr := trial{e: g.Engine, now: g.Engine.Set(), then: trying(t, houses["everything"]), crowd: crowd, w: &WhatIf{Tried: maxTried}}
	if err := tr.action(t.Context(), "system.read"); !errors.Is(err, ErrTooManyClasses) {
		t.Error(err)
	}
}
