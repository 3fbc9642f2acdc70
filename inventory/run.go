package inventory

import (
	"context"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What a run can meet.
var (
	ErrRunEnded  = fault.New(fault.Conflict, "run-ended", "the run has ended: there is nothing to stop")
	ErrNoRunner  = fault.New(fault.Unavailable, "node-ending", "the node is being stopped: try again in a moment")
	ErrCancelled = fault.New(fault.Conflict, "run-cancelled", "the run was stopped")
)

// RunKind is what a run does.
type RunKind string

// The kinds of run.
const (
	TestRun RunKind = "test"    // connects and signs in, and reads nothing
	DryRun  RunKind = "dry_run" // reads all, and changes nothing
	SyncRun RunKind = "sync"
)

// RunState is where a run stands.
type RunState string

// The states. All but the first are ends.
const (
	Running     RunState = "running"
	Done        RunState = "done"
	Failed      RunState = "failed"
	Cancelled   RunState = "cancelled"
	Interrupted RunState = "interrupted" // its node ended before it did
)

// Run is one test, dry run or sync of a system or source.
type Run struct {
	ID    access.RunID `json:"id"`
	Kind  RunKind      `json:"kind"`
	On    access.Ref   `json:"on"`
	By    string       `json:"by"` // an identity's id, or the node itself
	State RunState     `json:"state"`
	// Confirmed says that a sync may remove as much as it finds gone.
	Confirmed bool        `json:"confirm_removal,omitempty"`
	Stage     string      `json:"stage,omitempty"` // what it is at, in words
	Done      int64       `json:"done"`
	Total     int64       `json:"total"` // zero is not known
	Started   access.Time `json:"started_at"`
	Ended     access.Time `json:"ended_at,omitzero"`
	Outcome   Outcome     `json:"outcome,omitzero"`
	Code      string      `json:"code,omitempty"`  // of what went wrong
	Error     string      `json:"error,omitempty"` // in one sentence
}

// Outcome is what a run found: one of them is set.
type Outcome struct {
	Test    *Tested  `json:"test,omitempty"`
	Preview *Preview `json:"preview,omitempty"`
	Report  *Report  `json:"report,omitempty"`
}

// RunFilter says which runs are listed: those of what is named, older ones than one.
type RunFilter struct {
	On     []access.Ref // nil is everything
	Kind   RunKind
	Before access.RunID
	First  int
}

// RunStore keeps the last runs of each system and source.
type RunStore interface {
	// BeginRun keeps that a run begins, or returns ErrBusy where another one on the
	// same is under way. It counts as such for as long as alive says, see KeepRun.
	BeginRun(ctx context.Context, r Run, alive time.Duration) (Run, error)
	// KeepRun keeps where a run stands and that its node is alive, and reports whether
	// somebody has stopped it.
	KeepRun(ctx context.Context, r Run, alive time.Duration) (cancelled bool, err error)
	// EndRun keeps how a run ended.
	EndRun(ctx context.Context, r Run) error
	// CancelRun keeps that a run is to stop, or returns ErrRunEnded or ErrNotFound.
	CancelRun(ctx context.Context, id access.RunID) error
	// Run returns a run with its outcome, or ErrNotFound; Runs lists them, the newest
	// first, without.
	Run(ctx context.Context, id access.RunID) (Run, error)
	Runs(ctx context.Context, f RunFilter) ([]Run, error)
}

// Tested is what a system says of itself.
type Tested struct {
	Kind     string   `json:"kind"`
	Version  string   `json:"version,omitempty"`
	Warnings []string `json:"warnings"` // what cannot be read, and what would make it readable
	Said     string   `json:"said"`     // all of it in words
}

// TestSystem connects to a system and signs in. It reads nothing of what is there.
func (s *Service) TestSystem(ctx context.Context, id access.SystemID) (Tested, error) {
	y, err := s.System(ctx, id.String())
	if err != nil {
		return Tested{}, err
	}
	spec, ok := s.Connectors[y.connector()]
	if !ok {
		return Tested{}, ErrUnknownKind.With("%q is not a kind of system that can be read", y.connector())
	}
	s.progress("signing in to "+y.Name, 0, 0)
	c, err := s.connect(ctx, y, spec)
	if err != nil {
		return Tested{}, err
	}
	t := Tested{Kind: c.about.Kind, Version: c.about.Version, Warnings: orNone(c.warnings), Said: "Writ can sign in"}
	switch {
	case t.Version != "":
		t.Said += ": " + t.Version
	case t.Kind != "":
		t.Said += ": " + t.Kind
	}
	if n := len(t.Warnings); n > 0 {
		t.Said += "; not everything can be read, see the warnings"
	}
	return t, c.close()
}

func orNone[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
