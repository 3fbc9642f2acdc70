package inventory

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// letters that do not decompose into a base letter and an accent.
var letters = strings.NewReplacer("ß", "ss", "æ", "ae", "ø", "o", "œ", "oe", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i")

// plainName is a name without case, accents and punctuation, its parts apart by
// one space; "Last, First" is turned round.
func plainName(s string) string {
	if last, first, ok := strings.Cut(s, ","); ok {
		s = first + " " + last
	}
	s = strings.ToLower(s)
	if !ascii(s) {
		fold := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
		var err error
		if s, _, err = transform.String(fold, s); err != nil {
			return ""
		}
		s = letters.Replace(s)
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

var (
	domainPrefix = regexp.MustCompile(`^[^\\@]+\\`)
	domainSuffix = regexp.MustCompile(`@.*$`)
	adminAffix   = regexp.MustCompile(`^(adm|admin|a|da|t0|t1|x)[-_.]|[-_.](adm|admin|a|sa|x|ext)$`)
)

// normalLogin is a login without case, domain, accents, administrative affix and
// separators: ADM_Ana.Sol@example.com and EXAMPLE\ana-sol are both anasol.
func normalLogin(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	s = domainPrefix.ReplaceAllString(s, "")
	s = domainSuffix.ReplaceAllString(s, "")
	s = adminAffix.ReplaceAllString(s, "")
	return strings.ReplaceAll(plainName(s), " ", "")
}

// loginsOf are the logins that people of a plain name usually have: ana sol gives
// anasol, asol, anas, sola.
func loginsOf(plain string) []string {
	parts := strings.Fields(plain)
	if len(parts) < 2 {
		return nil
	}
	first, last := parts[0], parts[len(parts)-1]
	whole := strings.Join(parts[1:], "")
	out := []string{first + last, last + first, first[:1] + last, first + last[:1], last + first[:1]}
	if whole != last {
		out = append(out, first+whole, first[:1]+whole)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sharesPart reports whether two names have a part in common.
func sharesPart(a, b string) bool {
	parts := strings.Fields(plainName(b))
	return slices.ContainsFunc(strings.Fields(plainName(a)), func(p string) bool { return slices.Contains(parts, p) })
}

// similarity is the Jaro-Winkler similarity, 0 to 1 (Winkler 1990).
func similarity(a, b string) float64 {
	x, y := []rune(a), []rune(b)
	j := jaro(x, y)
	prefix := 0
	for prefix < min(4, len(x), len(y)) && x[prefix] == y[prefix] {
		prefix++
	}
	return j + float64(prefix)*0.1*(1-j)
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
	t := float64(swapped) / 2
	return (m/float64(len(a)) + m/float64(len(b)) + (m-t)/m) / 3
}
