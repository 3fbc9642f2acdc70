package keys

import (
	"time"

	"github.com/writhq/writ/internal/fault"
)

// away is that the key service did not open the vault, and when it is asked again.
type away struct {
	why   string // "" is that it is not
	since time.Time
	next  time.Time
	pause time.Duration
}

const (
	leastPause = time.Second
	mostPause  = time.Minute
)

func (a *away) failed(now time.Time, err error) {
	if a.why == "" {
		a.since = now
	}
	a.why = fault.Line(err)
	a.pause = min(max(2*a.pause, leastPause), mostPause)
	a.next = now.Add(a.pause)
}

// due reports whether the key service is to be asked again.
func (r *Ring) due() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.open == nil && r.away.why != "" && !r.now().Before(r.away.next)
}
