package graph

import (
	"iter"
	"slices"

	"github.com/writhq/writ/access"
)

// Ranking says which entitlements lead to ranked ones, by escalation too: to which
// rank, and over which steps.
type Ranking struct {
	s     *snapshot
	hops  map[vertex]rankedHop
	order []vertex // as reached: by rank, then by distance
}

type rankedHop struct {
	hop
	rank int
}

// Rank finds every entitlement whose holders also have one of the seeds, for the
// first rank that it leads to and over a shortest way to that. Each vertex is
// reached once for all ranks; the cost is that of what leads to seeds.
func (v *View) Rank(ranks [][]access.EntitlementID) *Ranking {
	r := &Ranking{s: v.s, hops: map[vertex]rankedHop{}}
	for rank, seeds := range ranks {
		done := len(r.order)
		for _, id := range slices.Sorted(slices.Values(seeds)) {
			if x, ok := vertexOf(id.Ref()); ok && v.s.there(x) {
				r.reach(x, rankedHop{rank: rank, hop: hop{steps: 1}})
			}
		}
		for ; done < len(r.order); done++ {
			x := r.order[done]
			steps := r.hops[x].steps
			v.s.into(x, true, func(e edge) bool {
				if e.to.kind() != atRole {
					r.reach(e.to, rankedHop{rank: rank, hop: hop{to: x, steps: steps + 1, kind: e.kind, mode: e.mode}})
				}
				return true
			})
		}
	}
	return r
}

func (r *Ranking) reach(x vertex, h rankedHop) {
	if _, known := r.hops[x]; !known {
		r.hops[x] = h
		r.order = append(r.order, x)
	}
}

// All yields every entitlement that leads to a seed, the seeds too, with the rank.
func (r *Ranking) All() iter.Seq2[access.EntitlementID, int] {
	return func(yield func(access.EntitlementID, int) bool) {
		for _, x := range r.order {
			if x.kind() == atEntitlement && !yield(access.EntitlementID(x.id()), r.hops[x].rank) {
				return
			}
		}
	}
}

// Path is one shortest way from an entitlement to a seed of its rank; empty for a
// seed, and where there is none.
func (r *Ranking) Path(id access.EntitlementID) []Step {
	var path []Step
	x := at(atEntitlement, uint32(id))
	for {
		h, known := r.hops[x]
		if !known || h.steps <= 1 {
			return path
		}
		path = append(path, (&Reach{s: r.s}).step(x, &h.hop))
		x = h.to
	}
}
