package mine

import (
	"context"
	"math/rand/v2"
)

// apart looks for as many edges of which no two fit as it can: each needs a role of its
// own. It is the search for an independent set by Andrade, Resende and Werneck: one goes
// out where two can come in, and now and then one is forced in.
type apart struct {
	f       *fitting
	in      []bool
	tight   []int32 // neighbours that are in
	free    []int32 // neither in nor beside one that is, in no order
	place   []int32 // in free, else -1
	size    int
	best    []bool
	bestOne int
	since   []int32 // when it last went out
}

func newApart(f *fitting) *apart {
	n := len(f.edges)
	a := &apart{f: f, in: make([]bool, n), tight: make([]int32, n), place: make([]int32, n), best: make([]bool, n), since: make([]int32, n)}
	for v := range n {
		a.place[v] = int32(v)
		a.free = append(a.free, int32(v))
	}
	return a
}

func (a *apart) unfree(v int32) {
	i := a.place[v]
	last := a.free[len(a.free)-1]
	a.free[i], a.place[last] = last, i
	a.free = a.free[:len(a.free)-1]
	a.place[v] = -1
}

func (a *apart) enter(v int32) {
	a.in[v] = true
	a.size++
	if a.place[v] >= 0 {
		a.unfree(v)
	}
	for _, w := range a.f.next[v] {
		if a.tight[w]++; a.place[w] >= 0 {
			a.unfree(w)
		}
	}
}

func (a *apart) leave(v int32) {
	a.in[v] = false
	a.size--
	for _, w := range a.f.next[v] {
		if a.tight[w]--; a.tight[w] == 0 && !a.in[w] {
			a.place[w] = int32(len(a.free))
			a.free = append(a.free, w)
		}
	}
	if a.tight[v] == 0 {
		a.place[v] = int32(len(a.free))
		a.free = append(a.free, v)
	}
}

// fill takes what is free, those with the fewest free neighbours first.
func (a *apart) fill(rng *rand.Rand) {
	for len(a.free) > 0 {
		best, least := int32(-1), 1<<30
		// Of many it looks at some: the order matters little then.
		tries := min(len(a.free), 50)
		for i := range tries {
			v := a.free[i]
			if tries < len(a.free) {
				v = a.free[rng.IntN(len(a.free))]
			}
			n := 0
			for _, w := range a.f.next[v] {
				if a.place[w] >= 0 {
					n++
				}
			}
			if n < least {
				best, least = v, n
			}
		}
		a.enter(best)
	}
}

// swap lets one out for two, wherever that is possible.
func (a *apart) swap() bool {
	var ones []int32
	for x := range a.in {
		if !a.in[x] {
			continue
		}
		ones = ones[:0]
		for _, w := range a.f.next[x] {
			if a.tight[w] == 1 {
				ones = append(ones, w)
			}
		}
		for i, v := range ones {
			for _, w := range ones[i+1:] {
				if !a.f.fits(v, w) {
					a.leave(int32(x))
					a.enter(v)
					a.enter(w)
					return true
				}
			}
		}
	}
	return false
}

// settle takes what is free and swaps until nothing is gained.
func (a *apart) settle(ctx context.Context, rng *rand.Rand) {
	a.fill(rng)
	for ctx.Err() == nil && a.swap() {
		a.fill(rng)
	}
	if a.size > a.bestOne {
		a.bestOne = a.size
		copy(a.best, a.in)
	}
}

// search returns the largest set found; it ends where the bound is met.
func (a *apart) search(ctx context.Context, rng *rand.Rand, rounds, bound int) []bool {
	n := len(a.f.edges)
	a.settle(ctx, rng)
	for round := 1; round <= rounds && a.bestOne < bound && ctx.Err() == nil; round++ {
		before := a.size
		for range 1 + rng.IntN(2) { // force the one that has been out longest, of a few
			v := int32(rng.IntN(n))
			for range 4 {
				if w := int32(rng.IntN(n)); !a.in[w] && (a.in[v] || a.since[w] < a.since[v]) {
					v = w
				}
			}
			if a.in[v] {
				continue
			}
			for _, w := range a.f.next[v] {
				if a.in[w] {
					a.leave(w)
					a.since[w] = int32(round)
				}
			}
			a.enter(v)
		}
		a.settle(ctx, rng)
		if a.size < before && a.size < a.bestOne && rng.IntN(1+(before-a.size)*(a.bestOne-a.size)*2) != 0 {
			a.restore()
		}
	}
	return a.best
}

func (a *apart) restore() {
	for v := range a.in {
		if a.in[v] && !a.best[v] {
			a.leave(int32(v))
		}
	}
	for v := range a.in {
		if !a.in[v] && a.best[v] {
			a.enter(int32(v))
		}
	}
}
