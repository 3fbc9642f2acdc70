package lifecycle

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
)

// share is a part of a role that is chosen, and who has a variant of which it is a part.
type share struct {
	rule    int // its place
	role    access.RoleID
	when    string // in words
	all     []access.EntitlementID
	wants   []access.Want
	members *roaring.Bitmap
}

// meets reports whether a row has what is wanted. Variants have one value of each
// parameter, whatever the others': so somebody has one that fits where they have one value
// of each that does.
func (s *share) meets(c *Crowd, row uint32) bool {
	for _, w := range s.wants {
		own := access.ListOf(c.value(w.From, row))
		if !slices.ContainsFunc(own, func(v string) bool { return slices.Contains(w.Any, v) }) {
			return false
		}
	}
	return true
}

// shares are the parts of the roles that the rules choose. A choice that the role does not
// fit gives nothing.
func (c *Crowd) shares(rules []judged, roles map[access.RoleID]access.Role) (list []share) {
	for i := range rules {
		if !rules[i].gives() {
			continue
		}
		for _, choice := range rules[i].Choices {
			r := roles[choice.Role]
			if choice.Fits(r.Name, r.Parameters) != nil {
				continue
			}
			having := divider{c, rules[i].members, map[string]map[string]*roaring.Bitmap{}}
			list = append(list, having.shares(i, choice, r, roles)...)
		}
	}
	return list
}

// shares are what all variants give, and what those give that have some values.
func (d *divider) shares(rule int, c access.Choice, r access.Role, roles map[access.RoleID]access.Role) (list []share) {
	parts := map[string]*share{}
	add := func(when map[string]string, all []access.EntitlementID) {
		wants, ok := c.Wants(r.Parameters, when)
		if !ok || len(all) == 0 {
			return
		}
		text := pairsOf(when)
		if parts[text] == nil {
			parts[text] = &share{rule: rule, role: r.ID, when: text, wants: wants}
		}
		parts[text].all = append(parts[text].all, all...)
	}
	add(nil, closure(roles, r.ID))
	for _, p := range r.Conditional {
		all := []access.EntitlementID{p.Entitlement}
		if p.Role != 0 {
			all = closure(roles, p.Role)
		}
		add(p.When, all)
	}
	for _, text := range slices.Sorted(maps.Keys(parts)) {
		s := parts[text]
		slices.Sort(s.all)
		s.all, s.members = slices.Compact(s.all), d.members
		for _, w := range s.wants {
			s.members = roaring.And(s.members, d.any(w))
		}
		s.members = s.members.Clone() // it is followed by itself
		list = append(list, *s)
	}
	return list
}

func pairsOf(values map[string]string) string {
	words := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		words = append(words, name+"="+values[name])
	}
	return strings.Join(words, ", ")
}

// divider tells the members of a rule apart by the values of attributes, each once.
type divider struct {
	*Crowd
	members *roaring.Bitmap
	by      map[string]map[string]*roaring.Bitmap // by attribute and value
}

// any are the members who have one of some values.
func (d *divider) any(w access.Want) *roaring.Bitmap {
	by := d.by[w.From]
	if by == nil {
		by = d.values(w.From, d.members)
		d.by[w.From] = by
	}
	var sets []*roaring.Bitmap
	for _, v := range w.Any {
		if set := by[v]; set != nil {
			sets = append(sets, set)
		}
	}
	return roaring.FastOr(sets...)
}

// values are the rows of some that have each value of an attribute; "" stands for none.
// Text that many share is looked at once.
func (c *Crowd) values(name string, of *roaring.Bitmap) map[string]*roaring.Bitmap {
	col := c.columns[name]
	lists, rows := map[uint32][]string{}, map[string][]uint32{}
	for row := range each(of) {
		code := col.at(row)
		list, known := lists[code]
		if !known {
			if code != 0 {
				list = access.ListOf(col.values[code])
			}
			if len(list) == 0 {
				list = []string{""}
			}
			if col == nil || !col.own {
				lists[code] = list
			}
		}
		for _, v := range list {
			if n := len(rows[v]); n == 0 || rows[v][n-1] != row {
				rows[v] = append(rows[v], row)
			}
		}
	}
	sets := make(map[string]*roaring.Bitmap, len(rows))
	for v, list := range rows {
		sets[v] = roaring.BitmapOf(list...)
	}
	return sets
}

// Without is a value of which the role that a rule chooses has no variant: whoever has it
// is given nothing for it.
type Without struct {
	Role      access.RoleID
	Parameter string // none: the choice and the role do not fit
	From      string // the attribute
	Value     string // none: they have no value
	People    []access.IdentityID
	Why       string // the choice and the role do not fit
}

// without are the values without a variant of the members of a rule, what concerns most
// people first.
func (p *plan) without(c *Crowd, name string) (list []Without) {
	i := slices.IndexFunc(p.rules, func(r judged) bool { return r.Name == name })
	if i < 0 {
		return nil
	}
	for _, choice := range p.rules[i].Choices {
		r := p.defined[choice.Role]
		if err := choice.Fits(r.Name, r.Parameters); err != nil {
			list = append(list, Without{Role: choice.Role, People: people(c.ids, p.rules[i].members), Why: err.Error()})
			continue
		}
		for _, x := range r.Parameters {
			if _, fixed := choice.With[x.Name]; fixed {
				continue
			}
			for value, set := range c.values(choice.Source(x), p.rules[i].members) {
				if !slices.Contains(x.Values, value) {
					list = append(list, Without{Role: r.ID, Parameter: x.Name, From: choice.Source(x), Value: value, People: people(c.ids, set)})
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b Without) int {
		return cmp.Or(cmp.Compare(len(b.People), len(a.People)), cmp.Compare(a.Role, b.Role), strings.Compare(a.Parameter, b.Parameter), strings.Compare(a.Value, b.Value))
	})
	return list
}

// Having are the members of a rule who have one of some values of an attribute.
func (d *Desired) Having(rule, attribute string, values []string) []access.IdentityID {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return people(d.crowd.ids, (&divider{d.crowd, named(d.rules, rule).members, map[string]map[string]*roaring.Bitmap{}}).any(access.Want{From: attribute, Any: values}))
}
