package analytics

import (
	"math"
	"slices"
)

// grouping is people by their values of some attributes.
type grouping struct {
	columns   []*column
	of        []uint32 // by key: the group, from one; 0 is none, or one that is too small
	sizes     []int    // by group
	member    []uint32 // by group: one of it, who has its values
	explained float64  // with those before it
}

// everybody is the grouping by nothing: one group.
func everybody(p *population) *grouping {
	g := &grouping{sizes: []int{0, int(p.people.GetCardinality())}, member: []uint32{0, 0}} //nolint:gosec // people fit into memory
	if p.people.IsEmpty() {
		return g
	}
	g.of = make([]uint32, int(p.people.Maximum())+1)
	for key := range each(p.people) {
		g.of[key] = 1
	}
	return g
}

// refine divides a grouping further by an attribute. Who has no value of it, or is in a
// group smaller than least, is in none.
func (g *grouping) refine(p *population, by *column, least int) *grouping {
	type cell struct{ group, code uint32 }
	fine := &grouping{columns: append(slices.Clone(g.columns), by), of: make([]uint32, len(g.of)), sizes: []int{0}, member: []uint32{0}}
	numbers := map[cell]uint32{}
	for key := range each(p.people) {
		c := cell{g.of[key], by.at(key)}
		if c.group == 0 || c.code == 0 {
			continue
		}
		n, known := numbers[c]
		if !known {
			n = uint32(len(fine.sizes)) //nolint:gosec // as many as people at most
			numbers[c] = n
			fine.sizes, fine.member = append(fine.sizes, 0), append(fine.member, key)
		}
		fine.of[key] = n
		fine.sizes[n]++
	}
	fine.drop(least)
	return fine
}

// drop takes away the groups that are too small, and numbers the others anew.
func (g *grouping) drop(least int) {
	number := make([]uint32, len(g.sizes))
	kept := 1
	for n := 1; n < len(g.sizes); n++ {
		if g.sizes[n] >= least {
			number[n] = uint32(kept) //nolint:gosec // fewer than there were
			g.sizes[kept], g.member[kept] = g.sizes[n], g.member[n]
			kept++
		}
	}
	g.sizes, g.member = g.sizes[:kept], g.member[:kept]
	for key, n := range g.of {
		g.of[key] = number[n]
	}
}

// choosing looks at no more than about so many holdings, spread over all entitlements.
const choosingLimit = 3_000_000

// worthwhile is the share of all bits that an attribute must save to be taken.
const worthwhile = 0.01

// mostAttributes bounds how fine groups get.
const mostAttributes = 3

// choose finds the groupings that explain best who has what, the coarsest first, which is
// everybody.
func choose(p *population, held []holding, least int) []*grouping {
	some := spread(held, choosingLimit)
	chain := []*grouping{everybody(p)}
	whole := wholeBits(some, chain[0].sizes[1])
	if whole == 0 {
		return chain
	}
	left := slices.DeleteFunc(slices.Clone(p.columns), func(c *column) bool { return c.apart })
	for len(chain) <= mostAttributes {
		last := chain[len(chain)-1]
		var best *grouping
		for _, c := range left {
			fine := last.refine(p, c, least)
			if len(fine.sizes) == 1 {
				continue
			}
			share := saved(last, fine, some, chain[0].sizes[1]) / whole
			if fine.explained = last.explained + share; share >= worthwhile && (best == nil || fine.explained > best.explained) {
				best = fine
			}
		}
		if best == nil {
			break
		}
		chain = append(chain, best)
		left = slices.DeleteFunc(left, func(c *column) bool { return slices.Contains(best.columns, c) })
	}
	return chain
}

// spread takes every so many entitlements, so that their holdings are about limit.
func spread(held []holding, limit uint64) []holding {
	var all uint64
	for _, h := range held {
		all += h.people.GetCardinality()
	}
	step := int(all/limit) + 1 //nolint:gosec // few
	var some []holding
	for i := 0; i < len(held); i += step {
		some = append(some, held[i])
	}
	return some
}

// wholeBits is what it takes to say who has what, knowing only how many have each.
func wholeBits(held []holding, people int) (sum float64) {
	for _, h := range held {
		k, n := float64(h.people.GetCardinality()), float64(people)
		sum += told(k, n, k, n, k/n)
	}
	return sum
}

// told is the bits that it takes to say who of n people k have something, each told from
// a group of size of which have have it, without themself. The share of the whole company
// counts as one more of the group: of a small group little is known.
func told(k, n, have, size, share float64) (bits float64) {
	if k > 0 {
		bits -= k * math.Log2((have-1+share)/size)
	}
	if n > k {
		bits -= (n - k) * math.Log2(1-(have+share)/size)
	}
	return bits
}

// untold is told for a group of which nobody has it; it hardly depends on the size.
func untold(share float64) float64 { return share * math.Log2E }

// saved is how many bits the fine groups save beside the coarse ones that they lie in.
func saved(coarse, fine *grouping, held []holding, people int) (bits float64) {
	s := newSaving(coarse, fine)
	for _, h := range held {
		bits += s.of(h, float64(h.people.GetCardinality())/float64(people))
	}
	return bits
}

// saving compares two groupings, entitlement by entitlement.
type saving struct {
	coarse, fine *grouping
	in           []uint32 // by fine group: the coarse one that it lies in
	whole        []inside // by coarse group: the fine ones in it
	ratio        float64  // the sum of members by size

	have, had []int    // by coarse group, and by fine group: who has the entitlement
	told      []inside // by coarse group: the fine ones in it of which somebody has it

	coarsely, finely []uint32 // groups of which somebody has it
}

// inside is how many fine groups lie in a coarse one, with how many members.
type inside struct{ groups, members int }

func newSaving(coarse, fine *grouping) *saving {
	s := &saving{
		coarse: coarse, fine: fine, in: make([]uint32, len(fine.sizes)), whole: make([]inside, len(coarse.sizes)),
		have: make([]int, len(coarse.sizes)), had: make([]int, len(fine.sizes)), told: make([]inside, len(coarse.sizes)),
	}
	for n := 1; n < len(fine.sizes); n++ {
		c := coarse.of[fine.member[n]]
		s.in[n] = c
		s.whole[c].groups++
		s.whole[c].members += fine.sizes[n]
	}
	for c, w := range s.whole {
		if w.groups > 0 {
			s.ratio += float64(w.members) / float64(coarse.sizes[c])
		}
	}
	return s
}

// of is what is saved of saying who has one entitlement.
func (s *saving) of(h holding, share float64) (bits float64) {
	s.count(h)
	for _, f := range s.finely {
		c, k, n := s.in[f], float64(s.had[f]), float64(s.fine.sizes[f])
		bits += told(k, n, float64(s.have[c]), float64(s.coarse.sizes[c]), share) - told(k, n, k, n, share)
		s.told[c].groups++
		s.told[c].members += s.fine.sizes[f]
	}
	// Fine groups of which nobody has it, in a coarse one of which somebody has.
	ratio, groups := s.ratio, len(s.fine.sizes)-1
	for _, c := range s.coarsely {
		w, t, size := s.whole[c], s.told[c], float64(s.coarse.sizes[c])
		bits += told(0, float64(w.members-t.members), float64(s.have[c]), size, share) - float64(w.groups-t.groups)*untold(share)
		ratio -= float64(w.members) / size
		groups -= w.groups
	}
	// And those where nobody of the coarse one has either.
	bits += untold(share) * (ratio - float64(groups))
	s.forget()
	return bits
}

func (s *saving) count(h holding) {
	for key := range each(h.people) {
		c, f := s.coarse.of[key], s.fine.of[key]
		if c != 0 {
			if s.have[c]++; s.have[c] == 1 {
				s.coarsely = append(s.coarsely, c)
			}
		}
		if f != 0 {
			if s.had[f]++; s.had[f] == 1 {
				s.finely = append(s.finely, f)
			}
		}
	}
}

func (s *saving) forget() {
	for _, f := range s.finely {
		s.had[f] = 0
	}
	for _, c := range s.coarsely {
		s.have[c], s.told[c] = 0, inside{}
	}
	s.coarsely, s.finely = s.coarsely[:0], s.finely[:0]
}
