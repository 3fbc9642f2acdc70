package ask

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// Service answers questions.
type Service struct {
	Graph *graph.Graph
	Names Names
	Tiers Tiers
	// Store and Gate are for what the API shows: more than commands, and not to everybody
	// alike. Commands need neither.
	Store Store
	Gate  *policy.Gate
}

// Store is what this package needs from a database.
type Store interface {
	// Identity returns what is known of an identity, or policy.ErrNoObject.
	Identity(ctx context.Context, id access.IdentityID) (access.Identity, error)
	// Functions returns which of Writ's functions an identity holds.
	Functions(ctx context.Context, id access.IdentityID) ([]policy.Assignment, error)
	Accounts(ctx context.Context, ids []access.AccountID) (map[access.AccountID]AccountFacts, error)
	// Entitlement returns what a system says of one, or policy.ErrNoObject.
	Entitlement(ctx context.Context, id access.EntitlementID) (access.Entitlement, error)
	// Units returns the unit that each identity's first position is in.
	Units(ctx context.Context, ids []access.IdentityID) (map[access.IdentityID]string, error)
	// Findings returns the findings about objects that are not resolved.
	Findings(ctx context.Context, about []access.Ref) ([]Finding, error)
	// Coverage returns what was counted last of one tier of a system.
	Coverage(ctx context.Context, system access.SystemID, tier access.Tier) ([]Cell, error)
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
