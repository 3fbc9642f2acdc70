package lease

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
)

// How much a turn does at a time, and how long it may take.
const (
	takenAtOnce   = 8               // accounts of one system
	againAtOnce   = takenAtOnce / 2 // of them, those that were tried in vain before
	longestTurn   = 5 * time.Minute // then orphans have their turn
	firstWithin   = 10 * time.Second
	longestWithin = 2 * time.Minute
	firstPause    = time.Second
	longestPause  = 5 * time.Minute
)

// turn is what one node does in one system at a time.
type turn struct {
	*Keeper
	owner  Owner
	system access.SystemID
}

// kept runs do for as long as the system is surely this node's, and says meanwhile that it
// is at it.
func (w *turn) kept(ctx context.Context, do func(ctx context.Context) error) error {
	within, cancel := context.WithCancel(ctx)
	var saying sync.WaitGroup
	defer saying.Wait()
	defer cancel()
	saying.Go(func() {
		tick := time.NewTicker(or(w.Lease, usualLease) / 3)
		defer tick.Stop()
		for {
			select {
			case <-within.Done():
				return
			case <-tick.C:
				if err := w.owner.Keep(within); err != nil {
					cancel()
					return
				}
			}
		}
	})
	return do(within)
}

// takeAway takes away what is due until nothing is, several accounts at once, and keeps what
// became of each as soon as it is known: one that the system does not answer for keeps none
// of the others waiting, also of those that become due meanwhile.
func (w *turn) takeAway(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	t := taking{turn: w, under: map[access.LeaseID]bool{}, over: make(chan Outcome, takenAtOnce), began: time.Now()}
	defer func() {
		cancel()
		for range t.under {
			<-t.over // taken up by whoever is there
		}
	}()
	for {
		woken := w.due.Rung()
		if err := t.begin(ctx); err != nil || len(t.under) == 0 {
			return err
		}
		timer := time.NewTimer(lookAgain)
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case x := <-t.over:
			err = t.settle(ctx, x)
		case <-woken:
		case <-timer.C:
		}
		timer.Stop()
		if err != nil {
			return err
		}
	}
}

// taking is what is being taken away in a turn.
type taking struct {
	*turn
	under map[access.LeaseID]bool
	again int // of them were tried before
	over  chan Outcome
	began time.Time
}

// begin takes up what is due, as far as there is room. What was tried before has half of it:
// what is over now does not wait for what hangs.
func (t *taking) begin(ctx context.Context) error {
	if time.Since(t.began) > longestTurn {
		return nil
	}
	list, err := t.owner.Due(ctx, Together)
	if err != nil {
		return err
	}
	for _, l := range list {
		if t.under[l.ID] || len(t.under) == takenAtOnce || l.Attempts > 0 && t.again == againAtOnce {
			continue
		}
		t.under[l.ID] = true
		if l.Attempts > 0 {
			t.again++
		}
		go func() { t.over <- t.recall(ctx, l) }()
	}
	return nil
}

// settle keeps what became of one, and of others of which it is known by now.
func (t *taking) settle(ctx context.Context, x Outcome) error {
	list := []Outcome{x}
	for len(t.over) > 0 {
		list = append(list, <-t.over)
	}
	for _, x := range list {
		delete(t.under, x.Lease.ID)
		if x.Lease.Attempts > 0 {
			t.again--
		}
	}
	if ctx.Err() != nil {
		return ctx.Err() // why it failed may be that: taken up by whoever is there
	}
	return t.owner.Settle(ctx, list)
}

// recall takes the account of a lease away. The more often that was in vain, the longer the
// system may take: what it began it may have to begin anew.
func (w *turn) recall(ctx context.Context, l Lease) Outcome {
	x := Outcome{Lease: l}
	if err := w.takeBack(ctx, connector.Lent{Name: l.Name, Mark: l.Mark}, l.Successor, min(firstWithin<<min(l.Attempts, 12), longestWithin)); err != nil {
		x.After = min(firstPause<<min(l.Attempts, 12), longestPause)
		x.Code, x.Said = codeOf(err), said(err)
	}
	return x
}

// takeBack has the system take an account away within a time.
func (w *turn) takeBack(ctx context.Context, of connector.Lent, to string, lasts time.Duration) error {
	within, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	u, err := w.Lenders.use(within, w.system)
	if err == nil {
		err = u.lender.Recall(within, of, to)
		u.end()
	}
	if err != nil && errors.Is(within.Err(), context.DeadlineExceeded) {
		return connector.ErrUnreachable.With("the system did not take the account away within %s", lasts).Because(err)
	}
	return err
}

// each does something to each of n accounts, several at once.
func (w *turn) each(ctx context.Context, n int, do func(ctx context.Context, i int)) error {
	return w.kept(ctx, func(within context.Context) error {
		next := make(chan int)
		var all sync.WaitGroup
		for range min(n, takenAtOnce) {
			all.Go(func() {
				for i := range next {
					do(within, i)
				}
			})
		}
		for i := range n {
			next <- i
		}
		close(next)
		all.Wait()
		return ctx.Err()
	})
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.Code
	}
	return fault.Internal.String()
}
