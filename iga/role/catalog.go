package role

import (
	"maps"
	"slices"

	"github.com/writhq/writ/access"
)

// Role is a role as it is published, or one variant of it.
type Role struct {
	ID access.RoleID
	Definition
	Version  int64         // the row's, as If-Match wants it
	Number   int           // 1 is the first that was published
	Of       access.RoleID // of a variant: the role
	Bound    Values        // of a variant: its values
	Authors  []string      // who wrote the version
	Reviewer string        // who reviewed it
	Since    access.Time   // when it was published
}

// Gives are the entitlements and roles that whoever has it gets from the role itself,
// whatever the values of its parameters.
func (r *Role) Gives() (entitlements []access.EntitlementID, roles []access.RoleID) {
	for _, p := range r.Parts {
		switch {
		case len(p.When) > 0:
		case p.Role != 0:
			roles = append(roles, p.Role)
		default:
			entitlements = append(entitlements, p.Entitlement)
		}
	}
	return entitlements, roles
}

// Conditional are the parts that some of its variants give.
func (r *Role) Conditional() (list []Part) {
	for _, p := range r.Parts {
		if len(p.When) > 0 {
			list = append(list, p)
		}
	}
	return list
}

// Parametric reports whether it is its variants that are assigned.
func (r *Role) Parametric() bool { return r.Of == 0 && len(r.Parameters) > 0 }

// Catalog is every role that is published.
type Catalog struct {
	roles map[access.RoleID]*Role
	names map[string]access.RoleID
}

// NewCatalog returns a catalog of roles.
func NewCatalog(roles []Role) *Catalog {
	c := &Catalog{map[access.RoleID]*Role{}, map[string]access.RoleID{}}
	for i := range roles {
		c.put(&roles[i])
	}
	return c
}

func (c *Catalog) put(r *Role) {
	if was := c.roles[r.ID]; was != nil {
		delete(c.names, was.Name)
	}
	c.roles[r.ID], c.names[r.Name] = r, r.ID
}

// with is the catalog with some roles as they are to become.
func (c *Catalog) with(roles ...*Role) *Catalog {
	next := &Catalog{maps.Clone(c.roles), maps.Clone(c.names)}
	for _, r := range roles {
		next.put(r)
	}
	return next
}

// Role returns one role.
func (c *Catalog) Role(id access.RoleID) (*Role, bool) {
	r, ok := c.roles[id]
	return r, ok
}

// Named returns the role that is called something.
func (c *Catalog) Named(name string) (*Role, bool) { return c.Role(c.names[name]) }

// All are all roles by their ids, variants with them.
func (c *Catalog) All() []*Role {
	list := make([]*Role, 0, len(c.roles))
	for _, id := range slices.Sorted(maps.Keys(c.roles)) {
		list = append(list, c.roles[id])
	}
	return list
}

// Variants are those of a role, by their ids.
func (c *Catalog) Variants(of access.RoleID) (list []*Role) {
	for _, r := range c.All() {
		if r.Of == of && of != 0 {
			list = append(list, r)
		}
	}
	return list
}

// variant is the one with some values.
func (c *Catalog) variant(of access.RoleID, v Values) *Role {
	key := v.Key()
	for _, r := range c.roles {
		if r.Of == of && r.Bound.Key() == key {
			return r
		}
	}
	return nil
}

// containers are the roles that contain one directly.
func (c *Catalog) containers(id access.RoleID) (list []*Role) {
	for _, r := range c.All() {
		if id != 0 && slices.ContainsFunc(r.Parts, func(p Part) bool { return p.Role == id }) {
			list = append(list, r)
		}
	}
	return list
}

// containing are, of each role that others contain, those others.
func (c *Catalog) containing() map[access.RoleID][]access.RoleID {
	over := map[access.RoleID][]access.RoleID{}
	for _, r := range c.All() {
		_, parts := r.Gives()
		for _, part := range parts {
			over[part] = append(over[part], r.ID)
		}
	}
	return over
}

// Given is everything that a role gives, inherited too, each once.
func (c *Catalog) Given(id access.RoleID) []access.EntitlementID {
	found := map[access.EntitlementID]bool{}
	seen := map[access.RoleID]bool{}
	for next := []access.RoleID{id}; len(next) > 0; {
		r := c.roles[next[len(next)-1]]
		next = next[:len(next)-1]
		if r == nil || seen[r.ID] {
			continue
		}
		seen[r.ID] = true
		own, roles := r.Gives()
		for _, e := range own {
			found[e] = true
		}
		next = append(next, roles...)
	}
	return slices.Sorted(maps.Keys(found))
}

// anyGives is everything that any variant of a role gives, inherited too.
func (c *Catalog) anyGives(id access.RoleID) []access.EntitlementID {
	list := c.Given(id)
	if r := c.roles[id]; r != nil {
		for _, p := range r.Conditional() {
			if p.Role == 0 {
				list = append(list, p.Entitlement)
			} else {
				list = append(list, c.Given(p.Role)...)
			}
		}
	}
	return list
}

// height is how many roles lie below each other, this one with them; beyond MaxDepth it
// stops counting.
func (c *Catalog) height(id access.RoleID, known map[access.RoleID]int) int {
	if n, ok := known[id]; ok {
		return n
	}
	known[id] = MaxDepth + 1 // what goes in a circle is too deep
	n := 0
	if r := c.roles[id]; r != nil {
		for _, p := range r.Parts {
			if p.Role != 0 {
				n = max(n, c.height(p.Role, known))
			}
		}
	}
	known[id] = min(n, MaxDepth) + 1
	return known[id]
}

// below reports whether a role, or a variant of it, is another one or lies below it.
func (c *Catalog) below(id, top access.RoleID) bool {
	seen := map[access.RoleID]bool{}
	for next := []access.RoleID{top}; len(next) > 0; {
		last := next[len(next)-1]
		next = next[:len(next)-1]
		r := c.roles[last]
		if last == id || r != nil && id != 0 && r.Of == id {
			return true
		}
		if r != nil && !seen[last] {
			seen[last] = true
			for _, p := range r.Parts {
				if p.Role != 0 {
					next = append(next, p.Role)
				}
			}
		}
	}
	return false
}

// Become is a role, and its variants, as a definition would make them; or the first rule
// that this breaks.
func (c *Catalog) Become(id access.RoleID, d Definition) (*Change, error) {
	d.tidy()
	if err := d.check(); err != nil {
		return nil, err
	}
	if other, taken := c.names[d.Name]; taken && other != id {
		return nil, ErrTaken.With("there is already a role called %q: choose another name", d.Name)
	}
	next := &Role{ID: id, Definition: d}
	if was := c.roles[id]; was != nil {
		if was.Of != 0 {
			return nil, ErrPart.With("%s is a variant: change the role that it is of", was.Name)
		}
		next.Version, next.Number = was.Version, was.Number
	}
	ch := &Change{Role: next}
	for _, v := range c.Variants(id) {
		if d.bind(v.Bound) != nil {
			ch.Gone = append(ch.Gone, v)
			continue
		}
		ch.Variants = append(ch.Variants, next.variant(v.ID, v.Bound, v))
	}
	if err := ch.fits(c); err != nil {
		return nil, err
	}
	return ch, ch.checkSize(c)
}

// Change is a role as it is to become, with its variants, and those that no longer can be.
type Change struct {
	Role           *Role
	Variants, Gone []*Role
}

// all are the roles of the change that there will be.
func (ch *Change) all() []*Role { return append([]*Role{ch.Role}, ch.Variants...) }

// After is a catalog with the change made.
func (ch *Change) After(c *Catalog) *Catalog {
	next := c.with(ch.all()...)
	for _, r := range ch.Gone {
		delete(next.roles, r.ID)
		delete(next.names, r.Name)
	}
	return next
}

// variant is a role with values; was is how it is now, if it is there.
func (r *Role) variant(id access.RoleID, v Values, was *Role) *Role {
	d := r.Definition
	d.Name, d.Parameters, d.Parts = r.Name+" ("+v.String()+")", nil, nil
	for _, p := range r.Parts {
		if v.has(p.When) {
			d.Parts = append(d.Parts, Part{Entitlement: p.Entitlement, Role: p.Role})
		}
	}
	next := &Role{ID: id, Definition: d, Of: r.ID, Bound: v, Number: r.Number, Authors: r.Authors, Reviewer: r.Reviewer}
	next.tidy()
	if was != nil {
		next.Version = was.Version
	}
	return next
}

// fits checks a change against what the role contains and what contains it.
func (ch *Change) fits(c *Catalog) error {
	r, next := ch.Role, ch.After(c)
	for _, p := range r.Parts {
		if p.Role == 0 {
			continue
		}
		part, there := c.roles[p.Role]
		switch {
		case p.Role == r.ID:
			return ErrCycle
		case !there:
			return ErrPart.With("there is no published role %s: publish it first, or leave it out", p.Role)
		case part.Parametric():
			return ErrPart.With("%s is parametric: contain one of its variants, such as %q", part.Name, part.Name+" ("+part.example().String()+")")
		case r.Kind == Technical && part.Kind == Business:
			return ErrContains.With("%s is a technical role and %s a business role: contain it the other way, or make %s a business role", r.Name, part.Name, r.Name)
		case next.below(r.ID, p.Role):
			return ErrCycle.With("%s contains %s already: a role cannot contain itself", part.Name, r.Name)
		}
	}
	for _, gone := range ch.Gone {
		for _, over := range c.containers(gone.ID) {
			return ErrInUse.With("%s contains %s: take it out there before that value goes", over.Name, gone.Name)
		}
	}
	for _, part := range ch.all() {
		for _, over := range c.containers(part.ID) {
			switch {
			case over.Kind == Technical && r.Kind == Business:
				return ErrContains.With("the technical role %s contains %s: take it out there before it becomes a business role", over.Name, part.Name)
			case part.Parametric():
				return ErrParameter.With("%s contains %s: take it out there before it gets parameters", over.Name, r.Name)
			}
		}
	}
	heights := map[access.RoleID]int{}
	for id := range next.roles {
		if next.height(id, heights) > MaxDepth && next.below(r.ID, id) {
			return ErrDepth.With("roles would contain each other more than %d deep: contain the lower ones directly", MaxDepth)
		}
	}
	return nil
}

// example are the first values that a role can have.
func (r *Role) example() Values {
	v := Values{}
	for _, p := range r.Parameters {
		v[p.Name] = p.Values[0]
	}
	return v
}

// checkSize reports a role that gives too much, with what it inherits.
func (ch *Change) checkSize(c *Catalog) error {
	if len(ch.Variants) > MaxVariants {
		return errNoVariants
	}
	next := ch.After(c)
	for _, r := range ch.all() {
		if n := len(next.Given(r.ID)); n > MaxGiven {
			return ErrSize.With("%s would give %d entitlements: %d is the most", r.Name, n, MaxGiven)
		}
	}
	return nil
}
