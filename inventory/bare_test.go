package inventory_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/store"
)

// bareTable is a table that a sync fills. Rows that only Writ needs (holdings,
// audit records, changes) are not loaded bare.
type bareTable struct {
	name    string
	columns []string
	row     func(i int, row []any) // of the i-th thing, into row
	count   func(s synthetic) int
}

func bareTables(s synthetic) []bareTable {
	digest := make([]byte, 16)
	groups, accounts := func(s synthetic) int { return s.groups }, func(s synthetic) int { return s.accounts }
	var held []int // of the account that the last grant was of
	holder, next, grants := -1, 0, 0
	for i := range s.accounts {
		grants += 8 + i%5
	}
	return []bareTable{
		{"entitlement", columns("id, from_set, system_id, native_id, kind, name, description, digest"), func(i int, row []any) {
			e := s.group(i)
			fill(row, i+1, 1, 1, e.ID, e.Kind, e.Name, e.Description, digest)
		}, groups},
		{"account", columns("id, from_set, system_id, native_id, login, display_name, email, number, kind, kind_reason, status, interactive, created_at, expires_at, attributes, digest"), func(i int, row []any) {
			a := s.account(i)
			fill(row, i+1, 1, 1, a.ID, a.Login, a.DisplayName, a.Email, a.Number, "person", "", string(a.Status), a.Interactive, int64(a.Created), 0, "{}", digest)
		}, accounts},
		{"credential", columns("id, from_set, kind, fingerprint, algorithm"), func(i int, row []any) {
			fill(row, i+1, 1, "ssh_key", fingerprint(i), "ssh-ed25519")
		}, accounts},
		{"account_credential", columns("account_id, credential_id, from_set, system_id, options, changed_at, last_used"), func(i int, row []any) {
			fill(row, i+1, i+1, 1, 1, "", int64(baseTime), 0)
		}, accounts},
		{"account_usage", columns("account_id, last_used"), func(i int, row []any) {
			fill(row, i+1, int64(baseTime)+int64(i))
		}, accounts},
		{"access_grant", columns("holder_id, holder_kind, entitlement_id, resource_id, mode, from_set, id, system_id, flags, starts_at, ends_at, last_used, late"), func(i int, row []any) {
			if next == len(held) {
				holder, next = holder+1, 0
				held = s.held(holder, held[:0])
			}
			fill(row, holder+1, int(access.KindAccount), held[next]+1, 0, 0, 1, i+1, 1, 0, 0, 0, -1, false)
			next++
		}, func(synthetic) int { return grants }},
	}
}

func columns(list string) []string { return strings.Split(list, ", ") }

func fill(row []any, values ...any) { copy(row, values) }

// emptyStore makes the tables and indexes that Writ has.
func emptyStore(b *testing.B, cfg store.Config) {
	b.Helper()
	db, err := store.Open(asTest(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}

const (
	liteRows        = 200     // of one statement
	liteTransaction = 500_000 // rows
)

// bareSQLite loads the rows with prepared statements of many rows, half a million
// rows to a transaction, and says how long that took.
func bareSQLite(b *testing.B, source synthetic) time.Duration {
	b.Helper()
	dir := b.TempDir()
	emptyStore(b, store.Config{Dir: dir})
	db, err := sql.Open("sqlite", "file:"+sqliteFileOf(dir)+"?_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=cache_size(-65536)&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // its file is thrown away
	db.SetMaxOpenConns(1)
	started := time.Now()
	for _, t := range bareTables(source) {
		for from, n := 0, t.count(source); from < n; from += liteTransaction {
			if err := liteLoad(b.Context(), db, t, from, min(from+liteTransaction, n)); err != nil {
				b.Fatal(err)
			}
		}
	}
	return time.Since(started)
}

// liteLoad inserts some rows of a table in one transaction.
func liteLoad(ctx context.Context, db *sql.DB, t bareTable, from, to int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	many, err := tx.PrepareContext(ctx, liteText(t, liteRows))
	if err != nil {
		return err
	}
	defer many.Close() //nolint:errcheck // a closed statement has nothing to say
	wide := len(t.columns)
	args := make([]any, liteRows*wide)
	for ; from+liteRows <= to; from += liteRows {
		for k := range liteRows {
			t.row(from+k, args[k*wide:(k+1)*wide])
		}
		if _, err := many.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	if from < to {
		for k := range to - from {
			t.row(from+k, args[k*wide:(k+1)*wide])
		}
		if _, err := tx.ExecContext(ctx, liteText(t, to-from), args[:(to-from)*wide]...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func liteText(t bareTable, rows int) string {
	one := "(" + strings.TrimSuffix(strings.Repeat("?,", len(t.columns)), ",") + ")"
	return "insert into " + t.name + " (" + strings.Join(t.columns, ", ") + ") values " + strings.Join(slices.Repeat([]string{one}, rows), ",")
}

// serverCPUTime is what a server on this machine has computed, its ended processes
// included.
func serverCPUTime(b *testing.B, url string) time.Duration {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // it only asked
	var pid int
	if err := conn.QueryRow(b.Context(), "select pg_backend_pid()").Scan(&pid); err != nil {
		b.Fatal(err)
	}
	_, server := ticksOf(pid)
	ticks, _ := ticksOf(server)
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		child, _ := strconv.Atoi(filepath.Base(dir))
		if t, parent := ticksOf(child); parent == server {
			ticks += t
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond // a hundred ticks a second
}

// ticksOf reads how long a process and its ended children have computed, and
// whose child it is.
func ticksOf(pid int) (ticks int64, parent int) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0 // it has ended
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])) // behind its name
	parent, _ = strconv.Atoi(fields[1])
	for _, f := range fields[11:15] {
		n, _ := strconv.ParseInt(f, 10, 64)
		ticks += n
	}
	return ticks, parent
}

// barePostgres loads each table with one COPY, and says how long that took.
func barePostgres(b *testing.B, source synthetic) time.Duration {
	b.Helper()
	url := testkit.Database(b)
	emptyStore(b, store.Config{Dir: b.TempDir(), Postgres: url})
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // its database is thrown away
	started := time.Now()
	for _, t := range bareTables(source) {
		i, n, row := 0, t.count(source), make([]any, len(t.columns))
		next := func() ([]any, error) {
			if i == n {
				return nil, nil
			}
			t.row(i, row)
			i++
			return row, nil
		}
		if _, err := conn.CopyFrom(b.Context(), pgx.Identifier{t.name}, t.columns, pgx.CopyFromFunc(next)); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(started)
}
