package analytics

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

type creepInput struct {
	httpapi.Paging
	Unit string `query:"unit" maxLength:"200" doc:"Only people who are in this unit now, and its trend"`
}

type creepOutput struct {
	Body struct {
		Revision access.Rev   `json:"revision"`
		Moved    int          `json:"moved" doc:"People whose unit ever changed"`
		People   int          `json:"people" doc:"Of those, who kept something that is not usual where they are now"`
		Items    []CreepShown `json:"items" doc:"Who kept most, by weight"`
		Trend    []TrendPoint `json:"trend" doc:"By unit, at the beginning of each of the last twelve months and now, by the tiers of today and without what is usual today"`
		Next     string       `json:"next,omitempty"`
	}
}

// CreepShown is what somebody kept from earlier units.
type CreepShown struct {
	Identity  *access.Named `json:"identity"`
	Held      int           `json:"held" doc:"All that is theirs"`
	Kept      int           `json:"kept" doc:"From earlier units, and not usual where they are now"`
	Usual     int           `json:"usual" doc:"From earlier units, and at least half of their peers have it, too"`
	Tiers     TierCounts    `json:"tiers" doc:"Of what was kept"`
	Weight    float64       `json:"weight"`
	Positions []PositionHad `json:"positions" doc:"In order; the last is the one that they have"`
}

// PositionHad is a position, and what came with it and stayed.
type PositionHad struct {
	Position
	Came  int         `json:"came" doc:"How much of what was kept came with it"`
	Items []KeptShown `json:"items,omitempty" doc:"What that is, where one person is asked for"`
}

// KeptShown is an entitlement that was kept.
type KeptShown struct {
	Entitlement *access.Named `json:"entitlement"`
	Tier        access.Tier   `json:"tier"`
	Since       access.Time   `json:"since" doc:"That it is known of"`
	Usual       bool          `json:"usual" doc:"At least half of their peers have it, too"`
}

func (a *API) creep(ctx context.Context, in *creepInput) (*creepOutput, error) {
	from, err := fromCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	page, err := a.Service.Creep(ctx, CreepFilter{Unit: in.Unit, Reach: policy.ReachOf(ctx), From: from, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &creepOutput{}
	b := &out.Body
	b.Revision, b.Moved, b.People, b.Trend = page.Rev, page.Moved, page.All, page.Trend
	b.Next = nextFrom(from, len(page.People), page.All)
	b.Items, err = ShowCreep(ctx, a.Names, page.People, policy.ReachOf(ctx), false)
	return out, err
}

type creepOfInput struct {
	ID httpapi.Text[access.IdentityID] `path:"id" doc:"The person"`
}

type creepOfOutput struct {
	Body struct {
		Revision access.Rev `json:"revision"`
		CreepShown
	}
}

func (a *API) creepOf(ctx context.Context, in *creepOfInput) (*creepOfOutput, error) {
	x, rev, err := a.Service.CreepOf(ctx, in.ID.V, policy.ReachOf(ctx))
	if err != nil {
		return nil, err
	}
	shown, err := ShowCreep(ctx, a.Names, []Counted{x}, policy.ReachOf(ctx), true)
	if err != nil {
		return nil, err
	}
	out := &creepOfOutput{}
	out.Body.Revision, out.Body.CreepShown = rev, shown[0]
	return out, nil
}

// ShowCreep puts names to what people kept within reach, and lists it where that is asked
// for.
func ShowCreep(ctx context.Context, names Names, list []Counted, reach policy.Reach, items bool) ([]CreepShown, error) {
	var refs []access.Ref
	for _, x := range list {
		refs = append(refs, x.Identity.Ref())
		for _, k := range x.Creep.Kept {
			refs = append(refs, k.Entitlement.Ref())
		}
	}
	named, err := labelled(ctx, names, refs)
	if err != nil {
		return nil, err
	}
	shown := make([]CreepShown, len(list))
	for i, x := range list {
		shown[i] = CreepShown{
			Identity: named(x.Identity.Ref()), Held: x.CreepCount.Held, Kept: x.CreepCount.Kept, Usual: x.Usual,
			Tiers: CountTiers(x.Tiers), Weight: x.Weight, Positions: make([]PositionHad, len(x.Positions)),
		}
		for j, p := range x.Positions {
			shown[i].Positions[j].Position = p
		}
		for _, k := range x.Creep.Kept {
			p := &shown[i].Positions[k.Position]
			if !reach.Has(k.System) {
				continue
			}
			if !k.Usual {
				p.Came++
			}
			if items {
				p.Items = append(p.Items, KeptShown{named(k.Entitlement.Ref()), k.Tier, k.Since, k.Usual})
			}
		}
	}
	return shown, nil
}
