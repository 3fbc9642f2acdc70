package classify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Store is what this package needs from a database.
type Store interface {
	// Classifications returns what is kept now.
	Classifications(ctx context.Context) (map[access.EntitlementID]Kept, error)
	// Classify keeps what differs, in one bulk change.
	Classify(ctx context.Context, rows []Row) error
}

// Row is a classification as it is kept.
type Row struct {
	Entitlement access.EntitlementID
	Kept
}

// Kept is what is compared to find a difference.
type Kept struct {
	Tier, Own access.Tier
	Reasons   string // JSON
	Version   string
}

// Service keeps every entitlement's tier current.
type Service struct {
	Store Store
	Graph *graph.Graph
}

// Run classifies everything and keeps what differs; it returns how much did.
func (s *Service) Run(ctx context.Context) (changed int, err error) {
	kept, err := s.Store.Classifications(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading classifications: %w", err)
	}
	view := s.Graph.View()
	list := All(view)
	view.Close()
	var rows []Row
	for _, c := range list {
		reasons, err := json.Marshal(c.Reasons)
		if err != nil {
			return 0, err
		}
		row := Row{c.Entitlement, Kept{c.Tier, c.Own, string(reasons), RulesVersion}}
		if kept[c.Entitlement] != row.Kept {
			rows = append(rows, row)
		}
	}
	for part := range slices.Chunk(rows, rowsPerBatch) {
		if err := s.Store.Classify(ctx, part); err != nil {
			return 0, fmt.Errorf("keeping classifications: %w", err)
		}
	}
	return len(rows), nil
}

// rowsPerBatch keeps each transaction short.
const rowsPerBatch = 5000
