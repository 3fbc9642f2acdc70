package search

import (
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"
)

var someName = rapid.StringMatching(`[abÄ ]{0,12}`)

// A walk is a part of what sorting everything gives, page by page, whatever changed
// since the names were made.
func TestNamesWalkInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have := map[uint32]string{}
		n := newNames()
		for key := range uint32(rapid.IntRange(0, 40).Draw(t, "objects")) {
			if rapid.Bool().Draw(t, "there") {
				have[key] = someName.Draw(t, "name")
				n.add(key, have[key])
			}
		}
		n.ready()
		for range rapid.IntRange(0, 12).Draw(t, "changes") {
			key := rapid.Uint32Range(0, 50).Draw(t, "key")
			if rapid.Bool().Draw(t, "remove") {
				delete(have, key)
				n.remove(key)
				continue
			}
			have[key] = someName.Draw(t, "name")
			n.put(key, have[key])
		}
		compareWalks(t, n, have)
		compareWalks(t, n.merged(), have)
	})
}

func compareWalks(t *rapid.T, n *names, have map[uint32]string) {
	set := roaring.New()
	var want []uint32
	few := rapid.Bool().Draw(t, "few")
	for key, name := range have {
		if n.of(key) != name {
			t.Fatalf("%d is called %q, not %q", key, n.of(key), name)
		}
		if !few || key%5 == 0 {
			set.Add(key)
			want = append(want, key)
		}
	}
	backwards := rapid.Bool().Draw(t, "backwards")
	slices.SortFunc(want, func(a, b uint32) int {
		if backwards {
			a, b = b, a
		}
		return spot{sortKey(have[a]), a}.compare(spot{sortKey(have[b]), b})
	})
	var got []uint32
	var after *spot
	for {
		page := n.walk(set, after, backwards, 3)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		at := n.spot(page[len(page)-1])
		after = &at
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%v, not %v, of %v", got, want, have)
	}
}
