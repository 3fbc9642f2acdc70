package coverage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/fault"
)

// Store is what this package needs from a database.
type Store interface {
	// Keep keeps a matrix; one of a revision that is already there is left as it is.
	Keep(ctx context.Context, m Matrix) error
	// Gaps returns the findings of rules that are not resolved.
	Gaps(ctx context.Context, rules []string) ([]Gap, error)
	// Last returns the matrix that was kept last, or ErrNone.
	Last(ctx context.Context, f Filter) (Kept, error)
	// Trend returns, per day in UTC, the last matrix summed by control.
	Trend(ctx context.Context, since access.Time, f Filter) ([]Point, error)
}

// ErrNone says that there is nothing to answer from.
var ErrNone = fault.New(fault.NotFound, "no-coverage", "coverage has not been measured yet")

// Filter narrows cells. Zero fields do not narrow.
type Filter struct {
	System  access.SystemID
	Tier    *access.Tier
	Control access.Control
}

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

// Service keeps the matrix current.
type Service struct {
	Store Store
	Graph *graph.Graph
	Now   func() time.Time
}

// Refresh computes the matrix and keeps it.
func (s *Service) Refresh(ctx context.Context) (Matrix, error) {
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	gaps, err := s.Store.Gaps(ctx, gapRules)
	if err != nil {
		return Matrix{}, fmt.Errorf("reading what was accepted: %w", err)
	}
	view := s.Graph.View()
	m := Compute(view, now(), gaps)
	view.Close()
	if err := s.Store.Keep(ctx, m); err != nil {
		return m, fmt.Errorf("keeping the coverage of revision %d: %w", m.Rev, err)
	}
	return m, nil
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
