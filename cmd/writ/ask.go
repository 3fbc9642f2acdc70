package main

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/iga/classify"
)

// ask answers questions over the open store and its index.
func (a *app) ask() *ask.Service {
	return &ask.Service{Graph: a.graph, Names: a.db.Inventory(), Tiers: tiers{a.classifier()}}
}

// askAPI answers over the API, to each what they may see.
func (a *app) askAPI(n *node) *ask.Service {
	s := a.ask()
	s.Store, s.Gate = a.db.Ask(), n.gate
	return s
}

// named looks up names for whoever works on the data directory.
func (a *app) named(ctx context.Context, refs []access.Ref) (ask.Namer, error) {
	return ask.NamesOf(ctx, a.db.Inventory(), ask.Everything, refs)
}

// tiers explains tiers for answers.
type tiers struct{ *classify.Service }

// Explain says why an entitlement has its tier.
func (t tiers) Explain(ctx context.Context, view *graph.View, id access.EntitlementID) (ask.Tier, error) {
	x, err := t.Service.Explain(ctx, view, id)
	if err != nil {
		return ask.Tier{}, err
	}
	tier := ask.Tier{Tier: x.Tier, Own: x.Own, Facts: x.Facts, Disciplines: classify.Disciplines(x.Tier)}
	for _, r := range x.Reasons {
		tier.Reasons = append(tier.Reasons, ask.Reason(r))
	}
	if o := x.Override; o != nil {
		tier.Override = &ask.Override{Tier: o.Tier, Facts: o.Facts, Reason: o.Reason, By: o.By, Since: day(o.Since), Until: day(o.Until), Holds: x.Overridden, Version: o.Version}
	}
	return tier, nil
}
