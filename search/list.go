package search

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
)

// Filter says what of a list is asked for, and where a page begins.
type Filter struct {
	Query string // as somebody types one; words count as beginnings
	Asks  []Ask
	Only  *[]int64 // of these keys, if it is given
	Sort  string   // an order, backwards with a minus before it; "" is by name
	After string   // the cursor of the page before
	Limit int
}

// page is a part of a list.
type page struct {
	keys  []uint32
	total int
	next  string
}

// cursor is where a page ended: what the list is sorted by, then the name and the key.
type cursor struct {
	Sort   string `json:"s,omitempty"`
	Group  string `json:"g,omitempty"`
	Of     string `json:"o,omitempty"` // what the group is of
	Use    uint32 `json:"u,omitempty"`
	Name   string `json:"n,omitempty"`
	Object int64  `json:"k"`
}

// sorts are the orders that lists have beside that by name.
var sorts = map[access.ObjectKind][]string{
	access.KindIdentity:    {"name", "kind", "state"},
	access.KindAccount:     {"name", "system", "kind", "status", "last_used"},
	access.KindEntitlement: {"name", "system", "kind", "tier"},
}

// list answers a filter within a reading.
func (a *asking) list(ctx context.Context, kind access.ObjectKind, f Filter) (p page, err error) {
	q, err := Parse(f.Query)
	if err != nil {
		return p, err
	}
	at, err := httpapi.ParseCursor[cursor](f.After)
	if err != nil {
		return p, err
	}
	if f.After != "" && (at.Sort != f.Sort || at.Object <= 0 || at.Object > 1<<32-1) {
		return p, httpapi.ErrCursor
	}
	q.Asks = append(q.Asks, f.Asks...)
	of := a.matching(kind, q, a.room(kind, q), asBeginning)
	if f.Only != nil {
		only := roaring.New()
		for _, key := range *f.Only {
			only.Add(uint32(key)) //nolint:gosec // the graph's keys are
		}
		of.And(only)
	}
	p.total = int(of.GetCardinality()) //nolint:gosec // keys are 32 bits
	var after *cursor
	if f.After != "" {
		after = &at
	}
	if p.keys, err = a.sorted(kind, of, f.Sort, after, f.Limit+1); err != nil {
		return p, err
	}
	if len(p.keys) > f.Limit {
		p.keys = p.keys[:f.Limit]
		p.next = httpapi.Cursor(a.cursorAt(kind, f.Sort, p.keys[f.Limit-1]))
	}
	return p, ctx.Err()
}

// sorted lists up to limit keys of a set in an order, behind a cursor if there is one.
func (a *asking) sorted(kind access.ObjectKind, of *roaring.Bitmap, order string, after *cursor, limit int) ([]uint32, error) {
	by, backwards := strings.CutPrefix(order, "-")
	by = cmp.Or(by, "name")
	if !slices.Contains(sorts[kind], by) {
		return nil, ErrSort.With("the list has no order %q: it has %s", order, strings.Join(sorts[kind], ", "))
	}
	s := a.shelves[kind]
	if by == "last_used" {
		return s.byUse(of, after, backwards, limit), nil
	}
	var list []uint32
	for _, g := range a.groups(kind, by, backwards) {
		var from *spot
		if after != nil {
			c := g.compare(group{text: after.Group, is: after.Of})
			if backwards {
				c = -c
			}
			if c < 0 {
				continue
			}
			if c == 0 {
				from = &spot{after.Name, uint32(after.Object)} //nolint:gosec // list compared it
			}
		}
		in := of
		if g.about != "" {
			in = roaring.And(of, s.with(g.about, g.is))
		}
		list = append(list, s.names.walk(in, from, backwards, limit-len(list))...)
		if len(list) >= limit {
			break
		}
	}
	return list, nil
}

// byUse sorts accounts by when they were last used: what is not known comes first.
func (s *shelf) byUse(of *roaring.Bitmap, after *cursor, backwards bool, limit int) []uint32 {
	p := picker[uint64]{limit: limit}
	turn := uint64(0)
	if backwards {
		turn = 1<<64 - 1
	}
	var from uint64
	if after != nil {
		from = (uint64(after.Use)<<32 | uint64(after.Object)) ^ turn //nolint:gosec // list compared it
	}
	most := uint64(1<<64 - 1) // of what p still takes
	for part := range parts(of) {
		for _, key := range part {
			v := (uint64(s.useAt(key))<<32 | uint64(key)) ^ turn
			if v <= most && (after == nil || v > from) {
				most = p.add(v, most)
			}
		}
	}
	list := make([]uint32, len(p.list))
	for i, v := range p.list {
		list[i] = uint32(v ^ turn) //nolint:gosec // the lower half
	}
	return list
}

func (s *shelf) useAt(key uint32) uint32 {
	if int(key) < len(s.used) {
		return s.used[key]
	}
	return useUnknown
}

// group is a part of an order: what has one value, by name within. Groups are in the
// order of their texts.
type group struct{ text, about, is string }

func (g group) compare(other group) int {
	return cmp.Or(strings.Compare(g.text, other.text), strings.Compare(g.is, other.is))
}

// groups are the parts of an order; that by name has one.
func (a *asking) groups(kind access.ObjectKind, by string, backwards bool) (list []group) {
	if by == "name" {
		return []group{{}}
	}
	s := a.shelves[kind]
	about := map[string]string{"kind": aboutKind, "state": aboutState, "status": aboutState, "tier": aboutTier, "system": aboutSystem}[by]
	for f, b := range s.facts {
		if f.about == about && !b.IsEmpty() {
			list = append(list, a.groupOf(kind, f))
		}
	}
	slices.SortFunc(list, group.compare)
	if backwards {
		slices.Reverse(list)
	}
	return list
}

func (a *asking) groupOf(kind access.ObjectKind, f fact) group {
	return group{a.groupText(kind, f), f.about, f.is}
}

// groupText is what a group is sorted by: words in the order of the model, systems by
// name, tiers the worst first.
func (a *asking) groupText(kind access.ObjectKind, f fact) string {
	switch {
	case f.about == aboutSystem:
		return sortKey(a.systemName(f.is))
	case f.about == aboutTier:
		return strings.Replace(f.is, none, "", 1)
	case kind == access.KindIdentity && f.about == aboutKind:
		return place(access.IdentityKinds, f.is)
	case kind == access.KindIdentity:
		return place(access.IdentityStates, f.is)
	case kind == access.KindAccount && f.about == aboutKind:
		return place(access.AccountKinds, f.is)
	case kind == access.KindAccount:
		return place(access.AccountStatuses, f.is)
	}
	return f.is
}

func place[W ~string](list []W, word string) string {
	return fmt.Sprintf("%02d", slices.Index(list, W(word))+1)
}

func (a *asking) cursorAt(kind access.ObjectKind, order string, key uint32) cursor {
	s := a.shelves[kind]
	at := cursor{Sort: order, Object: int64(key)}
	by := cmp.Or(strings.TrimPrefix(order, "-"), "name")
	if by == "last_used" {
		at.Use = s.useAt(key)
		return at
	}
	at.Name = s.names.spot(key).sort
	for _, g := range a.groups(kind, by, false) {
		if g.about != "" && s.with(g.about, g.is).Contains(key) {
			at.Group, at.Of = g.text, g.is
		}
	}
	return at
}
