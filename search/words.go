package search

import (
	"cmp"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// words says which objects of a kind have which words: most as they were when it was
// made, and what changed since beside it.
type words struct {
	dictionary
	from []uint32 // of each word, where its keys begin
	keys []uint32 // ascending within a word
	many map[int]*roaring.Bitmap

	letters dictionary // the words without a digit, which edits may lead to
	at      []uint32   // where each of them is among all

	gone *roaring.Bitmap     // keys that no longer count, or count as in late
	late map[uint32][]string // the words of what changed since, in order
}

func newWords() *words {
	return &words{from: []uint32{0}, many: map[int]*roaring.Bitmap{}, gone: roaring.New(), late: map[uint32][]string{}}
}

// manyKeys is from how many objects on a word has a bitmap.
const manyKeys = 1 << 14

// put makes these the words of an object.
func (w *words) put(key uint32, list []string) {
	w.remove(key)
	w.late[key] = list
}

func (w *words) remove(key uint32) {
	w.gone.Add(key)
	delete(w.late, key)
}

// found are the objects that have a word, each with those of the places before: as it
// is, as a beginning, off by one edit, by two.
type found [4]*roaring.Bitmap

// The ways in which a word can be found, best first.
const (
	exactly = iota
	asBeginning
	offByOne
	offByTwo
)

// find looks for a word up to a way. A beginning is also looked for with an edit
// where the word is the last that somebody types; that would find too much.
func (w *words) find(word string, up int) (f found) {
	at, has := w.place(word)
	f[exactly] = roaring.New()
	if has {
		w.addKeys(f[exactly], at, at+1)
	}
	f[asBeginning] = roaring.New()
	if up >= asBeginning {
		from, to := w.beginning(word)
		w.addKeys(f[asBeginning], from, to)
	}
	most := min(editsFor(word), up-asBeginning)
	f[offByOne], f[offByTwo] = roaring.New(), roaring.New()
	if most > 0 {
		w.letters.near(word, most, func(i, distance int) {
			at := int(w.at[i])
			w.addKeys(f[asBeginning+max(distance, 1)], at, at+1)
		})
	}
	for i := range f {
		f[i].AndNot(w.gone)
	}
	w.addLate(&f, word, up)
	for i := 1; i < len(f); i++ {
		f[i].Or(f[i-1])
	}
	return f
}

// addKeys adds the objects of some neighbouring words.
func (w *words) addKeys(to *roaring.Bitmap, from, until int) {
	if until <= from {
		return
	}
	for i, b := range w.many {
		if i >= from && i < until {
			to.Or(b)
		}
	}
	keys := w.keys[w.from[from]:w.from[until]]
	if until-from == 1 || len(keys) < 1024 {
		to.AddMany(keys)
		return
	}
	bits := make([]uint64, slices.Max(keys)/64+1)
	for _, k := range keys {
		bits[k/64] |= 1 << (k % 64)
	}
	to.Or(roaring.FromDense(bits, false))
}

func (w *words) addLate(f *found, word string, up int) {
	most := min(editsFor(word), up-asBeginning)
	var e *edits
	if most > 0 {
		e = newEdits(word, most)
	}
	for key, list := range w.late {
		best := offByTwo + 1
		for _, other := range list {
			best = min(best, howFar(word, other, e))
		}
		if best <= up {
			f[best].Add(key)
		}
	}
}

// howFar is how a word is found in another one; e is nil where no edits count.
func howFar(word, other string, e *edits) int {
	switch {
	case word == other:
		return exactly
	case strings.HasPrefix(other, word):
		return asBeginning
	case e == nil || max(len(word), len(other))-min(len(word), len(other)) > e.most || strings.ContainsAny(other, digits):
		return offByTwo + 1
	}
	b := []byte(other)
	for n := range b {
		if !e.step(b, n) {
			return offByTwo + 1
		}
	}
	if d := e.distance(len(b)); d <= e.most {
		return asBeginning + max(d, 1)
	}
	return offByTwo + 1
}

// merged makes one of what there was and what changed since. It changes nothing.
func (w *words) merged() *words {
	type pair struct {
		word string
		key  uint32
	}
	var fresh []pair
	for key, list := range w.late {
		for _, word := range list {
			fresh = append(fresh, pair{word, key})
		}
	}
	slices.SortFunc(fresh, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.word, b.word), cmp.Compare(a.key, b.key))
	})
	next := newWords()
	next.keys = make([]uint32, 0, len(w.keys)+len(fresh))
	var run []uint32
	take := func(word string) { // what of fresh comes up to a word, and the word's own
		for len(fresh) > 0 && fresh[0].word <= word {
			run = append(run, fresh[0].key)
			if len(fresh) == 1 || fresh[0].word != fresh[1].word {
				if fresh[0].word < word {
					next.addWord(fresh[0].word, run)
					run = run[:0]
				}
			}
			fresh = fresh[1:]
		}
	}
	w.walk(0, func(i int, b []byte, _ int) bool {
		word := string(b)
		run = run[:0]
		take(word)
		run = w.still(run, i)
		if len(run) > 0 {
			slices.Sort(run)
			next.addWord(word, run)
		}
		return true
	})
	run = run[:0]
	for len(fresh) > 0 {
		take(fresh[0].word + "\xff") // behind every word that is equal, before any other
	}
	return next
}

// still adds the keys of a word that count as they were.
func (w *words) still(run []uint32, i int) []uint32 {
	keys := w.keys[w.from[i]:w.from[i+1]]
	if b := w.many[i]; b != nil {
		keys = b.ToArray()
	}
	for _, k := range keys {
		if !w.gone.Contains(k) {
			run = append(run, k)
		}
	}
	return run
}

// addWord puts a word behind the others, with its keys in order.
func (w *words) addWord(word string, keys []uint32) {
	if len(keys) >= manyKeys {
		b := roaring.BitmapOf(keys...)
		b.RunOptimize()
		w.many[w.n] = b
	} else {
		w.keys = append(w.keys, keys...)
	}
	w.addText(word)
	w.from = append(w.from, uint32(len(w.keys))) //nolint:gosec // some ten million
}

// addText puts a word behind the others.
func (w *words) addText(word string) {
	if !strings.ContainsAny(word, digits) {
		w.letters.add(word)
		w.at = append(w.at, uint32(w.n)) //nolint:gosec // words of a few million objects
	}
	w.add(word)
}
