package mine

import (
	"cmp"
	"slices"
)

// prices of the cells that are still bare are such that no role costs less than what it
// covers, so that no cover costs less than all of them. A cell takes its price from the
// weights of its row and its column in every role that may cover it; what is left of such a
// weight in the end is what the row or the column costs there beyond that bound (a dual
// ascent on the linear relaxation: Bilde and Krarup, Erlenkotter).
type prices struct {
	g        *grid
	row, col [][]int // left of each role's rows and columns
	newRow   []int   // of any role that is not begun yet
	newCol   []int
	rowBare  []int // bare cells
	colBare  []int
	of       [][]int32 // the roles that each row may be in
	order    []priced
	alone    []edge // cells no two of which one more role covers
	slack    int    // between the bound and what would be an improvement
}

type priced struct {
	bare
	options int
}

func newPrices(g *grid) prices {
	return prices{g: g, newRow: make([]int, len(g.rows)), newCol: make([]int, len(g.cols)), of: make([][]int32, len(g.rows)), rowBare: make([]int, len(g.rows)), colBare: make([]int, len(g.cols))}
}

// ascend prices the bare cells, those first that the fewest roles may cover, and returns
// the sum.
func (p *prices) ascend(l *level, most int) (sum int) {
	p.reset(l)
	p.order = p.order[:0]
	for _, e := range l.bare {
		n := 0
		for _, i := range p.of[e.row] {
			if l.roles[i].may.has(e.edge) {
				n++
			}
		}
		p.order = append(p.order, priced{e, n})
	}
	slices.SortStableFunc(p.order, func(a, b priced) int { return cmp.Compare(a.options, b.options) })
	for _, e := range p.order {
		sum += p.price(l, e.edge, len(l.roles) < most && !e.closed)
	}
	return sum
}

func (p *prices) reset(l *level) {
	for len(p.row) < len(l.roles) {
		p.row = append(p.row, make([]int, len(p.g.rows)))
		p.col = append(p.col, make([]int, len(p.g.cols)))
	}
	for i, x := range l.roles {
		copy(p.row[i], p.g.wRow)
		copy(p.col[i], p.g.wCol)
		for r := range x.in.rows.each {
			p.row[i][r] = 0
		}
		for c := range x.in.cols.each {
			p.col[i][c] = 0
		}
	}
	copy(p.newRow, p.g.wRow)
	copy(p.newCol, p.g.wCol)
	clear(p.rowBare)
	clear(p.colBare)
	for _, e := range l.bare {
		p.rowBare[e.row]++
		p.colBare[e.col]++
	}
	p.alone = p.alone[:0]
}

// price is the least that is left of what would cover a cell; it is taken from all of that.
func (p *prices) price(l *level, e edge, another bool) int {
	least, own := 1<<60, 0
	if another {
		if !slices.ContainsFunc(p.alone, func(f edge) bool { return p.g.rows[e.row].has(int(f.col)) && p.g.rows[f.row].has(int(e.col)) }) {
			own = 1
		}
		least = p.newRow[e.row] + p.newCol[e.col] + own
	}
	for _, i := range p.of[e.row] {
		if l.roles[i].may.has(e) {
			least = min(least, p.row[i][e.row]+p.col[i][e.col])
		}
	}
	if least == 0 {
		return 0
	}
	for _, i := range p.of[e.row] {
		if l.roles[i].may.has(e) {
			p.pay(&p.row[i][e.row], &p.col[i][e.col], e, least)
		}
	}
	if another {
		if own > 0 {
			p.alone = append(p.alone, e)
		}
		p.pay(&p.newRow[e.row], &p.newCol[e.col], e, least-own)
	}
	return least
}

// pay takes a price first from where fewer other cells could.
func (p *prices) pay(row, col *int, e edge, price int) {
	if p.rowBare[e.row] > p.colBare[e.col] {
		row, col = col, row
	}
	n := min(price, *row)
	*row -= n
	*col -= price - n
}
