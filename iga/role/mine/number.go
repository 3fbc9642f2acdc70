package mine

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
)

// numbered is a cover of the kernel by few roles, and how few it could be.
type numbered struct {
	class []int32 // of each edge of the kernel
	n     int
	lower int
	apart []edge // no two of which fit
	open  set    // rows that are in a part which fewer may cover
}

// Budgets of the search for the number, in their own units, so that what is found depends
// on the input and the seed alone unless the time is over.
const (
	apartRounds   = 2_000
	greedyRounds  = 300
	partialMoves  = 60_000
	decideNodes   = 20_000
	numberEfforts = 6 // each doubles the budgets
)

// fewest finds the fewest classes that cover the kernel, and below which number none do.
func (k *kernel) fewest(ctx context.Context, seed uint64) numbered {
	if k.joined() > maxJoined {
		return k.roughly(ctx, seed)
	}
	return k.number(ctx, seed)
}

// roughly does without the graph on the kernel's edges, for which there would be no room.
func (k *kernel) roughly(ctx context.Context, seed uint64) (all numbered) {
	var both sync.WaitGroup
	both.Go(func() { all.apart = k.spaced(ctx) })
	c := newCliques(k.grid, k.edges)
	c.take(starsOf(k.edges))
	c.improve(ctx, rand.New(rand.NewPCG(seed, 0)), greedyRounds<<numberEfforts, 0) //nolint:gosec // a search that can be repeated, no secret
	both.Wait()
	all.class, all.n, all.lower = c.class, c.n, len(all.apart)
	all.open = newSet(len(k.rows))
	all.open.fill(len(k.rows))
	return all
}

// maxJoined bounds the memory of the graph on the kernel's edges: 400 MB.
const maxJoined = 100 << 20

// joined counts the pairs of edges that fit, up to somewhat more than the bound.
func (k *kernel) joined() (n int) {
	left := newSets(len(k.rows), len(k.cols))
	for _, e := range k.edges {
		left[e.row].add(int(e.col))
	}
	for _, e := range k.edges {
		for x := range k.cols[e.col].each {
			n += left[x].countAnd(k.rows[e.row])
		}
		if n > maxJoined {
			break
		}
	}
	return n
}

// spaced takes edges of which no two fit, as they come.
func (k *kernel) spaced(ctx context.Context) (list []edge) {
	for i, e := range k.edges {
		if i&(1<<12-1) == 1<<12-1 && ctx.Err() != nil {
			break
		}
		if !slices.ContainsFunc(list, func(f edge) bool {
			return k.rows[e.row].has(int(f.col)) && k.rows[f.row].has(int(e.col))
		}) {
			list = append(list, e)
		}
	}
	return list
}

// number finds the fewest roles that cover the kernel, part by part.
func (k *kernel) number(ctx context.Context, seed uint64) numbered {
	all := numbered{class: make([]int32, len(k.edges)), open: newSet(len(k.rows))}
	for i := range all.class {
		all.class[i] = -1
	}
	parts := k.fittings(ctx)
	slices.SortStableFunc(parts, func(a, b *fitting) int { return cmp.Compare(len(a.edges), len(b.edges)) })
	for i, f := range parts {
		cells := make([]edge, len(f.edges))
		for v, e := range f.edges {
			cells[v] = k.edges[e]
		}
		s := newSettling(k.grid, f, cells, rand.New(rand.NewPCG(seed, uint64(i)))) //nolint:gosec // a search that can be repeated, no secret
		s.settle(ctx)
		for v, e := range f.edges {
			all.class[e] = int32(all.n) + s.class[v]
			if s.apart[v] {
				all.apart = append(all.apart, cells[v])
			}
			if s.lower < s.n {
				all.open.add(int(cells[v].row))
			}
		}
		all.n += s.n
		all.lower += s.lower
	}
	k.unseen(ctx, &all, rand.New(rand.NewPCG(seed, uint64(len(parts))))) //nolint:gosec // as above
	return all
}

// unseen covers what no part has covered, since the time was over: by a few greedy passes,
// which take little where there are not too many edges.
func (k *kernel) unseen(ctx context.Context, all *numbered, rng *rand.Rand) {
	var rest []edge
	for i, c := range all.class {
		if c < 0 {
			rest = append(rest, k.edges[i])
		}
	}
	if len(rest) == 0 {
		return
	}
	c := newCliques(k.grid, rest)
	c.take(starsOf(rest))
	if len(rest) <= maxFitSets {
		ctx = context.WithoutCancel(ctx)
		if list := k.spaced(ctx); len(list) > all.lower {
			all.apart, all.lower = list, len(list)
		}
	}
	c.improve(ctx, rng, fewPasses, 0)
	for i, was := range all.class {
		if was < 0 {
			all.open.add(int(k.edges[i].row))
			all.class[i] = int32(all.n) + c.class[0]
			c.class = c.class[1:]
		}
	}
	all.n += c.n
}

// fewPasses are made where there is no time for more.
const fewPasses = 8

// settling narrows the number for one part from both sides.
type settling struct {
	g     *grid
	f     *fitting
	cells []edge // the edges themselves
	rng   *rand.Rand
	apart []bool
	lower int
	class []int32
	n     int
}

func newSettling(g *grid, f *fitting, cells []edge, rng *rand.Rand) *settling {
	return &settling{g: g, f: f, cells: cells, rng: rng, lower: 1}
}

func (s *settling) settle(ctx context.Context) {
	if len(s.f.edges) == 1 {
		s.class, s.n, s.apart = []int32{0}, 1, []bool{true}
		return
	}
	a := newApart(s.f)
	s.bound(a.search(ctx, s.rng, apartRounds/10, len(s.f.edges)), a.bestOne)
	c := newCliques(s.g, s.cells)
	if !c.greedy(ctx, s.order(), false) {
		c.take(starsOf(s.cells))
	}
	c.improve(ctx, s.rng, greedyRounds/10, s.lower)
	if class, n := starsOf(s.cells); n < c.n {
		c.take(class, n)
		c.improve(ctx, s.rng, greedyRounds/10, s.lower)
	}
	s.class, s.n = slices.Clone(c.class), c.n
	below := rand.New(rand.NewPCG(s.rng.Uint64(), 0)) //nolint:gosec // as above
	for effort := 0; effort < numberEfforts && s.lower < s.n && ctx.Err() == nil; effort++ {
		var both sync.WaitGroup
		both.Go(func() { a.search(ctx, below, apartRounds<<effort, s.n) })
		c.improve(ctx, s.rng, greedyRounds<<effort, s.lower)
		both.Wait()
		s.bound(a.best, a.bestOne)
		s.class, s.n = slices.Clone(c.class), c.n
		s.fewer(ctx, partialMoves<<effort)
		s.decide(ctx, decideNodes<<effort)
		c.take(s.class, s.n)
	}
}

func (s *settling) bound(in []bool, n int) {
	s.apart, s.lower = in, max(s.lower, n)
}

// order begins with edges that are apart, then takes those that fit with the fewest.
func (s *settling) order() []int32 {
	order := make([]int32, len(s.f.edges))
	for v := range order {
		order[v] = int32(v)
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		if s.apart[a] != s.apart[b] {
			if s.apart[a] {
				return -1
			}
			return 1
		}
		return cmp.Compare(len(s.f.next[a]), len(s.f.next[b]))
	})
	return order
}

// maxPartial bounds the table of the search with a fixed number of classes.
const maxPartial = 64 << 20

func (s *settling) fewer(ctx context.Context, moves int) {
	for s.lower < s.n && len(s.class)*s.n < maxPartial {
		p := newPartial(s.f, s.class, s.n, s.n-1)
		if !p.search(ctx, s.rng, moves) {
			return
		}
		s.class, s.n = p.class, s.n-1
	}
}

// decide asks whether one role fewer is possible, and believes a proof.
func (s *settling) decide(ctx context.Context, nodes int) {
	for s.lower < s.n && s.f.adj != nil {
		d := newDecider(ctx, s.f, s.apart, s.n-1, nodes)
		switch d.search() {
		case feasible:
			s.class, s.n = d.class, s.n-1
		case infeasible:
			s.lower = s.n
		case unknown:
			return
		}
	}
}
