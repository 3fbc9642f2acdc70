package graph

import (
	"iter"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
)

// lead says how far it is to a target, under escalation. Whoever controls a
// directory can become a million accounts; a search forward that knows where it goes
// looks at the few of them that lead there. A nil lead leaves nothing out.
type lead struct {
	far       map[vertex]uint32 // in edges; not of identities, nor of accounts that nobody could become
	all       members
	layers    []members       // by how far
	resources *roaring.Bitmap // whatever is held on one of them is the target
	nearer    bool            // every edge of a shortest path leads nearer: so it is where any mode counts
}

// members are the entitlements and accounts among vertices, to be cut out of all
// those of a system.
type members struct{ entitlements, accounts *roaring.Bitmap }

func (m members) add(x vertex) {
	switch x.kind() {
	case atEntitlement:
		m.entitlements.Add(x.id())
	case atAccount:
		m.accounts.Add(x.id())
	}
}

// leadTo works out the ways to a target, and remembers them.
func (s *snapshot) leadTo(target access.Ref, want modeSet) *lead {
	key := memoryKey{target: target, modes: want, escalation: true}
	if l, ok := s.leads.find(key); ok {
		return l
	}
	l := &lead{
		far: map[vertex]uint32{}, all: members{roaring.New(), roaring.New()},
		resources: s.extentOf(target).resources, nearer: want == anyMode,
	}
	l.walk(s, target)
	s.leads.keep(key, l)
	return l
}

// walk goes backward from the target, one edge at a time. Whoever holds something
// on the target's resources is one edge away from the start. Accounts that nobody
// could become are left out also where they open one of these: a search only begins
// at such, and an account that it is let in as may be one that is not known either.
func (l *lead) walk(s *snapshot, target access.Ref) {
	exposed := s.exposure().accounts
	layer := s.aimedAt(target)
	next := s.holdingOn(l.resources)
	for distance := uint32(0); len(layer)+len(next) > 0; distance++ {
		here := members{roaring.New(), roaring.New()}
		l.layers = append(l.layers, here)
		for _, x := range layer {
			if _, known := l.far[x]; known {
				continue
			}
			l.far[x] = distance
			here.add(x)
			l.all.add(x)
			s.into(x, true, func(e edge) bool {
				if e.to.kind() != atAccount || exposed.Contains(e.to.id()) {
					next = append(next, e.to)
				}
				return true
			})
		}
		layer, next = next, nil
	}
}

// aimedAt returns the vertices of a target.
func (s *snapshot) aimedAt(target access.Ref) []vertex {
	t := s.extentOf(target)
	list := append(t.roles, t.holds...)
	t.entitlements.Iterate(func(e uint32) bool {
		list = append(list, at(atEntitlement, e))
		return true
	})
	return list
}

// holdingOn returns who holds something on one of some resources, as into does.
func (s *snapshot) holdingOn(resources *roaring.Bitmap) []vertex {
	b := s.backward(Question{Escalation: true})
	resources.Iterate(func(r uint32) bool {
		b.aimRights(r)
		return true
	})
	return b.queue
}

// follows reports whether an edge may be on a shortest path to the target. A
// search may begin at the target itself, and then first leads away.
func (l *lead) follows(from vertex, e edge) bool {
	if l == nil || e.resource != 0 && l.resources.Contains(e.resource) {
		return true
	}
	here, known := l.far[from]
	there, leads := l.far[e.to]
	if !known {
		return leads || e.to.kind() == atAccount
	}
	return leads && (!l.nearer || here == 0 || there < here)
}

// next returns what edges from a vertex of a system have to lead to.
func (l *lead) next(from vertex) members {
	if here := l.far[from]; l.nearer && here > 0 {
		return l.layers[here-1]
	}
	return l.all
}

// entitlementsOf yields those of a system that a path may go on to.
func (l *lead) entitlementsOf(row *systemRow, from vertex) iter.Seq[uint32] {
	if l == nil || row.entitlements.many == nil {
		return row.entitlements.each
	}
	return roaring.And(row.entitlements.many, l.next(from).entitlements).Iterate
}

// accountsOf yields those of a system that a path may go on to.
func (l *lead) accountsOf(row *systemRow, from vertex) iter.Seq[uint32] {
	if l == nil || row.accounts.many == nil {
		return row.accounts.each
	}
	return roaring.And(row.accounts.many, l.next(from).accounts).Iterate
}

func (l *lead) bytes() uint64 {
	const each = 32 // in the map and twice in bitmaps
	return each*uint64(len(l.far)) + l.resources.GetSizeInBytes()
}
