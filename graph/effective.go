package graph

import (
	"slices"

	"github.com/writhq/writ/access"
)

// Held is one entitlement that a holder effectively has.
type Held struct {
	Entitlement access.EntitlementID
	Resource    access.ResourceID
	Modes       uint8 // bit 1<<mode for each access mode that it is had in
	Direct      bool  // some grant starts at the holder or at one of its accounts
	Escalated   bool  // only through becoming somebody else (Escalation paths), never a grant
}

type heldKey struct{ entitlement, resource uint32 }

type heldValue struct {
	ways   ways
	direct bool
}

// Effective lists what an identity, account, entitlement or role effectively
// has, nested groups, roles and accounts followed, by entitlement and resource.
// It is all of it unless Question.First is set; Question.After is the key of the
// entitlement to continue behind. An identity has nothing through an account
// that cannot be used; asked for itself, such an account shows what it would have.
func (v *View) Effective(holder access.Ref, q Question) []Held {
	start, ok := vertexOf(holder)
	if !ok || !v.s.there(start) {
		return nil
	}
	want := q.modes()
	found := v.s.closure(start, q.Escalation, want)
	list := make([]Held, 0, len(found))
	for key, value := range found {
		modes := value.ways.all() & want
		if modes == 0 || int64(key.entitlement) <= q.After {
			continue
		}
		list = append(list, Held{
			Entitlement: access.EntitlementID(key.entitlement), Resource: access.ResourceID(key.resource),
			Modes: uint8(modes), Direct: value.direct, Escalated: value.ways.plain()&want == 0,
		})
	}
	slices.SortFunc(list, func(a, b Held) int {
		if a.Entitlement != b.Entitlement {
			return int(a.Entitlement - b.Entitlement)
		}
		return int(a.Resource - b.Resource)
	})
	if q.First > 0 && len(list) > q.First {
		list = list[:q.First]
	}
	return list
}

// closure follows every edge from start, each vertex again only where it turns
// out to be reached in a way not yet known.
func (s *snapshot) closure(start vertex, escalation bool, want modeSet) map[heldKey]heldValue {
	reached := map[vertex]ways{start: ways(standing)}
	found := map[heldKey]heldValue{}
	queue := []vertex{start}
	for len(queue) > 0 {
		x := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		here := reached[x]
		for e := range s.from(x, escalation) {
			there := here.over(e)
			if e.to.kind() == atEntitlement {
				key := heldKey{e.to.id(), e.resource}
				value := found[key]
				value.ways |= there
				value.direct = value.direct || modeSet(1<<e.mode)&want != 0 && s.direct(start, x, e)
				found[key] = value
			}
			if known := reached[e.to]; known|there != known {
				reached[e.to] = known | there
				queue = append(queue, e.to)
			}
		}
	}
	return found
}

// direct reports whether an edge from x is a grant of start's own: of itself or of
// one of its accounts that can be used. What an account holds that start merely
// could become, or that one of its accounts opens, does not count.
func (s *snapshot) direct(start, x vertex, e edge) bool {
	if e.kind != ByGrant && e.kind != ByNesting {
		return false
	}
	if x == start {
		return true
	}
	if x.kind() != atAccount || start.kind() != atIdentity || s.owner.at(x.id())&usable == 0 {
		return false
	}
	for identity := range s.eachOwner(x.id()) {
		if identity == start.id() {
			return true
		}
	}
	return false
}
