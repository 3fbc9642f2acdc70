package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// up is the line that each migration begins with. One statement follows for goose: it
// would else look for the end of each line's, with four megabytes at hand for a line.
const up = "-- +goose Up\n"

// migrations renders the one set of migration texts for this dialect.
func (db *DB) migrations() (fs.FS, error) {
	out := fstest.MapFS{}
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		whole := strings.Replace(db.d.pieces.Replace(string(text)), up, up+"-- +goose StatementBegin\n", 1) + "\n-- +goose StatementEnd\n"
		out[name[len("migrations/"):]] = &fstest.MapFile{Data: []byte(whole)}
	}
	return out, nil
}

func (db *DB) provider() (*goose.Provider, error) {
	files, err := db.migrations()
	if err != nil {
		return nil, err
	}
	dialect := database.DialectSQLite3
	if db.d.name == postgresDialect.name {
		dialect = database.DialectPostgres
	}
	return goose.NewProvider(dialect, db.w, files)
}

// SchemaVersion returns the schema that the database has and the newest one that
// this binary knows.
func (db *DB) SchemaVersion(ctx context.Context) (has, knows int64, err error) {
	p, err := db.provider()
	if err != nil {
		return 0, 0, err
	}
	for _, s := range p.ListSources() {
		knows = max(knows, s.Version)
	}
	has, err = p.GetDBVersion(ctx)
	return has, knows, err
}

// migrate brings the schema up to this binary's and refuses a newer one.
func (db *DB) migrate(ctx context.Context) error {
	has, knows, err := db.SchemaVersion(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema version: %w", err)
	}
	if has > knows {
		return ErrNewer.With("the database has schema %d and this binary knows up to %d: use the newer Writ that wrote it, or restore a backup", has, knows)
	}
	if has == knows {
		return nil
	}
	if db.beside {
		return ErrLocked.With("the server that works on %s is of another version: use its binary", db.dir)
	}
	p, err := db.provider()
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil && !errors.Is(err, goose.ErrNoNextVersion) {
		return fmt.Errorf("migrating the schema from %d to %d: %w", has, knows, err)
	}
	return nil
}
