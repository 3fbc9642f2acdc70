package lifecycle

import (
	"maps"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
)

// Desired is who should have what. It is kept current by being told what changed; any
// number of goroutines may ask it.
type Desired struct {
	mu    sync.RWMutex
	crowd *Crowd
	plan
}

// plan is what some rules and roles come to.
type plan struct {
	rules []judged
	roles map[access.RoleID][]access.EntitlementID // all that each gives, inherited too
	gives map[access.EntitlementID]givers
	state map[access.EntitlementID]standing
}

// judged is a rule with all that it gives, and whom it is about.
type judged struct {
	compiled
	match
	all []access.EntitlementID
}

// givers are what gives an entitlement: rules, by their place, and roles.
type givers struct {
	rules []int
	roles []access.RoleID
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
	p := plan{roles: closures(roles), gives: map[access.EntitlementID]givers{}, state: map[access.EntitlementID]standing{}}
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
	}
	p.invert()
	for id, g := range p.gives {
		p.state[id] = d.crowd.standing(p.rules, g)
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
func closures(roles []access.Role) map[access.RoleID][]access.EntitlementID {
	own, all := map[access.RoleID]access.Role{}, map[access.RoleID][]access.EntitlementID{}
	for _, r := range roles {
		own[r.ID] = r
	}
	for id := range own {
		all[id] = closure(own, id)
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

func (c *Crowd) standing(rules []judged, g givers) standing {
	var members, failed []*roaring.Bitmap
	for _, i := range g.rules {
		members, failed = append(members, rules[i].members), append(failed, rules[i].failed)
	}
	for _, role := range g.roles {
		if set := c.roles[role]; set != nil {
			members = append(members, roaring.And(set, c.keeps))
		}
	}
	should := roaring.FastOr(members...)
	return standing{should, roaring.AndNot(roaring.FastOr(failed...), should)}
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

// Members are whom a rule is for, and those for whom it cannot be told, whatever its mode.
func (d *Desired) Members(name string) (members, doubtful []access.IdentityID) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, r := range d.rules {
		if r.Name == name {
			return people(d.crowd.ids, r.members), people(d.crowd.ids, r.failed)
		}
	}
	return nil, nil
}

// Reason is what gives somebody an entitlement: a rule, a role, or a rule by a role.
type Reason struct {
	Rule string        `json:"rule,omitempty"`
	Role access.RoleID `json:"role,omitzero"`
}

// Due is an entitlement that somebody should have, and all that it comes from.
type Due struct {
	Entitlement access.EntitlementID `json:"entitlement"`
	Because     []Reason             `json:"because"`
}

// Of is everything that one identity should have.
func (d *Desired) Of(id access.IdentityID) (list []Due) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	row, known := d.crowd.rows[id]
	if !known {
		return nil
	}
	because := map[access.EntitlementID][]Reason{}
	for _, r := range d.rules {
		if !r.gives() || !r.members.Contains(row) {
			continue
		}
		for _, e := range r.Entitlements {
			because[e] = append(because[e], Reason{Rule: r.Name})
		}
		for _, role := range r.Roles {
			for _, e := range d.roles[role] {
				because[e] = append(because[e], Reason{r.Name, role})
			}
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
	return list
}
