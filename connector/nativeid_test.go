package connector

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever a system calls a thing, its id is text, is told from all others, and leads back.
func FuzzNativeIDs(f *testing.F) {
	for _, s := range []string{"", "ana", `a\b`, "a.b:c", "a\x00b", "\xff\xfe", "é…", `\x41`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		id := EscapeID(name, ".:")
		back, ok := RestoreID(id)
		if !utf8.ValidString(id) || strings.ContainsAny(id, ".:\x00\n") {
			t.Errorf("%q has the id %q", name, id)
		}
		if back != name || ok == strings.ContainsRune(name, 0) {
			t.Errorf("%q comes back as %q, %t", name, back, ok)
		}
		if long := CapID(strings.Repeat(id, 3000)); len(long) > MaxID || !utf8.ValidString(long) {
			t.Errorf("%d bytes of %q", len(long), name)
		}
	})
}

func TestWhatIsNoNativeID(t *testing.T) {
	for _, id := range []string{`\`, `\x`, `\x4`, `\xzz`, `\n`, `a\x00`} {
		if name, ok := RestoreID(id); ok {
			t.Errorf("%q is read as %q", id, name)
		}
	}
	if a, b := CapID(strings.Repeat("a", 2000)+"1"), CapID(strings.Repeat("a", 2000)+"2"); a == b {
		t.Error("two long ids are one")
	}
}
