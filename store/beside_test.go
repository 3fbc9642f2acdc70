package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
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

// Whoever writes without a pause keeps nobody out: between two changes of one process
// there is one of each other that waits.
func TestWritersTakeTurns(t *testing.T) {
	ctx := asTester(t.Context())
	cfg := Config{Dir: t.TempDir()}
	busy := openStore(t, cfg)
	cfg.Beside = true
	other, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close() //nolint:errcheck // it has nothing left to write
	const changes = 20
	over := make(chan struct{})
	begun := make(chan struct{}, 1)
	var writes atomic.Int64
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
			}
			err := busy.change(ctx, audit.Event{Action: "test.busy"}, func(t *tx) error {
				writes.Add(1)
				select {
				case begun <- struct{}{}:
				default:
				}
				for key := range int64(500) {
					if err := t.changed(ctx, access.Ref{Kind: access.KindIdentity, Key: key + 1}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	overtaken := int64(0)
	for range changes {
		<-begun // and so it has to wait
		before := writes.Load()
		if err := other.change(ctx, audit.Event{Action: "test.other"}, func(*tx) error { return nil }); err != nil {
			t.Error(err)
		}
		overtaken += writes.Load() - before
	}
	close(over)
	all.Wait()
	if t.Logf("%d changes of one were overtaken %d times", changes, overtaken); overtaken > 3*changes {
		t.Errorf("%d changes had to wait for %d", changes, overtaken)
	}
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

// A backup is made beside an owner that goes on working, and is in its log like any other:
// without its record there is none.
func TestBackupBesideTheOwner(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx, cancel := context.WithTimeout(asTester(t.Context()), time.Minute)
		defer cancel()
		cfg := fresh(t)
		owner := openStore(t, cfg)
		company(t, owner)
		var busy sync.WaitGroup
		working, stop := context.WithCancel(ctx)
		defer busy.Wait()
		defer stop()
		busy.Go(func() {
			if err := owner.RunSequencer(working); err != nil {
				t.Error(err)
			}
		})
		busy.Go(func() {
			for seen := access.Rev(0); working.Err() == nil; {
				err := owner.change(ctx, audit.Event{Action: "test.busy"}, func(*tx) error { return nil })
				if err == nil {
					seen, err = owner.WaitRev(working, seen)
				}
				if err != nil && working.Err() == nil {
					t.Error(err)
				}
			}
		})
		cfg.Beside = true
		beside, err := Open(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer beside.Close() //nolint:errcheck // the directory goes too
		path := filepath.Join(t.TempDir(), "beside.writ")
		passphrase := secret.New([]byte("correct horse"))
		report, err := beside.backup(ctx, path, passphrase, testWork)
		if err != nil {
			t.Fatal(err)
		}
		record := audit.Entry{Record: audit.Record{Leaf: -1}}
		for rev := access.Rev(0); record.Leaf < 0; {
			if rev, err = owner.WaitRev(ctx, rev); err != nil {
				t.Fatal(err)
			}
			page, err := owner.Audit().List(ctx, audit.Filter{Actions: []string{"store.backup"}})
			if err != nil || len(page.Entries) != 1 {
				t.Fatalf("%+v, %v", page, err)
			}
			record = page.Entries[0]
		}
		if facts := record.AllFacts(); facts["sha256"] != report.Digest || facts["keys"] != "true" {
			t.Errorf("it is recorded as %v, and is %+v", facts, report)
		}
		stop()
		busy.Wait()
		if _, err := owner.Sequence(ctx); err != nil {
			t.Fatal(err)
		}
		if r := verifyLog(t, owner); r.Err() != nil {
			t.Errorf("%+v", r)
		}
		if restored, err := Restore(ctx, Config{Dir: t.TempDir()}, path, passphrase); err != nil || restored.Rows != report.Rows {
			t.Errorf("%+v, %v", restored, err)
		}
	})
}

// A backup that cannot be recorded is none.
func TestBackupWithoutARecordIsNone(t *testing.T) {
	cfg := Config{Dir: t.TempDir()}
	openStore(t, cfg)
	cfg.Beside = true
	beside, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close() //nolint:errcheck // the directory goes too
	dir := t.TempDir()
	if _, err := beside.backup(t.Context(), filepath.Join(dir, "one.writ"), secret.Secret{}, testWork); err == nil {
		t.Error("nobody made it, and it was made")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("there is %v, %v", left, err)
	}
}
