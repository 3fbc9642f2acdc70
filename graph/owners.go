package graph

import (
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// addOwners leaves the usable accounts and adds the identities that they belong to.
func (s *snapshot) addOwners(m *Members) {
	m.Orphans = roaring.New()
	if m.Accounts.IsEmpty() {
		return
	}
	m.Accounts.And(s.usableAccounts.bitmap())
	g := gathering{s: s, present: s.presence()}
	if m.Accounts.GetCardinality() < manyAccounts {
		m.Accounts.Iterate(func(account uint32) bool { g.one(account); return true })
	} else {
		g.many(m.Accounts)
	}
	m.Orphans.AddMany(g.orphans)
	m.Identities.Or(g.bitmap())
}

// From this many accounts on, identities are gathered as words of bits.
const manyAccounts = 4096

// gathering collects the identities of usable accounts, those that are there, and
// the accounts that have none: as a list, and as words of bits.
type gathering struct {
	s       *snapshot
	present []uint64 // bits of the identities that are there
	list    []uint32
	words   []uint64
	orphans []uint32
}

// one takes one account.
func (g *gathering) one(account uint32) {
	found := false
	for identity := range g.s.eachOwner(account) {
		if n := int(identity / 64); n < len(g.present) && g.present[n]&(1<<(identity%64)) != 0 {
			g.list = append(g.list, identity)
			found = true
		}
	}
	if !found {
		g.orphans = append(g.orphans, account)
	}
}

// many takes the accounts of a million people within a few milliseconds: a look at
// whose each is, and a bit for whom. An account of several or of nobody who is
// there is rare and taken by itself.
func (g *gathering) many(accounts *roaring.Bitmap) {
	words := make([]uint64, len(g.present))
	sheets := g.s.owner.sheets // a usable account has a row
	var odd []uint32
	var buf [1024]uint32
	it := accounts.ManyIterator()
	for n := it.NextMany(buf[:]); n > 0; n = it.NextMany(buf[:]) {
		for _, account := range buf[:n] {
			owner := sheets[account>>sheetBits].rows[account%sheetSize] & ownerMask
			at, bit := int(owner/64), uint64(1)<<(owner%64)
			if at < len(words) && g.present[at]&bit != 0 {
				words[at] |= bit
			} else {
				odd = append(odd, account)
			}
		}
	}
	g.words = words
	for _, account := range odd {
		g.one(account)
	}
}

func (g *gathering) bitmap() *roaring.Bitmap {
	b := roaring.New()
	if g.words != nil {
		b.FromDense(g.words, true)
	}
	slices.Sort(g.list)
	b.AddMany(g.list)
	return b
}
