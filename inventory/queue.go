package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Queued is a disputed account in the order in which it asks for a decision.
type Queued struct {
	Waiting
	Tier  access.Tier // the worst that it can reach
	Known bool        // it reaches something
}

// tiersAtMost bounds how many waiting accounts are ordered by what they can reach;
// those that wait longest.
const tiersAtMost = 20_000

// Queue returns the disputed accounts that keep wants: what can do most damage first,
// then what waits longest.
func (s *Service) Queue(ctx context.Context, v *graph.View, keep func(Waiting) bool) ([]Queued, error) {
	waiting, err := s.Store.Waiting(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading what is disputed: %w", err)
	}
	var list []Queued
	for _, w := range waiting {
		if !keep(w) {
			continue
		}
		q := Queued{Waiting: w}
		if len(list) < tiersAtMost {
			q.Tier, q.Known = worstTier(v, w.Account)
		}
		list = append(list, q)
	}
	slices.SortStableFunc(list, func(a, b Queued) int { return cmp.Compare(a.danger(), b.danger()) })
	return list, nil
}

func (q Queued) danger() access.Tier {
	if q.Known {
		return q.Tier
	}
	return access.Tier3 + 1
}

// worstTier is the worst of what an account reaches.
func worstTier(v *graph.View, id access.AccountID) (worst access.Tier, ok bool) {
	worst = access.Tier3
	for _, h := range v.Effective(id.Ref(), graph.Question{}) {
		if e, there := v.Entitlement(h.Entitlement); there {
			worst, ok = min(worst, e.Tier), true
		}
	}
	return worst, ok
}
