package mine

import (
	"math"
	"slices"
)

// choose keeps the patterns that together explain most: the one first that covers the most
// assignments not yet covered, less what it would add and what it costs to state. A member
// stays one only while the role gives them more than it adds.
func (s *patterns) choose() {
	left := newSets(len(s.rows), len(s.cols))
	for u := range left {
		copy(left[u], s.rows[u])
	}
	gains := make([]float64, len(s.found))
	for i := range s.found {
		gains[i] = s.gain(s.found[i], left)
	}
	var chosen []pattern
	for {
		best := -1
		for { // gains only fall, so that the best may be looked at first
			best = s.highest(gains)
			if best < 0 {
				break
			}
			now := s.gain(s.found[best], left)
			if now == gains[best] {
				break
			}
			gains[best] = now
		}
		if best < 0 {
			break
		}
		x := s.found[best]
		gains[best] = 0
		for u := range x.users.each {
			left[u].without(x.perms)
		}
		chosen = append(chosen, x)
	}
	s.found = chosen
}

func (s *patterns) highest(gains []float64) int {
	best := -1
	for i, g := range gains {
		if g > 0 && (best < 0 || g > gains[best]) {
			best = i
		}
	}
	return best
}

// gain is how many bits a pattern saves of stating what is left.
func (s *patterns) gain(x pattern, left []set) float64 {
	n := x.perms.count()
	one := s.membership(x.users.count())
	total := -float64(n) * choice(len(s.cols), n)
	for u := range x.users.each {
		if g := s.saves(x, n, u, left[u]) - one; g > 0 {
			total += g
		}
	}
	return total
}

// saves is what a role with n permissions saves for one user.
func (s *patterns) saves(x pattern, n, u int, left set) float64 {
	return s.bits.held*float64(left.countAnd(x.perms)) - s.bits.lacking*float64(n-s.rows[u].countAnd(x.perms))
}

// membership is what naming one of so many members takes.
func (s *patterns) membership(members int) float64 { return choice(len(s.rows), members) }

// choice is the bits that each of n chosen among all takes.
func choice(all, n int) float64 {
	return math.Log2(float64(max(1, all))/float64(max(1, n))) + math.Log2E
}

// assign gives each user the roles that explain what they hold, the one first that
// explains the most of what is left.
func (s *patterns) assign() {
	sizes, ones := make([]int, len(s.found)), make([]float64, len(s.found))
	fits := make([][]int, len(s.rows))
	for i, x := range s.found {
		ones[i] = s.membership(x.users.count())
		x.users.clear()
		sizes[i] = s.count(x.perms)
		least := int32(s.least(sizes[i]))
		for u, h := range s.held {
			if h >= least {
				fits[u] = append(fits[u], i)
			}
		}
	}
	left := newSet(len(s.cols))
	for u, list := range fits {
		copy(left, s.rows[u])
		for len(list) > 0 {
			best, most := -1, 0.0
			for _, i := range list {
				if g := s.saves(s.found[i], sizes[i], u, left) - ones[i]; g > most {
					best, most = i, g
				}
			}
			if best < 0 {
				break
			}
			s.found[best].users.add(u)
			left.without(s.found[best].perms)
			list = slices.DeleteFunc(list, func(i int) bool { return i == best })
		}
	}
}

// refit chooses the permissions of each role anew, by those of its members to whom no other
// role gives them, and lets go of roles that are not worth stating.
func (s *patterns) refit() (changed bool) {
	of := s.rolesOf()
	held, free := make([]int, len(s.cols)), make([]int, len(s.cols))
	others := newSet(len(s.cols))
	for i, x := range s.found {
		clear(held)
		clear(free)
		for u := range x.users.each {
			others.clear()
			for _, j := range of[u] {
				if j != i {
					others.or(s.found[j].perms)
				}
			}
			for p := range s.cols {
				if others.has(p) {
					continue
				}
				if free[p]++; s.rows[u].has(p) {
					held[p]++
				}
			}
		}
		for p, h := range held {
			is := h >= minMembers && float64(h) >= s.share*float64(free[p])
			switch has := x.perms.has(p); {
			case is && !has:
				x.perms.add(p)
				changed = true
			case has && !is:
				x.perms.drop(p)
				changed = true
			}
		}
	}
	s.found = slices.DeleteFunc(s.found, func(x pattern) bool { return x.perms.count() < minPermissions })
	return changed
}

func (s *patterns) rolesOf() [][]int {
	of := make([][]int, len(s.rows))
	for i, x := range s.found {
		for u := range x.users.each {
			of[u] = append(of[u], i)
		}
	}
	return of
}

// settleAll lets users and roles choose each other until they stay.
func (s *patterns) settleAll() {
	for range 6 {
		s.assign()
		changed := s.refit()
		if s.reprice(); !changed {
			break
		}
	}
	s.assign()
}

// reprice takes from the roles so far how rare it is that a member lacks something, and
// that somebody has what no role gives.
func (s *patterns) reprice() {
	lacking, given, held := 1, 2, 1
	covered := newSet(len(s.cols))
	for u, roles := range s.rolesOf() {
		covered.clear()
		for _, i := range roles {
			covered.or(s.found[i].perms)
		}
		n, has := covered.count(), covered.countAnd(s.rows[u])
		given += n
		lacking += n - has
		held += len(s.m.rows[u]) - has
	}
	empty := max(2, len(s.rows)*len(s.cols)-given)
	s.bits = price{held: math.Log2(float64(empty) / float64(min(held, empty/2))), lacking: math.Log2(float64(given) / float64(min(lacking, given/2)))}
}
