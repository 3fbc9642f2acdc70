package bench

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver that is compared with

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/testkit"
)

// The same facts in SQL, as a good schema for this one question would have them:
// who holds what, which entitlement contains which, whose each usable account is.
var pairTables = []string{
	`create table held (entitlement integer not null, account integer not null, primary key (entitlement, account)) {{clustered}}`,
	`create table nests (container integer not null, entitlement integer not null, primary key (entitlement, container)) {{clustered}}`,
	`create table belongs (account integer not null, identity integer not null, primary key (account, identity)) {{clustered}}`,
}

// holdBoth counts who effectively holds both of two entitlements. Written as cross
// joins SQLite takes the tables in this order, from the few entitlements that a
// search ends in to who holds them; left to choose, it begins with all accounts.
const holdBoth = `
with recursive
one(e) as (select cast($1 as integer) union select n.container from nests n join one on n.entitlement = one.e),
two(e) as (select cast($2 as integer) union select n.container from nests n join two on n.entitlement = two.e)
select count(*) from (
  select b.identity from one cross join held h cross join belongs b where h.entitlement = one.e and b.account = h.account
  intersect
  select b.identity from two cross join held h cross join belongs b where h.entitlement = two.e and b.account = h.account) x`

// pairFacts calls put with each row of the tables.
func pairFacts(v *graph.View, put func(table string, a, b int64) error) error {
	for a := range v.Accounts() {
		if a.Status != access.Enabled {
			continue
		}
		for _, id := range a.Identities {
			if err := put("belongs", int64(a.ID), int64(id)); err != nil {
				return err
			}
		}
		last := access.EntitlementID(0)
		for g := range v.DirectGrants(a.ID.Ref()) {
			if g.Entitlement != last {
				if err := put("held", int64(g.Entitlement), int64(a.ID)); err != nil {
					return err
				}
			}
			last = g.Entitlement
		}
	}
	for e := range v.Entitlements() {
		last := access.EntitlementID(0)
		for g := range v.DirectGrants(e.ID.Ref()) {
			if g.Entitlement != last {
				if err := put("nests", int64(e.ID), int64(g.Entitlement)); err != nil {
					return err
				}
			}
			last = g.Entitlement
		}
	}
	return nil
}

// comparePairs asks both databases the same and holds the answers against ours.
func comparePairs(b *testing.B, v *graph.View, pairs [][2]access.EntitlementID, ours time.Duration, counts []int) {
	b.Helper()
	b.Run("pairs-500", func(b *testing.B) {
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(ours.Microseconds())/1000, "ms")
	})
	for name, open := range map[string]func(*testing.B, *graph.View) func(one, two int64) (int, error){"sqlite": pairsInSQLite, "postgres": pairsInPostgres} {
		ask := open(b, v)
		began := time.Now()
		for i, p := range pairs {
			n, err := ask(int64(p[0]), int64(p[1]))
			if err != nil {
				b.Fatalf("%s: %v", name, err)
			}
			if n != counts[i] {
				b.Fatalf("%s: %d hold both of %v, and the graph says %d", name, n, p, counts[i])
			}
		}
		took := time.Since(began)
		b.Run("pairs-500-in-"+name, func(b *testing.B) {
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(took.Microseconds())/1000, "ms")
			b.ReportMetric(float64(took)/float64(ours), "times-ours")
		})
	}
}

func pairsInSQLite(b *testing.B, v *graph.View) func(one, two int64) (int, error) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "pairs.db")+"?_pragma=journal_mode(off)&_pragma=synchronous(off)&_pragma=cache_size(-262144)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	ctx := b.Context()
	exec := func(text string) {
		if _, err := db.ExecContext(ctx, text); err != nil {
			b.Fatal(err)
		}
	}
	for _, text := range pairTables {
		exec(strings.ReplaceAll(text, "{{clustered}}", "without rowid"))
	}
	exec("begin")
	insert := map[string]*sql.Stmt{}
	for table, text := range map[string]string{
		"held":    `insert or ignore into held (entitlement, account) values (?, ?)`,
		"nests":   `insert or ignore into nests (entitlement, container) values (?, ?)`,
		"belongs": `insert or ignore into belongs (account, identity) values (?, ?)`,
	} {
		if insert[table], err = db.PrepareContext(ctx, text); err != nil { //nolint:sqlclosecheck // they end with the database
			b.Fatal(err)
		}
	}
	err = pairFacts(v, func(table string, x, y int64) error {
		if table == "nests" { // the second contains the first: whoever is in the first has the second
			x, y = y, x
		}
		_, err := insert[table].ExecContext(ctx, x, y)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	exec("commit")
	exec("analyze") //nolint:misspell // the word of SQL
	ask, err := db.PrepareContext(ctx, strings.ReplaceAll(strings.ReplaceAll(holdBoth, "$1", "?1"), "$2", "?2"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = ask.Close() })
	return func(one, two int64) (n int, err error) {
		err = ask.QueryRowContext(ctx, one, two).Scan(&n)
		return n, err
	}
}

func pairsInPostgres(b *testing.B, v *graph.View) func(one, two int64) (int, error) {
	b.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, testkit.Database(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(ctx) })
	exec := func(text string) {
		if _, err := conn.Exec(ctx, text); err != nil {
			b.Fatal(err)
		}
	}
	for _, text := range pairTables {
		exec(strings.ReplaceAll(text, "{{clustered}}", ""))
	}
	rows := map[string][][]any{}
	flush := func(table string) error {
		columns := map[string][]string{"held": {"entitlement", "account"}, "nests": {"entitlement", "container"}, "belongs": {"account", "identity"}}[table]
		_, err := conn.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows[table]))
		rows[table] = rows[table][:0]
		return err
	}
	err = pairFacts(v, func(table string, x, y int64) error {
		if table == "nests" {
			x, y = y, x
		}
		if rows[table] = append(rows[table], []any{x, y}); len(rows[table]) < 100_000 {
			return nil
		}
		return flush(table)
	})
	for table := range rows {
		if err == nil {
			err = flush(table)
		}
	}
	if err != nil {
		b.Fatal(err)
	}
	exec("vacuum analyze") //nolint:misspell // the word of SQL
	// Left alone it takes every recursion for a large one and reads all of belongs
	// each time, thirty times slower.
	exec("set enable_hashjoin = off")
	exec("set enable_mergejoin = off")
	exec("set jit = off")
	return func(one, two int64) (n int, err error) {
		err = conn.QueryRow(ctx, holdBoth, one, two).Scan(&n)
		return n, err
	}
}
