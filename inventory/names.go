package inventory

import (
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
	for i := range len(s) {
		if s[i] > unicode.MaxASCII {
			return false
		}
	}
	return true
}

// What is put before or behind the login of a person's second account. The longer
// of two that begin alike comes first.
var (
	adminPrefixes = []string{"admin", "adm", "da", "a", "t0", "t1", "x"}
	adminSuffixes = []string{"admin", "adm", "sa", "a", "ext", "x"}
)

const separators = "-_."

// normalLogin is a login without case, domain, accents, administrative affix and
// separators: ADM_Ana.Sol@example.com and EXAMPLE\ana-sol are both anasol.
func normalLogin(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if i := strings.IndexAny(s, `\@`); i > 0 && s[i] == '\\' {
		s = s[i+1:]
	}
	s, _, _ = strings.Cut(s, "@")
	for _, p := range adminPrefixes {
		if len(s) > len(p) && strings.HasPrefix(s, p) && strings.IndexByte(separators, s[len(p)]) >= 0 {
			s = s[len(p)+1:]
			break
		}
	}
	for _, p := range adminSuffixes {
		if i := len(s) - len(p) - 1; i >= 0 && strings.HasSuffix(s, p) && strings.IndexByte(separators, s[i]) >= 0 {
			s = s[:i]
			break
		}
	}
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
