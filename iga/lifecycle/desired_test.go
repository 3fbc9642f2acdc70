package lifecycle

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

var states = []access.IdentityState{access.Active, access.Active, access.Active, access.Terminating, access.LeaveOfAbsence, access.PreHire, access.Terminated}

func somebody(id access.IdentityID) *rapid.Generator[Person] {
	return rapid.Custom(func(t *rapid.T) Person {
		p := Person{ID: id, State: rapid.SampledFrom(states).Draw(t, "state"), Values: map[string]string{
			"identity.unit":  rapid.SampledFrom([]string{"Sales", "Treasury", "IT", ""}).Draw(t, "unit"),
			"identity.title": rapid.SampledFrom([]string{"Clerk", "Head", "Analyst"}).Draw(t, "title"),
		}}
		if login := rapid.SampledFrom([]string{"", "ana", "ben"}).Draw(t, "login"); login != "" {
			p.Values["identity.login"] = login
		}
		if site := rapid.SampledFrom([]string{"", "Bern", "Oslo"}).Draw(t, "site"); site != "" {
			p.Values["identity.attributes.site"] = site
		}
		if region := rapid.SampledFrom([]string{"", "emea", "apac", "emea; apac", "mars", "emea;mars", " ; "}).Draw(t, "region"); region != "" {
			p.Values["identity.attributes.region"] = region
		}
		if rapid.Bool().Draw(t, "third") {
			p.Values["identity.third_party"] = "true"
		}
		p.Roles = rapid.SliceOfNDistinct(rapid.Map(rapid.Int64Range(1, 5), func(n int64) access.RoleID { return access.RoleID(n) }), 0, 2, rapid.ID).Draw(t, "roles")
		return p
	})
}

var conditions = []string{
	`true`, `identity.unit == "Sales"`, `identity.unit == "IT" && !identity.third_party`, `identity.title.startsWith("He")`,
	`identity.attributes.site == "Bern"`,                                  // fails where there is no site
	`"site" in identity.attributes && identity.attributes.site == "Oslo"`, // does not
	`identity.login == "ana"`, `identity.login == "" || identity.unit == "IT"`,
	`identity.attributes.size() == 1 && identity.third_party`,
}

// someChoices are of roles that may have the parameters, or others.
func someChoices(t *rapid.T) (list []access.Choice) {
	for range rapid.IntRange(0, 2).Draw(t, "choices") {
		c := access.Choice{Role: access.RoleID(rapid.Int64Range(1, 6).Draw(t, "of")), With: map[string]string{}, From: map[string]string{}}
		switch rapid.IntRange(0, 3).Draw(t, "region from") {
		case 0:
			c.With["region"] = rapid.SampledFrom([]string{"emea", "mars"}).Draw(t, "for everybody")
		case 1:
			c.From["region"] = "identity.attributes.region"
		case 2: // as the role says
		case 3:
			c.From["region"], c.With["size"] = "identity.title", "s"
		}
		if rapid.Bool().Draw(t, "unit from") {
			c.From["unit"] = "identity.unit"
		}
		list = append(list, c)
	}
	return list
}

// someParameters makes a role parametric, with what some of its variants give.
func someParameters(t *rapid.T, r *access.Role) {
	if rapid.Bool().Draw(t, "parametric") {
		r.Parameters = append(r.Parameters, access.RoleParameter{
			Name: "region", Values: rapid.SampledFrom([][]string{{"emea"}, {"apac", "emea"}}).Draw(t, "regions"),
			From: rapid.SampledFrom([]string{"", "identity.attributes.region"}).Draw(t, "from"),
		})
	}
	if rapid.IntRange(0, 3).Draw(t, "with units") == 0 {
		r.Parameters = append(r.Parameters, access.RoleParameter{Name: "unit", Values: []string{"IT", "Sales"}})
	}
	for range rapid.IntRange(0, 3).Draw(t, "conditional") {
		part := access.RolePart{When: map[string]string{}}
		for _, p := range r.Parameters {
			if rapid.Bool().Draw(t, "asks") {
				part.When[p.Name] = rapid.SampledFrom(p.Values).Draw(t, "when")
			}
		}
		if len(part.When) == 0 {
			continue
		}
		if rapid.Bool().Draw(t, "a role") {
			part.Role = access.RoleID(rapid.Int64Range(1, 6).Draw(t, "contains"))
		} else {
			part.Entitlement = entitlementIDs.Draw(t, "conditional")
		}
		r.Conditional = append(r.Conditional, part)
	}
}

// variants gives what each variant that somebody has gives, one after the other.
func variants(p Person, c access.Choice, own map[access.RoleID]access.Role) (list [][]access.EntitlementID) {
	r := own[c.Role]
	if c.Fits("", r.Parameters) != nil {
		return nil
	}
	all := []map[string]string{{}}
	for _, x := range r.Parameters {
		values := access.ListOf(p.Values[c.Source(x)])
		if fixed, ok := c.With[x.Name]; ok {
			values = []string{fixed}
		}
		var next []map[string]string
		for _, v := range values {
			for _, with := range all {
				if with = maps.Clone(with); slices.Contains(x.Values, v) {
					with[x.Name] = v
					next = append(next, with)
				}
			}
		}
		all = next
	}
	for _, bound := range all {
		gives := closure(own, r.ID)
		for _, part := range r.Conditional {
			fits := true
			for name, value := range part.When {
				fits = fits && bound[name] == value
			}
			switch {
			case !fits:
			case part.Role != 0:
				gives = append(gives, closure(own, part.Role)...)
			default:
				gives = append(gives, part.Entitlement)
			}
		}
		list = append(list, gives)
	}
	return list
}

// everyPart is all that any variant that is chosen could give to anybody.
func everyPart(c access.Choice, own map[access.RoleID]access.Role) (list []access.EntitlementID) {
	r := own[c.Role]
	var parts []string
	for _, x := range r.Parameters {
		parts = append(parts, strings.Join(x.Values, ";"))
	}
	able := Person{Values: map[string]string{}}
	from := access.Choice{Role: c.Role, With: c.With, From: map[string]string{}}
	if c.Fits("", r.Parameters) != nil {
		return nil
	}
	for i, x := range r.Parameters {
		if _, fixed := c.With[x.Name]; !fixed {
			from.From[x.Name] = "identity.attributes." + x.Name
			able.Values[from.From[x.Name]] = parts[i]
		}
	}
	for _, gives := range variants(able, from, own) {
		list = append(list, gives...)
	}
	return list
}

func someRules(t *rapid.T) (rules []Rule) {
	for i := range rapid.IntRange(0, 6).Draw(t, "rules") {
		rules = append(rules, Rule{
			Name: fmt.Sprintf("r%d", i), When: rapid.SampledFrom(conditions).Draw(t, "when"),
			Roles:        rapid.SliceOfN(rapid.Map(rapid.Int64Range(1, 6), func(n int64) access.RoleID { return access.RoleID(n) }), 0, 2).Draw(t, "gives roles"),
			Entitlements: append([]access.EntitlementID{access.EntitlementID(100 + i)}, rapid.SliceOfN(entitlementIDs, 0, 2).Draw(t, "gives")...),
			Choices:      someChoices(t),
			Mode:         rapid.SampledFrom([]policy.Mode{policy.Observe, policy.Warn, policy.Enforce, policy.Enforce, policy.Enforce}).Draw(t, "mode"),
		})
	}
	return rules
}

var entitlementIDs = rapid.Map(rapid.Int64Range(1, 8), func(n int64) access.EntitlementID { return access.EntitlementID(n) })

func someRoles(t *rapid.T) (roles []access.Role) {
	for i := range rapid.IntRange(0, 5).Draw(t, "roles") {
		roles = append(roles, access.Role{
			ID: access.RoleID(i + 1), Entitlements: rapid.SliceOfN(entitlementIDs, 0, 3).Draw(t, "of role"),
			Parents: rapid.SliceOfN(rapid.Map(rapid.Int64Range(1, 6), func(n int64) access.RoleID { return access.RoleID(n) }), 0, 2).Draw(t, "parents"),
		})
		someParameters(t, &roles[i])
	}
	return roles
}

// told is what is said of each: what they should have, and what cannot be told.
type told map[access.IdentityID]map[access.EntitlementID]verdict

// plainly works it out one by one, without anything that is shared between people.
func plainly(t *rapid.T, crowd map[access.IdentityID]Person, rules []Rule, roles []access.Role) told {
	all := told{}
	own := map[access.RoleID]access.Role{}
	for _, r := range roles {
		own[r.ID] = r
	}
	for id, p := range crowd {
		has := map[access.EntitlementID]verdict{}
		all[id] = has
		if !keeps(p.State) {
			continue
		}
		give := func(v verdict, list []access.EntitlementID) {
			for _, e := range list {
				if v == yes || has[e] != yes {
					has[e] = v
				}
			}
		}
		for _, r := range rules {
			if r.Mode != policy.Enforce {
				continue
			}
			x, err := policy.Compile(r.When, Vars)
			if err != nil {
				t.Fatal(err)
			}
			of := map[string]string{}
			for _, name := range []string{"site", "region"} {
				if value, ok := p.Values["identity.attributes."+name]; ok {
					of[name] = value
				}
			}
			meets, err := x.Bool(map[string]any{
				"identity.unit": p.Values["identity.unit"], "identity.title": p.Values["identity.title"], "identity.login": p.Values["identity.login"],
				"identity.third_party": p.Values["identity.third_party"] == "true", "identity.attributes": of,
			})
			v := no
			if err != nil {
				v = cannot
			} else if meets {
				v = yes
			}
			if v == no {
				continue
			}
			give(v, r.Entitlements)
			for _, role := range r.Roles {
				give(v, closure(own, role))
			}
			for _, c := range r.Choices {
				if v == cannot {
					give(v, everyPart(c, own))
					continue
				}
				for _, gives := range variants(p, c, own) {
					give(v, gives)
				}
			}
		}
		for _, role := range p.Roles {
			give(yes, closure(own, role))
		}
	}
	return all
}

func (d *Desired) told() told {
	all := told{}
	for id, row := range d.crowd.rows {
		all[id] = map[access.EntitlementID]verdict{}
		for e, s := range d.state {
			if s.should.Contains(row) {
				all[id][e] = yes
			} else if s.doubt.Contains(row) {
				all[id][e] = cannot
			}
		}
	}
	return all
}

// between is what differs, in the words of a change.
func (t told) between(after told) map[access.IdentityID]Change {
	all := map[access.IdentityID]Change{}
	ids := maps.Clone(t)
	maps.Copy(ids, after)
	for id := range ids {
		c := Change{Identity: id}
		for e := access.EntitlementID(1); e < 200; e++ {
			was, is := max(no, t[id][e]), max(no, after[id][e])
			if is == yes && was != yes {
				c.Gains = append(c.Gains, e)
			}
			if was != no && is == no {
				c.Loses = append(c.Loses, e)
			}
		}
		if len(c.Gains)+len(c.Loses) > 0 {
			all[id] = c
		}
	}
	return all
}

// Invariants 1 to 5: whatever happens, what was followed is what each person's own
// attributes give, and each step says exactly what it changed.
func TestDesiredFollows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		crowd, now := NewCrowd(), map[access.IdentityID]Person{}
		for id := range access.IdentityID(rapid.IntRange(0, 12).Draw(t, "people")) {
			now[id+1] = somebody(id+1).Draw(t, "person")
			crowd.Put(now[id+1])
		}
		rules, roles := someRules(t), someRoles(t)
		d, err := NewDesired(crowd, rules, roles)
		if err != nil {
			t.Fatal(err)
		}
		want := plainly(t, now, rules, roles)
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			same(t, d.told(), want)
			before := want
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				var people []Person
				for range rapid.IntRange(1, 3).Draw(t, "some") {
					id := access.IdentityID(rapid.Int64Range(1, 16).Draw(t, "who"))
					if !slices.ContainsFunc(people, func(p Person) bool { return p.ID == id }) {
						people = append(people, somebody(id).Draw(t, "person"))
						now[id] = people[len(people)-1]
					}
				}
				want = plainly(t, now, rules, roles)
				changes(t, d.Follow(people, nil), before.between(want))
			case 1:
				id := access.IdentityID(rapid.Int64Range(1, 16).Draw(t, "who leaves"))
				delete(now, id)
				want = plainly(t, now, rules, roles)
				changes(t, d.Follow(nil, []access.IdentityID{id}), before.between(want))
			case 2:
				rules, roles = someRules(t), someRoles(t)
				want = plainly(t, now, rules, roles)
				if diff, err := d.WhatIf(rules, roles); err != nil {
					t.Fatal(err)
				} else {
					changes(t, diff.each(), before.between(want))
				}
				same(t, d.told(), before) // it only asked
				diff, err := d.Change(rules, roles)
				if err != nil {
					t.Fatal(err)
				}
				changes(t, diff.each(), before.between(want))
			}
		}
		same(t, d.told(), want)
		for id := range now {
			dues(t, d, id, want[id])
		}
	})
}

func (d *Difference) each() (list []Change) {
	by := map[access.IdentityID]Change{}
	for _, e := range d.Entitlements() {
		for _, id := range d.Gain(e) {
			c := by[id]
			c.Gains = append(c.Gains, e)
			by[id] = c
		}
		for _, id := range d.Lose(e) {
			c := by[id]
			c.Loses = append(c.Loses, e)
			by[id] = c
		}
	}
	for _, id := range d.People() {
		c := by[id]
		c.Identity = id
		list = append(list, c)
	}
	return list
}

func changes(t *rapid.T, got []Change, want map[access.IdentityID]Change) {
	if len(got) != len(want) {
		t.Fatalf("%d change, not %d: %v, not %v", len(got), len(want), got, want)
	}
	for _, c := range got {
		if w := want[c.Identity]; !slices.Equal(c.Gains, w.Gains) || !slices.Equal(c.Loses, w.Loses) {
			t.Fatalf("%v, not %v", c, w)
		}
	}
}

func same(t *rapid.T, got, want told) {
	for id := range want {
		for e := access.EntitlementID(1); e < 200; e++ {
			if max(no, got[id][e]) != max(no, want[id][e]) {
				t.Fatalf("identity %d, entitlement %d: %d, not %d", id, e, got[id][e], want[id][e])
			}
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d people, not %d", len(got), len(want))
	}
}

// Invariant 6.
func dues(t *rapid.T, d *Desired, id access.IdentityID, want map[access.EntitlementID]verdict) {
	n := 0
	for _, v := range want {
		if v == yes {
			n++
		}
	}
	list := d.Of(id)
	if len(list) != n || !slices.IsSortedFunc(list, func(a, b Due) int { return cmp.Compare(a.Entitlement, b.Entitlement) }) {
		t.Fatalf("identity %d: %v, of %d", id, list, n)
	}
	for _, due := range list {
		if len(due.Because) == 0 || want[due.Entitlement] != yes {
			t.Fatalf("identity %d: %v for no reason", id, due)
		}
	}
}
