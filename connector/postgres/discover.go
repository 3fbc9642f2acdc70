package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/connector"
)

// checkpointEvery is how many accounts lie between two checkpoints.
const checkpointEvery = 1000

// Discover yields the cluster: resources, entitlements and what they hold, then
// each account with its grants. It is read whole before it is yielded. A cursor is
// a place in one state of the cluster; in another state it starts over.
func (c *Cluster) Discover(ctx context.Context, cursor string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		k, err := c.read(ctx)
		if err != nil {
			yield(connector.Record{}, err)
			return
		}
		for rec := range k.records(cursor) {
			if ctx.Err() != nil {
				yield(connector.Record{}, fmt.Errorf("postgres %q: reading: %w", c.name, context.Cause(ctx)))
				return
			}
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// records are what comes after the cursor.
func (k *catalog) records(cursor string) iter.Seq[connector.Record] {
	return func(yield func(connector.Record) bool) {
		var accounts []*role
		for _, r := range k.order {
			if r.isAccount() {
				accounts = append(accounts, r)
			}
		}
		digest, from := k.digest(), 0
		if place, ok := strings.CutPrefix(cursor, digest+":"); ok {
			if n, err := strconv.Atoi(place); err == nil && n > 0 && n <= len(accounts) {
				from = n
			}
		}
		if from == 0 && !k.fixed(yield) {
			return
		}
		for i, r := range accounts[from:] {
			a := k.record(r)
			if !yield(connector.Record{Account: a}) || !k.held(account(r.Name), yield) {
				return
			}
			done := from + i + 1
			if (done%checkpointEvery == 0 || done == len(accounts)) && !yield(connector.Record{Checkpoint: fmt.Sprintf("%s:%d", digest, done)}) {
				return
			}
		}
	}
}

// fixed yields all but the accounts.
func (k *catalog) fixed(yield func(connector.Record) bool) bool {
	for _, r := range k.rejects() {
		if !yield(connector.Record{Reject: r}) {
			return false
		}
	}
	for _, r := range k.resources {
		if !yield(connector.Record{Resource: r}) {
			return false
		}
	}
	for _, e := range k.entitlements {
		if !yield(connector.Record{Entitlement: e}) {
			return false
		}
	}
	for _, e := range k.entitlements {
		if !k.held(connector.Target{Kind: connector.OnEntitlement, ID: e.ID}, yield) {
			return false
		}
	}
	for _, t := range k.elsewhere() {
		if !k.held(t, yield) {
			return false
		}
	}
	return true
}

// elsewhere are the holders that are things of another system.
func (k *catalog) elsewhere() (list []connector.Target) {
	for t := range k.grants {
		if t.System != "" {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b connector.Target) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// held yields what a holder has.
func (k *catalog) held(t connector.Target, yield func(connector.Record) bool) bool {
	for _, g := range k.grants[t] {
		if !yield(connector.Record{Grant: g}) {
			return false
		}
	}
	return true
}

// digest tells whether a cursor is of the same cluster in the same state: any
// other role, resource, entitlement or grant makes resuming start over.
func (k *catalog) digest() string {
	sum := sha256.New()
	for _, r := range k.order {
		_, _ = fmt.Fprintf(sum, "%v %v\n", r, k.openings.byRole[r])
	}
	for _, r := range k.resources {
		_, _ = fmt.Fprintf(sum, "%v\n", *r)
	}
	for _, e := range k.entitlements {
		_, _ = fmt.Fprintf(sum, "%v\n", *e)
	}
	targets := make([]connector.Target, 0, len(k.order)+len(k.entitlements))
	for _, r := range k.order {
		targets = append(targets, account(r.Name))
	}
	for _, e := range k.entitlements {
		targets = append(targets, connector.Target{Kind: connector.OnEntitlement, ID: e.ID})
	}
	for _, t := range append(targets, k.elsewhere()...) {
		for _, g := range k.grants[t] {
			_, _ = fmt.Fprintf(sum, "%v %s %d\n", t, g.Entitlement, g.Flags)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:12])
}
