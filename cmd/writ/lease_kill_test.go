package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/policy"
)

// errDead is what a node that was killed gets done: nothing.
var errDead = errors.New("the node is dead")

// life is one life of a node: it dies at any step, and then neither its store nor its
// systems do anything for it any more.
type life struct {
	lease.Store
	lease.Systems
	dead atomic.Bool
	die  func()
	calm bool
}

func (l *life) may(n int) bool { return !l.calm && rand.IntN(n) == 0 } //nolint:gosec // a test's dice

// step is before and after all that a node does.
func (l *life) step() error {
	if l.may(50) {
		l.kill()
	}
	if l.dead.Load() {
		return errDead
	}
	return nil
}

func (l *life) kill() {
	l.dead.Store(true)
	l.die()
}

func (l *life) Ask(ctx context.Context, x *lease.Lease, of lease.Offer, by lease.Right, _ *approval.Case) ([]string, error) {
	if err := l.step(); err != nil {
		return nil, err
	}
	list, err := l.Store.Ask(ctx, x, of, by, nil)
	return list, errors.Join(err, l.step())
}

func (l *life) Made(ctx context.Context, ids []access.LeaseID) ([]access.LeaseID, error) {
	if err := l.step(); err != nil {
		return nil, err
	}
	list, err := l.Store.Made(ctx, ids)
	return list, errors.Join(err, l.step())
}

func (l *life) Renew(ctx context.Context, id access.LeaseID, until access.Time) (lease.Lease, error) {
	if err := l.step(); err != nil {
		return lease.Lease{}, err
	}
	return l.Store.Renew(ctx, id, until)
}

func (l *life) End(ctx context.Context, id access.LeaseID, code, said string) (lease.Lease, error) {
	if err := l.step(); err != nil {
		return lease.Lease{}, err
	}
	return l.Store.End(ctx, id, code, said)
}

func (l *life) Sweep(ctx context.Context, making time.Duration) (now, next access.Time, err error) {
	if err := l.step(); err != nil {
		return 0, 0, err
	}
	return l.Store.Sweep(ctx, making)
}

func (l *life) Own(ctx context.Context, id access.SystemID, ttl time.Duration) (lease.Owner, error) {
	o, err := l.Store.Own(ctx, id, ttl)
	return &livingOwner{o, l}, err
}

type livingOwner struct {
	lease.Owner
	l *life
}

func (o *livingOwner) Settle(ctx context.Context, list []lease.Outcome) error {
	if err := o.l.step(); err != nil {
		return err
	}
	return o.Owner.Settle(ctx, list)
}

func (o *livingOwner) End(ctx context.Context) error {
	if o.l.dead.Load() {
		return errDead // what it had, it has until that runs out
	}
	return o.Owner.End(ctx)
}

func (l *life) Open(ctx context.Context, id access.SystemID) (connector.Connector, connector.Spec, func() error, error) {
	c, spec, end, err := l.Systems.Open(ctx, id)
	if err != nil {
		return nil, spec, nil, err
	}
	return &shakyLender{c.(connector.Lender), l}, spec, end, nil
}

// shakyLender breaks, loses answers, and dies with its node.
type shakyLender struct {
	connector.Lender
	l *life
}

func (s *shakyLender) do(ctx context.Context, fn func(context.Context) error) error {
	if s.l.may(12) {
		return connector.ErrUnreachable
	}
	if err := s.l.step(); err != nil {
		return err
	}
	if s.l.may(12) { // a part of it reaches the system
		short, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(4000))*time.Microsecond) //nolint:gosec // a test's dice
		defer cancel()
		ctx = short
	}
	err := fn(context.WithoutCancel(ctx))
	if s.l.may(8) {
		err = connector.ErrUnreachable // its answer is lost
	}
	return errors.Join(err, s.l.step())
}

func (s *shakyLender) Lend(ctx context.Context, x connector.Loan) error {
	return s.do(ctx, func(ctx context.Context) error { return s.Lender.Lend(ctx, x) })
}

func (s *shakyLender) Prolong(ctx context.Context, of connector.Lent, until time.Time) error {
	return s.do(ctx, func(ctx context.Context) error { return s.Lender.Prolong(ctx, of, until) })
}

func (s *shakyLender) Recall(ctx context.Context, of connector.Lent, to string) error {
	return s.do(ctx, func(ctx context.Context) error { return s.Lender.Recall(ctx, of, to) })
}

// lives is a cluster in which nodes lease and die.
type lives struct {
	*lender
	node *node
	made int // leases that somebody was given
	over int // nodes that died
}

func newLives(t *testing.T) *lives {
	t.Helper()
	c := &lives{lender: newLender(t, access.Terms{Most: time.Minute})}
	c.stop()
	a := &app{out: io.Discard, err: io.Discard, data: c.data}
	ctx, err := a.openGraph(context.WithoutCancel(t.Context()))
	must(t, err)
	t.Cleanup(func() { must(t, a.close()) })
	c.app, c.ctx = a, ctx
	c.node, err = a.newNode(ctx)
	must(t, err)
	return c
}

// live is one life of a node, in which several lease, renew and give back.
func (c *lives) live(lasts time.Duration, calm bool) {
	ctx, die := context.WithTimeout(audit.WithActor(c.ctx, takingBack), lasts)
	defer die()
	l := &life{Store: c.app.db.Leases(), Systems: lending{c.app.inventory()}, die: die, calm: calm}
	lenders := &lease.Lenders{Systems: l}
	s := &lease.Service{Store: l, Gate: c.node.gate, Names: c.app.db.Inventory(), Lenders: lenders, Keeper: &lease.Keeper{Store: l, Lenders: lenders, Abandoned: 100 * time.Millisecond, Every: 20 * time.Millisecond}}
	var all sync.WaitGroup
	all.Go(func() { _ = s.Keeper.Run(ctx) }) // it says that the node died
	var made atomic.Int64
	who := policy.WithCaller(ctx, policy.Caller{Identity: c.identity("E1"), Context: policy.Context{MFA: true}})
	for range 3 {
		all.Go(func() {
			for ctx.Err() == nil && !calm {
				got, err := s.Issue(who, lease.Asking{Template: c.template.ID, Lasts: time.Second + time.Duration(rand.IntN(500))*time.Millisecond, Reason: "a test"}) //nolint:gosec // a test's dice
				if err != nil {
					continue
				}
				made.Add(1)
				if rand.IntN(2) == 0 { //nolint:gosec // a test's dice
					_, _ = s.Renew(who, got.ID, 2*time.Second)
				}
				if rand.IntN(2) == 0 { //nolint:gosec // a test's dice
					_, _ = s.Return(who, got.ID)
				}
			}
		})
	}
	if calm {
		c.waits(func() bool { return len(c.open()) == 0 && c.accounts() == "0" }, func() string {
			open := c.open()
			return fmt.Sprintf("%d leases are open, and %s accounts there: %+v", len(open), c.accounts(), open)
		})
		die()
	}
	all.Wait()
	c.made += int(made.Load())
	if l.dead.Load() {
		c.over++
	}
	must(c.t, endLeases(c.data)) // a node that died gives nothing back
}

func (c *lives) open() []lease.Lease {
	c.t.Helper()
	list, err := c.app.db.Leases().Leases(c.ctx, lease.Query{Open: true, First: 1000})
	must(c.t, err)
	return list
}

// accounts is how many accounts for one use the cluster has.
func (c *lives) accounts() string {
	c.t.Helper()
	return psql(c.t, c.pg, `select count(*) from pg_roles where starts_with(rolname, 'lease_')`)
}

// TestLesson16_LeasesKilledAnywhere kills nodes at every step, over a real cluster that
// fails and loses answers: once one stays alive, no account is left that no lease is of, and
// none that is past its end.
func TestLesson16_LeasesKilledAnywhere(t *testing.T) {
	c := newLives(t)
	rounds, longest := testkit.Rounds(5, 20, 500), 300*time.Millisecond
	for n := 0; n < rounds || (c.made == 0 || c.over == 0) && n < 4*rounds; n++ {
		c.live(20*time.Millisecond+rand.N(longest), false) //nolint:gosec // a test's dice
		if c.made == 0 {
			longest += 50 * time.Millisecond // on a busy machine nobody lives to see an account
		}
	}
	left := c.accounts()
	c.live(time.Minute, true)
	all, err := c.app.db.Leases().Leases(c.ctx, lease.Query{First: 10000})
	must(t, err)
	for _, l := range all {
		if !l.State.Over() || l.State == lease.Ended && l.Gone == 0 || l.Most != time.Minute || l.End > l.Start+access.Time(l.Most.Microseconds()) {
			t.Errorf("left over: %+v", l)
		}
	}
	if c.made == 0 || c.over == 0 {
		t.Error("nothing was made, or nobody died: this test could not fail")
	}
	t.Logf("%d leases, %d of them given, %d nodes died; the last one found %s accounts", len(all), c.made, c.over, left)
}

// A node that is away at the end takes the account away within a second of being back, also
// where it is killed while it does; and what no lease is of, unless it is another
// installation's.
func TestLeaseEndsWithTheNodeAway(t *testing.T) {
	c := newLender(t, access.Terms{Most: time.Minute})
	c.soon = true
	var worst time.Duration
	for round := range testkit.Rounds(1, 2, 40) {
		got := c.gets("2s")
		prefix, err := c.app.db.Leases().Prefix(c.ctx)
		must(t, err)
		c.stop()
		if round%2 == 1 {
			c.killed(time.Duration(rand.IntN(1500)) * time.Millisecond) //nolint:gosec // a test's dice
		}
		if now := access.TimeOf(time.Now()); now < got.End {
			wait(t.Context(), time.Duration(got.End-now)*time.Microsecond)
		}
		orphan := fmt.Sprintf("lease_orphan%d", round)
		c.pg.Exec(t, "postgres", `create role `+orphan+` login`, `comment on role `+orphan+` is '`+connector.Sign(lease.Mark(prefix, 1<<40))+`'`,
			`create role foreign`+fmt.Sprint(round)+` login`, `comment on role foreign`+fmt.Sprint(round)+` is 'writ=lease.another1.lse_0000000000001'`)
		c.restart(t)
		back := time.Now()
		c.waits(func() bool { return !c.isThere(got.Name) }, func() string { return "past its end it is there" })
		took := time.Since(back)
		worst = max(worst, took)
		if testkit.Punctual() && took > time.Second {
			t.Errorf("round %d: gone %s after the node was back", round, took)
		}
		c.becomes(got.ID, lease.Ended)
		c.waits(func() bool { return !c.isThere(orphan) }, func() string { return "an account that no lease is of is there" })
		if !c.isThere("foreign" + fmt.Sprint(round)) {
			t.Error("another installation's account is gone")
		}
	}
	t.Logf("gone at most %s after the node was back", worst.Round(time.Millisecond))
}
