package main

import (
	"fmt"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/graph/graphtest"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/iga/role"
	"github.com/writhq/writ/policy"
)

// How much a situation has. The last roles may be parametric, which no other contains; a
// variant has the number of its role and ten.
const peopleThere, entitlementsThere, rolesThere, plainThere, aVariant = 12, 8, 6, 4, 10

var conditions = []string{
	`true`, `identity.unit == "Sales"`, `identity.attributes.site == "Bern"`, // the last fails where there is no site
}

// situation is people, roles that contain each other, rules, and who was assigned what.
type situation struct {
	facts  graphtest.Facts
	crowd  *lifecycle.Crowd
	roles  []role.Role
	rules  []lifecycle.Rule
	people []lifecycle.Person
}

func drawSituation(t *rapid.T) *situation {
	s := &situation{crowd: lifecycle.NewCrowd()}
	s.facts.Systems = []graph.SystemNode{{ID: 1}}
	for e := access.EntitlementID(1); e <= entitlementsThere; e++ {
		s.facts.Entitlements = append(s.facts.Entitlements, graph.EntitlementNode{ID: e, System: 1, Tier: access.Tier(e % 4)})
	}
	for id := access.RoleID(1); id <= rolesThere; id++ {
		r := role.Role{ID: id, Definition: drawDefinition(t, id), Number: 1}
		s.roles = append(s.roles, r)
		if len(r.Parameters) == 1 && rapid.Bool().Draw(t, "there is a variant") {
			s.roles = append(s.roles, variantOf(r, r.Parameters[0].Values[0]))
		}
	}
	var assignable []access.RoleID
	for _, r := range s.roles {
		assignable = append(assignable, r.ID)
	}
	state := rapid.SampledFrom([]access.IdentityState{access.Active, access.Active, access.LeaveOfAbsence, access.Terminated, access.PreHire})
	for id := access.IdentityID(1); id <= peopleThere; id++ {
		p := lifecycle.Person{ID: id, State: state.Draw(t, "state"), Values: map[string]string{"identity.unit": rapid.SampledFrom([]string{"Sales", "IT"}).Draw(t, "unit")}}
		if site := rapid.SampledFrom([]string{"", "Bern", "Oslo"}).Draw(t, "site"); site != "" {
			p.Values["identity.attributes.site"] = site
		}
		if region := rapid.SampledFrom([]string{"", "emea", "apac", "apac;emea", "mars"}).Draw(t, "region"); region != "" {
			p.Values["identity.attributes.region"] = region
		}
		p.Roles = rapid.SliceOfNDistinct(rapid.SampledFrom(assignable), 0, 2, rapid.ID).Draw(t, "roles")
		for _, r := range p.Roles {
			s.facts.Assignments = append(s.facts.Assignments, graph.AssignmentEdge{ID: access.AssignmentID(len(s.facts.Assignments) + 1), Role: r, Identity: id})
		}
		s.people = append(s.people, p)
		s.crowd.Put(p)
		s.facts.Identities = append(s.facts.Identities, graph.IdentityNode{ID: id, Kind: access.Human, State: p.State})
	}
	for i, n := 0, rapid.IntRange(0, 3).Draw(t, "rules"); i < n; i++ {
		r := lifecycle.Rule{Name: fmt.Sprintf("rule-%d", i), When: rapid.SampledFrom(conditions).Draw(t, "when"), Mode: policy.Enforce}
		r.Roles = []access.RoleID{access.RoleID(rapid.Int64Range(1, plainThere).Draw(t, "gives"))}
		r.Choices = drawChoices(t)
		r.Entitlements = []access.EntitlementID{access.EntitlementID(rapid.Int64Range(1, entitlementsThere).Draw(t, "gives itself"))}
		s.rules = append(s.rules, r)
	}
	s.facts.Roles = roleNodes(s.roles)
	return s
}

func drawChoices(t *rapid.T) (list []access.Choice) {
	for range rapid.IntRange(0, 2).Draw(t, "choices") {
		c := access.Choice{Role: access.RoleID(rapid.Int64Range(plainThere+1, rolesThere).Draw(t, "of")), With: map[string]string{}, From: map[string]string{}}
		switch rapid.IntRange(0, 3).Draw(t, "region from") {
		case 0:
			c.With["region"] = "emea"
		case 1:
			c.From["region"] = "identity.attributes.region"
		case 2:
			c.From["region"], c.From["unit"] = "identity.attributes.region", "identity.unit"
		case 3: // as the role says
		}
		list = append(list, c)
	}
	return list
}

// variantOf is a role with one value of its only parameter.
func variantOf(r role.Role, value string) role.Role {
	bound := role.Values{r.Parameters[0].Name: value}
	v := role.Role{ID: r.ID + aVariant, Of: r.ID, Bound: bound, Number: 1, Definition: role.Definition{Name: r.Name + " (" + bound.String() + ")", Kind: r.Kind}}
	for _, p := range r.Parts {
		if len(p.When) == 0 || p.When.Key() == bound.Key() {
			v.Parts = append(v.Parts, role.Part{Entitlement: p.Entitlement, Role: p.Role})
		}
	}
	return v
}

// drawParameters are those that a role may have, with what some of its variants give.
func drawParameters(t *rapid.T, d *role.Definition) {
	for _, p := range []role.Parameter{{Name: "region", Values: []string{"apac", "emea"}}, {Name: "unit", Values: []string{"IT", "Sales"}}} {
		if rapid.IntRange(0, 3).Draw(t, p.Name) == 0 {
			continue
		}
		p.Values = p.Values[rapid.IntRange(0, 1).Draw(t, "values"):]
		p.From = rapid.SampledFrom([]string{"", "identity.attributes.region", "identity.unit"}).Draw(t, "from")
		d.Parameters = append(d.Parameters, p)
	}
	for range rapid.IntRange(0, 3).Draw(t, "conditional") {
		when := role.Values{}
		for _, p := range d.Parameters {
			if rapid.Bool().Draw(t, "asks") {
				when[p.Name] = rapid.SampledFrom(p.Values).Draw(t, "when")
			}
		}
		part := role.Part{Entitlement: access.EntitlementID(rapid.Int64Range(1, entitlementsThere).Draw(t, "conditional")), When: when}
		if rapid.IntRange(0, 2).Draw(t, "a role") == 0 {
			part = role.Part{Role: access.RoleID(rapid.Int64Range(1, plainThere).Draw(t, "contains")), When: when}
		}
		d.Parts = append(d.Parts, part)
	}
}

// drawDefinition contains roles with smaller numbers, so that nothing goes in a circle.
func drawDefinition(t *rapid.T, id access.RoleID) role.Definition {
	d := role.Definition{Name: fmt.Sprintf("role %d", id), Kind: role.Business}
	for _, e := range rapid.SliceOfNDistinct(rapid.Int64Range(1, entitlementsThere), 1, 3, rapid.ID).Draw(t, "entitlements") {
		d.Parts = append(d.Parts, role.Part{Entitlement: access.EntitlementID(e)})
	}
	if id > 1 {
		for _, r := range rapid.SliceOfNDistinct(rapid.Int64Range(1, min(int64(id)-1, plainThere)), 0, 2, rapid.ID).Draw(t, "contains") {
			d.Parts = append(d.Parts, role.Part{Role: access.RoleID(r)})
		}
	}
	if id > plainThere {
		drawParameters(t, &d)
	}
	return d
}

func roleNodes(list []role.Role) (all []graph.RoleNode) {
	for _, r := range list {
		n := graph.RoleNode{ID: r.ID}
		n.Entitlements, n.Parents = r.Gives()
		all = append(all, n)
	}
	return all
}

func plainRoles(list []*role.Role) (all []access.Role) {
	for _, r := range list {
		x := access.Role{ID: r.ID}
		x.Entitlements, x.Parents = r.Gives()
		for _, p := range r.Parameters {
			x.Parameters = append(x.Parameters, access.RoleParameter(p))
		}
		for _, p := range r.Conditional() {
			x.Conditional = append(x.Conditional, access.RolePart{Entitlement: p.Entitlement, Role: p.Role, When: p.When})
		}
		all = append(all, x)
	}
	return all
}

// Invariant 7 of package role. What impact says of everybody is what desired state, computed before and
// after, says; and whoever rises or clashes did not before.
func TestImpactIsWhatDesiredStateSays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSituation(rt)
		catalog := role.NewCatalog(s.roles)
		desired, err := lifecycle.NewDesired(s.crowd, s.rules, plainRoles(catalog.All()))
		if err != nil {
			rt.Fatal(err)
		}
		id := access.RoleID(rapid.Int64Range(1, rolesThere).Draw(rt, "changed"))
		ch, err := catalog.Become(id, drawDefinition(rt, id))
		if err != nil {
			rt.Fatal(err)
		}
		want, err := desired.WhatIf(s.rules, plainRoles(ch.After(catalog).All()))
		if err != nil {
			rt.Fatal(err)
		}
		b := role.Before{View: s.facts.View(t), Catalog: catalog}
		for _, r := range s.rules {
			members, doubtful := desired.Members(r.Name)
			b.Rules = append(b.Rules, role.Rule{Name: r.Name, Roles: r.Roles, Entitlements: r.Entitlements, Members: bitsOf(members), Doubtful: bitsOf(doubtful), Choices: r.Choices, Having: func(attribute string, values []string) *roaring.Bitmap {
				return bitsOf(desired.Having(r.Name, attribute, values))
			}})
		}
		got := b.Impact(ch)
		seen := map[access.EntitlementID]bool{}
		for _, x := range got.Shifts {
			seen[x.Entitlement] = true
			if !x.Gain.Equals(bitsOf(want.Gain(x.Entitlement))) || !x.Lose.Equals(bitsOf(want.Lose(x.Entitlement))) {
				rt.Fatalf("%s: gain %v lose %v, not %v and %v", x.Entitlement, x.Gain, x.Lose, want.Gain(x.Entitlement), want.Lose(x.Entitlement))
			}
		}
		for _, e := range want.Entitlements() {
			if !seen[e] {
				rt.Fatalf("%s changes, and impact does not know", e)
			}
		}
		if changed := roaring.Or(got.Gainers, got.Losers); !changed.Equals(bitsOf(want.People())) {
			rt.Fatalf("it changes something for %v, not for %v", changed, want.People())
		}
	})
}
