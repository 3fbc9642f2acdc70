package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/search"
	"github.com/writhq/writ/server"
	"github.com/writhq/writ/signin"
)

// node is what goes on in the background while a server runs: revisions are given,
// indexes follow, dated facts start and end, and what follows from facts is kept up.
type node struct {
	app    *app
	live   *policy.Live
	gate   *policy.Gate
	search *search.Index
	door   *signin.Service // once there is a server

	stopping chan struct{} // closed when it stops: who follows something is let go
	settled  atomic.Int64  // the revision that everything has been brought up to

	inventory *inventory.Service
	runs      *inventory.Runs

	mu      sync.Mutex
	failing error // why the last step behind the truth failed
}

// newNode builds the indexes and the one place that decides.
func (a *app) newNode(ctx context.Context) (*node, error) {
	set, err := policy.NewSet(1, policy.Shipped()...)
	if err != nil {
		return nil, fmt.Errorf("compiling the policies: %w", err)
	}
	n := &node{
		app: a, live: policy.NewLive(a.graph), search: search.New(a.graph, a.db.Search()), inventory: a.inventory(),
		stopping: make(chan struct{}),
	}
	n.runs = inventory.NewRuns(n.inventory)
	engine, err := policy.New(policy.Config{Set: set, Facts: n.live.Facts})
	if err != nil {
		return nil, err
	}
	n.gate = &policy.Gate{Engine: engine, Graph: a.graph}
	return n, n.catchUp(ctx)
}

// catchUp brings the indexes up to what is committed.
func (n *node) catchUp(ctx context.Context) error {
	if _, err := n.app.graph.Follow(ctx); err != nil {
		return fmt.Errorf("following the graph: %w", err)
	}
	d, err := n.app.db.Policy().Directory(ctx)
	if err != nil {
		return fmt.Errorf("reading who holds which function: %w", err)
	}
	n.live.Put(d)
	n.search.Wake()
	return nil
}

// deriving is who keeps what follows from facts, on every node.
var deriving = audit.Actor{Node: "server"}

// run works until ctx ends or something that nothing can go on without fails.
func (n *node) run(ctx context.Context) error {
	ctx = audit.WithActor(ctx, deriving)
	g, ctx := errgroup.WithContext(ctx)
	defer context.AfterFunc(ctx, func() { close(n.stopping) })()
	g.Go(func() error { return n.app.db.RunSequencer(ctx) })
	g.Go(func() error { return n.follow(ctx) })
	g.Go(func() error { return n.doubt(ctx) })
	g.Go(func() error { return n.sweep(ctx) })
	g.Go(func() error { return n.forget(ctx) })
	g.Go(func() error { return n.search.Run(ctx) })
	g.Go(func() error { return n.runs.Run(ctx) })
	g.Go(func() error { return n.schedule(ctx) })
	return g.Wait()
}

// retry is how long a step that failed rests.
const retry = time.Second

// follow keeps the indexes, and what follows from facts, behind each revision. A step
// that fails is tried again: until then the node is not ready, and says why.
func (n *node) follow(ctx context.Context) error {
	var seen access.Rev
	for ctx.Err() == nil {
		rev, err := n.app.db.WaitRev(ctx, seen)
		if ctx.Err() != nil {
			break
		}
		if err == nil {
			err = n.behind(ctx, seen)
		}
		if ctx.Err() != nil {
			break
		}
		n.failed(err)
		if err == nil {
			seen = rev
			n.settled.Store(int64(rev))
			continue
		}
		slog.ErrorContext(ctx, "following", "error", err)
		wait(ctx, retry)
	}
	return nil
}

// behind does what the revisions since one call for. What this node itself computed
// calls for nothing more than knowing it: else each measurement would bring the next.
func (n *node) behind(ctx context.Context, seen access.Rev) error {
	others, err := n.app.db.ChangedByOthers(ctx, seen, deriving)
	if err != nil {
		return err
	}
	if !others {
		return n.catchUp(ctx)
	}
	return n.step(ctx)
}

// doubt makes the door ask again who has signed in, after each revision. It does not
// wait for what follows from facts: what is revoked has ended.
func (n *node) doubt(ctx context.Context) error {
	var seen access.Rev
	for n.door != nil && ctx.Err() == nil {
		rev, err := n.app.db.WaitRev(ctx, seen)
		if err != nil {
			wait(ctx, retry) // until then the door believes nothing for long
			continue
		}
		seen = rev
		n.door.Refresh(ctx)
	}
	return nil
}

// settle gives what is committed its revision and brings the indexes up to it.
func (n *node) settle(ctx context.Context) error {
	if _, err := n.app.db.Sequence(ctx); err != nil {
		return fmt.Errorf("sequencing: %w", err)
	}
	return n.catchUp(ctx)
}

func (n *node) step(ctx context.Context) error {
	if err := n.catchUp(ctx); err != nil {
		return err
	}
	if _, err := n.app.refresh(ctx); err != nil {
		return fmt.Errorf("computing what follows from facts: %w", err)
	}
	return n.catchUp(ctx)
}

func (n *node) failed(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.failing = err
}

// ready returns why the node cannot serve, or nil.
func (n *node) ready(ctx context.Context) error {
	n.mu.Lock()
	err := n.failing
	n.mu.Unlock()
	if err != nil {
		return err
	}
	if !n.app.db.ClockTrusted() {
		return errors.New("the clock jumped: look at it, then start the node again")
	}
	_, err = n.app.db.Rev(ctx)
	return err
}

// sweepAtMost is how long the next edge is believed: a change may bring a nearer one.
const sweepAtMost = time.Second

// sweep puts the starts and ends that the clock reaches into the feed.
func (n *node) sweep(ctx context.Context) error {
	for ctx.Err() == nil {
		if _, err := n.app.db.Sweep(ctx); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "sweeping", "error", err)
		}
		wait(ctx, sweepAtMost)
	}
	return nil
}

// forgetEvery is how often what nobody asks for any more is looked for.
const forgetEvery = 10 * time.Minute

// forget takes away what is kept for a time only: answers, and proofs.
func (n *node) forget(ctx context.Context) error {
	for ctx.Err() == nil {
		_, err := n.app.db.Idempotency().Sweep(ctx)
		_, proofs := n.app.db.Signin().Sweep(ctx)
		if err = errors.Join(err, proofs); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "forgetting", "error", err)
		}
		wait(ctx, forgetEvery)
	}
	return nil
}

// figures are what metrics tell of the node.
func (n *node) figures(ctx context.Context) (f server.Figures, err error) {
	v := n.app.graph.View()
	defer v.Close()
	f.Permits, f.Forbids = n.gate.Engine.Counts()
	f.GraphRevision, f.Ready = int64(v.Rev()), n.ready(ctx) == nil
	s, err := n.app.db.Figures(ctx)
	if err != nil {
		return f, err
	}
	f.StoreRevision, f.Waiting, f.StoreBytes, f.AuditRecords = int64(s.Rev), s.Waiting, s.Bytes, s.Records
	if s.Waiting > 0 {
		f.WaitingSeconds = s.Now.Time().Sub(s.Oldest.Time()).Seconds()
	}
	return f, nil
}

// readAtOnce is how many systems and sources a node reads at a time by itself.
const readAtOnce = 2

// schedule reads systems and sources when they are due. What a sync changed is followed
// like everything else.
func (n *node) schedule(ctx context.Context) error {
	ctx = audit.WithActor(ctx, audit.Actor{Node: "schedule"})
	s := inventory.Scheduler{List: n.inventory.DueList, Read: n.runs.ReadBySchedule, Now: n.app.now, Most: readAtOnce}
	return s.Run(ctx)
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
