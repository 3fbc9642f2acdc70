package store

import (
	"context"
	"testing"
	"time"

	"github.com/writhq/writ/internal/testkit"
)

// eachDatabase runs fn on SQLite and on PostgreSQL. fresh returns the
// configuration of a store that is empty.
func eachDatabase(t *testing.T, fn func(t *testing.T, fresh func(t *testing.T) Config)) {
	t.Run("sqlite", func(t *testing.T) {
		fn(t, func(t *testing.T) Config { return Config{Dir: t.TempDir()} })
	})
	t.Run("postgres", func(t *testing.T) {
		testkit.Postgres(t) // skips where no servers may be started
		fn(t, func(t *testing.T) Config { return Config{Dir: t.TempDir(), Postgres: testkit.Database(t)} })
	})
}

func openStore(t *testing.T, cfg Config) *DB {
	t.Helper()
	db, err := Open(asTester(t.Context()), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// endLeases makes every lease run out, as time would.
func endLeases(ctx context.Context, db *DB) error {
	_, err := db.w.ExecContext(ctx, `update lease set until = 0`)
	return err
}

// stopwatch is a clock that tests move.
type stopwatch struct{ at time.Time }

func (s *stopwatch) now() time.Time { return s.at }
