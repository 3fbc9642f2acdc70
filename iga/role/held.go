package role

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/iga/role/mine"
)

// Held yields who holds what as a role would give it: what mining for roles reads. Whoever
// has left, or is yet to come, is left out.
func Held(v *graph.View, in func(graph.EntitlementNode) bool, yield func(access.IdentityID, access.EntitlementID) error) error {
	for e := range v.Entitlements() {
		if !in(e) {
			continue
		}
		for who := range Holders(v, e.ID) {
			if n, there := v.Identity(who); !there || !keeps(n.State) {
				continue
			}
			if err := yield(who, e.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// Same is the role that gives exactly some entitlements, if there is one.
func (c *Catalog) Same(entitlements []access.EntitlementID) (*Role, bool) {
	r, ok := c.sames()[CandidateID(entitlements)]
	return r, ok
}

// sames are the roles by what they give, as candidates are known.
func (c *Catalog) sames() map[string]*Role {
	all := map[string]*Role{}
	for _, r := range c.All() {
		if id := CandidateID(c.Given(r.ID)); all[id] == nil {
			all[id] = r
		}
	}
	return all
}

// People tells what is known of people that says why they have what they have.
type People interface {
	// Told gives the attributes of each, by name.
	Told(ctx context.Context, ids []access.IdentityID, take func(access.IdentityID, map[string]string)) error
}

// Where says what of who holds what is mined.
type Where struct {
	Systems []access.SystemID
	Sees    ask.Sight // nothing else is mined
	People  bool      // what is known of people is looked at
	Unit    string    // only people of it
	Most    int       // pairs
}

// Ground is what is mined, and whom and what its numbers stand for.
type Ground struct {
	Matrix      mine.Matrix
	Attributes  *mine.Attributes // nil where people are not looked at
	Users       []access.IdentityID
	Permissions []access.EntitlementID
	Rev         access.Rev

	told []map[string]string // of each user
}

// holding is that somebody holds something.
type holding struct {
	who  access.IdentityID
	what access.EntitlementID
}

// Ground reads who holds what, and what is known of them. Names are as people know them;
// where two are the same, their ids tell them apart.
func (t *Teller) Ground(ctx context.Context, w Where) (*Ground, error) {
	g := &Ground{}
	pairs, err := t.holdings(ctx, w, g)
	if err != nil {
		return nil, err
	}
	refs := map[access.Ref]bool{}
	for _, p := range pairs {
		refs[p.who.Ref()] = true
	}
	told := map[access.IdentityID]map[string]string{}
	if w.People {
		if told, err = t.told(ctx, refs); err != nil {
			return nil, err
		}
	}
	if w.Unit != "" {
		pairs = slices.DeleteFunc(pairs, func(p holding) bool { return told[p.who]["unit"] != w.Unit })
	}
	if len(pairs) == 0 {
		return nil, mine.ErrPairs.With("nobody holds anything there by themself: sync the systems first, or choose others")
	}
	clear(refs)
	for _, p := range pairs {
		refs[p.who.Ref()], refs[p.what.Ref()] = true, true
	}
	return g, t.number(ctx, g, pairs, slices.Collect(maps.Keys(refs)), told)
}

// holdings are the pairs of some systems, of what may be seen.
func (t *Teller) holdings(ctx context.Context, w Where, g *Ground) (pairs []holding, err error) {
	in := map[access.SystemID]bool{}
	for _, id := range w.Systems {
		in[id] = true
	}
	v := t.Graph.View()
	defer v.Close()
	g.Rev = v.Rev()
	meant := func(e graph.EntitlementNode) bool { return in[e.System] && w.Sees(e.ID.Ref()) }
	err = Held(v, meant, func(who access.IdentityID, what access.EntitlementID) error {
		if len(pairs) == w.Most {
			return mine.ErrTooLarge.With("more than %d pairs: mine fewer systems, or one unit, at a time", w.Most)
		}
		pairs = append(pairs, holding{who, what})
		return ctx.Err()
	})
	return pairs, err
}

// told is what is known of people. What is empty says nothing.
func (t *Teller) told(ctx context.Context, people map[access.Ref]bool) (map[access.IdentityID]map[string]string, error) {
	ids := make([]access.IdentityID, 0, len(people))
	for r := range people {
		ids = append(ids, access.IdentityID(r.Key))
	}
	slices.Sort(ids)
	told := map[access.IdentityID]map[string]string{}
	err := t.People.Told(ctx, ids, func(id access.IdentityID, values map[string]string) { told[id] = values })
	if err != nil {
		return nil, fmt.Errorf("reading what is known of people: %w", err)
	}
	return told, nil
}

// number makes the matrix of pairs.
func (t *Teller) number(ctx context.Context, g *Ground, pairs []holding, refs []access.Ref, told map[access.IdentityID]map[string]string) error {
	names, err := t.uniqueNames(ctx, refs)
	if err != nil {
		return err
	}
	users, permissions := map[string]access.IdentityID{}, map[string]access.EntitlementID{}
	var b mine.Builder
	for _, p := range pairs {
		user, permission := names[p.who.Ref()], names[p.what.Ref()]
		users[user], permissions[permission] = p.who, p.what
		if err := b.Add(user, permission); err != nil {
			return err
		}
	}
	g.Matrix = b.Matrix()
	for _, name := range g.Matrix.Permissions {
		g.Permissions = append(g.Permissions, permissions[name])
	}
	for _, name := range g.Matrix.Users {
		id := users[name]
		g.Users, g.told = append(g.Users, id), append(g.told, told[id])
		if len(told[id]) == 0 {
			continue
		}
		if g.Attributes == nil {
			g.Attributes = &mine.Attributes{}
		}
		for _, attribute := range slices.Sorted(maps.Keys(told[id])) {
			g.Attributes.Add(name, attribute, told[id][attribute])
		}
	}
	return nil
}

// uniqueNames are names that each stand for one thing.
func (t *Teller) uniqueNames(ctx context.Context, refs []access.Ref) (map[access.Ref]string, error) {
	name, err := ask.NamesOf(ctx, t.Names, ask.Everything, refs)
	if err != nil {
		return nil, err
	}
	type key struct {
		kind access.ObjectKind
		name string
	}
	times := map[key]int{}
	for _, ref := range refs {
		times[key{ref.Kind, name(ref).String()}]++
	}
	names := map[access.Ref]string{}
	for _, ref := range refs {
		names[ref] = name(ref).String()
		if times[key{ref.Kind, names[ref]}] > 1 {
			names[ref] += " (" + ref.String() + ")"
		}
	}
	return names, nil
}
