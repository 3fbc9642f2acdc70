package analytics

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// The actions that operations ask for.
const (
	readAnalytics = "analytics.read"
	readIdentity  = "identity.read"
	simulate      = "policy.simulate"
)

// Names labels objects.
type Names interface {
	Names(ctx context.Context, refs []access.Ref) (map[access.Ref]access.Label, error)
}

// API is the operations on analytics. All of its fields are needed.
type API struct {
	Service *Service
	Gate    *policy.Gate
	Names   Names
}

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"analytics"}}
	}
	httpapi.Register(api, op("list-outliers", http.MethodGet, "/v1/analytics/outliers", "Access that hardly any peer has"),
		policy.Within[outliersInput](a.Gate, readAnalytics), a.outliers)
	httpapi.Register(api, op("list-unused-access", http.MethodGet, "/v1/analytics/unused", "Access that is known not to be used, and what taking it away would reduce"),
		policy.Within[unusedInput](a.Gate, readAnalytics), a.unused)
	httpapi.Register(api, op("list-holders-in-use", http.MethodGet, "/v1/analytics/holders", "How each grant of an entitlement is used, and whose it is"),
		policy.Within[holdersInput](a.Gate, readAnalytics), a.holders)
	httpapi.Register(api, op("list-creep", http.MethodGet, "/v1/analytics/creep", "Who kept access from earlier units, and how that developed"),
		seeing[creepInput](a, whole[creepInput]), a.creep)
	httpapi.Register(api, op("show-creep", http.MethodGet, "/v1/identities/{id}/creep", "What somebody kept from each of their positions"),
		seeing(a, oneIdentity), a.creepOf)
	httpapi.Register(api, op("list-peers", http.MethodGet, "/v1/identities/{id}/peers", "Who somebody is compared with about an entitlement, and who of them has it"),
		seeing[peersInput](a, whole[peersInput]), a.peers)
	httpapi.Register(api, op("simulate-rule", http.MethodPost, "/v1/analytics/rules/simulate", "What a rule would have taken, and from whom who used it"),
		policy.On(a.Gate, simulate, whole[ruleInput]), a.rule)
}

func whole[I any](context.Context, *I) (policy.Object, error) { return policy.Object{}, nil }

func oneIdentity(_ context.Context, in *creepOfInput) (policy.Object, error) {
	return policy.Object{Resource: policy.Resource{Ref: in.ID.V.Ref()}}, nil
}

// both asks two guards: each must permit.
type both[I any] struct{ first, second httpapi.Guard[I] }

// Rule names what both decide.
func (b both[I]) Rule() string { return b.first.Rule() + " and " + b.second.Rule() }

// Check asks both.
func (b both[I]) Check(ctx context.Context, in *I) (context.Context, error) {
	ctx, err := b.first.Check(ctx, in)
	if err != nil {
		return ctx, err
	}
	return b.second.Check(ctx, in)
}

// seeing guards what tells where people were: it takes seeing them, too.
func seeing[I any](a *API, of func(context.Context, *I) (policy.Object, error)) httpapi.Guard[I] {
	return both[I]{policy.Within[I](a.Gate, readAnalytics), policy.On(a.Gate, readIdentity, of)}
}

// seesPeople reports whether the caller may see anybody, and so what a group is alike in.
func (a *API) seesPeople(ctx context.Context) bool {
	return a.Gate.Permit(ctx, readIdentity, policy.Object{}) == nil
}

// TierCounts are how many of each tier.
type TierCounts struct {
	Tier0 int `json:"0"`
	Tier1 int `json:"1"`
	Tier2 int `json:"2"`
	Tier3 int `json:"3"`
}

// CountTiers names counts by tier.
func CountTiers(n [4]int) TierCounts { return TierCounts{n[0], n[1], n[2], n[3]} }

type outliersInput struct {
	httpapi.Paging
	Identity httpapi.Text[access.IdentityID] `query:"identity" doc:"Only of this person"`
	Unit     string                          `query:"unit" maxLength:"200" doc:"Only of people of this unit; it takes seeing people"`
	System   httpapi.Text[access.SystemID]   `query:"system" doc:"Only of this system"`
	Tier     int                             `query:"tier" minimum:"-1" maximum:"3" default:"-1" doc:"Only of this tier; -1 is all"`
	Share    float64                         `query:"share" minimum:"0" maximum:"0.05" default:"0.05" doc:"Only what at most this share of the peers has"`
}

type outliersOutput struct {
	Body struct {
		Revision  access.Rev     `json:"revision" doc:"That people were compared at"`
		At        access.Time    `json:"at"`
		People    int            `json:"people" doc:"Who were compared"`
		Explained []Explained    `json:"explained" doc:"What peers are alike in, the coarsest first, and how much that explains"`
		Total     int            `json:"total"`
		Tiers     TierCounts     `json:"tiers" doc:"Of all, by tier"`
		Items     []OutlierShown `json:"items" doc:"The worst first"`
		Next      string         `json:"next,omitempty"`
	}
}

// OutlierShown is an outlier as the API shows it. It recommends to ask, and decides nothing.
type OutlierShown struct {
	Identity    *access.Named  `json:"identity"`
	Entitlement *access.Named  `json:"entitlement"`
	System      *access.Named  `json:"system"`
	Tier        access.Tier    `json:"tier"`
	Grant       access.GrantID `json:"grant"`
	Peers       int            `json:"peers" doc:"Without whom it is about"`
	Having      int            `json:"having" doc:"How many of the peers have it, in any way"`
	Group       []Trait        `json:"group" doc:"What the peers are alike in; nothing is everybody, or what you may not see"`
	Use         Use            `json:"use" enum:"used,unused,recent,unknown"`
	LastUsed    access.Time    `json:"last_used,omitzero"`
	Justified   bool           `json:"justified" doc:"Whether something justifies it"`
	Score       float64        `json:"score" doc:"Rarity, weighted by tier and use"`
	Why         string         `json:"why"`
}

func (a *API) outliers(ctx context.Context, in *outliersInput) (*outliersOutput, error) {
	people := a.seesPeople(ctx)
	f := OutlierFilter{Identity: in.Identity.V, Unit: in.Unit, System: in.System.V, Share: &in.Share, Reach: policy.ReachOf(ctx), Limit: in.Limit}
	if in.Unit != "" && !people {
		return nil, policy.ErrDenied.With("to ask about a unit takes seeing its people")
	}
	if t := access.Tier(in.Tier); in.Tier >= 0 { //nolint:gosec // 3 at most
		f.Tier = &t
	}
	if in.Cursor != "" {
		spot, err := httpapi.ParseCursor[OutlierSpot](in.Cursor)
		if err != nil {
			return nil, err
		}
		f.After = &spot
	}
	page, err := a.Service.Outliers(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &outliersOutput{}
	b := &out.Body
	b.Revision, b.At, b.People, b.Explained, b.Total, b.Tiers = page.Rev, page.At, page.People, page.Explained, page.Total, CountTiers(page.Tiers)
	if page.Next != nil {
		b.Next = httpapi.Cursor(*page.Next)
	}
	b.Items, err = a.outliersShown(ctx, page.List, people)
	return out, err
}

func (a *API) outliersShown(ctx context.Context, list []Outlier, people bool) ([]OutlierShown, error) {
	shown, err := ShowOutliers(ctx, a.Names, list)
	for i := range shown {
		if !people {
			shown[i].Group = []Trait{}
			shown[i].Why = list[i].Why(nil)
		}
	}
	return shown, err
}
