package classify

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Store is what this package needs from a database.
type Store interface {
	// Classifications returns what is kept now, of some entitlements or, where none is
	// named, of all.
	Classifications(ctx context.Context, of []access.EntitlementID) (map[access.EntitlementID]Kept, error)
	// Classify keeps what differs, in one bulk change.
	Classify(ctx context.Context, rows []Row) error
	// Overrides returns the overrides that are in force.
	Overrides(ctx context.Context) (map[access.EntitlementID]Override, error)
	// Override keeps an override in place of any other of its entitlement, or
	// returns ErrEntitlement. The store sets By and Since.
	Override(ctx context.Context, o Override) error
	// ClearOverride ends an override that is in force, or returns ErrOverride.
	ClearOverride(ctx context.Context, id access.EntitlementID, reason string) error
}

// Row is a classification as it is kept.
type Row struct {
	Entitlement access.EntitlementID
	Kept
}

// Kept is what is compared to find a difference.
type Kept struct {
	Tier, Own  access.Tier
	Reasons    string // JSON
	Version    string
	Overridden bool
}

// Service keeps every entitlement's tier current.
type Service struct {
	Store Store
	Graph *graph.Graph
	Now   func() time.Time
}

func (s *Service) now() access.Time {
	if s.Now != nil {
		return access.TimeOf(s.Now())
	}
	return access.TimeOf(time.Now())
}

// Run classifies everything and keeps what differs; it returns how much did.
func (s *Service) Run(ctx context.Context) (changed int, err error) {
	kept, err := s.Store.Classifications(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("reading classifications: %w", err)
	}
	overrides, err := s.overrides(ctx)
	if err != nil {
		return 0, err
	}
	view := s.Graph.View()
	list := All(view, overrides)
	view.Close()
	var rows []Row
	for _, c := range list {
		reasons, err := json.Marshal(c.Reasons)
		if err != nil {
			return 0, err
		}
		row := Row{c.Entitlement, Kept{c.Tier, c.Own, string(reasons), RulesVersion, c.Overridden}}
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

func (s *Service) overrides(ctx context.Context) (map[access.EntitlementID]Override, error) {
	list, err := s.Store.Overrides(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading overrides: %w", err)
	}
	return list, nil
}

// Overrides lists the overrides that are in force, by entitlement.
func (s *Service) Overrides(ctx context.Context) ([]Override, error) {
	byID, err := s.overrides(ctx)
	return slices.SortedFunc(maps.Values(byID), func(a, b Override) int { return cmp.Compare(a.Entitlement, b.Entitlement) }), err
}

// Override keeps that an entitlement's own tier is this, by whom the context says,
// until a time; zero is until it is cleared. Run makes it count.
func (s *Service) Override(ctx context.Context, id access.EntitlementID, tier access.Tier, reason string, until access.Time) error {
	view := s.Graph.View()
	defer view.Close()
	e, ok := view.Entitlement(id)
	if !ok {
		return ErrEntitlement.With("there is no entitlement %s", id)
	}
	facts, _ := own(view, e)
	o := Override{Entitlement: id, Tier: tier, Facts: facts, Reason: reason, Until: until}
	if err := o.validate(s.now()); err != nil {
		return err
	}
	return s.Store.Override(ctx, o)
}

// ClearOverride lets an entitlement's own tier follow from facts again.
func (s *Service) ClearOverride(ctx context.Context, id access.EntitlementID, reason string) error {
	if err := validReason(reason); err != nil {
		return err
	}
	return s.Store.ClearOverride(ctx, id, reason)
}

// Explanation is why an entitlement has its tier at a view's revision.
type Explanation struct {
	Classification
	Override *Override // in force, whether it holds or not
}

// Explain classifies one entitlement as Run would. It costs as much as a run: what
// an entitlement leads to may be anywhere.
func (s *Service) Explain(ctx context.Context, view *graph.View, id access.EntitlementID) (Explanation, error) {
	overrides, err := s.overrides(ctx)
	if err != nil {
		return Explanation{}, err
	}
	for _, c := range All(view, overrides) {
		if c.Entitlement != id {
			continue
		}
		x := Explanation{Classification: c}
		if o, ok := overrides[id]; ok {
			x.Override = &o
		}
		return x, nil
	}
	return Explanation{}, ErrEntitlement.With("there is no entitlement %s", id)
}
