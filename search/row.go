package search

import (
	"context"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// Named is an object with what it is called.
type Named[ID any] struct {
	ID   ID     `json:"id"`
	Name string `json:"name"`
}

// IdentityRow is a row of the list of identities.
type IdentityRow struct {
	ID           access.IdentityID         `json:"id"`
	Name         string                    `json:"name"`
	Kind         access.IdentityKind       `json:"kind"`
	State        access.IdentityState      `json:"state"`
	ThirdParty   bool                      `json:"third_party"`
	Organisation string                    `json:"organisation,omitempty"`
	ContractEnd  access.Time               `json:"contract_end,omitzero"`
	Number       string                    `json:"number,omitempty"`
	Email        string                    `json:"email,omitempty"`
	Login        string                    `json:"login,omitempty"`
	Owner        *Named[access.IdentityID] `json:"owner,omitempty" doc:"Of a service or agent"`
	Manager      *Named[access.IdentityID] `json:"manager,omitempty"`
	Accounts     int                       `json:"accounts" doc:"How many belong to it"`
}

// AccountRow is a row of the list of accounts.
type AccountRow struct {
	ID          access.AccountID           `json:"id"`
	Login       string                     `json:"login"`
	DisplayName string                     `json:"display_name,omitempty"`
	Email       string                     `json:"email,omitempty"`
	NativeID    string                     `json:"native_id"`
	System      Named[access.SystemID]     `json:"system"`
	Kind        access.AccountKind         `json:"kind"`
	Status      access.AccountStatus       `json:"status"`
	Interactive bool                       `json:"interactive"`
	Identities  []Named[access.IdentityID] `json:"identities" doc:"Whose it is"`
	Orphan      bool                       `json:"orphan"`
	Disputed    bool                       `json:"disputed"`
	Dormant     bool                       `json:"dormant"`
	UsageKnown  bool                       `json:"usage_known"`
	LastUsed    access.Time                `json:"last_used,omitzero"`
	Created     access.Time                `json:"created,omitzero"`
	Expires     access.Time                `json:"expires,omitzero"`
}

// EntitlementRow is a row of the list of entitlements.
type EntitlementRow struct {
	ID          access.EntitlementID      `json:"id"`
	Name        string                    `json:"name"`
	NativeID    string                    `json:"native_id"`
	Description string                    `json:"description,omitempty"`
	Kind        string                    `json:"kind"`
	System      Named[access.SystemID]    `json:"system"`
	Tier        access.Tier               `json:"tier" doc:"-1 is not classified, which counts as 0"`
	Rights      []access.Right            `json:"rights" doc:"What it lets its holder do, as observed"`
	Owner       *Named[access.IdentityID] `json:"owner,omitempty" doc:"Its own, else its system's"`
	Identities  int                       `json:"identities" doc:"How many can reach it, in any way"`
	Orphans     int                       `json:"orphans" doc:"How many accounts without an identity can"`
}

// Page is a page of a list.
type Page[R any] struct {
	Rev   access.Rev
	Rows  []R
	Total int
	Next  string
}

// rows answers a page: within the reading what the index and the graph know, and then
// what only the store does.
func rows[R any](ctx context.Context, x *Index, kind access.ObjectKind, f Filter, sight Sight, row func(a *asking, key uint32) R, complete func([]R) error) (Page[R], error) {
	end, err := x.reading()
	if err != nil {
		return Page[R]{}, err
	}
	var result Page[R]
	err = func() error {
		defer end()
		a := &asking{content: &x.content, sight: sight, now: x.now()}
		p, err := a.list(ctx, kind, f)
		if err != nil {
			return err
		}
		result = Page[R]{Rev: x.view.Rev(), Rows: make([]R, len(p.keys)), Total: p.total, Next: p.next}
		for i, key := range p.keys {
			result.Rows[i] = row(a, key)
		}
		return nil
	}()
	if err != nil || len(result.Rows) == 0 {
		return result, err
	}
	return result, complete(result.Rows)
}

// Identities lists the identities that may be seen.
func (x *Index) Identities(ctx context.Context, f Filter, sight Sight) (Page[IdentityRow], error) {
	return rows(ctx, x, access.KindIdentity, f, sight, (*asking).identityRow, func(list []IdentityRow) error {
		texts, err := x.Source.IdentityTexts(ctx, idsOf(list, func(r *IdentityRow) access.IdentityID { return r.ID }))
		for i := range list {
			r, t := &list[i], texts[list[i].ID]
			r.Number, r.Email, r.Login, r.Organisation = t.Number, t.Email, t.Login, t.Organisation
		}
		return err
	})
}

// Accounts lists the accounts that may be seen.
func (x *Index) Accounts(ctx context.Context, f Filter, sight Sight) (Page[AccountRow], error) {
	return rows(ctx, x, access.KindAccount, f, sight, (*asking).accountRow, func(list []AccountRow) error {
		texts, err := x.Source.AccountTexts(ctx, idsOf(list, func(r *AccountRow) access.AccountID { return r.ID }))
		for i := range list {
			r, t := &list[i], texts[list[i].ID]
			r.NativeID, r.DisplayName, r.Email = t.NativeID, t.DisplayName, t.Email
		}
		return err
	})
}

// Entitlements lists the entitlements that may be seen.
func (x *Index) Entitlements(ctx context.Context, f Filter, sight Sight) (Page[EntitlementRow], error) {
	return rows(ctx, x, access.KindEntitlement, f, sight, (*asking).entitlementRow, func(list []EntitlementRow) error {
		texts, err := x.Source.EntitlementTexts(ctx, idsOf(list, func(r *EntitlementRow) access.EntitlementID { return r.ID }))
		for i := range list {
			r, t := &list[i], texts[list[i].ID]
			r.NativeID, r.Description = t.NativeID, t.Description
		}
		return err
	})
}

func idsOf[R, ID any](list []R, id func(*R) ID) []ID {
	ids := make([]ID, len(list))
	for i := range list {
		ids[i] = id(&list[i])
	}
	return ids
}

func (a *asking) identityRow(key uint32) IdentityRow {
	n, _ := a.view.Identity(access.IdentityID(key))
	return IdentityRow{
		ID: access.IdentityID(key), Name: a.nameOf(access.IdentityID(key).Ref()), Kind: n.Kind, State: n.State,
		ThirdParty: n.ThirdParty, ContractEnd: n.ContractEnd, Owner: a.person(n.Owner), Manager: a.person(n.Manager),
		Accounts: len(a.view.AccountsOf(access.IdentityID(key))),
	}
}

func (a *asking) accountRow(key uint32) AccountRow {
	n, _ := a.view.Account(access.AccountID(key))
	r := AccountRow{
		ID: access.AccountID(key), Login: a.nameOf(access.AccountID(key).Ref()), System: a.systemNamed(n.System),
		Kind: n.Kind, Status: n.Status, Interactive: n.Interactive, Identities: []Named[access.IdentityID]{},
		Orphan: len(n.Identities) == 0 && !n.Disputed, Disputed: n.Disputed, Dormant: a.dormant().Contains(key),
		UsageKnown: n.UsageKnown, LastUsed: n.LastUsed, Created: n.Created, Expires: n.Expires,
	}
	for _, id := range n.Identities {
		if p := a.person(id); p != nil {
			r.Identities = append(r.Identities, *p)
		}
	}
	return r
}

func (a *asking) entitlementRow(key uint32) EntitlementRow {
	id := access.EntitlementID(key)
	n, _ := a.view.Entitlement(id)
	who := a.view.WhoCan(id.Ref(), graph.Question{First: 1})
	r := EntitlementRow{
		ID: id, Name: a.nameOf(id.Ref()), Kind: n.Kind, System: a.systemNamed(n.System), Tier: n.Tier,
		Owner: a.person(a.entitlementOwner(id)), Rights: []access.Right{}, Identities: who.Count, Orphans: who.Orphans,
	}
	for _, c := range n.Capabilities {
		if !slices.Contains(r.Rights, c.Right) {
			r.Rights = append(r.Rights, c.Right)
		}
	}
	return r
}

// person is somebody with their name; nil is nobody.
func (a *asking) person(id access.IdentityID) *Named[access.IdentityID] {
	if id == 0 {
		return nil
	}
	return &Named[access.IdentityID]{id, a.nameOf(id.Ref())}
}

func (a *asking) systemNamed(id access.SystemID) Named[access.SystemID] {
	return Named[access.SystemID]{id, a.nameOf(id.Ref())}
}

func (a *asking) systemName(word string) string {
	id, _ := strconv.ParseInt(word, 36, 64)
	return a.nameOf(access.SystemID(id).Ref())
}
