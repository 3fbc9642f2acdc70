package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// versioned are the tables with from_set and until_set, and the columns that are
// their primary key before from_set.
var versioned = []struct{ table, key string }{
	{"scope", "id"},
	{"source", "id"},
	{"system", "id"},
	{"resource", "id"},
	{"entitlement", "id"},
	{"account", "id"},
	{"holding", "holder_kind, holder_id, system_id"},
	{"credential", "id"},
	{"account_credential", "account_id, credential_id"},
	{"account_opening", "account_id, opener_id"},
	{"access_grant", "holder_id, holder_kind, entitlement_id, resource_id, mode"},
	{"justification", "id"},
	{"source_record", "source_id, native_id"},
	{"identity", "id"},
	{"affiliation", "identity_id, seq"},
	{"ownership", "id"},
	{"account_link", "id"},
	{"role", "id"},
	{"role_draft", "role_id"},
	{"role_rejection", "id"},
	{"assignment", "id"},
	{"policy", "id"},
	{"policy_document", "id"},
	{"policy_draft", "id"},
	{"classification", "entitlement_id"},
	{"classification_override", "entitlement_id"},
	{"function_assignment", "id"},
	{"finding", "id"},
	{"account_target", "id"},
	{"exception", "id"},
	{"lifecycle_event", "id"},
	{"safe", "id"},
	{"safe_right", "safe_id, holder_kind, holder_id, level"},
	{"secret", "id"},
	{"eligibility", "id"},
	{"lease_template", "id"},
	{"lease_right", "template_id, holder_kind, holder_id"},
	{"certificate_profile", "id"},
	{"certificate_right", "profile_id, holder_kind, holder_id"},
}

const rowsPerUndo = 2000

// undo takes back a bulk operation before its flip, in small transactions; it can
// be interrupted and run again.
func (db *DB) undo(ctx context.Context, s *staged) error {
	if err := db.undoSet(ctx, s.lease, s.Set); err != nil {
		return fmt.Errorf("undoing a bulk operation: %w", err)
	}
	return db.bookkeep(ctx, func(t *tx) error { return s.lease.end(ctx, t) })
}

// sweepStaged undoes what interrupted bulk operations staged. The data directory's
// lock says that nobody is at it on this node; the lease says so for others.
func (db *DB) sweepStaged(ctx context.Context) error {
	if err := db.endDeadLeases(ctx); err != nil {
		return err
	}
	names := map[string]bool{}
	err := db.read(ctx, func(q *query) error {
		return q.each(ctx, `select lease from open_set where id <> 0`, nil, func(scan func(...any) error) error {
			var name string
			defer func() { names[name] = true }()
			return scan(&name)
		})
	})
	if err != nil {
		return err
	}
	for name := range names {
		l, err := db.takeLease(ctx, name, stagedTTL)
		if errors.Is(err, ErrLeased) {
			continue
		}
		if err != nil {
			return err
		}
		if err := db.undoLeft(ctx, l); err != nil {
			return err
		}
		if err := db.bookkeep(ctx, func(t *tx) error { return l.end(ctx, t) }); err != nil {
			return err
		}
	}
	return nil
}

// endDeadLeases ends what an earlier process held on SQLite: the lock on the data
// directory says that it is dead. On PostgreSQL other nodes live.
func (db *DB) endDeadLeases(ctx context.Context) error {
	if db.d.name != sqliteDialect.name {
		return nil
	}
	return db.bookkeep(ctx, func(t *tx) error {
		if _, err := t.exec(ctx, `update run set alive_until = 0 where ended_at = 0`); err != nil {
			return err
		}
		_, err := t.exec(ctx, `update lease set until = 0`)
		return err
	})
}

// undoLeft undoes every open set of a lease that was just taken.
func (db *DB) undoLeft(ctx context.Context, l *lease) error {
	var sets []int64
	err := db.read(ctx, func(q *query) error {
		return q.each(ctx, `select id from open_set where lease = $1`, []any{l.name}, func(scan func(...any) error) error {
			var id int64
			defer func() { sets = append(sets, id) }()
			return scan(&id)
		})
	})
	if err != nil {
		return err
	}
	for _, set := range sets {
		if err := db.undoSet(ctx, l, set); err != nil {
			return fmt.Errorf("undoing interrupted work: %w", err)
		}
	}
	return nil
}

func (db *DB) undoSet(ctx context.Context, l *lease, set int64) error {
	for _, v := range versioned {
		if err := db.undoTable(ctx, l, v.table, v.key, set); err != nil {
			return fmt.Errorf("in %s: %w", v.table, err)
		}
	}
	return db.bookkeep(ctx, func(t *tx) error {
		if err := l.hold(ctx, t); err != nil {
			return err
		}
		for _, text := range []string{
			`delete from audit_payload where record_id in (select id from audit_record where set_id = $1)`,
			`delete from audit_record where set_id = $1`,
			`delete from change where set_id = $1`,
			`delete from open_set where id = $1`,
			`delete from change_set where id = $1 and rev is null`,
		} {
			if _, err := t.exec(ctx, text, set); err != nil {
				return err
			}
		}
		return nil
	})
}

// undoTable takes back what the set began, then what it ended: the other way
// round both rows would stand where only one may.
func (db *DB) undoTable(ctx context.Context, l *lease, table, key string, set int64) error {
	began := fmt.Sprintf(`select %s, from_set from %s where from_set = %d`, key, table, set)
	if err := db.undoRows(ctx, l, "delete from "+table, key, began); err != nil {
		return err
	}
	ended := fmt.Sprintf(`select %s, from_set from %s where until_set = %d`, key, table, set)
	return db.undoRows(ctx, l, "update "+table+" set until_set = 0", key, ended)
}

// undoRows finds rows in one scan that holds up nobody and runs the statement on
// each, in batches.
func (db *DB) undoRows(ctx context.Context, l *lease, statement, key, find string) error {
	columns := append(strings.Split(key, ", "), "from_set")
	for i, c := range columns {
		columns[i] = fmt.Sprintf("%s = $%d", c, i+1)
	}
	statement += " where " + strings.Join(columns, " and ")
	var batch [][]any
	flush := func() error {
		err := db.bookkeep(ctx, func(t *tx) error {
			if err := l.hold(ctx, t); err != nil {
				return err
			}
			for _, row := range batch {
				if _, err := t.exec(ctx, statement, row...); err != nil {
					return err
				}
			}
			return nil
		})
		batch = batch[:0]
		return err
	}
	return db.read(ctx, func(q *query) error {
		rows, err := q.t.QueryContext(ctx, find)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells
		for rows.Next() {
			row := make([]any, len(columns))
			into := make([]any, len(row))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			if batch = append(batch, row); len(batch) == rowsPerUndo {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		if err := rows.Err(); err != nil || len(batch) == 0 {
			return err
		}
		return flush()
	})
}
