package signin_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/signin"
)

// idp is a real provider of OpenID Connect, whose people are whom a test says.
type idp struct {
	op.Storage // what the code flow needs none of

	s      *site
	server *httptest.Server
	key    *ecdsa.PrivateKey

	mu       sync.Mutex
	requests map[string]*atIDP
	codes    map[string]string
	next     atIDP                // who signs in next
	lie      func(map[string]any) // changes what ID tokens say, or nil
	other    *ecdsa.PrivateKey    // signs instead, where it is not nil
}

// atIDP is somebody signing in there.
type atIDP struct {
	*oidc.AuthRequest
	id, subject, email, class string
	verified                  bool
	methods                   []string
	at                        time.Time
}

const (
	idpClient = "writ"
	idpSecret = "a secret of the client: with ~%+ in it"
)

// startIDP starts a provider; writ is what Writ is configured with for it.
func startIDP(must func(error)) (p *idp, writ signin.Provider) {
	p = &idp{requests: map[string]*atIDP{}, codes: map[string]string{}}
	var err error
	p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	var h http.Handler
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	provider, err := op.NewProvider(&op.Config{CodeMethodS256: true, AuthMethodPost: true}, p, op.StaticIssuer(p.server.URL), op.WithAllowInsecure())
	must(err)
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, op.AuthCallbackURL(provider)(r.Context(), r.URL.Query().Get("id")), http.StatusFound)
	})
	mux.Handle("/", p.lying(provider))
	h = mux
	return p, signin.Provider{
		Name: "idp", Title: "The company", Issuer: p.server.URL, ClientID: idpClient, Secret: secret.New([]byte(idpSecret)), MFA: []string{"mfa", "gold"},
	}
}

// lying changes what the provider's ID tokens say, where a test has it lie.
func (p *idp) lying(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		lie, key := p.lie, p.key
		if p.other != nil {
			key = p.other
		}
		p.mu.Unlock()
		if lie == nil || r.URL.Path != "/oauth/token" {
			next.ServeHTTP(w, r)
			return
		}
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		var answer map[string]any
		if json.Unmarshal(kept.Body.Bytes(), &answer) != nil || answer["id_token"] == nil {
			w.WriteHeader(kept.Code)
			_, _ = io.Copy(w, kept.Body)
			return
		}
		answer["id_token"] = changed(answer["id_token"].(string), key, lie)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	})
}

// changed is a token with other claims, signed anew.
func changed(token string, key *ecdsa.PrivateKey, lie func(map[string]any)) string {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		panic(err)
	}
	var claims map[string]any
	d := json.NewDecoder(bytes.NewReader(jws.UnsafePayloadWithoutVerification()))
	d.UseNumber()
	if err := d.Decode(&claims); err != nil {
		panic(err)
	}
	lie(claims)
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		panic(err)
	}
	again, err := signer.Sign(text)
	if err != nil {
		panic(err)
	}
	out, err := again.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return out
}

// goes takes a browser that Writ sent to the provider through it, and returns where it
// comes back to.
func (p *idp) goes(to string) string {
	p.s.t.Helper()
	h := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 5 {
		r, err := http.NewRequestWithContext(p.s.ctx, http.MethodGet, to, nil)
		p.s.must(err)
		answer, err := h.Do(r)
		p.s.must(err)
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		at, err := answer.Location()
		if err != nil {
			p.s.t.Fatalf("the provider answers %s: %s", answer.Status, text)
		}
		if to = at.String(); strings.HasPrefix(to, ours) {
			return strings.TrimPrefix(to, ours)
		}
	}
	p.s.t.Fatal("the provider sends browsers round and round")
	return ""
}

// What follows is the provider's storage.

// CreateAuthRequest implements op.Storage.
func (p *idp) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.next
	a.AuthRequest, a.id = r, rand.Text()
	p.requests[a.id] = &a
	return &a, nil
}

// AuthRequestByID implements op.Storage.
func (p *idp) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.requests[id]; a != nil {
		return a, nil
	}
	return nil, errors.New("no such request")
}

// SaveAuthCode implements op.Storage.
func (p *idp) SaveAuthCode(_ context.Context, id, code string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = id
	return nil
}

// AuthRequestByCode implements op.Storage.
func (p *idp) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	p.mu.Lock()
	id := p.codes[code]
	p.mu.Unlock()
	return p.AuthRequestByID(ctx, id)
}

// DeleteAuthRequest implements op.Storage: a code is good once.
func (p *idp) DeleteAuthRequest(_ context.Context, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.requests, id)
	return nil
}

// CreateAccessToken implements op.Storage.
func (p *idp) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	return rand.Text(), time.Now().Add(time.Hour), nil
}

// SigningKey implements op.Storage.
func (p *idp) SigningKey(context.Context) (op.SigningKey, error) { return idpKey{p.key}, nil }

// SignatureAlgorithms implements op.Storage.
func (p *idp) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

// KeySet implements op.Storage.
func (p *idp) KeySet(context.Context) ([]op.Key, error) { return []op.Key{idpPublic{p.key}}, nil }

// GetClientByClientID implements op.Storage.
func (p *idp) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != idpClient {
		return nil, errors.New("no such client")
	}
	return writAtIDP{}, nil
}

// AuthorizeClientIDSecret implements op.Storage.
func (p *idp) AuthorizeClientIDSecret(_ context.Context, id, text string) error {
	if id != idpClient || text != idpSecret {
		return errors.New("not the client")
	}
	return nil
}

// SetUserinfoFromScopes implements op.Storage.
func (p *idp) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromRequest implements op.CanSetUserinfoFromRequest.
func (p *idp) SetUserinfoFromRequest(_ context.Context, u *oidc.UserInfo, r op.IDTokenRequest, _ []string) error {
	a := r.(*atIDP)
	u.Subject, u.Email, u.EmailVerified = a.subject, a.email, oidc.Bool(a.verified)
	return nil
}

// GetPrivateClaimsFromScopes implements op.Storage.
func (p *idp) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

// Health implements op.Storage.
func (p *idp) Health(context.Context) error { return nil }

func (a *atIDP) GetID() string                      { return a.id }
func (a *atIDP) GetACR() string                     { return a.class }
func (a *atIDP) GetAMR() []string                   { return a.methods }
func (a *atIDP) GetAudience() []string              { return []string{a.ClientID} }
func (a *atIDP) GetAuthTime() time.Time             { return a.at }
func (a *atIDP) GetClientID() string                { return a.ClientID }
func (a *atIDP) GetNonce() string                   { return a.Nonce }
func (a *atIDP) GetRedirectURI() string             { return a.RedirectURI }
func (a *atIDP) GetResponseType() oidc.ResponseType { return a.ResponseType }
func (a *atIDP) GetResponseMode() oidc.ResponseMode { return a.ResponseMode }
func (a *atIDP) GetScopes() []string                { return a.Scopes }
func (a *atIDP) GetState() string                   { return a.State }
func (a *atIDP) GetSubject() string                 { return a.subject }
func (a *atIDP) Done() bool                         { return true }
func (a *atIDP) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: a.CodeChallenge, Method: a.CodeChallengeMethod}
}

type idpKey struct{ key *ecdsa.PrivateKey }

func (k idpKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k idpKey) Key() any                                    { return k.key }
func (k idpKey) ID() string                                  { return "1" }

type idpPublic struct{ key *ecdsa.PrivateKey }

func (k idpPublic) ID() string                         { return "1" }
func (k idpPublic) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k idpPublic) Use() string                        { return "sig" }
func (k idpPublic) Key() any                           { return k.key.Public() }

// writAtIDP is what the provider has registered of Writ.
type writAtIDP struct{}

func (writAtIDP) GetID() string                       { return idpClient }
func (writAtIDP) RedirectURIs() []string              { return []string{ours + "/signin/oidc/idp/callback"} }
func (writAtIDP) PostLogoutRedirectURIs() []string    { return nil }
func (writAtIDP) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (writAtIDP) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (writAtIDP) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}

func (writAtIDP) GrantTypes() []oidc.GrantType         { return []oidc.GrantType{oidc.GrantTypeCode} }
func (writAtIDP) LoginURL(id string) string            { return "/login?id=" + url.QueryEscape(id) }
func (writAtIDP) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (writAtIDP) IDTokenLifetime() time.Duration       { return time.Hour }
func (writAtIDP) DevMode() bool                        { return false }
func (writAtIDP) IsScopeAllowed(string) bool           { return false }
func (writAtIDP) IDTokenUserinfoClaimsAssertion() bool { return true }
func (writAtIDP) ClockSkew() time.Duration             { return 0 }
func (writAtIDP) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}

func (writAtIDP) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}
