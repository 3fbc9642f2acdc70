package main

import (
	"context"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/policy"
)

// lending is how leases reach systems.
type lending struct{ inventory *inventory.Service }

// Reach implements lease.Systems: each change of a system has another version.
func (y lending) Reach(ctx context.Context, id access.SystemID) (lease.Reach, error) {
	s, err := y.inventory.System(ctx, id.String())
	if err != nil {
		return lease.Reach{}, err
	}
	return lease.Reach{Settings: strconv.FormatInt(s.Version, 10), Ready: func() error { return y.inventory.MayWrite(s) }}, nil
}

// Spec implements lease.Systems.
func (y lending) Spec(ctx context.Context, id access.SystemID) (connector.Spec, error) {
	s, err := y.inventory.System(ctx, id.String())
	if err != nil {
		return connector.Spec{}, err
	}
	kind := s.Connector
	if kind == "" {
		kind = s.Kind
	}
	return connectors[kind], nil
}

// Open implements lease.Systems.
func (y lending) Open(ctx context.Context, id access.SystemID) (connector.Connector, connector.Spec, func() error, error) {
	return y.inventory.Open(ctx, id)
}

// leases is leasing over the open store and graph. Its keeper takes away where it runs.
func (a *app) leases(gate *policy.Gate) *lease.Service {
	lenders := &lease.Lenders{Systems: lending{a.inventory()}}
	store := a.db.Leases()
	return &lease.Service{Store: store, Gate: gate, Names: a.db.Inventory(), Lenders: lenders, Keeper: &lease.Keeper{Store: store, Lenders: lenders}, Now: a.now}
}

// takingBack is who takes away what is over.
var takingBack = audit.Actor{Node: "lease"}

// leasing ends what is leased by what is not so any more, behind each revision that changed
// something, until ctx ends.
func (n *node) leasing(ctx context.Context) error {
	var looked access.Rev
	return n.afterEach(ctx, "looking at leases again", func(ctx context.Context) error { return n.releaseOnce(ctx, &looked) })
}

// releaseOnce looks at leases again where something changed since they were looked at.
func (n *node) releaseOnce(ctx context.Context, looked *access.Rev) error {
	newest, changed, err := n.app.db.Leases().News(ctx, *looked)
	if err != nil {
		return err
	}
	if changed {
		if err := n.catchUp(ctx); err != nil {
			return err
		}
		if err := n.lease.Recheck(ctx); err != nil {
			return err
		}
	}
	*looked = newest
	return nil
}
