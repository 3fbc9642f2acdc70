package search

import (
	"cmp"
	"iter"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// parts yields the keys of a set, some at a time. They are only lent.
func parts(set *roaring.Bitmap) iter.Seq[[]uint32] {
	return func(yield func([]uint32) bool) {
		var buf [1024]uint32
		it := set.ManyIterator()
		for n := it.NextMany(buf[:]); n > 0; n = it.NextMany(buf[:]) {
			if !yield(buf[:n]) {
				return
			}
		}
	}
}

// each calls fn with the keys of a set.
func each(set *roaring.Bitmap, fn func(uint32)) {
	for part := range parts(set) {
		for _, key := range part {
			fn(key)
		}
	}
}

// picker keeps the lowest values in order.
type picker[T cmp.Ordered] struct {
	limit int
	list  []T
}

// add takes a value in, and returns from which on it takes none any more: most, while
// it takes all.
func (p *picker[T]) add(v, most T) T {
	if len(p.list) == p.limit {
		if p.limit == 0 || v >= p.list[p.limit-1] {
			return most
		}
		p.list = p.list[:p.limit-1]
	}
	at, _ := slices.BinarySearch(p.list, v)
	p.list = slices.Insert(p.list, at, v)
	if len(p.list) == p.limit {
		return p.list[p.limit-1]
	}
	return most
}
