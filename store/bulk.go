package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// sqliteVariables is how many values one statement of many rows has on SQLite:
// enough that calling it costs little, few enough that compiling it once in a
// transaction does.
const sqliteVariables = 1000

// rowsOf are rows for one table, value behind value. Table and columns are
// constants of this package.
type rowsOf struct {
	table   string
	columns []string
	values  []any
}

func newRows(table, columns string, expected int) *rowsOf {
	r := &rowsOf{table: table, columns: strings.Split(columns, ", ")}
	r.values = make([]any, 0, expected*len(r.columns))
	return r
}

func (r *rowsOf) add(values ...any) { r.values = append(r.values, values...) }

// insertMany inserts rows that are lists of their own.
func (t *tx) insertMany(ctx context.Context, table string, columns []string, rows [][]any) error {
	r := &rowsOf{table: table, columns: columns, values: make([]any, 0, len(rows)*len(columns))}
	for _, row := range rows {
		r.add(row...)
	}
	return t.insertRows(ctx, r)
}

// insertRows inserts rows: COPY on PostgreSQL, statements of many rows on SQLite.
func (t *tx) insertRows(ctx context.Context, r *rowsOf) (err error) {
	if len(r.values) == 0 {
		return nil
	}
	if t.d.name == postgresDialect.name {
		err = t.conn.Raw(func(c any) error {
			_, err := c.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{r.table}, r.columns, &copyRows{rest: r.values, wide: len(r.columns)})
			return err
		})
	} else {
		err = t.execRows(ctx, "insert into "+r.table+" ("+strings.Join(r.columns, ", ")+") values %s", len(r.columns), r.values)
	}
	if err != nil {
		return fmt.Errorf("inserting into %s: %w", r.table, err)
	}
	return nil
}

// copyRows gives rows to COPY.
type copyRows struct {
	rest []any
	wide int
	row  []any
}

func (c *copyRows) Next() bool {
	if len(c.rest) == 0 {
		return false
	}
	c.row, c.rest = c.rest[:c.wide], c.rest[c.wide:]
	return true
}

func (c *copyRows) Values() ([]any, error) { return c.row, nil }
func (c *copyRows) Err() error             { return nil }

// execRows runs a statement in which %s stands for rows of values, on as many rows
// at once as fit. It has few sizes, and each is compiled once in a transaction.
func (t *tx) execRows(ctx context.Context, text string, wide int, values []any) error {
	for n := max(1, sqliteVariables/wide); len(values) > 0; n = max(1, n/4) {
		if len(values) < n*wide {
			continue
		}
		for statement := fmt.Sprintf(text, valuesText(wide, n)); len(values) >= n*wide; {
			if _, err := t.exec(ctx, statement, values[:n*wide]...); err != nil {
				return err
			}
			values = values[n*wide:]
		}
	}
	return nil
}

// valuesText is rows of placeholders.
func valuesText(wide, rows int) string {
	b := make([]byte, 0, rows*wide*6)
	for i := range rows * wide {
		switch {
		case i == 0:
			b = append(b, '(')
		case i%wide == 0:
			b = append(b, "), ("...)
		default:
			b = append(b, ", "...)
		}
		b = fmt.Appendf(b, "$%d", i+1)
	}
	return string(append(b, ')'))
}
