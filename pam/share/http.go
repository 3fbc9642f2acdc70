package share

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// API is the operations on shares. Its field is needed.
type API struct {
	Service *Service
}

// Register mounts the operations. They translate; they decide nothing.
func (a *API) Register(api huma.API) {
	gate := a.Service.Gate
	const path, one = "/v1/shares", "/v1/shares/{id}"
	create := operation("share-secret", http.MethodPost, "/v1/secrets/{id}/shares", "Give a secret to somebody outside, by a link that opens once, or ask those who have to agree", http.StatusCreated)
	create.Extensions = map[string]any{httpapi.SecretExtension: true}
	httpapi.Register(api, create, policy.On(gate, giveSecret, a.onSecret), a.create)
	httpapi.Register(api, operation("list-shares", http.MethodGet, path, "What was given to whom outside, as far as you may know", http.StatusOK), policy.Known[sharesInput](), a.list)
	httpapi.Register(api, operation("show-share", http.MethodGet, one, "One share, never what opens it", http.StatusOK),
		policy.On(gate, readShare, func(ctx context.Context, in *ShareInput) (policy.Object, error) {
			return a.Service.Object(ctx, in.ID.V, "")
		}), a.show)
	httpapi.Register(api, operation("withdraw-share", http.MethodPost, one+"/withdraw", "Withdraw a share: yours, or somebody else's with a reason", http.StatusOK),
		policy.Choosing(gate, endShare+" or "+forceShare, a.onWithdraw), a.withdraw)
	open := operation("open-share", http.MethodPost, path+"/open", "Open what somebody was given, once: nobody has to sign in", http.StatusOK)
	open.Extensions, open.MaxBodyBytes = map[string]any{httpapi.SecretExtension: true}, maxOpen
	httpapi.Register(api, open, policy.Anybody[openInput](), a.open)
}

func operation(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"share"}, DefaultStatus: status}
}

// ShareInput names a share.
type ShareInput struct {
	ID httpapi.Text[access.ShareID] `path:"id" doc:"The share"`
}

type createInput struct {
	ID   httpapi.Text[access.SecretID] `path:"id" doc:"The secret"`
	Body struct {
		Recipient Recipient `json:"recipient" doc:"Whom it is for"`
		Field     string    `json:"field,omitempty" maxLength:"200" doc:"Of a secret that is written in JSON, the one field that is given"`
		Minutes   int       `json:"minutes,omitempty" minimum:"0" maximum:"43200" doc:"For how long; without it a day, or less where the safe says so"`
		Bare      bool      `json:"without_code,omitempty" doc:"No code goes with the link"`
		Mail      bool      `json:"mail,omitempty" doc:"The link is mailed to the recipient; the code never is"`
		Reason    string    `json:"reason" minLength:"1" maxLength:"1000"`
		Ticket    string    `json:"ticket,omitempty" maxLength:"1000"`
	}
}

func (a *API) onSecret(ctx context.Context, in *createInput) (policy.Object, error) {
	c, _ := policy.CallerOf(ctx)
	g, err := a.Service.Vault.Giving(ctx, c.Identity, in.ID.V, in.Body.Reason)
	return g.Object, err
}

// ShareShown is a share as it is answered.
type ShareShown struct {
	Share
	Names map[string]string         `json:"names" doc:"What the things in it are called, by id"`
	May   map[string]policy.Verdict `json:"may,omitempty" doc:"What you may do, until it has ended"`
}

// ShareMade is a share with what opens it.
type ShareMade struct {
	ShareShown
	Link     string `json:"link" doc:"Shown this once. It opens nothing while others have to agree"`
	Opens    string `json:"opens_with,omitempty" doc:"The code, shown this once: tell it by another way"`
	Mailed   bool   `json:"mailed"`
	Unmailed string `json:"not_mailed_because,omitempty"`
}

type madeOutput struct{ Body ShareMade }

func (a *API) create(ctx context.Context, in *createInput) (*madeOutput, error) {
	b := in.Body
	m, err := a.Service.Create(ctx, Asking{
		Secret: in.ID.V, Field: b.Field, Recipient: b.Recipient, Lasts: time.Duration(b.Minutes) * time.Minute,
		Bare: b.Bare, Mail: b.Mail, Reason: b.Reason, Ticket: b.Ticket,
	})
	if err != nil {
		return nil, err
	}
	defer m.Link.Wipe()
	defer m.Code.Wipe()
	shown, err := a.shown(ctx, m.Share)
	out := &madeOutput{ShareMade{ShareShown: shown, Link: string(m.Link.Reveal()), Opens: string(m.Code.Reveal()), Mailed: m.Mailed}}
	if m.Unmailed != nil {
		out.Body.Unmailed = m.Unmailed.Error()
	}
	return out, err
}

// shown is a share with what the things in it are called, and what whoever calls may do.
func (a *API) shown(ctx context.Context, x Share) (ShareShown, error) {
	s := ShareShown{Share: x, Names: map[string]string{}}
	about, err := a.Service.Vault.About(ctx, x, "")
	if err != nil {
		return s, err
	}
	s.Names[x.Secret.String()], s.Names[x.Safe.String()] = about.Name, about.SafeName
	if x.State.Live() {
		action := a.ending(ctx, x)
		s.May = map[string]policy.Verdict{"withdraw": a.Service.Gate.Verdicts(ctx, about.Object, action)[action]}
	}
	refs := []access.Ref{x.Sponsor.Ref()}
	if by, err := access.ParseRef(x.EndedBy); err == nil {
		refs = append(refs, by)
	}
	labels, err := a.Service.Names.Names(ctx, refs)
	for r, l := range labels {
		if l.Name != "" {
			s.Names[r.String()] = l.Name
		}
	}
	return s, err
}

type sharesInput struct {
	Secret httpapi.Text[access.SecretID] `query:"secret" doc:"Only of this one"`
	Mine   bool                          `query:"mine" doc:"Only yours"`
	All    bool                          `query:"all" doc:"Those that have ended with the rest"`
	httpapi.Paging
}

type sharesOutput struct {
	Body struct {
		Items []ShareShown `json:"items"`
		Next  string       `json:"next,omitempty" doc:"Where the next page begins"`
	}
}

func (a *API) list(ctx context.Context, in *sharesInput) (*sharesOutput, error) {
	before, err := httpapi.ParseCursor[access.ShareID](in.Cursor)
	if err != nil {
		return nil, err
	}
	q := Query{Secret: in.Secret.V, Live: !in.All, Before: before, First: in.Limit}
	if in.Mine {
		c, _ := policy.CallerOf(ctx)
		q.By = c.Identity
	}
	list, last, err := a.Service.Page(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &sharesOutput{}
	out.Body.Items = []ShareShown{}
	if last != 0 {
		out.Body.Next = httpapi.Cursor(last)
	}
	for _, x := range list {
		shown, err := a.shown(ctx, x)
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, shown)
	}
	return out, nil
}

type shareOutput struct{ Body ShareShown }

func (a *API) show(ctx context.Context, in *ShareInput) (*shareOutput, error) {
	x, err := a.Service.Share(ctx, in.ID.V)
	if err != nil {
		return nil, err
	}
	shown, err := a.shown(ctx, x)
	return &shareOutput{shown}, err
}

type withdrawInput struct {
	ShareInput
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Needed where it is somebody else's"`
	}
}

// ending is what ending a share is, for whoever calls.
func (a *API) ending(ctx context.Context, x Share) string {
	if c, _ := policy.CallerOf(ctx); c.Identity == x.Sponsor {
		return endShare
	}
	return forceShare
}

func (a *API) onWithdraw(ctx context.Context, in *withdrawInput) (string, policy.Object, error) {
	x, err := a.Service.Share(ctx, in.ID.V)
	if err != nil {
		return "", policy.Object{}, err
	}
	about, err := a.Service.Vault.About(ctx, x, in.Body.Reason)
	return a.ending(ctx, x), about.Object, err
}

func (a *API) withdraw(ctx context.Context, in *withdrawInput) (*shareOutput, error) {
	x, err := a.Service.Withdraw(ctx, in.ID.V, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	shown, err := a.shown(ctx, x)
	return &shareOutput{shown}, err
}
