package signin

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

const tag = "signin"

// Register mounts what people do at the door. Operations translate; they decide nothing.
func (s *Service) Register(api huma.API) {
	s.registerWays(api)
	s.registerPasskeys(api)
	s.registerSignins(api)
	s.registerMe(api)
	s.registerTokens(api)
	s.registerDevice(api)
}

// registerWays mounts the ways in.
func (s *Service) registerWays(api huma.API) {
	httpapi.Register(api, huma.Operation{
		OperationID: "list-ways-in", Method: http.MethodGet, Path: door, Tags: []string{tag},
		Summary: "Show in which ways one can sign in",
	}, policy.Anybody[struct{}](), s.getWays)
	httpapi.Register(api, huma.Operation{
		OperationID: "redeem-link", Method: http.MethodPost, Path: door + "/link", Tags: []string{tag},
		Summary: "Sign in by a link, which is good once",
	}, policy.Anybody[linkInput](), s.postLink)
	httpapi.Register(api, huma.Operation{
		OperationID: "begin-passkey-signin", Method: http.MethodPost, Path: door + "/passkey/begin", Tags: []string{tag},
		Summary: "Begin to sign in by a passkey",
	}, policy.Anybody[struct{}](), func(ctx context.Context, _ *struct{}) (*askOutput, error) {
		ask, err := s.beginPasskey(ctx)
		if err != nil {
			return nil, err
		}
		return askOf(ask.Response)
	})
	httpapi.Register(api, huma.Operation{
		OperationID: "finish-passkey-signin", Method: http.MethodPost, Path: door + "/passkey/finish", Tags: []string{tag},
		Summary: "Sign in by what a passkey answered",
	}, policy.Anybody[answerInput](), func(ctx context.Context, in *answerInput) (*beganOutput, error) {
		g, plain, err := s.finishPasskey(ctx, in.Body.Credential)
		return began(g, plain), err
	})
}

type waysOutput struct{ Body Ways }

// Ways are the ways in.
type Ways struct {
	Passkey    bool           `json:"passkey" doc:"A passkey of this origin"`
	Providers  []ProviderView `json:"providers" doc:"OpenID providers: go to /signin/oidc/NAME?key=THUMBPRINT&back=PATH"`
	FirstOwner bool           `json:"first_owner" doc:"Nobody holds a function yet: the link that the server printed makes the owner"`
}

func (s *Service) getWays(ctx context.Context, _ *struct{}) (*waysOutput, error) {
	none, err := s.Store.Ownerless(ctx)
	return &waysOutput{Ways{Passkey: true, Providers: s.providerViews(), FirstOwner: none}}, err
}

type linkInput struct {
	Body struct {
		Secret string `json:"secret" maxLength:"100" doc:"What follows the # of the link"`
		Name   string `json:"name,omitempty" maxLength:"400" doc:"Only with the first owner's link"`
		Email  string `json:"email,omitempty" maxLength:"400" doc:"Only with the first owner's link"`
	}
}

// beganOutput tells of a sign-in, and gives the browser its secret where no script sees it.
type beganOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      SigninView
}

// SigninView is a sign-in as its owner sees it.
type SigninView struct {
	ID       access.SigninID   `json:"id"`
	Identity access.IdentityID `json:"identity"`
	Method   Method            `json:"method"`
	Begun    access.Time       `json:"begun"`
	Seen     access.Time       `json:"seen" doc:"Last use, to a minute"`
	Ends     access.Time       `json:"ends" doc:"Without use it ends earlier"`
	MFAAt    access.Time       `json:"mfa_at,omitzero" doc:"When a second factor was shown last"`
	Agent    string            `json:"agent,omitempty" doc:"What the client calls itself"`
	Address  string            `json:"address,omitempty" doc:"Where it was when it began"`
	Current  bool              `json:"current" doc:"It is the one that asks"`
}

func viewOf(ctx context.Context, g Signin) SigninView {
	c, _ := policy.CallerOf(ctx)
	return SigninView{
		ID: g.ID, Identity: g.Identity, Method: g.Method, Begun: g.Begun, Seen: g.Seen, Ends: g.Ends, MFAAt: g.MFAAt,
		Agent: g.Agent, Address: g.Address, Current: c.Via == g.ID.Ref(),
	}
}

func began(g Signin, plain secret.Secret) *beganOutput {
	v := viewOf(context.Background(), g)
	v.Current = true
	return &beganOutput{SetCookie: cookie(plain), Body: v}
}

func (s *Service) postLink(ctx context.Context, in *linkInput) (*beganOutput, error) {
	g, plain, err := s.redeem(ctx, secret.New([]byte(in.Body.Secret)), Owner{Name: in.Body.Name, Email: in.Body.Email})
	return began(g, plain), err
}

// askOutput is what a browser's navigator.credentials is given.
type askOutput struct {
	Body struct {
		PublicKey json.RawMessage `json:"public_key" doc:"The publicKey options of navigator.credentials, as JSON (WebAuthn)"`
	}
}

func askOf(options any) (*askOutput, error) {
	out := &askOutput{}
	var err error
	out.Body.PublicKey, err = json.Marshal(options)
	return out, err
}

type answerInput struct {
	Body struct {
		Credential json.RawMessage `json:"credential" doc:"What navigator.credentials answered, as JSON (WebAuthn)"`
	}
}

// registerPasskeys mounts what people do with their own passkeys.
func (s *Service) registerPasskeys(api huma.API) {
	httpapi.Register(api, huma.Operation{
		OperationID: "list-passkeys", Method: http.MethodGet, Path: "/v1/passkeys", Tags: []string{tag},
		Summary: "List one's own passkeys",
	}, policy.SignedIn[struct{}](), s.getPasskeys)
	httpapi.Register(api, huma.Operation{
		OperationID: "begin-passkey", Method: http.MethodPost, Path: "/v1/passkeys/begin", Tags: []string{tag},
		Summary: "Begin to add a passkey",
	}, policy.SignedIn[struct{}](), func(ctx context.Context, _ *struct{}) (*askOutput, error) {
		ask, err := s.beginRegistering(ctx)
		if err != nil {
			return nil, err
		}
		return askOf(ask.Response)
	})
	httpapi.Register(api, huma.Operation{
		OperationID: "add-passkey", Method: http.MethodPost, Path: "/v1/passkeys/finish", Tags: []string{tag},
		Summary: "Add the passkey that was made", DefaultStatus: http.StatusCreated,
	}, policy.SignedIn[addPasskeyInput](), func(ctx context.Context, in *addPasskeyInput) (*passkeyOutput, error) {
		p, err := s.finishRegistering(ctx, in.Body.Name, in.Body.Credential)
		return &passkeyOutput{passkeyView(p)}, err
	})
	httpapi.Register(api, huma.Operation{
		OperationID: "remove-passkey", Method: http.MethodDelete, Path: "/v1/passkeys/{id}", Tags: []string{tag},
		Summary: "Remove one of one's passkeys", DefaultStatus: http.StatusNoContent,
	}, policy.SignedIn[passkeyIDInput](), func(ctx context.Context, in *passkeyIDInput) (*struct{}, error) {
		var id access.PasskeyID
		if id.UnmarshalText([]byte(in.ID)) != nil {
			return nil, ErrNoPasskey
		}
		return nil, s.removePasskey(ctx, id)
	})
	httpapi.Register(api, huma.Operation{
		OperationID: "begin-step-up", Method: http.MethodPost, Path: "/v1/stepup/begin", Tags: []string{tag},
		Summary: "Begin to confirm by a passkey that it is oneself",
	}, policy.SignedIn[struct{}](), func(ctx context.Context, _ *struct{}) (*askOutput, error) {
		ask, err := s.beginStepUp(ctx)
		if err != nil {
			return nil, err
		}
		return askOf(ask.Response)
	})
	httpapi.Register(api, huma.Operation{
		OperationID: "finish-step-up", Method: http.MethodPost, Path: "/v1/stepup/finish", Tags: []string{tag},
		Summary: "Confirm by what a passkey answered",
	}, policy.SignedIn[answerInput](), func(ctx context.Context, in *answerInput) (*signinOutput, error) {
		g, err := s.finishStepUp(ctx, in.Body.Credential)
		return &signinOutput{viewOf(ctx, g)}, err
	})
}

type signinOutput struct{ Body SigninView }

type addPasskeyInput struct {
	Body struct {
		Name       string          `json:"name" maxLength:"400" doc:"Such as the device that it is on"`
		Credential json.RawMessage `json:"credential" doc:"What navigator.credentials answered, as JSON (WebAuthn)"`
	}
}

type passkeyIDInput struct {
	ID string `path:"id" maxLength:"64" doc:"The passkey's id"`
}

// PasskeyView is a passkey as its owner sees it.
type PasskeyView struct {
	ID     access.PasskeyID `json:"id"`
	Name   string           `json:"name"`
	Added  access.Time      `json:"added"`
	Used   access.Time      `json:"used,omitzero"`
	Locked access.Time      `json:"locked,omitzero" doc:"Since when it opens nothing, since a copy may be in use"`
}

type passkeyOutput struct{ Body PasskeyView }

func passkeyView(p Passkey) PasskeyView {
	return PasskeyView{ID: p.ID, Name: p.Name, Added: p.Added, Used: p.Used, Locked: p.Locked}
}

type passkeysOutput struct {
	Body struct {
		Items []PasskeyView `json:"items"`
	}
}

func (s *Service) getPasskeys(ctx context.Context, _ *struct{}) (*passkeysOutput, error) {
	c, _ := policy.CallerOf(ctx)
	list, err := s.Store.Passkeys(ctx, c.Identity)
	out := &passkeysOutput{}
	out.Body.Items = make([]PasskeyView, len(list))
	for i, p := range list {
		out.Body.Items[i] = passkeyView(p)
	}
	return out, err
}

// registerSignins mounts what people do with their own sign-ins.
func (s *Service) registerSignins(api huma.API) {
	httpapi.Register(api, huma.Operation{
		OperationID: "list-signins", Method: http.MethodGet, Path: "/v1/signins", Tags: []string{tag},
		Summary: "List where one is signed in",
	}, policy.SignedIn[struct{}](), s.getSignins)
	httpapi.Register(api, huma.Operation{
		OperationID: "end-signin", Method: http.MethodDelete, Path: "/v1/signins/{id}", Tags: []string{tag},
		Summary: "End one of one's sign-ins", DefaultStatus: http.StatusNoContent,
	}, policy.SignedIn[signinIDInput](), func(ctx context.Context, in *signinIDInput) (*struct{}, error) {
		c, _ := policy.CallerOf(ctx)
		var id access.SigninID
		if id.UnmarshalText([]byte(in.ID)) != nil || id == 0 {
			return nil, ErrNoSignin
		}
		_, err := s.End(ctx, c.Identity, id, Revoked)
		return nil, err
	})
	httpapi.Register(api, huma.Operation{
		OperationID: "end-signins", Method: http.MethodDelete, Path: "/v1/signins", Tags: []string{tag},
		Summary: "End all of one's sign-ins, this one too", DefaultStatus: http.StatusNoContent,
	}, policy.SignedIn[struct{}](), func(ctx context.Context, _ *struct{}) (*endedOutput, error) {
		c, _ := policy.CallerOf(ctx)
		_, err := s.End(ctx, c.Identity, 0, Revoked)
		return &endedOutput{cookie(secret.Secret{})}, err
	})
	httpapi.Register(api, huma.Operation{
		OperationID: "sign-out", Method: http.MethodPost, Path: "/v1/signout", Tags: []string{tag},
		Summary: "End this sign-in", DefaultStatus: http.StatusNoContent,
	}, policy.SignedIn[struct{}](), s.postSignout)
}

type signinIDInput struct {
	ID string `path:"id" maxLength:"64" doc:"The sign-in's id"`
}

type endedOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

type signinsOutput struct {
	Body struct {
		Items []SigninView `json:"items"`
	}
}

func (s *Service) getSignins(ctx context.Context, _ *struct{}) (*signinsOutput, error) {
	c, _ := policy.CallerOf(ctx)
	list, err := s.Store.Signins(ctx, c.Identity)
	out := &signinsOutput{}
	out.Body.Items = make([]SigninView, len(list))
	for i, g := range list {
		out.Body.Items[i] = viewOf(ctx, g)
	}
	return out, err
}

func (s *Service) postSignout(ctx context.Context, _ *struct{}) (*endedOutput, error) {
	g, err := s.own(ctx)
	if err == nil {
		_, err = s.End(ctx, g.Identity, g.ID, SignedOut)
	}
	return &endedOutput{cookie(secret.Secret{})}, err
}
