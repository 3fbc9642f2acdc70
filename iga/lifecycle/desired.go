package lifecycle

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// Desired is who should have what. It is kept current by being told what changed; any
// number of goroutines may ask it.
type Desired struct {
	mu    sync.RWMutex
	crowd *Crowd
	plan
	mappings map[access.SystemID]*mapped
	systems  map[access.EntitlementID]access.SystemID // of what rules and roles give
}

// Map makes mappings count, and says in which systems the entitlements are.
func (d *Desired) Map(mappings []Mapping, systems map[access.EntitlementID]access.SystemID) error {
	compiled := map[access.SystemID]*mapped{}
	for _, m := range mappings {
		if m.Mode != policy.Enforce {
			continue
		}
		c, err := m.compile()
		if err != nil {
			return fmt.Errorf("the mapping of %s: %w", m.System, err)
		}
		compiled[m.System] = c
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mappings, d.systems = compiled, systems
	return nil
}

// varsOf are all that expressions may look at of one person.
func (d *Desired) varsOf(id access.IdentityID) map[string]any {
	d.mu.RLock()
	defer d.mu.RUnlock()
	row, known := d.crowd.rows[id]
	if !known {
		return map[string]any{}
	}
	return d.crowd.vars(row)
}

// plan is what some rules and roles come to.
type plan struct {
	rules   []judged
	shares  []share // of the roles that the rules choose variants of
	defined map[access.RoleID]access.Role
	roles   map[access.RoleID][]access.EntitlementID // all that each gives, inherited too
	gives   map[access.EntitlementID]givers
	graces  map[string]int // days, by rule
	state   map[access.EntitlementID]standing
}

// judged is a rule with all that it gives, and whom it is about.
type judged struct {
	compiled
	match
	all []access.EntitlementID
}

// givers are what gives an entitlement: rules and shares, by their place, and roles.
type givers struct {
	rules, shares []int
	roles         []access.RoleID
}

// standing is who should have an entitlement, and who may, for all that can be told: where
// a rule that would give it cannot be evaluated.
type standing struct{ should, doubt *roaring.Bitmap }

// reach is everybody from whom nothing may be taken.
func (s standing) reach() *roaring.Bitmap { return roaring.Or(s.should, s.doubt) }

var nobody = roaring.New()

func (s standing) orNobody() standing {
	if s.should == nil {
		return standing{nobody, nobody}
	}
	return s
}

// NewDesired works out who of a crowd should have what. The crowd is Desired's from now on.
func NewDesired(crowd *Crowd, rules []Rule, roles []access.Role) (*Desired, error) {
	d := &Desired{crowd: crowd}
	p, err := d.under(rules, roles)
	if err != nil {
		return nil, err
	}
	d.plan = p
	return d, nil
}

// under evaluates what is new; a condition that stays is not asked again.
func (d *Desired) under(rules []Rule, roles []access.Role) (plan, error) {
	p := plan{defined: map[access.RoleID]access.Role{}, gives: map[access.EntitlementID]givers{}, graces: map[string]int{}, state: map[access.EntitlementID]standing{}}
	for _, r := range roles {
		p.defined[r.ID] = r
	}
	p.roles = closures(p.defined)
	known := map[string]match{}
	for _, r := range d.rules {
		known[r.When] = r.match
	}
	shared := divisions{}
	for _, r := range rules {
		c, err := r.compile()
		if err != nil {
			return plan{}, err
		}
		m, asked := known[r.When]
		if !asked {
			m = d.crowd.match(c, shared)
			known[r.When] = m
		}
		p.rules = append(p.rules, judged{c, m.own(), p.given(r)})
		p.graces[r.Name] = r.Grace
	}
	p.shares = d.crowd.shares(p.rules, p.defined)
	p.invert()
	for id, g := range p.gives {
		p.state[id] = d.crowd.standing(&p, g)
	}
	return p, nil
}

// own is a match that may be changed without changing another's. Groups are told alike for
// all; only who follows finds new ones.
func (m match) own() match {
	m.members, m.failed, m.verdicts = m.members.Clone(), m.failed.Clone(), slices.Clone(m.verdicts)
	return m
}

// invert finds what gives each entitlement.
func (p *plan) invert() {
	for i, r := range p.rules {
		if !r.gives() {
			continue
		}
		for _, id := range r.all {
			g := p.gives[id]
			g.rules = append(g.rules, i)
			p.gives[id] = g
		}
	}
	for i, s := range p.shares {
		for _, id := range s.all {
			g := p.gives[id]
			g.shares = append(g.shares, i)
			p.gives[id] = g
		}
	}
	for _, role := range slices.Sorted(maps.Keys(p.roles)) {
		for _, id := range p.roles[role] {
			g := p.gives[id]
			g.roles = append(g.roles, role)
			p.gives[id] = g
		}
	}
}

// given is everything that a rule gives, each once.
func (p *plan) given(r Rule) []access.EntitlementID {
	list := slices.Clone(r.Entitlements)
	for _, role := range r.Roles {
		list = append(list, p.roles[role]...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// closures are everything that each role gives.
func closures(roles map[access.RoleID]access.Role) map[access.RoleID][]access.EntitlementID {
	all := map[access.RoleID][]access.EntitlementID{}
	for id := range roles {
		all[id] = closure(roles, id)
	}
	return all
}

// closure is everything that a role gives, with what it inherits; going in a circle adds
// nothing.
func closure(roles map[access.RoleID]access.Role, id access.RoleID) (list []access.EntitlementID) {
	seen := map[access.RoleID]bool{}
	for next := []access.RoleID{id}; len(next) > 0; {
		last := next[len(next)-1]
		next = next[:len(next)-1]
		if seen[last] {
			continue
		}
		seen[last] = true
		list, next = append(list, roles[last].Entitlements...), append(next, roles[last].Parents...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (c *Crowd) standing(p *plan, g givers) standing {
	var members, failed []*roaring.Bitmap
	for _, i := range g.rules {
		members, failed = append(members, p.rules[i].members), append(failed, p.rules[i].failed)
	}
	for _, i := range g.shares {
		members, failed = append(members, p.shares[i].members), append(failed, p.rules[p.shares[i].rule].failed)
	}
	for _, role := range g.roles {
		if set := c.roles[role]; set != nil {
			members = append(members, roaring.And(set, c.keeps))
		}
	}
	should := roaring.FastOr(members...)
	return standing{should, roaring.AndNot(roaring.FastOr(failed...), should)}
}

// given is everything that rules and roles give, in order.
func (d *Desired) given() []access.EntitlementID {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Sorted(maps.Keys(d.gives))
}

// Change makes other rules and roles count, and returns what that changes.
func (d *Desired) Change(rules []Rule, roles []access.Role) (*Difference, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, err := d.under(rules, roles)
	if err != nil {
		return nil, err
	}
	diff := d.difference(p)
	d.plan = p
	return diff, nil
}

// WhatIf returns what other rules and roles would change, and changes nothing.
func (d *Desired) WhatIf(rules []Rule, roles []access.Role) (*Difference, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	p, err := d.under(rules, roles)
	if err != nil {
		return nil, err
	}
	return d.difference(p), nil
}

// Trial is what changing one rule would mean: for whom it is, and what they have.
type Trial struct {
	*Difference
	Members  []access.IdentityID // whom it would be for
	Joining  []access.IdentityID // those of them for whom it is not now
	Leaving  []access.IdentityID // for whom it is now and would not be
	Doubtful []access.IdentityID // for whom it could not be told
	Without  []Without           // what no variant is for
}

// Try is WhatIf, and what it means for whom one of the rules is for.
func (d *Desired) Try(rules []Rule, roles []access.Role, name string) (Trial, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	p, err := d.under(rules, roles)
	if err != nil {
		return Trial{}, err
	}
	was, is := named(d.rules, name), named(p.rules, name)
	of := func(set *roaring.Bitmap) []access.IdentityID { return people(d.crowd.ids, set) }
	return Trial{
		Difference: d.difference(p), Members: of(is.members), Doubtful: of(is.failed),
		Joining: of(roaring.AndNot(is.members, was.members)), Leaving: of(roaring.AndNot(was.members, is.members)),
		Without: p.without(d.crowd, name),
	}, nil
}

// named is whom the rule of a name is for: nobody, where there is none.
func named(rules []judged, name string) match {
	for _, r := range rules {
		if r.Name == name {
			return r.match
		}
	}
	return match{members: nobody, failed: nobody}
}

// Members are whom a rule is for, and those for whom it cannot be told, whatever its mode.
func (d *Desired) Members(name string) (members, doubtful []access.IdentityID) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	m := named(d.rules, name)
	return people(d.crowd.ids, m.members), people(d.crowd.ids, m.failed)
}

// matching is whom a condition is for, and those for whom it cannot be told.
func (d *Desired) matching(r compiled) (members, doubtful []access.IdentityID) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	m := d.crowd.match(r, divisions{})
	return people(d.crowd.ids, m.members), people(d.crowd.ids, m.failed)
}

// Without are the values of a rule's members that no variant is for which it chooses.
func (d *Desired) Without(name string) []Without {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.without(d.crowd, name)
}

// Reason is what gives somebody an entitlement: a rule, a role, or a rule by a role, perhaps
// for some values of its parameters.
type Reason struct {
	Rule string        `json:"rule,omitempty"`
	Role access.RoleID `json:"role,omitzero"`
	With string        `json:"with,omitempty"`
}

// Due is an entitlement that somebody should have, and all that it comes from.
type Due struct {
	Entitlement access.EntitlementID `json:"entitlement"`
	Because     []Reason             `json:"because"`
}

// Of is everything that one identity should have.
func (d *Desired) Of(id access.IdentityID) []Due {
	list, _ := d.should(id)
	return list
}

// Doubtful is what a rule would give somebody of whom it cannot be told whether they meet
// it: they keep it if they have it.
func (d *Desired) Doubtful(id access.IdentityID) map[access.EntitlementID]bool {
	_, doubtful := d.should(id)
	return doubtful
}

// should is everything that one identity should have, and what a rule would give of which
// it cannot be told whether they meet it.
func (d *Desired) should(id access.IdentityID) (list []Due, doubtful map[access.EntitlementID]bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	row, known := d.crowd.rows[id]
	if !known {
		return nil, nil
	}
	because := map[access.EntitlementID][]Reason{}
	for _, r := range d.rules {
		switch {
		case !r.gives():
		case r.members.Contains(row):
			d.because(r, because)
		case r.failed.Contains(row):
			doubtful = doubting(doubtful, r.all)
		}
	}
	for i := range d.shares {
		s := &d.shares[i]
		switch r := &d.rules[s.rule]; {
		case s.members.Contains(row):
			for _, e := range s.all {
				because[e] = append(because[e], Reason{r.Name, s.role, s.when})
			}
		case r.failed.Contains(row):
			doubtful = doubting(doubtful, s.all)
		}
	}
	if d.crowd.keeps.Contains(row) {
		for _, role := range d.crowd.of[row] {
			for _, e := range d.roles[role] {
				because[e] = append(because[e], Reason{Role: role})
			}
		}
	}
	for _, e := range slices.Sorted(maps.Keys(because)) {
		list = append(list, Due{e, because[e]})
	}
	return list, doubtful
}

func doubting(doubtful map[access.EntitlementID]bool, more []access.EntitlementID) map[access.EntitlementID]bool {
	if doubtful == nil {
		doubtful = map[access.EntitlementID]bool{}
	}
	for _, e := range more {
		doubtful[e] = true
	}
	return doubtful
}

// because adds that a rule gives what it gives.
func (d *Desired) because(r judged, into map[access.EntitlementID][]Reason) {
	for _, e := range r.Entitlements {
		into[e] = append(into[e], Reason{Rule: r.Name})
	}
	for _, role := range r.Roles {
		for _, e := range d.roles[role] {
			into[e] = append(into[e], Reason{Rule: r.Name, Role: role})
		}
	}
}
