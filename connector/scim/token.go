package scim

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/outbound"
	"github.com/writhq/writ/internal/secret"
)

// tokens have what opens the service.
type tokens interface {
	// bearer is the token for one request; fresh asks for a new one.
	bearer(ctx context.Context, fresh bool) (secret.Secret, error)
	// renews reports whether a new one may be had where one was refused.
	renews() bool
	close()
}

func newTokens(s *settings, credential secret.Secret) (tokens, error) {
	held := strings.TrimSpace(string(credential.Reveal()))
	if held == "" || strings.ContainsFunc(held, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, connector.ErrInput.With("scim %q: the credential must be the service's bearer token, or the client's secret where option token_url is set: printable, on one line", s.name)
	}
	if s.tokenURL == "" {
		return fixed{secret.New([]byte(held))}, nil
	}
	client, err := outbound.New(outbound.Config{URL: s.tokenURL, Timeout: s.timeout, System: true, Trust: s.trust})
	if err != nil {
		return nil, connector.ErrInput.With("scim %q: option token_url: it must be https://HOST/PATH", s.name).Because(err)
	}
	return &granted{settings: s, http: client, secret: secret.New([]byte(held))}, nil
}

// fixed is a token that somebody was given.
type fixed struct{ token secret.Secret }

func (f fixed) bearer(context.Context, bool) (secret.Secret, error) { return f.token, nil }
func (fixed) renews() bool                                          { return false }
func (fixed) close()                                                {}

// granted are tokens that an authorization server gives for a client's secret (RFC 6749
// section 4.4). The secret goes to that server alone, the token to the service alone.
type granted struct {
	*settings
	http   *outbound.Client
	secret secret.Secret

	mu    sync.Mutex
	token secret.Secret
	until time.Time
}

// early is how long before its end a token is no longer used.
const early = 30 * time.Second

func (g *granted) renews() bool { return true }
func (g *granted) close()       { g.http.Close() }

func (g *granted) bearer(ctx context.Context, fresh bool) (secret.Secret, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !fresh && !g.token.Empty() && (g.until.IsZero() || time.Until(g.until) > early) {
		return g.token, nil
	}
	cfg := clientcredentials.Config{
		ClientID: g.clientID, ClientSecret: string(g.secret.Reveal()), TokenURL: g.tokenURL, Scopes: strings.Fields(g.scope),
		AuthStyle: oauth2.AuthStyleInHeader,
	}
	got, err := cfg.Token(context.WithValue(ctx, oauth2.HTTPClient, g.http.HTTP()))
	if err != nil {
		return secret.Secret{}, g.refused(ctx, err)
	}
	if !strings.EqualFold(got.Type(), "Bearer") || strings.ContainsFunc(got.AccessToken, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return secret.Secret{}, connector.ErrCredentials.With("scim %q: what token_url gives is no bearer token", g.name)
	}
	g.token, g.until = secret.New([]byte(got.AccessToken)), got.Expiry
	return g.token, nil
}

// refused says what the authorization server said by its code alone: the rest may repeat
// what it was sent.
func (g *granted) refused(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return connector.ErrIncomplete.With("scim %q: asking for an access token was called off", g.name).Because(cause)
	}
	if said, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		if said.Response != nil && (said.Response.StatusCode >= http.StatusInternalServerError || said.Response.StatusCode == http.StatusTooManyRequests) {
			return connector.ErrUnreachable.With("scim %q: token_url answers %d; try again later", g.name, said.Response.StatusCode)
		}
		code := said.ErrorCode
		if code != "" {
			code = " (" + connector.Text(strings.ReplaceAll(code, string(g.secret.Reveal()), "[redacted]"), maxReason) + ")"
		}
		return connector.ErrCredentials.With("scim %q: token_url gives no access token to client %q%s; check client_id, its secret and scope", g.name, g.clientID, code)
	}
	if errors.Is(err, outbound.ErrAddress) || errors.Is(err, outbound.ErrRedirect) || errors.Is(err, outbound.ErrTooLarge) {
		return connector.ErrInput.With("scim %q: token_url cannot be used", g.name).Because(err)
	}
	return connector.ErrUnreachable.With("scim %q: token_url does not answer; check it, and option ca", g.name).Because(err)
}
