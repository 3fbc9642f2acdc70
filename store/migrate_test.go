package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// released are the migrations that a release carried, with the digest of their
// text: they never change again. A release adds its own here.
var released = map[string]string{}

func TestMigrationsThatWereReleasedNeverChange(t *testing.T) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		if want := fmt.Sprintf("migrations/%04d_", i+1); !strings.HasPrefix(name, want) {
			t.Errorf("%s: the next migration is %s…", name, want)
		}
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "+goose Down") {
			t.Errorf("%s goes back: migrations go forward only", name)
		}
		sum := sha256.Sum256(text)
		if want, ok := released[filepath.Base(name)]; ok && want != hex.EncodeToString(sum[:]) {
			t.Errorf("%s was released and has changed: write a new migration", name)
		}
	}
	for name := range released {
		if _, err := fs.Stat(migrationFiles, "migrations/"+name); err != nil {
			t.Errorf("%s was released and is gone: %v", name, err)
		}
	}
}

// Both databases end up with the same tables and columns.
func TestMigrationsMakeTheSameTables(t *testing.T) {
	tables := map[string]string{}
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		db := openStore(t, fresh(t))
		err := db.read(t.Context(), func(q *query) error {
			all, err := tablesOf(t.Context(), q)
			tables[db.d.name] = fmt.Sprint(all)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if has, knows, err := db.SchemaVersion(t.Context()); err != nil || has != knows || has < 1 {
			t.Errorf("schema %d of %d: %v", has, knows, err)
		}
	})
	if p, ok := tables[postgresDialect.name]; ok && p != tables[sqliteDialect.name] {
		t.Errorf("PostgreSQL has\n%s\nSQLite has\n%s", p, tables[sqliteDialect.name])
	}
}

// Invariant 5.
func TestNewerDatabaseIsRefusedAndLeftAlone(t *testing.T) {
	eachDatabase(t, testNewerDatabaseIsRefusedAndLeftAlone)
}

func testNewerDatabaseIsRefusedAndLeftAlone(t *testing.T, fresh func(*testing.T) Config) {
	cfg := fresh(t)
	ctx := asTester(t.Context())
	db, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := db.stage(ctx, access.SystemID(1).Ref()) // an older binary must not sweep this
	if err == nil {
		_, err = db.w.Exec(`insert into goose_db_version (version_id, is_applied) values (9999, true)`)
	}
	if err = errors.Join(err, endLeases(ctx, db), db.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := Open(ctx, cfg)
		if !errors.Is(err, ErrNewer) || got != nil {
			t.Fatalf("it opened: %v", err)
		}
		if !strings.Contains(err.Error(), "9999") {
			t.Errorf("the error does not name the schema: %v", err)
		}
	}
	again, err := open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close() //nolint:errcheck // the directory goes too
	var open int64
	if err := again.r.QueryRow(`select max(id) from open_set`).Scan(&open); err != nil || open != s.Set {
		t.Errorf("the staged set %d is gone: %d, %v", s.Set, open, err)
	}
}

func TestLesson20_KeysThatAreNotTheDatabasesAreRefused(t *testing.T) {
	eachDatabase(t, testLesson20KeysRefused)
}

func testLesson20KeysRefused(t *testing.T, fresh func(*testing.T) Config) {
	cfg := fresh(t)
	ctx := asTester(t.Context())
	db, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.change(ctx, audit.Event{Action: "test.secret", Personal: map[string]string{"name": "Ana"}}, func(*tx) error { return nil }), db.Close()); err != nil {
		t.Fatal(err)
	}
	other, err := Open(ctx, Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range keyFiles {
		path := filepath.Join(cfg.Dir, name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := os.ReadFile(filepath.Join(other.Dir(), name))
		if err != nil {
			t.Fatal(err)
		}
		for how, do := range map[string]func() error{
			"missing": func() error { return os.Remove(path) },
			"garbage": func() error { return os.WriteFile(path, []byte("garbage"), 0o600) },
			"empty":   func() error { return os.WriteFile(path, nil, 0o600) },
			"foreign": func() error { return os.WriteFile(path, foreign, 0o600) },
			"public":  func() error { return errors.Join(os.WriteFile(path, good, 0o600), os.Chmod(path, 0o644)) },
		} {
			if err := do(); err != nil {
				t.Fatal(err)
			}
			if got, err := Open(ctx, cfg); err == nil {
				t.Errorf("%s %s: the store opened", how, name)
				_ = got.Close()
			} else if how == "missing" {
				if _, err := os.Lstat(path); err == nil {
					t.Errorf("%s was made anew", name)
				}
			}
			if err := errors.Join(os.RemoveAll(path), os.WriteFile(path, good, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	openStore(t, cfg)
}

func TestStagedRowsOfEveryVersionedTableAreKnown(t *testing.T) {
	db := openStore(t, Config{Dir: t.TempDir()})
	known := map[string]bool{}
	for _, v := range versioned {
		known[v.table] = true
	}
	err := db.read(t.Context(), func(q *query) error {
		tables, err := tablesOf(t.Context(), q)
		for _, table := range tables {
			if fmt.Sprint(table.Columns) != "" && strings.Contains(fmt.Sprint(table.Columns), "until_set") != known[table.Name] {
				t.Errorf("undo does not know that %s has versions, or thinks so: %v", table.Name, table.Columns)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
