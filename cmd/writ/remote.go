package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
	"github.com/writhq/writ/internal/outbound"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/signin"
)

// tokenVariable is where a script gives a command its token of the API, and keyVariable
// the file of the private key that the token is bound to, if it is.
const (
	tokenVariable = "WRIT_TOKEN"
	keyVariable   = "WRIT_KEY" //nolint:gosec // the name of a variable
)

// What calling a server can meet.
var (
	errNoServer  = fault.New(fault.Invalid, "no-server", "sign in first with 'writ login URL', or give --server and a token in "+tokenVariable)
	errNoLogin   = fault.New(fault.Denied, "no-login", "there is no login at that server: sign in with 'writ login URL'")
	errLoginOver = fault.New(fault.Denied, "login-ended", "the login has ended: sign in again with 'writ login URL'")
	errNoAnswer  = fault.New(fault.Unavailable, "server-does-not-answer", "the server does not answer")
	errServerURL = fault.New(fault.Invalid, "server-url", "the server must be given as people type it, such as https://writ.example.com")
)

const (
	maxAnswer   = 1 << 30
	answersIn   = 10 * time.Minute
	renewBefore = 30 * time.Second // a token's end, so that it lasts for the request
)

// remote is a Writ that is served, as a command calls it: with a token of the API, or as
// whoever has logged in.
type remote struct {
	server string
	client *outbound.Client
	token  secret.Secret
	key    *signin.Key // that the token is bound to; nil is a bearer's
	login  *login
	now    func() time.Time
}

// remote returns the server that is named, or else the one of the login.
func (a *app) remote(server string) (*remote, error) {
	r := &remote{now: a.now, token: secret.New([]byte(os.Getenv(tokenVariable)))}
	var err error
	if path := os.Getenv(keyVariable); path != "" && !r.token.Empty() {
		if r.key, err = readKey(path); err != nil {
			return nil, err
		}
	}
	if r.token.Empty() {
		if r.login, err = readLogin(); err != nil {
			return nil, err
		}
		if r.login != nil && server == "" {
			server = r.login.server
		}
	}
	if server == "" {
		return nil, errNoServer
	}
	if r.server, err = serverOrigin(server); err != nil {
		return nil, err
	}
	if r.token.Empty() && (r.login == nil || r.login.server != r.server) {
		return nil, errNoLogin
	}
	r.client, err = newRemoteClient(r.server)
	return r, err
}

// readKey reads a private key that its owner keeps as a JSON Web Key.
func readKey(path string) (*signin.Key, error) {
	text, err := os.ReadFile(path) //nolint:gosec // whoever runs the command names their own file
	if err != nil {
		return nil, signin.ErrKey.With("the key in %s cannot be read", keyVariable).Because(err)
	}
	defer clear(text)
	return signin.ParseKey(secret.New(text))
}

func newRemoteClient(origin string) (*outbound.Client, error) {
	c, err := outbound.New(outbound.Config{URL: origin, Own: true, MaxBody: maxAnswer, Timeout: answersIn})
	if err != nil {
		return nil, errServerURL.Because(err)
	}
	return c, nil
}

// serverOrigin writes a server's address as its proofs name it.
func serverOrigin(text string) (string, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || u.Fragment != "" {
		return "", errServerURL
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

// do sends one request, with what proves who sends it. Whoever calls closes the answer's
// body. A login whose token has ended is renewed.
func (r *remote) do(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Response, error) {
	if r.login == nil {
		return r.send(ctx, method, path, header, body)
	}
	if !r.login.ends.After(r.now().Add(renewBefore)) {
		if err := r.renew(ctx); err != nil {
			return nil, err
		}
	}
	answer, err := r.send(ctx, method, path, header, body)
	if err != nil || answer.StatusCode != http.StatusUnauthorized || wrongProof(answer) {
		return answer, err
	}
	_ = answer.Body.Close() // the next one is what counts
	if err := r.renew(ctx); err != nil {
		return nil, err
	}
	return r.send(ctx, method, path, header, body)
}

// wrongProof reports whether it is the proof that a server did not take: another token
// would change nothing.
func wrongProof(answer *http.Response) bool {
	return strings.Contains(answer.Header.Get("WWW-Authenticate"), `"invalid_dpop_proof"`)
}

func (r *remote) send(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Response, error) {
	header = header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("User-Agent", userAgent())
	if body != nil {
		header.Set("Content-Type", "application/json")
	}
	shows := r.login
	if shows == nil {
		shows = &login{key: r.key, access: r.token}
	}
	if shows.key == nil {
		header.Set("Authorization", "Bearer "+string(r.token.Reveal()))
	} else if err := shows.prove(header, method, r.server+path, r.now()); err != nil {
		return nil, err
	}
	answer, err := r.client.Do(ctx, method, r.server+path, header, bytes.NewReader(body))
	if err != nil {
		return nil, noAnswer(r.server, err)
	}
	return answer, nil
}

func noAnswer(server string, err error) error {
	if fault.KindOf(err) != fault.Internal {
		return err
	}
	return errNoAnswer.With("%s does not answer", server).Because(err)
}

func userAgent() string { return "writ/" + version() }

// prove adds to a request the login's token and the proof of its key.
func (l *login) prove(header http.Header, method, to string, at time.Time) error {
	u, err := url.Parse(to)
	if err != nil {
		return errServerURL.Because(err)
	}
	proof, err := l.key.Prove(method, u.Scheme+"://"+u.Host+u.EscapedPath(), at, l.access)
	if err != nil {
		return err
	}
	header.Set("DPoP", proof)
	if !l.access.Empty() {
		header.Set("Authorization", "DPoP "+string(l.access.Reveal()))
	}
	return nil
}

// renew gets the login's next tokens. Of several commands at once one asks; the others
// wait for it, and read what it was given: a token that renews is good once.
func (r *remote) renew(ctx context.Context) error {
	unlock, err := lockLogin()
	if err != nil {
		return err
	}
	defer unlock()
	kept, err := readLogin()
	switch {
	case err != nil:
		return err
	case kept == nil || kept.server != r.server:
		return errLoginOver
	case !kept.access.Equal(r.login.access) && kept.ends.After(r.now().Add(renewBefore)):
		r.login = kept
		return nil
	}
	form := url.Values{"grant_type": {signin.RefreshGrant}, "refresh_token": {string(kept.renew.Reveal())}}
	if err := kept.askTokens(ctx, r.client, form, r.now()); err != nil {
		if said, ok := errors.AsType[*oauthError](err); ok && said.Code == "invalid_grant" {
			return errLoginOver
		}
		return err
	}
	r.login = kept
	return kept.keep()
}

// oauthError is what a server answers as OAuth has it.
type oauthError struct{ signin.OAuthError }

// Error returns what the server says.
func (e *oauthError) Error() string { return e.Description }

// postForm sends a form with the proof of the login's key, and reads the answer.
func (l *login) postForm(ctx context.Context, c *outbound.Client, path string, form url.Values, at time.Time, into any) error {
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "User-Agent": {userAgent()}}
	stranger := &login{key: l.key}
	if err := stranger.prove(header, http.MethodPost, l.server+path, at); err != nil {
		return err
	}
	answer, err := c.Do(ctx, http.MethodPost, l.server+path, header, strings.NewReader(form.Encode()))
	if err != nil {
		return noAnswer(l.server, err)
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return noAnswer(l.server, err)
	}
	if answer.StatusCode == http.StatusOK && json.Unmarshal(text, into) == nil {
		return nil
	}
	said := &oauthError{}
	if json.Unmarshal(text, &said.OAuthError) != nil || said.Code == "" {
		return errNoAnswer.With("%s answers %s, which is no answer of Writ", l.server, answer.Status)
	}
	return said
}

// problemOf is the error that a server answered with, with what of the input is wrong.
func problemOf(answer *http.Response, text []byte) error {
	var p httpapi.Problem
	if json.Unmarshal(text, &p) != nil || p.Code == "" {
		p.Code, p.Detail = "no-problem-document", "the server answers "+answer.Status
	}
	for _, wrong := range p.Errors {
		p.Detail += "; " + wrong.Where + ": " + wrong.Message
	}
	return fault.New(kindOfStatus(answer.StatusCode), p.Code, p.Detail)
}

func kindOfStatus(status int) fault.Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.Denied
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusPreconditionRequired:
		return fault.Conflict
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return fault.Unavailable
	}
	if status < http.StatusInternalServerError {
		return fault.Invalid
	}
	return fault.Internal
}

// steppingUp says how to meet what a command was asked for: it has no passkey itself.
func (r *remote) steppingUp(err error) error {
	if !errors.Is(err, policy.ErrStepUp) {
		return err
	}
	return policy.ErrStepUp.With("confirm that it is you: sign in again with 'writ login %s', with your passkey, and do this within ten minutes", r.server)
}

// call sends a value as JSON and reads the answer into another; either may be nil.
func (r *remote) call(ctx context.Context, method, path string, body, into any) error {
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return err
		}
	}
	answer, err := r.do(ctx, method, path, nil, sent)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return noAnswer(r.server, err)
	case answer.StatusCode >= http.StatusBadRequest:
		return r.steppingUp(problemOf(answer, text))
	case into == nil:
		return nil
	}
	return json.Unmarshal(text, into)
}
