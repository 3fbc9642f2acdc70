package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// letters that do not decompose into a base letter and an accent.
var letters = strings.NewReplacer("ß", "ss", "æ", "ae", "ø", "o", "œ", "oe", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i")

// Plain writes a text in lower case without accents. What is no text becomes none.
func Plain(s string) string {
	s = strings.ToLower(s)
	if ASCII(s) {
		return s
	}
	fold := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	s, _, err := transform.String(fold, s)
	if err != nil {
		return ""
	}
	return letters.Replace(s)
}

// ASCII reports whether a text is of ASCII only.
func ASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Words are the words of a text in plain form.
func Words(s string) []string {
	return strings.FieldsFunc(Plain(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// twoLetters writes an umlaut as people do who have none.
var twoLetters = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ø", "oe", "å", "aa")

// mayBeUmlauts are those letters in both cases, and what makes them of others.
const mayBeUmlauts = "äöüøåÄÖÜØÅ\u0308\u030a\u212b"

// Spelled writes a text with its umlauts as two letters, in lower case, and reports
// whether it has any.
func Spelled(s string) (string, bool) {
	if !strings.ContainsAny(s, mayBeUmlauts) {
		return s, false
	}
	return twoLetters.Replace(norm.NFC.String(strings.ToLower(s))), true
}
