package mine

import (
	"context"
	"math/rand/v2"
	"sync"
)

// polishing makes a cover cheaper until nothing is gained any more or the time is over.
type polishing struct {
	g     *grid
	o     Options
	lower int
}

const (
	chains     = 2       // covers that are cooled side by side, from seeds of their own
	leastMoves = 200_000 // of a first cooling; each further one has more
	maxMoves   = 20_000_000
)

// polish returns the cheapest cover found and whether the search ended by itself.
func (p *polishing) polish(ctx context.Context, roles []biclique) ([]biclique, bool) {
	best, cost := roles, -1
	var covers []*annealing
	for i := range chains {
		start := roles
		if i > 0 {
			start = p.g.closed(roles)
		}
		c := newCover(p.g, start)
		c.trim()
		if cost < 0 || c.cost < cost {
			best, cost = c.snapshot(), c.cost
		}
		covers = append(covers, newAnnealing(c, rand.New(rand.NewPCG(p.o.Seed, uint64(i))))) //nolint:gosec // a search that can be repeated, no secret
	}
	moves := max(leastMoves, 20*p.g.edges)
	for vain := 0; vain < p.o.Effort; {
		found, costs := p.round(ctx, covers, moves)
		better := false
		for i := range covers {
			if found[i] != nil && costs[i] < cost {
				best, cost, better = found[i], costs[i], true
			}
		}
		if ctx.Err() != nil {
			return best, false
		}
		if vain++; better {
			vain = 0
		}
		moves = min(2*moves, maxMoves)
	}
	return best, true
}

// round cools all covers side by side.
func (p *polishing) round(ctx context.Context, covers []*annealing, moves int) ([][]biclique, []int) {
	found, costs := make([][]biclique, len(covers)), make([]int, len(covers))
	var all sync.WaitGroup
	for i, a := range covers {
		all.Go(func() { found[i], costs[i] = a.cool(ctx, moves, hot) })
	}
	all.Wait()
	return found, costs
}

// closed gives each role every permission that all its members have, and then every
// member who has all of it.
func (g *grid) closed(roles []biclique) []biclique {
	list := make([]biclique, len(roles))
	for i, b := range roles {
		x := biclique{newSet(len(g.rows)), newSet(len(g.cols))}
		x.cols.fill(len(g.cols))
		for r := range b.rows.each {
			x.cols.and(g.rows[r])
		}
		x.rows.fill(len(g.rows))
		for c := range x.cols.each {
			x.rows.and(g.cols[c])
		}
		list[i] = x
	}
	return list
}
