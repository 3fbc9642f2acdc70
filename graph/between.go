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

// changesKept and stepsKept bound the log. Whoever is further behind than this
// computes anew, which by then costs no more.
const (
	changesKept = 200_000
	stepsKept   = 10_000
)

func (l *changeLog) add(from access.Rev, changed []access.Ref) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.steps = append(l.steps, changeStep{from, changed})
	l.size += len(changed)
	first := 0
	for l.size > changesKept || len(l.steps)-first > stepsKept {
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
	slices.SortFunc(all, access.Ref.Compare)
	return slices.Compact(all), true
}

// WithOpeners adds to what changed the accounts that open a changed one in either
// of two views, and those that open them: what an account holds, whoever signs in
// through it holds too.
func WithOpeners(was, is *View, changed []access.Ref) []access.Ref {
	if was.s.opened.empty() && is.s.opened.empty() {
		return changed
	}
	known := map[access.Ref]bool{}
	for _, ref := range changed {
		known[ref] = true
	}
	all := slices.Clone(changed)
	for i := 0; i < len(all); i++ {
		if all[i].Kind != access.KindAccount {
			continue
		}
		for _, v := range []*View{was, is} {
			for _, by := range v.OpenedBy(access.AccountID(all[i].Key)) {
				if !known[by.Ref()] {
					known[by.Ref()] = true
					all = append(all, by.Ref())
				}
			}
		}
	}
	slices.SortFunc(all, access.Ref.Compare)
	return all
}

// OpenOtherwise reports whether other accounts open an account in one of two views
// than in the other, or it can be opened in one of them only.
func OpenOtherwise(was, is *View, id access.AccountID) bool {
	before, now := was.OpenedBy(id), is.OpenedBy(id)
	if len(before) == 0 && len(now) == 0 {
		return false
	}
	a, _ := was.Account(id)
	b, _ := is.Account(id)
	return a.Status != b.Status || !slices.Equal(before, now)
}
