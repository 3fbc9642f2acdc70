package ask

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Service answers questions.
type Service struct {
	Graph *graph.Graph
	Names Names
	Tiers Tiers
}

// Tiers explains why an entitlement has its tier.
type Tiers interface {
	Explain(ctx context.Context, view *graph.View, id access.EntitlementID) (Tier, error)
}

// Tier is an entitlement's tier with its reasons.
type Tier struct {
	Tier, Own, Facts access.Tier // Facts: the own tier without a person's decision
	Disciplines      string
	Reasons          []Reason
	Override         *Override // in force, whether it holds or not
}

// Reason says why an entitlement has a tier: the rule, the tier that it calls for, in
// words, and for an inherited tier the way to what it is inherited from.
type Reason struct {
	Rule string
	Tier access.Tier
	Text string
	Path []graph.Step
	From access.Ref
}
