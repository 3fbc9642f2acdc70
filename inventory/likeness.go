package inventory

import (
	"math/bits"
	"slices"
	"strings"
	"unicode"

	"github.com/writhq/writ/internal/fold"
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

// spelledParts are the parts of both forms of a name.
type spelledParts struct{ plain, spelled nameParts }

// part is one of them.
type part struct{ plain, spelled string }

func (s spelling) parts() spelledParts { return spelledParts{partsOf(s.plain), partsOf(s.spelled)} }

func (s spelling) first() part { return part{firstPart(s.plain), firstPart(s.spelled)} }

func firstPart(plain string) string {
	first, _, _ := strings.Cut(plain, " ")
	return first
}

func (p *spelledParts) at(i int) part { return part{p.plain.of[i], p.spelled.of[i]} }

// samePart reports whether two parts of names are the same, where one may have an
// umlaut that the other writes as two letters. Two letters that are no umlaut in
// either are not one: Michał is not Michael.
func samePart(x, y part) bool {
	return x.plain == y.plain || x.spelled == y.plain || x.plain == y.spelled
}

// sameParts reports whether two names have the same parts, in any order.
func sameParts(a, b spelling) bool {
	if a.plain == b.plain {
		return true
	}
	if unspelled(a.plain) != unspelled(b.plain) {
		return false
	}
	p, q := a.parts(), b.parts()
	return p.plain.n > 1 && p.plain.n == q.plain.n && pairs(&p, &q, samePart)
}

// oneLetter undoes the writing of an umlaut as two letters, also where it is none.
var oneLetter = strings.NewReplacer("ae", "a", "oe", "o", "ue", "u", "aa", "a")

// sameName reports whether two names may be one as people write it: parts are left
// out, put in another order, shortened, or only begun.
func sameName(a, b spelling) bool {
	if sameParts(a, b) {
		return true
	}
	p, q := a.parts(), b.parts()
	if p.plain.n > q.plain.n {
		p, q = q, p
	}
	return p.plain.n > 1 && pairs(&p, &q, func(x, y part) bool {
		return x.plain == y.plain || (len(x.plain) == 1 || len(y.plain) == 1) && x.plain[0] == y.plain[0] || whole(x.plain) == whole(y.plain)
	})
}

// pairs reports whether each part of p goes with another of q.
func pairs(p, q *spelledParts, goes func(x, y part) bool) bool {
	var taken [maxParts]bool
next:
	for n := range p.plain.n {
		for i := range q.plain.n {
			if !taken[i] && goes(p.at(n), q.at(i)) {
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

// scripts are those whose letters look like some of ASCII; other Latin letters do too.
var scripts = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee, unicode.Coptic}

// sameScripts reports whether two plain names are written in the same scripts. Where
// they are not, what looks like a slip may be a letter that only looks right.
func sameScripts(a, b string) bool { return scriptsOf(a) == scriptsOf(b) }

// scriptsOf is a set of places in scripts, from 1; 0 is all others.
func scriptsOf(plain string) (set uint) {
	for _, r := range plain {
		if r > unicode.MaxASCII {
			set |= 1 << (1 + slices.IndexFunc(scripts, func(t *unicode.RangeTable) bool { return unicode.Is(t, r) }))
		}
	}
	return set
}

// similarity is the Jaro-Winkler similarity, 0 to 1 (Winkler 1990).
func similarity(a, b string) float64 {
	if len(a) <= 64 && len(b) <= 64 && fold.ASCII(a) && fold.ASCII(b) {
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
