package mine

import "context"

// greedy covers edges with one role after the other: for the user or the permission that
// has the fewest left uncovered it takes just these, and whoever or whatever else goes with
// all of them (Ene et al., section 4.1). It is what is compared with, and what serves where
// the kernel is too large for anything better.
func (g *grid) greedy(ctx context.Context, edges []edge) []biclique {
	s := newUncovered(g, edges)
	var roles []biclique
	for s.n > 0 {
		if len(roles)&63 == 63 && ctx.Err() != nil {
			return append(roles, s.rest()...)
		}
		b := biclique{newSet(len(g.rows)), newSet(len(g.cols))}
		if r, p := fewest(s.row), fewest(s.col); p < 0 || (r >= 0 && s.row[r] <= s.col[p]) {
			spread(s.rows[r], g.cols, g.rows, b.rows, b.cols)
		} else {
			spread(s.cols[p], g.rows, g.cols, b.cols, b.rows)
		}
		s.cover(b)
		roles = append(roles, b)
	}
	return roles
}

// spread takes all on one side that have every member of a set, and then all on the other
// that those have in common.
func spread(from set, of, back []set, one, other set) {
	one.fill(len(back))
	for x := range from.each {
		one.and(of[x])
	}
	other.fill(len(of))
	for x := range one.each {
		other.and(back[x])
	}
}

// uncovered counts the edges that are in no role yet, by row and by column.
type uncovered struct {
	rows, cols []set
	row, col   []int
	n          int
}

func newUncovered(g *grid, edges []edge) *uncovered {
	s := &uncovered{rows: newSets(len(g.rows), len(g.cols)), cols: newSets(len(g.cols), len(g.rows)), row: make([]int, len(g.rows)), col: make([]int, len(g.cols)), n: len(edges)}
	for _, e := range edges {
		s.rows[e.row].add(int(e.col))
		s.cols[e.col].add(int(e.row))
		s.row[e.row]++
		s.col[e.col]++
	}
	return s
}

func (s *uncovered) cover(b biclique) {
	for r := range b.rows.each {
		for i, w := range s.rows[r] {
			for c := range (set{w & b.cols[i]}).each {
				p := i<<6 + c
				s.rows[r].drop(p)
				s.cols[p].drop(r)
				s.row[r]--
				s.col[p]--
				s.n--
			}
		}
	}
}

// rest makes a role of what each row has left.
func (s *uncovered) rest() (roles []biclique) {
	for r, cols := range s.rows {
		if s.row[r] > 0 {
			b := biclique{newSet(len(s.rows)), cols}
			b.rows.add(r)
			roles = append(roles, b)
		}
	}
	return roles
}

// fewest is the place of the least number above zero, -1 where there is none.
func fewest(counts []int) int {
	best := -1
	for i, n := range counts {
		if n > 0 && (best < 0 || n < counts[best]) {
			best = i
		}
	}
	return best
}

// edgesOf lists all edges of the grid.
func (g *grid) edgesOf() []edge {
	list := make([]edge, 0, g.edges)
	for r := range g.rows {
		for c := range g.rows[r].each {
			list = append(list, edge{int32(r), int32(c)})
		}
	}
	return list
}

// Greedy mines without any search: what a better way is compared with.
func Greedy(ctx context.Context, m Matrix) (Result, error) {
	g, err := newGrid(m)
	if err != nil {
		return Result{}, err
	}
	var r Result
	for _, b := range g.greedy(ctx, g.edgesOf()) {
		r.Roles = append(r.Roles, g.role(b))
	}
	r.sort()
	return r, Verify(m, r.Roles)
}
