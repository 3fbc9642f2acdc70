package signin

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
)

// How long things last. Who is away for an hour is asked again, and so is everybody
// after half a day.
const (
	Lasts          = 12 * time.Hour
	IdleLasts      = time.Hour
	LinkLasts      = time.Hour
	ChallengeLasts = 5 * time.Minute
)

// How much there is of what anybody may begin, however many addresses they have: beyond
// it the oldest goes. Somebody who has signed in has their own.
const (
	MaxChallenges    = 10_000
	MaxOwnChallenges = 10
	MaxBegun         = 10_000 // sign-ins at providers, and programs that wait
)

// What the door says. One answer is given for what never was, what has ended and what
// was used, so that nothing can be learnt by trying.
var (
	ErrEnded    = fault.New(fault.Denied, "sign-in-ended", "this sign-in has ended: sign in again")
	ErrClient   = fault.New(fault.Denied, "wrong-client", "this sign-in belongs to another browser or program: sign in again in this one")
	ErrNeedsKey = fault.New(fault.Denied, "proof-required", "this needs a proof by the client's key (RFC 9449): send one as DPoP")
	ErrPerson   = fault.New(fault.Denied, "not-active", "nobody who works here is known by that: ask whoever runs Writ")
	ErrBusy     = fault.New(fault.Unavailable, "too-many-requests", "too many tries that failed: wait a few minutes")
	ErrNoSignin = fault.New(fault.NotFound, "signin-not-found", "there is no such sign-in, or it has ended")
)

// Method is how somebody signed in. It is a word of the audit log.
type Method string

// The methods.
const (
	ByLink    Method = "link"
	ByPasskey Method = "passkey"
	ByOIDC    Method = "oidc"
)

// Reason says why a sign-in ended or was refused. It is a word of the audit log.
type Reason string

// The reasons.
const (
	SignedOut     Reason = "signed_out"
	Revoked       Reason = "revoked"
	Inactive      Reason = "identity_not_active"
	WrongClient   Reason = "wrong_client"
	LinkUsed      Reason = "link_used"
	LinkExpired   Reason = "link_expired"
	CounterBack   Reason = "counter_went_back"
	PasskeyLocked Reason = "passkey_locked"
	BadAnswer     Reason = "bad_answer"
	Overtaken     Reason = "answer_overtaken"
)

// Signin is somebody being signed in, in one browser. It is bound to that browser's
// key, and its secret lies there only.
type Signin struct {
	ID       access.SigninID
	Identity access.IdentityID
	Method   Method
	Begun    access.Time
	Seen     access.Time // to a minute
	Ends     access.Time // whatever happens
	MFAAt    access.Time // the last second factor; zero is none
	Key      string      // thumbprint of the client's key (RFC 7638)
	Agent    string      // what the client called itself, for display
	Address  string      // where it was, for display

	State access.IdentityState // of the identity, as it is read; empty where it is gone
}

// endsBy is when it ends unless it is used. A program is not away because nobody types:
// it has short tokens instead.
func (g Signin) endsBy() access.Time {
	if g.Method == ByDevice {
		return g.Ends
	}
	return min(g.Ends, g.Seen+access.Time(IdleLasts.Microseconds()))
}

// Hash stands for a secret in the store.
type Hash [sha256.Size]byte

// HashOf is the hash of a secret. What is hashed is as random as the hash itself, so
// that a slow one would add nothing.
func HashOf(s secret.Secret) Hash { return sha256.Sum256(s.Reveal()) }

// secretBytes is how random a secret is, and secretChars how it is written.
const (
	secretBytes = 32
	secretChars = 43
)

// newSecret makes 256 bits, as text.
func newSecret() secret.Secret {
	var b [secretBytes]byte
	_, _ = rand.Read(b[:]) // it never fails
	return secret.New([]byte(base64.RawURLEncoding.EncodeToString(b[:])))
}
