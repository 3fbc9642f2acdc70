package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// sqliteVariables keeps a statement below SQLite's limit of bound values and
// small enough that its compilation stays cheap.
const sqliteVariables = 4000

// insertMany inserts rows of a table: COPY on PostgreSQL, statements of many rows
// on SQLite. Table and columns are constants of this package.
func (t *tx) insertMany(ctx context.Context, table string, columns []string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	if t.d.name == postgresDialect.name {
		return t.conn.Raw(func(c any) error {
			_, err := c.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
			return err
		})
	}
	per := max(1, min(len(rows), sqliteVariables/len(columns)))
	stmt, err := t.t.PrepareContext(ctx, insertText(table, columns, per))
	if err != nil {
		return fmt.Errorf("inserting into %s: %w", table, err)
	}
	defer stmt.Close() //nolint:errcheck // a closed statement has nothing to say
	args := make([]any, 0, per*len(columns))
	for len(rows) >= per {
		args = args[:0]
		for _, r := range rows[:per] {
			args = append(args, r...)
		}
		if _, err := stmt.ExecContext(ctx, args...); err != nil {
			return fmt.Errorf("inserting into %s: %w", table, err)
		}
		rows = rows[per:]
	}
	if len(rows) > 0 {
		args = args[:0]
		for _, r := range rows {
			args = append(args, r...)
		}
		if _, err := t.t.ExecContext(ctx, insertText(table, columns, len(rows)), args...); err != nil {
			return fmt.Errorf("inserting into %s: %w", table, err)
		}
	}
	return nil
}

func insertText(table string, columns []string, rows int) string {
	one := "(" + strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",") + ")"
	return "insert into " + table + " (" + strings.Join(columns, ", ") + ") values " +
		strings.TrimSuffix(strings.Repeat(one+",", rows), ",")
}
