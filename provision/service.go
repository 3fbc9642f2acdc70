package provision

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/bell"
)

// Systems is how systems are reached.
type Systems interface {
	// Ready is nil where a system may be written to now: it is no draft, and nobody has
	// asked to leave it alone.
	Ready(ctx context.Context, id access.SystemID) error
	// Open signs in to a system; end ends the connection.
	Open(ctx context.Context, id access.SystemID) (c connector.Connector, spec connector.Spec, end func() error, err error)
	// Read has a system read soon, so that what was written shows.
	Read(ctx context.Context, id access.SystemID)
}

// Service plans and carries out. Store, Systems and Connectors are needed.
type Service struct {
	Store      Store
	Systems    Systems
	Connectors map[string]connector.Spec
	Now        func() time.Time // nil is time.Now
	// Lease is how long a node that is not heard of keeps what it was at; zero is 15 s.
	Lease time.Duration

	looked access.Rev // planned for by this node, though nothing followed
	kick   bell.Bell  // operations were planned
	mu     sync.Mutex
	rests  map[access.SystemID]rest
	rates  map[access.SystemID]*rate
}

// rest is a system that did not answer being left alone for a while.
type rest struct {
	until time.Time
	times int
}

func (s *Service) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Service) lease() time.Duration {
	if s.Lease != 0 {
		return s.Lease
	}
	return 15 * time.Second
}

// with says what a system's connector does.
func (s *Service) with(y *System, kind string, options map[string]string) {
	spec := s.Connectors[kind]
	y.Can, y.Fixed = map[connector.ChangeKind]bool{}, map[string]bool{}
	if spec.WritesTo != "" && options[spec.WritesTo] == "" {
		return
	}
	for _, k := range spec.Changes {
		y.Can[k] = true
	}
	for _, a := range spec.Settable {
		if a.Fixed {
			y.Fixed[a.Name] = true
		}
	}
}

// unitsAtOnce are planned for together: what one change brings is one run of a system, as
// far as it goes, so that the guard sees it whole.
const unitsAtOnce = 500

// Step plans for whatever changed, and returns what that brought. Of a node that is not
// the one that plans it is ErrLeased of package store.
func (s *Service) Step(ctx context.Context) (kept Kept, err error) {
	for n := 1; n > 0; {
		if n, err = s.Store.EndDue(ctx); err != nil {
			return kept, err
		}
	}
	n, err := s.Store.News(ctx, s.looked)
	if err != nil {
		return kept, err
	}
	if len(n.Identities)+len(n.Targets) == 0 {
		s.looked = n.Rev
		return kept, nil
	}
	lead, err := s.Store.Lead(ctx, s.lease())
	if err != nil {
		return kept, err
	}
	defer func() { _ = lead.End(context.WithoutCancel(ctx)) }() // else it ends by itself
	if n, err = s.Store.News(ctx, s.looked); err != nil {
		return kept, err
	}
	for _, u := range n.chunks(unitsAtOnce) {
		if err := s.planFor(ctx, lead, u, &kept); err != nil {
			return kept, err
		}
	}
	if err := lead.Reached(ctx, n.Rev); err != nil {
		return kept, err
	}
	s.looked = n.Rev
	return kept, nil
}

func (u Units) chunks(n int) (list []Units) {
	for c := range slices.Chunk(u.Identities, n) {
		list = append(list, Units{Identities: c})
	}
	for c := range slices.Chunk(u.Targets, n) {
		list = append(list, Units{Targets: c})
	}
	return list
}

func (s *Service) planFor(ctx context.Context, lead Lead, u Units, kept *Kept) error {
	plans, err := s.Plans(ctx, u)
	if err != nil || len(plans) == 0 {
		return err
	}
	k, err := lead.Keep(ctx, plans)
	if err != nil {
		return err
	}
	kept.Runs = append(kept.Runs, k.Runs...)
	kept.Operations += k.Operations
	kept.Held += k.Held
	s.kick.Ring()
	for _, p := range plans {
		for _, id := range p.Shown {
			if err := lead.Shown(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// Plans says what would be done for units now, and keeps nothing.
func (s *Service) Plans(ctx context.Context, u Units) (plans []Plan, err error) {
	err = s.Store.Facts(ctx, u, s.with, func(f *Facts) error {
		if p := Decide(f); !p.Empty() {
			plans = append(plans, p)
		}
		return nil
	})
	return plans, err
}

// WhatIf says what would be done for some if what is known of them were as change makes
// it, and keeps nothing. Of whoever is not known at all it is made of nothing.
func (s *Service) WhatIf(ctx context.Context, ids []access.IdentityID, change func(*Facts), take func(Operation)) error {
	if len(ids) == 0 {
		return nil
	}
	return s.Store.Facts(ctx, Units{Identities: ids}, s.with, func(f *Facts) error {
		change(f)
		for _, o := range Decide(f).New {
			if o.State != Verified {
				take(o)
			}
		}
		return nil
	})
}
