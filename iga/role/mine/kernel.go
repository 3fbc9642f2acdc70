package mine

import (
	"cmp"
	"context"
	"slices"
)

// edge is one cell of the grid that is set.
type edge struct{ row, col int32 }

func compareEdges(a, b edge) int {
	return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.col, b.col))
}

// kernel is what is left of the edges when each is removed that any role which covers
// another one can be made to cover as well (Ene et al., section 4.2: dominators). Covering the kernel
// with the fewest roles is covering all with the fewest.
type kernel struct {
	*grid
	edges   []edge
	removed []removal // in the order of removal
}

type removal struct{ of, by edge }

// newKernel removes until nothing more can be. When the time is over it stops earlier,
// which costs proofs and never correctness.
func newKernel(ctx context.Context, g *grid) *kernel {
	k := &kernel{grid: g}
	left := newSets(len(g.rows), len(g.cols)) // edges of the kernel by row
	leftCols := newSets(len(g.cols), len(g.rows))
	degree := make([]int, len(g.cols))
	for c := range g.cols {
		degree[c] = g.cols[c].count()
	}
	size := make([]int, len(g.rows))
	for r := range g.rows {
		size[r] = g.rows[r].count()
		copy(left[r], g.rows[r])
		for c := range g.rows[r].each {
			k.edges = append(k.edges, edge{int32(r), int32(c)})
			leftCols[c].add(r)
		}
	}
	slices.SortStableFunc(k.edges, func(a, b edge) int {
		return cmp.Compare(size[a.row]*degree[a.col], size[b.row]*degree[b.col])
	})
	d := &dominance{grid: g, left: left, leftCols: leftCols, rows: newSet(len(g.rows)), cols: newSet(len(g.cols))}
	for again := true; again && ctx.Err() == nil; {
		again = false
		for i, e := range k.edges {
			if i&255 == 255 && ctx.Err() != nil {
				break
			}
			if !left[e.row].has(int(e.col)) {
				continue
			}
			n := len(k.removed)
			k.removed = d.removeBy(e, k.removed)
			again = again || len(k.removed) > n
		}
		k.edges = slices.DeleteFunc(k.edges, func(e edge) bool { return !left[e.row].has(int(e.col)) })
	}
	slices.SortFunc(k.edges, compareEdges)
	return k
}

type dominance struct {
	*grid
	left, leftCols []set
	rows, cols     set // scratch
}

// removeBy removes the edges that e dominates: those that fit with everything that e fits
// with.
func (d *dominance) removeBy(e edge, removed []removal) []removal {
	row, col := d.grid.rows[e.row], d.grid.cols[e.col]
	d.cols.fill(len(d.grid.cols))
	for x := range col.each {
		if d.left[x].meets(row) {
			d.cols.and(d.grid.rows[x])
		}
	}
	d.rows.fill(len(d.grid.rows))
	for y := range row.each {
		if d.leftCols[y].meets(col) {
			d.rows.and(d.grid.cols[y])
		}
	}
	for r := range d.rows.each {
		for i, w := range d.left[r] {
			if w &= d.cols[i]; w == 0 {
				continue
			}
			for c := range (set{w}).each {
				f := edge{int32(r), int32(i<<6 + c)}
				if f == e {
					continue
				}
				d.left[r].drop(int(f.col))
				d.leftCols[f.col].drop(r)
				removed = append(removed, removal{f, e})
			}
		}
	}
	return removed
}

// expand turns classes of kernel edges into roles that cover every edge: what was removed
// joins the class of what it was removed by, the last one first.
func (k *kernel) expand(class []int32, n int) []biclique {
	of := make(map[edge]int32, len(k.edges)+len(k.removed))
	roles := make([]biclique, n)
	for i := range roles {
		roles[i] = biclique{newSet(len(k.rows)), newSet(len(k.cols))}
	}
	put := func(e edge, c int32) {
		of[e] = c
		roles[c].rows.add(int(e.row))
		roles[c].cols.add(int(e.col))
	}
	for i, e := range k.edges {
		put(e, class[i])
	}
	for _, r := range slices.Backward(k.removed) {
		put(r.of, of[r.by])
	}
	return roles
}

// biclique is a role on the grid.
type biclique struct{ rows, cols set }
