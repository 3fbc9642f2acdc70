package postgres

import (
	"context"
	"sync"
)

// maxKept is how many sessions wait for the next loan.
const maxKept = 16

// kept are sessions in the database of the address that are used again: signing in takes
// longer than making a role.
type kept struct {
	mu     sync.Mutex
	idle   []*session
	closed bool
}

// lending runs fn with a session in the database of the address. A server may have ended one
// that was kept, so that fn runs again with another: all that lends is idempotent.
func (c *Cluster) lending(ctx context.Context, fn func(context.Context, *session) error) (err error) {
	for {
		s := c.kept.take()
		used := s != nil
		if !used {
			if s, err = c.connect(ctx, ""); err != nil {
				return err
			}
		}
		err = s.within(ctx, func(ctx context.Context) error { return fn(ctx, s) })
		lost := err != nil && s.IsClosed() && ctx.Err() == nil
		if err != nil || !c.kept.put(s) {
			s.end()
		}
		if !used || !lost {
			return s.failedLoan(err)
		}
	}
}

func (k *kept) take() *session {
	k.mu.Lock()
	defer k.mu.Unlock()
	for n := len(k.idle); n > 0; n = len(k.idle) {
		s := k.idle[n-1]
		k.idle = k.idle[:n-1]
		if !s.IsClosed() {
			return s
		}
	}
	return nil
}

func (k *kept) put(s *session) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || len(k.idle) >= maxKept || s.IsClosed() {
		return false
	}
	k.idle = append(k.idle, s)
	return true
}

func (k *kept) close() {
	k.mu.Lock()
	list := k.idle
	k.idle, k.closed = nil, true
	k.mu.Unlock()
	for _, s := range list {
		s.end()
	}
}
