package share

import (
	"context"
	"encoding/base64"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
)

// maxOpen is how large a request of somebody is whom nobody knows.
const maxOpen = 4 << 10

type openInput struct {
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"100" writeOnly:"true" doc:"What follows the # in the link"`
		Code  string `json:"code,omitempty" maxLength:"40" writeOnly:"true" doc:"That goes with the link, if one does"`
	}
}

// ShareOpened is what somebody outside was given.
type ShareOpened struct {
	Sponsor string      `json:"sponsor" doc:"Who gave it, by name"`
	Kind    string      `json:"kind"`
	Field   string      `json:"field,omitempty"`
	Value   string      `json:"value"`
	Base64  bool        `json:"base64,omitempty" doc:"The value is no text, and written in base64"`
	Until   access.Time `json:"until" doc:"By then it is to be changed, where Writ can"`
}

type openedOutput struct{ Body ShareOpened }

func (a *API) open(ctx context.Context, in *openInput) (*openedOutput, error) {
	token := secret.New([]byte(in.Body.Token))
	defer token.Wipe()
	g, err := a.Service.Open(ctx, token, in.Body.Code)
	if err != nil {
		return nil, err
	}
	defer g.Value.Wipe()
	o := ShareOpened{Kind: g.Kind, Field: g.Field, Until: g.Ends}
	if o.Value = string(g.Value.Reveal()); !utf8.Valid(g.Value.Reveal()) {
		o.Value, o.Base64 = base64.StdEncoding.EncodeToString(g.Value.Reveal()), true
	}
	if o.Sponsor, err = a.Service.called(ctx, g.Sponsor.Ref()); err != nil {
		o.Sponsor = g.Sponsor.String() // it is opened: a name is no reason to show nothing
	}
	return &openedOutput{o}, nil
}
