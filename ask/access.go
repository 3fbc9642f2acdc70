package ask

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Access is what an identity effectively has.
type Access struct {
	Revision access.Rev `json:"revision"`
	Identity Shown      `json:"identity"`
	Owner    *Shown     `json:"owner,omitempty"` // of a service or agent
	Accounts []Shown    `json:"accounts"`
	Access   []Line     `json:"access"`
}

// Line is one thing that an identity has.
type Line struct {
	Entitlement Shown       `json:"entitlement"`
	Resource    *Shown      `json:"resource,omitempty"`
	Tier        access.Tier `json:"tier"`
	Modes       []string    `json:"modes"`
	Direct      bool        `json:"direct"`
	Escalated   bool        `json:"escalated,omitempty" doc:"Only by becoming somebody else"`
}

// Access answers what an identity effectively has, worst tier first.
func (s *Service) Access(ctx context.Context, id access.IdentityID, q graph.Question, sees Sight) (*Access, error) {
	view := s.Graph.View()
	defer view.Close()
	held := heldBy(view, id, q)
	accounts := view.AccountsOf(id)
	who, _ := view.Identity(id)
	refs := []access.Ref{id.Ref(), who.Owner.Ref()}
	for _, h := range held {
		refs = append(refs, h.Entitlement.Ref(), h.Resource.Ref())
	}
	for _, acc := range accounts {
		refs = append(refs, acc.Ref())
	}
	name, err := s.names(ctx, sees, refs)
	if err != nil {
		return nil, err
	}
	ans := &Access{Revision: view.Rev(), Identity: name(id.Ref()), Owner: name.Optional(who.Owner.Ref()), Accounts: []Shown{}, Access: []Line{}}
	for _, acc := range accounts {
		ans.Accounts = append(ans.Accounts, name(acc.Ref()))
	}
	for _, h := range held {
		ans.Access = append(ans.Access, lineOf(h, name))
	}
	slices.SortStableFunc(ans.Access, func(x, y Line) int {
		return cmp.Or(cmp.Compare(x.Tier, y.Tier), strings.Compare(x.Entitlement.String(), y.Entitlement.String()))
	})
	return ans, nil
}

// had is one thing that somebody has, with its tier.
type had struct {
	graph.Held
	tier   access.Tier
	system access.SystemID
}

// heldBy lists what an identity effectively has, by worst tier, then by key.
func heldBy(view *graph.View, id access.IdentityID, q graph.Question) []had {
	held := view.Effective(id.Ref(), q)
	list := make([]had, len(held))
	for i, h := range held {
		e, _ := view.Entitlement(h.Entitlement)
		list[i] = had{h, e.Tier, e.System}
	}
	slices.SortStableFunc(list, func(x, y had) int { return cmp.Compare(x.tier, y.tier) })
	return list
}

func lineOf(h had, name Namer) Line {
	return Line{
		Entitlement: name(h.Entitlement.Ref()), Resource: name.Optional(h.Resource.Ref()),
		Tier: h.tier, Direct: h.Direct, Escalated: h.Escalated, Modes: modeNames(h.Modes),
	}
}

// modeNames are the access modes of a set, bit 1<<mode each.
func modeNames(set uint8) []string {
	list := []string{}
	for _, m := range access.Modes {
		if set&(1<<m) != 0 {
			list = append(list, m.String())
		}
	}
	return list
}
