package ask

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/httpapi"
)

// Holders is a page of who can reach something: identities, and behind them the
// accounts that belong to nobody.
type Holders struct {
	Page[HolderLine]
	Target     Shown `json:"target"`
	Identities int   `json:"identities"`
	Orphans    int   `json:"orphans" doc:"Accounts that belong to nobody"`
}

// HolderLine is one who can.
type HolderLine struct {
	Holder    Shown    `json:"holder"`
	Modes     []string `json:"modes"`
	Direct    bool     `json:"direct" doc:"By a grant of its own or of one of its accounts"`
	Escalated bool     `json:"escalated,omitempty" doc:"Only by becoming somebody else"`
	Through   string   `json:"through" doc:"The shortest way, in words"`
}

// holdersAfter is where a page of holders begins; below zero among the orphans.
type holdersAfter struct {
	Key int64 `json:"k"`
}

// Holders answers who can reach an entitlement, a resource or a system.
func (s *Service) Holders(ctx context.Context, target access.Ref, q graph.Question, p httpapi.Paging) (*Holders, error) {
	at, err := httpapi.ParseCursor[holdersAfter](p.Cursor)
	if err != nil {
		return nil, err
	}
	view := s.Graph.View()
	defer view.Close()
	q.After, q.First = at.Key, p.Limit
	who := view.WhoCan(target, q)
	q.After, q.First = 0, 0
	var holders []access.Ref
	for _, id := range who.Identities {
		holders = append(holders, id.Ref())
	}
	for _, id := range who.Accounts {
		holders = append(holders, id.Ref())
	}
	ways := make([][]graph.Step, len(holders))
	refs := append([]access.Ref{target}, holders...)
	for i, h := range holders {
		ways[i] = view.Way(h, target, q)
		refs = append(refs, refsOf(ways[i])...)
	}
	keys := keysOf(view, withSteps(ways))
	name, err := s.names(ctx, s.sight(ctx, view, 0), append(refs, valuesOf(keys)...))
	if err != nil {
		return nil, err
	}
	ans := &Holders{Target: name(target), Identities: who.Count, Orphans: who.Orphans}
	ans.Revision, ans.Items, ans.Total = view.Rev(), []HolderLine{}, who.Count+who.Orphans
	if who.Next != 0 {
		ans.Next = httpapi.Cursor(holdersAfter{who.Next})
	}
	modes := modesOf(view, target, q)
	for i, h := range holders {
		m := modes(h)
		ans.Items = append(ans.Items, HolderLine{
			Holder: name(h), Modes: modeNames(m.modes), Direct: direct(ways[i]), Escalated: m.escalated, Through: sentence(ways[i], name, keys),
		})
	}
	return ans, nil
}

// direct reports whether a way is a grant of the holder's own or of one of its accounts.
func direct(way []graph.Step) bool {
	switch len(way) {
	case 1:
		return way[0].Kind == graph.ByGrant || way[0].Kind == graph.ByNesting
	case 2:
		return way[0].Kind == graph.ByAccount && way[1].Kind == graph.ByGrant
	}
	return false
}

// held is how a holder has something.
type held struct {
	modes     uint8
	escalated bool
}

// modesOf tells of a holder in which modes it reaches a target, and whether only by
// becoming somebody else.
func modesOf(view *graph.View, target access.Ref, q graph.Question) func(access.Ref) held {
	in := func(m graph.Members, h access.Ref) bool {
		if h.Kind == access.KindAccount {
			return m.Accounts.Contains(uint32(h.Key)) //nolint:gosec // a key of the graph
		}
		return m.Identities.Contains(uint32(h.Key)) //nolint:gosec // the same
	}
	var byMode []graph.Members
	for _, m := range access.Modes {
		byMode = append(byMode, view.Members([]access.Ref{target}, graph.Question{Modes: 1 << m, Escalation: q.Escalation}))
	}
	plain := view.Members([]access.Ref{target}, graph.Question{Modes: q.Modes})
	return func(h access.Ref) held {
		var x held
		for _, m := range access.Modes {
			if (q.Modes == 0 || q.Modes&(1<<m) != 0) && in(byMode[m], h) {
				x.modes |= 1 << m
			}
		}
		x.escalated = q.Escalation && !in(plain, h)
		return x
	}
}
