package mine

import (
	"context"
	"slices"
)

// fitting is a connected part of the graph on the kernel's edges in which two are joined
// where one role may cover both. Roles are cliques of it: the fewest that cover it are a
// colouring of its complement, and edges of which no two fit bound their number from below.
type fitting struct {
	edges []int32   // into the kernel's
	next  [][]int32 // neighbours, ascending
	adj   []set     // the same as sets, where it is small enough
}

// maxFitSets bounds the memory that the sets of one part take: 20,000 edges are 50 MB.
const maxFitSets = 20_000

func (f *fitting) fits(a, b int32) bool {
	if f.adj != nil {
		return f.adj[a].has(int(b))
	}
	_, ok := slices.BinarySearch(f.next[a], b)
	return ok
}

// fittings splits the kernel into its connected parts.
func (k *kernel) fittings(ctx context.Context) []*fitting {
	from := make([]int32, len(k.rows)+1) // first edge of each row
	for _, e := range k.edges {
		from[e.row+1]++
	}
	for r := range k.rows {
		from[r+1] += from[r]
	}
	left := newSets(len(k.rows), len(k.cols))
	for _, e := range k.edges {
		left[e.row].add(int(e.col))
	}
	neighbours := func(i int32, list []int32) []int32 {
		e := k.edges[i]
		for x := range k.cols[e.col].each {
			if !left[x].meets(k.rows[e.row]) {
				continue
			}
			for j := from[x]; j < from[x+1]; j++ {
				if j != i && k.rows[e.row].has(int(k.edges[j].col)) {
					list = append(list, j)
				}
			}
		}
		return list
	}
	part := make([]int32, len(k.edges)) // number within its part, -1 not seen
	for i := range part {
		part[i] = -1
	}
	var list []*fitting
	for i := range k.edges {
		if part[i] >= 0 || ctx.Err() != nil {
			continue
		}
		f := &fitting{}
		part[i] = 0
		f.edges = append(f.edges, int32(i))
		for at := 0; at < len(f.edges); at++ {
			if at&255 == 255 && ctx.Err() != nil {
				return list
			}
			next := neighbours(f.edges[at], nil)
			for _, j := range next {
				if part[j] < 0 {
					part[j] = int32(len(f.edges))
					f.edges = append(f.edges, j)
				}
			}
			f.next = append(f.next, next)
		}
		f.number(part)
		list = append(list, f)
	}
	return list
}

// number makes neighbours of kernel numbers into ones of this part.
func (f *fitting) number(part []int32) {
	if len(f.edges) <= maxFitSets {
		f.adj = newSets(len(f.edges), len(f.edges))
	}
	for v, next := range f.next {
		for i, j := range next {
			next[i] = part[j]
			if f.adj != nil {
				f.adj[v].add(int(part[j]))
			}
		}
		slices.Sort(next)
	}
}
