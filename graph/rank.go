package graph

import (
	"iter"
	"slices"

	"github.com/writhq/writ/access"
)

// Ranking says which entitlements lead to ranked ones: to which rank, and over which
// steps.
type Ranking struct {
	s     *snapshot
	hops  map[vertex]hop
	order []vertex // as reached: by rank, then by distance
}

// hop is the first step from a vertex on a shortest way to a seed of a rank; that of
// a seed leads nowhere.
type hop struct {
	rank int
	seed bool
	to   vertex
	kind StepKind
	mode access.Mode
}

// Rank finds every entitlement whose holders also have one of the seeds, because it
// is nested in it or, under escalation, because they can give it, become an account
// that has it, or control its system: for the first rank that it leads to and over a
// shortest way to that. Each vertex is reached once for all ranks; the cost is that
// of what leads to seeds.
func (v *View) Rank(ranks [][]access.EntitlementID, escalation bool) *Ranking {
	r := &Ranking{s: v.s, hops: map[vertex]hop{}}
	for rank, seeds := range ranks {
		done := len(r.order)
		for _, id := range slices.Sorted(slices.Values(seeds)) {
			if x, ok := vertexOf(id.Ref()); ok && v.s.there(x) {
				r.reach(x, hop{rank: rank, seed: true})
			}
		}
		for ; done < len(r.order); done++ {
			x := r.order[done]
			v.s.into(x, escalation, func(e edge) bool {
				if e.to.kind() != atRole {
					r.reach(e.to, hop{rank: rank, to: x, kind: e.kind, mode: e.mode})
				}
				return true
			})
		}
	}
	return r
}

func (r *Ranking) reach(x vertex, h hop) {
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
		if !known || h.seed {
			return path
		}
		path = append(path, r.step(x, h))
		x = h.to
	}
}

// step finds the resource that a grant names, which a hop does not carry.
func (r *Ranking) step(x vertex, h hop) Step {
	best := edge{kind: h.kind, to: h.to, mode: h.mode}
	if h.kind == ByGrant || h.kind == ByNesting {
		first := true
		for e := range r.s.from(x, false) {
			if e.kind == h.kind && e.to == h.to && e.mode == h.mode && (first || e.resource < best.resource) {
				best, first = e, false
			}
		}
	}
	return step(x, best)
}
