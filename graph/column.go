package graph

const (
	sheetBits = 7
	sheetSize = 1 << sheetBits
)

// generation numbers the snapshots. What carries the generation of the snapshot
// being built belongs to it alone and may be written; everything else is shared
// with snapshots that readers hold and is copied first.
type generation uint32

// column is an array by dense id whose sheets are shared between snapshots until
// one of them writes.
type column[T any] struct {
	sheets []*sheet[T]
}

type sheet[T any] struct {
	gen  generation
	rows [sheetSize]T
}

// at returns the row, or the zero row where none was written.
func (c *column[T]) at(i uint32) T {
	if p := c.peek(i); p != nil {
		return *p
	}
	var zero T
	return zero
}

// peek returns the row to read, nil where its sheet was never written.
func (c *column[T]) peek(i uint32) *T {
	n := int(i >> sheetBits)
	if n >= len(c.sheets) || c.sheets[n] == nil {
		return nil
	}
	return &c.sheets[n].rows[i%sheetSize]
}

// edit returns the row to write.
func (c *column[T]) edit(gen generation, i uint32) *T {
	n := int(i >> sheetBits)
	for n >= len(c.sheets) {
		c.sheets = append(c.sheets, nil)
	}
	p := c.sheets[n]
	switch {
	case p == nil:
		p = &sheet[T]{gen: gen}
		c.sheets[n] = p
	case p.gen != gen:
		own := *p
		own.gen = gen
		p = &own
		c.sheets[n] = p
	}
	return &p.rows[i%sheetSize]
}

// share returns the column for the next snapshot.
func (c *column[T]) share() column[T] {
	sheets := make([]*sheet[T], len(c.sheets), len(c.sheets)+1)
	copy(sheets, c.sheets)
	return column[T]{sheets: sheets}
}

// all yields every row that is in a written sheet.
func (c *column[T]) all(yield func(uint32, *T) bool) {
	for n, p := range c.sheets {
		if p == nil {
			continue
		}
		for i := range p.rows {
			if !yield(uint32(n<<sheetBits|i), &p.rows[i]) {
				return
			}
		}
	}
}

// limit is above every id that has a row.
func (c *column[T]) limit() uint32 { return uint32(len(c.sheets) << sheetBits) }
