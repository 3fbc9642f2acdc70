package graph

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
)

const defaultPage = 100

// Holders is an answer to "who can?".
type Holders struct {
	Rev        access.Rev
	Count      int // of identities
	Identities []access.IdentityID
	Orphans    int // accounts without an identity that can, too
	Accounts   []access.AccountID
	Next       int64 // Question.After of the next page, 0 at the end
}

// WhoCan answers who can reach an entitlement, a role, a resource (anything on
// it or inside it) or a system (anything of it). Accounts that cannot be used do
// not count. A page lists identities, then orphaned accounts; Next is below zero
// among the accounts.
func (v *View) WhoCan(target access.Ref, q Question) Holders {
	m := v.s.membersOf(target, q)
	h := Holders{
		Rev:     v.s.rev,
		Count:   int(m.Identities.GetCardinality()),
		Orphans: int(m.Orphans.GetCardinality()),
	}
	room := q.First
	if room <= 0 {
		room = defaultPage
	}
	after := q.After
	if after >= 0 {
		var more bool
		h.Identities, more = page[access.IdentityID](m.Identities, after, room)
		if more {
			h.Next = int64(h.Identities[len(h.Identities)-1])
			return h
		}
		room -= len(h.Identities)
		if room == 0 && h.Orphans > 0 {
			h.Next = max(after, int64(m.Identities.Maximum()))
			return h
		}
		after = 0
	}
	var more bool
	h.Accounts, more = page[access.AccountID](m.Orphans, -after, room)
	if more {
		h.Next = -int64(h.Accounts[len(h.Accounts)-1])
	}
	return h
}

// page lists up to room keys behind after and says whether there are more.
func page[T ~int64](b *roaring.Bitmap, after int64, room int) (keys []T, more bool) {
	if after < 0 || after >= several {
		return nil, false
	}
	it := b.Iterator()
	it.AdvanceIfNeeded(uint32(after + 1))
	for it.HasNext() {
		if len(keys) == room {
			return keys, true
		}
		keys = append(keys, T(it.Next()))
	}
	return keys, false
}

// Both counts, for each pair, the identities that effectively hold both; they
// are listed by PairHolders.
func (v *View) Both(pairs [][2]access.EntitlementID, q Question) []int {
	sets := map[access.EntitlementID]*roaring.Bitmap{}
	holders := func(id access.EntitlementID) *roaring.Bitmap {
		b, ok := sets[id]
		if !ok {
			b = v.s.membersOf(id.Ref(), q).Identities
			sets[id] = b
		}
		return b
	}
	counts := make([]int, len(pairs))
	for i, pair := range pairs {
		counts[i] = int(holders(pair[0]).AndCardinality(holders(pair[1])))
	}
	return counts
}

// PairHolders lists the identities that effectively hold both: all of them
// behind Question.After, unless First is set.
func (v *View) PairHolders(a, b access.EntitlementID, q Question) []access.IdentityID {
	both := roaring.And(v.s.membersOf(a.Ref(), q).Identities, v.s.membersOf(b.Ref(), q).Identities)
	room := q.First
	if room <= 0 {
		room = int(both.GetCardinality())
	}
	list, _ := page[access.IdentityID](both, max(q.After, 0), room)
	return list
}
