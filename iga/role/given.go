package role

import (
	"cmp"
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
)

// GivenLine is an entitlement that a role gives.
type GivenLine struct {
	Entitlement ask.Shown   `json:"entitlement"`
	Tier        access.Tier `json:"tier"`
	Own         bool        `json:"own" doc:"It is a part of the role itself"`
	Through     []ask.Shown `json:"through" doc:"The roles contained in it, however deep, of which it is a part"`
}

// given is an entitlement that a role gives, and the roles of which it is a part.
type given struct {
	id   access.EntitlementID
	tier access.Tier
	from []access.RoleID
}

// TellGiven tells of what a role gives to everybody who has it, the worst tier first:
// limit of them from a place on, and how many there are.
func (t *Teller) TellGiven(ctx context.Context, id access.RoleID, from, limit int, sees ask.Sight) ([]GivenLine, int, error) {
	c, err := t.Store.Catalog(ctx)
	if err != nil {
		return nil, 0, err
	}
	if _, ok := c.Role(id); !ok {
		return []GivenLine{}, 0, nil // a draft gives nothing to anybody
	}
	all := t.given(c, id)
	page := all[min(from, len(all)):min(from+limit, len(all))]
	var refs []access.Ref
	for _, g := range page {
		refs = append(refs, g.id.Ref())
		for _, r := range g.from {
			refs = append(refs, r.Ref())
		}
	}
	name, err := ask.NamesOf(ctx, t.Names, sees, refs)
	if err != nil {
		return nil, 0, err
	}
	lines := make([]GivenLine, len(page))
	for i, g := range page {
		lines[i] = GivenLine{Entitlement: name(g.id.Ref()), Tier: g.tier, Through: []ask.Shown{}}
		for _, r := range g.from {
			if r == id {
				lines[i].Own = true
			} else {
				lines[i].Through = append(lines[i].Through, name(r.Ref()))
			}
		}
	}
	return lines, len(all), nil
}

// given walks down from a role. An entitlement that is gone is not classified.
func (t *Teller) given(c *Catalog, id access.RoleID) []given {
	v := t.Graph.View()
	defer v.Close()
	at := map[access.EntitlementID]int{}
	var all []given
	seen := map[access.RoleID]bool{id: true}
	for next := []access.RoleID{id}; len(next) > 0; next = next[1:] {
		r, ok := c.Role(next[0])
		if !ok {
			continue
		}
		own, roles := r.Gives()
		for _, e := range own {
			i, there := at[e]
			if !there {
				i, at[e] = len(all), len(all)
				tier := access.Unclassified
				if n, known := v.Entitlement(e); known {
					tier = n.Tier
				}
				all = append(all, given{id: e, tier: tier})
			}
			all[i].from = append(all[i].from, r.ID)
		}
		for _, below := range roles {
			if !seen[below] {
				seen[below] = true
				next = append(next, below)
			}
		}
	}
	slices.SortFunc(all, func(a, b given) int { return cmp.Or(cmp.Compare(a.tier, b.tier), cmp.Compare(a.id, b.id)) })
	return all
}
