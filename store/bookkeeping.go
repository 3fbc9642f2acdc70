package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/writhq/writ/internal/fault"
)

var errNothingDue = errors.New("nothing is due")

// bookkeep runs fn in a write transaction that changes nothing which counts: it
// has no change set and no record. Sequencing, leases, keys and the undoing of
// what was never visible are bookkeeping; facts and decisions never are.
func (db *DB) bookkeep(ctx context.Context, fn func(t *tx) error) error {
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
		return fmt.Errorf("beginning bookkeeping: %w", err)
	}
	defer sqlTx.Rollback() //nolint:errcheck // after a commit it does nothing
	if err := fn(&tx{query: query{t: sqlTx, d: db.d, conn: conn, kept: db.keptW}, db: db}); err != nil {
		return err
	}
	return sqlTx.Commit()
}

// What a lease's owner, or who wants to be it, can meet.
var (
	ErrLeased = fault.New(fault.Conflict, "leased", "somebody else is at it")
	ErrFenced = fault.New(fault.Conflict, "lease-lost", "the lease was lost to somebody else")
)

// lease makes its holder the only one for a name, until it ends. The fence rises
// with every new holder; hold checks it inside the transaction that relies on it,
// so that a holder which slept through its end cannot write. What whoever died had is free:
// on SQLite when the data directory is opened again, on PostgreSQL by their pulse.
type lease struct {
	name  string
	fence int64
	ttl   time.Duration
}

const takeLease = `
insert into lease (name, holder, fence, until) values ($1, $2, 1, {{clock}} + $3)
on conflict (name) do update
   set holder = $2, fence = lease.fence + 1, until = {{clock}} + $3
 where lease.until < {{clock}} or {{dead}}
returning fence`

const holdLease = `
update lease set until = {{clock}} + $4 where name = $1 and holder = $2 and fence = $3`

const endLease = `update lease set until = 0 where name = $1 and holder = $2 and fence = $3`

// takeLease returns ErrLeased when somebody else, or another part of this
// process, has the name.
func (db *DB) takeLease(ctx context.Context, name string, ttl time.Duration) (*lease, error) {
	l := &lease{name: name, ttl: ttl}
	err := db.bookkeep(ctx, func(t *tx) error { return l.take(ctx, t) })
	return l, err
}

func (l *lease) take(ctx context.Context, t *tx) error {
	l.fence = 0
	q := t.d.pieces.Replace(takeLease)
	err := t.each(ctx, q, []any{l.name, t.db.node, l.ttl.Microseconds()}, func(scan func(...any) error) error { return scan(&l.fence) })
	if err != nil {
		return fmt.Errorf("taking the lease %s: %w", l.name, err)
	}
	if l.fence == 0 {
		return ErrLeased
	}
	return nil
}

// hold checks in a transaction that the lease is still held, renews it, and locks
// its row until the transaction ends.
func (l *lease) hold(ctx context.Context, t *tx) error {
	n, err := t.exec(ctx, t.d.pieces.Replace(holdLease), l.name, t.db.node, l.fence, l.ttl.Microseconds())
	if err != nil {
		return fmt.Errorf("holding the lease %s: %w", l.name, err)
	}
	if n == 0 {
		return ErrFenced.With("the lease %s was lost to somebody else", l.name)
	}
	return nil
}

// end gives the lease back. Whoever was called off while they took it may have it all the
// same: on PostgreSQL that commit may come later than this begins, and is waited for.
func (l *lease) end(ctx context.Context, t *tx) error {
	var fence int64
	err := t.row(ctx, `select fence from lease where name = $1`+t.d.forUpdate, l.name).Scan(&fence)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		_, err = t.exec(ctx, endLease, l.name, t.db.node, l.fence)
	}
	return err
}
