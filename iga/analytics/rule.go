package analytics

import (
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Rules tells whom a condition is for.
type Rules interface {
	// Matching are the identities that meet a condition, and those of whom it cannot be
	// told.
	Matching(ctx context.Context, condition string) (members, doubtful []access.IdentityID, err error)
}

// RuleQuestion asks what a rule would have taken: were it the only reason to have some
// entitlements, who would lose them, and who of those used them.
type RuleQuestion struct {
	Condition    string
	Entitlements []access.EntitlementID
	Days         int
}

// RuleAnswer is what it would have taken of one entitlement.
type RuleAnswer struct {
	Entitlement access.EntitlementID
	Tier        access.Tier
	Holders     int // who have it now, in any way
	Keep        int // meet the condition
	Doubtful    int // of whom it cannot be told: nothing is taken from them
	Lose        int
	UseCounts   // of those who lose it: what is known of their own grants
	InUse       []InUse
}

// InUse is somebody who would lose what they used.
type InUse struct {
	Identity access.IdentityID
	LastUsed access.Time
}

func ruleAnswer(v *graph.View, id access.EntitlementID, keep, doubtful *roaring.Bitmap, when period) RuleAnswer {
	e, _ := v.Entitlement(id)
	holders := v.Members([]access.Ref{id.Ref()}, graph.Question{}).Identities
	lose := roaring.AndNot(holders, keep)
	unclear := roaring.And(lose, doubtful)
	lose.AndNot(doubtful)
	a := RuleAnswer{
		Entitlement: id, Tier: tierOf(e), Holders: int(holders.GetCardinality()), Keep: int(holders.AndCardinality(keep)), //nolint:gosec // people fit into memory
		Doubtful: int(unclear.GetCardinality()), Lose: int(lose.GetCardinality()), //nolint:gosec // as above
	}
	for key := range each(lose) {
		who := access.IdentityID(key)
		x, own := usesOf(v, who, when)[id]
		if !own { // through a group: how they use this of it is not known
			x = usedAt{Unknown, 0}
		}
		if a.add(x.use, x.last); x.use == Used {
			a.InUse = append(a.InUse, InUse{who, x.last})
		}
	}
	return a
}

func bitmapOf(list []access.IdentityID) *roaring.Bitmap {
	set := roaring.New()
	for _, id := range list {
		if id > 0 && id <= maxKey {
			set.Add(uint32(id)) //nolint:gosec // checked
		}
	}
	return set
}

// distinct are the entitlements that are asked for, each once, in order.
func (q RuleQuestion) distinct() []access.EntitlementID {
	list := slices.Clone(q.Entitlements)
	slices.Sort(list)
	return slices.Compact(list)
}
