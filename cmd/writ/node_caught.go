package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// catchUp brings the indexes up to what is committed.
func (n *node) catchUp(ctx context.Context) error {
	if _, err := n.app.graph.Follow(ctx); err != nil {
		return fmt.Errorf("following the graph: %w", err)
	}
	n.catching.Lock()
	defer n.catching.Unlock()
	v := n.app.graph.View()
	rev := v.Rev()
	v.Close()
	if rev <= n.known() {
		return nil // somebody else did
	}
	d, err := n.app.db.Policy().Directory(ctx)
	if err != nil {
		return fmt.Errorf("reading who holds which function: %w", err)
	}
	n.live.Put(d)
	n.search.Wake()
	if err := n.followPolicies(ctx); err != nil {
		return err
	}
	n.caught.Store(int64(rev))
	n.moved.Ring()
	return nil
}

// seen returns once what is committed by now is what this node decides and answers from.
// It follows nothing itself: what many change at once is followed for all of them.
func (n *node) seen(ctx context.Context) error {
	last, err := n.app.db.LastChange(ctx)
	for err == nil {
		moved := n.moved.Rung()
		behind := false
		if behind, err = n.app.db.ChangedUpTo(ctx, last, n.known()); err != nil || !behind {
			break
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return err
}

// known is the revision up to which everything is known that decisions are made on: the graph,
// who holds which function, and the policies in force.
func (n *node) known() access.Rev { return access.Rev(n.caught.Load()) }

// followPolicies puts in force what was published. What this node cannot compile, as where
// a newer one published it, leaves it with the guards alone: it refuses everything, and is
// not ready.
func (n *node) followPolicies(ctx context.Context) error {
	rev, err := n.app.db.Policy().PoliciesRev(ctx)
	if err != nil {
		return fmt.Errorf("asking which policies are in force: %w", err)
	}
	if rev <= n.gate.Engine.Set().Revision {
		return n.refusing
	}
	set, err := n.app.policySet(ctx)
	if n.refusing = err; err != nil {
		n.refusing = fmt.Errorf("compiling the policies, without which everything is refused: %w", err)
		if set, err = policy.NewSet(rev); err != nil {
			return err
		}
	}
	return errors.Join(n.refusing, n.gate.Engine.Swap(set))
}

// settle gives what is committed its revision and brings the indexes up to it.
func (n *node) settle(ctx context.Context) error {
	if _, err := n.app.db.Sequence(ctx); err != nil {
		return fmt.Errorf("sequencing: %w", err)
	}
	return n.catchUp(ctx)
}

// fresh is settle where anything was changed that the indexes show. Mostly what is committed
// is that somebody used what they may.
func (n *node) fresh(ctx context.Context) error {
	changed, err := n.app.db.ChangedAfter(ctx, n.known())
	if err != nil || !changed {
		return err
	}
	return n.settle(ctx)
}
