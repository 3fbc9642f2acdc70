package store

import (
	"context"
	"errors"
	"time"

	"github.com/writhq/writ/access"
)

// sequencerPoll is how long a commit of another node, whose wake-up was lost, can
// wait for its revision.
const sequencerPoll = 200 * time.Millisecond

// RunSequencer gives revisions until ctx ends. Any number of nodes may run it: one
// has the lease, the others stand by.
func (db *DB) RunSequencer(ctx context.Context) error {
	if db.beside {
		<-ctx.Done()
		return nil
	}
	s := &db.seq
	s.mu.Lock()
	s.running = true
	s.mu.Unlock()
	defer db.restSequencer(context.WithoutCancel(ctx))
	for {
		due := s.next(&s.due)
		err := db.sequenceOnce(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // being told to end is no error
		case errors.Is(err, ErrLeased) || errors.Is(err, ErrFenced):
			s.broadcast(&s.passed) // followers look for themselves
		case err != nil:
			return err
		}
		timer := time.NewTimer(sequencerPoll)
		select {
		case <-ctx.Done():
		case <-due:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// restSequencer gives the lease back.
func (db *DB) restSequencer(ctx context.Context) {
	s := &db.seq
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = false
	if l := s.lease; l != nil {
		s.lease = nil
		// If it cannot be given back now it ends by itself.
		_ = db.bookkeep(ctx, func(t *tx) error { return l.end(ctx, t) })
	}
}

// WaitRev waits until there is a revision after rev and returns the newest.
func (db *DB) WaitRev(ctx context.Context, rev access.Rev) (access.Rev, error) {
	for {
		passed := db.seq.next(&db.seq.passed)
		newest, err := db.Rev(ctx)
		if err != nil || newest > rev {
			return newest, err
		}
		timer := time.NewTimer(sequencerPoll)
		select {
		case <-ctx.Done():
			timer.Stop()
			return newest, context.Cause(ctx)
		case <-passed:
		case <-timer.C:
		}
		timer.Stop()
	}
}
