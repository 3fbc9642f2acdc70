package analytics

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

type peersInput struct {
	httpapi.Paging
	ID          httpapi.Text[access.IdentityID]    `path:"id" doc:"Whose peers"`
	Entitlement httpapi.Text[access.EntitlementID] `query:"entitlement" required:"true" doc:"About which entitlement"`
}

type peersOutput struct {
	Body struct {
		Revision  access.Rev     `json:"revision"`
		Group     []Trait        `json:"group" doc:"What the peers are alike in; nothing is everybody"`
		Explained float64        `json:"explained" doc:"Of what there is to say about who has what, how much being alike in this says"`
		Peers     int            `json:"peers" doc:"How many there are, without whom it is about"`
		Having    int            `json:"having" doc:"Of the peers, who have it in any way"`
		Company   int            `json:"company" doc:"People who have it, wherever they are"`
		Usual     []GroupShown   `json:"usual" doc:"In which other groups most have it, five at most"`
		Items     []PeerCompared `json:"items" doc:"The peers, those who have it first"`
		Next      string         `json:"next,omitempty"`
	}
}

// GroupShown is how many of a peer group have an entitlement.
type GroupShown struct {
	Group  []Trait `json:"group"`
	People int     `json:"people"`
	Having int     `json:"having"`
}

// PeerCompared is one of somebody's peers.
type PeerCompared struct {
	Identity *access.Named `json:"identity"`
	Has      bool          `json:"has"`
}

func (a *API) peers(ctx context.Context, in *peersInput) (*peersOutput, error) {
	from, err := fromCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	c, err := a.Service.Compare(ctx, CompareQuestion{Identity: in.ID.V, Entitlement: in.Entitlement.V, Reach: policy.ReachOf(ctx), From: from, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	refs := managersIn(nil, c.Group)
	for _, g := range c.Usual {
		refs = managersIn(refs, g.Group)
	}
	for _, p := range c.Peers {
		refs = append(refs, p.Identity.Ref())
	}
	named, err := labelled(ctx, a.Names, refs)
	if err != nil {
		return nil, err
	}
	out := &peersOutput{}
	b := &out.Body
	b.Revision, b.Explained, b.Peers, b.Having, b.Company = c.Rev, c.Share, c.All, c.Having, c.Company
	b.Group, b.Next = groupShown(named, c.Group), nextFrom(from, len(c.Peers), c.All)
	b.Usual, b.Items = make([]GroupShown, len(c.Usual)), make([]PeerCompared, len(c.Peers))
	for i, g := range c.Usual {
		b.Usual[i] = GroupShown{groupShown(named, g.Group), g.People, g.Having}
	}
	for i, p := range c.Peers {
		b.Items[i] = PeerCompared{named(p.Identity.Ref()), p.Has}
	}
	return out, nil
}

type holdersInput struct {
	httpapi.Paging
	Entitlement httpapi.Text[access.EntitlementID] `query:"entitlement" required:"true" doc:"Of which entitlement"`
	Use         Use                                `query:"use" enum:"used,unused,recent,unknown" doc:"Only grants that are used so"`
	Days        int                                `query:"days" minimum:"1" maximum:"3660" default:"90" doc:"The period, back from now"`
}

type holdersOutput struct {
	Body struct {
		Revision access.Rev   `json:"revision"`
		Since    access.Time  `json:"since" doc:"When the period began"`
		Counts   UseCounts    `json:"counts" doc:"Of all its grants"`
		Total    int          `json:"total" doc:"How many match"`
		Items    []GrantInUse `json:"items" doc:"Those that are longest unused first"`
		Next     string       `json:"next,omitempty"`
	}
}

// GrantInUse is one grant, whose it is, and how it is used.
type GrantInUse struct {
	Grant     access.GrantID `json:"grant"`
	Identity  *access.Named  `json:"identity,omitempty" doc:"Whose it is; without it, nobody's"`
	Account   *access.Named  `json:"account,omitempty" doc:"That has it"`
	Use       Use            `json:"use" enum:"used,unused,recent,unknown"`
	LastUsed  access.Time    `json:"last_used,omitzero"`
	Justified bool           `json:"justified" doc:"Whether something justifies it"`
}

func (a *API) holders(ctx context.Context, in *holdersInput) (*holdersOutput, error) {
	from, err := fromCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	page, err := a.Service.Holders(ctx, HolderFilter{Entitlement: in.Entitlement.V, Use: in.Use, Days: in.Days, Reach: policy.ReachOf(ctx), From: from, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	var refs []access.Ref
	for _, h := range page.List {
		refs = append(refs, h.Holder, h.Identity.Ref())
	}
	named, err := labelled(ctx, a.Names, refs)
	if err != nil {
		return nil, err
	}
	out := &holdersOutput{}
	b := &out.Body
	b.Revision, b.Since, b.Counts, b.Total = page.Rev, page.Since, page.Total, page.All
	b.Next, b.Items = nextFrom(from, len(page.List), page.All), make([]GrantInUse, len(page.List))
	for i, h := range page.List {
		x := GrantInUse{Grant: h.Grant, Use: h.Use, LastUsed: h.LastUsed, Justified: h.Justified}
		if h.Identity != 0 {
			x.Identity = named(h.Identity.Ref())
		}
		if h.Holder.Kind == access.KindAccount {
			x.Account = named(h.Holder)
		}
		b.Items[i] = x
	}
	return out, nil
}
