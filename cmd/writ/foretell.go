package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/iga/classify"
	"github.com/writhq/writ/inventory"
)

// foretellTiers classifies a system that was never read, as it would be alone.
func foretellTiers(ctx context.Context, f inventory.Facts) ([]inventory.FutureTier, error) {
	g, err := graph.Open(ctx, foretold(f))
	if err != nil {
		return nil, fmt.Errorf("indexing what a dry run found: %w", err)
	}
	v := g.View()
	defer v.Close()
	var list []inventory.FutureTier
	for _, c := range classify.All(v, nil) {
		list = append(list, inventory.FutureTier{Entitlement: c.Entitlement, Tier: c.Tier, Reason: c.Reasons[0].Text})
	}
	return list, nil
}

// foretold is a graph's source of what a dry run found.
type foretold inventory.Facts

// Load implements graph.Source.
func (f foretold) Load(_ context.Context, sink graph.Sink) (access.Rev, error) {
	y := f.System
	errs := []error{sink.System(graph.SystemNode{
		ID: y.ID, Scope: y.Scope, Environment: y.Environment, Criticality: y.Criticality, DataClass: y.DataClass,
		BusinessOwner: y.BusinessOwner, TechnicalOwner: y.TechnicalOwner,
	})}
	for _, r := range f.Resources {
		errs = append(errs, sink.Resource(graph.ResourceNode{ID: r.ID, System: y.ID, Parent: r.Parent, DataClass: r.DataClass}))
	}
	for _, e := range f.Entitlements {
		errs = append(errs, sink.Entitlement(graph.EntitlementNode{
			ID: e.ID, System: y.ID, Kind: e.Kind, Resource: e.Resource, Tier: access.Unclassified, Capabilities: e.Capabilities,
		}))
	}
	for _, a := range f.Accounts {
		errs = append(errs, sink.Account(graph.AccountNode{ID: a.ID, System: y.ID, Kind: a.Kind, Status: a.Status, Interactive: a.Interactive}))
	}
	for i, g := range f.Grants {
		errs = append(errs, sink.Grant(graph.GrantEdge{
			ID: access.GrantID(i + 1), Holder: g.Holder, Entitlement: g.Entitlement, Resource: g.Resource, Mode: g.Mode, Flags: g.Flags,
		}))
	}
	return 1, errors.Join(errs...)
}

// Follow implements graph.Source: nothing follows.
func (foretold) Follow(_ context.Context, rev access.Rev, _ graph.Sink) (access.Rev, error) {
	return rev, nil
}
