package remember_test

import (
	"testing"

	"github.com/writhq/writ/internal/remember"
)

func TestMemoryIsOfOneRevision(t *testing.T) {
	var m remember.Memory[int64, string, int]
	add := func(by int) func(int) int { return func(was int) int { return was + by } }
	is := func(at int64, key string, want int, there bool) {
		t.Helper()
		if got, ok := m.Of(at, key); got != want || ok != there {
			t.Errorf("at %d %s is %d, %v", at, key, got, ok)
		}
	}
	m.Keep(5, "a", add(1)) // nobody has met 5 yet
	is(5, "a", 0, false)
	if m.Worth(5) || !m.Worth(5) {
		t.Error("it pays from the second time on")
	}
	m.Keep(5, "a", add(1))
	m.Keep(5, "a", add(2))
	m.Keep(4, "a", add(9))
	is(5, "a", 3, true)
	is(4, "a", 0, false)
	is(6, "a", 0, false)
	for i := range remember.Most {
		m.Keep(5, string(rune(0x4e00+i)), add(1))
	}
	is(5, "a", 0, false) // forgotten: there is no end of keys
	if m.Worth(6) {
		t.Error("it pays at a revision that is new")
	}
	is(5, string(rune(0x4e00+remember.Most-1)), 0, false)
}
