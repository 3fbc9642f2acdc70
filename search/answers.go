package search

import (
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// answers are what was worked out of one revision: it is asked again and again while
// somebody types. It dies with the revision.
type answers struct {
	mu   sync.Mutex
	sets map[string]*roaring.Bitmap
}

func newAnswers() *answers { return &answers{sets: map[string]*roaring.Bitmap{}} }

// once returns a set that is worked out once. It is not to be changed.
func (a *answers) once(name string, find func() *roaring.Bitmap) *roaring.Bitmap {
	a.mu.Lock()
	defer a.mu.Unlock()
	b, ok := a.sets[name]
	if !ok {
		b = find()
		a.sets[name] = b
	}
	return b
}
