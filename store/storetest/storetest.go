// Package storetest has empty stores for tests.
//
// Invariants:
//  1. A store is as store.Open leaves a new one, and nobody else's: it is a copy of one that
//     was made once, since to make one takes longer than most tests do.
//  2. All stores of one test process have the same keys.
//
// What it does not do: it fills none, and opens none for the test.
package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/store"
)

// made are the files of an empty SQLite store, with its keys.
var made = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "writ-empty-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // of the tests
	if err := open(store.Config{Dir: dir}); err != nil {
		return nil, err
	}
	list, err := os.ReadDir(dir)
	files := map[string][]byte{}
	for _, e := range list {
		text, failed := os.ReadFile(filepath.Join(dir, e.Name())) //nolint:gosec // of the tests
		files[e.Name()], err = text, errors.Join(err, failed)
	}
	return files, err
})

func open(cfg store.Config) error {
	db, err := store.Open(audit.WithActor(context.Background(), audit.Actor{Node: "test"}), cfg)
	if err != nil {
		return err
	}
	return db.Close()
}

// SQLite is where an empty SQLite store is.
func SQLite(t testing.TB) store.Config {
	t.Helper()
	files, err := made()
	if err != nil {
		t.Fatal(err)
	}
	cfg := store.Config{Dir: t.TempDir()}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(cfg.Dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cfg
}

// Postgres is where an empty PostgreSQL store is.
func Postgres(t testing.TB) store.Config {
	t.Helper()
	cfg := SQLite(t) // whose keys it has
	cfg.Postgres = testkit.DatabaseLike(t, "empty", func(url string) error { return open(store.Config{Dir: cfg.Dir, Postgres: url}) })
	return cfg
}
