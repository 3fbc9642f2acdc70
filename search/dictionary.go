package search

import (
	"encoding/binary"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// dictionary is the words of many objects in their order, each written as what it has
// otherwise than the one before. Words that begin alike are neighbours, so that their
// objects are, too.
type dictionary struct {
	text  []byte
	heads []uint32 // where each block begins
	n     int
	last  string // while it is being made
}

// A word is cut to maxWord bytes. A block's first word is written out.
const (
	wordsPerBlock = 16
	maxWord       = 64
)

// add puts a word behind the others, which come before it.
func (d *dictionary) add(word string) {
	same := 0
	if d.n%wordsPerBlock == 0 {
		d.heads = append(d.heads, uint32(len(d.text))) //nolint:gosec // words of a few million objects
	} else {
		same = common(d.last, word)
	}
	d.text = append(d.text, byte(same), byte(len(word)-same))
	d.text = append(d.text, word[same:]...)
	d.last = word
	d.n++
}

func common[T string | []byte](a, b T) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// walk calls fn with each word from a block on, until it returns false. The word is
// only lent.
func (d *dictionary) walk(block int, fn func(i int, word []byte, same int) bool) {
	var word [maxWord]byte
	if block >= len(d.heads) {
		return
	}
	at, i := int(d.heads[block]), block*wordsPerBlock
	for at < len(d.text) {
		same, rest := int(d.text[at]), int(d.text[at+1])
		copy(word[same:], d.text[at+2:at+2+rest])
		at += 2 + rest
		if !fn(i, word[:same+rest], same) {
			return
		}
		i++
	}
}

// place is where a word is, or where it would be.
func (d *dictionary) place(word string) (at int, found bool) {
	block := sort.Search(len(d.heads), func(b int) bool {
		head := d.text[d.heads[b]:]
		return string(head[2:2+head[1]]) > word
	})
	if block == 0 {
		return 0, false
	}
	at = d.n
	d.walk(block-1, func(i int, w []byte, _ int) bool {
		if string(w) < word {
			return true
		}
		at, found = i, string(w) == word
		return false
	})
	return at, found
}

// beginning is the places of the words that begin with a text.
func (d *dictionary) beginning(text string) (from, to int) {
	from, _ = d.place(text)
	to, _ = d.place(text + "\xff") // no word has that byte
	return from, to
}

// near calls fn with the words that edits turn a word into: a letter more, less, or
// another, or two letters changed over. Letters beyond ASCII count as their bytes.
func (d *dictionary) near(word string, edits int, fn func(i, distance int)) {
	e := newEdits(word, edits)
	dead := maxWord + 1 // words that share so much with the one before are too far, too
	var last [maxWord]byte
	lastLen := 0
	d.walk(0, func(i int, w []byte, same int) bool {
		if i%wordsPerBlock == 0 { // it is written out, and may share more
			same = common(last[:lastLen], w)
		}
		lastLen = same + copy(last[same:], w[same:])
		if same >= dead {
			return true
		}
		dead = maxWord + 1
		for n := same; n < len(w); n++ {
			if !e.step(w, n) {
				dead = n + 1
				return true
			}
		}
		if distance := e.distance(len(w)); distance <= edits {
			fn(i, distance)
		}
		return true
	})
}

// edits is the table of distances between a word and the beginnings of others.
type edits struct {
	word []byte
	most int
	rows [maxWord + 1][maxWord + 1]uint8
}

func newEdits(word string, most int) *edits {
	e := &edits{word: []byte(word), most: most}
	for j := range len(word) + 1 {
		e.rows[0][j] = uint8(j) //nolint:gosec // at most maxWord
	}
	return e
}

// step fills in the row behind letter n of another word, whose rows before are filled
// in, and reports whether the two may still be near.
func (e *edits) step(other []byte, n int) bool {
	c := other[n]
	above, row := &e.rows[n], &e.rows[n+1]
	row[0] = uint8(n + 1) //nolint:gosec // at most maxWord
	least := row[0]
	for j, letter := range e.word {
		best := above[j]
		if letter != c {
			best = min(best, above[j+1], row[j]) + 1
		}
		if j > 0 && n > 0 && letter == other[n-1] && e.word[j-1] == c {
			best = min(best, e.rows[n-1][j-1]+1)
		}
		row[j+1] = best
		least = min(least, best)
	}
	if n > 0 { // letters that are changed over go two rows back
		least = min(least, slices.Min(above[:len(e.word)+1]))
	}
	return int(least) <= e.most
}

func (e *edits) distance(n int) int { return int(e.rows[n][len(e.word)]) }

// What has a digit is no word of a language: one that is off by a digit is another
// number, and no typing error.
const digits = "0123456789"

// From so many letters on a word is looked for with one edit, and with two.
const (
	lettersForOne = 4
	lettersForTwo = 8
)

// editsFor is how many edits a word may be off.
func editsFor(word string) int {
	switch n := utf8.RuneCountInString(word); {
	case strings.ContainsAny(word, digits) || n < lettersForOne || len(word) > maxWord/2:
		return 0
	case n < lettersForTwo:
		return 1
	}
	return 2
}

// shorten cuts a word to what is kept of one.
func shorten(word string) string {
	if len(word) <= maxWord {
		return word
	}
	end := maxWord
	for end > 0 && !utf8.RuneStart(word[end]) {
		end--
	}
	return word[:end]
}

// first8 is a text's first bytes as a number of the same order.
func first8[T string | []byte](s T) uint64 {
	var b [8]byte
	copy(b[:], s)
	return binary.BigEndian.Uint64(b[:])
}
