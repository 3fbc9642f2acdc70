package mine

import "context"

// decider decides whether k cliques cover a fitting graph, by branching on the vertex with
// the fewest classes left (DSATUR, Brélaz, on the complement). Vertices of which no two fit
// begin in a class each, which takes away most symmetry.
type decider struct {
	f      *fitting
	k      int
	class  []int32
	open   []set   // the classes that a vertex may still enter
	left   []int32 // how many those are
	used   int     // classes with a member
	budget int
	trail  []closed
	ctx    context.Context //nolint:containedctx // one search, which is this value's whole life
}

// closed is a class that a vertex could not enter any more.
type closed struct{ v, c int32 }

type verdict int8

const (
	unknown verdict = iota
	feasible
	infeasible
)

func newDecider(ctx context.Context, f *fitting, seeds []bool, k, budget int) *decider {
	n := len(f.edges)
	d := &decider{f: f, k: k, class: make([]int32, n), open: newSets(n, k), left: make([]int32, n), budget: budget, ctx: ctx}
	for v := range n {
		d.class[v] = -1
		d.open[v].fill(k)
		d.left[v] = int32(k)
	}
	for v, in := range seeds {
		if in && d.used < k {
			d.used++
			d.put(int32(v), int32(d.used-1))
		}
	}
	return d
}

// put gives v its class and closes it to what does not fit; it says whether all others
// still have one.
func (d *decider) put(v, c int32) bool {
	d.class[v] = c
	ok := true
	for i := range d.f.adj[v] {
		for w := range (set{^d.f.adj[v][i]}).each {
			u := i<<6 + w
			if u >= len(d.class) {
				break
			}
			if d.class[u] >= 0 || !d.open[u].has(int(c)) {
				continue
			}
			d.open[u].drop(int(c))
			d.left[u]--
			d.trail = append(d.trail, closed{int32(u), c})
			ok = ok && d.left[u] > 0
		}
	}
	return ok
}

func (d *decider) undo(to int) {
	for _, t := range d.trail[to:] {
		d.open[t.v].add(int(t.c))
		d.left[t.v]++
	}
	d.trail = d.trail[:to]
}

func (d *decider) search() verdict {
	if d.budget--; d.budget < 0 || (d.budget&1023 == 0 && d.ctx.Err() != nil) {
		d.budget = -1
		return unknown
	}
	v := int32(-1)
	for u, c := range d.class {
		if c < 0 && (v < 0 || d.left[u] < d.left[v] || d.left[u] == d.left[v] && len(d.f.next[u]) < len(d.f.next[v])) {
			v = int32(u)
		}
	}
	switch {
	case v < 0:
		return feasible
	case d.left[v] == 0:
		return infeasible
	}
	used := d.used
	for c := range d.open[v].each {
		if c > used {
			break // classes without a member are all alike
		}
		mark := len(d.trail)
		if c == used {
			d.used++
		}
		if d.put(v, int32(c)) {
			if found := d.search(); found != infeasible {
				return found
			}
		}
		d.class[v] = -1
		d.used = used
		d.undo(mark)
	}
	return infeasible
}
