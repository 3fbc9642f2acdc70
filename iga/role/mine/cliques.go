package mine

import (
	"context"
	"math/rand/v2"
	"slices"
)

// cliques is a cover of a fitting graph by cliques: each vertex has its class. It is made
// better by greedy passes in an order that keeps classes together, which never needs more
// than before (iterated greedy, Culberson and Luo; for clique covers Chalupa).
type cliques struct {
	f     *fitting
	class []int32
	n     int
	count []int32 // scratch: neighbours of a vertex in a class
	size  []int32
}

func newCliques(f *fitting) *cliques {
	n := len(f.edges)
	return &cliques{f: f, class: make([]int32, n), count: make([]int32, n+1), size: make([]int32, n+1)}
}

// greedy puts each vertex, in this order, into the first class that it fits; with full,
// into the one that has most members.
func (c *cliques) greedy(order []int32, full bool) {
	for v := range c.class {
		c.class[v] = -1
	}
	clear(c.size)
	c.n = 0
	var touched []int32
	for _, v := range order {
		touched = touched[:0]
		for _, w := range c.f.next[v] {
			if k := c.class[w]; k >= 0 {
				if c.count[k] == 0 {
					touched = append(touched, k)
				}
				c.count[k]++
			}
		}
		best := int32(-1)
		for _, k := range touched {
			if c.count[k] == c.size[k] && (best < 0 || full && (c.size[k] > c.size[best] || c.size[k] == c.size[best] && k < best) || !full && k < best) {
				best = k
			}
			c.count[k] = 0
		}
		if best < 0 {
			best = int32(c.n)
			c.n++
		}
		c.class[v] = best
		c.size[best]++
	}
}

// improve repeats greedy passes until the bound is met or the rounds are over.
func (c *cliques) improve(ctx context.Context, rng *rand.Rand, rounds, bound int) {
	best, bestN := slices.Clone(c.class), c.n
	order := make([]int32, len(c.class))
	for round := 0; round < rounds && bestN > bound && (round&7 != 0 || ctx.Err() == nil); round++ {
		c.regroup(rng, order, round)
		if c.greedy(order, round&1 == 0); c.n < bestN {
			bestN, round = c.n, 0
			copy(best, c.class)
		}
	}
	c.take(best, bestN)
}

// take makes another cover this one.
func (c *cliques) take(class []int32, n int) {
	copy(c.class, class)
	c.n = n
	clear(c.size)
	for _, k := range c.class {
		c.size[k]++
	}
}

// regroup orders the vertices class by class.
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
