package graph

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/writhq/writ/access"
)

// StepKind says how a path goes on.
type StepKind uint8

// The kinds of step. From ByImpersonate on they are escalation.
const (
	ByAccount     StepKind = iota // the identity has the account
	ByOpening                     // whoever signs in with the account is let in as the next one
	ByGrant                       // the holder has the entitlement
	ByNesting                     // the entitlement's holders have the next one
	ByRole                        // the identity has the role
	ByInclusion                   // the role includes the next one
	ByRoleGives                   // the role gives the entitlement
	ByImpersonate                 // whoever has it can become the account
	ByGrantAccess                 // whoever has it can give the entitlement
	ByHost                        // whoever controls the host controls the system
)

var stepNames = [...]string{
	"account", "opening", "grant", "nesting", "role", "inclusion", "role_gives", "impersonate", "grant_access", "host",
}

// String names the kind as answers in JSON do.
func (k StepKind) String() string {
	if int(k) < len(stepNames) {
		return stepNames[k]
	}
	return "unknown"
}

// MarshalText writes the name.
func (k StepKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Step is one edge of a path. An escalation over a whole system is two steps:
// to the system, and from it to what is reached.
type Step struct {
	Kind     StepKind
	From, To access.Ref
	Mode     access.Mode
	Resource access.ResourceID
}

// Paths says why: how many shortest paths there are and the first of them.
type Paths struct {
	Rev    access.Rev
	Length int
	Count  *big.Int
	First  [][]Step // at most 20
}

const firstPaths = 20

// Why returns the shortest paths from a holder to an entitlement, role, resource
// or system, in the order of their steps. Parallel grants that differ in mode or
// resource are different paths.
func (v *View) Why(holder, target access.Ref, q Question) Paths {
	p := Paths{Rev: v.s.rev, Count: new(big.Int)}
	if w := v.s.search(holder, target, q); len(w.ends) > 0 {
		p.Length = w.length
		p.Count = w.count()
		p.First = w.first(firstPaths)
	}
	return p
}

// Way returns the first of the paths that Why returns, or none.
func (v *View) Way(holder, target access.Ref, q Question) []Step {
	if w := v.s.search(holder, target, q); len(w.ends) > 0 {
		return w.first(1)[0]
	}
	return nil
}

// place is a vertex together with the mode of the path so far, and whether the
// path has reached its target.
type place struct {
	vertex vertex
	mode   access.Mode
	end    bool
}

// arrivals are the last edges of all shortest paths to a place.
type arrivals struct {
	length int
	by     []arrival
	useful bool // on a shortest path to the target
}

type arrival struct {
	from place
	edge edge
}

// search finds shortest paths by breadth, over places.
type search struct {
	s          *snapshot
	escalation bool
	lead       *lead // nil without escalation, when little can be reached anyway
	want       modeSet
	target     extent
	start      place
	found      map[place]*arrivals
	order      []place // as found: no place before one on the way to it
	ends       []place
	length     int
}

// search finds the shortest paths from a holder to a target and marks what is on them.
func (s *snapshot) search(holder, target access.Ref, q Question) *search {
	w := &search{
		s: s, escalation: q.Escalation, want: q.modes(), target: s.extentOf(target),
		found: map[place]*arrivals{},
	}
	start, ok := vertexOf(holder)
	if !ok || !s.there(start) {
		return w
	}
	if q.Escalation {
		w.lead = s.leadTo(target, w.want)
	}
	w.run(start)
	w.mark()
	return w
}

func (w *search) run(start vertex) {
	w.start = place{vertex: start}
	w.found[w.start] = &arrivals{}
	w.order = []place{w.start}
	for i := 0; i < len(w.order); i++ {
		from := w.order[i]
		length := w.found[from].length
		if len(w.ends) > 0 && length >= w.length {
			return // the layer that reached the target is complete
		}
		if !from.end {
			w.expand(from, length+1)
		}
	}
}

func (w *search) expand(from place, length int) {
	for _, e := range w.edges(from.vertex) {
		to := place{vertex: e.to, mode: weakest(from.mode, e.mode)}
		if w.ahead(to.mode)&w.want == 0 {
			continue
		}
		to.end = w.reaches(e) && w.want&(1<<to.mode) != 0
		known, seen := w.found[to]
		if !seen {
			known = &arrivals{length: length}
			w.found[to] = known
			w.order = append(w.order, to)
			if to.end {
				w.ends = append(w.ends, to)
				w.length = length
			}
		}
		if known.length == length {
			known.by = append(known.by, arrival{from: from, edge: e})
		}
	}
}

// edges returns the different edges of a vertex in order.
func (w *search) edges(x vertex) []edge {
	list := slices.Collect(w.s.fromToward(x, w.escalation, w.lead))
	slices.SortFunc(list, compareEdges)
	return slices.Compact(list)
}

func compareEdges(a, b edge) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.to, b.to), cmp.Compare(a.mode, b.mode), cmp.Compare(a.resource, b.resource))
}

// ahead returns the modes that a path with a mode so far can end in.
func (w *search) ahead(m access.Mode) modeSet {
	switch m {
	case access.Eligible:
		return eligible
	case access.Activated:
		return eligible | active
	default:
		return anyMode
	}
}

// reaches reports whether an edge leads into the target.
func (w *search) reaches(e edge) bool {
	switch e.to.kind() {
	case atEntitlement:
		return w.target.entitlements.Contains(e.to.id()) || e.resource != 0 && w.target.resources.Contains(e.resource)
	case atRole:
		return slices.Contains(w.target.roles, e.to)
	case granting, becoming, control:
		return slices.Contains(w.target.holds, e.to)
	}
	return false
}

// mark finds the places that are on a shortest path to the target.
func (w *search) mark() {
	for _, end := range w.ends {
		w.found[end].useful = true
	}
	for _, p := range slices.Backward(w.order) {
		if a := w.found[p]; a.useful {
			for _, by := range a.by {
				w.found[by.from].useful = true
			}
		}
	}
}

// count adds up the paths to each place in the order of their lengths.
func (w *search) count() *big.Int {
	counts := map[place]*big.Int{w.start: big.NewInt(1)}
	total := new(big.Int)
	for _, p := range w.order {
		a := w.found[p]
		if !a.useful || p == w.start {
			continue
		}
		n := new(big.Int)
		for _, by := range a.by {
			n.Add(n, counts[by.from])
		}
		counts[p] = n
		if p.end {
			total.Add(total, n)
		}
	}
	return total
}

// first lists paths in the order of their steps.
func (w *search) first(limit int) [][]Step {
	type departure struct {
		edge edge
		to   place
	}
	onward := map[place][]departure{}
	for _, p := range w.order {
		if a := w.found[p]; a.useful {
			for _, by := range a.by {
				onward[by.from] = append(onward[by.from], departure{edge: by.edge, to: p})
			}
		}
	}
	var paths [][]Step
	var steps []Step
	var walk func(p place)
	walk = func(p place) {
		if p.end {
			paths = append(paths, slices.Clone(steps))
			return
		}
		next := onward[p]
		slices.SortFunc(next, func(a, b departure) int { return compareEdges(a.edge, b.edge) })
		for _, d := range next {
			if len(paths) == limit {
				return
			}
			steps = append(steps, step(p.vertex, d.edge))
			walk(d.to)
			steps = steps[:len(steps)-1]
		}
	}
	walk(w.start)
	return paths
}

func step(from vertex, e edge) Step {
	return Step{Kind: e.kind, From: from.ref(), To: e.to.ref(), Mode: e.mode, Resource: access.ResourceID(e.resource)}
}
