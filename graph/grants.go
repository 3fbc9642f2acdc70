package graph

import (
	"cmp"
	"iter"
	"slices"

	"github.com/writhq/writ/access"
)

// DirectGrants yields the grants that start at a holder, in every mode, by
// entitlement, resource, mode and id. A grant of an entitlement that is not
// there does not count.
func (v *View) DirectGrants(holder access.Ref) iter.Seq[GrantEdge] {
	return func(yield func(GrantEdge) bool) {
		for _, g := range v.s.grants(holder, 0) {
			if !yield(g) {
				return
			}
		}
	}
}

// DirectHolders yields the grants that end at an entitlement, by the holder's
// kind and key.
func (v *View) DirectHolders(id access.EntitlementID) iter.Seq[GrantEdge] {
	return func(yield func(GrantEdge) bool) {
		if _, there := v.Entitlement(id); !there {
			return
		}
		for _, kind := range []access.ObjectKind{access.KindIdentity, access.KindAccount, access.KindEntitlement} {
			for holder := range v.s.directHolders(uint32(id), kind) {
				for _, g := range v.s.grants(access.Ref{Kind: kind, Key: int64(holder)}, uint32(id)) {
					if !yield(g) {
						return
					}
				}
			}
		}
	}
}

// directHolders yields the holders of one kind in any mode, each once.
func (s *snapshot) directHolders(id uint32, kind access.ObjectKind) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		held := s.held.peek(id)
		if held == nil {
			return
		}
		var seen []*holderSet
		for i := range held.sets {
			if hs := &held.sets[i]; hs.kind == kind {
				seen = append(seen, hs)
			}
		}
		switch len(seen) {
		case 0:
		case 1:
			seen[0].each(yield)
		default:
			all := set{many: seen[0].bitmap().Clone()}
			for _, hs := range seen[1:] {
				hs.orInto(all.many)
			}
			all.each(yield)
		}
	}
}

// grants lists a holder's grants, all or of one entitlement.
func (s *snapshot) grants(holder access.Ref, only uint32) []GrantEdge {
	start, ok := vertexOf(holder)
	from := s.grantsOf(holder.Kind)
	if !ok || from == nil || !s.there(start) {
		return nil
	}
	var list []GrantEdge
	for g := range from.eachGrant(start.id()) {
		if only != 0 && g.entitlement != only || !s.there(at(atEntitlement, g.entitlement)) {
			continue
		}
		list = append(list, GrantEdge{
			ID: access.GrantID(g.id), Holder: holder,
			Entitlement: access.EntitlementID(g.entitlement), Resource: access.ResourceID(g.resource),
			Mode: g.mode, Flags: g.flags, End: g.end, UsageKnown: g.usageKnown, LastUsed: g.lastUsed, Justified: g.justified, Late: g.late,
		})
	}
	slices.SortFunc(list, func(a, b GrantEdge) int {
		return cmp.Or(
			cmp.Compare(a.Entitlement, b.Entitlement), cmp.Compare(a.Resource, b.Resource),
			cmp.Compare(a.Mode, b.Mode), cmp.Compare(a.ID, b.ID))
	})
	return list
}
