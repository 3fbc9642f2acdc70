package role

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/ask"
	"github.com/writhq/writ/graph"
)

// Edits are what a candidate is to give beside, and what no more.
type Edits struct {
	Add  []access.EntitlementID `query:"add" json:"add,omitempty" maxItems:"200" doc:"What it is to give beside"`
	Drop []access.EntitlementID `query:"drop" json:"drop,omitempty" maxItems:"2000" doc:"What it is to give no more"`
}

// of are entitlements with the edits done, in order.
func (e Edits) of(list []access.EntitlementID) []access.EntitlementID {
	all := slices.Concat(list, e.Add)
	all = slices.DeleteFunc(all, func(id access.EntitlementID) bool { return slices.Contains(e.Drop, id) })
	slices.Sort(all)
	return slices.Compact(all)
}

// How large a picture is, and what it is made of.
const (
	maxRows    = 24  // groups of people; the rest of each kind is one more
	maxColumns = 24  // groups of entitlements; the rest of those given is one more
	maxBeside  = 8   // entitlements that it does not give and most members hold
	sampled    = 500 // members who are asked what they hold beside
	nearShare  = 0.8 // of what it gives, that somebody holds nearly all of it by
)

// sketch is what a candidate's members and those near to them hold now: of each
// entitlement that it gives, or most members hold beside, who holds it.
type sketch struct {
	rev     access.Rev
	members *roaring.Bitmap
	near    *roaring.Bitmap
	gives   []access.EntitlementID
	beside  []access.EntitlementID
	holders map[access.EntitlementID]*roaring.Bitmap // who keep what they are given

	Support, Covered, Extra int
}

// sketched looks at what members hold now.
func sketched(v *graph.View, members []access.IdentityID, gives []access.EntitlementID, in func(access.EntitlementID) bool) *sketch {
	s := &sketch{rev: v.Rev(), members: roaring.New(), near: roaring.New(), gives: gives, holders: map[access.EntitlementID]*roaring.Bitmap{}}
	for _, id := range members {
		if n, there := v.Identity(id); there && keeps(n.State) {
			s.members.Add(uint32(id)) //nolint:gosec // keys have 31 bits
		}
	}
	held := map[uint32]int{}
	var all *roaring.Bitmap
	for _, e := range gives {
		b := s.hold(v, e)
		if all == nil {
			all = b.Clone()
		}
		all.And(b)
		for it := b.Iterator(); it.HasNext(); {
			held[it.Next()]++
		}
		s.Covered += int(b.AndCardinality(s.members)) //nolint:gosec // identities have 32 bits
	}
	if all != nil {
		s.Support = int(all.GetCardinality()) //nolint:gosec // identities have 32 bits
	}
	s.Extra = int(s.members.GetCardinality())*len(gives) - s.Covered //nolint:gosec // identities have 32 bits
	for who, n := range held {
		if n < len(gives) && n > 1 && float64(n) >= nearShare*float64(len(gives)) && !s.members.Contains(who) {
			s.near.Add(who)
		}
	}
	s.besides(v, in)
	return s
}

// hold is who holds an entitlement and keeps what they are given.
func (s *sketch) hold(v *graph.View, e access.EntitlementID) *roaring.Bitmap {
	if b := s.holders[e]; b != nil {
		return b
	}
	b := roaring.New()
	for who := range Holders(v, e) {
		if n, there := v.Identity(who); there && keeps(n.State) {
			b.Add(uint32(who)) //nolint:gosec // keys have 31 bits
		}
	}
	s.holders[e] = b
	return b
}

// besides finds what at least half of the members hold, and it does not give.
func (s *sketch) besides(v *graph.View, in func(access.EntitlementID) bool) {
	times := map[access.EntitlementID]int{}
	asked := 0
	for it := s.members.Iterator(); it.HasNext() && asked < sampled; asked++ {
		who := access.IdentityID(it.Next())
		holders := []access.Ref{who.Ref()}
		for _, id := range v.AccountsOf(who) {
			holders = append(holders, id.Ref())
		}
		mine := map[access.EntitlementID]bool{}
		for _, ref := range holders {
			for g := range v.DirectGrants(ref) {
				mine[g.Entitlement] = true
			}
		}
		for e := range mine {
			times[e]++
		}
	}
	type shared struct {
		id access.EntitlementID
		n  uint64
	}
	var list []shared
	for e, n := range times {
		if 2*n < asked || slices.Contains(s.gives, e) || !in(e) {
			continue
		}
		if n := s.hold(v, e).AndCardinality(s.members); 2*n >= s.members.GetCardinality() {
			list = append(list, shared{e, n})
		}
	}
	slices.SortFunc(list, func(a, b shared) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.id, b.id)) })
	for _, x := range list[:min(len(list), maxBeside)] {
		s.beside = append(s.beside, x.id)
	}
}

// band is a group of people or of entitlements that are alike in what is held.
type band struct {
	member bool
	given  bool
	keys   *roaring.Bitmap // of identities, or places of entitlements
}

// rows are people who hold the same of what is shown, members first, the largest first.
func (s *sketch) rows() []band {
	shown := slices.Concat(s.gives, s.beside)
	pattern := map[uint32][]byte{}
	for i, e := range shown {
		for _, who := range []*roaring.Bitmap{s.members, s.near} {
			b := s.holders[e].Clone()
			b.And(who)
			for it := b.Iterator(); it.HasNext(); {
				key := it.Next()
				if pattern[key] == nil {
					pattern[key] = make([]byte, (len(shown)+7)/8)
				}
				pattern[key][i/8] |= 1 << (i % 8)
			}
		}
	}
	list := grouped(s.members, pattern, true)
	return append(list, grouped(s.near, pattern, false)...)
}

func grouped(who *roaring.Bitmap, pattern map[uint32][]byte, member bool) []band {
	of := map[string]*band{}
	var list []*band
	for it := who.Iterator(); it.HasNext(); {
		key := it.Next()
		held := string(pattern[key])
		if of[held] == nil {
			of[held] = &band{member: member, keys: roaring.New()}
			list = append(list, of[held])
		}
		of[held].keys.Add(key)
	}
	slices.SortStableFunc(list, func(a, b *band) int { return cmp.Compare(b.keys.GetCardinality(), a.keys.GetCardinality()) })
	return capped(list, maxRows)
}

// capped makes one of all that are too many.
func capped(list []*band, most int) []band {
	var some []band
	for i, b := range list {
		if i <= most {
			some = append(some, *b)
			continue
		}
		some[most].keys.Or(b.keys)
	}
	return some
}

// columns are entitlements that the same people hold, as far as rows tell them apart; what
// it gives first, and of that what is held most.
func (s *sketch) columns(rows []band) []band {
	of := map[string]*band{}
	total := map[*band]int{}
	var given, beside []*band
	for i := range len(s.gives) + len(s.beside) {
		place := roaring.BitmapOf(uint32(i)) //nolint:gosec // entitlements of one candidate
		if i >= len(s.gives) {
			beside = append(beside, &band{keys: place})
			continue
		}
		var counts []byte
		all := 0
		for _, r := range rows {
			n := s.crossing(r, place)
			counts, all = binary.AppendVarint(counts, int64(n)), all+n
		}
		b := of[string(counts)]
		if b == nil {
			b = &band{given: true, keys: roaring.New()}
			of[string(counts)], total[b] = b, all
			given = append(given, b)
		}
		b.keys.Or(place)
	}
	slices.SortStableFunc(given, func(a, b *band) int { return cmp.Compare(total[b], total[a]) })
	return append(capped(given, maxColumns), capped(beside, maxBeside)...)
}

// crossing counts the pairs of some people and some places that are held.
func (s *sketch) crossing(row band, places *roaring.Bitmap) int {
	n := uint64(0)
	for it := places.Iterator(); it.HasNext(); {
		n += s.holders[s.at(it.Next())].AndCardinality(row.keys)
	}
	return int(n) //nolint:gosec // a part of what is held
}

// at is the entitlement at a place of what is shown.
func (s *sketch) at(i uint32) access.EntitlementID {
	if int(i) < len(s.gives) {
		return s.gives[i]
	}
	return s.beside[int(i)-len(s.gives)]
}

// PictureRow is people who hold the same of what the picture shows.
type PictureRow struct {
	Member bool        `json:"member" doc:"They would be given the role; the others hold nearly all of it"`
	People int         `json:"people"`
	First  []ask.Shown `json:"first" doc:"The first three of them"`
	Held   []int       `json:"held" doc:"Of each column, how many pairs of these people and its entitlements are held now"`
}

// PictureColumn is entitlements that the same people hold.
type PictureColumn struct {
	Given        bool        `json:"given" doc:"The role would give them; the others are what most members hold beside"`
	Entitlements int         `json:"entitlements"`
	First        []ask.Shown `json:"first" doc:"The first three of them"`
}

// PictureLine is one entitlement of a candidate.
type PictureLine struct {
	Entitlement ask.Shown   `json:"entitlement"`
	Tier        access.Tier `json:"tier"`
	Members     int         `json:"members" doc:"How many of the members hold it now: direct grants that the role makes redundant"`
	Holders     int         `json:"holders" doc:"How many hold it in all"`
}

// Picture is what members of a candidate, and those near to it, hold now.
type Picture struct {
	Revision  access.Rev      `json:"revision"`
	Users     int             `json:"users" doc:"Members who are still there"`
	Support   int             `json:"support" doc:"Who hold all that it gives"`
	Fit       float64         `json:"fit" doc:"Share of what it gives its members that they hold already"`
	Redundant int             `json:"redundant" doc:"Direct grants that it makes redundant"`
	Extra     int             `json:"extra" doc:"What members would gain"`
	Near      int             `json:"near" doc:"No members, and hold at least 80 % of it"`
	Gives     []PictureLine   `json:"gives"`
	Beside    []PictureLine   `json:"beside" doc:"What at least half of the members hold, and it does not give"`
	Rows      []PictureRow    `json:"rows" doc:"Members first"`
	Columns   []PictureColumn `json:"columns" doc:"What it gives first"`
	Same      *ask.Shown      `json:"same,omitempty" doc:"The role that gives just that already"`
}
