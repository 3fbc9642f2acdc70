package graph

import (
	"iter"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
)

// lead is what lies on some way to a target. Whoever controls a directory can
// become a million accounts; a search forward that knows where it goes looks at the
// few of them that lead there. A nil lead leaves nothing out.
type lead struct {
	entitlements *roaring.Bitmap
	accounts     *roaring.Bitmap // of those that somebody could become
	resources    *roaring.Bitmap // whatever is held on one ends the way
	others       map[vertex]struct{}
}

// leadTo works out the way to a target under escalation, and remembers it.
func (s *snapshot) leadTo(target access.Ref) *lead {
	key := memoryKey{target: target, escalation: true}
	if l, ok := s.leads.find(key); ok {
		return l
	}
	b := s.backward(Question{Escalation: true})
	b.aim(target)
	b.run()
	l := &lead{
		entitlements: roaring.New(), accounts: roaring.New(),
		resources: s.extentOf(target).resources, others: map[vertex]struct{}{},
	}
	for x := range b.modes {
		switch x.kind() {
		case atEntitlement:
			l.entitlements.Add(x.id())
		case atAccount:
			l.accounts.Add(x.id())
		default:
			l.others[x] = struct{}{}
		}
	}
	s.leads.keep(key, l)
	return l
}

// follows reports whether an edge may lead to the target.
func (l *lead) follows(e edge) bool {
	if l == nil {
		return true
	}
	switch e.to.kind() {
	case atEntitlement:
		return l.entitlements.Contains(e.to.id()) || e.resource != 0 && l.resources.Contains(e.resource)
	case atAccount: // a lead knows only accounts that somebody could become
		return e.kind != ByImpersonate || l.accounts.Contains(e.to.id())
	default:
		_, on := l.others[e.to]
		return on
	}
}

// among yields those of some accounts that lead to the target.
func (l *lead) among(accounts *set) iter.Seq[uint32] {
	if l != nil && accounts.many != nil {
		return func(yield func(uint32) bool) { roaring.And(accounts.many, l.accounts).Iterate(yield) }
	}
	return accounts.each
}

func (l *lead) bytes() uint64 {
	const other = 16
	return l.entitlements.GetSizeInBytes() + l.accounts.GetSizeInBytes() + l.resources.GetSizeInBytes() + other*uint64(len(l.others))
}
