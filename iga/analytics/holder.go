package analytics

import (
	"cmp"
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// HolderUse is how one grant of an entitlement is used, and whose it is.
type HolderUse struct {
	Grant     access.GrantID
	Holder    access.Ref
	Identity  access.IdentityID // whose account it is; zero is nobody's
	Use       Use
	LastUsed  access.Time
	Justified bool
}

// HolderFilter says of which entitlement grants are listed, and which of them.
type HolderFilter struct {
	Entitlement access.EntitlementID
	Use         Use // the only one; "" is all
	Days        int
	Reach       policy.Reach
	From, Limit int
}

// HolderPage is a part of them, those that are longest unused first.
type HolderPage struct {
	Rev   access.Rev
	Since access.Time
	Total UseCounts
	All   int // that match
	List  []HolderUse
}

// Holders lists how the grants of one entitlement are used: the same as are counted.
func (s *Service) Holders(ctx context.Context, f HolderFilter) (HolderPage, error) {
	v := s.Graph.View()
	e, there := v.Entitlement(f.Entitlement)
	if !there || !f.Reach.Has(e.System) {
		return HolderPage{}, ErrNoSuchOne.With("there is no entitlement %s", f.Entitlement)
	}
	when, err := s.period(ctx, f.Days)
	if err != nil {
		return HolderPage{}, err
	}
	page := HolderPage{Rev: v.Rev(), Since: when.since}
	for g := range v.DirectHolders(f.Entitlement) {
		a, counts := when.holder(v, g)
		if !counts {
			continue
		}
		use, last := when.of(g, a)
		page.Total.add(use, last)
		if f.Use == "" || f.Use == use {
			page.List = append(page.List, HolderUse{g.ID, g.Holder, ownerOf(g.Holder, a), use, last, g.Justified})
		}
	}
	slices.SortFunc(page.List, func(a, b HolderUse) int {
		return cmp.Or(cmp.Compare(slices.Index(uses, b.Use), slices.Index(uses, a.Use)), cmp.Compare(a.LastUsed, b.LastUsed), cmp.Compare(a.Grant, b.Grant))
	})
	page.All = len(page.List)
	page.List = page.List[min(f.From, page.All):]
	if f.Limit > 0 && len(page.List) > f.Limit {
		page.List = page.List[:f.Limit]
	}
	return page, nil
}

// holder is the account that has a grant, and whether the grant is counted: as usage does.
func (p period) holder(v *graph.View, g graph.GrantEdge) (a graph.AccountNode, counts bool) {
	switch g.Holder.Kind { //nolint:exhaustive // what groups hold is used by their members
	case access.KindIdentity:
		return a, true
	case access.KindAccount:
		a, there := v.Account(access.AccountID(g.Holder.Key))
		return a, there && p.usable(a) && !ignored(a.Kind)
	}
	return a, false
}

// ownerOf is whose a holder is, where it is one person's.
func ownerOf(holder access.Ref, a graph.AccountNode) access.IdentityID {
	switch {
	case holder.Kind == access.KindIdentity:
		return access.IdentityID(holder.Key)
	case len(a.Identities) == 1:
		return a.Identities[0]
	}
	return 0
}
