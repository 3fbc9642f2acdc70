package ask

import (
	"cmp"
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/httpapi"
)

// Page is a page of a list that is about one object.
type Page[T any] struct {
	Revision access.Rev `json:"revision"`
	Items    []T        `json:"items"`
	Next     string     `json:"next,omitempty" doc:"The cursor of the next page; none at the end"`
	Total    int        `json:"total" doc:"How many there are on all pages"`
}

// EffectiveLine is one thing that an identity has, with how.
type EffectiveLine struct {
	Line
	Through string `json:"through" doc:"The shortest way to it, in words"`
}

// Narrow is which part of somebody's access is asked for.
type Narrow struct {
	Tiers  []access.Tier
	System access.SystemID
}

// takes reports whether a line is asked for. What is hidden is in no system that one
// could ask for.
func (n Narrow) takes(h had, sees Sight) bool {
	if len(n.Tiers) > 0 && !slices.Contains(n.Tiers, h.tier) {
		return false
	}
	return n.System == 0 || h.system == n.System && sees(h.Entitlement.Ref())
}

// after is where a page of somebody's access begins.
type after struct {
	Tier        access.Tier          `json:"t"`
	Entitlement access.EntitlementID `json:"e"`
	Resource    access.ResourceID    `json:"r"`
}

func (a after) compare(h had) int {
	return cmp.Or(cmp.Compare(a.Tier, h.tier), cmp.Compare(a.Entitlement, h.Entitlement), cmp.Compare(a.Resource, h.Resource))
}

// Effective answers what an identity effectively has, worst tier first, page by page.
func (s *Service) Effective(ctx context.Context, id access.IdentityID, q graph.Question, n Narrow, p httpapi.Paging) (*Page[EffectiveLine], error) {
	view := s.Graph.View()
	defer view.Close()
	sees := s.sight(ctx, view, id)
	held := slices.DeleteFunc(heldBy(view, id, q), func(h had) bool { return !n.takes(h, sees) })
	page := &Page[EffectiveLine]{Revision: view.Rev(), Items: []EffectiveLine{}, Total: len(held)}
	if p.Cursor != "" {
		at, err := httpapi.ParseCursor[after](p.Cursor)
		if err != nil {
			return nil, err
		}
		held = slices.DeleteFunc(held, func(h had) bool { return at.compare(h) >= 0 })
	}
	if len(held) > p.Limit {
		held = held[:p.Limit]
		last := held[len(held)-1]
		page.Next = httpapi.Cursor(after{last.tier, last.Entitlement, last.Resource})
	}
	ways := make([][]graph.Step, len(held))
	refs := []access.Ref{id.Ref()}
	for i, h := range held {
		ways[i] = view.Way(id.Ref(), h.Entitlement.Ref(), q)
		refs = append(append(refs, h.Entitlement.Ref(), h.Resource.Ref()), refsOf(ways[i])...)
	}
	keys := keysOf(view, withSteps(ways))
	name, err := s.names(ctx, sees, append(refs, valuesOf(keys)...))
	if err != nil {
		return nil, err
	}
	for i, h := range held {
		page.Items = append(page.Items, EffectiveLine{lineOf(h, name), sentence(ways[i], name, keys)})
	}
	return page, nil
}

// withSteps leaves out what has no way: it went while it was asked for.
func withSteps(ways [][]graph.Step) [][]graph.Step {
	return slices.DeleteFunc(slices.Clone(ways), func(w []graph.Step) bool { return len(w) == 0 })
}

func valuesOf(keys map[access.Ref]access.Ref) []access.Ref {
	var refs []access.Ref
	for _, r := range keys {
		refs = append(refs, r)
	}
	return refs
}
