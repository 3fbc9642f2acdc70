package graph

import (
	"iter"
	"slices"

	"github.com/writhq/writ/access"
)

// Controls lists what an entitlement's own capabilities let its holders become,
// give or take over: the escalation steps that start at it.
func (v *View) Controls(id access.EntitlementID) []Step {
	x, ok := vertexOf(id.Ref())
	if !ok || !v.s.there(x) {
		return nil
	}
	var list []Step
	v.s.fromCapabilities(x.id(), func(e edge) bool {
		if v.s.there(e.to) {
			list = append(list, step(x, e))
		}
		return true
	})
	return list
}

// Reach says which entitlements lead to some that were asked about, how far they
// are from them, and over which steps.
type Reach struct {
	s    *snapshot
	hops [vertexKinds][]hop
}

// hop is the first step from a vertex on a shortest way to a seed.
type hop struct {
	to    vertex
	steps int32 // to the seed, plus one; zero is no way
	kind  StepKind
	mode  access.Mode
}

// ReachableBackward finds every entitlement whose holders also have one of the
// seeds, because it is nested in it or, under escalation, because they can give
// it, become an account that has it, or control its system. Its cost grows with
// the graph, not with the number of seeds.
func (v *View) ReachableBackward(seeds []access.EntitlementID, escalation bool) *Reach {
	s := v.s
	r := &Reach{s: s}
	r.hops[atEntitlement] = make([]hop, s.entitlements.limit())
	if escalation {
		r.hops[atAccount] = make([]hop, s.accounts.limit())
		for _, kind := range []uint8{granting, becoming, control} {
			r.hops[kind] = make([]hop, s.systems.limit())
		}
	}
	seeds = slices.Clone(seeds)
	slices.Sort(seeds)
	var queue []vertex
	for _, id := range slices.Compact(seeds) {
		if x, ok := vertexOf(id.Ref()); ok && s.there(x) {
			r.hop(x).steps = 1
			queue = append(queue, x)
		}
	}
	for i := 0; i < len(queue); i++ {
		x := queue[i]
		steps := r.hop(x).steps
		s.into(x, escalation, func(e edge) bool {
			if e.to.kind() == atRole {
				return true
			}
			if h := r.hop(e.to); h.steps == 0 {
				*h = hop{to: x, steps: steps + 1, kind: e.kind, mode: e.mode}
				queue = append(queue, e.to)
			}
			return true
		})
	}
	return r
}

func (r *Reach) hop(x vertex) *hop { return &r.hops[x.kind()][x.id()] }

// Distance is how many steps the nearest seed is away: 0 for a seed itself.
func (r *Reach) Distance(id access.EntitlementID) (int, bool) {
	if id <= 0 || int64(id) >= int64(len(r.hops[atEntitlement])) {
		return 0, false
	}
	steps := r.hops[atEntitlement][id].steps
	return int(steps) - 1, steps > 0
}

// Path is one shortest way from an entitlement to a seed; empty for a seed, and
// where there is none.
func (r *Reach) Path(id access.EntitlementID) []Step {
	if _, reached := r.Distance(id); !reached {
		return nil
	}
	var path []Step
	for x := at(atEntitlement, uint32(id)); ; {
		h := r.hop(x)
		if h.steps <= 1 {
			return path
		}
		path = append(path, r.step(x, h))
		x = h.to
	}
}

// step finds the resource that a grant names, which a hop does not carry.
func (r *Reach) step(x vertex, h *hop) Step {
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

// All yields every entitlement that leads to a seed, the seeds too, in id order,
// with its distance.
func (r *Reach) All() iter.Seq2[access.EntitlementID, int] {
	return func(yield func(access.EntitlementID, int) bool) {
		for id, h := range r.hops[atEntitlement] {
			if h.steps > 0 && !yield(access.EntitlementID(id), int(h.steps)-1) {
				return
			}
		}
	}
}
