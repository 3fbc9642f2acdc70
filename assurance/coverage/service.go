package coverage

import (
	"context"
	"fmt"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Store is what this package needs from a database.
type Store interface {
	// Keep keeps a matrix; one of a revision that is already there is left as it is.
	Keep(ctx context.Context, m Matrix) error
	// Trend returns, per day, the last matrix summed by control.
	Trend(ctx context.Context, since access.Time) ([]Point, error)
}

// Point is one control's coverage at a time, over all systems.
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
	view := s.Graph.View()
	m := Compute(view, now())
	view.Close()
	if err := s.Store.Keep(ctx, m); err != nil {
		return m, fmt.Errorf("keeping the coverage of revision %d: %w", m.Rev, err)
	}
	return m, nil
}

// Trend returns how coverage developed.
func (s *Service) Trend(ctx context.Context, since time.Time) ([]Point, error) {
	return s.Store.Trend(ctx, access.TimeOf(since))
}
