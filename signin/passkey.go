package signin

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/policy"
)

// What may be wrong with a passkey. What is unknown and what does not hold get one answer.
var (
	ErrPasskey      = fault.New(fault.Denied, "passkey-not-good", "that passkey does not open Writ: use another, or ask whoever runs Writ for a link")
	ErrLocked       = fault.New(fault.Denied, "passkey-locked", "this passkey is locked, since a copy of it may be in use: use another, or ask whoever runs Writ for a link")
	ErrCounter      = fault.New(fault.Denied, "passkey-copied", "this passkey has counted backwards, as a copy does: it is locked now, and all sign-ins have ended; use another, or ask whoever runs Writ for a link")
	ErrChallenge    = fault.New(fault.Denied, "challenge-not-good", "that took too long, or was sent twice: begin again")
	ErrPasskeyKnown = fault.New(fault.Conflict, "passkey-known", "that passkey is known already")
	ErrPasskeyName  = fault.New(fault.Invalid, "passkey-name", "give the passkey a name of up to 100 characters, such as the device that it is on")
	ErrNoPasskey    = fault.New(fault.NotFound, "passkey-not-found", "you have no such passkey")
	ErrLastPasskey  = fault.New(fault.Refused, "last-passkey", "that is the last way to sign in: add another passkey first")
	ErrNoPasskeys   = fault.New(fault.Refused, "no-passkey", "there is no passkey to confirm with: add one first")
)

// Passkey is a WebAuthn credential. Locked ones open nothing.
type Passkey struct {
	ID         access.PasskeyID
	Identity   access.IdentityID
	Name       string
	Added      access.Time
	Used       access.Time
	Locked     access.Time
	Credential webauthn.Credential
}

// PasskeyUse is a passkey having signed: the credential has the new count.
type PasskeyUse struct {
	ID         access.PasskeyID
	Credential webauthn.Credential
	Count      uint32      // that it signed
	After      access.Time // of the challenge
}

// Follows reports what a passkey's answer is beside the last one that was taken, which
// counted so far at that time. A count that does not rise is a copy's, unless it was asked
// for before the last one was taken: then the one has overtaken the other, and it is only
// late. A passkey that never counts proves nothing by it.
func (u PasskeyUse) Follows(counted uint32, used access.Time) error {
	switch {
	case u.Count > counted || u.Count == 0 && counted == 0:
		return nil
	case u.Count < counted && u.After < used:
		return ErrChallenge
	}
	return ErrCounter
}

// Purpose is what a challenge is for: an answer to one opens nothing else.
type Purpose string

// The purposes.
const (
	ToSignIn   Purpose = "sign_in"
	ToRegister Purpose = "register"
	ToConfirm  Purpose = "confirm"
)

// Challenge is what a passkey is asked to sign. Its hash names it.
type Challenge struct {
	Hash    Hash
	Purpose Purpose
	Signin  access.SigninID // whose it is; none where somebody is signing in
	Key     string          // thumbprint of the client's key
	Asked   webauthn.SessionData
	After   access.Time // the last change before it was asked; the store sets it
}

// PasskeyStore keeps passkeys and challenges.
type PasskeyStore interface {
	KeepChallenge(ctx context.Context, c Challenge) error
	// TakeChallenge returns a challenge to the first who asks, and to nobody else:
	// ErrChallenge.
	TakeChallenge(ctx context.Context, h Hash, p Purpose) (Challenge, error)
	// Passkeys lists an identity's passkeys, oldest first.
	Passkeys(ctx context.Context, of access.IdentityID) ([]Passkey, error)
	// PasskeyBy returns the one with a credential's id, or ErrPasskey.
	PasskeyBy(ctx context.Context, credential []byte) (Passkey, error)
	// AddPasskey keeps a passkey, which is a second factor of the sign-in that added it.
	AddPasskey(ctx context.Context, p Passkey, by access.SigninID) (Passkey, error)
	// LockPasskey locks a passkey and ends all sign-ins of its identity, once: ErrLocked.
	LockPasskey(ctx context.Context, p Passkey, why Reason) error
	// RemovePasskey removes one of an identity; the last usable one only where last
	// says that there is another way in.
	RemovePasskey(ctx context.Context, of access.IdentityID, id access.PasskeyID, last bool) error
}

// newWebAuthn says what passkeys of this origin must be: found without a name, and
// unlocked by their owner.
func newWebAuthn(origin *url.URL) (*webauthn.WebAuthn, error) {
	return webauthn.New(&webauthn.Config{
		RPID: origin.Hostname(), RPDisplayName: "Writ", RPOrigins: []string{origin.String()},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
	})
}

// person is an identity as package webauthn wants it.
type person struct {
	id          access.IdentityID
	name, email string
	passkeys    []Passkey
}

// WebAuthnID is the handle that passkeys keep: the id, which says nothing of anybody.
func (p person) WebAuthnID() []byte { return []byte(p.id.String()) }

func (p person) WebAuthnName() string {
	if p.email != "" {
		return p.email
	}
	return p.WebAuthnDisplayName()
}

func (p person) WebAuthnDisplayName() string {
	if p.name != "" {
		return p.name
	}
	return p.id.String()
}

func (p person) WebAuthnCredentials() []webauthn.Credential {
	list := make([]webauthn.Credential, len(p.passkeys))
	for i, k := range p.passkeys {
		list[i] = k.Credential
	}
	return list
}

// usable leaves out what is locked.
func (p person) usable() person {
	var list []Passkey
	for _, k := range p.passkeys {
		if k.Locked == 0 {
			list = append(list, k)
		}
	}
	p.passkeys = list
	return p
}

func (s *Service) person(ctx context.Context, id access.IdentityID) (p person, err error) {
	p.id = id
	if p.name, p.email, err = s.People.Person(ctx, id); err != nil {
		return p, err
	}
	p.passkeys, err = s.Store.Passkeys(ctx, id)
	return p, err
}

// ask keeps a challenge.
func (s *Service) ask(ctx context.Context, p Purpose, asked *webauthn.SessionData) error {
	c, _ := policy.CallerOf(ctx)
	if c.Key == "" {
		return ErrNeedsKey
	}
	return s.Store.KeepChallenge(ctx, Challenge{
		Hash: challengeHash(asked.Challenge), Purpose: p, Signin: access.SigninID(c.Via.Key), Key: c.Key, Asked: *asked,
	})
}

func challengeHash(text string) Hash { return HashOf(secret.New([]byte(text))) }

// answered takes the challenge that an answer names, where it was asked of this client.
func (s *Service) answered(ctx context.Context, p Purpose, challenge string) (Challenge, error) {
	c, _ := policy.CallerOf(ctx)
	asked, err := s.Store.TakeChallenge(ctx, challengeHash(challenge), p)
	if err == nil && (asked.Key != c.Key || asked.Signin != access.SigninID(c.Via.Key)) {
		err = ErrChallenge
	}
	return asked, err
}

// useOf is what a passkey answered to a challenge.
func useOf(p Passkey, c Challenge, answer *protocol.ParsedCredentialAssertionData, credential *webauthn.Credential) PasskeyUse {
	return PasskeyUse{ID: p.ID, Credential: *credential, Count: answer.Response.AuthenticatorData.Counter, After: c.After}
}

// beginPasskey asks any passkey of this origin to sign in.
func (s *Service) beginPasskey(ctx context.Context) (*protocol.CredentialAssertion, error) {
	ask, asked, err := s.webauthn.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, err
	}
	return ask, s.ask(ctx, ToSignIn, asked)
}

// finishPasskey begins a sign-in by what a passkey answered.
func (s *Service) finishPasskey(ctx context.Context, answer []byte) (Signin, secret.Secret, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Signin{}, secret.Secret{}, ErrPasskey
	}
	asked, err := s.answered(ctx, ToSignIn, parsed.Response.CollectedClientData.Challenge)
	if err != nil {
		return Signin{}, secret.Secret{}, err
	}
	known, err := s.Store.PasskeyBy(ctx, parsed.RawID)
	if err != nil {
		return Signin{}, secret.Secret{}, err
	}
	owner := person{id: known.Identity, passkeys: []Passkey{known}}
	_, credential, err := s.webauthn.ValidatePasskeyLogin(
		func(_, _ []byte) (webauthn.User, error) { return owner, nil }, asked.Asked, parsed)
	if err != nil {
		return Signin{}, secret.Secret{}, s.badAnswer(ctx, known, err)
	}
	c, _ := policy.CallerOf(ctx)
	b, plain := s.beginning(ctx, known.Identity, ByPasskey, true, c.Key)
	use := useOf(known, asked, parsed, credential)
	b.Passkey = &use
	g, err := s.Store.Begin(atIdentity(ctx, known.Identity), b)
	return g, plain, s.notTaken(ctx, known, err)
}

// badAnswer keeps that somebody's passkey was answered for and the answer does not hold.
func (s *Service) badAnswer(ctx context.Context, p Passkey, err error) error {
	slog.WarnContext(ctx, "passkey", "passkey", p.ID, "error", err)
	return errors.Join(s.refusePasskey(ctx, p, BadAnswer), ErrPasskey)
}

func (s *Service) refusePasskey(ctx context.Context, p Passkey, why Reason) error {
	return s.refuse(ctx, Refusal{Identity: p.Identity, Object: p.ID.Ref(), Method: ByPasskey, Why: why})
}

// notTaken looks at why a passkey that answered rightly was not taken: one whose count went
// back is locked.
func (s *Service) notTaken(ctx context.Context, p Passkey, err error) error {
	switch {
	case errors.Is(err, ErrPerson):
		return errors.Join(s.refusePasskey(ctx, p, Inactive), err)
	case errors.Is(err, ErrLocked):
		return errors.Join(s.refusePasskey(ctx, p, PasskeyLocked), err)
	case errors.Is(err, ErrChallenge):
		return errors.Join(s.refusePasskey(ctx, p, Overtaken), err)
	case !errors.Is(err, ErrCounter):
		return err
	}
	defer s.Refresh(ctx)
	return errors.Join(s.Store.LockPasskey(atDoor(ctx), p, CounterBack), ErrCounter)
}

// beginRegistering asks for a new passkey of whoever is signed in and has just shown
// who they are.
func (s *Service) beginRegistering(ctx context.Context) (*protocol.CredentialCreation, error) {
	g, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.person(ctx, g.Identity)
	if err != nil {
		return nil, err
	}
	ask, asked, err := s.webauthn.BeginRegistration(p, webauthn.WithExclusions(webauthn.Credentials(p.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return nil, err
	}
	return ask, s.ask(ctx, ToRegister, asked)
}

const maxPasskeyName = 100

// finishRegistering keeps the passkey that was made.
func (s *Service) finishRegistering(ctx context.Context, name string, answer []byte) (Passkey, error) {
	g, err := s.fresh(ctx)
	if err != nil {
		return Passkey{}, err
	}
	if name = strings.TrimSpace(name); name == "" || utf8.RuneCountInString(name) > maxPasskeyName || short(name) != name {
		return Passkey{}, ErrPasskeyName
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Passkey{}, ErrPasskey
	}
	asked, err := s.answered(ctx, ToRegister, parsed.Response.CollectedClientData.Challenge)
	if err != nil {
		return Passkey{}, err
	}
	credential, err := s.webauthn.CreateCredential(person{id: g.Identity}, asked.Asked, parsed)
	if err != nil {
		slog.WarnContext(ctx, "registering a passkey", "identity", g.Identity, "error", err)
		return Passkey{}, ErrPasskey
	}
	defer s.cache.drop()
	return s.Store.AddPasskey(ctx, Passkey{Identity: g.Identity, Name: name, Credential: *credential}, g.ID)
}

// removePasskey takes a passkey away from whoever is signed in and has just confirmed.
func (s *Service) removePasskey(ctx context.Context, id access.PasskeyID) error {
	g, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	return s.Store.RemovePasskey(ctx, g.Identity, id, len(s.providers) > 0)
}
