package search

import (
	"slices"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"
)

// A word of few letters, so that many are alike.
var someWord = rapid.StringMatching(`[abü1]{1,10}`)

// What is found is what comparing a word with each one finds, before changes, after
// them, and after they were merged.
func TestWordsFindWhatComparingFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have := map[uint32][]string{}
		g := newGathering()
		for key := range uint32(rapid.IntRange(0, 40).Draw(t, "objects")) {
			list := distinct(rapid.SliceOfN(someWord, 0, 4).Draw(t, "words"))
			have[key] = list
			g.put(key, list)
		}
		w := g.words()
		compareFound(t, w, have)
		for range rapid.IntRange(0, 10).Draw(t, "changes") {
			key := rapid.Uint32Range(0, 50).Draw(t, "key")
			if rapid.Bool().Draw(t, "remove") {
				delete(have, key)
				w.remove(key)
				continue
			}
			have[key] = distinct(rapid.SliceOfN(someWord, 0, 4).Draw(t, "words"))
			w.put(key, have[key])
		}
		compareFound(t, w, have)
		compareFound(t, w.merged(), have)
	})
}

func distinct(list []string) (out []string) {
	for _, word := range list {
		out = appendNew(out, word)
	}
	return out
}

func compareFound(t *rapid.T, w *words, have map[uint32][]string) {
	word := someWord.Draw(t, "word")
	want := found{roaring.New(), roaring.New(), roaring.New(), roaring.New()}
	for key, list := range have {
		for _, other := range list {
			for way := slowly(word, other); way <= offByTwo; way++ {
				want[way].Add(key)
			}
		}
	}
	for way, b := range w.find(word, offByTwo) {
		if !b.Equals(want[way]) {
			t.Fatalf("%q in way %d: %v, not %v, of %v", word, way, b.ToArray(), want[way].ToArray(), have)
		}
	}
}

// slowly is how a word is found in another, by the definition.
func slowly(word, other string) int {
	switch {
	case word == other:
		return exactly
	case strings.HasPrefix(other, word):
		return asBeginning
	case strings.ContainsAny(other, "0123456789"):
		return offByTwo + 1
	}
	if d := distanceOf(word, other); d <= editsFor(word) {
		return asBeginning + d
	}
	return offByTwo + 1
}

// distanceOf counts edits in the plainest way: rows of the whole table.
func distanceOf(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

func TestDictionaryFindsPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfDistinct(someWord, rapid.ID[string]).Draw(t, "words")
		slices.Sort(list)
		d := &dictionary{}
		for _, word := range list {
			d.add(word)
		}
		ask := someWord.Draw(t, "word")
		at, found := d.place(ask)
		wantAt, wantFound := slices.BinarySearch(list, ask)
		if at != wantAt || found != wantFound {
			t.Fatalf("%q is at %d, %v, not %d, %v, of %v", ask, at, found, wantAt, wantFound, list)
		}
		from, to := d.beginning(ask)
		for i, word := range list {
			if strings.HasPrefix(word, ask) != (i >= from && i < to) {
				t.Fatalf("%q begins %d to %d of %v", ask, from, to, list)
			}
		}
	})
}
