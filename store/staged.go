package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
)

// ErrStagedGone is returned to a bulk operation that was taken for dead and undone.
var ErrStagedGone = fault.New(fault.Conflict, "staged-gone", "the bulk operation was taken for dead and undone: run it again")

// staged is a bulk operation under way: an open change set and the lease on what
// it is about. Its rows count for nobody before flip.
type staged struct {
	Set   int64
	lease *lease
}

const stagedTTL = 30 * time.Second

func stagedLease(on access.Ref) string { return "sync:" + on.String() }

// stage begins a bulk operation on a system or source. It returns ErrLeased when
// another one on it is under way. Whoever stages ends with flip or undo; after a
// kill the next Open undoes.
func (db *DB) stage(ctx context.Context, on access.Ref) (*staged, error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return nil, err
	}
	l, err := db.takeLease(ctx, stagedLease(on), stagedTTL)
	if err != nil {
		return nil, fmt.Errorf("beginning a bulk operation on %s: %w", on, err)
	}
	// What an operation that was killed left behind on another node.
	if err := db.undoLeft(ctx, l); err != nil {
		return nil, err
	}
	s := &staged{lease: l}
	err = db.bookkeep(ctx, func(t *tx) error {
		if err := l.hold(ctx, t); err != nil {
			return err
		}
		if err := t.begin(ctx, db, actor); err != nil {
			return err
		}
		s.Set = t.Set
		_, err := t.exec(ctx, `insert into open_set (id, lease) values ($1, $2)`, s.Set, l.name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("beginning a bulk operation on %s: %w", on, err)
	}
	return s, nil
}

// stageBatch runs fn in a small write transaction under the open set. An event
// with an action becomes one of the set's records, which count from the flip on.
// At least one batch per stagedTTL keeps the operation from being taken for dead.
func (db *DB) stageBatch(ctx context.Context, s *staged, e audit.Event, fn func(t *tx) error) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	return db.bookkeep(ctx, func(t *tx) error {
		if err := s.enter(ctx, t); err != nil {
			return err
		}
		t.Event = e
		if err := fn(t); err != nil {
			return err
		}
		if t.Event.Action == "" {
			return nil
		}
		return db.record(ctx, t, actor)
	})
}

// enter makes t a transaction of the open set.
func (s *staged) enter(ctx context.Context, t *tx) error {
	if err := s.lease.hold(ctx, t); err != nil {
		return err
	}
	err := t.row(ctx, `select c.id, c.at from change_set c join open_set o on o.id = c.id where c.id = $1`, s.Set).Scan(&t.Set, &t.At)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrStagedGone
	}
	return err
}

const flipTime = `
update change_set set at = {{greatest}}($2, (select max(at) from change_set))
 where id = $1
returning at`

// flip makes everything that was staged visible at once, with its record. fn may
// write the last rows and note what changed; the set's time is that of the flip.
func (db *DB) flip(ctx context.Context, s *staged, e audit.Event, fn func(t *tx) error) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	err = db.bookkeep(ctx, func(t *tx) error {
		if err := s.enter(ctx, t); err != nil {
			return err
		}
		if err := t.row(ctx, t.d.pieces.Replace(flipTime), s.Set, db.clock.read(db.nowFn())).Scan(&t.At); err != nil {
			return err
		}
		t.Event = e
		if fn != nil {
			if err := fn(t); err != nil {
				return err
			}
		}
		if err := db.record(ctx, t, actor); err != nil {
			return fmt.Errorf("recording %s: %w", e.Action, err)
		}
		if _, err := t.exec(ctx, `delete from open_set where id = $1`, s.Set); err != nil {
			return err
		}
		return s.lease.end(ctx, t)
	})
	if err != nil {
		return fmt.Errorf("making a bulk operation visible: %w", err)
	}
	db.seq.due.Ring()
	return nil
}
