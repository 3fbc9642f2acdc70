package store

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// Beside whoever owns the directory one is a node like any other: each sees what the
// other has committed, and one gives all the revisions.
func TestBesideTheOwner(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx, cancel := context.WithTimeout(audit.WithActor(t.Context(), audit.Actor{Node: "test"}), time.Minute)
		defer cancel()
		cfg := fresh(t)
		owner := openStore(t, cfg)
		gives, rest := context.WithCancel(ctx)
		var given sync.WaitGroup
		given.Go(func() {
			if err := owner.RunSequencer(gives); err != nil {
				t.Error(err)
			}
		})
		defer given.Wait()
		defer rest()
		cfg.Beside = true
		other, err := Open(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close() //nolint:errcheck // it has nothing left to write
		touch := func(db *DB) error {
			return db.change(ctx, audit.Event{Action: "test.change"}, func(t *tx) error {
				return t.changed(ctx, access.Ref{Kind: access.KindIdentity, Key: 1})
			})
		}
		for _, db := range []*DB{owner, other, owner, other} {
			before, err := other.Sequence(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := touch(db); err != nil {
				t.Fatal(err)
			}
			for _, reader := range []*DB{owner, other} {
				if got, err := reader.WaitRev(ctx, before); err != nil || got <= before {
					t.Errorf("revision %d is not followed by another: %d, %v", before, got, err)
				}
			}
		}
		var all sync.WaitGroup
		for _, db := range []*DB{owner, other} {
			for range 4 {
				all.Go(func() {
					for range 25 {
						if err := touch(db); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		all.Wait()
		if _, err := other.Sequence(ctx); err != nil {
			t.Fatal(err)
		}
		var sets, revs [2]int
		count := func(at int) func(ctx context.Context, q *query) error {
			return func(ctx context.Context, q *query) error {
				return q.row(ctx, `select count(*), count(distinct rev) from change_set where rev is not null`).Scan(&sets[at], &revs[at])
			}
		}
		if err := other.readTogether(ctx, count(0), count(1)); err != nil || sets != revs || sets[0] < 204 || sets[0] != sets[1] {
			t.Errorf("%d sets have %d revisions: %v", sets, revs, err)
		}
		if r, err := owner.Audit().Verify(ctx, nil, nil); err != nil || r.Err() != nil {
			t.Errorf("the log that both wrote: %+v, %v", r, err)
		}
	})
}

// Another schema than its own is neither read nor migrated.
func TestBesideAnotherSchema(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx := audit.WithActor(t.Context(), audit.Actor{Node: "test"})
		cfg := fresh(t)
		owner := openStore(t, cfg)
		p, err := owner.provider()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := owner.w.ExecContext(ctx, `delete from goose_db_version where version_id = (select max(version_id) from goose_db_version)`); err != nil {
			t.Fatal(err)
		}
		before, err := p.GetDBVersion(ctx)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Beside = true
		if db, err := Open(ctx, cfg); !errors.Is(err, ErrLocked) {
			t.Errorf("it opens %v: %v", db, err)
		}
		if after, err := p.GetDBVersion(ctx); err != nil || after != before {
			t.Errorf("it went from %d to %d: %v", before, after, err)
		}
	})
}
