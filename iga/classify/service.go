package classify

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
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
	// Override keeps an override in place of the version that it names, or returns
	// ErrEntitlement, or ErrChanged where another one is in force. The store sets By
	// and Since.
	Override(ctx context.Context, o Override) error
	// ClearOverride ends a version of an override that is in force, or returns
	// ErrOverride, or ErrChanged.
	ClearOverride(ctx context.Context, id access.EntitlementID, version int64, reason string) error
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

// Service keeps every entitlement's tier current. It remembers what it found last,
// so that a change that can move no tier costs nothing.
type Service struct {
	Store Store
	Graph *graph.Graph
	Now   func() time.Time

	mu   sync.Mutex
	last *classified // nil where nothing is known
}

func (s *Service) now() access.Time {
	if s.Now != nil {
		return access.TimeOf(s.Now())
	}
	return access.TimeOf(time.Now())
}

// Run classifies everything and keeps what differs; it returns how much did.
func (s *Service) Run(ctx context.Context) (changed int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	overrides, err := s.overrides(ctx)
	if err != nil {
		return 0, err
	}
	last := s.last
	s.last = nil // an error leaves nothing half done: the next time begins anew
	now, differ := s.next(last, s.Graph.View(), overrides)
	var rows []Row
	if last == nil || len(differ) > 0 {
		if rows, err = s.rows(ctx, differ, last == nil); err != nil {
			return 0, err
		}
	}
	for part := range slices.Chunk(rows, rowsPerBatch) {
		if err := s.Store.Classify(ctx, part); err != nil {
			return 0, fmt.Errorf("keeping classifications: %w", err)
		}
	}
	s.last = now
	return len(rows), nil
}

// rows are the classifications that are not kept like that: what differs from what
// was found last is looked up, whoever wrote it.
func (s *Service) rows(ctx context.Context, list []Classification, all bool) ([]Row, error) {
	var of []access.EntitlementID
	if !all {
		for _, c := range list {
			of = append(of, c.Entitlement)
		}
	}
	kept, err := s.Store.Classifications(ctx, of)
	if err != nil {
		return nil, fmt.Errorf("reading classifications: %w", err)
	}
	var rows []Row
	for _, c := range list {
		reasons, err := json.Marshal(c.Reasons)
		if err != nil {
			return nil, err
		}
		row := Row{c.Entitlement, Kept{c.Tier, c.Own, string(reasons), RulesVersion, c.Overridden}}
		if kept[c.Entitlement] != row.Kept {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// rowsPerBatch keeps each transaction short.
const rowsPerBatch = 1000

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
// until a time; zero is until it is cleared. It takes the place of a version, or of
// Any. Run makes it count.
func (s *Service) Override(ctx context.Context, id access.EntitlementID, version int64, tier access.Tier, reason string, until access.Time) error {
	view := s.Graph.View()
	defer view.Close()
	e, ok := view.Entitlement(id)
	if !ok {
		return ErrEntitlement.With("there is no entitlement %s", id)
	}
	facts, _ := own(view, e)
	o := Override{Entitlement: id, Tier: tier, Facts: facts, Reason: reason, Until: until, Version: version}
	if err := o.validate(s.now()); err != nil {
		return err
	}
	return s.Store.Override(ctx, o)
}

// ClearOverride lets an entitlement's own tier follow from facts again, where a version
// is in force, or Any.
func (s *Service) ClearOverride(ctx context.Context, id access.EntitlementID, version int64, reason string) error {
	if err := validReason(reason); err != nil {
		return err
	}
	return s.Store.ClearOverride(ctx, id, version, reason)
}

// Explanation is why an entitlement has its tier at a view's revision.
type Explanation struct {
	Classification
	Override *Override // in force, whether it holds or not
}

// Explain classifies one entitlement as Run would. Where nothing that can move a tier
// has changed since the last run, that is what it found; otherwise it costs as much
// as a run, for what an entitlement leads to may be anywhere.
func (s *Service) Explain(ctx context.Context, view *graph.View, id access.EntitlementID) (Explanation, error) {
	overrides, err := s.overrides(ctx)
	if err != nil {
		return Explanation{}, err
	}
	c, ok := s.explain(view, overrides, id)
	if !ok {
		return Explanation{}, ErrEntitlement.With("there is no entitlement %s", id)
	}
	x := Explanation{Classification: c}
	if o, ok := overrides[id]; ok {
		x.Override = &o
	}
	return x, nil
}

func (s *Service) explain(view *graph.View, overrides map[access.EntitlementID]Override, id access.EntitlementID) (Classification, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil && s.stands(s.last, view, overrides) {
		c, ok := s.last.of[id]
		return c, ok
	}
	for _, c := range All(view, overrides) {
		if c.Entitlement == id {
			return c, true
		}
	}
	return Classification{}, false
}
