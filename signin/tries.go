package signin

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// tries counts what may be done a few times and then once a minute, by a key. Two
// generations are kept: whoever did nothing within one has all tries again.
type tries struct {
	most int

	mu       sync.Mutex
	now, old map[string]*rate.Limiter
	since    time.Time
}

// maxTries bounds a generation; beyond it all keys share one bucket.
const maxTries = 1 << 14

func (t *tries) bucket(key string, at time.Time) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now == nil || at.Sub(t.since) > time.Duration(t.most)*time.Minute {
		t.old, t.now, t.since = t.now, map[string]*rate.Limiter{}, at
	}
	b := t.now[key]
	if b != nil {
		return b
	}
	if len(t.now) >= maxTries {
		key = ""
	}
	if b = t.now[key]; b == nil {
		if b = t.old[key]; b == nil {
			b = rate.NewLimiter(rate.Every(time.Minute), t.most)
		}
		t.now[key] = b
	}
	return b
}

// allow takes one try.
func (t *tries) allow(key string, at time.Time) bool { return t.bucket(key, at).AllowN(at, 1) }

// left reports whether there is one, and takes none.
func (t *tries) left(key string, at time.Time) bool { return t.bucket(key, at).TokensAt(at) >= 1 }
