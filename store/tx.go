package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// query reads inside a transaction.
type query struct {
	t    *sql.Tx
	d    dialect
	conn *sql.Conn // that the transaction is on
	kept *statements
	// uncut says that others share the transaction: nothing that is asked is called off
	// half-way, which would undo it for all of them. It is short.
	uncut  bool
	asking []string // whose rows are being read: a kept statement gives one answer at a time
}

func (q *query) within(ctx context.Context) context.Context {
	if q.uncut {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// prepared returns a kept statement of a text, or nil.
func (q *query) prepared(ctx context.Context, text string) *sql.Stmt {
	if slices.Contains(q.asking, text) {
		return nil
	}
	return q.kept.in(ctx, q.t, text)
}

// rows runs a select. Callers close what it returns; each does that for them.
func (q *query) rows(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return q.t.QueryContext(q.within(ctx), q.d.rebind(text), args...)
}

// row runs a select of one row, which is scanned before anything else is asked.
func (q *query) row(ctx context.Context, text string, args ...any) *sql.Row {
	ctx = q.within(ctx)
	if stmt := q.prepared(ctx, text); stmt != nil { //nolint:sqlclosecheck // it ends with the transaction, and is kept
		return stmt.QueryRowContext(ctx, args...)
	}
	return q.t.QueryRowContext(ctx, q.d.rebind(text), args...)
}

// each calls fn for every row, with a scan function for its columns.
func (q *query) each(ctx context.Context, text string, args []any, fn func(scan func(...any) error) error) error {
	ctx = q.within(ctx)
	if stmt := q.prepared(ctx, text); stmt != nil { //nolint:sqlclosecheck // it ends with the transaction, and is kept
		q.asking = append(q.asking, text)
		defer func() { q.asking = q.asking[:len(q.asking)-1] }()
		rows, err := stmt.QueryContext(ctx, args...)
		return scanEach(rows, err, fn)
	}
	rows, err := q.rows(ctx, text, args...)
	return scanEach(rows, err, fn)
}

// eachListed is each for a query of a list that is written out in place of %s: its text
// is another one each time, so that only what is constant of it is remembered.
func (q *query) eachListed(ctx context.Context, text, list string, args []any, fn func(scan func(...any) error) error) error {
	rows, err := q.t.QueryContext(q.within(ctx), strings.Replace(q.d.rebind(text), "%s", list, 1), args...)
	return scanEach(rows, err, fn)
}

// eachMade is each for a query that was put together for this once.
func (q *query) eachMade(ctx context.Context, text string, args []any, fn func(scan func(...any) error) error) error {
	rows, err := q.t.QueryContext(q.within(ctx), q.d.rewrite(text), args...)
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
	in    *group               // that it shares its transaction with; nil is none
	stmts map[string]*sql.Stmt // prepared once a transaction; they end with it
	Set   int64                // this transaction's change set
	At    access.Time          // the store's time of it
	Event audit.Event          // the record; fn may add facts until it returns
	mails []access.MailID      // that it put into the outbox; the record says so
}

// change runs fn in one write transaction and commits it with its audit record,
// or leaves no trace of either. It is the only way to write.
func (db *DB) change(ctx context.Context, e audit.Event, fn func(t *tx) error) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	g, err := db.groups.join(ctx)
	if err != nil {
		return err
	}
	c := one{actor: actor, event: e, fn: fn}
	if g != nil {
		return g.member(ctx, c)
	}
	return db.lead(ctx, c)
}

// The time of a change set is never below the last one's.
const insertChangeSet = `
insert into change_set (at, actor, quiet)
values ({{greatest}}($1, coalesce((select max(at) from change_set), 0)), $2, $3)
returning id, at`

func (t *tx) begin(ctx context.Context, db *DB, actor audit.Actor) error {
	q := t.d.pieces.Replace(insertChangeSet)
	return t.row(ctx, q, db.clock.read(db.nowFn()), actor.String(), t.Event.Quiet).Scan(&t.Set, &t.At)
}

// exec runs one statement and returns how many rows it changed.
func (t *tx) exec(ctx context.Context, text string, args ...any) (int64, error) {
	ctx = t.within(ctx)
	stmt := t.stmts[text]
	if stmt == nil {
		if stmt = t.kept.in(ctx, t.t, text); stmt == nil {
			var err error
			if stmt, err = t.t.PrepareContext(ctx, t.d.rebind(text)); err != nil {
				return 0, err
			}
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

// execMade is exec for a statement that was put together for this once.
func (t *tx) execMade(ctx context.Context, text string, args ...any) error {
	_, err := t.t.ExecContext(t.within(ctx), t.d.rewrite(text), args...)
	return err
}

// changed tells those who follow the feed that an object changed.
func (t *tx) changed(ctx context.Context, refs ...access.Ref) error {
	if t.Event.Quiet {
		return fmt.Errorf("%s is quiet, and changes %v", t.Event.Action, refs)
	}
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
