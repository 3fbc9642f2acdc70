package mine

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// pattern is a role as it shows through noise: most of its members hold most of it.
type pattern struct {
	users, perms set
}

// patterns finds roles in a matrix in which some assignments are missing and some are
// there by accident. Two permissions that are held together far more often than by chance
// begin one; its users and its permissions are then each chosen by the other until they
// stay. Of those found, the ones are kept that together explain the most for the least.
type patterns struct {
	m          Matrix
	rows, cols []set
	freq       []int
	share      float64 // of a role that its holders have, at least
	found      []pattern
	known      map[uint64][]int // by a sum of the permissions
	bits       price
	everybody  set     // permissions that nearly all have
	held       []int32 // scratch, by user
}

// price is what things take to state, in bits, so that roles are kept that shorten the
// statement of who has what (minimum description length).
type price struct {
	held    float64 // an assignment that no role gives
	lacking float64 // one that a role gives and somebody has not
}

func newPatterns(m Matrix) *patterns {
	s := &patterns{m: m, rows: newSets(len(m.Users), len(m.Permissions)), cols: newSets(len(m.Permissions), len(m.Users)), freq: make([]int, len(m.Permissions)), share: 0.8, known: map[uint64][]int{}, held: make([]int32, len(m.Users))}
	density := float64(max(1, m.pairs)) / float64(max(1, len(m.Users)*len(m.Permissions)))
	s.bits = price{held: math.Log2(1/min(density, 0.5)) + 0.1, lacking: math.Log2(20)}
	for u, row := range m.rows {
		for _, p := range row {
			s.rows[u].add(int(p))
			s.cols[p].add(u)
			s.freq[p]++
		}
	}
	return s
}

// minMembers and minPermissions are what a pattern has at least: a pair may be chance.
const (
	minMembers     = 3
	minPermissions = 2
	minCommon      = 10 // users of whom nearly all are everybody
	maxVain        = 5  // partners that lead to nothing new before a permission is left
)

// seed looks for the patterns of each permission, the rarest first: what few hold is in
// few roles.
func (s *patterns) seed(ctx context.Context) {
	s.common()
	order := make([]int, 0, len(s.cols))
	for p := range s.cols {
		if !s.everybody.has(p) {
			order = append(order, p)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.freq[a], s.freq[b]) })
	of := make([][]int, len(s.cols)) // the patterns that hold each
	for _, p := range order {
		if ctx.Err() != nil {
			return
		}
		vain := 0
		with := s.partners(p)
		among := append([]int{p}, with...)
		for _, q := range with {
			both, known := s.unexplained(p, q, of[p])
			if both == nil {
				continue
			}
			if vain++; vain > maxVain {
				break
			}
			if x, ok := s.settle(both, known, among); ok && s.keep(x) {
				for a := range x.perms.each {
					of[a] = append(of[a], len(s.found)-1)
				}
				vain = 0
			}
		}
	}
}

// common makes a pattern of what nearly everybody has, so that no other one is taken to
// give it.
func (s *patterns) common() {
	all := pattern{users: newSet(len(s.rows)), perms: newSet(len(s.cols))}
	for p, n := range s.freq {
		if float64(n) >= s.share*float64(len(s.rows)) && len(s.rows) >= minCommon {
			all.perms.add(p)
		}
	}
	if s.everybody = all.perms; !all.perms.empty() {
		all.users.fill(len(s.rows))
		s.keep(all)
	}
}

// unexplained is who has both of two permissions, without those to whom a pattern gives
// both; nil where they are no more than chance makes them.
func (s *patterns) unexplained(p, q int, of []int) (both, known set) {
	both, known = append(set(nil), s.cols[p]...), newSet(len(s.rows))
	both.and(s.cols[q])
	for _, i := range of {
		if s.found[i].perms.has(q) {
			known.or(s.found[i].users)
		}
	}
	both.without(known)
	if s.remarkable(p, q, both.count()) {
		return both, known
	}
	return nil, nil
}

// remarkable says whether so many have two permissions far more often than by chance: four
// times the deviation of what chance gives, and no less than a few.
func (s *patterns) remarkable(p, q, n int) bool {
	chance := float64(s.freq[p]) * float64(s.freq[q]) / float64(len(s.rows))
	return n >= minMembers && float64(n) > chance+4*math.Sqrt(chance)+1
}

// partners are the permissions that the holders of one have far more often than others
// do, those with the most in common first.
func (s *patterns) partners(p int) []int {
	type partner struct{ q, n int }
	var list []partner
	for q := range s.cols {
		if q == p || s.everybody.has(q) {
			continue
		}
		if n := s.cols[p].countAnd(s.cols[q]); s.remarkable(p, q, n) {
			list = append(list, partner{q, n})
		}
	}
	slices.SortStableFunc(list, func(a, b partner) int { return cmp.Compare(b.n, a.n) })
	qs := make([]int, len(list))
	for i, x := range list {
		qs[i] = x.q
	}
	return qs
}

// settle lets permissions, of those that are near, and users, but those who are known to
// have more, choose each other until they stay.
func (s *patterns) settle(users, known set, among []int) (pattern, bool) {
	x := pattern{users: users, perms: newSet(len(s.cols))}
	last := newSet(len(s.cols))
	for round := range 12 {
		n := x.users.count()
		if n < minMembers {
			return x, false
		}
		x.perms.clear()
		// Who begin it are there by chance, some of them.
		share := min(s.share, 0.5+0.15*float64(round))
		for _, p := range among {
			if float64(s.cols[p].countAnd(x.users)) >= share*float64(n) {
				x.perms.add(p)
			}
		}
		if share == s.share && x.perms.equal(last) {
			return x, x.perms.count() >= minPermissions
		}
		copy(last, x.perms)
		s.members(&x)
		x.users.without(known)
	}
	return x, x.perms.count() >= minPermissions && x.users.count() >= minMembers
}

// members are whoever holds enough of a pattern's permissions.
func (s *patterns) members(x *pattern) {
	x.users.clear()
	n := s.count(x.perms)
	if n == 0 {
		return
	}
	least := int32(s.least(n))
	for u, h := range s.held {
		if h >= least {
			x.users.add(u)
		}
	}
}

// count counts of each user how many of some permissions they hold.
func (s *patterns) count(perms set) (n int) {
	clear(s.held)
	for p := range perms.each {
		n++
		for u := range s.cols[p].each {
			s.held[u]++
		}
	}
	return n
}

// least is how many of n permissions a member holds at least. Of few, none may be missing.
func (s *patterns) least(n int) int {
	return n - int(float64(n)*(1-s.share)+1e-9)
}

// keep adds a pattern that is new and worth stating.
func (s *patterns) keep(x pattern) bool {
	if s.gain(x, s.rows) <= 0 {
		return false
	}
	var sum uint64
	for p := range x.perms.each {
		sum += mix(uint64(p))
	}
	for _, i := range s.known[sum] {
		if s.found[i].perms.equal(x.perms) {
			return false
		}
	}
	s.known[sum] = append(s.known[sum], len(s.found))
	s.found = append(s.found, x)
	return true
}

// mix spreads a number over 64 bits (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
