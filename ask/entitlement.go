package ask

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Entitlement is what an entitlement can do, its tier and why, the controls that it
// needs, and how many have it.
type Entitlement struct {
	Revision     access.Rev       `json:"revision"`
	Entitlement  Shown            `json:"entitlement"`
	Kind         string           `json:"kind"`
	Tier         access.Tier      `json:"tier"`
	Own          access.Tier      `json:"own_tier"`
	Facts        access.Tier      `json:"facts_tier" doc:"The own tier without a person's decision"`
	Disciplines  string           `json:"disciplines"`
	Override     *Override        `json:"override"`
	Owner        *Shown           `json:"owner"`
	Inherited    bool             `json:"owner_of_system,omitempty" doc:"The owner is its system's"`
	Reasons      []ReasonLine     `json:"reasons"`
	Controls     []RequiredLine   `json:"controls"`
	Capabilities []CapabilityLine `json:"capabilities"`
	Holders      []HoldersLine    `json:"holders"`
}

// Override is a person's decision about an own tier.
type Override struct {
	Tier   access.Tier `json:"tier"`
	Facts  access.Tier `json:"decided_on_tier"`
	Reason string      `json:"reason"`
	By     string      `json:"by"`
	Since  string      `json:"since"`
	Until  string      `json:"until,omitempty"`
	Holds  bool        `json:"holds"`

	Version int64 `json:"-"` // which deciding otherwise must name
}

// ReasonLine is a reason for a tier.
type ReasonLine struct {
	Rule string      `json:"rule"`
	Tier access.Tier `json:"tier"`
	Text string      `json:"text"`
	From *Shown      `json:"from,omitempty"`
	Path *Path       `json:"path,omitempty"`
}

// RequiredLine is what a tier requires of one sort of holder.
type RequiredLine struct {
	Kinds      []access.IdentityKind `json:"kinds"`
	ThirdParty bool                  `json:"third_party"`
	Governance []access.Requirement  `json:"governance"`
	Privilege  []access.Requirement  `json:"privilege"`
}

// CapabilityLine is one right that an entitlement gives.
type CapabilityLine struct {
	Right access.Right `json:"right"`
	On    Shown        `json:"on"`
}

// HoldersLine counts who has an entitlement in one mode.
type HoldersLine struct {
	Mode       access.Mode `json:"mode"`
	Direct     int         `json:"direct"`
	Identities int         `json:"identities"`
	Orphans    int         `json:"orphans"`
}

// Entitlement answers what an entitlement is.
func (s *Service) Entitlement(ctx context.Context, id access.EntitlementID, sees Sight) (*Entitlement, error) {
	view := s.Graph.View()
	defer view.Close()
	return s.entitlement(ctx, view, id, sees)
}

func (s *Service) entitlement(ctx context.Context, view *graph.View, id access.EntitlementID, sees Sight) (*Entitlement, error) {
	x, err := s.Tiers.Explain(ctx, view, id)
	if err != nil {
		return nil, err
	}
	e, _ := view.Entitlement(id)
	owner, inherited := ownerOf(view, e)
	refs := []access.Ref{id.Ref(), owner.Ref()}
	for _, c := range e.Capabilities {
		refs = append(refs, c.On)
	}
	for _, r := range x.Reasons {
		refs = append(append(refs, r.From), refsOf(r.Path)...)
	}
	name, err := s.names(ctx, sees, refs)
	if err != nil {
		return nil, err
	}
	ans := &Entitlement{
		Revision: view.Rev(), Entitlement: name(id.Ref()), Kind: e.Kind, Tier: x.Tier, Own: x.Own, Facts: x.Facts,
		Disciplines: x.Disciplines, Override: x.Override, Controls: requiredOf(x.Tier), Holders: holdersOf(view, id),
		Owner: name.Optional(owner.Ref()), Inherited: owner != 0 && inherited, Reasons: []ReasonLine{}, Capabilities: []CapabilityLine{},
	}
	for _, c := range e.Capabilities {
		ans.Capabilities = append(ans.Capabilities, CapabilityLine{c.Right, name(c.On)})
	}
	for _, r := range x.Reasons {
		ans.Reasons = append(ans.Reasons, reasonOf(r, name))
	}
	return ans, nil
}

// ownerOf is who answers for an entitlement: its own owner, else its system's.
func ownerOf(view *graph.View, e graph.EntitlementNode) (owner access.IdentityID, inherited bool) {
	if e.Owner != 0 {
		return e.Owner, false
	}
	s, _ := view.System(e.System)
	if s.BusinessOwner != 0 {
		return s.BusinessOwner, true
	}
	return s.TechnicalOwner, true
}

func reasonOf(r Reason, name Namer) ReasonLine {
	line := ReasonLine{Rule: r.Rule, Tier: r.Tier, Text: r.Text, From: name.Optional(r.From)}
	if len(r.Path) > 0 {
		path := describe(r.Path, name, nil)
		line.Path = &path
	}
	return line
}

// holdersOf counts who has an entitlement in each mode: by a grant of their own, and
// with everything that leads to it.
func holdersOf(view *graph.View, id access.EntitlementID) []HoldersLine {
	direct := map[access.Mode]map[access.Ref]bool{}
	for _, m := range access.Modes {
		direct[m] = map[access.Ref]bool{}
	}
	for g := range view.DirectHolders(id) {
		direct[g.Mode][g.Holder] = true
	}
	lines := make([]HoldersLine, 0, len(access.Modes))
	for _, m := range access.Modes {
		all := view.Members([]access.Ref{id.Ref()}, graph.Question{Modes: 1 << m})
		lines = append(lines, HoldersLine{
			Mode: m, Direct: len(direct[m]), Identities: int(all.Identities.GetCardinality()), Orphans: int(all.Orphans.GetCardinality()), //nolint:gosec // far fewer
		})
	}
	return lines
}

// requiredOf lists what a tier requires, for each sort of holder.
func requiredOf(t access.Tier) []RequiredLine {
	var lines []RequiredLine
	for _, kinds := range [][]access.IdentityKind{{access.Human}, {access.Service, access.Agent}} {
		for _, third := range []bool{false, true} {
			line := RequiredLine{Kinds: kinds, ThirdParty: third, Governance: []access.Requirement{}, Privilege: []access.Requirement{}}
			for _, r := range access.RequiredControls(t, kinds[0], third) {
				if r.Control.Discipline() == access.Governance {
					line.Governance = append(line.Governance, r)
				} else {
					line.Privilege = append(line.Privilege, r)
				}
			}
			lines = append(lines, line)
		}
	}
	return lines
}
