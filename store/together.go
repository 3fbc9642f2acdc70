package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// readTogether runs each of fns in a read transaction of its own, side by side; all
// of them see the same state.
func (db *DB) readTogether(ctx context.Context, fns ...func(ctx context.Context, q *query) error) error {
	db.together.Lock() // two of these would wait for each other's connections
	queries, end, err := db.sameState(ctx, len(fns))
	db.together.Unlock()
	defer end()
	if err != nil {
		return fmt.Errorf("beginning to read: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error)
	for i, fn := range fns {
		go func() {
			err := fn(ctx, queries[i])
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

// sameState begins n read transactions that see one state. What it began is to be
// ended, also where it returns an error.
func (db *DB) sameState(ctx context.Context, n int) (list []*query, end func(), err error) {
	var ends []func()
	end = func() {
		for _, end := range ends {
			end()
		}
	}
	begin := func() error {
		q, end, err := db.beginRead(ctx)
		if err == nil {
			list, ends = append(list, q), append(ends, end)
		}
		return err
	}
	if db.d.name == postgresDialect.name {
		if err := begin(); err != nil {
			return list, end, err
		}
		var snapshot string
		if err := list[0].row(ctx, `select pg_export_snapshot()`).Scan(&snapshot); err != nil {
			return list, end, err
		}
		for len(list) < n {
			if err := begin(); err != nil {
				return list, end, err
			}
			// It takes no parameter; the name is the server's own, of digits and dashes.
			if _, err := list[len(list)-1].t.ExecContext(ctx, `set transaction snapshot '`+strings.ReplaceAll(snapshot, "'", "")+`'`); err != nil {
				return list, end, err
			}
		}
		return list, end, nil
	}
	// SQLite has one writer: while we are it nothing is committed, by other processes
	// neither. A transaction sees the state of its first read.
	conn, err := db.w.Conn(ctx)
	if err != nil {
		return nil, end, err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	give, err := db.turns.take()
	if err != nil {
		return nil, end, err
	}
	defer give()
	w, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, end, err
	}
	defer w.Rollback() //nolint:errcheck // nothing was written
	for len(list) < n {
		if err := begin(); err != nil {
			return list, end, err
		}
		var any int
		if err := list[len(list)-1].row(ctx, `select count(*) from open_set`).Scan(&any); err != nil {
			return list, end, err
		}
	}
	return list, end, nil
}
