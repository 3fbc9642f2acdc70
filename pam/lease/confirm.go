package lease

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/bell"
)

// confirming keeps that accounts were made, those of many who wait at once in one
// transaction: a store has one writer, and each of them waits for it anyway. Where others are
// about to have an account made they are waited for, a moment.
type confirming struct {
	coming  atomic.Int64 // accounts that are being made, up to here
	mu      sync.Mutex
	waiting []confirmation
	busy    bool
	came    bell.Bell
}

// moment is how long one that is made waits for others that are being made.
const moment = 10 * time.Millisecond

// making is who keeps it.
var making = audit.Actor{Node: "lease"}

type confirmation struct {
	id   access.LeaseID
	done chan<- error
}

// confirm returns nil once it is kept that an account was made whose lease stands.
func (c *confirming) confirm(ctx context.Context, store Store, id access.LeaseID) error {
	done := make(chan error, 1)
	c.mu.Lock()
	c.waiting = append(c.waiting, confirmation{id, done})
	first := !c.busy
	c.busy = true
	c.mu.Unlock()
	c.came.Ring()
	if first {
		go c.run(audit.WithActor(context.WithoutCancel(ctx), making), store)
	}
	return <-done // what is kept is kept, whoever still waits for it
}

// run keeps what waits, until nothing does.
func (c *confirming) run(ctx context.Context, store Store) {
	for {
		c.gather()
		c.mu.Lock()
		n := min(len(c.waiting), Together)
		list := slices.Clone(c.waiting[:n])
		c.waiting = slices.Delete(c.waiting, 0, n)
		c.busy = n > 0
		c.mu.Unlock()
		if n == 0 {
			return
		}
		c.keep(ctx, store, list)
	}
}

// gather waits until all that are being made are, a moment at most. It waits for nobody where
// nothing waits for it.
func (c *confirming) gather() {
	timer := time.NewTimer(moment)
	defer timer.Stop()
	for {
		came := c.came.Rung()
		c.mu.Lock()
		n := len(c.waiting)
		c.mu.Unlock()
		if n == 0 || n >= Together || int64(n) >= c.coming.Load() {
			return
		}
		select {
		case <-came:
		case <-timer.C:
			return
		}
	}
}

func (c *confirming) keep(ctx context.Context, store Store, list []confirmation) {
	within, cancel := context.WithTimeout(ctx, lastWord)
	defer cancel()
	ids := make([]access.LeaseID, len(list))
	for i, x := range list {
		ids[i] = x.id
	}
	stands, err := store.Made(within, ids)
	for _, x := range list {
		switch {
		case err != nil:
			x.done <- err
		case !slices.Contains(stands, x.id):
			x.done <- ErrNotMade
		default:
			x.done <- nil
		}
	}
}
