package mine

import "slices"

// choose keeps the patterns that together explain most: the one first that covers the most
// assignments not yet covered, less what it would add and what it costs to state. A member
// stays one only while the role gives them more than it adds.
func (s *patterns) choose() {
	left := newSets(len(s.rows), len(s.cols))
	for u := range left {
		copy(left[u], s.rows[u])
	}
	gains := make([]int, len(s.found))
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

func (s *patterns) highest(gains []int) int {
	best := -1
	for i, g := range gains {
		if g > 0 && (best < 0 || g > gains[best]) {
			best = i
		}
	}
	return best
}

// gain is what a pattern would explain of what is left.
func (s *patterns) gain(x pattern, left []set) int {
	n := x.perms.count()
	total := -n
	for u := range x.users.each {
		covers := left[u].countAnd(x.perms)
		adds := n - s.rows[u].countAnd(x.perms)
		if one := covers - adds - 1; one > 0 {
			total += one
		}
	}
	return total
}

// assign gives each user the roles that explain what they hold, the one first that
// explains the most of what is left.
func (s *patterns) assign() {
	for i := range s.found {
		s.found[i].users.clear()
	}
	sizes := make([]int, len(s.found))
	for i := range s.found {
		sizes[i] = s.found[i].perms.count()
	}
	left := newSet(len(s.cols))
	var fits []int
	for u := range s.rows {
		fits = fits[:0]
		for i, x := range s.found {
			if s.rows[u].countAnd(x.perms) >= s.least(sizes[i]) {
				fits = append(fits, i)
			}
		}
		copy(left, s.rows[u])
		for len(fits) > 0 {
			best, most := -1, 0
			for _, i := range fits {
				adds := sizes[i] - s.rows[u].countAnd(s.found[i].perms)
				if n := left.countAnd(s.found[i].perms) - adds - 1; n > most {
					best, most = i, n
				}
			}
			if best < 0 {
				break
			}
			s.found[best].users.add(u)
			left.without(s.found[best].perms)
			fits = slices.DeleteFunc(fits, func(i int) bool { return i == best })
		}
	}
}

// refit chooses the permissions of each role anew, by its members, and lets go of roles
// that are not worth stating.
func (s *patterns) refit() (changed bool) {
	for i := range s.found {
		x := &s.found[i]
		n := x.users.count()
		if n < minMembers {
			changed = true
			x.perms.clear()
			continue
		}
		for p := range s.cols {
			is := float64(s.cols[p].countAnd(x.users)) >= s.share*float64(n)
			if is != x.perms.has(p) {
				changed = true
				if is {
					x.perms.add(p)
				} else {
					x.perms.drop(p)
				}
			}
		}
	}
	s.found = slices.DeleteFunc(s.found, func(x pattern) bool { return x.perms.count() < minPermissions })
	return changed
}

// settleAll lets users and roles choose each other until they stay.
func (s *patterns) settleAll() {
	for range 6 {
		s.assign()
		if !s.refit() {
			break
		}
	}
	s.assign()
}
