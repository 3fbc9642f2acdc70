package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// query reads inside a transaction.
type query struct {
	t    *sql.Tx
	d    dialect
	conn *sql.Conn // that the transaction is on
}

// rows runs a select. Callers close what it returns; each does that for them.
func (q *query) rows(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return q.t.QueryContext(ctx, q.d.rebind(text), args...)
}

// row runs a select of one row.
func (q *query) row(ctx context.Context, text string, args ...any) *sql.Row {
	return q.t.QueryRowContext(ctx, q.d.rebind(text), args...)
}

// each calls fn for every row, with a scan function for its columns.
func (q *query) each(ctx context.Context, text string, args []any, fn func(scan func(...any) error) error) error {
	rows, err := q.rows(ctx, text, args...)
	return scanEach(rows, err, fn)
}

// eachListed is each for a query of a list that is written out in place of %s: its text
// is another one each time, so that only what is constant of it is remembered.
func (q *query) eachListed(ctx context.Context, text, list string, args []any, fn func(scan func(...any) error) error) error {
	rows, err := q.t.QueryContext(ctx, strings.Replace(q.d.rebind(text), "%s", list, 1), args...)
	return scanEach(rows, err, fn)
}

// eachMade is each for a query that was put together for this once.
func (q *query) eachMade(ctx context.Context, text string, args []any, fn func(scan func(...any) error) error) error {
	rows, err := q.t.QueryContext(ctx, q.d.rewrite(text), args...)
	return scanEach(rows, err, fn)
}

func scanEach(rows *sql.Rows, err error, fn func(scan func(...any) error) error) error {
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// tx is one write transaction: it has a change set, and an audit record that is
// written when it commits. Only change makes one.
type tx struct {
	query
	db    *DB
	stmts map[string]*sql.Stmt // prepared once a transaction; they end with it
	Set   int64                // this transaction's change set
	At    access.Time          // the store's time of it
	Event audit.Event          // the record; fn may add facts until it returns
}

// change runs fn in one write transaction and commits it with its audit record,
// or leaves no trace of either. It is the only way to write.
func (db *DB) change(ctx context.Context, e audit.Event, fn func(t *tx) error) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	conn, err := db.w.Conn(ctx)
	if err != nil {
		return fmt.Errorf("reaching the database: %w", err)
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	give, err := db.turns.take()
	if err != nil {
		return err
	}
	defer give()
	sqlTx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a change: %w", err)
	}
	defer sqlTx.Rollback() //nolint:errcheck // after a commit it does nothing
	t := &tx{query: query{t: sqlTx, d: db.d, conn: conn}, db: db, Event: e}
	if err := t.begin(ctx, db, actor); err != nil {
		return fmt.Errorf("beginning a change set: %w", err)
	}
	if err := fn(t); err != nil {
		return err
	}
	if err := db.record(ctx, t, actor); err != nil {
		return fmt.Errorf("recording %s: %w", e.Action, err)
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("committing %s: %w", e.Action, err)
	}
	db.seq.wake()
	return nil
}

// The time of a change set is never below the last one's.
const insertChangeSet = `
insert into change_set (at, actor)
values ({{greatest}}($1, coalesce((select max(at) from change_set), 0)), $2)
returning id, at`

func (t *tx) begin(ctx context.Context, db *DB, actor audit.Actor) error {
	q := t.d.pieces.Replace(insertChangeSet)
	return t.row(ctx, q, db.clock.read(db.nowFn()), actor.String()).Scan(&t.Set, &t.At)
}

// exec runs one statement and returns how many rows it changed.
func (t *tx) exec(ctx context.Context, text string, args ...any) (int64, error) {
	stmt := t.stmts[text]
	if stmt == nil {
		var err error
		if stmt, err = t.t.PrepareContext(ctx, t.d.rebind(text)); err != nil {
			return 0, err
		}
		if t.stmts == nil {
			t.stmts = map[string]*sql.Stmt{}
		}
		t.stmts[text] = stmt
	}
	res, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// changed tells those who follow the feed that an object changed.
func (t *tx) changed(ctx context.Context, refs ...access.Ref) error {
	for _, r := range refs {
		if _, err := t.exec(ctx, `insert into change (set_id, kind, object, bulk) values ($1, $2, $3, false)`, t.Set, r.Kind, r.Key); err != nil {
			return fmt.Errorf("noting the change of %s: %w", r, err)
		}
	}
	return nil
}

// due notes that a dated fact starts or ends at a time still to come.
func (t *tx) due(ctx context.Context, r access.Ref, times ...access.Time) error {
	for _, at := range times {
		if at <= t.At {
			continue
		}
		if _, err := t.exec(ctx, `insert into clock_edge (at, kind, object) values ($1, $2, $3) on conflict do nothing`, at, r.Kind, r.Key); err != nil {
			return err
		}
	}
	return nil
}
