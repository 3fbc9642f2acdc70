package lease

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/bell"
	"github.com/writhq/writ/internal/fault"
)

// Keeper takes away what is over, on every node: in a system one node at a time does. Store
// and Lenders are needed.
type Keeper struct {
	Store   KeeperStore
	Lenders *Lenders
	// Lease is for how long a node that says nothing has a system; zero is 15 seconds.
	Lease time.Duration
	// Abandoned is after how long an account that is not made has no node that makes it; zero
	// is a minute.
	Abandoned time.Duration
	// Every is how often a system is looked at for orphans; zero is five minutes.
	Every time.Duration

	due bell.Bell
}

// How much is done at a time, and how long it may take.
const (
	systemsAtOnce = 64 // in which something is taken away: one that hangs keeps no other waiting
	lookAgain     = time.Second
	usualLease    = 15 * time.Second
	usualLook     = 5 * time.Minute
)

func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// Wake has what is over looked at now.
func (k *Keeper) Wake() { k.due.Ring() }

// Run takes away what is over until ctx ends, and waits for what it had begun.
func (k *Keeper) Run(ctx context.Context) error {
	under := map[access.SystemID]bool{}
	over := make(chan done)
	var tidying sync.WaitGroup
	tidying.Go(func() { k.tidy(ctx) })
	r := rota{every: or(k.Every, usualLook), looked: map[access.SystemID]time.Time{}, rests: map[access.SystemID]time.Time{}}
	for ctx.Err() == nil {
		woken := k.due.Rung()
		next := k.sweep(ctx)
		due, err := k.Store.Due(ctx, 2*systemsAtOnce)
		k.complain(ctx, "looking for what is to be taken away", err)
		k.complain(ctx, "looking for systems that lend", r.ask(ctx, k.Store))
		for id, look := range r.next(due) {
			if under[id] || len(under) >= systemsAtOnce {
				continue
			}
			if look {
				r.looked[id] = time.Now()
			}
			under[id] = true
			r.rests[id] = time.Now().Add(lookAgain) // unless it goes well
			go func() {
				err := k.system(ctx, id, look)
				k.complain(ctx, "taking accounts away in "+id.String(), err)
				over <- done{id, err}
			}()
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-woken:
		case x := <-over:
			delete(under, x.system)
			if x.err == nil {
				delete(r.rests, x.system)
			}
		case <-timer.C:
		}
		timer.Stop()
	}
	for len(under) > 0 {
		delete(under, (<-over).system)
	}
	tidying.Wait()
	return k.Lenders.Tidy(true)
}

// tidy closes what nobody uses: a system that hangs lets nobody say goodbye quickly.
func (k *Keeper) tidy(ctx context.Context) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for ctx.Err() == nil {
		k.complain(ctx, "closing what nobody uses", k.Lenders.Tidy(false))
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// done is that a turn in a system has ended.
type done struct {
	system access.SystemID
	err    error
}

// rota is when which system is looked at for orphans.
type rota struct {
	every  time.Duration
	asked  time.Time // which systems lend
	looked map[access.SystemID]time.Time
	rests  map[access.SystemID]time.Time // until when it is left alone: another node is at it, or the store failed
}

// askAgain is how often it is asked which systems lend.
const askAgain = 10 * time.Second

// ask learns of systems that lend by now.
func (r *rota) ask(ctx context.Context, store KeeperStore) error {
	if time.Since(r.asked) < min(askAgain, r.every) {
		return nil
	}
	r.asked = time.Now()
	list, err := store.Lending(ctx)
	for _, id := range list {
		if _, known := r.looked[id]; !known {
			r.looked[id] = time.Time{}
		}
	}
	return err
}

// next are the systems in which something is due, and those that are to be looked at.
func (r *rota) next(due []access.SystemID) map[access.SystemID]bool {
	list := map[access.SystemID]bool{}
	for _, id := range due {
		list[id] = false
	}
	for id, at := range r.looked {
		if time.Since(at) >= r.every {
			list[id] = true
		}
	}
	for id, until := range r.rests {
		if time.Now().Before(until) {
			delete(list, id)
		}
	}
	return list
}

// sweep ends what is over, and returns how long nothing else will be.
func (k *Keeper) sweep(ctx context.Context) time.Duration {
	now, next, err := k.Store.Sweep(ctx, or(k.Abandoned, abandoned))
	k.complain(ctx, "looking for what is over", err)
	if err != nil || next == 0 {
		return lookAgain
	}
	return min(lookAgain, max(time.Millisecond, time.Duration(next-now)*time.Microsecond))
}

// complain tells the log what no row tells. That another node is at it is no error.
func (k *Keeper) complain(ctx context.Context, doing string, err error) {
	if err != nil && ctx.Err() == nil && fault.KindOf(err) != fault.Conflict {
		slog.ErrorContext(ctx, doing, "error", err)
	}
}

// system takes away what is over in one system, and with look what no open lease is of.
func (k *Keeper) system(ctx context.Context, id access.SystemID, look bool) (err error) {
	owner, err := k.Store.Own(ctx, id, or(k.Lease, usualLease))
	if err != nil {
		return err
	}
	defer func() { // counted from then, however long it took: else another turn would wait
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), or(k.Lease, usualLease)/3)
		defer cancel()
		err = errors.Join(err, owner.End(last))
	}()
	w := &turn{Keeper: k, owner: owner, system: id}
	if err := w.kept(ctx, w.takeAway); err != nil || !look || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	return w.orphans(ctx)
}
