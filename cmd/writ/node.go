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
	"github.com/writhq/writ/iga/role"
	"github.com/writhq/writ/internal/bell"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/pam/breakglass"
	"github.com/writhq/writ/pam/elevate"
	"github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/share"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/provision"
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
	mailer *notify.Sender  // nil where no mail server is configured

	stopping chan struct{} // closed when it stops: who follows something is let go
	settled  atomic.Int64  // the revision that everything has been brought up to

	inventory *inventory.Service
	runs      *inventory.Runs
	written   *written
	provision *provision.Service
	miner     *role.Miner
	vault     *vault.Service
	elevate   *elevate.Engine
	rotate    *rotate.Service
	lease     *lease.Service
	authority *authority.Service
	glass     *breakglass.Service
	share     *share.Service

	catching sync.Mutex   // held while what decisions are made on is brought up
	caught   atomic.Int64 // the revision that it was brought up to
	moved    bell.Bell    // rung when it was
	refusing error        // why everything is refused

	mu      sync.Mutex
	failing error // why the last step behind the truth failed
}

// newNode builds the indexes and the one place that decides.
func (a *app) newNode(ctx context.Context) (*node, error) {
	if _, err := a.newVault(ctx); err != nil {
		return nil, err
	}
	set, err := a.policySet(ctx)
	if err != nil {
		return nil, fmt.Errorf("compiling the policies: %w ('writ policy rescue' takes a document out of force)", err)
	}
	n := &node{
		app: a, live: policy.NewLive(a.graph), search: search.New(a.graph, a.db.Search()), inventory: a.inventory(),
		stopping: make(chan struct{}),
	}
	n.caught.Store(-1)
	n.runs = inventory.NewRuns(n.inventory)
	n.written = &written{inventory: n.inventory, runs: n.runs}
	n.provision = a.provisioning(n.written)
	n.miner = role.NewMiner(a.roles())
	engine, err := policy.New(policy.Config{Set: set, Facts: n.live.Facts})
	if err != nil {
		return nil, err
	}
	n.gate = &policy.Gate{Engine: engine, Graph: a.graph}
	n.vault = a.safes(a.vault, n.gate, a.graph)
	n.vault.Settle, n.vault.Settled = n.fresh, n.known
	n.elevate = &elevate.Engine{Service: &elevate.Service{Store: a.db.Elevate(), Gate: n.gate, Bearer: n.provision, Names: a.db.Inventory(), Now: a.now}}
	n.rotate = a.rotating(a.vault, n.written)
	n.lease = a.leases(n.gate)
	n.lease.Settle, n.lease.Settled = n.fresh, n.known
	if n.authority, err = a.authorities(a.vault, n.gate, a.graph); err != nil {
		return nil, err
	}
	n.authority.Settled = n.known
	if n.share, err = a.shares(a.vault, n.vault, n.gate); err != nil {
		return nil, err
	}
	n.glass = a.breakGlass(a.vault, n.vault, n.gate)
	n.glass.Wake = n.rotate.Wake
	return n, n.catchUp(ctx)
}

// deriving is who keeps what follows from facts, on every node.
var deriving = audit.Actor{Node: "server"}

// carrying is who carries out what was planned. What systems show of it a sync brings in.
var carrying = audit.Actor{Node: "worker"}

// rotating is who gives secrets another value.
var rotating = audit.Actor{Node: "rotation"}

// signing is who looks after authorities and what they signed.
var signing = audit.Actor{Node: "authority"}

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
	g.Go(func() error { return n.know(ctx) })
	g.Go(func() error { return n.search.Run(ctx) })
	g.Go(func() error { return n.runs.Run(ctx) })
	g.Go(func() error { return n.schedule(ctx) })
	g.Go(func() error { return n.app.reconciler().Run(ctx) })
	g.Go(func() error { return n.mail(ctx) })
	g.Go(func() error { return n.miner.Run(ctx) })
	g.Go(func() error { return n.keepVault(ctx) })
	g.Go(func() error { return n.recheck(ctx) })
	g.Go(func() error { return n.elevating(audit.WithActor(ctx, audit.Actor{Node: "elevate"})) })
	planning := audit.WithActor(ctx, audit.Actor{Node: "provision"})
	g.Go(func() error { return n.provision.Plan(planning) })
	g.Go(func() error { return n.provision.Carry(audit.WithActor(ctx, carrying)) })
	g.Go(func() error { return n.provision.Destroy(planning) })
	g.Go(func() error { return n.keepAuthorities(audit.WithActor(ctx, signing)) })
	g.Go(func() error { return n.recheckSigned(audit.WithActor(ctx, signing)) })
	g.Go(func() error { return n.rotate.Run(audit.WithActor(ctx, rotating)) })
	g.Go(func() error { return n.leasing(audit.WithActor(ctx, takingBack)) })
	g.Go(func() error { return n.lease.Keeper.Run(audit.WithActor(ctx, takingBack)) })
	g.Go(func() error { return n.onboard(audit.WithActor(ctx, audit.Actor{Node: "onboard"})) })
	g.Go(func() error { return n.written.run(planning) })
	return g.Wait()
}

// retry is how long a step that failed rests.
const retry = time.Second

// follow keeps the indexes, and what follows from facts, behind each revision. A step
// that fails is tried again: until then the node is not ready, and says why.
func (n *node) follow(ctx context.Context) error {
	var seen access.Rev
	for ctx.Err() == nil {
		rev, err := n.app.db.WaitChange(ctx, seen)
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

// know keeps what is decided and answered from behind each revision, and does nothing else: what
// follows from facts may take its time, and whoever changed something waits to see it.
func (n *node) know(ctx context.Context) error {
	return n.afterEach(ctx, "keeping what is decided from", n.catchUp)
}

// afterEach does a thing after each revision that changed something, until ctx ends. What
// fails is done again.
func (n *node) afterEach(ctx context.Context, what string, do func(context.Context) error) error {
	var seen access.Rev
	for ctx.Err() == nil {
		rev, err := n.app.db.WaitChange(ctx, seen)
		if err == nil {
			err = do(ctx)
		}
		if err != nil {
			if ctx.Err() == nil {
				slog.ErrorContext(ctx, what, "error", err)
			}
			wait(ctx, retry)
			continue
		}
		seen = rev
	}
	return nil
}

// behind does what the revisions since one call for. What this node itself computed or
// carried out calls for nothing more than knowing it: else each measurement would bring the
// next.
func (n *node) behind(ctx context.Context, seen access.Rev) error {
	others, err := n.app.db.ChangedByOthers(ctx, seen, deriving, carrying)
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
	if n.door == nil {
		return nil
	}
	return n.afterEach(ctx, "asking again who has signed in", func(ctx context.Context) error {
		n.door.Refresh(ctx)
		return nil
	})
}

// recheck ends what somebody has out without the right to it, after each revision, and
// begins what others have agreed to.
func (n *node) recheck(ctx context.Context) error {
	return n.afterEach(ctx, "looking at check-outs again", func(ctx context.Context) error {
		if err := n.catchUp(ctx); err != nil {
			return err
		}
		return n.vault.Recheck(ctx)
	})
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
		next, err := n.app.db.NextEdge(ctx)
		if err != nil {
			next = 0
		}
		wait(ctx, n.untilNext(ctx, next))
	}
	return nil
}

// forgetEvery is how often what nobody asks for any more is looked for.
const forgetEvery = 10 * time.Minute

// forget takes away what is kept for a time only: answers, proofs, and what mails said.
func (n *node) forget(ctx context.Context) error {
	for ctx.Err() == nil {
		_, err := n.app.db.Idempotency().Sweep(ctx)
		_, proofs := n.app.db.Signin().Sweep(ctx)
		_, mails := n.app.db.Mail().Forget(ctx)
		if err = errors.Join(err, proofs, mails); err != nil && ctx.Err() == nil {
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
	f.MailWaiting, f.MailDead = s.MailWaiting, s.MailDead
	if s.Waiting > 0 {
		f.WaitingSeconds = s.Now.Time().Sub(s.Oldest.Time()).Seconds()
	}
	return f, nil
}

// mail sends what the outbox holds. Without a mail server it waits there, and whoever
// starts the node is told.
func (n *node) mail(ctx context.Context) error {
	if n.mailer != nil {
		return n.app.db.Mail().Run(ctx, n.mailer)
	}
	f, err := n.app.db.Figures(ctx)
	if err != nil {
		return nil //nolint:nilerr // whether mail waits is no reason not to start
	}
	slog.WarnContext(ctx, "no mail is sent: mail.server is not configured", "waiting", f.MailWaiting)
	return nil
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
