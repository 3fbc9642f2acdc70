package postgres

import (
	"context"
	"iter"

	"github.com/writhq/writ/connector"
)

// Discover yields the cluster: resources, entitlements, each account with its
// grants, then what entitlements hold. It is read whole before it is yielded, so
// there is no checkpoint to resume at: a cursor starts over.
func (c *Cluster) Discover(ctx context.Context, _ string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		k, err := c.read(ctx)
		if err != nil {
			yield(connector.Record{}, err)
			return
		}
		for rec := range k.records() {
			if ctx.Err() != nil {
				yield(connector.Record{}, context.Cause(ctx))
				return
			}
			if !yield(rec, nil) {
				return
			}
		}
	}
}

func (k *catalog) records() iter.Seq[connector.Record] {
	return func(yield func(connector.Record) bool) {
		for _, list := range [][]connector.Record{k.resources, k.entitlements} {
			for _, rec := range list {
				if !yield(rec) {
					return
				}
			}
		}
		grants := func(t connector.Target) bool {
			for _, g := range k.grants[t] {
				if !yield(connector.Record{Grant: &g}) {
					return false
				}
			}
			return true
		}
		for _, r := range k.order {
			if !r.Login {
				continue
			}
			a := k.account(r)
			if !yield(connector.Record{Account: &a}) || !grants(connector.Target{Kind: connector.OnAccount, ID: a.ID}) {
				return
			}
		}
		for _, rec := range k.entitlements {
			if !grants(connector.Target{Kind: connector.OnEntitlement, ID: rec.Entitlement.ID}) {
				return
			}
		}
	}
}
