package store

import (
	"context"
	"errors"
	"testing"

	"github.com/writhq/writ/audit"
)

// Whoever reads together sees one state, while others go on writing.
func TestReadingTogetherSeesOneState(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		ctx, stop := context.WithCancel(asTester(t.Context()))
		wrote := make(chan int)
		go func() {
			n := 0
			for ctx.Err() == nil {
				if err := db.change(ctx, audit.Event{Action: "test.write"}, func(*tx) error { return nil }); err == nil {
					n++
				}
			}
			wrote <- n
		}()
		const readers, rounds = 3, 40
		seen := map[int]bool{}
		for range rounds {
			counts := make([]int, readers)
			var fns []func(context.Context, *query) error
			for i := range readers {
				fns = append(fns, func(ctx context.Context, q *query) error {
					return q.row(ctx, `select count(*) from change_set`).Scan(&counts[i])
				})
			}
			if err := db.readTogether(t.Context(), fns...); err != nil {
				t.Fatal(err)
			}
			for _, n := range counts {
				if n != counts[0] {
					t.Fatalf("the readers count %v", counts)
				}
			}
			seen[counts[0]] = true
		}
		stop()
		if n := <-wrote; n == 0 || len(seen) < 2 {
			t.Errorf("%d changes were written and %d different states were seen: nothing was tested", n, len(seen))
		}
	})
}

// The first error is what is told, and the others are called off.
func TestReadingTogetherEndsWithTheFirstError(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		broken := errors.New("broken")
		err := db.readTogether(t.Context(),
			func(ctx context.Context, _ *query) error { <-ctx.Done(); return ctx.Err() },
			func(context.Context, *query) error { return broken })
		if !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
		if err := db.read(t.Context(), func(q *query) error { return q.row(t.Context(), `select 1`).Scan(new(int)) }); err != nil {
			t.Errorf("reading afterwards: %v", err)
		}
	})
}
