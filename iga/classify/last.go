package classify

import (
	"maps"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// classified is what was found in one view.
type classified struct {
	view      *graph.View
	overrides map[access.EntitlementID]Override
	of        map[access.EntitlementID]Classification
}

// next goes on from what was found last to a view, which it takes over, and returns
// what differs there.
func (s *Service) next(last *classified, view *graph.View, overrides map[access.EntitlementID]Override) (*classified, []Classification) {
	if last != nil && s.stands(last, view, overrides) {
		last.view.Close()
		last.view = view
		return last, nil
	}
	now := &classified{view: view, overrides: overrides, of: map[access.EntitlementID]Classification{}}
	var differ []Classification
	for _, c := range All(view, overrides) {
		now.of[c.Entitlement] = c
		if last == nil || !c.equal(last.of[c.Entitlement]) {
			differ = append(differ, c)
		}
	}
	if last != nil {
		last.view.Close()
	}
	return now, differ
}

func (c Classification) equal(d Classification) bool {
	return c.Entitlement == d.Entitlement && c.Tier == d.Tier && c.Own == d.Own && c.Facts == d.Facts && c.Overridden == d.Overridden &&
		slices.EqualFunc(c.Reasons, d.Reasons, func(a, b Reason) bool {
			return a.Rule == b.Rule && a.Tier == b.Tier && a.Text == b.Text && a.From == b.From && slices.Equal(a.Path, b.Path)
		})
}

// stands reports whether what was found last holds in a view, too.
func (s *Service) stands(last *classified, view *graph.View, overrides map[access.EntitlementID]Override) bool {
	if !maps.Equal(last.overrides, overrides) {
		return false
	}
	changed, known := s.Graph.Between(last.view, view)
	return known && !slices.ContainsFunc(changed, func(ref access.Ref) bool { return last.moves(view, ref) })
}

// moves reports whether a changed object can move a tier, or the way that explains
// one. Who holds what moves none, but where somebody could become the holder.
func (c *classified) moves(is *graph.View, ref access.Ref) bool {
	switch ref.Kind {
	case access.KindSystem:
		a, was := c.view.System(access.SystemID(ref.Key))
		b, now := is.System(access.SystemID(ref.Key))
		return was != now || a.Environment != b.Environment || a.Criticality != b.Criticality || a.DataClass != b.DataClass || a.RunsOn != b.RunsOn
	case access.KindResource:
		a, was := c.view.Resource(access.ResourceID(ref.Key))
		b, now := is.Resource(access.ResourceID(ref.Key))
		return was != now || a != b
	case access.KindEntitlement:
		a, was := c.view.Entitlement(access.EntitlementID(ref.Key))
		b, now := is.Entitlement(access.EntitlementID(ref.Key))
		every := func(access.EntitlementID) bool { return true }
		return was != now || a.System != b.System || !slices.Equal(a.Capabilities, b.Capabilities) || !slices.Equal(edges(c.view, ref, every), edges(is, ref, every))
	case access.KindAccount:
		return c.movesByAccount(is, access.AccountID(ref.Key))
	default: // nothing leads on from other kinds
		return false
	}
}

func (c *classified) movesByAccount(is *graph.View, id access.AccountID) bool {
	if !c.view.Exposed(id) && !is.Exposed(id) {
		return false
	}
	a, was := c.view.Account(id)
	b, now := is.Account(id)
	matters := func(e access.EntitlementID) bool { return c.of[e].Tier < access.Tier3 }
	if graph.OpenOtherwise(c.view, is, id) {
		return true
	}
	before, after := edges(c.view, id.Ref(), matters), edges(is, id.Ref(), matters)
	return !slices.Equal(before, after) || len(after) > 0 && (was != now || a.System != b.System)
}

// edge is a grant as escalation sees it.
type edge struct {
	entitlement access.EntitlementID
	resource    access.ResourceID
	mode        access.Mode
}

// edges are a holder's, and those of accounts that one is let in as with an account.
func edges(v *graph.View, holder access.Ref, of func(access.EntitlementID) bool) []edge {
	holders := []access.Ref{holder}
	if holder.Kind == access.KindAccount {
		holders = holders[:0]
		for _, as := range v.Through(access.AccountID(holder.Key)) {
			holders = append(holders, as.Ref())
		}
	}
	var list []edge
	for _, h := range holders {
		for g := range v.DirectGrants(h) {
			if of(g.Entitlement) {
				list = append(list, edge{g.Entitlement, g.Resource, g.Mode})
			}
		}
	}
	return slices.Compact(list)
}
