package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/internal/testkit"
)

// eachDatabase runs fn on SQLite and on PostgreSQL. fresh returns the
// configuration of a store that is empty.
func eachDatabase(t *testing.T, fn func(t *testing.T, fresh func(t *testing.T) Config)) {
	t.Run("sqlite", func(t *testing.T) {
		fn(t, emptySQLite)
	})
	t.Run("postgres", func(t *testing.T) {
		testkit.Postgres(t) // skips where no servers may be started
		fn(t, emptyPostgres)
	})
}

// migrated makes a store as migrations leave it.
func migrated(cfg Config) error {
	ctx := asTester(context.Background())
	db, err := open(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(db.migrate(ctx), db.Close())
}

// migratedFile is a SQLite database as migrations leave it: to run them for each test would
// take longer than most tests do.
var migratedFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "writ-store-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // of the tests
	if err := migrated(Config{Dir: dir}); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, sqliteFile)) //nolint:gosec // of the tests
})

func emptySQLite(t *testing.T) Config {
	t.Helper()
	file, err := migratedFile()
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(cfg.Dir, sqliteFile), file, 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func emptyPostgres(t *testing.T) Config {
	t.Helper()
	url := testkit.DatabaseLike(t, "migrated", func(url string) error { return migrated(Config{Dir: t.TempDir(), Postgres: url}) })
	return Config{Dir: t.TempDir(), Postgres: url}
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
