package graph

import (
	"cmp"
	"iter"
	"slices"

	"github.com/writhq/writ/access"
)

// parked is a forgotten object: where its edges were written, and whether its
// node has returned; or one of which only the grants were forgotten.
type parked struct {
	grants, credentials, openings, assignments uint64
	returned, onlyGrants                       bool
}

// Forget drops an object and the edges that start at it. Only kinds that are
// nodes are known; edges have no life of their own.
func (b *builder) Forget(ref access.Ref) {
	b.flush()
	if _, err := dense("", ref.Key); err != nil {
		return
	}
	b.touch(ref)
	p, again := b.forgotten[ref]
	whole := again && !p.onlyGrants
	p.returned, p.onlyGrants = false, false
	id := uint32(ref.Key)
	if from := b.grantsOf(ref.Kind); from != nil {
		b.park(from, id, &p.grants, again)
	}
	switch ref.Kind {
	case access.KindAccount:
		b.park(&b.credentials, id, &p.credentials, whole)
		b.park(&b.openings, id, &p.openings, whole)
	case access.KindIdentity:
		b.park(&b.assignments, id, &p.assignments, whole)
	default: // others have grants at most
	}
	if again || p != (parked{}) || b.linked(ref) {
		if b.forgotten == nil {
			b.forgotten = map[access.Ref]parked{}
		}
		b.forgotten[ref] = p
	}
}

// ForgetGrants drops the grants that start at an object, unless all of it was
// forgotten, as with its system.
func (b *builder) ForgetGrants(ref access.Ref) {
	b.flush()
	from := b.grantsOf(ref.Kind)
	if _, err := dense("", ref.Key); err != nil || from == nil {
		return
	}
	if _, gone := b.forgotten[ref]; gone {
		return
	}
	b.touch(ref)
	p := parked{onlyGrants: true}
	b.park(from, uint32(ref.Key), &p.grants, false)
	if b.forgotten == nil {
		b.forgotten = map[access.Ref]parked{}
	}
	b.forgotten[ref] = p
}

// linked reports whether an object's node is known.
func (b *builder) linked(ref access.Ref) bool {
	id := uint32(ref.Key)
	switch ref.Kind {
	case access.KindSystem:
		return b.there(at(control, id))
	case access.KindResource:
		return b.resources.at(id).there
	default: // the others are vertices
	}
	x, ok := vertexOf(ref)
	return ok && b.there(x)
}

// park remembers where an object's edges are, which can be read until the lists
// are compacted. Of an object forgotten again, the first are what sets know.
func (b *builder) park(from *lists, id uint32, place *uint64, again bool) {
	if !again {
		*place = from.heads.at(id)
	}
	from.drop(b.gen, id)
}

// returns notes that a node is delivered.
func (b *builder) returns(ref access.Ref) {
	b.touch(ref)
	if p, ok := b.forgotten[ref]; ok {
		p.returned = true
		b.forgotten[ref] = p
	}
}

// ForgetSystem drops the system and every object of it.
func (b *builder) ForgetSystem(id access.SystemID) {
	b.Forget(id.Ref())
	row := b.systems.peek(uint32(id))
	if row == nil {
		return
	}
	objects := make([]access.Ref, 0, 64)
	for x := range row.accounts.each {
		objects = append(objects, access.AccountID(x).Ref())
	}
	for x := range row.entitlements.each {
		objects = append(objects, access.EntitlementID(x).Ref())
	}
	for x := range row.resources.each {
		objects = append(objects, access.ResourceID(x).Ref())
	}
	for _, ref := range objects {
		b.Forget(ref)
	}
}

// settle compares what was forgotten with what came instead.
func (b *builder) settle() {
	for ref, p := range b.forgotten {
		id := uint32(ref.Key)
		if from := b.grantsOf(ref.Kind); from != nil {
			b.settleGrants(from, ref.Kind, id, p.grants)
		}
		if p.onlyGrants {
			continue
		}
		switch ref.Kind {
		case access.KindAccount:
			b.settleCredentials(id, p.credentials)
			b.settleOpenings(id, p.openings)
		case access.KindIdentity:
			b.settleAssignments(id, p.assignments)
		default: // others have grants at most
		}
		if p.returned {
			continue
		}
		switch ref.Kind {
		case access.KindIdentity:
			b.unlinkIdentity(id)
		case access.KindAccount:
			b.unlinkAccount(id)
		case access.KindEntitlement:
			b.unlinkEntitlement(id)
		case access.KindResource:
			b.unlinkResource(id)
		case access.KindRole:
			b.unlinkRole(id)
		case access.KindSystem:
			b.unlinkSystem(id)
		default: // edges are no objects
		}
	}
	b.forgotten = nil
}

func (b *builder) settleGrants(from *lists, kind access.ObjectKind, holder uint32, place uint64) {
	oldHeld, oldRights := grantKeys(from.grantsAt(place))
	newHeld, newRights := grantKeys(from.eachGrant(holder))
	changes(oldHeld, newHeld, func(key uint64, added bool) {
		h, mode := b.held.edit(b.gen, uint32(key>>modeBits)), access.Mode(key&modeMask)
		if added {
			h.add(b.gen, kind, mode, holder)
		} else {
			h.remove(b.gen, kind, mode, holder)
		}
	})
	changes(oldRights, newRights, func(key uint64, added bool) {
		resource, entitlement, mode := uint32(key>>(31+modeBits)), uint32(key>>modeBits)&several, access.Mode(key&modeMask)
		if added {
			b.rightTo(resource, entitlement).add(b.gen, kind, mode, holder)
		} else {
			b.dropRight(resource, entitlement, kind, mode, holder)
		}
	})
}

const (
	modeBits = 2
	modeMask = 1<<modeBits - 1
)

// grantKeys returns what sets know about grants: entitlement and mode, and for
// grants that name a resource that as well. Ids have 31 bits.
func grantKeys(grants iter.Seq[heldGrant]) (held, rights []uint64) {
	for g := range grants {
		key := uint64(g.entitlement)<<modeBits | uint64(g.mode)
		held = append(held, key)
		if g.resource != 0 {
			rights = append(rights, uint64(g.resource)<<(31+modeBits)|key)
		}
	}
	return held, rights
}

func (b *builder) settleCredentials(account uint32, place uint64) {
	var before, now []uint64
	for c := range b.credentials.credentialsAt(place) {
		before = append(before, uint64(c.id))
	}
	for c := range b.credentials.eachCredential(account) {
		now = append(now, uint64(c.id))
	}
	changes(before, now, func(id uint64, added bool) {
		if added {
			b.accepting.add(b.gen, uint32(id), account)
		} else {
			b.accepting.remove(b.gen, uint32(id), account)
		}
	})
}

func (b *builder) settleOpenings(account uint32, place uint64) {
	before := slices.Collect(b.openings.openingsAt(place))
	now := slices.Collect(b.openings.eachOpening(account))
	switch {
	case len(now) > 0:
		b.opened.add(b.gen, account)
	case len(before) > 0:
		b.opened.remove(b.gen, account)
	}
	changes(before, now, func(by uint32, added bool) {
		if added {
			b.opens.add(b.gen, by, account)
		} else {
			b.opens.remove(b.gen, by, account)
		}
	})
}

func (b *builder) settleAssignments(identity uint32, place uint64) {
	var before, now []uint64
	for _, role := range b.assignments.assignmentsAt(place) {
		before = append(before, uint64(role))
	}
	for _, role := range b.assignments.eachAssignment(identity) {
		now = append(now, uint64(role))
	}
	changes(before, now, func(role uint64, added bool) {
		h := b.assigned.edit(b.gen, uint32(role))
		if added {
			h.add(b.gen, access.KindIdentity, access.Standing, identity)
		} else {
			h.remove(b.gen, access.KindIdentity, access.Standing, identity)
		}
	})
}

// changes calls with each key that is only in one of the lists.
func changes[T cmp.Ordered](before, now []T, apply func(key T, added bool)) {
	slices.Sort(before)
	slices.Sort(now)
	before, now = slices.Compact(before), slices.Compact(now)
	for len(before) > 0 || len(now) > 0 {
		switch {
		case len(now) == 0 || len(before) > 0 && before[0] < now[0]:
			apply(before[0], false)
			before = before[1:]
		case len(before) == 0 || now[0] < before[0]:
			apply(now[0], true)
			now = now[1:]
		default:
			before, now = before[1:], now[1:]
		}
	}
}
