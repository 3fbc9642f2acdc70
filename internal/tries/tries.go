package tries

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Tries counts by a key. Two generations are kept: whoever did nothing within one has all
// tries again.
type Tries struct {
	Most int

	mu       sync.Mutex
	now, old map[string]*rate.Limiter
	since    time.Time
}

// maxKeys bounds a generation; beyond it all keys share one bucket.
const maxKeys = 1 << 14

func (t *Tries) bucket(key string, at time.Time) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now == nil || at.Sub(t.since) > time.Duration(t.Most)*time.Minute {
		t.old, t.now, t.since = t.now, map[string]*rate.Limiter{}, at
	}
	b := t.now[key]
	if b != nil {
		return b
	}
	if len(t.now) >= maxKeys {
		key = ""
	}
	if b = t.now[key]; b == nil {
		if b = t.old[key]; b == nil {
			b = rate.NewLimiter(rate.Every(time.Minute), t.Most)
		}
		t.now[key] = b
	}
	return b
}

// Allow takes one try.
func (t *Tries) Allow(key string, at time.Time) bool { return t.bucket(key, at).AllowN(at, 1) }

// Left reports whether there is one, and takes none.
func (t *Tries) Left(key string, at time.Time) bool { return t.bucket(key, at).TokensAt(at) >= 1 }
