package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

func asTester(ctx context.Context) context.Context {
	return audit.WithActor(ctx, audit.Actor{Node: "test"})
}

func TestSequenceFollowsClosedSetsOnly(t *testing.T) {
	eachDatabase(t, testSequenceFollowsClosedSetsOnly)
}

func testSequenceFollowsClosedSetsOnly(t *testing.T, fresh func(*testing.T) Config) {
	ctx := asTester(t.Context())
	db := openStore(t, fresh(t))
	note := func(e audit.Event) {
		t.Helper()
		if err := db.change(ctx, e, func(t *tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	note(audit.Event{Action: "test.first"})
	s, err := db.stage(ctx, access.SystemID(1).Ref())
	if err != nil {
		t.Fatal(err)
	}
	note(audit.Event{Action: "test.second", Personal: map[string]string{"reason": "because"}})
	if rev, err := db.Sequence(ctx); err != nil || rev != 2 {
		t.Fatalf("rev %d, %v", rev, err)
	}
	err = db.stageBatch(ctx, s, audit.Event{Action: "test.batch"}, func(t *tx) error {
		return t.changed(ctx, access.IdentityID(4).Ref())
	})
	if err != nil {
		t.Fatal(err)
	}
	if rev, err := db.Sequence(ctx); err != nil || rev != 2 {
		t.Fatalf("an open set was given a revision: %d, %v", rev, err)
	}
	if err := db.flip(ctx, s, audit.Event{Action: "test.flip"}, nil); err != nil {
		t.Fatal(err)
	}
	if rev, err := db.Sequence(ctx); err != nil || rev != 3 {
		t.Fatalf("rev %d, %v", rev, err)
	}
	var leaves int
	if err := db.r.QueryRow("select max(leaf_index) + 1 from audit_record").Scan(&leaves); err != nil || leaves != 4 {
		t.Fatal(leaves, err)
	}
}

// nodes opens a store as several nodes of one installation would: each with its
// own data directory, the same keys and the same database.
func nodes(t *testing.T, n int) []*DB {
	t.Helper()
	first := emptyPostgres(t)
	out := []*DB{openStore(t, first)}
	for range n - 1 {
		cfg := Config{Dir: t.TempDir(), Postgres: first.Postgres}
		for _, name := range []string{nodeKeyFile, logKeyFile} {
			b, err := os.ReadFile(filepath.Join(first.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(cfg.Dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, openStore(t, cfg))
	}
	return out
}

// follower polls as readers do and fails when a revision is skipped or repeated.
type follower struct {
	last access.Rev
	sets map[int64]access.Rev
}

func (f *follower) poll(ctx context.Context, db *DB) error {
	return db.read(ctx, func(q *query) error {
		return q.each(ctx, `select id, rev from change_set where rev > $1 order by rev`, []any{f.last}, func(scan func(...any) error) error {
			var set int64
			var rev access.Rev
			if err := scan(&set, &rev); err != nil {
				return err
			}
			if rev != f.last+1 {
				return fmt.Errorf("revision %d comes after %d", rev, f.last)
			}
			f.last, f.sets[set] = rev, rev
			return nil
		})
	})
}

// Invariant 3: many writers on two nodes, two sequencers, staged sets that flip
// out of order, and readers who skip nothing.
func TestSequenceUnderConcurrency(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		db := openStore(t, emptySQLite(t))
		testSequenceUnderConcurrency(t, []*DB{db})
	})
	t.Run("postgres", func(t *testing.T) { testSequenceUnderConcurrency(t, nodes(t, 2)) })
}

func testSequenceUnderConcurrency(t *testing.T, dbs []*DB) {
	ctx, stop := context.WithTimeout(asTester(t.Context()), 2*time.Minute)
	defer stop()
	var running, writers sync.WaitGroup
	for _, db := range dbs {
		running.Go(func() {
			if err := db.RunSequencer(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	const changes, perWriter = 6, 20
	orders := make([][]int64, changes*len(dbs))
	for w := range orders {
		db := dbs[w%len(dbs)]
		writers.Go(func() { orders[w] = writeMany(ctx, t, db, int64(w+1), perWriter) })
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	f := follower{sets: map[int64]access.Rev{}}
	want := len(orders) * perWriter
	for ended := false; ; {
		if err := f.poll(ctx, dbs[0]); err != nil {
			t.Fatal(err)
		}
		if len(f.sets) >= want {
			break // no revision follows that could be waited for
		}
		select {
		case <-done:
			if ended && t.Failed() {
				t.Fatalf("%d of %d sets have a revision", len(f.sets), want)
			}
			ended = true
		default:
		}
		if _, err := dbs[0].WaitRev(ctx, f.last); err != nil {
			t.Fatal(err)
		}
	}
	<-done
	stop()
	running.Wait()
	for w, sets := range orders {
		for i := 1; i < len(sets); i++ {
			if f.sets[sets[i-1]] >= f.sets[sets[i]] {
				t.Errorf("writer %d committed set %d before %d; their revisions are %d and %d", w, sets[i-1], sets[i], f.sets[sets[i-1]], f.sets[sets[i]])
			}
		}
	}
	if r := verifyLog(t, dbs[0]); r.Err() != nil {
		t.Error(r.Wrong)
	}
}

// writeMany makes changes one after the other, every third of them staged, and
// returns their sets in the order in which they were committed.
func writeMany(ctx context.Context, t *testing.T, db *DB, system int64, n int) (sets []int64) {
	for i := range n {
		var set int64
		if i%3 != 0 {
			err := db.change(ctx, audit.Event{Action: "test.change"}, func(t *tx) error {
				set = t.Set
				return t.changed(ctx, access.IdentityID(1).Ref())
			})
			if err != nil {
				t.Error(err)
				return sets
			}
			sets = append(sets, set)
			continue
		}
		s, err := db.stage(ctx, access.SystemID(system).Ref())
		if err != nil {
			t.Error(err)
			return sets
		}
		for range i % 4 {
			if err := db.stageBatch(ctx, s, audit.Event{Action: "test.batch"}, func(*tx) error { return nil }); err != nil {
				t.Error(err)
				return sets
			}
		}
		if err := db.flip(ctx, s, audit.Event{Action: "test.flip"}, nil); err != nil {
			t.Error(err)
			return sets
		}
		sets = append(sets, s.Set)
	}
	return sets
}

// A transaction that began first and commits last is given its revision last.
func TestSequenceGivesRevisionsInCommitOrder(t *testing.T) {
	db := nodes(t, 1)[0]
	ctx := asTester(t.Context())
	var first, second int64
	err := db.change(ctx, audit.Event{Action: "test.slow"}, func(slow *tx) error {
		first = slow.Set
		err := db.change(ctx, audit.Event{Action: "test.quick"}, func(quick *tx) error { second = quick.Set; return nil })
		if err != nil {
			return err
		}
		rev, err := db.Sequence(ctx)
		if err == nil && rev != 1 {
			t.Errorf("revision %d while one change is uncommitted", rev)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if rev, err := db.Sequence(ctx); err != nil || rev != 2 || first > second {
		t.Error(rev, err, first, second)
	}
	f := follower{sets: map[int64]access.Rev{}}
	if err := f.poll(ctx, db); err != nil || f.sets[second] != 1 || f.sets[first] != 2 {
		t.Error(err, f)
	}
}

func TestSequencerThatLostItsLeaseCannotWrite(t *testing.T) {
	eachDatabase(t, testSequencerThatLostItsLeaseCannotWrite)
}

func testSequencerThatLostItsLeaseCannotWrite(t *testing.T, fresh func(*testing.T) Config) {
	db := openStore(t, fresh(t))
	ctx := asTester(t.Context())
	old, err := db.takeLease(ctx, sequencerName, sequencerTTL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.takeLease(ctx, sequencerName, sequencerTTL); !errors.Is(err, ErrLeased) {
		t.Fatalf("two have the lease: %v", err)
	}
	if err := db.change(ctx, audit.Event{Action: "test.change"}, func(*tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := endLeases(ctx, db); err != nil {
		t.Fatal(err)
	}
	renewed, err := db.takeLease(ctx, sequencerName, sequencerTTL)
	if err != nil || renewed.fence <= old.fence {
		t.Fatal(renewed, err)
	}
	if n, _, err := db.sequencePass(ctx, old); !errors.Is(err, ErrFenced) || n != 0 {
		t.Errorf("it sequenced %d sets: %v", n, err)
	}
	if n, _, err := db.sequencePass(ctx, renewed); err != nil || n != 1 {
		t.Errorf("the one with the lease sequenced %d sets: %v", n, err)
	}
}

func TestSequencerInterruptedAnywhere(t *testing.T) {
	eachDatabase(t, testSequencerInterruptedAnywhere)
}

func testSequencerInterruptedAnywhere(t *testing.T, fresh func(*testing.T) Config) {
	db := openStore(t, fresh(t))
	ctx := asTester(t.Context())
	for i := range 60 {
		for range 3 {
			if err := db.change(ctx, audit.Event{Action: "test.change"}, func(*tx) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		cut, cancel := context.WithTimeout(ctx, time.Duration(i)*40*time.Microsecond)
		_, _ = db.Sequence(cut) // it may or may not have got to the end
		cancel()
		if err := endLeases(ctx, db); err != nil { // as time would
			t.Fatal(err)
		}
	}
	if rev, err := db.Sequence(ctx); err != nil || rev != 180 {
		t.Fatal(rev, err)
	}
	if r := verifyLog(t, db); r.Err() != nil || r.Leaves != 180 {
		t.Error(r.Leaves, r.Wrong)
	}
}

// A sequencer that is told to end in the middle of its work gives its lease back: whoever
// comes next would else wait until it ends by itself.
func TestASequencerThatEndsGivesItsLeaseBack(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		ctx := asTester(t.Context())
		for range 20 {
			working, stop := context.WithCancel(ctx)
			var works sync.WaitGroup
			works.Go(func() {
				if err := db.RunSequencer(working); err != nil {
					t.Error(err)
				}
			})
			for range 3 {
				if err := db.change(ctx, audit.Event{Action: "test.change"}, func(*tx) error { return nil }); err != nil {
					t.Fatal(err)
				}
			}
			stop()
			works.Wait()
			l, err := db.takeLease(ctx, sequencerName, time.Minute)
			if err != nil {
				t.Fatalf("the next one cannot begin: %v", err)
			}
			if err := db.bookkeep(ctx, func(t *tx) error { return l.end(ctx, t) }); err != nil {
				t.Fatal(err)
			}
		}
	})
}
