package provision

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
)

// ErrDrift is the answer where there is no difference, or none that this could settle.
var ErrDrift = fault.New(fault.Conflict, "no-drift", "what this operation brought about is so, or cannot be settled in this way")

// thing is what an operation is about: of those about one, the last says how it should be.
type thing struct {
	target      access.TargetID
	entitlement access.EntitlementID
	resource    access.ResourceID
}

// drift tells what a sync that came later sees otherwise than it was verified.
func (p *planning) drift() {
	last := map[thing]*Operation{}
	var order []thing
	for i := range p.Past {
		o := &p.Past[i]
		t := thing{target: o.Target}
		if o.isGrant() {
			t = thing{0, o.Entitlement, o.Resource}
		} else if o.life() == "" {
			continue
		}
		if last[t] == nil {
			order = append(order, t)
		}
		last[t] = o
	}
	differ := map[access.OperationID]bool{}
	for _, t := range order {
		o := last[t]
		if o.State != Verified || !p.knows(o.System, o.Ended) || !p.wanted(o) || !p.differs(o) {
			continue
		}
		if differ[o.ID] = true; !slices.Contains(p.Drifted, o.ID) {
			p.Drift = append(p.Drift, *o)
		}
	}
	for _, id := range p.Drifted {
		if !differ[id] {
			p.Mended = append(p.Mended, id)
		}
	}
}

// differs reports whether the last sync saw something else than what was verified.
func (p *planning) differs(o *Operation) bool {
	if o.isGrant() {
		w, held := &Wanted{Entitlement: o.Entitlement, Resource: o.Resource}, false
		for i := range p.Accounts {
			a := &p.Accounts[i]
			held = held || a.System == o.System && !a.Called && a.ID != 0 && p.saw(a, w)
		}
		return held != (o.Kind == connector.AddGrant)
	}
	there, enabled := false, false
	for i := range p.Accounts {
		if a := &p.Accounts[i]; !a.Called && a.ID != 0 && o.of(a) {
			there, enabled = true, enabled || a.Status == access.Enabled
		}
	}
	switch o.life() {
	case access.TargetEnabled:
		return !enabled
	case access.TargetDisabled:
		return enabled
	case access.TargetDeleted:
		return there
	}
	return false
}

// longestException is how long a difference may be left as it is.
const longestException = 366 * 24 * time.Hour

// Revert makes so again what was verified.
func (s *Service) Revert(ctx context.Context, id access.OperationID, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return ErrReason.With("reverting needs a reason")
	}
	defer s.kick.Ring()
	return s.Store.Revert(ctx, id, reason)
}

// Except leaves a difference as it is until a time.
func (s *Service) Except(ctx context.Context, id access.OperationID, reason string, until time.Time) error {
	switch now := s.now(); {
	case strings.TrimSpace(reason) == "":
		return ErrReason.With("an exception needs a reason")
	case !until.After(now) || until.Sub(now) > longestException:
		return ErrLimits.With("an exception ends in the future, a year away at most")
	}
	return s.Store.Except(ctx, id, reason, access.TimeOf(until))
}

// Adopt justifies what came back by itself.
func (s *Service) Adopt(ctx context.Context, id access.OperationID, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return ErrReason.With("adopting needs a reason")
	}
	return s.Store.Adopt(ctx, id, reason)
}
