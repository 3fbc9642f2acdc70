package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the sqlite driver

	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/seal"
)

// The ways in which a store cannot be opened.
var (
	ErrLocked = fault.New(fault.Unavailable, "data-locked", "another process owns the data directory")
	ErrNewer  = fault.New(fault.Invalid, "schema-newer", "the database was written by a newer Writ")
	ErrConfig = fault.New(fault.Invalid, "store-config", "the store's configuration is not usable")
)

// Config says where the truth lies: a data directory with an embedded SQLite
// database, or a PostgreSQL URL. Dir is needed in both cases: spools, the node's
// key and local evidence lie there.
type Config struct {
	Dir      string
	Postgres string           // postgres://…; empty for SQLite
	Beside   bool             // whoever owns the directory, as one more node that comes and goes
	Now      func() time.Time // for tests and the demo; nil is the clock
}

// DB is the open truth. Its features are views of it: db.Inventory(), db.Graph(), …
type DB struct {
	w, r   *sql.DB // writers (on SQLite one connection) and readers
	d      dialect
	dir    string
	beside bool
	turns  *turns  // nil on PostgreSQL
	groups *groups // nil on PostgreSQL
	pulse  *pulse  // nil on SQLite
	// keptW and keptR are what is kept prepared for writers and readers; nil on PostgreSQL.
	keptW, keptR *statements
	nowFn        func() time.Time
	keys         keyBlocks
	unlock       func() error

	node     string // names this process in leases
	sealer   *seal.Key
	logKey   *audit.LogKey
	seq      sequencer
	together sync.Mutex // held while connections for reading together are taken
	clock    clock

	leaseMarks atomic.Pointer[string] // how the marks of leases begin, once that is known
}

// Open locks the data directory, opens the database, brings its schema up to this
// binary's, and clears what an interrupted process left. It refuses a database that is
// newer. Beside its owner it does none of that, and refuses any other schema than its own.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	db, err := open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := db.openKeys(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if cfg.Beside {
		return db, nil
	}
	if err := db.sweepStaged(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("clearing interrupted work: %w", err), db.Close())
	}
	return db, nil
}

const sqliteFile = "writ.db"

// Exists reports whether a data directory holds an embedded database.
func Exists(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, sqliteFile))
	return err == nil && info.Mode().IsRegular()
}

func open(ctx context.Context, cfg Config) (_ *DB, err error) {
	switch {
	case cfg.Dir == "":
		return nil, ErrConfig.With("a data directory is needed: name one with --data")
	case cfg.Beside && cfg.Postgres == "" && !Exists(cfg.Dir):
		return nil, ErrConfig.With("there is no database in %s", cfg.Dir)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, ErrConfig.With("the data directory %s cannot be made", cfg.Dir).Because(err)
	}
	db := &DB{dir: cfg.Dir, nowFn: cfg.Now, beside: cfg.Beside, node: rand.Text()}
	if !cfg.Beside {
		if db.unlock, err = lockDir(cfg.Dir); err != nil {
			return nil, err
		}
	}
	if db.nowFn == nil {
		db.nowFn = time.Now
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	if cfg.Postgres != "" {
		err = db.openPostgres(ctx, cfg.Postgres)
	} else {
		err = db.openSQLite(ctx, filepath.Join(cfg.Dir, sqliteFile))
	}
	return db, err
}

func (db *DB) openSQLite(ctx context.Context, path string) (err error) {
	db.d = sqliteDialect
	// A commit is on the disk before anybody is told of it, and so before a system is told what
	// only the vault knows: it survives the machine, not only the process.
	pragmas := url.Values{"_pragma": {
		"journal_mode(wal)", "synchronous(full)", "foreign_keys(1)", "busy_timeout(10000)",
		"cache_size(-65536)", "temp_store(memory)", "wal_autocheckpoint(2000)",
	}}
	// What is deleted is overwritten: a sealed credential that was replaced is gone.
	write := url.Values{"_pragma": append(slices.Clone(pragmas["_pragma"]), "secure_delete(1)"), "_txlock": {"immediate"}}
	if db.w, err = sql.Open("sqlite", "file:"+escapePath(path)+"?"+write.Encode()); err != nil {
		return err
	}
	db.w.SetMaxOpenConns(1)
	if db.turns, err = openTurns(filepath.Dir(path)); err != nil {
		return err
	}
	if err := db.w.PingContext(ctx); err != nil {
		return ErrConfig.With("the database %s cannot be opened", path).Because(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	// Readers mostly read once; what they read again is in the system's own cache.
	read := url.Values{"_pragma": append(pragmas["_pragma"], "query_only(1)", "cache_size(-8192)")}
	if db.r, err = sql.Open("sqlite", "file:"+escapePath(path)+"?"+read.Encode()); err != nil {
		return err
	}
	readers := max(8, 2*runtime.NumCPU())
	db.r.SetMaxOpenConns(readers)
	db.r.SetMaxIdleConns(readers) // opening one again takes longer than most of what it reads
	db.groups, db.keptW, db.keptR = new(groups), keepStatements(db.w), keepStatements(db.r)
	return nil
}

func escapePath(p string) string { return (&url.URL{Path: p}).EscapedPath() }

func (db *DB) openPostgres(ctx context.Context, dsn string) (err error) {
	db.d = postgresDialect
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return ErrConfig.With("the database URL must start with postgres://")
	}
	// Two pools: a change takes keys and may read while it holds its connection,
	// and would wait for ever if all connections were held by such changes.
	for _, pool := range []**sql.DB{&db.w, &db.r} {
		config, err := pgx.ParseConfig(dsn)
		if err != nil {
			return ErrConfig.With("the database URL cannot be read")
		}
		var options []stdlib.OptionOpenDB
		if pool == &db.w {
			options = append(options, stdlib.OptionAfterConnect(writing))
		}
		*pool = stdlib.OpenDB(*config, options...)
		(*pool).SetMaxOpenConns(16)
		(*pool).SetMaxIdleConns(8)
		(*pool).SetConnMaxIdleTime(time.Minute)
	}
	if err := db.w.PingContext(ctx); err != nil {
		return ErrConfig.With("the PostgreSQL database does not answer").Because(err)
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return ErrConfig.With("the database URL cannot be read")
	}
	name := pulsed + db.node
	if db.pulse, err = startPulse(ctx, config, name); err != nil {
		return ErrConfig.With("the PostgreSQL database gives no connection of its own to say that this process lives").Because(err)
	}
	db.node = name
	return nil
}

// writing makes a connection of writers find rows by key: a plan that was made and kept
// while a table was small would else read all of it once it is large. And where a cluster or
// its owner thinks little of what was committed last, Writ does not.
func writing(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "set enable_seqscan = off; "+
		"select set_config('synchronous_commit', 'local', false) where current_setting('synchronous_commit') = 'off'")
	return err
}

// Dir is the data directory, for what lies beside the database.
func (db *DB) Dir() string { return db.dir }

// Close ends every connection and gives the data directory back.
func (db *DB) Close() error {
	errs := []error{db.keptW.close(), db.keptR.close()}
	db.pulse.end()
	if db.r != nil {
		errs = append(errs, db.r.Close())
	}
	if db.w != nil {
		errs = append(errs, db.w.Close())
	}
	errs = append(errs, db.turns.close())
	db.turns = nil
	if db.unlock != nil {
		errs = append(errs, db.unlock())
		db.unlock = nil
	}
	return errors.Join(errs...)
}

// read runs fn in one read transaction: every query in it sees the same state.
func (db *DB) read(ctx context.Context, fn func(q *query) error) error {
	q, end, err := db.beginRead(ctx)
	if err != nil {
		return fmt.Errorf("beginning to read: %w", err)
	}
	defer end()
	return fn(q)
}

// beginRead begins a read transaction. Whoever began it ends it.
func (db *DB) beginRead(ctx context.Context) (q *query, end func(), err error) {
	conn, err := db.r.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	t, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: db.readIsolation()})
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	end = func() {
		_ = t.Rollback() // nothing was written
		_ = conn.Close() // it goes back to the pool
		db.keptR.learn(context.WithoutCancel(ctx), db.d.rebind)
	}
	return &query{t: t, d: db.d, conn: conn, kept: db.keptR}, end, nil
}

func (db *DB) readIsolation() sql.IsolationLevel {
	if db.d.name == postgresDialect.name {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}
