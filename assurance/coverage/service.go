package coverage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/fault"
)

// Store is what this package needs from a database.
type Store interface {
	// Keep keeps a matrix in place of any other of its day, in UTC; one of a revision
	// that has been reached already is left out.
	Keep(ctx context.Context, m Matrix) error
	// Gaps returns the findings of rules that are not resolved, and the revision that
	// this is known at.
	Gaps(ctx context.Context, rules []string) ([]Gap, access.Rev, error)
	// News returns what happened to findings of rules after a revision, as they are
	// now, and the revision that this is known at. It may tell more than once.
	News(ctx context.Context, rules []string, after access.Rev) ([]News, access.Rev, error)
	// InSafes returns what safes have of the accounts of which that has changed after a
	// revision, in the order of kinds; zero is of all accounts. It may tell more than once.
	InSafes(ctx context.Context, after access.Rev) (map[access.AccountID][]InSafe, error)
	// Last returns the matrix that was kept last, or ErrNone.
	Last(ctx context.Context, f Filter) (Kept, error)
	// Trend returns, per day in UTC, the last matrix summed by control.
	Trend(ctx context.Context, since access.Time, f Filter) ([]Point, error)
	// Standing returns, per day in UTC, how the access of each tier was held.
	Standing(ctx context.Context, since access.Time, f Filter) ([]HeldPoint, error)
}

// ErrNone says that there is nothing to answer from.
var ErrNone = fault.New(fault.NotFound, "no-coverage", "coverage has not been measured yet")

// ErrControl says that grants are looked at for one control at a time.
var ErrControl = fault.New(fault.Invalid, "control-required", "say for which control: list-controls names them")

// Filter narrows cells. Zero fields do not narrow.
type Filter struct {
	System  access.SystemID
	Tier    *access.Tier
	Control access.Control
	Within  *Systems // nil is everywhere
}

// Systems are those that whoever asks may know of.
type Systems []access.SystemID

// Kept is a matrix as it was kept.
type Kept struct {
	Rev  access.Rev
	At   access.Time
	Rows []Row
}

// Point is one control's coverage at a time, over everything that was asked for.
type Point struct {
	At      access.Time
	Control access.Control
	Counts
}

// HeldPoint is how much access of one tier there was at a time, and how it was held.
type HeldPoint struct {
	At   access.Time
	Tier access.Tier
	TierCount
}

// Service keeps the matrix current. It remembers what it counted last, so that the
// next time costs what changed since; a service that is made anew begins anew.
type Service struct {
	Store Store
	Graph *graph.Graph
	Now   func() time.Time

	mu   sync.Mutex
	last *measurement // nil where nothing is known
	rev  access.Rev   // that gaps are known at
}

func (s *Service) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// Refresh brings the matrix up to now and keeps it.
func (s *Service) Refresh(ctx context.Context) (Matrix, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.measure(ctx, access.TimeOf(s.now()))
	if err != nil {
		return Matrix{}, err
	}
	s.last = m
	matrix := m.matrix()
	if err := s.Store.Keep(ctx, matrix); err != nil {
		return matrix, fmt.Errorf("keeping the coverage of revision %d: %w", matrix.Rev, err)
	}
	return matrix, nil
}

// measure goes on from what was counted last, or begins anew.
func (s *Service) measure(ctx context.Context, now access.Time) (*measurement, error) {
	view, m := s.Graph.View(), s.last
	s.last = nil // an error leaves nothing half done: the next time begins anew
	if m != nil && now >= m.now && now <= m.until {
		if changed, known := s.Graph.Between(m.v, view); known {
			news, rev, err := s.Store.News(ctx, gapRules, s.rev)
			if err != nil {
				return nil, fmt.Errorf("reading what was accepted: %w", err)
			}
			kept, err := s.Store.InSafes(ctx, s.rev) // after the news: their revision is gone on from
			if err != nil {
				return nil, fmt.Errorf("reading what safes have: %w", err)
			}
			m.step(view, changed, news, kept, now)
			s.rev = rev
			return m, nil
		}
	}
	list, rev, err := s.Store.Gaps(ctx, gapRules)
	if err != nil {
		return nil, fmt.Errorf("reading what was accepted: %w", err)
	}
	kept, err := s.Store.InSafes(ctx, 0)
	if err != nil {
		return nil, fmt.Errorf("reading what safes have: %w", err)
	}
	s.rev = rev
	return measure(view, now, list, kept), nil
}

// Last returns what was measured last, without measuring again.
func (s *Service) Last(ctx context.Context, f Filter) (Kept, error) {
	k, err := s.Store.Last(ctx, f)
	if err != nil {
		return k, fmt.Errorf("reading the coverage that was measured last: %w", err)
	}
	sortRows(k.Rows)
	return k, nil
}

// Trend returns how coverage developed, by day and in display order of controls.
func (s *Service) Trend(ctx context.Context, since time.Time, f Filter) ([]Point, error) {
	points, err := s.Store.Trend(ctx, access.TimeOf(since), f)
	if err != nil {
		return nil, fmt.Errorf("reading how coverage developed: %w", err)
	}
	slices.SortStableFunc(points, func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.At, b.At), inDisplay(a.Control, b.Control))
	})
	return points, nil
}
