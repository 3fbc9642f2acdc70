package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// held makes changes wait for one another: it leads until the test lets it go.
func held(t *testing.T, db *DB) (letGo chan struct{}, ended chan error) {
	t.Helper()
	begun := make(chan struct{})
	letGo, ended = make(chan struct{}), make(chan error, 1)
	ctx := asTester(t.Context())
	go func() {
		ended <- db.change(ctx, audit.Event{Action: "test.lead"}, func(*tx) error {
			close(begun)
			<-letGo
			return nil
		})
	}()
	<-begun
	return letGo, ended
}

// inLine waits until so many changes wait for their turn.
func inLine(t *testing.T, db *DB, n int) {
	t.Helper()
	for {
		db.groups.mu.Lock()
		waiting := len(db.groups.waiting)
		db.groups.mu.Unlock()
		if waiting >= n {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("nobody waits")
		}
	}
}

func recordsOf(t *testing.T, db *DB, action string) (facts []string) {
	t.Helper()
	err := db.read(t.Context(), func(q *query) error {
		return q.each(t.Context(), `select facts from audit_record where action = $1 order by id`, []any{action}, func(scan func(...any) error) error {
			var f string
			defer func() { facts = append(facts, f) }()
			return scan(&f)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// Changes that share a transaction fail, panic and are called off alone; those that were
// told of success are there, each with its own set, and nothing else is.
func TestSharedTransaction(t *testing.T) {
	db := openStore(t, emptySQLite(t))
	letGo, led := held(t, db)
	refused := errors.New("refused")
	called, cancel := context.WithCancel(asTester(t.Context()))
	defer cancel()
	const n = 40
	ends := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					ends[i] = fmt.Errorf("panicked: %v", p)
				}
			}()
			ctx := asTester(t.Context())
			if i%5 == 1 {
				ctx = called
			}
			e := audit.Event{Action: "test.member", Facts: map[string]string{"n": strconv.Itoa(i)}}
			ends[i] = db.change(ctx, e, func(x *tx) error {
				if err := x.changed(ctx, access.IdentityID(i+1).Ref()); err != nil {
					return err
				}
				switch i % 5 {
				case 1:
					cancel()
				case 2:
					return refused
				case 3:
					panic("on purpose")
				}
				return nil
			})
		})
	}
	inLine(t, db, n)
	close(letGo)
	all.Wait()
	if err := <-led; err != nil {
		t.Fatal(err)
	}
	told := 0
	for i, err := range ends {
		want := i%5 == 0 || i%5 == 4
		if want != (err == nil) {
			t.Errorf("%d ended with %v", i, err)
		}
		if want {
			told++
		}
	}
	facts := recordsOf(t, db, "test.member")
	if len(facts) != told {
		t.Errorf("%d were told of success, and %d records are there: %s", told, len(facts), facts)
	}
	var sets, changes int
	row := db.r.QueryRow(`select (select count(*) from change_set where actor = $1), (select count(*) from change)`, audit.Actor{Node: "test"}.String())
	if err := row.Scan(&sets, &changes); err != nil || changes != told || sets < told+1 {
		t.Errorf("%d sets and %d changes of %d, %v", sets, changes, told, err)
	}
	if rev, err := db.Sequence(t.Context()); err != nil || int(rev) < told+1 {
		t.Errorf("rev %d, %v", rev, err)
	}
}

// Whoever waits and is called off leaves the line, and the others have their turn.
func TestLeavingTheLine(t *testing.T) {
	db := openStore(t, emptySQLite(t))
	letGo, led := held(t, db)
	ctx, cancel := context.WithCancel(asTester(t.Context()))
	left := make(chan error)
	go func() { left <- db.change(ctx, audit.Event{Action: "test.left"}, func(*tx) error { return nil }) }()
	inLine(t, db, 1)
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("called off with %v", err)
	}
	stays := make(chan error)
	go func() {
		stays <- db.change(asTester(t.Context()), audit.Event{Action: "test.stays"}, func(*tx) error { return nil })
	}()
	inLine(t, db, 1)
	close(letGo)
	if err := errors.Join(<-led, <-stays); err != nil {
		t.Fatal(err)
	}
	if len(recordsOf(t, db, "test.left")) != 0 || len(recordsOf(t, db, "test.stays")) != 1 {
		t.Error("the one that left is there, or the one that stayed is not")
	}
}

// TestLesson27_FullDiskTellsTheTruth fills the database while changes share transactions:
// who was told of success is there, and who was not is not.
func TestLesson27_FullDiskTellsTheTruth(t *testing.T) {
	db := openStore(t, emptySQLite(t))
	var pages int
	if err := db.w.QueryRow(`pragma page_count`).Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := db.w.Exec(fmt.Sprintf(`pragma max_page_count = %d`, pages+100)); err != nil {
		t.Fatal(err)
	}
	const n = 200
	ends := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			e := audit.Event{Action: "test.large", Facts: map[string]string{"n": strconv.Itoa(i)}, Personal: map[string]string{"text": strings.Repeat("x", 1900)}}
			ends[i] = db.change(asTester(t.Context()), e, func(*tx) error { return nil })
		})
	}
	all.Wait()
	there := map[string]bool{}
	for _, f := range recordsOf(t, db, "test.large") {
		_, after, _ := strings.Cut(f, `"n":"`)
		number, _, _ := strings.Cut(after, `"`)
		there[number] = true
	}
	failed := 0
	for i, err := range ends {
		if err != nil {
			failed++
		}
		if there[strconv.Itoa(i)] != (err == nil) {
			t.Errorf("%d ended with %v, and is it there: %v", i, err, there[strconv.Itoa(i)])
		}
	}
	if failed == 0 || failed == n {
		t.Errorf("%d of %d failed: this test tells nothing: %v", failed, n, ends[:3])
	}
}

// A kept statement gives one answer at a time: who asks the same again while reading gets
// another one.
func TestAskingTheSameWhileReading(t *testing.T) {
	db := openStore(t, emptySQLite(t))
	const text = `select 1 as n union select 2 union select $1`
	read := func() (n int) {
		err := db.read(t.Context(), func(q *query) error {
			return q.each(t.Context(), text, []any{3}, func(func(...any) error) error {
				return q.each(t.Context(), text, []any{4}, func(func(...any) error) error { n++; return nil })
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 2 * keptAfter {
		if n := read(); n != 9 {
			t.Fatalf("read %d times, not 9", n)
		}
	}
	if db.keptR.kept[text] == nil {
		t.Error("it is not kept: this test tells nothing")
	}
}
