package ask

import (
	"context"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// Card is what is known of an identity.
type Card struct {
	Revision     access.Rev                `json:"revision"`
	Identity     Shown                     `json:"identity"`
	Kind         access.IdentityKind       `json:"kind"`
	State        access.IdentityState      `json:"state"`
	Email        string                    `json:"email,omitempty"`
	Number       string                    `json:"number,omitempty"`
	ThirdParty   *ThirdPartyLine           `json:"third_party,omitempty"`
	Owner        *Shown                    `json:"owner,omitempty" doc:"Who answers for a service or an agent"`
	Affiliations []AffiliationLine         `json:"affiliations"`
	Attributes   []AttributeLine           `json:"attributes" doc:"Each value with the source that it is from"`
	Functions    []FunctionLine            `json:"functions" doc:"Of Writ's own"`
	Accounts     []AccountLine             `json:"accounts"`
	Tiers        []TierCount               `json:"tiers" doc:"How much it has, without becoming anybody else"`
	Findings     FindingLines              `json:"findings" doc:"About it and its accounts"`
	May          map[string]policy.Verdict `json:"may" doc:"What the caller may do to it"`
}

// ThirdPartyLine says whose somebody is who is not ours.
type ThirdPartyLine struct {
	Organisation string      `json:"organisation"`
	Sponsor      *Shown      `json:"sponsor"`
	ContractEnd  access.Time `json:"contract_end,omitzero"`
}

// AffiliationLine is one position.
type AffiliationLine struct {
	Employer string      `json:"employer,omitempty"`
	Unit     string      `json:"unit,omitempty"`
	Title    string      `json:"title,omitempty"`
	Manager  *Shown      `json:"manager,omitempty"`
	Start    access.Time `json:"start,omitzero"`
	End      access.Time `json:"end,omitzero"`
}

// AttributeLine is one value of a source.
type AttributeLine struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source *Shown `json:"source,omitempty"`
}

// FunctionLine is one of Writ's functions that somebody holds.
type FunctionLine struct {
	Function access.Function `json:"function"`
	Scope    access.ScopeID  `json:"scope,omitzero"`
	Since    access.Time     `json:"since"`
}

// TierCount counts entitlements of one tier by the mode that they are had in.
type TierCount struct {
	Tier     access.Tier `json:"tier"`
	Standing int         `json:"standing"`
	Eligible int         `json:"eligible"`
	Active   int         `json:"active"`
}

// Card answers what is known of an identity.
func (s *Service) Card(ctx context.Context, id access.IdentityID) (*Card, error) {
	view := s.Graph.View()
	defer view.Close()
	sees := s.sight(ctx, view, id)
	node, there := view.Identity(id)
	if !there {
		return nil, policy.ErrNoObject
	}
	i, err := s.Store.Identity(ctx, id)
	if err != nil {
		return nil, err
	}
	functions, err := s.Store.Functions(ctx, id)
	if err != nil {
		return nil, err
	}
	card := &Card{
		Revision: view.Rev(), Kind: i.Kind, State: i.State, Email: i.Email, Number: i.Number, Functions: []FunctionLine{},
		Tiers: tiersOf(view, id.Ref()), May: s.Gate.Verdicts(ctx, objectAt(view, id.Ref()), identityActions(i.Kind)...),
	}
	for _, f := range functions {
		card.Functions = append(card.Functions, FunctionLine{f.Function, f.Scope, f.Since})
	}
	if err := s.fillNames(ctx, card, sees, i, node.Owner); err != nil {
		return nil, err
	}
	accounts := view.AccountsOf(id)
	if card.Accounts, err = s.accountLines(ctx, view, sees, accounts); err != nil {
		return nil, err
	}
	about := []access.Ref{id.Ref()}
	for _, a := range accounts {
		about = append(about, a.Ref())
	}
	card.Findings, err = s.findings(ctx, view, sees, about...)
	return card, err
}

// identityActions are what can be done to an identity of a kind.
func identityActions(k access.IdentityKind) []string {
	if k == access.Human {
		return []string{"identity.change", "function.assign"}
	}
	return []string{"identity.change", "identity.owner"}
}

// fillNames fills in whatever names others.
func (s *Service) fillNames(ctx context.Context, card *Card, sees Sight, i access.Identity, owner access.IdentityID) error {
	refs := []access.Ref{i.ID.Ref(), owner.Ref()}
	if i.ThirdParty != nil {
		refs = append(refs, i.ThirdParty.Sponsor.Ref())
	}
	for _, a := range i.Affiliations {
		refs = append(refs, a.Manager.Ref())
	}
	for _, a := range i.Attributes {
		refs = append(refs, a.Source.Ref())
	}
	name, err := s.names(ctx, sees, refs)
	if err != nil {
		return err
	}
	card.Identity, card.Owner = name(i.ID.Ref()), name.Optional(owner.Ref())
	if t := i.ThirdParty; t != nil {
		card.ThirdParty = &ThirdPartyLine{t.Organisation, name.Optional(t.Sponsor.Ref()), t.ContractEnd}
	}
	card.Affiliations, card.Attributes = []AffiliationLine{}, []AttributeLine{}
	for _, a := range i.Affiliations {
		card.Affiliations = append(card.Affiliations, AffiliationLine{a.Employer, a.Unit, a.Title, name.Optional(a.Manager.Ref()), a.Start, a.End})
	}
	for _, key := range slices.Sorted(maps.Keys(i.Attributes)) {
		if namesSomebody[key] {
			continue
		}
		a := i.Attributes[key]
		card.Attributes = append(card.Attributes, AttributeLine{key, a.Value, name.Optional(a.Source.Ref())})
	}
	return nil
}

// namesSomebody are attributes whose value names another identity, which the card shows
// only as far as that one may be seen.
var namesSomebody = map[string]bool{"manager": true, "sponsor": true, "owner": true, "deputy": true}

// tiersOf counts what a holder effectively has, each entitlement once.
func tiersOf(view *graph.View, holder access.Ref) []TierCount {
	modes := map[access.EntitlementID]uint8{}
	for _, h := range view.Effective(holder, graph.Question{}) {
		modes[h.Entitlement] |= h.Modes
	}
	counts := make([]TierCount, len(access.Tiers))
	for i, t := range access.Tiers {
		counts[i].Tier = t
	}
	for id, m := range modes {
		e, _ := view.Entitlement(id)
		c := &counts[max(e.Tier, access.Tier0)] // not classified is treated as the worst
		if m&(1<<access.Standing) != 0 {
			c.Standing++
		}
		if m&(1<<access.Eligible) != 0 {
			c.Eligible++
		}
		if m&(1<<access.Activated) != 0 {
			c.Active++
		}
	}
	return counts
}
