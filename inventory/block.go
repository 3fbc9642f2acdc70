package inventory

import "strings"

// Blocking: a name is compared only with the names of people who share one of its
// blocking keys. Each kind of key bears another kind of slip, and the rarest keys
// are followed first:
//
//   - a part of the name as it is written, if few have it: the others may be anything;
//   - the sound of a part with the first letter of an outer one: vowels, doubled
//     letters and spellings (Müller, Mueller, Miller) may differ, the order too,
//     and the other part after its first letter;
//   - the beginnings of the outer parts: both may differ behind their third letter.
//
// TestBlockingRecall measures what they lose.

// partBlock begins the keys of the first kind, which many more people share than
// those of the others; one that more than maxPartBlock have is not followed.
const (
	partBlock    = '='
	maxPartBlock = 500
)

// blocksOf calls fn with the blocking keys of a plain name.
func blocksOf(plain string, fn func(key string)) {
	p := partsOf(plain)
	if p.n == 0 {
		return
	}
	first, last := p.of[0], p.of[p.n-1]
	for i, part := range p.of[:p.n] {
		if len(part) > 2 {
			fn(string(partBlock) + part)
		}
		if len(part) < 2 {
			continue
		}
		sound := soundOf(whole(part))
		if i > 0 {
			fn("~" + sound + whole(first)[:1])
		}
		if i < p.n-1 {
			fn("~" + sound + whole(last)[:1])
		}
	}
	if p.n > 1 {
		a, b := beginning(first), beginning(last)
		fn("^" + min(a, b) + " " + max(a, b))
	}
}

// shareBlock reports whether two plain names have a blocking key in common.
func shareBlock(a, b string) (ok bool) {
	blocksOf(a, func(key string) {
		blocksOf(b, func(other string) { ok = ok || key == other })
	})
	return ok
}

func beginning(part string) string { return part[:min(3, len(part))] }

// sounds are classes of letters that are taken for one another (Russell 1918, the
// Soundex code); letters without one are not heard behind the first.
const sounds = "a123a12ha22455a12623a1h2a2" // a to z

// soundOf is the code of how a part of a name sounds, of any length.
func soundOf(part string) string {
	var b strings.Builder
	last := byte(0)
	for i := range len(part) {
		c := part[i]
		if 'a' <= c && c <= 'z' {
			c = sounds[c-'a']
		}
		if silent := c == 'a' || c == 'h'; (i == 0 || !silent) && c != last {
			b.WriteByte(c)
		}
		if c != 'h' || i == 0 {
			last = c
		}
	}
	return b.String()
}
