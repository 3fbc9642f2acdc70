package graph

import (
	"iter"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
)

// Below this size a sorted slice is smaller than a bitmap spread over many
// containers, and as fast.
const fewIDs = 512

// set is a set of dense ids: a sorted slice while small, a bitmap beyond.
type set struct {
	gen  generation
	few  []uint32
	many *roaring.Bitmap
}

// own makes the set's storage belong to gen.
func (s *set) own(gen generation) {
	if s.gen == gen {
		return
	}
	s.gen = gen
	if s.many != nil {
		s.many = s.many.Clone()
		return
	}
	s.few = append(make([]uint32, 0, len(s.few)+1), s.few...)
}

func (s *set) add(gen generation, x uint32) {
	if s.gen != gen && s.has(x) {
		return // nothing to write, so nothing to copy
	}
	s.own(gen)
	if s.many != nil {
		s.many.Add(x)
		return
	}
	n := len(s.few)
	if n == 0 || s.few[n-1] < x {
		s.few = append(s.few, x)
	} else {
		i, found := slices.BinarySearch(s.few, x)
		if found {
			return
		}
		s.few = slices.Insert(s.few, i, x)
	}
	if n == fewIDs {
		s.many = roaring.New()
		s.many.AddMany(s.few)
		s.few = nil
	}
}

func (s *set) remove(gen generation, x uint32) {
	if !s.has(x) {
		return
	}
	s.own(gen)
	if s.many == nil {
		i, _ := slices.BinarySearch(s.few, x)
		s.few = slices.Delete(s.few, i, i+1)
		return
	}
	s.many.Remove(x)
	if s.many.IsEmpty() {
		s.many = nil
	}
}

func (s *set) has(x uint32) bool {
	if s == nil {
		return false
	}
	if s.many != nil {
		return s.many.Contains(x)
	}
	_, found := slices.BinarySearch(s.few, x)
	return found
}

func (s *set) empty() bool { return s == nil || s.many == nil && len(s.few) == 0 }

// each yields the ids in order.
func (s *set) each(yield func(uint32) bool) {
	if s == nil {
		return
	}
	if s.many == nil {
		for _, x := range s.few {
			if !yield(x) {
				return
			}
		}
		return
	}
	s.many.Iterate(yield)
}

// orInto adds the ids to a bitmap.
func (s *set) orInto(dst *roaring.Bitmap) {
	if s == nil {
		return
	}
	if s.many != nil {
		dst.Or(s.many)
		return
	}
	dst.AddMany(s.few)
}

// bitmap returns the ids to read.
func (s *set) bitmap() *roaring.Bitmap {
	if s.many != nil {
		return s.many
	}
	return roaring.BitmapOf(s.few...)
}

// trim gives back what growing left over. Only after a load, when the set
// belongs to nobody else.
func (s *set) trim() {
	if s.many != nil {
		s.many.RunOptimize()
		s.many = s.many.Clone()
		return
	}
	if cap(s.few) > len(s.few) {
		s.few = append(make([]uint32, 0, len(s.few)), s.few...)
	}
}

// relation says which ids belong to one id: the accounts of an identity, the
// resources inside another. Most have one, which is kept inline.
type relation struct {
	one  column[uint32]
	more column[*set]
}

// several marks an id that has more than one, or had: they are in more.
const several = 1<<31 - 1

func (r *relation) add(gen generation, from, to uint32) {
	switch one := r.one.at(from); one {
	case 0:
		*r.one.edit(gen, from) = to
		return
	case to:
		return
	case several:
		if r.more.at(from).has(to) {
			return
		}
	default:
		first := &set{gen: gen}
		first.add(gen, one)
		*r.more.edit(gen, from) = first
		*r.one.edit(gen, from) = several
	}
	r.owned(gen, from).add(gen, to)
}

func (r *relation) remove(gen generation, from, to uint32) {
	switch r.one.at(from) {
	case to:
		*r.one.edit(gen, from) = 0
	case several:
		s := r.owned(gen, from)
		s.remove(gen, to)
		if s.empty() {
			*r.more.edit(gen, from) = nil
			*r.one.edit(gen, from) = 0
		}
	}
}

func (r *relation) owned(gen generation, from uint32) *set {
	p := r.more.edit(gen, from)
	if (*p).gen != gen {
		s := **p
		s.own(gen)
		*p = &s
	}
	return *p
}

// each yields in order what belongs to from.
func (r *relation) each(from uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		switch one := r.one.at(from); one {
		case 0:
		case several:
			r.more.at(from).each(yield)
		default:
			yield(one)
		}
	}
}

func (r *relation) empty(from uint32) bool { return r.one.at(from) == 0 }

func (r *relation) share() relation {
	return relation{one: r.one.share(), more: r.more.share()}
}

func (r *relation) trim() {
	for _, s := range r.more.all {
		if *s != nil {
			(*s).trim()
		}
	}
}

// holders is who directly has an entitlement, a right or a role: a set for each
// kind of holder and each access mode that occurs, ordered by both.
type holders struct {
	gen  generation
	sets []holderSet
}

type holderSet struct {
	kind access.ObjectKind
	mode access.Mode
	set
}

func (h *holders) find(kind access.ObjectKind, mode access.Mode) (int, bool) {
	return slices.BinarySearchFunc(h.sets, holderSet{kind: kind, mode: mode}, func(a, b holderSet) int {
		if a.kind != b.kind {
			return int(a.kind) - int(b.kind)
		}
		return int(a.mode) - int(b.mode)
	})
}

func (h *holders) own(gen generation) {
	if h.gen != gen {
		h.gen = gen
		h.sets = append(make([]holderSet, 0, len(h.sets)+1), h.sets...)
	}
}

func (h *holders) add(gen generation, kind access.ObjectKind, mode access.Mode, x uint32) {
	h.own(gen)
	i, found := h.find(kind, mode)
	if !found {
		h.sets = slices.Insert(h.sets, i, holderSet{kind: kind, mode: mode})
	}
	h.sets[i].add(gen, x)
}

func (h *holders) remove(gen generation, kind access.ObjectKind, mode access.Mode, x uint32) {
	i, found := h.find(kind, mode)
	if !found || !h.sets[i].has(x) {
		return
	}
	h.own(gen)
	h.sets[i].remove(gen, x)
	if h.sets[i].empty() {
		h.sets = slices.Delete(h.sets, i, i+1)
	}
}

func (h *holders) trim() {
	for i := range h.sets {
		h.sets[i].trim()
	}
	h.sets = slices.Clip(h.sets)
}
