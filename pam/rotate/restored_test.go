package rotate

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/internal/secret"
)

// After a restore the target may have what the vault lost. Whatever goes wrong then, in every
// order: in the end the current value opens, and where it did all along nothing was set.
func TestARestoredValueOpensInTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		if rapid.Bool().Draw(t, "two accounts take turns") {
			w.makePair()
		}
		w.queue = &Queued{Cause: Restored, Since: 2}
		w.clock = 2
		changed := rapid.Bool().Draw(t, "it was changed since")
		if changed {
			w.lost = secret.New([]byte("lost"))
			w.targets[1] = w.lost
		}
		for range rapid.IntRange(0, 12).Draw(t, "attempts") {
			w.attempt()
		}
		w.calm = true
		for n := 0; w.queue != nil; n++ {
			if n > 20 {
				t.Fatalf("it never ends: %s", fmt.Sprint(*w.queue))
			}
			w.attempt()
		}
		w.settled()
		for _, h := range w.values {
			if h.Current && !h.Value.Equal(w.targets[h.account]) || h.Pending {
				t.Fatal("the current value does not open the target, or something is in doubt for ever")
			}
		}
		if !changed && w.sets > 0 {
			t.Fatal("a value that opens was changed")
		}
	})
}
