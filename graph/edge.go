package graph

import (
	"iter"

	"github.com/writhq/writ/access"
)

// vertex is a place that a path can pass: a kind and a dense id.
type vertex uint64

// The kinds of vertex. The last three belong to a system and exist so that "all
// of its entitlements" or "all of its accounts" is one edge instead of one to
// each from everybody.
const (
	atIdentity uint8 = iota
	atAccount
	atEntitlement
	atRole
	granting // can give every entitlement of the system
	becoming // can become every account of the system
	control  // controls the system
	vertexKinds
)

var vertexRefs = [vertexKinds]access.ObjectKind{
	access.KindIdentity, access.KindAccount, access.KindEntitlement, access.KindRole,
	access.KindSystem, access.KindSystem, access.KindSystem,
}

func at(kind uint8, id uint32) vertex { return vertex(kind)<<32 | vertex(id) }

func (x vertex) kind() uint8 { return uint8(x >> 32) }
func (x vertex) id() uint32  { return uint32(x) }

func (x vertex) ref() access.Ref {
	return access.Ref{Kind: vertexRefs[x.kind()], Key: int64(x.id())}
}

// there reports whether the object is known; an edge counts only while both of
// its ends are.
func (s *snapshot) there(x vertex) bool {
	switch id := x.id(); x.kind() {
	case atIdentity:
		row := s.identities.peek(id)
		return row != nil && row.there
	case atAccount:
		row := s.accounts.peek(id)
		return row != nil && row.there
	case atEntitlement:
		row := s.entitlements.peek(id)
		return row != nil && row.there
	case atRole:
		row := s.roles.peek(id)
		return row != nil && row.there
	default:
		row := s.systems.peek(id)
		return row != nil && row.node.ID != 0
	}
}

// vertexOf returns where a holder stands.
func vertexOf(ref access.Ref) (vertex, bool) {
	if ref.Key <= 0 || ref.Key >= several {
		return 0, false
	}
	switch ref.Kind {
	case access.KindIdentity:
		return at(atIdentity, uint32(ref.Key)), true
	case access.KindAccount:
		return at(atAccount, uint32(ref.Key)), true
	case access.KindEntitlement:
		return at(atEntitlement, uint32(ref.Key)), true
	case access.KindRole:
		return at(atRole, uint32(ref.Key)), true
	default:
		return 0, false
	}
}

// edge leads on from a vertex.
type edge struct {
	kind     StepKind
	mode     access.Mode
	to       vertex
	resource uint32
}

func (k StepKind) escalates() bool { return k >= ByImpersonate }

// from yields the edges that start at a vertex; escalations only when asked.
func (s *snapshot) from(x vertex, escalation bool) iter.Seq[edge] {
	return s.fromToward(x, escalation, nil)
}

// fromToward leaves out edges that do not lead on.
func (s *snapshot) fromToward(x vertex, escalation bool, l *lead) iter.Seq[edge] {
	return func(yield func(edge) bool) {
		known := func(e edge) bool { return !s.there(e.to) || !l.follows(x, e) || yield(e) }
		id := x.id()
		switch x.kind() {
		case atIdentity:
			s.fromIdentity(id, known)
		case atAccount:
			s.fromAccount(id, known)
		case atRole:
			s.fromRole(id, known)
		case atEntitlement:
			if s.fromGrants(&s.entitlementGrants, id, ByNesting, known) && escalation {
				s.fromCapabilities(id, known)
			}
		default:
			s.fromSystem(x, l, known)
		}
	}
}

func (s *snapshot) fromIdentity(id uint32, yield func(edge) bool) {
	for account := range s.accountsOf.each(id) {
		if s.owner.at(account)&usable != 0 && !yield(edge{kind: ByAccount, to: at(atAccount, account)}) {
			return
		}
	}
	if !s.fromGrants(&s.identityGrants, id, ByGrant, yield) {
		return
	}
	for _, role := range s.assignments.eachAssignment(id) {
		if !yield(edge{kind: ByRole, to: at(atRole, role)}) {
			return
		}
	}
}

// fromAccount passes on to the accounts that this one opens, if they can be used.
func (s *snapshot) fromAccount(id uint32, yield func(edge) bool) {
	if !s.fromGrants(&s.accountGrants, id, ByGrant, yield) {
		return
	}
	for account := range s.opens.each(id) {
		if s.owner.at(account)&usable != 0 && !yield(edge{kind: ByOpening, to: at(atAccount, account)}) {
			return
		}
	}
}

func (s *snapshot) fromGrants(from *lists, id uint32, kind StepKind, yield func(edge) bool) bool {
	for g := range from.eachGrant(id) {
		if !yield(edge{kind: kind, mode: g.mode, to: at(atEntitlement, g.entitlement), resource: g.resource}) {
			return false
		}
	}
	return true
}

func (s *snapshot) fromRole(id uint32, yield func(edge) bool) {
	row := s.roles.peek(id)
	if row == nil {
		return
	}
	for _, p := range row.node.Parents {
		if !yield(edge{kind: ByInclusion, to: at(atRole, uint32(p))}) {
			return
		}
	}
	for _, e := range row.node.Entitlements {
		if !yield(edge{kind: ByRoleGives, to: at(atEntitlement, uint32(e))}) {
			return
		}
	}
}

func (s *snapshot) fromCapabilities(id uint32, yield func(edge) bool) {
	row := s.entitlements.peek(id)
	if row == nil {
		return
	}
	for _, c := range row.node.Capabilities {
		if e, leads := escalationEdge(c); leads && !yield(e) {
			return
		}
	}
}

// escalationEdge says where a capability leads. Granting or impersonating on a
// resource is not followed: it says nothing about who.
func escalationEdge(c access.Capability) (edge, bool) {
	on := uint32(c.On.Key)
	if on == 0 {
		return edge{}, false
	}
	switch c.On.Kind {
	case access.KindAccount:
		return edge{kind: ByImpersonate, to: at(atAccount, on)}, c.Right == access.Impersonate
	case access.KindEntitlement:
		if c.Right == access.GrantAccess {
			return edge{kind: ByGrantAccess, to: at(atEntitlement, on)}, true
		}
		return edge{kind: ByImpersonate, to: at(atEntitlement, on)}, c.Right == access.Impersonate
	case access.KindSystem:
		switch c.Right {
		case access.GrantAccess:
			return edge{kind: ByGrantAccess, to: at(granting, on)}, true
		case access.Impersonate:
			return edge{kind: ByImpersonate, to: at(becoming, on)}, true
		case access.BypassControls:
			return edge{kind: ByHost, to: at(control, on)}, true
		default:
			return edge{}, false
		}
	default:
		return edge{}, false
	}
}

func (s *snapshot) fromSystem(x vertex, l *lead, yield func(edge) bool) {
	row := s.systems.peek(x.id())
	if row == nil {
		return
	}
	kind := x.kind()
	if kind != becoming {
		by := ByHost
		if kind == granting {
			by = ByGrantAccess
		}
		for e := range l.entitlementsOf(row, x) {
			if !yield(edge{kind: by, to: at(atEntitlement, e)}) {
				return
			}
		}
	}
	if kind != granting {
		for a := range l.accountsOf(row, x) {
			if !yield(edge{kind: ByImpersonate, to: at(atAccount, a)}) {
				return
			}
		}
	}
	if kind == control {
		for guest := range row.guests.each {
			if !yield(edge{kind: ByHost, to: at(control, guest)}) {
				return
			}
		}
	}
}

// into yields the edges that end at a vertex, except from identities and from
// accounts; of those only the accounts that somebody could become, when
// escalation is asked for. The edge's to is where it starts.
func (s *snapshot) into(x vertex, escalation bool, yield func(edge) bool) {
	known := func(e edge) bool { return !s.there(e.to) || yield(e) }
	id := x.id()
	switch x.kind() {
	case atEntitlement:
		if s.intoHeld(s.held.peek(id), escalation, known) && escalation {
			s.intoEntitlement(id, known)
		}
	case atRole:
		s.intoHeld(s.assigned.peek(id), false, known)
	case atAccount:
		if escalation {
			s.intoAccount(id, known)
		}
	case granting, becoming, control:
		s.intoSystem(x, known)
	}
}

// intoHeld yields entitlements, roles and, under escalation, exposed accounts
// among holders.
func (s *snapshot) intoHeld(h *holders, escalation bool, yield func(edge) bool) bool {
	if h == nil {
		return true
	}
	for i := range h.sets {
		hs := &h.sets[i]
		switch hs.kind {
		case access.KindEntitlement:
			for from := range hs.each {
				if !yield(edge{kind: ByNesting, mode: hs.mode, to: at(atEntitlement, from)}) {
					return false
				}
			}
		case access.KindRole:
			for from := range hs.each {
				if !yield(edge{kind: ByRoleGives, to: at(atRole, from)}) {
					return false
				}
			}
		case access.KindAccount:
			if escalation && !s.intoExposed(hs, yield) {
				return false
			}
		default: // identities are collected, not passed
		}
	}
	return true
}

func (s *snapshot) intoExposed(hs *holderSet, yield func(edge) bool) bool {
	exposed := s.exposure().accounts
	if exposed.IsEmpty() {
		return true
	}
	for from := range hs.each {
		if exposed.Contains(from) && !yield(edge{kind: ByGrant, mode: hs.mode, to: at(atAccount, from)}) {
			return false
		}
	}
	return true
}

func (s *snapshot) intoEntitlement(id uint32, yield func(edge) bool) {
	for from := range s.granters.each(id) {
		if !yield(edge{kind: ByGrantAccess, to: at(atEntitlement, from)}) {
			return
		}
	}
	for from := range s.stepIns.each(id) {
		if !yield(edge{kind: ByImpersonate, to: at(atEntitlement, from)}) {
			return
		}
	}
	row := s.entitlements.peek(id)
	if row == nil || row.node.System == 0 {
		return
	}
	system := uint32(row.node.System)
	_ = yield(edge{kind: ByGrantAccess, to: at(granting, system)}) &&
		yield(edge{kind: ByHost, to: at(control, system)})
}

func (s *snapshot) intoAccount(id uint32, yield func(edge) bool) {
	for from := range s.impersonates.each(id) {
		if !yield(edge{kind: ByImpersonate, to: at(atEntitlement, from)}) {
			return
		}
	}
	if s.owner.at(id)&usable != 0 {
		for by := range s.openings.eachOpening(id) {
			if !yield(edge{kind: ByOpening, to: at(atAccount, by)}) {
				return
			}
		}
	}
	row := s.accounts.peek(id)
	if row == nil || row.system == 0 {
		return
	}
	_ = yield(edge{kind: ByImpersonate, to: at(becoming, row.system)}) &&
		yield(edge{kind: ByImpersonate, to: at(control, row.system)})
}

func (s *snapshot) intoSystem(x vertex, yield func(edge) bool) {
	row := s.systems.peek(x.id())
	if row == nil {
		return
	}
	from, kind := &row.controllers, ByHost
	switch x.kind() {
	case granting:
		from, kind = &row.granters, ByGrantAccess
	case becoming:
		from, kind = &row.impersonators, ByImpersonate
	}
	for e := range from.each {
		if !yield(edge{kind: kind, to: at(atEntitlement, e)}) {
			return
		}
	}
	if x.kind() == control && row.node.RunsOn != 0 {
		yield(edge{kind: ByHost, to: at(control, uint32(row.node.RunsOn))})
	}
}
