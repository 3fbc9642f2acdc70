package graph

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
)

// Members is everybody who can, as sets of keys. They are shared with other
// answers: clone one before changing it.
type Members struct {
	Identities *roaring.Bitmap
	Orphans    *roaring.Bitmap // usable accounts that no identity answers for
	Accounts   *roaring.Bitmap // all usable accounts that can
}

func (m Members) bytes() uint64 {
	return m.Identities.GetSizeInBytes() + m.Accounts.GetSizeInBytes() + m.Orphans.GetSizeInBytes()
}

// Members answers who can reach at least one of the targets, which are
// entitlements, roles, resources (anything on it or inside it) or systems
// (anything of it).
func (v *View) Members(targets []access.Ref, q Question) Members {
	if len(targets) == 1 {
		return v.s.membersOf(targets[0], q)
	}
	b := v.s.backward(q)
	for _, t := range targets {
		b.aim(t)
	}
	return b.members()
}

// membersOf answers for one target and remembers it.
func (s *snapshot) membersOf(target access.Ref, q Question) Members {
	key := memoryKey{target, q.modes(), q.Escalation}
	if m, ok := s.remembered.find(key); ok {
		return m
	}
	b := s.backward(q)
	b.aim(target)
	m := b.members()
	s.remembered.keep(key, m)
	return m
}

// backward follows edges against their direction. The modes of a vertex are
// those of the paths from it to a target.
type backward struct {
	s          *snapshot
	escalation bool
	noRoles    bool // roles are not followed
	want       modeSet
	modes      map[vertex]modeSet
	queue      []vertex
	rights     []*holders // of grants that are targets by the resource they name
}

func (s *snapshot) backward(q Question) *backward {
	return &backward{s: s, escalation: q.Escalation, want: q.modes(), modes: map[vertex]modeSet{}}
}

func (b *backward) visit(x vertex, modes modeSet) {
	if b.noRoles && x.kind() == atRole {
		return
	}
	if known := b.modes[x]; known|modes != known {
		b.modes[x] = known | modes
		b.queue = append(b.queue, x)
	}
}

func (b *backward) aim(target access.Ref) {
	t := b.s.extentOf(target)
	for _, x := range t.roles {
		b.visit(x, standing)
	}
	t.entitlements.Iterate(func(e uint32) bool {
		b.visit(at(atEntitlement, e), standing)
		return true
	})
	t.resources.Iterate(func(r uint32) bool {
		b.aimRights(r)
		return true
	})
	if b.escalation {
		for _, x := range t.holds {
			b.visit(x, standing)
		}
	}
}

func (b *backward) aimRights(resource uint32) {
	named := b.s.rights.at(resource)
	if named == nil {
		return
	}
	for i := range named.list {
		r := &named.list[i]
		if !b.s.there(at(atEntitlement, r.entitlement)) {
			continue
		}
		b.rights = append(b.rights, &r.held)
		b.s.intoHeld(&r.held, b.escalation, func(e edge) bool {
			if b.s.there(e.to) {
				b.visit(e.to, standing.through(e.mode))
			}
			return true
		})
	}
}

func (b *backward) run() {
	for len(b.queue) > 0 {
		x := b.queue[len(b.queue)-1]
		b.queue = b.queue[:len(b.queue)-1]
		modes := b.modes[x]
		b.s.into(x, b.escalation, func(e edge) bool {
			b.visit(e.to, modes.through(e.mode))
			return true
		})
	}
}

// members adds up who directly holds anything that leads to a target.
func (b *backward) members() Members {
	b.run()
	m := Members{Identities: roaring.New(), Accounts: roaring.New()}
	for x, modes := range b.modes {
		switch x.kind() {
		case atEntitlement:
			b.collect(b.s.held.peek(x.id()), modes, &m)
		case atRole:
			b.collect(b.s.assigned.peek(x.id()), modes, &m)
		}
	}
	for _, h := range b.rights {
		b.collect(h, standing, &m)
	}
	if !m.Identities.IsEmpty() {
		m.Identities.And(b.s.present.bitmap())
	}
	b.s.addOpeners(m.Accounts)
	b.s.addOwners(&m)
	return m
}

func (b *backward) collect(h *holders, modes modeSet, m *Members) {
	if h == nil {
		return
	}
	for i := range h.sets {
		hs := &h.sets[i]
		if modes.through(hs.mode)&b.want == 0 {
			continue
		}
		switch hs.kind {
		case access.KindIdentity:
			hs.orInto(m.Identities)
		case access.KindAccount:
			hs.orInto(m.Accounts)
		default: // entitlements and roles were followed
		}
	}
}

// addOpeners adds the accounts that open those which can be used, and those that
// open them in turn.
func (s *snapshot) addOpeners(accounts *roaring.Bitmap) {
	if s.opened.empty() {
		return
	}
	behind := s.opened.bitmap()
	for todo := roaring.And(accounts, behind); !todo.IsEmpty(); {
		openers := roaring.New()
		todo.Iterate(func(x uint32) bool {
			if s.owner.at(x)&usable != 0 {
				for by := range s.openings.eachOpening(x) {
					openers.Add(by)
				}
			}
			return true
		})
		openers.AndNot(accounts)
		accounts.Or(openers)
		todo = roaring.And(openers, behind)
	}
}

// Assigned are the identities that were assigned a role themself. It is the caller's.
func (v *View) Assigned(id access.RoleID) *roaring.Bitmap {
	set := roaring.New()
	if h := v.s.assigned.peek(uint32(id)); h != nil && v.s.there(at(atRole, uint32(id))) {
		v.s.collectIdentities(h, set)
	}
	return set
}

// Granted are the identities that reach an entitlement by grants, nested ones followed:
// what the systems themselves show. Roles do not count. It is the caller's.
func (v *View) Granted(id access.EntitlementID) *roaring.Bitmap {
	b := v.s.backward(Question{})
	b.noRoles = true
	b.aim(id.Ref())
	return b.members().Identities
}

// collectIdentities adds those that are there of a set of holders.
func (s *snapshot) collectIdentities(h *holders, into *roaring.Bitmap) {
	for i := range h.sets {
		if h.sets[i].kind == access.KindIdentity {
			h.sets[i].orInto(into)
		}
	}
	into.And(s.present.bitmap())
}
