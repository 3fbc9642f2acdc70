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
	counts     []int
}

func newPatterns(m Matrix) *patterns {
	s := &patterns{m: m, rows: newSets(len(m.Users), len(m.Permissions)), cols: newSets(len(m.Permissions), len(m.Users)), freq: make([]int, len(m.Permissions)), share: 0.8, known: map[uint64][]int{}, counts: make([]int, len(m.Permissions))}
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
)

// seed looks for the patterns of each permission, the rarest first: what few hold is in
// few roles.
func (s *patterns) seed(ctx context.Context) {
	order := make([]int, len(s.cols))
	for p := range order {
		order[p] = p
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.freq[a], s.freq[b]) })
	together := newSets(len(s.cols), len(s.cols)) // pairs that a pattern holds
	for _, p := range order {
		if ctx.Err() != nil {
			return
		}
		for _, q := range s.partners(p) {
			if together[p].has(q) {
				continue
			}
			both := append(set(nil), s.cols[p]...)
			both.and(s.cols[q])
			x, ok := s.settle(both)
			if !ok {
				continue
			}
			for a := range x.perms.each {
				together[a].or(x.perms)
			}
			s.keep(x)
		}
	}
}

// partners are the permissions that the holders of one have far more often than others
// do, those with the most in common first.
func (s *patterns) partners(p int) []int {
	type partner struct{ q, n int }
	var list []partner
	for q := range s.cols {
		if q == p {
			continue
		}
		n := s.cols[p].countAnd(s.cols[q])
		chance := float64(s.freq[p]) * float64(s.freq[q]) / float64(len(s.rows))
		// Four times the deviation of what chance gives, and no less than a few.
		if n >= minMembers && float64(n) > chance+4*sqrt(chance)+1 {
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

// settle lets permissions and users choose each other until they stay.
func (s *patterns) settle(users set) (pattern, bool) {
	x := pattern{users: users, perms: newSet(len(s.cols))}
	last := newSet(len(s.cols))
	for range 12 {
		n := x.users.count()
		if n < minMembers {
			return x, false
		}
		x.perms.clear()
		for p := range s.cols {
			if s.freq[p] >= minMembers && float64(s.cols[p].countAnd(x.users)) >= s.share*float64(n) {
				x.perms.add(p)
			}
		}
		if x.perms.equal(last) {
			return x, x.perms.count() >= minPermissions
		}
		copy(last, x.perms)
		s.members(&x)
	}
	return x, x.perms.count() >= minPermissions && x.users.count() >= minMembers
}

// members are whoever holds enough of a pattern's permissions.
func (s *patterns) members(x *pattern) {
	n := x.perms.count()
	least := s.least(n)
	x.users.clear()
	if n == 0 {
		return
	}
	for u := range s.rows {
		if s.rows[u].countAnd(x.perms) >= least {
			x.users.add(u)
		}
	}
}

// least is how many of n permissions a member holds at least. Of few, none may be missing.
func (s *patterns) least(n int) int {
	return n - int(float64(n)*(1-s.share)+1e-9)
}

func (s *patterns) keep(x pattern) {
	var sum uint64
	for p := range x.perms.each {
		sum += mix(uint64(p))
	}
	for _, i := range s.known[sum] {
		if s.found[i].perms.equal(x.perms) {
			return
		}
	}
	s.known[sum] = append(s.known[sum], len(s.found))
	s.found = append(s.found, x)
}

// mix spreads a number over 64 bits (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func sqrt(x float64) float64 { return math.Sqrt(x) }
