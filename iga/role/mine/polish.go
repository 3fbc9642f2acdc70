package mine

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// polishing makes a cover cheaper until nothing is gained any more or the time is over.
type polishing struct {
	g       *grid
	o       Options
	others  func(context.Context) []biclique // as few roles, otherwise chosen
	best    []biclique
	cost    int
	chains  []*annealing
	perMove time.Duration // what a move takes, as seen last
}

const (
	chains   = 2          // covers that are cooled side by side
	maxMoves = 20_000_000 // of one cooling
	// A cooling was in vain that gained no more than this part of the cost.
	worthwhile = 5_000
	minStarts  = 4   // covers that are begun with, where there are others
	warm       = 0.6 // where the second chain begins, from the best so far
)

// firstMoves is how long the first cooling is; each further one has twice as many.
func (p *polishing) firstMoves() int {
	return min(max(20_000, 200*p.g.edges), max(400_000, 10*p.g.edges))
}

// polish returns the cheapest cover found and whether the search ended by itself.
func (p *polishing) polish(ctx context.Context, roles []biclique) ([]biclique, bool) {
	switch {
	case p.g.edges == 0:
		return nil, true
	case len(roles) > p.g.maxRoles():
		return roles, false
	}
	p.begin(roles)
	moves := p.firstMoves()
	for vain, starts := 0, 0; vain < p.o.Effort; {
		n, whole := p.fitting(ctx, moves)
		if n == 0 || ctx.Err() != nil {
			return p.best, false
		}
		gained := p.round(ctx, n)
		if !whole || ctx.Err() != nil {
			return p.best, false
		}
		if p.restart(ctx) && starts < minStarts {
			starts++
			continue
		}
		moves = min(2*moves, maxMoves)
		if vain++; gained {
			vain = 0
		}
	}
	return p.best, true
}

// begin starts one chain with the roles as they are, the other with all that they have
// room for.
func (p *polishing) begin(roles []biclique) {
	p.cost = -1
	for i := range chains {
		if i > 0 {
			roles = p.g.closed(roles)
		}
		c := newCover(p.g, roles)
		c.trim()
		if p.cost < 0 || c.cost < p.cost {
			p.best, p.cost = c.snapshot(), c.cost
		}
		p.chains = append(p.chains, p.chain(c, i))
	}
}

func (p *polishing) chain(c *cover, i int) *annealing {
	a := newAnnealing(c, rand.New(rand.NewPCG(p.o.Seed, uint64(i)))) //nolint:gosec // a search that can be repeated, no secret
	a.free = p.o.Objective == FewestEdges
	return a
}

// fitting shortens a cooling to the time that is left: one that is cut off while it is hot
// has found nothing.
func (p *polishing) fitting(ctx context.Context, moves int) (n int, whole bool) {
	end, ok := ctx.Deadline()
	if !ok || p.perMove == 0 {
		return moves, true
	}
	room := int(0.9 * float64(time.Until(end)) / float64(p.perMove))
	if room < moves {
		return max(0, room), false
	}
	return moves, true
}

// round cools all chains side by side and says whether what was gained is worth another.
func (p *polishing) round(ctx context.Context, moves int) bool {
	before := p.cost
	found, costs := make([][]biclique, len(p.chains)), make([]int, len(p.chains))
	began := time.Now()
	var all sync.WaitGroup
	for i, a := range p.chains {
		from := hot
		if i > 0 {
			from = warm
		}
		all.Go(func() { found[i], costs[i] = a.cool(ctx, moves, from) })
	}
	all.Wait()
	p.perMove = time.Since(began) / time.Duration(moves)
	for i := range p.chains {
		if found[i] != nil && costs[i] < p.cost {
			p.best, p.cost = found[i], costs[i]
		}
	}
	return before-p.cost > before/worthwhile
}

// restart lets the second chain go on from the best of all, and the first from other roles:
// what is found depends on where it begins. It says whether there were others.
func (p *polishing) restart(ctx context.Context) bool {
	others := p.others(ctx)
	for i, roles := range [chains][]biclique{others, p.best} {
		if roles == nil {
			continue
		}
		c := newCover(p.g, roles)
		c.trim()
		a := p.chain(c, i)
		a.rng = p.chains[i].rng
		p.chains[i] = a
	}
	return others != nil
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
