package graph

import (
	"slices"
	"sync"

	"github.com/writhq/writ/access"
)

// changeLog remembers which objects each step of following changed, so that what
// is computed from one view can be brought up to the next at the cost of what
// changed.
type changeLog struct {
	mu    sync.Mutex
	steps []changeStep
	size  int // objects in all steps
}

// changeStep is one call of Follow: from which revision, and what it changed.
type changeStep struct {
	from    access.Rev
	changed []access.Ref
}

// changesKept bounds the log. Whoever is further behind than this computes anew,
// which by then costs no more.
const changesKept = 200_000

func (l *changeLog) add(from access.Rev, changed []access.Ref) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.steps = append(l.steps, changeStep{from, changed})
	l.size += len(changed)
	first := 0
	for l.size > changesKept {
		l.size -= len(l.steps[first].changed)
		first++
	}
	l.steps = slices.Delete(l.steps, 0, first)
}

// Between lists the objects that changed from one view of this graph to a later
// one, in the order of their kinds and keys: what differs between the two is a
// node that is listed, or an edge that starts at one. It reports false when that
// is no longer known.
func (g *Graph) Between(was, is *View) ([]access.Ref, bool) {
	from, to := was.s.rev, is.s.rev
	if from == to {
		return nil, true
	}
	g.log.mu.Lock()
	defer g.log.mu.Unlock()
	first := slices.IndexFunc(g.log.steps, func(s changeStep) bool { return s.from == from })
	if first < 0 || from > to {
		return nil, false
	}
	var all []access.Ref
	for _, s := range g.log.steps[first:] {
		if s.from >= to {
			break
		}
		all = append(all, s.changed...)
	}
	slices.SortFunc(all, compareRefs)
	return slices.Compact(all), true
}
