package testkit

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// What a Provider has registered of its one client.
const (
	ProviderClient = "writ"
	ProviderSecret = "a secret of the client: with ~%+ in it" //nolint:gosec // of a provider that ends with the test
)

// AtProvider is who signs in at a Provider, and how.
type AtProvider struct {
	Subject, Email string
	Verified       bool   // that the email is theirs
	Class          string // of the authentication
	Methods        []string
	At             time.Time // zero is now
}

// Provider is a real provider of OpenID Connect that asks for no password: whoever comes
// is whom the test says.
type Provider struct {
	op.Storage // what the code flow needs none of

	URL string
	Key *ecdsa.PrivateKey // that it signs with

	redirects []string

	mu       sync.Mutex
	requests map[string]*signingIn
	codes    map[string]string
	next     AtProvider
}

// signingIn is a request of the client, and who answered it.
type signingIn struct {
	*oidc.AuthRequest
	AtProvider
	id string
}

// NewProvider starts a provider that sends browsers back to redirects alone; it ends with
// the test. What it answers goes through wrap, if that is not nil.
func NewProvider(tb testing.TB, wrap func(http.Handler) http.Handler, redirects ...string) *Provider {
	tb.Helper()
	p := &Provider{redirects: redirects, requests: map[string]*signingIn{}, codes: map[string]string{}}
	var err error
	if p.Key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		tb.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	tb.Cleanup(server.Close)
	p.URL = server.URL
	provider, err := op.NewProvider(&op.Config{CodeMethodS256: true, AuthMethodPost: true}, p, op.StaticIssuer(p.URL), op.WithAllowInsecure())
	if err != nil {
		tb.Fatal(err)
	}
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, op.AuthCallbackURL(provider)(r.Context(), r.URL.Query().Get("id")), http.StatusFound)
	})
	if wrap == nil {
		wrap = func(h http.Handler) http.Handler { return h }
	}
	mux.Handle("/", wrap(provider))
	return p
}

// Is says who signs in from now on.
func (p *Provider) Is(who AtProvider) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = who
}

// CreateAuthRequest implements op.Storage.
func (p *Provider) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := &signingIn{r, p.next, rand.Text()}
	if a.At.IsZero() {
		a.At = time.Now()
	}
	p.requests[a.id] = a
	return a, nil
}

// AuthRequestByID implements op.Storage.
func (p *Provider) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.requests[id]; a != nil {
		return a, nil
	}
	return nil, errors.New("no such request")
}

// SaveAuthCode implements op.Storage.
func (p *Provider) SaveAuthCode(_ context.Context, id, code string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = id
	return nil
}

// AuthRequestByCode implements op.Storage.
func (p *Provider) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	p.mu.Lock()
	id := p.codes[code]
	p.mu.Unlock()
	return p.AuthRequestByID(ctx, id)
}

// DeleteAuthRequest implements op.Storage: a code is good once.
func (p *Provider) DeleteAuthRequest(_ context.Context, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.requests, id)
	return nil
}

// CreateAccessToken implements op.Storage.
func (p *Provider) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	return rand.Text(), time.Now().Add(time.Hour), nil
}

// SigningKey implements op.Storage.
func (p *Provider) SigningKey(context.Context) (op.SigningKey, error) { return signingKey{p.Key}, nil }

// SignatureAlgorithms implements op.Storage.
func (p *Provider) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

// KeySet implements op.Storage.
func (p *Provider) KeySet(context.Context) ([]op.Key, error) { return []op.Key{publicKey{p.Key}}, nil }

// GetClientByClientID implements op.Storage.
func (p *Provider) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != ProviderClient {
		return nil, errors.New("no such client")
	}
	return relyingParty{p.redirects}, nil
}

// AuthorizeClientIDSecret implements op.Storage.
func (p *Provider) AuthorizeClientIDSecret(_ context.Context, id, text string) error {
	if id != ProviderClient || text != ProviderSecret {
		return errors.New("not the client")
	}
	return nil
}

// SetUserinfoFromScopes implements op.Storage.
func (p *Provider) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromRequest implements op.CanSetUserinfoFromRequest.
func (p *Provider) SetUserinfoFromRequest(_ context.Context, u *oidc.UserInfo, r op.IDTokenRequest, _ []string) error {
	a := r.(*signingIn)
	u.Subject, u.Email, u.EmailVerified = a.Subject, a.Email, oidc.Bool(a.Verified)
	return nil
}

// GetPrivateClaimsFromScopes implements op.Storage.
func (p *Provider) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

// Health implements op.Storage.
func (p *Provider) Health(context.Context) error { return nil }

func (a *signingIn) GetID() string                      { return a.id }
func (a *signingIn) GetACR() string                     { return a.Class }
func (a *signingIn) GetAMR() []string                   { return a.Methods }
func (a *signingIn) GetAudience() []string              { return []string{a.ClientID} }
func (a *signingIn) GetAuthTime() time.Time             { return a.At }
func (a *signingIn) GetClientID() string                { return a.ClientID }
func (a *signingIn) GetNonce() string                   { return a.Nonce }
func (a *signingIn) GetRedirectURI() string             { return a.RedirectURI }
func (a *signingIn) GetResponseType() oidc.ResponseType { return a.ResponseType }
func (a *signingIn) GetResponseMode() oidc.ResponseMode { return a.ResponseMode }
func (a *signingIn) GetScopes() []string                { return a.Scopes }
func (a *signingIn) GetState() string                   { return a.State }
func (a *signingIn) GetSubject() string                 { return a.Subject }
func (a *signingIn) Done() bool                         { return true }
func (a *signingIn) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: a.CodeChallenge, Method: a.CodeChallengeMethod}
}

type signingKey struct{ key *ecdsa.PrivateKey }

func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k signingKey) Key() any                                    { return k.key }
func (k signingKey) ID() string                                  { return "1" }

type publicKey struct{ key *ecdsa.PrivateKey }

func (k publicKey) ID() string                         { return "1" }
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return k.key.Public() }

// relyingParty is the one client, as the provider knows it.
type relyingParty struct{ redirects []string }

func (relyingParty) GetID() string                       { return ProviderClient }
func (r relyingParty) RedirectURIs() []string            { return r.redirects }
func (relyingParty) PostLogoutRedirectURIs() []string    { return nil }
func (relyingParty) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (relyingParty) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (relyingParty) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}

func (relyingParty) GrantTypes() []oidc.GrantType { return []oidc.GrantType{oidc.GrantTypeCode} }

func (relyingParty) LoginURL(id string) string            { return "/login?id=" + url.QueryEscape(id) }
func (relyingParty) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (relyingParty) IDTokenLifetime() time.Duration       { return time.Hour }
func (relyingParty) DevMode() bool                        { return false }
func (relyingParty) IsScopeAllowed(string) bool           { return false }
func (relyingParty) IDTokenUserinfoClaimsAssertion() bool { return true }
func (relyingParty) ClockSkew() time.Duration             { return 0 }
func (relyingParty) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}

func (relyingParty) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}
