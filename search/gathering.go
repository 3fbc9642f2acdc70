package search

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// gathering collects the words of all objects of a kind, in the order of their keys.
type gathering struct {
	seed  maphash.Seed
	slots []uint32 // one more than the number of a word
	text  []byte
	ends  []uint32 // of each word
	count []uint32 // objects that have it
	said  []uint32 // numbers of words, object by object
	keys  []uint32
	upTo  []uint32 // in said, of each key
}

func newGathering() *gathering {
	return &gathering{seed: maphash.MakeSeed(), slots: make([]uint32, 1<<10)}
}

// word is a word by its number. It is only lent.
func (g *gathering) word(i uint32) []byte {
	begin := uint32(0)
	if i > 0 {
		begin = g.ends[i-1]
	}
	return g.text[begin:g.ends[i]]
}

// number is a word's number, a new one where it has none.
func (g *gathering) number(word string) uint32 {
	if len(g.ends)*2 > len(g.slots) {
		g.grow()
	}
	mask := uint64(len(g.slots) - 1)
	at := maphash.String(g.seed, word) & mask
	for ; g.slots[at] != 0; at = (at + 1) & mask {
		if i := g.slots[at] - 1; string(g.word(i)) == word {
			return i
		}
	}
	g.text = append(g.text, word...)
	g.ends = append(g.ends, uint32(len(g.text))) //nolint:gosec // words of a few million objects
	g.count = append(g.count, 0)
	g.slots[at] = uint32(len(g.ends)) //nolint:gosec // as many
	return g.slots[at] - 1
}

func (g *gathering) grow() {
	g.slots = make([]uint32, 2*len(g.slots))
	mask := uint64(len(g.slots) - 1)
	for i := range g.ends {
		at := maphash.Bytes(g.seed, g.word(uint32(i))) & mask //nolint:gosec // as many
		for g.slots[at] != 0 {
			at = (at + 1) & mask
		}
		g.slots[at] = uint32(i + 1) //nolint:gosec // as many
	}
}

// put takes in the words of an object, each once.
func (g *gathering) put(key uint32, list []string) {
	for _, word := range list {
		i := g.number(word)
		g.count[i]++
		g.said = append(g.said, i)
	}
	g.keys = append(g.keys, key)
	g.upTo = append(g.upTo, uint32(len(g.said))) //nolint:gosec // some ten million
}

// words makes what is asked of what was gathered.
func (g *gathering) words() *words {
	type term struct {
		first uint64
		i     uint32
	}
	order := make([]term, len(g.ends))
	for i := range order {
		order[i] = term{first8(g.word(uint32(i))), uint32(i)} //nolint:gosec // as many
	}
	slices.SortFunc(order, func(a, b term) int {
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		return bytes.Compare(g.word(a.i), g.word(b.i))
	})
	w := newWords()
	place := make([]uint32, len(order)) // of a word by its number: where its next key goes
	var size uint32
	many := map[uint32]int{}
	for n, t := range order {
		w.addText(string(g.word(t.i)))
		place[t.i] = size
		if g.count[t.i] >= manyKeys {
			many[t.i] = n
			w.many[n] = roaring.New()
		} else {
			size += g.count[t.i]
		}
		w.from = append(w.from, size)
	}
	g.slots, g.text, g.ends = nil, nil, nil
	w.keys = make([]uint32, size)
	var begin uint32
	for n, key := range g.keys {
		for _, i := range g.said[begin:g.upTo[n]] {
			if g.count[i] >= manyKeys {
				w.many[many[i]].Add(key)
				continue
			}
			w.keys[place[i]] = key
			place[i]++
		}
		begin = g.upTo[n]
	}
	for _, b := range w.many {
		b.RunOptimize()
	}
	return w
}
