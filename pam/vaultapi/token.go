package vaultapi

import (
	"context"
	"crypto/subtle"
	"time"

	"github.com/writhq/writ/access"
)

// Token is a token of Writ's API.
type Token struct {
	ID         access.TokenID
	Owner      access.IdentityID
	Name       string
	Limits     []string
	Made, Ends access.Time
	Left       time.Duration
}

// Tokens knows the token that whoever calls has shown, or returns ErrToken.
type Tokens interface {
	Token(ctx context.Context) (Token, error)
	// End ends it.
	End(ctx context.Context) error
}

var tokenRoutes = []route{
	{read, "auth/token/lookup-self", false, (*API).lookupSelf},
	{update, "auth/token/lookup-self", false, (*API).lookupSelf},
	{update, "auth/token/lookup", false, (*API).lookup},
	{update, "auth/token/renew-self", false, (*API).renewSelf},
	{update, "auth/token/renew", false, (*API).renewSelf},
	{update, "auth/token/revoke-self", false, (*API).revokeSelf},
	{update, "auth/token/revoke", false, (*API).revoke},
}

type tokenTold struct {
	Accessor       string            `json:"accessor"`
	CreationTime   int64             `json:"creation_time"`
	CreationTTL    int64             `json:"creation_ttl"`
	DisplayName    string            `json:"display_name"`
	EntityID       string            `json:"entity_id"`
	ExpireTime     string            `json:"expire_time"`
	ExplicitMaxTTL int64             `json:"explicit_max_ttl"`
	ID             string            `json:"id"`
	IssueTime      string            `json:"issue_time"`
	Meta           map[string]string `json:"meta"`
	NumUses        int               `json:"num_uses"`
	Orphan         bool              `json:"orphan"`
	Path           string            `json:"path"`
	Policies       []string          `json:"policies"`
	Renewable      bool              `json:"renewable"`
	TTL            int64             `json:"ttl"`
	Type           string            `json:"type"`
}

// lookupSelf says what the token is that was shown. It is told to whoever has it, since
// 'bao login' keeps what it is told.
func (a *API) lookupSelf(ctx context.Context, q *request) (*reply, error) {
	k, err := a.Tokens.Token(ctx)
	if err != nil {
		return nil, err
	}
	lasts := int64(k.Ends.Time().Sub(k.Made.Time()).Seconds())
	return &reply{data: tokenTold{
		Accessor: k.ID.String(), ID: bearer(q.Request), DisplayName: k.Name, EntityID: k.Owner.String(), Policies: k.Limits,
		CreationTime: k.Made.Time().Unix(), CreationTTL: lasts, ExplicitMaxTTL: lasts, TTL: int64(k.Left.Seconds()),
		IssueTime: moment(k.Made), ExpireTime: moment(k.Ends), Path: "auth/token/create", Type: "service", Orphan: true,
	}}, nil
}

// onlySelf refuses another token than the one that was shown.
func (q *request) onlySelf() error {
	var b struct {
		Token string `json:"token"`
	}
	if err := q.body(&b); err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(b.Token), []byte(bearer(q.Request))) != 1 {
		return ErrUnsupported.With("a token looks up and ends itself, and no other")
	}
	return nil
}

func (a *API) lookup(ctx context.Context, q *request) (*reply, error) {
	if err := q.onlySelf(); err != nil {
		return nil, err
	}
	return a.lookupSelf(ctx, q)
}

// renewSelf says how it is: whoever wants a token for longer makes another, with a second
// factor.
func (a *API) renewSelf(ctx context.Context, _ *request) (*reply, error) {
	k, err := a.Tokens.Token(ctx)
	if err != nil {
		return nil, err
	}
	return nil, ErrBody.With("lease is not renewable: the token ends at %s, and its owner makes another", moment(k.Ends))
}

func (a *API) revokeSelf(ctx context.Context, _ *request) (*reply, error) {
	return &reply{}, a.Tokens.End(ctx)
}

func (a *API) revoke(ctx context.Context, q *request) (*reply, error) {
	if err := q.onlySelf(); err != nil {
		return nil, err
	}
	return a.revokeSelf(ctx, q)
}
