package mine

import "math/bits"

// set is a set of small numbers, one bit each; its universe is known to whoever made it.
type set []uint64

func newSet(universe int) set { return make(set, (universe+63)/64) }

// newSets makes n sets in one piece of memory.
func newSets(n, universe int) []set {
	words := (universe + 63) / 64
	all := make(set, n*words)
	list := make([]set, n)
	for i := range list {
		list[i] = all[i*words : (i+1)*words : (i+1)*words]
	}
	return list
}

func (s set) add(i int)      { s[i>>6] |= 1 << (i & 63) }
func (s set) drop(i int)     { s[i>>6] &^= 1 << (i & 63) }
func (s set) has(i int) bool { return s[i>>6]>>(i&63)&1 != 0 }

func (s set) clear() { clear(s) }

func (s set) fill(universe int) {
	for i := range s {
		s[i] = ^uint64(0)
	}
	if r := universe & 63; r != 0 {
		s[len(s)-1] = 1<<r - 1
	}
}

func (s set) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s set) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

// within says whether every member of s is one of t.
func (s set) within(t set) bool {
	for i, w := range s {
		if w&^t[i] != 0 {
			return false
		}
	}
	return true
}

func (s set) meets(t set) bool {
	for i, w := range s {
		if w&t[i] != 0 {
			return true
		}
	}
	return false
}

func (s set) countAnd(t set) int {
	n := 0
	for i, w := range s {
		n += bits.OnesCount64(w & t[i])
	}
	return n
}

func (s set) and(t set) {
	for i := range s {
		s[i] &= t[i]
	}
}

func (s set) or(t set) {
	for i := range s {
		s[i] |= t[i]
	}
}

func (s set) without(t set) {
	for i := range s {
		s[i] &^= t[i]
	}
}

func (s set) equal(t set) bool {
	for i := range s {
		if s[i] != t[i] {
			return false
		}
	}
	return true
}

// each yields the members in order. The member at hand may be dropped meanwhile.
func (s set) each(yield func(int) bool) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			if !yield(i<<6 + bits.TrailingZeros64(w)) {
				return
			}
		}
	}
}

// list is the members in order.
func (s set) list() (to []int32) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			to = append(to, int32(i<<6+bits.TrailingZeros64(w)))
		}
	}
	return to
}
