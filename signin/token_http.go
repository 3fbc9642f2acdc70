package signin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/policy"
)

// registerTokens mounts what people do with their tokens.
func (s *Service) registerTokens(api huma.API) {
	httpapi.Register(api, huma.Operation{
		OperationID: "list-tokens", Method: http.MethodGet, Path: "/v1/tokens", Tags: []string{"signin"},
		Summary: "List one's own tokens",
	}, policy.SignedIn[struct{}](), s.getTokens)
	httpapi.Register(api, huma.Operation{
		OperationID: "create-token", Method: http.MethodPost, Path: "/v1/tokens", Tags: []string{"signin"},
		Summary: "Make a token, whose text is shown this once", DefaultStatus: http.StatusCreated, Extensions: map[string]any{httpapi.SecretExtension: true},
	}, policy.SignedIn[tokenInput](), s.postTokens)
	httpapi.Register(api, huma.Operation{
		OperationID: "revoke-token", Method: http.MethodDelete, Path: "/v1/tokens/{id}", Tags: []string{"signin"},
		Summary: "Revoke one of one's tokens", DefaultStatus: http.StatusNoContent,
	}, policy.SignedIn[tokenIDInput](), s.deleteToken)
}

type tokensOutput struct {
	Body struct {
		Items []Token `json:"items"`
	}
}

func (s *Service) getTokens(ctx context.Context, _ *struct{}) (*tokensOutput, error) {
	c, _ := policy.CallerOf(ctx)
	out := &tokensOutput{}
	list, err := s.Store.Tokens(ctx, c.Identity)
	out.Body.Items = append([]Token{}, list...)
	return out, err
}

type tokenInput struct {
	Body struct {
		Name     string          `json:"name" maxLength:"200" doc:"What it is for"`
		Limits   []string        `json:"limits" maxItems:"100" doc:"What it may do: actions such as finding.read, or groups such as read"`
		Days     int             `json:"days" minimum:"1" maximum:"90" doc:"How long it lasts"`
		Networks []string        `json:"networks" maxItems:"32" doc:"Where it may be used, such as 10.1.0.0/16"`
		Key      json.RawMessage `json:"key,omitempty" doc:"A public JSON Web Key (P-256 or Ed25519), whose proof then goes with the token"`
	}
}

type tokenOutput struct {
	Body struct {
		Token
		Text string `json:"text" doc:"The token itself, which is nowhere kept"`
	}
}

// postTokens makes a token for whoever has shown just now who they are.
func (s *Service) postTokens(ctx context.Context, in *tokenInput) (*tokenOutput, error) {
	g, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	t := Token{Owner: g.Identity, Name: in.Body.Name, Limits: in.Body.Limits}
	for _, text := range in.Body.Networks {
		n, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, ErrTokenNetworks.With("%q is no network such as 10.1.0.0/16", text)
		}
		t.Networks = append(t.Networks, n)
	}
	if len(in.Body.Key) > 0 {
		if t.Key, err = publicKey(in.Body.Key); err != nil {
			return nil, err
		}
	}
	t, text, err := s.MakeToken(ctx, t, in.Body.Days)
	if err != nil {
		return nil, err
	}
	out := &tokenOutput{}
	out.Body.Token, out.Body.Text = t, string(text.Reveal())
	return out, nil
}

type tokenIDInput struct {
	ID string `path:"id" maxLength:"40"`
}

func (s *Service) deleteToken(ctx context.Context, in *tokenIDInput) (*struct{}, error) {
	c, _ := policy.CallerOf(ctx)
	ref, err := access.ParseRef(in.ID)
	if err != nil || ref.Kind != access.KindToken {
		return nil, ErrNoToken
	}
	return nil, s.EndToken(ctx, c.Identity, access.TokenID(ref.Key))
}
