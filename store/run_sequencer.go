package store

import (
	"context"
	"errors"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/bell"
)

// sequencerPoll is how long a commit of another node, whose wake-up was lost, can
// wait for its revision.
const sequencerPoll = 200 * time.Millisecond

// notedWait is how long what is only recorded waits for more of it: nobody waits for its
// revision, and one pass is for all.
const notedWait = 100 * time.Millisecond

// sequencerPace is the shortest time between the beginnings of two passes. A change that comes
// alone gets its revision at once; where they come one after another a pass is for some of
// them, and so is what each who follows does for it.
const sequencerPace = 20 * time.Millisecond

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
		due, noted := s.due.Rung(), s.noted.Rung()
		began := time.Now()
		err := db.sequenceOnce(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // being told to end is no error
		case errors.Is(err, ErrLeased) || errors.Is(err, ErrFenced):
			s.passed.Ring() // whoever waits looks for themselves
			s.followed.Ring()
		case err != nil:
			return err
		}
		timer := time.NewTimer(sequencerPoll)
		select {
		case <-ctx.Done():
		case <-due:
		case <-timer.C:
		case <-noted:
			timer.Reset(notedWait)
			select {
			case <-ctx.Done():
			case <-due:
			case <-timer.C:
			}
		}
		timer.Stop()
		_ = pause(ctx, sequencerPace-time.Since(began)) // where that is called off, so is the next pass
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
	return db.waitFor(ctx, &db.seq.passed, newestRev, rev)
}

// WaitChange is WaitRev for those who follow what changes: quiet revisions wake nobody.
func (db *DB) WaitChange(ctx context.Context, rev access.Rev) (access.Rev, error) {
	return db.waitFor(ctx, &db.seq.followed, newestLoud, rev)
}

func (db *DB) waitFor(ctx context.Context, rings *bell.Bell, text string, rev access.Rev) (newest access.Rev, err error) {
	for {
		passed := rings.Rung()
		err := db.read(ctx, func(q *query) error { return q.row(ctx, text).Scan(&newest) })
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

const newestLoud = `select coalesce(max(rev), 0) from change_set where rev is not null and not quiet`

const loudAfter = `
select exists (select 1 from change_set where rev is null and not quiet and id not in (select id from open_set))
    or exists (select 1 from change_set where rev > $1 and not quiet)`

const loudUpTo = `
select exists (select 1 from change_set where rev is null and not quiet and id <= $1 and id not in (select id from open_set))
    or exists (select 1 from change_set where rev > $2 and not quiet and id <= $1)`

// LastChange is the newest of what is committed, be it without a revision yet.
func (db *DB) LastChange(ctx context.Context) (id int64, err error) {
	err = db.read(ctx, func(q *query) error { return q.row(ctx, lastSet).Scan(&id) })
	return id, err
}

// ChangedUpTo is ChangedAfter of what was the newest once: what came after that does not count.
func (db *DB) ChangedUpTo(ctx context.Context, last int64, rev access.Rev) (is bool, err error) {
	err = db.read(ctx, func(q *query) error { return q.row(ctx, loudUpTo, last, rev).Scan(&is) })
	return is, err
}

// ChangedAfter reports whether anything that is followed was committed after a revision,
// be it without one of its own yet.
func (db *DB) ChangedAfter(ctx context.Context, rev access.Rev) (is bool, err error) {
	err = db.read(ctx, func(q *query) error { return q.row(ctx, loudAfter, rev).Scan(&is) })
	return is, err
}
