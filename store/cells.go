package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
)

// cells are the columns of one row as the driver has them: nil where there is
// nothing. Of what there are millions of rows each column costs as much as the row,
// and a text more; so what is small comes as one number, words as their place in a
// list, and what is as usual not at all.
type cells []any

// number is a column that is a number; nothing is zero.
func (c cells) number(i int) int64 {
	n, _ := c[i].(int64)
	return n
}

func (f *facts) eachCells(ctx context.Context, text string, fn func(c cells) error) error {
	var c cells
	var to []any
	return f.each(ctx, text, func(rows *sql.Rows) error {
		if c == nil {
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			c = make(cells, len(columns))
			for i := range c {
				to = append(to, &c[i])
			}
		}
		if err := rows.Scan(to...); err != nil {
			return err
		}
		for i := range c {
			switch c[i].(type) {
			case nil, int64, string:
			default: // a number that grew too large for its column becomes a fraction
				return fmt.Errorf("column %d is a %T", i, c[i])
			}
		}
		return fn(c)
	})
}

// code is a column of words as the place of each in their list, from one, in the low
// byte; 0 is a word that is not in it.
func code[W ~string](column string, words []W) string {
	text := "case " + column
	for i, w := range words {
		text += " when '" + string(w) + "' then " + strconv.Itoa(i+1)
	}
	return text + " else 0 end"
}

// word is the word that a code stands for.
func word[W ~string](words []W, code int64) (W, bool) {
	i := int(code & 0xff)
	if i < 1 || i > len(words) {
		return "", false
	}
	return words[i-1], true
}
