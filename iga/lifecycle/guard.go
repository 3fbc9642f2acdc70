package lifecycle

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
)

// What deciding about a hold can meet.
var (
	ErrNoHold  = fault.New(fault.NotFound, "hold-not-found", "nothing of that id is held")
	ErrHoldOwn = fault.New(fault.Denied, "hold-own", "whoever caused a step that was held does not release it: somebody else does")
	ErrGuard   = fault.New(fault.Invalid, "lifecycle-guard", "the guard has a count of 0 to 1000000 people and a share from 0 to 1")
	ErrHoldEnd = fault.New(fault.Invalid, "hold-end", "a held step is discarded until a day in the future, a year away at most")
)

// Guard says how much one step may take, with what was taken in the hour before it.
type Guard struct {
	Share float64 `json:"share" minimum:"0" maximum:"1" doc:"Of the people whom rules are for"`
	Count int     `json:"count" minimum:"0" maximum:"1000000" doc:"People, whatever share of all they are"`
}

// DefaultGuard lets a department move, and stops a feed that moves a division by mistake.
var DefaultGuard = Guard{Share: 0.05, Count: 20}

// GuardChange is a guard, and who made it so. Of the one that Writ comes with there is
// nobody.
type GuardChange struct {
	Guard
	At     access.Time `json:"at,omitzero"`
	By     string      `json:"by,omitempty" doc:"An id, or a part of a node"`
	Reason string      `json:"reason,omitempty"`
}

// GuardStore keeps the guard, and what counts for it.
type GuardStore interface {
	// Guards are the guard and those before it, the newest first; none is DefaultGuard.
	Guards(ctx context.Context, most int) ([]GuardChange, error)
	SetGuard(ctx context.Context, g Guard, reason string) error
	// Taken are those from whom something was taken within the last hour that no person
	// had let through, in order.
	Taken(ctx context.Context) ([]access.IdentityID, error)
}

// mostGuards are shown of those that there were.
const mostGuards = 50

// Guards are the guard and those before it, the newest first.
func (s *Service) Guards(ctx context.Context) ([]GuardChange, error) {
	list, err := s.Store.Guards(ctx, mostGuards)
	if len(list) == 0 {
		list = []GuardChange{{Guard: DefaultGuard}}
	}
	return list, err
}

// SetGuard makes the guard another one. What is held stays so.
func (s *Service) SetGuard(ctx context.Context, g Guard, reason string) error {
	if err := validReason(reason); err != nil {
		return err
	}
	if !(g.Share >= 0 && g.Share <= 1) || g.Count < 0 || g.Count > 1_000_000 {
		return ErrGuard
	}
	return s.Store.SetGuard(ctx, g, reason)
}

// guarding is the guard at work.
type guarding struct {
	Guard
	taken []access.IdentityID
}

// guarding is the guard for a step that some have caused. Who loosens it does not do so for
// their own step, as nobody releases their own: it is the one that somebody else made, or
// that they have made tighter.
func (s *Service) guarding(ctx context.Context, by []string) (g guarding, err error) {
	list, err := s.Guards(ctx)
	if err != nil {
		return g, err
	}
	g.Guard = guardFor(list, by)
	g.taken, err = s.Store.Taken(ctx)
	return g, err
}

func guardFor(list []GuardChange, by []string) Guard {
	others := slices.IndexFunc(list, func(c GuardChange) bool { return !slices.Contains(by, c.By) })
	g := DefaultGuard
	if others >= 0 {
		g, list = list[others].Guard, list[:others]
	}
	for _, own := range list {
		g = Guard{Share: min(g.Share, own.Share), Count: min(g.Count, own.Count)}
	}
	return g
}

// with are all from whom something is taken in the hour, if it is from some now.
func (g guarding) with(losing []access.IdentityID) int { return len(together(g.taken, losing)) }

// refuses reports whether taking from some of all needs a person's word.
func (g Guard) refuses(losing, of int) bool {
	return losing > g.Count && float64(losing) > g.Share*float64(of)
}

// HoldState is what a hold does to somebody.
type HoldState string

// The states of a hold, as it concerns somebody: one that is discarded holds them until it
// ends.
const (
	Free     HoldState = ""
	Held     HoldState = "held"
	Released HoldState = "released"
)

// Hold is a step that would take too much, and waits for a person.
type Hold struct {
	ID     access.EventID
	At     access.Time
	Rev    access.Rev  // up to which changes were taken in
	By     []string    // who made those changes, as audit actors
	People int         // who would lose something
	Of     int         // whom rules are for
	Left   int         // of those, who is still held
	Until  access.Time // of one that was discarded: when those are compared again
	Reason string
}

// HoldStore keeps holds.
type HoldStore interface {
	// Holds are those that hold somebody, and who they are, the first of them.
	Holds(ctx context.Context) ([]Hold, error)
	// HeldIn are whom a hold holds, the first of them in order.
	HeldIn(ctx context.Context, id access.EventID, most int) ([]access.IdentityID, error)
	// Release lets a held step happen, and Discard lets it rest until a time. Both return
	// ErrNoHold where nothing of that id is held, and Release asks may under the lock.
	Release(ctx context.Context, id access.EventID, reason string, may func(Hold) error) error
	Discard(ctx context.Context, id access.EventID, until access.Time, reason string) error
}

// Holds are the steps that wait for a person.
func (s *Service) Holds(ctx context.Context) ([]Hold, error) { return s.Store.Holds(ctx) }

// Release lets a held step happen. Whoever caused it does not.
func (s *Service) Release(ctx context.Context, id access.EventID, reason string) error {
	if err := validReason(reason); err != nil {
		return err
	}
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	return s.Store.Release(ctx, id, reason, func(h Hold) error {
		if slices.Contains(h.By, actor.String()) {
			return ErrHoldOwn
		}
		return nil
	})
}

const longestDiscard = 366 * 24 * 60 * 60 * 1_000_000 // microseconds

// Discard leaves everybody in a held step as they are until a time; then they are compared
// again.
func (s *Service) Discard(ctx context.Context, id access.EventID, until access.Time, reason string) error {
	if err := validReason(reason); err != nil {
		return err
	}
	if now := s.now(); until <= now || until > now+longestDiscard {
		return ErrHoldEnd
	}
	return s.Store.Discard(ctx, id, until, reason)
}
