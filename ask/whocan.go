package ask

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// WhoCan is who can reach an entitlement, a resource or a system.
type WhoCan struct {
	Revision   access.Rev `json:"revision"`
	Target     Shown      `json:"target"`
	Count      int        `json:"count"`
	Identities []Shown    `json:"identities"`
	Orphans    int        `json:"orphans"`
	Accounts   []Shown    `json:"accounts"`
	Next       int64      `json:"next,omitempty"`
}

// WhoCan answers who can reach a target.
func (s *Service) WhoCan(ctx context.Context, target access.Ref, q graph.Question, sees Sight) (*WhoCan, error) {
	view := s.Graph.View()
	h := view.WhoCan(target, q)
	view.Close()
	refs := []access.Ref{target}
	for _, id := range h.Identities {
		refs = append(refs, id.Ref())
	}
	for _, id := range h.Accounts {
		refs = append(refs, id.Ref())
	}
	name, err := s.names(ctx, sees, refs)
	if err != nil {
		return nil, err
	}
	ans := &WhoCan{Revision: h.Rev, Target: name(target), Count: h.Count, Orphans: h.Orphans, Next: h.Next, Identities: []Shown{}, Accounts: []Shown{}}
	for _, id := range h.Identities {
		ans.Identities = append(ans.Identities, name(id.Ref()))
	}
	for _, id := range h.Accounts {
		ans.Accounts = append(ans.Accounts, name(id.Ref()))
	}
	return ans, nil
}
