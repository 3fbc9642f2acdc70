package store

import (
	"fmt"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

func TestInsertManyKeepsEveryValue(t *testing.T) { eachDatabase(t, testInsertManyKeepsEveryValue) }

func testInsertManyKeepsEveryValue(t *testing.T, fresh func(*testing.T) Config) {
	db := openStore(t, fresh(t))
	ctx := asTester(t.Context())
	columns := []string{"id", "from_set", "system_id", "native_id", "login", "kind", "status", "interactive", "digest"}
	first := 0
	for _, n := range []int{0, 1, sqliteVariables / len(columns), sqliteVariables/len(columns) + 1, 3000} {
		err := db.change(ctx, audit.Event{Action: "test.bulk"}, func(t *tx) error {
			rows := make([][]any, n)
			for i := range rows {
				id := first + i + 1
				rows[i] = []any{id, t.Set, 1, fmt.Sprintf("nätive %d '\"\\\n\t", id), "", "person", "enabled", id%2 == 0, []byte{0, byte(id)}}
			}
			return t.insertMany(ctx, "account", columns, rows)
		})
		if err != nil {
			t.Fatal(err)
		}
		first += n
	}
	next := 0
	err := db.read(ctx, func(q *query) error {
		return q.each(ctx, `select id, native_id, interactive, digest from account order by id`, nil, func(scan func(...any) error) error {
			var id int
			var native string
			var interactive bool
			var digest []byte
			if err := scan(&id, &native, &interactive, &digest); err != nil {
				return err
			}
			next++
			if id != next || native != fmt.Sprintf("nätive %d '\"\\\n\t", id) || interactive != (id%2 == 0) || len(digest) != 2 || digest[1] != byte(id) {
				return fmt.Errorf("row %d came back as %d, %q, %v, %x", next, id, native, interactive, digest)
			}
			return nil
		})
	})
	if err != nil || next != first {
		t.Errorf("%d of %d rows: %v", next, first, err)
	}
}

func TestNewKeysAreNeverGivenTwice(t *testing.T) { eachDatabase(t, testNewKeysAreNeverGivenTwice) }

func testNewKeysAreNeverGivenTwice(t *testing.T, fresh func(*testing.T) Config) {
	db := openStore(t, fresh(t))
	ctx := asTester(t.Context())
	const writers = 30 // more than there are connections
	given := make(chan int64, writers*10*7)
	done := make(chan error)
	for range writers {
		go func() {
			done <- func() error {
				for range 10 {
					err := db.change(ctx, audit.Event{Action: "test.keys"}, func(t *tx) error {
						first, err := t.newKeys(ctx, access.KindAccount, 7)
						for i := range int64(7) {
							given <- first + i
						}
						return err
					})
					if err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	close(given)
	seen := map[int64]bool{}
	for key := range given {
		if seen[key] || key <= 0 {
			t.Errorf("key %d was given twice, or is none", key)
		}
		seen[key] = true
	}
}
