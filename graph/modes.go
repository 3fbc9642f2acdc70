package graph

import "github.com/writhq/writ/access"

// modeSet has bit 1<<mode for each access mode. A path's mode is the weakest on
// it: any eligible step makes it eligible, else any active one makes it active,
// else it is standing.
type modeSet uint8

const (
	standing modeSet = 1 << access.Standing
	eligible modeSet = 1 << access.Eligible
	active   modeSet = 1 << access.Activated
	anyMode          = standing | eligible | active
)

// through returns the modes of paths that go on over an edge of a mode.
func (m modeSet) through(mode access.Mode) modeSet {
	switch {
	case m == 0 || mode == access.Standing:
		return m
	case mode == access.Eligible:
		return eligible
	case m&^eligible != 0:
		return m&eligible | active
	}
	return m
}

// weakest is through for a single path.
func weakest(a, b access.Mode) access.Mode {
	switch {
	case a == access.Eligible || b == access.Eligible:
		return access.Eligible
	case a == access.Activated || b == access.Activated:
		return access.Activated
	}
	return access.Standing
}

func (q Question) modes() modeSet {
	if m := modeSet(q.Modes) & anyMode; m != 0 {
		return m
	}
	return anyMode
}

// ways is how a vertex is reached: the modes of paths without any escalation,
// and above them those of paths with one.
type ways uint8

const escalatedShift = 4

func (w ways) plain() modeSet     { return modeSet(w) & anyMode }
func (w ways) escalated() modeSet { return modeSet(w>>escalatedShift) & anyMode }
func (w ways) all() modeSet       { return w.plain() | w.escalated() }

// over returns the ways to where an edge leads.
func (w ways) over(e edge) ways {
	plain, escalated := w.plain().through(e.mode), w.escalated().through(e.mode)
	if e.kind.escalates() {
		plain, escalated = 0, plain|escalated
	}
	return ways(plain) | ways(escalated)<<escalatedShift
}
