package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/elevate"
)

// elevating brings elevations on behind each revision and behind the clock, until ctx ends.
func (n *node) elevating(ctx context.Context) error {
	var seen access.Rev
	for ctx.Err() == nil {
		next, err := n.elevateOnce(ctx)
		if err != nil && ctx.Err() == nil && !errors.Is(err, elevate.ErrBehind) {
			slog.ErrorContext(ctx, "bringing elevations on", "error", err)
			wait(ctx, retry)
		}
		within, cancel := context.WithTimeout(ctx, n.untilNext(ctx, next))
		if rev, err := n.app.db.WaitChange(within, seen); err == nil {
			seen = rev
		}
		cancel()
	}
	return nil
}

// elevateOnce decides by a graph that is no older than what it looks at.
func (n *node) elevateOnce(ctx context.Context) (next access.Time, err error) {
	for range 3 {
		if next, err = n.elevate.Step(ctx); !errors.Is(err, elevate.ErrBehind) {
			break
		}
		if err := n.catchUp(ctx); err != nil {
			return 0, err
		}
	}
	return next, err
}

// untilNext is how long nothing is to be done, if nothing changes.
func (n *node) untilNext(ctx context.Context, next access.Time) time.Duration {
	now, err := n.app.db.Now(ctx)
	if err != nil || next == 0 {
		return sweepAtMost
	}
	return min(sweepAtMost, max(time.Millisecond, time.Duration(next-now)*time.Microsecond))
}
