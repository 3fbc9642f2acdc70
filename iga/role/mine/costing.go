package mine

import "context"

// costing makes a cover cheap: piece by piece exactly, where the search for that ends, and
// what is left together by polishing.
type costing struct {
	g      *grid
	o      Options
	others func(context.Context) []biclique
	ps     *pieces
	roles  [][]biclique // of each piece
	seeds  [][]edge     // of each piece, of which no two fit
	done   []bool       // pieces that cannot be cheaper
	open   []bool       // pieces that fewer roles may cover
}

// looks is how often branching looks at what may cover a cell of a piece until it gives up,
// before polishing; after it, it may so often more.
func (p *piece) looks() int { return min(1_000_000+2_000*p.g.edges, 50_000_000) }

func (k *kernel) costing(o Options, n numbered) *costing {
	ps := k.pieces()
	c := &costing{g: k.grid, o: o, others: k.others(n, o.Seed), ps: ps, done: make([]bool, len(ps.list)), open: make([]bool, len(ps.list))}
	c.roles = ps.roles(k.expand(n.class, n.n))
	c.seeds = ps.edges(n.apart)
	for r := range n.open.each {
		c.open[ps.rowOf[r]] = true
	}
	for i, p := range ps.list {
		if len(c.roles[i]) <= p.g.maxRoles() {
			c.roles[i] = p.g.trimmed(c.roles[i])
		}
	}
	return c
}

// trimmed leaves out what is needless.
func (g *grid) trimmed(roles []biclique) []biclique {
	c := newCover(g, roles)
	c.trim()
	return c.snapshot()
}

func (g *grid) costOf(roles []biclique) (n int) {
	for _, b := range roles {
		n++
		for r := range b.rows.each {
			n += g.wRow[r]
		}
		for p := range b.cols.each {
			n += g.wCol[p]
		}
	}
	return n
}

// make returns the roles, whether the search ended by itself, and whether none cost less.
func (c *costing) make(ctx context.Context) (roles []biclique, converged, cheapest bool) {
	first, done := share(ctx, 0.4)
	c.exactly(first, 1)
	late := first.Err() != nil
	done()
	cooling, done := share(ctx, 0.75)
	converged = c.polish(cooling)
	done()
	c.exactly(ctx, 1+c.o.Effort)
	cheapest = true
	for i := range c.roles {
		roles = append(roles, c.ps.whole(i, c.roles[i])...)
		cheapest = cheapest && c.done[i] && (c.o.Objective == FewestEdges || !c.open[i])
	}
	return roles, converged && !late && ctx.Err() == nil, cheapest
}

// exactly looks for the cheapest roles of each piece that is not done.
func (c *costing) exactly(ctx context.Context, effort int) {
	for i, p := range c.ps.list {
		if c.done[i] || len(c.roles[i]) > p.g.maxRoles() || ctx.Err() != nil {
			continue
		}
		most := len(c.roles[i])
		if c.o.Objective == FewestEdges {
			most = p.g.edges
		}
		for better := true; better && !c.done[i]; {
			b := newBranching(ctx, p.g, most, p.g.costOf(c.roles[i]), effort*p.looks())
			c.done[i] = b.search(p.g.edgesOf(), c.seeds[i])
			// From something cheaper on, more can be left out from the first.
			if better = b.best != nil; better {
				c.roles[i] = p.g.trimmed(b.best)
			}
		}
	}
}

// polish makes the pieces that are not done cheaper, all at once.
func (c *costing) polish(ctx context.Context) bool {
	rest, all := c.rest()
	if len(rest.list[0].rows) == 0 {
		return true
	}
	p := &polishing{g: rest.list[0].g, o: c.o, others: func(ctx context.Context) []biclique {
		return rest.roles(c.others(ctx))[0]
	}}
	roles, converged := p.polish(ctx, rest.roles(all)[0])
	for i, list := range c.ps.roles(rest.whole(0, roles)) {
		if !c.done[i] {
			c.roles[i] = list
		}
	}
	return converged
}

// rest is what is not done, as one piece, and its roles.
func (c *costing) rest() (*pieces, []biclique) {
	rowOf, colOf := newAt(len(c.g.rows)), newAt(len(c.g.cols))
	var roles []biclique
	for i, p := range c.ps.list {
		if c.done[i] {
			continue
		}
		for _, r := range p.rows {
			rowOf[r] = 0
		}
		for _, p := range p.cols {
			colOf[p] = 0
		}
		roles = append(roles, c.ps.whole(i, c.roles[i])...)
	}
	return c.g.split(rowOf, colOf, 1), roles
}
