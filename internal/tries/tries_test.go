package tries

import (
	"strings"
	"testing"
	"time"
)

// Tries run out, come back one a minute, and are each key's own.
func TestTries(t *testing.T) {
	at := time.Unix(1796000000, 0)
	w := Tries{Most: 3}
	for range 3 {
		if !w.Left("a", at) || !w.Allow("a", at) {
			t.Fatal("a try is missing")
		}
	}
	if w.Left("a", at) || w.Allow("a", at) || !w.Left("b", at) {
		t.Fatal("tries are not each key's own")
	}
	at = at.Add(time.Minute)
	if !w.Allow("a", at) || w.Allow("a", at) {
		t.Fatal("one comes back a minute")
	}
	at = at.Add(3 * time.Minute) // another generation knows of the one before
	for try := range 4 {
		if w.Allow("a", at) != (try < 3) {
			t.Fatal("a new generation forgives or forgets")
		}
	}
	for i := range maxKeys + 10 {
		w.Allow(strings.Repeat("x", i%50)+time.Duration(i).String(), at)
	}
	if len(w.now) > maxKeys+1 {
		t.Fatal(len(w.now))
	}
}
