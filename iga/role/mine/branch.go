package mine

import (
	"cmp"
	"context"
	"slices"
)

// branching finds the cheapest roles that cover some cells of a grid, or proves that none
// cost less than a limit. A branch says of one bare cell which role covers it: one that has
// been begun, or another one. Before it branches it puts in what has to be, and leaves out
// what by the prices costs too much.
type branching struct {
	g      *grid
	most   int        // as many roles as there may be
	limit  int        // what is found costs less
	best   []biclique // nil where nothing was
	budget int        // of looks at what may cover a cell, after which it gives up
	memory int        // that is taken, in bytes
	levels []*level
	prices
	ctx context.Context //nolint:containedctx // one search, which is this value's whole life
}

// maxBranching is what a search may take in memory, after which it gives up, too.
const maxBranching = 200 << 20

// level is one decision after others: the roles as begun, and what they leave bare.
type level struct {
	roles []begun
	cost  int
	bare  []bare
}

// bare is a cell that no role covers yet; a closed one is none for a role not yet begun.
type bare struct {
	edge
	closed bool
}

// begun is a role in the making: what is in it, and what may be in it at the end. Whatever
// may be goes with all that is.
type begun struct{ in, may biclique }

func newBranching(ctx context.Context, g *grid, most, limit, budget int) *branching {
	return &branching{g: g, most: most, limit: limit, budget: budget, ctx: ctx, prices: newPrices(g)}
}

// search covers cells by roles of which some are begun with one cell each, and says whether
// it has seen everything. No two of those cells fit.
func (b *branching) search(cells, seeds []edge) bool {
	l := b.level(0)
	b.memory += bytesBare * len(cells)
	for _, e := range cells {
		l.bare = append(l.bare, bare{edge: e})
	}
	for _, e := range seeds {
		b.begin(l, e)
	}
	b.descend(0)
	return b.budget > 0
}

func (b *branching) level(depth int) *level {
	if depth == len(b.levels) {
		b.levels = append(b.levels, &level{})
	}
	return b.levels[depth]
}

const bytesBare = 12

// follow makes the level below a copy of this one.
func (b *branching) follow(depth int) *level {
	from, to := b.levels[depth], b.level(depth+1)
	to.cost = from.cost
	b.budget -= (len(from.roles)*(len(b.g.rows)+len(b.g.cols))/64 + len(from.bare)) / 4 // what copying takes
	b.memory += bytesBare * max(0, len(from.bare)-cap(to.bare))
	to.bare = append(to.bare[:0], from.bare...)
	to.roles = to.roles[:0]
	for _, x := range from.roles {
		y := b.role(to)
		copy(y.in.rows, x.in.rows)
		copy(y.in.cols, x.in.cols)
		copy(y.may.rows, x.may.rows)
		copy(y.may.cols, x.may.cols)
	}
	return to
}

// role is one more of a level, in the memory of an earlier one where there was one.
func (b *branching) role(l *level) *begun {
	if n := len(l.roles); n < cap(l.roles) {
		if l.roles = l.roles[:n+1]; l.roles[n].in.rows != nil {
			return &l.roles[n]
		}
		l.roles = l.roles[:n]
	}
	b.memory += (len(b.g.rows) + len(b.g.cols)) / 2
	rows, cols := newSets(2, len(b.g.rows)), newSets(2, len(b.g.cols))
	l.roles = append(l.roles, begun{in: biclique{rows[0], cols[0]}, may: biclique{rows[1], cols[1]}})
	return &l.roles[len(l.roles)-1]
}

// begin makes a role that covers a cell.
func (b *branching) begin(l *level, e edge) {
	x := b.role(l)
	x.in.rows.clear()
	x.in.cols.clear()
	x.may.rows.fill(len(b.g.rows))
	x.may.cols.fill(len(b.g.cols))
	l.cost++
	b.put(l, len(l.roles)-1, e)
}

// put lets a role cover a cell.
func (b *branching) put(l *level, i int, e edge) {
	x, r, p := &l.roles[i], int(e.row), int(e.col)
	if !x.in.rows.has(r) {
		x.in.rows.add(r)
		x.may.cols.and(b.g.rows[r])
		l.cost += b.g.wRow[r]
	}
	if !x.in.cols.has(p) {
		x.in.cols.add(p)
		x.may.rows.and(b.g.cols[p])
		l.cost += b.g.wCol[p]
	}
}

func (x biclique) has(e edge) bool { return x.rows.has(int(e.row)) && x.cols.has(int(e.col)) }

// descend follows every branch that may lead to something cheaper.
func (b *branching) descend(depth int) {
	l := b.levels[depth]
	if !b.narrow(l) {
		return
	}
	if len(l.bare) == 0 {
		b.take(l)
		return
	}
	e, options := b.choose(l)
	for _, i := range options {
		next := b.follow(depth)
		if i == len(l.roles) {
			b.begin(next, e)
		} else {
			b.put(next, i, e)
		}
		if b.descend(depth + 1); b.budget <= 0 {
			return
		}
		b.except(l, i, e)
	}
}

// except says that a role does not cover a cell, where one side of that is in it already.
func (b *branching) except(l *level, i int, e edge) {
	if i == len(l.roles) {
		at := slices.IndexFunc(l.bare, func(x bare) bool { return x.edge == e })
		l.bare[at].closed = true
		return
	}
	switch x := &l.roles[i]; {
	case x.in.rows.has(int(e.row)):
		x.may.cols.drop(int(e.col))
	case x.in.cols.has(int(e.col)):
		x.may.rows.drop(int(e.row))
	}
}

// take keeps roles that cover everything.
func (b *branching) take(l *level) {
	b.limit, b.best = l.cost, make([]biclique, len(l.roles))
	for i, x := range l.roles {
		b.best[i] = biclique{append(set(nil), x.in.rows...), append(set(nil), x.in.cols...)}
	}
}

// narrow puts in what has to be and leaves out what costs too much, until neither changes
// anything, and says whether anything cheaper than the limit may be left.
func (b *branching) narrow(l *level) bool {
	for {
		b.gather(l)
		if !b.force(l) || !b.spend(l) {
			return false
		}
		slack := b.limit - 1 - l.cost - b.ascend(l, b.most)
		if slack < 0 {
			return false
		}
		if !b.strike(l, slack) {
			b.slack = slack
			return true
		}
	}
}

// spend counts one look at all that is bare, and says whether there is room for it.
func (b *branching) spend(l *level) bool {
	b.budget--
	for _, e := range l.bare {
		b.budget -= 1 + len(b.of[e.row])
	}
	if b.budget <= 0 || b.memory+bytesPrice*len(l.roles)*(len(b.g.rows)+len(b.g.cols)) > maxBranching || b.ctx.Err() != nil {
		b.budget = 0
	}
	return b.budget > 0
}

const bytesPrice = 8

// gather lists of each row the roles that it may be in.
func (b *branching) gather(l *level) {
	for r := range b.of {
		b.of[r] = b.of[r][:0]
	}
	for i := range l.roles {
		b.list(l, i)
	}
}

func (b *branching) list(l *level, i int) {
	for r := range l.roles[i].may.rows.each {
		b.of[r] = append(b.of[r], int32(i))
	}
}

// force puts in what is the only way to cover a cell.
func (b *branching) force(l *level) bool {
	for again := true; again; {
		again = false
		if !b.spend(l) {
			return false
		}
		l.bare = slices.DeleteFunc(l.bare, func(e bare) bool {
			return slices.ContainsFunc(b.of[e.row], func(i int32) bool { return l.roles[i].in.has(e.edge) })
		})
		for _, e := range l.bare {
			n, only := 0, 0
			for _, i := range b.of[e.row] {
				if l.roles[i].may.has(e.edge) {
					n, only = n+1, int(i)
				}
			}
			another := len(l.roles) < b.most && !e.closed
			switch {
			case another && n > 0 || n > 1:
				continue
			case n == 1:
				b.put(l, only, e.edge)
			case another:
				b.begin(l, e.edge)
				b.list(l, len(l.roles)-1)
			default:
				return false
			}
			again = true
		}
		if l.cost >= b.limit {
			return false
		}
	}
	return true
}

// strike leaves rows and columns out of roles where they would cost more than is left.
func (b *branching) strike(l *level, slack int) (any bool) {
	for i := range l.roles {
		x := &l.roles[i]
		for r := range x.may.rows.each {
			if b.row[i][r] > slack {
				x.may.rows.drop(r)
				any = true
			}
		}
		for p := range x.may.cols.each {
			if b.col[i][p] > slack {
				x.may.cols.drop(p)
				any = true
			}
		}
	}
	for i, e := range l.bare {
		if !e.closed && len(l.roles) < b.most && b.newRow[e.row]+b.newCol[e.col] > slack {
			l.bare[i].closed = true
			any = true
		}
	}
	return any
}

// choose takes the bare cell that the fewest roles may cover at a bearable price, and these
// roles, the cheapest first; the number after the last is a new one's.
func (b *branching) choose(l *level) (best edge, options []int) {
	type option struct{ role, price int }
	var list, least []option
	sum := 0
	for _, e := range l.bare {
		list = list[:0]
		n := 0
		for _, i := range b.of[e.row] {
			if price := b.row[i][e.row] + b.col[i][e.col]; price <= b.slack && l.roles[i].may.has(e.edge) {
				list = append(list, option{int(i), price})
				n += price
			}
		}
		if len(l.roles) < b.most && !e.closed {
			if price := b.newRow[e.row] + b.newCol[e.col]; price <= b.slack {
				list = append(list, option{len(l.roles), price})
				n += price
			}
		}
		if least == nil || len(list) < len(least) || len(list) == len(least) && n > sum {
			best, sum = e.edge, n
			least = append(least[:0:0], list...)
		}
		if len(least) == 0 {
			break
		}
	}
	slices.SortStableFunc(least, func(a, b option) int { return cmp.Compare(a.price, b.price) })
	for _, x := range least {
		options = append(options, x.role)
	}
	return best, options
}
