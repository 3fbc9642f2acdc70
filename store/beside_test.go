package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// Beside whoever owns the directory one reads what it has committed, and changes nothing.
func TestBesideTheOwner(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx, cancel := context.WithTimeout(audit.WithActor(t.Context(), audit.Actor{Node: "test"}), time.Minute)
		defer cancel()
		cfg := fresh(t)
		owner := openStore(t, cfg)
		cfg.Beside = true
		reader, err := Open(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close() //nolint:errcheck // it only read
		touch := func(db *DB) error {
			return db.change(ctx, audit.Event{Action: "test.change"}, func(t *tx) error {
				return t.changed(ctx, access.Ref{Kind: access.KindIdentity, Key: 1})
			})
		}
		for range 3 {
			before, err := reader.Sequence(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := touch(owner); err != nil {
				t.Fatal(err)
			}
			want, err := owner.Sequence(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := reader.WaitRev(ctx, before); err != nil || got != want {
				t.Errorf("it reads revision %d of %d: %v", got, want, err)
			}
		}
		if err := touch(reader); !errors.Is(err, ErrLocked) {
			t.Errorf("it changes what another owns: %v", err)
		}
		if err := reader.bookkeep(ctx, func(*tx) error { return nil }); !errors.Is(err, ErrLocked) {
			t.Errorf("it keeps the books of another: %v", err)
		}
		if n, err := reader.Sweep(ctx); n != 0 || err != nil {
			t.Errorf("it sweeps: %d, %v", n, err)
		}
		var count [2]int
		sets := func(at int) func(ctx context.Context, q *query) error {
			return func(ctx context.Context, q *query) error {
				return q.row(ctx, `select count(*) from change_set`).Scan(&count[at])
			}
		}
		if err := reader.readTogether(ctx, sets(0), sets(1)); err != nil || count[0] != count[1] || count[0] < 3 {
			t.Errorf("side by side it reads %v: %v", count, err)
		}
		if err := touch(owner); err != nil {
			t.Errorf("the owner is in the way of whoever reads: %v", err)
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
