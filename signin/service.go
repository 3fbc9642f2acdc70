package signin

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/tries"
	"github.com/writhq/writ/policy"
)

// Store is what sign-ins, links and passkeys need from a database. Nothing it keeps is
// a secret: of secrets it has hashes.
type Store interface {
	SigninStore
	LinkStore
	PasskeyStore
	TokenStore
	DeviceStore
	OIDCStore
	ProofStore
}

// SigninStore keeps sign-ins.
type SigninStore interface {
	// Begin keeps a sign-in with its record, and sets its id and times. It returns
	// ErrPerson where the identity is not there or may not have access.
	Begin(ctx context.Context, b Beginning) (Signin, error)
	// BySecret returns a sign-in that has not ended, with the state of its identity, or
	// ErrEnded.
	BySecret(ctx context.Context, h Hash) (Signin, error)
	// Touch notes that a sign-in is in use.
	Touch(ctx context.Context, id access.SigninID) error
	// Confirm keeps that a second factor was shown, by a passkey.
	Confirm(ctx context.Context, g Signin, p PasskeyUse) error
	// Signins lists those that have not ended, newest first: an identity's, or all.
	Signins(ctx context.Context, of access.IdentityID) ([]Signin, error)
	// End ends one sign-in of an identity, or all of them where id is zero, and returns
	// how many. It returns ErrNoSignin where there was none.
	End(ctx context.Context, of access.IdentityID, id access.SigninID, why Reason) (int64, error)
	// Refuse keeps that the door stayed shut for somebody who is known.
	Refuse(ctx context.Context, r Refusal) error
}

// Beginning is a sign-in that is to begin.
type Beginning struct {
	Identity access.IdentityID
	Method   Method
	MFA      bool
	Key      string
	Secret   Hash
	Agent    string
	Address  string
	Passkey  *PasskeyUse // where that is how
}

// Refusal is the door staying shut.
type Refusal struct {
	Identity access.IdentityID
	Object   access.Ref // what was shown: a sign-in, a passkey, a token
	Method   Method
	Why      Reason
	Address  string
}

// People tells what people are called.
type People interface {
	// Person returns somebody's name and email.
	Person(ctx context.Context, id access.IdentityID) (name, email string, err error)
}

// Config is what the door needs. Store, Gate, Facts, People and Origin are required.
type Config struct {
	Store  Store
	Gate   *policy.Gate
	People People
	Origin string // https://writ.example.com, as browsers write it
	// Facts is what the gate decides on, to say who somebody is.
	Facts     func() policy.Facts
	Providers []Provider // of OpenID Connect, that people may sign in at
	// Settle, if given, returns once what was committed is what the gate decides on.
	Settle func(ctx context.Context) error
	Pause  time.Duration    // between two questions of a program that waits; zero is PollPause
	Now    func() time.Time // tests only; nil is the clock
}

// Service is the door.
type Service struct {
	Config
	origin    *url.URL
	webauthn  *webauthn.WebAuthn
	proofs    proofs
	providers map[string]*provider
	cache     cache       // of sign-ins
	shown     shown       // and of what programs show
	tries     tries.Tries // that fail, by address
	noted     tries.Tries // what was kept of them
}

// New checks a configuration.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Gate == nil || c.Facts == nil || c.People == nil {
		return nil, errors.New("the door needs a store, the gate, and to know people")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Pause = cmp.Or(c.Pause, PollPause)
	s := &Service{Config: c, proofs: proofs{Origin: c.Origin, Now: c.Now, Store: c.Store}, tries: tries.Tries{Most: 10}, noted: tries.Tries{Most: 1}}
	var err error
	if s.origin, err = url.Parse(c.Origin); err != nil || s.origin.Host == "" {
		return nil, errors.New("the door needs the origin that browsers know it by")
	}
	if s.providers, err = newProviders(c.Origin, c.Providers); err != nil {
		return nil, err
	}
	if s.webauthn, err = newWebAuthn(s.origin); err != nil {
		return nil, err
	}
	return s, nil
}

// beginning is a sign-in to begin, with a new secret.
func (s *Service) beginning(ctx context.Context, who access.IdentityID, by Method, mfa bool, key string) (Beginning, secret.Secret) {
	c, _ := policy.CallerOf(ctx)
	plain := newSecret()
	b := Beginning{Identity: who, Method: by, MFA: mfa, Key: key, Secret: HashOf(plain), Agent: short(c.Agent)}
	if c.Context.Address.IsValid() {
		b.Address = c.Context.Address.String()
	}
	return b, plain
}

// End ends one sign-in of an identity, or all where id is zero, on this node at once
// and on others with the revision.
func (s *Service) End(ctx context.Context, of access.IdentityID, id access.SigninID, why Reason) (int64, error) {
	defer s.Refresh(ctx)
	return s.Store.End(ctx, of, id, why)
}
