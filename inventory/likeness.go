package inventory

import (
	"math/bits"
	"strings"
)

// shortForms are given names and what people are called who have them, in plain
// form. Each is another's only where a row says so.
var shortForms = map[string]string{
	"alex": "alexander", "andy": "andrew", "angie": "angela", "tony": "anthony", "ben": "benjamin", "beth": "elizabeth",
	"betty": "elizabeth", "liz": "elizabeth", "lisa": "elizabeth", "bill": "william", "billy": "william", "will": "william",
	"bob": "robert", "bobby": "robert", "rob": "robert", "cathy": "catherine", "kate": "catherine", "katie": "catherine",
	"kathy": "katherine", "charlie": "charles", "chuck": "charles", "chris": "christopher", "dan": "daniel", "danny": "daniel",
	"dave": "david", "debbie": "deborah", "dick": "richard", "rick": "richard", "rich": "richard", "ed": "edward",
	"eddie": "edward", "ted": "edward", "fred": "frederick", "greg": "gregory", "hank": "henry", "harry": "henry",
	"jack": "john", "jim": "james", "jimmy": "james", "joe": "joseph", "ken": "kenneth", "larry": "lawrence",
	"maggie": "margaret", "meg": "margaret", "peggy": "margaret", "matt": "matthew", "mike": "michael", "mick": "michael",
	"nick": "nicholas", "pat": "patricia", "pete": "peter", "phil": "philip", "ron": "ronald", "sam": "samuel",
	"steve": "steven", "sue": "susan", "tim": "timothy", "tom": "thomas", "tommy": "thomas", "vicky": "victoria",
	"hans": "johannes", "sepp": "josef", "max": "maximilian", "fritz": "friedrich", "pepe": "jose", "paco": "francisco",
	"sasha": "alexander", "misha": "mikhail", "gigi": "luigi", "beppe": "giuseppe", "nando": "fernando", "lupe": "guadalupe",
}

// whole is the form that a given name and its short forms share.
func whole(part string) string {
	if w, ok := shortForms[part]; ok {
		return w
	}
	return part
}

// What parts of a name are worth that are not the same: a short form says nearly
// as much; an initial fits many.
const (
	shortFormWorth = 0.96
	initialWorth   = 0.85
	missingWorth   = 0.03 // less for each part that only one name has
)

// maxParts of a name are looked at.
const maxParts = 8

// nameParts are the parts of a plain name.
type nameParts struct {
	of [maxParts]string
	n  int
}

func partsOf(plain string) (p nameParts) {
	for part := range strings.FieldsSeq(plain) {
		if p.n == maxParts {
			break
		}
		p.of[p.n] = part
		p.n++
	}
	return p
}

// likeness says how alike two plain names are, 0 to 1: as they are written, or
// part by part in any order. Comparing takes no memory: it is done very often.
func likeness(a, b string) float64 {
	if a == b {
		return 1
	}
	p, q := partsOf(a), partsOf(b)
	return max(similarity(a, b), partByPart(&p, &q))
}

// partByPart pairs each part of the shorter name with its likest of the longer;
// one that is like none makes the names differ.
func partByPart(p, q *nameParts) float64 {
	if p.n > q.n {
		p, q = q, p
	}
	if p.n < 2 {
		return 0
	}
	var taken [maxParts]bool
	var sum float64
	initials := 0
	for _, part := range p.of[:p.n] {
		best, at := 0.0, 0
		for i, other := range q.of[:q.n] {
			if taken[i] {
				continue
			}
			if s := partLikeness(part, other); s > best {
				best, at = s, i
			}
		}
		if best < initialWorth {
			return 0
		}
		if len(part) == 1 || len(q.of[at]) == 1 {
			initials++
		}
		taken[at] = true
		sum += best
	}
	if initials == p.n {
		return 0
	}
	return sum/float64(p.n) - missingWorth*float64(q.n-p.n)
}

func partLikeness(a, b string) float64 {
	switch {
	case a == b:
		return 1
	case len(a) == 1 || len(b) == 1: // an initial, if it is a letter of ASCII
		if a[0] == b[0] {
			return initialWorth
		}
		return 0
	case whole(a) == whole(b):
		return shortFormWorth
	}
	if s := similarity(a, b); s > initialWorth {
		return s
	}
	return 0
}

// sameParts reports whether two plain names have the same parts, in any order, and
// whichever way their umlauts are written.
func sameParts(a, b string) bool {
	if a == b {
		return true
	}
	p, q := partsOf(a), partsOf(b)
	return p.n > 1 && p.n == q.n && pairs(&p, &q, func(x, y string) bool { return x == y || oneLetter.Replace(x) == oneLetter.Replace(y) })
}

// oneLetter undoes the writing of an umlaut as two letters.
var oneLetter = strings.NewReplacer("ae", "a", "oe", "o", "ue", "u", "aa", "a")

// sameName reports whether two plain names may be one as people write it: parts are
// left out, put in another order, shortened, or only begun.
func sameName(a, b string) bool {
	if sameParts(a, b) {
		return true
	}
	p, q := partsOf(a), partsOf(b)
	if p.n > q.n {
		p, q = q, p
	}
	return p.n > 1 && pairs(&p, &q, func(x, y string) bool {
		return x == y || (len(x) == 1 || len(y) == 1) && x[0] == y[0] || whole(x) == whole(y)
	})
}

// pairs reports whether each part of p goes with another of q.
func pairs(p, q *nameParts, goes func(x, y string) bool) bool {
	var taken [maxParts]bool
next:
	for _, x := range p.of[:p.n] {
		for i, y := range q.of[:q.n] {
			if !taken[i] && goes(x, y) {
				taken[i] = true
				continue next
			}
		}
		return false
	}
	return true
}

// fittingLogin is how long the login of a person must be at least where it is only
// the beginning of what it could be.
const fittingLogin = 5

// loginFits reports whether a login in normal form, without a number behind it, is
// one that people of a plain name have, whole or cut off, or their last name.
func loginFits(login, plain string) bool {
	if len(login) < 2 {
		return false
	}
	p := partsOf(plain)
	for _, l := range append(loginsOf(plain), p.of[max(0, p.n-1)]) {
		if l == login || len(login) >= fittingLogin && strings.HasPrefix(l, login) {
			return true
		}
	}
	return false
}

// sharesPart reports whether two plain names have a part in common.
func sharesPart(a, b string) bool {
	for p := range strings.FieldsSeq(a) {
		for q := range strings.FieldsSeq(b) {
			if p == q {
				return true
			}
		}
	}
	return false
}

// similarity is the Jaro-Winkler similarity, 0 to 1 (Winkler 1990).
func similarity(a, b string) float64 {
	if len(a) <= 64 && len(b) <= 64 && ascii(a) && ascii(b) {
		prefix := 0
		for prefix < min(4, len(a), len(b)) && a[prefix] == b[prefix] {
			prefix++
		}
		return winkler(jaroASCII(a, b), prefix)
	}
	x, y := []rune(a), []rune(b)
	prefix := 0
	for prefix < min(4, len(x), len(y)) && x[prefix] == y[prefix] {
		prefix++
	}
	return winkler(jaro(x, y), prefix)
}

func winkler(j float64, prefix int) float64 { return j + float64(prefix)*0.1*(1-j) }

// jaroASCII is jaro for short texts of one byte a letter; it takes no memory.
func jaroASCII(a, b string) float64 {
	if a == "" || b == "" {
		return 0
	}
	window := max(len(a), len(b))/2 - 1
	var inA, inB uint64
	for i := range len(a) {
		for j := max(0, i-window); j < min(len(b), i+window+1); j++ {
			if inB&(1<<j) == 0 && a[i] == b[j] {
				inA |= 1 << i
				inB |= 1 << j
				break
			}
		}
	}
	m := bits.OnesCount64(inA)
	if m == 0 {
		return 0
	}
	swapped := 0
	for x, y := inA, inB; x != 0; x, y = x&(x-1), y&(y-1) {
		if a[bits.TrailingZeros64(x)] != b[bits.TrailingZeros64(y)] {
			swapped++
		}
	}
	return jaroOf(float64(m), len(a), len(b), swapped)
}

func jaroOf(m float64, a, b, swapped int) float64 {
	t := float64(swapped) / 2
	return (m/float64(a) + m/float64(b) + (m-t)/m) / 3
}

func jaro(a, b []rune) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	window := max(len(a), len(b))/2 - 1
	inA, inB := make([]bool, len(a)), make([]bool, len(b))
	var m float64
	for i := range a {
		for j := max(0, i-window); j < min(len(b), i+window+1); j++ {
			if !inB[j] && a[i] == b[j] {
				inA[i], inB[j] = true, true
				m++
				break
			}
		}
	}
	if m == 0 {
		return 0
	}
	var swapped, j int
	for i := range a {
		if !inA[i] {
			continue
		}
		for !inB[j] {
			j++
		}
		if a[i] != b[j] {
			swapped++
		}
		j++
	}
	return jaroOf(m, len(a), len(b), swapped)
}
