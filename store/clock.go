package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// maxJump is how far the clock may move against the monotonic one before what
// depends on the time is doubted.
const maxJump = 5 * time.Second

// clock watches this node's clock: it never runs backwards, and a jump is noticed. Where the
// clock was set back it does not stand still until that has come up to it, or what has an end
// would not end: it runs on, a little slower.
type clock struct {
	mu     sync.Mutex
	first  time.Time     // wall and monotonic reading of the first look
	base   int64         // nanoseconds: the time at the first look, by what is known now
	ran    time.Duration // since then, by the monotonic clock, at the last look
	high   int64         // microseconds, the latest that was handed out
	jumped bool
}

// slower is the part by which it runs slower while it is ahead of the wall clock.
const slower = 1000

// read returns a time in microseconds that is not below any that it returned before.
func (c *clock) read(now time.Time) int64 { return c.from(now, 0) }

// from is read, of a time that is not below least.
func (c *clock) from(now time.Time, least access.Time) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first.IsZero() {
		c.first = now
	}
	// Sub uses the monotonic readings where both have one; Round(0) strips them.
	wall, ran := now.Round(0).Sub(c.first.Round(0)), now.Sub(c.first)
	if now == now.Round(0) { //nolint:staticcheck // whether it has a monotonic reading Equal does not ask
		ran = c.ran // a clock of a test stands still
		wall = ran
	}
	return c.look(now, least, wall, ran)
}

// look notices when the wall clock has run further than the monotonic one.
func (c *clock) look(now time.Time, least access.Time, wall, monotonic time.Duration) int64 {
	if wall-monotonic > maxJump {
		c.jumped = true
	}
	if ahead := c.base + int64(monotonic) - now.UnixNano(); ahead > 0 {
		c.base -= min(ahead, int64(monotonic-c.ran)/slower)
	}
	c.ran = monotonic
	at := c.base + int64(monotonic)
	c.high = max(c.high, at/int64(time.Microsecond), int64(least), now.UnixMicro())
	c.base += max(0, c.high*int64(time.Microsecond)-at)
	return c.high
}

// ClockTrusted reports whether this node's clock has run evenly since it started.
// After a forward jump of more than 5 s no new privileged access may be given
// until an operator has looked and started the node again.
func (db *DB) ClockTrusted() bool {
	db.clock.read(db.nowFn())
	db.clock.mu.Lock()
	defer db.clock.mu.Unlock()
	return !db.clock.jumped
}

const lastTime = `select coalesce(max(at), 0) from change_set`

// storeTime is the store's time: this node's, never below the last recorded.
func (db *DB) storeTime(ctx context.Context, q *query) (access.Time, error) {
	var last access.Time
	if err := q.row(ctx, lastTime).Scan(&last); err != nil {
		return 0, fmt.Errorf("reading the store's clock: %w", err)
	}
	return access.Time(db.clock.from(db.nowFn(), last)), nil
}

// Now is the store's time.
func (db *DB) Now(ctx context.Context) (at access.Time, err error) {
	err = db.read(ctx, func(q *query) error {
		at, err = db.storeTime(ctx, q)
		return err
	})
	return at, err
}

// NextEdge is when the next dated fact starts or ends; zero when none will.
func (db *DB) NextEdge(ctx context.Context) (at access.Time, err error) {
	err = db.read(ctx, func(q *query) error {
		return q.row(ctx, `select coalesce(min(at), 0) from clock_edge`).Scan(&at)
	})
	return at, err
}

const edgesPerSweep = 1000

const dueEdges = `select at, kind, object from clock_edge where at <= $1 order by at, kind, object limit $2`

// Sweep puts the starts and ends that the clock has reached into the change feed, ends the
// requests for approval that nobody decided in time, and returns how many there were.
func (db *DB) Sweep(ctx context.Context) (n int, err error) {
	ctx = audit.WithActor(ctx, audit.Actor{Node: "sweeper"})
	if db.beside {
		return 0, nil // its owner does it
	}
	edges, err := db.sweepEdges(ctx)
	approvals, failed := db.sweepApprovals(ctx)
	return edges + approvals, errors.Join(err, failed, db.sweepCheckouts(ctx), db.sweepShares(ctx))
}

func (db *DB) sweepEdges(ctx context.Context) (n int, err error) {
	for {
		var at, next access.Time
		if at, err = db.Now(ctx); err != nil {
			return n, err
		}
		if next, err = db.NextEdge(ctx); err != nil || next == 0 || next > at {
			return n, err
		}
		swept, err := db.sweepBatch(ctx)
		n += swept
		if err != nil || swept == 0 {
			return n, err
		}
	}
}

// sweepBatch moves one batch of edges. Deleting tells who was first, where two
// nodes sweep at once; a batch in which nothing was left is undone with its record.
func (db *DB) sweepBatch(ctx context.Context) (n int, err error) {
	err = db.change(ctx, audit.Event{Action: "clock.sweep"}, func(t *tx) error {
		n = 0
		type edge struct {
			at  access.Time
			ref access.Ref
		}
		var edges []edge
		err := t.each(ctx, dueEdges, []any{t.At, edgesPerSweep}, func(scan func(...any) error) error {
			var e edge
			defer func() { edges = append(edges, e) }()
			return scan(&e.at, &e.ref.Kind, &e.ref.Key)
		})
		if err != nil {
			return err
		}
		told := map[access.Ref]bool{}
		for _, e := range edges {
			gone, err := t.exec(ctx, `delete from clock_edge where at = $1 and kind = $2 and object = $3`, e.at, e.ref.Kind, e.ref.Key)
			if err != nil {
				return err
			}
			if gone == 0 {
				continue
			}
			n++
			if told[e.ref] {
				continue
			}
			told[e.ref] = true
			if e.ref.Kind == access.KindIdentity {
				if err := t.restate(ctx, access.IdentityID(e.ref.Key)); err != nil {
					return fmt.Errorf("deriving the state of %s: %w", e.ref, err)
				}
			}
			if e.ref.Kind == access.KindEvent {
				if err := t.eventDue(ctx, access.EventID(e.ref.Key)); err != nil {
					return fmt.Errorf("%s: %w", e.ref, err)
				}
			}
			if err := t.changed(ctx, e.ref); err != nil {
				return err
			}
		}
		if n == 0 {
			return errNothingDue
		}
		t.Event.Facts = map[string]string{"edges": fmt.Sprint(n), "objects": fmt.Sprint(len(told))}
		return nil
	})
	if err == errNothingDue { //nolint:errorlint // it is returned as it is
		return 0, nil
	}
	return n, err
}
