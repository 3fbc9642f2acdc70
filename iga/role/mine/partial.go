package mine

import (
	"context"
	"math/rand/v2"
)

// partial looks for a cover by fewer cliques: it keeps a set of vertices that are in none,
// and each move puts one of them into a class and takes out what does not fit there, the
// fewest, with a tabu on going back (PartialCol, Blöchliger and Zufferey, on the complement).
type partial struct {
	f       *fitting
	k       int
	class   []int32
	size    []int32
	count   []int32 // neighbours of vertex v in class c, at v*k+c
	outside []int32
	place   []int32
	tabu    []int32 // round until which v may not enter c again
}

func newPartial(f *fitting, class []int32, n, k int) *partial {
	p := &partial{f: f, k: k, class: make([]int32, len(class)), size: make([]int32, k), count: make([]int32, len(class)*k), place: make([]int32, len(class)), tabu: make([]int32, len(class)*k)}
	sizes := make([]int, n)
	for _, c := range class {
		sizes[c]++
	}
	drop := 0 // the smallest class goes
	for c := range sizes {
		if sizes[c] < sizes[drop] {
			drop = c
		}
	}
	for v := range class {
		p.class[v] = -1
		p.place[v] = int32(len(p.outside))
		p.outside = append(p.outside, int32(v))
	}
	for v, c := range class {
		switch {
		case int(c) == drop:
			continue
		case int(c) == n-1:
			c = int32(drop)
		}
		if int(c) < k {
			p.enter(int32(v), c)
		}
	}
	return p
}

func (p *partial) enter(v, c int32) {
	i, last := p.place[v], p.outside[len(p.outside)-1]
	p.outside[i], p.place[last] = last, i
	p.outside = p.outside[:len(p.outside)-1]
	p.class[v] = c
	p.size[c]++
	for _, w := range p.f.next[v] {
		p.count[int(w)*p.k+int(c)]++
	}
}

func (p *partial) leave(v int32) {
	c := p.class[v]
	p.class[v] = -1
	p.size[c]--
	p.place[v] = int32(len(p.outside))
	p.outside = append(p.outside, v)
	for _, w := range p.f.next[v] {
		p.count[int(w)*p.k+int(c)]--
	}
}

// search says whether it found a cover by k cliques within so many moves.
func (p *partial) search(ctx context.Context, rng *rand.Rand, moves int) bool {
	best := len(p.outside)
	var members []int32
	for move := int32(1); len(p.outside) > 0 && int(move) < moves; move++ {
		if move&127 == 0 && ctx.Err() != nil {
			return false
		}
		v, c := p.choose(rng, move, best)
		if v < 0 {
			continue
		}
		members = members[:0]
		if p.count[int(v)*p.k+int(c)] < p.size[c] {
			for w, k := range p.class {
				if k == c && !p.f.fits(v, int32(w)) {
					members = append(members, int32(w))
				}
			}
		}
		for _, w := range members {
			p.leave(w)
			p.tabu[int(w)*p.k+int(c)] = move + int32(len(p.outside)*6/10+rng.IntN(10))
		}
		p.enter(v, c)
		best = min(best, len(p.outside))
	}
	return len(p.outside) == 0
}

// choose takes the move that takes out the fewest.
func (p *partial) choose(rng *rand.Rand, move int32, best int) (v, c int32) {
	v, c = -1, -1
	least, ties := int32(1<<30), 0
	for _, u := range p.outside {
		row := p.count[int(u)*p.k : int(u+1)*p.k]
		for k, n := range row {
			out := p.size[k] - n
			if out > least || (p.tabu[int(u)*p.k+k] > move && len(p.outside)-1+int(out) >= best) {
				continue
			}
			if out < least {
				least, ties = out, 0
			}
			if ties++; ties == 1 || rng.IntN(ties) == 0 {
				v, c = u, int32(k)
			}
		}
	}
	return v, c
}
