package mine

import (
	"context"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// cliques is a cover of some edges by roles: each edge has its class. It is made better by
// greedy passes in an order that keeps classes together, which never needs more than
// before (iterated greedy, Culberson and Luo; for clique covers Chalupa). Whether an edge
// fits a class is asked of its row and its column, so that no graph of edges is needed.
type cliques struct {
	cells    []edge // numbered among the rows and columns that they touch
	rows     []set
	cols     []set
	class    []int32
	n        int
	size     []int32
	list     []clique
	rowOpen  []set // of each row, the classes that it may join
	colOpen  []set
	capacity int // classes that those have room for
}

// clique is a class: what is in it, and what has room in it.
type clique struct{ in, open biclique }

func newCliques(g *grid, edges []edge) *cliques {
	rows, cols := newTouched(len(g.rows)), newTouched(len(g.cols))
	c := &cliques{cells: make([]edge, len(edges)), class: make([]int32, len(edges))}
	for i, e := range edges {
		c.cells[i] = edge{rows.number(e.row), cols.number(e.col)}
	}
	c.rows, c.cols = newSets(len(rows.list), len(cols.list)), newSets(len(cols.list), len(rows.list))
	for r, old := range rows.list {
		for p := range g.rows[old].each {
			if p := cols.at[p]; p >= 0 {
				c.rows[r].add(int(p))
				c.cols[p].add(r)
			}
		}
	}
	c.room(64)
	return c
}

// touched numbers the rows or columns that some edges touch, in the order of the edges.
type touched struct{ at, list []int32 }

func newTouched(n int) *touched {
	t := &touched{at: make([]int32, n)}
	for i := range t.at {
		t.at[i] = -1
	}
	return t
}

func (t *touched) number(x int32) int32 {
	if t.at[x] < 0 {
		t.at[x] = int32(len(t.list))
		t.list = append(t.list, x)
	}
	return t.at[x]
}

// room makes place for more classes.
func (c *cliques) room(n int) {
	larger := func(old []set, count int) []set {
		list := newSets(count, n)
		for i := range old {
			copy(list[i], old[i])
		}
		return list
	}
	c.rowOpen, c.colOpen = larger(c.rowOpen, len(c.rows)), larger(c.colOpen, len(c.cols))
	c.capacity = n
}

// greedy puts each edge, in this order, into the first class that it fits; with full, into
// the one that has most edges. It says whether there was the time to.
func (c *cliques) greedy(ctx context.Context, order []int32, full bool) bool {
	for _, s := range c.rowOpen {
		s.clear()
	}
	for _, s := range c.colOpen {
		s.clear()
	}
	c.n = 0
	c.size = c.size[:0]
	for i, v := range order {
		if i&4095 == 4095 && ctx.Err() != nil {
			return false
		}
		e := c.cells[v]
		k := c.fitting(e, full)
		if k < 0 {
			k = c.open(e)
		} else {
			c.join(k, e)
		}
		c.class[v] = int32(k)
		c.size[k]++
	}
	return true
}

// fitting is the class that an edge goes into, -1 where it fits none.
func (c *cliques) fitting(e edge, full bool) int {
	best := -1
	cols := c.colOpen[e.col]
	for i, w := range c.rowOpen[e.row][:(c.n+63)/64] {
		for w &= cols[i]; w != 0; w &= w - 1 {
			k := i<<6 + bits.TrailingZeros64(w)
			if !full {
				return k
			}
			if best < 0 || c.size[k] > c.size[best] {
				best = k
			}
		}
	}
	return best
}

// open begins a class with an edge.
func (c *cliques) open(e edge) int {
	k := c.n
	if c.n++; c.n > c.capacity {
		c.room(2 * c.capacity)
	}
	if k == len(c.list) {
		c.list = append(c.list, clique{biclique{newSet(len(c.rows)), newSet(len(c.cols))}, biclique{newSet(len(c.rows)), newSet(len(c.cols))}})
	}
	x := c.list[k]
	x.in.rows.clear()
	x.in.cols.clear()
	x.in.rows.add(int(e.row))
	x.in.cols.add(int(e.col))
	copy(x.open.rows, c.cols[e.col])
	copy(x.open.cols, c.rows[e.row])
	for r := range x.open.rows.each {
		c.rowOpen[r].add(k)
	}
	for p := range x.open.cols.each {
		c.colOpen[p].add(k)
	}
	c.size = append(c.size, 0)
	return k
}

// join puts an edge that fits into a class, which leaves less room there.
func (c *cliques) join(k int, e edge) {
	x := c.list[k]
	if !x.in.rows.has(int(e.row)) {
		x.in.rows.add(int(e.row))
		narrow(x.open.cols, c.rows[e.row], c.colOpen, k)
	}
	if !x.in.cols.has(int(e.col)) {
		x.in.cols.add(int(e.col))
		narrow(x.open.rows, c.cols[e.col], c.rowOpen, k)
	}
}

func narrow(open, to set, classes []set, k int) {
	for i, w := range open {
		for out := range (set{w &^ to[i]}).each {
			classes[i<<6+out].drop(k)
		}
		open[i] = w & to[i]
	}
}

// improve repeats greedy passes until the bound is met or the rounds are over.
func (c *cliques) improve(ctx context.Context, rng *rand.Rand, rounds, bound int) {
	best, bestN := slices.Clone(c.class), c.n
	order := make([]int32, len(c.class))
	for round := 0; round < rounds && bestN > bound && ctx.Err() == nil; round++ {
		c.regroup(rng, order, round)
		if c.greedy(ctx, order, round&1 == 0) && c.n < bestN {
			bestN, round = c.n, 0
			copy(best, c.class)
		}
	}
	c.take(best, bestN)
}

// others looks for other covers by as many roles, from a chance order on; it gives nil
// where it finds none.
func (k *kernel) others(from numbered, seed uint64) func(context.Context) []biclique {
	rng := rand.New(rand.NewPCG(seed, 1<<32)) //nolint:gosec // a search that can be repeated, no secret
	var c *cliques
	return func(ctx context.Context) []biclique {
		if len(k.edges) > maxOthers || len(k.edges) == from.n {
			return nil
		}
		if c == nil {
			c = newCliques(k.grid, k.edges)
		}
		order := make([]int32, len(k.edges))
		for i, at := range rng.Perm(len(order)) {
			order[i] = int32(at)
		}
		if !c.greedy(ctx, order, true) {
			return nil
		}
		if c.improve(ctx, rng, greedyRounds, from.n); c.n > from.n {
			return nil
		}
		return k.expand(c.class, c.n)
	}
}

// maxOthers is how many edges may be left for other covers to be looked for.
const maxOthers = 5_000

// take makes another cover this one.
func (c *cliques) take(class []int32, n int) {
	copy(c.class, class)
	c.n = n
	c.size = make([]int32, n)
	for _, k := range c.class {
		c.size[k]++
	}
}

// regroup orders the edges class by class.
func (c *cliques) regroup(rng *rand.Rand, order []int32, round int) {
	rank := make([]int32, c.n)
	for i := range rank {
		rank[i] = int32(i)
	}
	switch round % 4 {
	case 0:
		slices.Reverse(rank)
	case 1:
		rng.Shuffle(len(rank), func(i, j int) { rank[i], rank[j] = rank[j], rank[i] })
	case 2:
		slices.SortStableFunc(rank, func(a, b int32) int { return int(c.size[b] - c.size[a]) })
	default:
		slices.SortStableFunc(rank, func(a, b int32) int { return int(c.size[a] - c.size[b]) })
	}
	start := make([]int32, c.n)
	at := int32(0)
	for _, k := range rank {
		start[k] = at
		at += c.size[k]
	}
	for v, k := range c.class {
		order[start[k]] = int32(v)
		start[k]++
	}
}
