package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

const insertTestResource = `
insert into resource (id, from_set, system_id, native_id, kind, name, digest) values ($1, $2, 1, 'r', 'table', 'r', $3)`

// stageResources ends half of the resources that are now and begins as many new ones.
func stageResources(ctx context.Context, db *DB, s *staged, generation int64) error {
	const n = 10
	for i := range int64(n) {
		err := db.stageBatch(ctx, s, audit.Event{Action: "test.batch"}, func(t *tx) error {
			if generation > 0 {
				if _, err := t.exec(ctx, `update resource set until_set = $1 where id = $2 and until_set = 0`, t.Set, (generation-1)*n+i+1); err != nil {
					return err
				}
			}
			_, err := t.exec(ctx, insertTestResource, generation*n+i+1, t.Set, []byte{1})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func countNow(ctx context.Context, db *DB) (n, generation int64, err error) {
	var low, high int64
	err = db.read(ctx, func(q *query) error {
		return q.row(ctx, `select count(*), coalesce(min((r.id - 1) / 10), 0), coalesce(max((r.id - 1) / 10), 0) from resource r where `+now("r")).Scan(&n, &low, &high)
	})
	if err == nil && low != high {
		err = fmt.Errorf("generations %d to %d are mixed", low, high)
	}
	return n, low, err
}

// Invariant 2: while generations are staged and flipped, readers see one whole
// generation at each moment.
func TestStagedIsNeverSeenHalf(t *testing.T) { eachDatabase(t, testStagedIsNeverSeenHalf) }

func testStagedIsNeverSeenHalf(t *testing.T, fresh func(*testing.T) Config) {
	db := openStore(t, fresh(t))
	ctx := asTester(t.Context())
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for seen := int64(0); ; {
				n, generation, err := countNow(ctx, db)
				if err != nil || (n != 10 && (n != 0 || seen > 0)) || generation < seen {
					t.Errorf("a reader saw %d rows of generation %d after %d: %v", n, generation, seen, err)
					return
				}
				seen = generation
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for generation := range int64(15) {
		s, err := db.stage(ctx, access.SystemID(1).Ref())
		if err != nil {
			t.Fatal(err)
		}
		if err := stageResources(ctx, db, s, generation); err != nil {
			t.Fatal(err)
		}
		if err := db.flip(ctx, s, audit.Event{Action: "test.flip"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	readers.Wait()
}

func TestStagedUndoneLeavesNothing(t *testing.T) { eachDatabase(t, testStagedUndoneLeavesNothing) }

func testStagedUndoneLeavesNothing(t *testing.T, fresh func(*testing.T) Config) {
	cfg := fresh(t)
	ctx := asTester(t.Context())
	db, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	on := access.SystemID(1).Ref()
	s, err := db.stage(ctx, on)
	if err == nil {
		err = errors.Join(stageResources(ctx, db, s, 0), db.flip(ctx, s, audit.Event{Action: "test.flip"}, nil))
	}
	if err != nil {
		t.Fatal(err)
	}
	before := dump(t, db)

	if s, err = db.stage(ctx, on); err != nil {
		t.Fatal(err)
	}
	if _, err := db.stage(ctx, on); !errors.Is(err, ErrLeased) {
		t.Errorf("two syncs of one system at once: %v", err)
	}
	if err := errors.Join(stageResources(ctx, db, s, 1), db.undo(ctx, s)); err != nil {
		t.Fatal(err)
	}
	if after := dump(t, db); after != before {
		t.Errorf("undo left\n%s\nand not\n%s", after, before)
	}
	if err := db.stageBatch(ctx, s, audit.Event{}, func(*tx) error { return nil }); err == nil {
		t.Error("an undone set takes rows")
	}

	// Killed in the middle: the next Open undoes it, once nobody can be at it.
	if s, err = db.stage(ctx, on); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(stageResources(ctx, db, s, 1), endLeases(ctx, db), db.Close()); err != nil {
		t.Fatal(err)
	}
	db = openStore(t, cfg)
	if after := dump(t, db); after != before {
		t.Errorf("the next start left\n%s\nand not\n%s", after, before)
	}
}

func TestStagedUndoInterruptedAndRunAgain(t *testing.T) {
	db := openStore(t, emptySQLite(t))
	ctx := asTester(t.Context())
	s, err := db.stage(ctx, access.SystemID(1).Ref())
	if err == nil {
		err = errors.Join(stageResources(ctx, db, s, 0), db.flip(ctx, s, audit.Event{Action: "test.flip"}, nil))
	}
	if err != nil {
		t.Fatal(err)
	}
	before := dump(t, db)
	if s, err = db.stage(ctx, access.SystemID(1).Ref()); err != nil {
		t.Fatal(err)
	}
	if err := stageResources(ctx, db, s, 1); err != nil {
		t.Fatal(err)
	}
	if err := db.undoTable(ctx, s.lease, "resource", "id", s.Set); err != nil { // and killed here
		t.Fatal(err)
	}
	if n, _, err := countNow(ctx, db); n != 10 || err != nil {
		t.Errorf("half-way %d rows count, %v", n, err)
	}
	if err := db.undo(ctx, s); err != nil {
		t.Fatal(err)
	}
	if after := dump(t, db); after != before {
		t.Errorf("undo left\n%s\nand not\n%s", after, before)
	}
}

// dump shows what a bulk operation may touch.
func dump(t *testing.T, db *DB) (out string) {
	t.Helper()
	for _, text := range []string{
		`select id, from_set, until_set from resource order by 1, 2`,
		`select id, at, 0 from change_set order by 1`,
		`select id, set_id, at from audit_record order by 1`,
		`select id, 0, 0 from open_set order by 1`,
	} {
		err := db.read(t.Context(), func(q *query) error {
			return q.each(t.Context(), text, nil, func(scan func(...any) error) error {
				var a, b, c int64
				err := scan(&a, &b, &c)
				out += fmt.Sprintln(a, b, c)
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}
