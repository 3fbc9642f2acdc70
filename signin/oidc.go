package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/outbound"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// What signing in at a provider can meet.
var (
	ErrProviders    = fault.New(fault.Invalid, "provider-config", "a provider needs a name of small letters, digits and hyphens, an issuer and a client_id")
	ErrNoProvider   = fault.New(fault.NotFound, "provider-not-found", "no provider of sign-ins has that name")
	ErrProviderDown = fault.New(fault.Unavailable, "provider-down", "the provider of sign-ins does not answer as it should: try again in a minute, or sign in another way")
	ErrProviderSays = fault.New(fault.Denied, "provider-answer", "the provider's answer does not hold: begin again, and if it stays so, ask whoever runs Writ")
	ErrState        = fault.New(fault.Denied, "sign-in-not-begun", "this sign-in was begun in another browser, took too long or was finished before: begin again")
	ErrEmail        = fault.New(fault.Denied, "email-not-verified", "the provider does not vouch for an email of yours, by which you would be known: ask whoever runs it")
	ErrNotLinked    = fault.New(fault.NotFound, "subject-not-found", "they are known by no such subject of a provider: see 'writ signin subjects'")
	ErrTwoPeople    = fault.New(fault.Denied, "email-of-two", "two people are known by that email, so that nobody can tell which you are: ask whoever runs Writ")
)

// StateLasts is how long somebody may be at a provider, and MaxStates how many from one
// address may: a whole site may have one.
const (
	StateLasts = 10 * time.Minute
	MaxStates  = 2000
)

// Provider is an issuer of OpenID Connect that people sign in at.
type Provider struct {
	Name, Title, Issuer, ClientID string
	Secret                        secret.Secret
	MFA                           []string // values of acr or amr that stand for a second factor
}

// State is a sign-in that is at a provider.
type State struct {
	State, Browser Hash
	Provider       string
	Key            string // of the browser
	Back           string // where in the console it goes on
	Address        string
}

// Linked is a provider's subject that somebody is known by.
type Linked struct {
	Issuer  string      `json:"issuer"`
	Subject string      `json:"subject"`
	Since   access.Time `json:"since"`
}

// Subject is whom a provider vouches for.
type Subject struct {
	Issuer, Subject string
	Email           string // verified, in lower case; else empty
}

// OIDCStore keeps sign-ins that are at a provider, and whom subjects are.
type OIDCStore interface {
	// KeepState keeps a sign-in that goes to a provider, or returns ErrManyWait.
	KeepState(ctx context.Context, t State) error
	// TakeState returns, once, what was kept, or ErrState where it was, has ended, or is
	// another browser's.
	TakeState(ctx context.Context, state, browser Hash) (State, error)
	// BeginBySubject begins a sign-in of whom a subject is. One that nobody was before is
	// the one active human who has its email: it returns ErrEmail, ErrPerson or
	// ErrTwoPeople.
	BeginBySubject(ctx context.Context, u Subject, b Beginning) (Signin, error)
	// Linked lists the subjects that somebody is known by.
	Linked(ctx context.Context, of access.IdentityID) ([]Linked, error)
	// Unlink forgets the subjects that somebody is known by, of one issuer or of all where
	// it is empty, and ends the sign-ins that any of them may have begun. It returns how
	// many there were, or ErrNotLinked.
	Unlink(ctx context.Context, of access.IdentityID, issuer string) (subjects, signins int64, err error)
}

// provider is one that is looked up when it is needed first, and again until it answers:
// one that is down keeps nobody from starting Writ.
type provider struct {
	Provider
	client   *outbound.Client
	redirect string

	mu     sync.Mutex
	found  *oidc.Provider
	failed time.Time
}

var providerName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`)

const (
	discoverWithin = 10 * time.Second
	discoverPause  = 5 * time.Second
)

// Validate reports the first rule that a provider breaks.
func (p Provider) Validate() error {
	if !providerName.MatchString(p.Name) || p.Issuer == "" || p.ClientID == "" {
		return ErrProviders
	}
	if _, err := outbound.New(outbound.Config{URL: p.Issuer}); err != nil {
		return ErrProviders.With("the issuer of %s must be https://, or on this machine", p.Name).Because(err)
	}
	return nil
}

// newProviders checks what was configured.
func newProviders(origin string, list []Provider) (map[string]*provider, error) {
	all := map[string]*provider{}
	for _, p := range list {
		if err := p.Validate(); err != nil {
			return nil, err
		}
		if all[p.Name] != nil {
			return nil, ErrProviders.With("two providers are called %s", p.Name)
		}
		client, err := outbound.New(outbound.Config{URL: p.Issuer})
		if err != nil {
			return nil, err
		}
		if p.Title == "" {
			p.Title = p.Name
		}
		all[p.Name] = &provider{Provider: p, client: client, redirect: origin + oidcPath + p.Name + "/callback"}
	}
	return all, nil
}

// discover returns what the provider says of itself.
func (p *provider) discover(ctx context.Context, now time.Time) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if now.Sub(p.failed) < discoverPause {
		return nil, ErrProviderDown
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client.HTTP()), discoverWithin)
	defer cancel()
	found, err := oidc.NewProvider(ctx, p.Issuer)
	if err != nil {
		p.failed = now
		slog.WarnContext(ctx, "a provider of sign-ins is not there", "provider", p.Name, "error", err)
		return nil, ErrProviderDown
	}
	p.found = found
	return found, nil
}

// oauth is the client that Writ is at the provider. Which way of showing its secret the
// provider takes is read, not tried: a try would use the code up.
func (p *provider) oauth(found *oidc.Provider) *oauth2.Config {
	var meta struct {
		Ways []string `json:"token_endpoint_auth_methods_supported"`
	}
	end := found.Endpoint()
	end.AuthStyle = oauth2.AuthStyleInHeader
	err := found.Claims(&meta)
	if p.Secret.Empty() || err == nil && len(meta.Ways) > 0 && !slices.Contains(meta.Ways, "client_secret_basic") {
		end.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: string(p.Secret.Reveal()), Endpoint: end,
		RedirectURL: p.redirect, Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}
}

// derive makes what goes with a state from what only the browser has, so that the store
// need not keep it.
func derive(browser secret.Secret, what, state string) string {
	mac := hmac.New(sha256.New, browser.Reveal())
	mac.Write([]byte(what + " " + state))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// maxAuthAge has a provider that tells of second factors ask for one that is recent, and
// say when that was.
var maxAuthAge = oauth2.SetAuthURLParam("max_age", "600")

// beginOIDC keeps that a browser goes to a provider, and returns where.
func (s *Service) beginOIDC(ctx context.Context, name, key, back string, browser secret.Secret) (to string, err error) {
	p := s.providers[name]
	if p == nil {
		return "", ErrNoProvider
	}
	if err := parseThumbprint(key); err != nil {
		return "", err
	}
	found, err := p.discover(ctx, s.Now())
	if err != nil {
		return "", err
	}
	at, _ := policy.CallerOf(ctx)
	state := newSecret()
	err = s.Store.KeepState(ctx, State{
		State: HashOf(state), Browser: HashOf(browser), Provider: name, Key: key, Back: back, Address: at.Context.Address.String(),
	})
	if err != nil {
		return "", err
	}
	text := string(state.Reveal())
	options := []oauth2.AuthCodeOption{
		oidc.Nonce(derive(browser, "nonce", text)), oauth2.S256ChallengeOption(derive(browser, "verifier", text)),
	}
	if len(p.MFA) > 0 {
		options = append(options, maxAuthAge)
	}
	return p.oauth(found).AuthCodeURL(text, options...), nil
}

// finishOIDC begins the sign-in of whoever comes back from a provider with a code.
func (s *Service) finishOIDC(ctx context.Context, name, state, code, issuer string, browser secret.Secret) (back string, cookie secret.Secret, err error) {
	p := s.providers[name]
	if p == nil {
		return "", cookie, ErrNoProvider
	}
	t, err := s.Store.TakeState(ctx, HashOf(secret.New([]byte(state))), HashOf(browser))
	if err != nil {
		return "", cookie, err
	}
	if t.Provider != name || issuer != "" && issuer != p.Issuer {
		return "", cookie, ErrState
	}
	c, err := s.claims(ctx, p, code, derive(browser, "verifier", state), derive(browser, "nonce", state))
	if err != nil {
		return "", cookie, err
	}
	b, cookie := s.beginning(ctx, 0, ByOIDC, c.mfa(p.MFA, s.Now()), t.Key)
	_, err = s.Store.BeginBySubject(atDoor(ctx), c.subject(p.Issuer), b)
	return t.Back, cookie, err
}

// claims is what an ID token says, as far as it concerns Writ.
type claims struct {
	Subject  string   `json:"sub"`
	Party    string   `json:"azp"`
	Email    string   `json:"email"`
	Verified any      `json:"email_verified"`
	Class    string   `json:"acr"`
	Methods  []string `json:"amr"`
	At       int64    `json:"auth_time"`
}

// claims exchanges a code and checks what it is given.
func (s *Service) claims(ctx context.Context, p *provider, code, verifier, nonce string) (c claims, err error) {
	found, err := p.discover(ctx, s.Now())
	if err != nil {
		return c, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client.HTTP()), discoverWithin)
	defer cancel()
	given, err := p.oauth(found).Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return c, exchangeError(ctx, p.Name, err)
	}
	raw, _ := given.Extra("id_token").(string)
	token, err := found.VerifierContext(ctx, &oidc.Config{ClientID: p.ClientID, Now: s.Now}).Verify(ctx, raw)
	if err == nil {
		err = token.Claims(&c)
	}
	switch {
	case err != nil:
	case !hmac.Equal([]byte(token.Nonce), []byte(nonce)):
		err = errors.New("the nonce is another")
	case len(token.Audience) > 1 && c.Party != p.ClientID || c.Party != "" && c.Party != p.ClientID:
		err = errors.New("the token was made for another client")
	case c.Subject == "":
		err = errors.New("the token names no subject")
	}
	if err != nil {
		slog.WarnContext(ctx, "a provider's answer does not hold", "provider", p.Name, "error", err)
		return c, ErrProviderSays
	}
	return c, nil
}

// exchangeError tells a provider that says no from one that says nothing. What it sent is
// not logged: it may hold the code.
func exchangeError(ctx context.Context, name string, err error) error {
	said, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		slog.WarnContext(ctx, "a provider of sign-ins does not answer", "provider", name, "error", err)
		return ErrProviderDown
	}
	slog.WarnContext(ctx, "a provider refused a code", "provider", name, "status", said.Response.StatusCode, "code", said.ErrorCode)
	if said.Response.StatusCode >= 500 {
		return ErrProviderDown
	}
	return ErrProviderSays
}

func (c claims) subject(issuer string) Subject {
	u := Subject{Issuer: issuer, Subject: c.Subject}
	if c.Verified == true {
		u.Email = strings.Map(lower, c.Email)
	}
	return u
}

// lower writes letters small as emails have them. Of other alphabets none becomes a
// letter of ours, as K (the sign of Kelvin) would.
func lower(c rune) rune {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// mfa reports whether a second factor was shown just now. Where the provider does not say
// when, it may have been yesterday.
func (c claims) mfa(values []string, now time.Time) bool {
	said := slices.ContainsFunc(values, func(v string) bool { return v == c.Class || slices.Contains(c.Methods, v) })
	return said && c.At > 0 && now.Sub(time.Unix(c.At, 0)) <= policy.StepUp
}
