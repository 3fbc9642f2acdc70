package ask

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// AccountFacts is what the store knows of an account beside the graph.
type AccountFacts struct {
	NativeID, Login, DisplayName, KindReason string
	Link                                     LinkFacts
}

// LinkFacts is how an account came to whom it belongs to.
type LinkFacts struct {
	State    string      `json:"state"`
	Rule     string      `json:"rule"`
	Evidence string      `json:"evidence,omitempty"`
	Since    access.Time `json:"since,omitzero"`
}

// AccountLine is an account on the card of whose it is.
type AccountLine struct {
	Account    Shown                `json:"account"`
	Kind       access.AccountKind   `json:"kind"`
	Status     access.AccountStatus `json:"status"`
	UsageKnown bool                 `json:"usage_known"`
	LastUsed   access.Time          `json:"last_used,omitzero"`
	Link       *LinkFacts           `json:"link,omitempty" doc:"How it is known whose it is"`
}

// accountLines are accounts with how they are linked; of what is hidden there is its
// kind and status alone.
func (s *Service) accountLines(ctx context.Context, view *graph.View, sees Sight, ids []access.AccountID) ([]AccountLine, error) {
	refs := make([]access.Ref, len(ids))
	for i, id := range ids {
		refs[i] = id.Ref()
	}
	name, err := s.names(ctx, sees, refs)
	if err != nil {
		return nil, err
	}
	facts, err := s.Store.Accounts(ctx, ids)
	if err != nil {
		return nil, err
	}
	lines := make([]AccountLine, len(ids))
	for i, id := range ids {
		n, _ := view.Account(id)
		lines[i] = AccountLine{Account: name(id.Ref()), Kind: n.Kind, Status: n.Status}
		if f := facts[id]; !lines[i].Account.Hidden {
			if !s.tellsWhose(ctx, n, sees) {
				f.Link.Evidence = ""
			}
			lines[i].UsageKnown, lines[i].LastUsed, lines[i].Link = n.UsageKnown, n.LastUsed, &f.Link
		}
	}
	return lines, nil
}

// Account is what is known of an account.
type Account struct {
	Revision    access.Rev                `json:"revision"`
	Account     Shown                     `json:"account"`
	System      Shown                     `json:"in"`
	NativeID    string                    `json:"native_id"`
	DisplayName string                    `json:"display_name,omitempty"`
	Kind        access.AccountKind        `json:"kind"`
	KindReason  string                    `json:"kind_reason,omitempty"`
	Status      access.AccountStatus      `json:"status"`
	Interactive bool                      `json:"interactive"`
	Created     access.Time               `json:"created,omitzero"`
	Expires     access.Time               `json:"expires,omitzero"`
	UsageKnown  bool                      `json:"usage_known"`
	LastUsed    access.Time               `json:"last_used,omitzero"`
	Identities  []Shown                   `json:"identities" doc:"Whose it is"`
	Disputed    bool                      `json:"disputed"`
	Link        LinkFacts                 `json:"link"`
	Opens       []Shown                   `json:"opens" doc:"The accounts that it is let in as"`
	OpenedBy    []Shown                   `json:"opened_by"`
	Credentials []CredentialLine          `json:"credentials"`
	Tiers       []TierCount               `json:"tiers"`
	Findings    FindingLines              `json:"findings"`
	May         map[string]policy.Verdict `json:"may"`
}

// CredentialLine is something that an account accepts.
type CredentialLine struct {
	Kind     access.CredentialKind `json:"kind"`
	Changed  access.Time           `json:"changed,omitzero"`
	LastUsed access.Time           `json:"last_used,omitzero"`
	Accounts int                   `json:"accounts" doc:"How many accounts accept it"`
}

// Account answers what is known of an account.
func (s *Service) Account(ctx context.Context, id access.AccountID) (*Account, error) {
	view := s.Graph.View()
	defer view.Close()
	n, there := view.Account(id)
	if !there {
		return nil, policy.ErrNoObject
	}
	sees := s.sight(ctx, view, 0)
	refs := []access.Ref{id.Ref(), n.System.Ref()}
	for _, x := range n.Identities {
		refs = append(refs, x.Ref())
	}
	opens, openedBy := refsOfAccounts(view.Opens(id)), refsOfAccounts(view.OpenedBy(id))
	name, err := s.names(ctx, sees, append(append(refs, opens...), openedBy...))
	if err != nil {
		return nil, err
	}
	known, err := s.Store.Accounts(ctx, []access.AccountID{id})
	if err != nil {
		return nil, err
	}
	f := known[id]
	ans := &Account{
		Revision: view.Rev(), Account: name(id.Ref()), System: name(n.System.Ref()), NativeID: f.NativeID, DisplayName: f.DisplayName,
		Kind: n.Kind, KindReason: f.KindReason, Status: n.Status, Interactive: n.Interactive, Created: n.Created, Expires: n.Expires,
		UsageKnown: n.UsageKnown, LastUsed: n.LastUsed, Disputed: n.Disputed, Link: f.Link,
		Identities: name.all(refs[2:]), Opens: name.all(opens), OpenedBy: name.all(openedBy), Credentials: []CredentialLine{},
		Tiers: tiersOf(view, id.Ref()), May: s.Gate.Verdicts(ctx, objectAt(view, id.Ref()), "account.disable", "link.decide"),
	}
	if !s.tellsWhose(ctx, n, sees) {
		ans.Link.Evidence, ans.DisplayName = "", ""
	}
	for _, c := range view.Credentials(id) {
		ans.Credentials = append(ans.Credentials, CredentialLine{c.Kind, c.Changed, c.LastUsed, len(view.AccountsAccepting(c.ID))})
	}
	ans.Findings, err = s.findings(ctx, view, sees, id.Ref())
	return ans, err
}

func refsOfAccounts(ids []access.AccountID) []access.Ref {
	refs := make([]access.Ref, len(ids))
	for i, id := range ids {
		refs[i] = id.Ref()
	}
	return refs
}

// all names a list.
func (name Namer) all(refs []access.Ref) []Shown {
	list := make([]Shown, len(refs))
	for i, r := range refs {
		list[i] = name(r)
	}
	return list
}

// tellsWhose reports whether the caller may read what says in words whose an account
// is, or may be: they see everybody whom it can name.
func (s *Service) tellsWhose(ctx context.Context, n graph.AccountNode, sees Sight) bool {
	hidden := func(id access.IdentityID) bool { return !sees(id.Ref()) }
	if !n.Disputed && !slices.ContainsFunc(n.Identities, hidden) {
		return true
	}
	return s.Gate.Permit(ctx, "identity.read", policy.Object{}) == nil
}
