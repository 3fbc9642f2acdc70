package connector

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text makes what a system said fit to show: valid UTF-8, no control characters, and
// at most so many bytes. It is for what people read, never for an id: two texts may
// come out alike.
func Text(s string, most int) string {
	if len(s) > 4*most {
		s = s[:4*most] // what is cut anyway is not looked at
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= most {
		return s
	}
	cut := most - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
