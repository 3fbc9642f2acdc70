package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// readTogether runs each of fns in a read transaction of its own, side by side; all
// of them see the same state.
func (db *DB) readTogether(ctx context.Context, fns ...func(ctx context.Context, q *query) error) error {
	db.together.Lock() // two of these would wait for each other's connections
	txs, err := db.sameState(ctx, len(fns))
	db.together.Unlock()
	defer func() {
		for _, t := range txs {
			_ = t.Rollback() // nothing was written
		}
	}()
	if err != nil {
		return fmt.Errorf("beginning to read: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error)
	for i, fn := range fns {
		go func() {
			err := fn(ctx, &query{t: txs[i], d: db.d})
			if err != nil {
				cancel(err)
			}
			ended <- err
		}()
	}
	var errs []error
	for range fns {
		errs = append(errs, <-ended)
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause // the others only say that they were called off
	}
	return errors.Join(errs...)
}

// sameState begins n read transactions that see one state. It may return some with
// an error.
func (db *DB) sameState(ctx context.Context, n int) (txs []*sql.Tx, err error) {
	begin := func() error {
		t, err := db.r.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: db.readIsolation()})
		if err == nil {
			txs = append(txs, t)
		}
		return err
	}
	if db.d.name == postgresDialect.name {
		if err := begin(); err != nil {
			return txs, err
		}
		var snapshot string
		if err := txs[0].QueryRowContext(ctx, `select pg_export_snapshot()`).Scan(&snapshot); err != nil {
			return txs, err
		}
		for len(txs) < n {
			if err := begin(); err != nil {
				return txs, err
			}
			// It takes no parameter; the name is the server's own, of digits and dashes.
			if _, err := txs[len(txs)-1].ExecContext(ctx, `set transaction snapshot '`+strings.ReplaceAll(snapshot, "'", "")+`'`); err != nil {
				return txs, err
			}
		}
		return txs, nil
	}
	// SQLite has one writer, and nobody else owns the data directory: while we hold
	// its connection nothing is committed. A transaction sees the state of its first
	// read.
	w, err := db.w.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer w.Rollback() //nolint:errcheck // nothing was written
	for len(txs) < n {
		if err := begin(); err != nil {
			return txs, err
		}
		var any int
		if err := txs[len(txs)-1].QueryRowContext(ctx, `select count(*) from open_set`).Scan(&any); err != nil {
			return txs, err
		}
	}
	return txs, nil
}
