package graph

import (
	"github.com/writhq/writ/access"
)

// Over says which of a system's vertices a place is: all of its entitlements to give,
// all of its accounts to become, or control of it.
type Over string

// What a place that is a system stands for.
const (
	OverGrants   Over = "grant"
	OverAccounts Over = "become"
	OverAll      Over = "control"
)

var overs = [vertexKinds]Over{granting: OverGrants, becoming: OverAccounts, control: OverAll}

// Place is where a walk came to.
type Place struct {
	Ref       access.Ref
	Over      Over  // of a system
	Modes     uint8 // bit 1<<mode for each access mode of the ways there
	Escalated bool  // only by becoming somebody else
	Depth     int   // steps of the shortest way
}

// Link is one edge between two places, by their numbers; it leads the way access goes.
type Link struct {
	From, To int
	Kind     StepKind
	Mode     access.Mode
	Resource access.ResourceID
}

// Walk is everything that is reached from one object, or that reaches it, the nearest
// first; the object itself is the first place.
type Walk struct {
	Rev    access.Rev
	Places []Place
	Links  []Link
	Cut    bool // it stopped at the most places: there are more
}

// From walks the way access goes: to whatever a holder has, and has it through.
func (v *View) From(start access.Ref, q Question, most int) Walk {
	return v.walk(start, q, most, v.s.onward)
}

// Into walks against it: to whoever has an entitlement or a role, and through what.
// An account that cannot be used is on it only where somebody could become it.
func (v *View) Into(target access.Ref, q Question, most int) Walk {
	w := v.walk(target, q, most, v.s.inward)
	for i := range w.Links {
		l := &w.Links[i]
		l.From, l.To = l.To, l.From
	}
	return w
}

// stepper yields the edges of a walk at a vertex.
type stepper func(x vertex, escalation bool, yield func(edge) bool)

func (s *snapshot) onward(x vertex, escalation bool, yield func(edge) bool) {
	s.from(x, escalation)(yield)
}

func (v *View) walk(start access.Ref, q Question, most int, next stepper) Walk {
	w := Walk{Rev: v.s.rev}
	first, ok := vertexOf(start)
	if !ok || !v.s.there(first) {
		return w
	}
	number := map[vertex]int{first: 0}
	list, how := []vertex{first}, []ways{ways(standing)}
	w.Places = []Place{{Ref: start}}
	for queue := []int{0}; len(queue) > 0; queue = queue[1:] {
		i := queue[0]
		next(list[i], q.Escalation, func(e edge) bool {
			n, known := number[e.to]
			switch {
			case !known && len(list) == most:
				w.Cut = true
				return true
			case !known:
				n = len(list)
				number[e.to] = n
				list, how = append(list, e.to), append(how, 0)
				w.Places = append(w.Places, Place{Ref: e.to.ref(), Over: overs[e.to.kind()], Depth: w.Places[i].Depth + 1})
			}
			if there := how[n] | how[i].over(e); there != how[n] {
				how[n] = there
				queue = append(queue, n)
			}
			return true
		})
	}
	for i, x := range list {
		w.Places[i].Modes, w.Places[i].Escalated = uint8(how[i].all()), how[i].plain() == 0
		next(x, q.Escalation, func(e edge) bool {
			if n, known := number[e.to]; known {
				w.Links = append(w.Links, Link{From: i, To: n, Kind: e.kind, Mode: e.mode, Resource: access.ResourceID(e.resource)})
			}
			return true
		})
	}
	return w
}

// inward yields all edges that end at a vertex, from identities and accounts too. The
// edge's to is where it starts.
func (s *snapshot) inward(x vertex, escalation bool, yield func(edge) bool) {
	counts := func(e edge) bool {
		id := e.to.id()
		if e.to.kind() == atAccount && s.owner.at(id)&usable == 0 && (!escalation || !s.exposure().accounts.Contains(id)) {
			return true
		}
		return !s.there(e.to) || yield(e)
	}
	id := x.id()
	switch x.kind() {
	case atEntitlement:
		s.intoHolders(s.held.peek(id), false, counts)
		if escalation {
			s.intoEntitlement(id, counts)
		}
	case atRole:
		s.intoHolders(s.assigned.peek(id), true, counts)
	case atAccount:
		s.intoOwned(id, escalation, counts)
	case granting, becoming, control:
		s.intoSystem(x, counts)
	}
}

// intoHolders yields every holder of an entitlement, or of a role.
func (s *snapshot) intoHolders(h *holders, role bool, yield func(edge) bool) {
	if h == nil {
		return
	}
	for i := range h.sets {
		hs := &h.sets[i]
		e := edge{kind: ByGrant, mode: hs.mode}
		where := atIdentity
		switch {
		case hs.kind == access.KindIdentity && role:
			e.kind = ByRole
		case hs.kind == access.KindAccount:
			where = atAccount
		case hs.kind == access.KindEntitlement:
			where, e.kind = atEntitlement, ByNesting
		case hs.kind == access.KindRole:
			where, e.kind = atRole, ByRoleGives
			if role {
				e.kind = ByInclusion
			}
		}
		for from := range hs.each {
			e.to = at(where, from)
			if !yield(e) {
				return
			}
		}
	}
}

// intoOwned yields whose an account is, what opens it, and who could become it.
func (s *snapshot) intoOwned(id uint32, escalation bool, yield func(edge) bool) {
	if s.owner.at(id)&usable != 0 {
		for identity := range s.eachOwner(id) {
			if !yield(edge{kind: ByAccount, to: at(atIdentity, identity)}) {
				return
			}
		}
	}
	if escalation {
		s.intoAccount(id, yield)
		return
	}
	for by := range s.openings.eachOpening(id) {
		if !yield(edge{kind: ByOpening, to: at(atAccount, by)}) {
			return
		}
	}
}
