package elevate

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/fault"
)

// What converting can meet.
var (
	ErrConvertGuard = fault.New(fault.Refused, "conversion-guard", "that takes standing access from too many at once: convert fewer at a time")
	ErrNothing      = fault.New(fault.Conflict, "nothing-to-convert", "there is no standing grant there that could be made eligible")
	ErrNoConversion = fault.New(fault.NotFound, "conversion-not-found", "there is no such conversion, or it was taken back")
)

// ConvertAtMost is how many grants one conversion takes off.
const ConvertAtMost = 50

// ConversionStore keeps conversions.
type ConversionStore interface {
	// Origins are the justifications that stand of some grants, in the same order.
	Origins(ctx context.Context, items []Convertible) ([][]access.Justification, error)
	// Convert gives the eligibilities and ends what justifies the grants, in one change.
	Convert(ctx context.Context, items []Convertible, terms access.Terms, reason string) (access.ChainID, error)
	// Converted returns a conversion that has not been taken back, or ErrNoConversion.
	Converted(ctx context.Context, id access.ChainID) ([]Convertible, error)
	// Restore takes a conversion back, or returns ErrNoConversion.
	Restore(ctx context.Context, id access.ChainID, reason string) (int, error)
}

// Convertible is a standing grant that could be made eligible, or why it is not.
type Convertible struct {
	Identity    access.IdentityID    `json:"identity,omitzero"`
	Account     access.AccountID     `json:"account"`
	Entitlement access.EntitlementID `json:"entitlement"`
	Resource    access.ResourceID    `json:"resource,omitzero"`
	Tier        access.Tier          `json:"tier"`
	UsageKnown  bool                 `json:"usage_known"`
	LastUsed    access.Time          `json:"last_used,omitzero"`
	Not         string               `json:"not,omitempty" doc:"Why it stays as it is"`
}

// ConvertQuery says which grants are looked at.
type ConvertQuery struct {
	System      access.SystemID      // zero is all
	Entitlement access.EntitlementID // zero is all
	Tier        access.Tier          // that and the more dangerous ones
}

// Convertibles is what a conversion would do: every direct standing grant of an account
// there, and why some stay.
func (s *Service) Convertibles(ctx context.Context, q ConvertQuery) ([]Convertible, error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return nil, err
	}
	v := s.Gate.Graph.View()
	defer v.Close()
	var list []Convertible
	for e := range v.Entitlements() {
		if e.Tier < 0 || e.Tier > q.Tier || q.System != 0 && e.System != q.System || q.Entitlement != 0 && e.ID != q.Entitlement {
			continue
		}
		for g := range v.DirectHolders(e.ID) {
			if g.Holder.Kind != access.KindAccount || g.Mode != access.Standing || g.Flags&access.Implicit != 0 {
				continue
			}
			list = append(list, convertible(v, e, g, actor.Identity))
		}
	}
	why, err := s.Store.Origins(ctx, list)
	if err != nil {
		return nil, err
	}
	for i := range list {
		x := &list[i]
		for _, j := range why[i] {
			switch {
			case x.Not != "":
			case j.Origin == access.Birthright || j.Origin == access.FromRole:
				x.Not = "a role or a birthright rule gives it: change that"
			case j.Origin == access.FromElevation || j.Origin == access.OriginBreakGlass:
				x.Not = "it is activated now"
			}
		}
	}
	return list, nil
}

func convertible(v *graph.View, e graph.EntitlementNode, g graph.GrantEdge, by access.IdentityID) Convertible {
	a, ok := v.Account(access.AccountID(g.Holder.Key))
	x := Convertible{
		Account: access.AccountID(g.Holder.Key), Entitlement: e.ID, Resource: g.Resource, Tier: e.Tier,
		UsageKnown: g.UsageKnown || a.UsageKnown, LastUsed: max(g.LastUsed, a.LastUsed),
	}
	switch {
	case !ok:
		x.Not = "the account is out of sight"
	case a.Kind != access.PersonAccount && a.Kind != access.AdminAccount:
		x.Not = "the account is of kind " + string(a.Kind) + ": what runs by itself activates nothing"
	case len(a.Identities) != 1:
		x.Not = "the account is not one person's"
	}
	if len(a.Identities) == 1 {
		x.Identity = a.Identities[0]
		if n, ok := v.Identity(x.Identity); x.Not == "" && (!ok || n.Kind != access.Human || n.State != access.Active) {
			x.Not = "it is not the account of somebody who is active"
		}
		if x.Not == "" && x.Identity == by {
			x.Not = "it is one's own: somebody else converts it"
		}
	}
	return x
}

// Convert makes standing grants eligible: those of Convertibles that may be, and are named.
// No name is all of them.
func (s *Service) Convert(ctx context.Context, q ConvertQuery, only []access.IdentityID, terms access.Terms, reason string) (access.ChainID, []Convertible, error) {
	if err := terms.Validate(); err != nil {
		return 0, nil, err
	}
	reason, err := access.Said(reason)
	switch {
	case err != nil:
		return 0, nil, err
	case reason == "":
		return 0, nil, ErrReason.With("say why it is made eligible")
	}
	list, err := s.Convertibles(ctx, q)
	if err != nil {
		return 0, nil, err
	}
	list = slices.DeleteFunc(list, func(x Convertible) bool {
		return x.Not != "" || len(only) > 0 && !slices.Contains(only, x.Identity)
	})
	switch {
	case len(list) == 0:
		return 0, nil, ErrNothing
	case len(list) > ConvertAtMost:
		return 0, nil, ErrConvertGuard.With("that takes standing access off %d grants, and %d is the most at once: name fewer people, one system or one entitlement", len(list), ConvertAtMost)
	}
	id, err := s.Store.Convert(ctx, list, terms, reason)
	return id, list, err
}

// Restore takes a conversion back: its eligibilities end, and what was standing is justified
// and put on again.
func (s *Service) Restore(ctx context.Context, id access.ChainID, reason string) (int, error) {
	reason, err := access.Said(reason)
	switch {
	case err != nil:
		return 0, err
	case reason == "":
		return 0, ErrReason.With("say why it is taken back")
	}
	return s.Store.Restore(ctx, id, reason)
}
