package search

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/internal/fold"
)

// names are what objects of a kind are called, and their order by that: most as they
// were when it was made, and what changed since beside it.
type names struct {
	text  []byte
	at    []uint32 // by key: one more than where its name begins
	order []uint32 // keys
	rank  []uint32 // by key: its place in order

	gone  *roaring.Bitmap // keys that no longer count, or count as in late
	late  map[uint32]string
	fresh []uint32 // the keys of late in order
}

func newNames() *names { return &names{gone: roaring.New(), late: map[uint32]string{}} }

// sortKey is what names are sorted by: as people write them, not by case and accents.
func sortKey(name string) string { return shorten(fold.Plain(name)) }

// add keeps the name of an object while names are made; keys ascend.
func (n *names) add(key uint32, name string) {
	n.at = room(n.at, key)
	n.at[key] = uint32(len(n.text)) + 1 //nolint:gosec // names of a few million objects
	n.text = binary.AppendUvarint(n.text, uint64(len(name)))
	n.text = append(n.text, name...)
	n.order = append(n.order, key)
}

// ready sorts what was added.
func (n *names) ready() {
	type entry struct {
		first uint64
		rest  string
		key   uint32
	}
	list := make([]entry, len(n.order))
	for i, key := range n.order {
		k := sortKey(n.base(key))
		list[i] = entry{first8(k), k[min(8, len(k)):], key}
	}
	slices.SortFunc(list, func(a, b entry) int {
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		return cmp.Or(strings.Compare(a.rest, b.rest), cmp.Compare(a.key, b.key))
	})
	for i, e := range list {
		n.order[i] = e.key
	}
	n.number()
}

// number fills in the ranks.
func (n *names) number() {
	n.rank = make([]uint32, len(n.at))
	for i, key := range n.order {
		n.rank[key] = uint32(i) //nolint:gosec // as many as keys
	}
}

// base is the name that a key had when the names were made.
func (n *names) base(key uint32) string {
	if int(key) >= len(n.at) || n.at[key] == 0 {
		return ""
	}
	b := n.text[n.at[key]-1:]
	size, head := binary.Uvarint(b)
	return string(b[head : head+int(size)]) //nolint:gosec // a length
}

// of is an object's name.
func (n *names) of(key uint32) string {
	if name, ok := n.late[key]; ok {
		return name
	}
	if n.gone.Contains(key) {
		return ""
	}
	return n.base(key)
}

// put makes this the name of an object.
func (n *names) put(key uint32, name string) {
	n.remove(key)
	n.late[key] = name
	at, _ := n.freshPlace(spot{sortKey(name), key})
	n.fresh = slices.Insert(n.fresh, at, key)
}

func (n *names) remove(key uint32) {
	if name, ok := n.late[key]; ok {
		at, _ := n.freshPlace(spot{sortKey(name), key})
		n.fresh = slices.Delete(n.fresh, at, at+1)
		delete(n.late, key)
	}
	n.gone.Add(key)
}

// spot is a place in the order of names.
type spot struct {
	sort string
	key  uint32
}

func (a spot) compare(b spot) int {
	return cmp.Or(strings.Compare(a.sort, b.sort), cmp.Compare(a.key, b.key))
}

func (n *names) spot(key uint32) spot { return spot{sortKey(n.of(key)), key} }

func (n *names) freshPlace(s spot) (int, bool) {
	return slices.BinarySearchFunc(n.fresh, s, func(key uint32, s spot) int {
		return spot{sortKey(n.late[key]), key}.compare(s)
	})
}

// basePlace is the first place in order that is not before a spot.
func (n *names) basePlace(s spot) int {
	return sort.Search(len(n.order), func(i int) bool {
		key := n.order[i]
		return spot{sortKey(n.base(key)), key}.compare(s) >= 0
	})
}

// walk lists up to limit keys of a set in order, behind a spot if there is one.
func (n *names) walk(set *roaring.Bitmap, after *spot, backwards bool, limit int) []uint32 {
	base := n.walkBase(set, after, backwards, limit)
	late := n.walkFresh(set, after, backwards, limit)
	if len(late) == 0 {
		return base
	}
	list := append(base, late...)
	spots := make(map[uint32]spot, len(list))
	for _, key := range list {
		spots[key] = n.spot(key)
	}
	slices.SortFunc(list, func(a, b uint32) int {
		if backwards {
			a, b = b, a
		}
		return spots[a].compare(spots[b])
	})
	return list[:min(limit, len(list))]
}

func (n *names) walkFresh(set *roaring.Bitmap, after *spot, backwards bool, limit int) (list []uint32) {
	at, step := 0, 1
	if backwards {
		at, step = len(n.fresh)-1, -1
	}
	if after != nil {
		place, found := n.freshPlace(*after)
		switch {
		case backwards:
			at = place - 1
		case found:
			at = place + 1
		default:
			at = place
		}
	}
	for ; at >= 0 && at < len(n.fresh) && len(list) < limit; at += step {
		if set.Contains(n.fresh[at]) {
			list = append(list, n.fresh[at])
		}
	}
	return list
}

// walkBase goes along the order where much of it is in the set, and else picks the
// first from the set.
func (n *names) walkBase(set *roaring.Bitmap, after *spot, backwards bool, limit int) (list []uint32) {
	from, until := 0, len(n.order) // of order
	if after != nil {
		place := n.basePlace(*after)
		there := place < len(n.order) && n.order[place] == after.key
		switch {
		case backwards:
			until = place
		case there:
			from = place + 1
		default:
			from = place
		}
	}
	if set.GetCardinality()*3 < uint64(len(n.order)) {
		for _, place := range n.pick(set, from, until, backwards, limit) {
			list = append(list, n.order[place])
		}
		return list
	}
	for i := range until - from {
		key := n.order[from+i]
		if backwards {
			key = n.order[until-1-i]
		}
		if set.Contains(key) && !n.gone.Contains(key) {
			if list = append(list, key); len(list) == limit {
				break
			}
		}
	}
	return list
}

// pick returns the first places within a part of the order that are in a set.
func (n *names) pick(set *roaring.Bitmap, from, until int, backwards bool, limit int) []uint32 {
	p := picker[uint32]{limit: limit}
	most := uint32(1<<32 - 1) // of what p still takes
	for part := range parts(set) {
		for _, key := range part {
			if int(key) >= len(n.at) || n.at[key] == 0 {
				continue
			}
			place := n.rank[key]
			if int(place) < from || int(place) >= until {
				continue
			}
			if backwards {
				place = ^place
			}
			if place <= most && !n.gone.Contains(key) {
				most = p.add(place, most)
			}
		}
	}
	if backwards {
		for i := range p.list {
			p.list[i] = ^p.list[i]
		}
	}
	return p.list
}

// merged makes one of what there was and what changed since. It changes nothing.
func (n *names) merged() *names {
	next := newNames()
	next.text = make([]byte, 0, len(n.text))
	top := uint32(len(n.at)) //nolint:gosec // keys
	for _, key := range n.fresh {
		top = max(top, key+1)
	}
	next.at = make([]uint32, top)
	for key := range top {
		name, late := n.late[key]
		if !late {
			if int(key) >= len(n.at) || n.at[key] == 0 || n.gone.Contains(key) {
				continue
			}
			name = n.base(key)
		}
		next.at[key] = uint32(len(next.text)) + 1 //nolint:gosec // as in add
		next.text = binary.AppendUvarint(next.text, uint64(len(name)))
		next.text = append(next.text, name...)
	}
	next.order = make([]uint32, 0, len(n.order)+len(n.fresh))
	begin := 0
	take := func(until int) {
		for _, key := range n.order[begin:until] {
			if !n.gone.Contains(key) {
				next.order = append(next.order, key)
			}
		}
		begin = until
	}
	for _, key := range n.fresh {
		take(n.basePlace(n.spot(key)))
		next.order = append(next.order, key)
	}
	take(len(n.order))
	next.number()
	return next
}
