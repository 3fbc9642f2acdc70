package connector

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func FuzzText(f *testing.F) {
	for _, s := range []string{"Ana Sol", "a\x00b\r\n", "\xff\xfe", strings.Repeat("é", 400), strings.Repeat("\xff", 9000) + "x", "\u0085\u009f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s, 64)
		if len(got) > 64 || !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%q becomes %q", s, got)
		}
		if len(s) <= 64 && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) && got != s {
			t.Errorf("%q was fit, and became %q", s, got)
		}
	})
}
