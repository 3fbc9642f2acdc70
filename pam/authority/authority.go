package authority

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What keeping authorities and signing can meet.
var (
	ErrAuthority      = fault.New(fault.Invalid, "bad-authority", "this is no authority")
	ErrNoAuthority    = fault.New(fault.NotFound, "authority-not-found", "there is no such authority, or it is not yours to see")
	ErrAuthorityName  = fault.New(fault.Conflict, "authority-name-taken", "there is an authority of that name")
	ErrNoKey          = fault.New(fault.Unavailable, "authority-no-key", "the authority has no key that signs now: have its keys rotated")
	ErrKeyDiffers     = fault.New(fault.Invalid, "authority-key-differs", "the key that was opened is not the one that was published: nothing is signed with it")
	ErrRotation       = fault.New(fault.Invalid, "bad-authority-rotation", "the keys of an authority cannot be rotated like this")
	ErrProfile        = fault.New(fault.Invalid, "bad-profile", "this is no certificate profile")
	ErrNoProfile      = fault.New(fault.NotFound, "profile-not-found", "there is no such certificate profile, or it is not yours to use")
	ErrProfileName    = fault.New(fault.Conflict, "profile-name-taken", "there is a certificate profile of that name")
	ErrRight          = fault.New(fault.Invalid, "bad-certificate-right", "a right to have something signed is somebody's, an entitlement's or a role's, and ends in the future")
	ErrRightHeld      = fault.New(fault.Conflict, "certificate-right-held", "they have that right already")
	ErrNoRight        = fault.New(fault.NotFound, "certificate-right-not-found", "they have no such right")
	ErrChanged        = fault.New(fault.Conflict, "authority-changed", "the authority, its profile or the right was changed just now: ask again")
	ErrKey            = fault.New(fault.Invalid, "bad-public-key", "this is no public key that the profile takes")
	ErrCertificateKey = fault.New(fault.Invalid, "certificate-as-key", "a certificate is no key: give the public key alone")
	ErrNobody         = fault.New(fault.Refused, "certificate-for-nobody", "it would be for nobody: the profile names no principal, and you have no account that gives one")
	ErrPrincipal      = fault.New(fault.Denied, "principal-not-given", "the profile does not give you that principal")
	ErrAudience       = fault.New(fault.Denied, "audience-not-given", "the profile does not sign for that audience")
	ErrLasts          = fault.New(fault.Invalid, "certificate-too-long", "it would last longer than its profile says")
	ErrNeedsTicket    = fault.New(fault.Invalid, "certificate-ticket-required", "the profile asks for a ticket: name it")
	ErrNoCertificate  = fault.New(fault.NotFound, "certificate-not-found", "there is no such certificate, or it is not yours to see")
	ErrRenewal        = fault.New(fault.Conflict, "certificate-renewal", "a certificate is renewed before it ends, by its profile, and for the key and the principals that it was for")
	ErrWaiting        = fault.New(fault.Refused, "certificate-waiting", "others have not agreed to it yet")
	ErrRefused        = fault.New(fault.Denied, "certificate-refused", "others have refused it, or did not answer in time: ask anew")
	ErrOver           = fault.New(fault.Conflict, "certificate-over", "the certificate has been revoked, or has ended")
	ErrClock          = fault.New(fault.Unavailable, "certificate-clock", "the node's clock has jumped: nothing is signed until somebody has looked and started it again")
)

// Kind is what an authority signs.
type Kind string

// The kinds.
const (
	SSHUser    Kind = "ssh_user"
	SSHHost    Kind = "ssh_host"
	X509Client Kind = "x509_client"
	JWT        Kind = "jwt"
)

// Kinds lists them.
var Kinds = []Kind{SSHUser, SSHHost, X509Client, JWT}

// ssh reports whether what it signs is OpenSSH's.
func (k Kind) ssh() bool { return k == SSHUser || k == SSHHost }

// longest is how long one certificate of a kind lasts at most, and usual how long it does
// where its profile says nothing.
func (k Kind) longest() time.Duration {
	switch k {
	case SSHUser:
		return 24 * time.Hour
	case SSHHost:
		return 30 * 24 * time.Hour
	case X509Client:
		return 7 * 24 * time.Hour
	case JWT:
		return time.Hour
	}
	return 0
}

func (k Kind) usual() time.Duration {
	switch k {
	case SSHHost, X509Client:
		return 24 * time.Hour
	case SSHUser, JWT:
	}
	return 10 * time.Minute
}

// Algorithm is how an authority signs.
type Algorithm string

// The algorithms.
const (
	Ed25519 Algorithm = "ed25519"
	P256    Algorithm = "ecdsa_p256"
	P384    Algorithm = "ecdsa_p384"
)

// Algorithms lists them.
var Algorithms = []Algorithm{Ed25519, P256, P384}

// algorithm is how a kind signs where nobody says: what most readers of it know.
func (k Kind) algorithm() Algorithm {
	if k.ssh() {
		return Ed25519
	}
	return P256
}

// Authority is what signs one kind of thing. Scope, Owner and Deputy are its safe's.
type Authority struct {
	ID          access.AuthorityID
	Safe        access.SafeID
	Name        string
	Kind        Kind
	Algorithm   Algorithm
	Description string
	Made        access.Time
	Keys        []Key // by number
	Scope       access.ScopeID
	Owner       access.IdentityID
	Deputy      access.IdentityID
}

// name is how authorities and profiles are called: so that no two names look alike.
var name = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

const aName = "a name is of small letters, digits, '.', '_' and '-', up to 63 of them"

// Validate reports the first rule that a breaks.
func (a *Authority) Validate() error {
	if a.Algorithm == "" {
		a.Algorithm = a.Kind.algorithm()
	}
	a.Description = strings.Join(strings.Fields(a.Description), " ")
	switch {
	case !name.MatchString(a.Name):
		return ErrAuthority.With(aName)
	case a.Safe == 0:
		return ErrAuthority.With("the keys of an authority lie in a safe: name it")
	case !slices.Contains(Kinds, a.Kind):
		return ErrAuthority.With("an authority signs ssh_user, ssh_host, x509_client or jwt")
	case !slices.Contains(Algorithms, a.Algorithm):
		return ErrAuthority.With("an authority signs with ed25519, ecdsa_p256 or ecdsa_p384")
	case utf8.RuneCountInString(a.Description) > 500 || strings.ContainsFunc(a.Description, func(r rune) bool { return !unicode.IsPrint(r) }):
		return ErrAuthority.With("a description is one line of up to 500 characters")
	}
	return nil
}

// Key is a key of an authority, but for what is secret of it.
type Key struct {
	ID          access.VersionID // that the vault has the private half as
	Number      int
	Public      []byte      // as PKIX
	Certificate []byte      // of an X.509 authority: its own, by itself
	Signs       access.Time // since when it signs
	Ends        access.Time // until when it is trusted; zero is not said yet
}

// KeyState is what a key is for at a time.
type KeyState string

// The states, in the order that a key goes through.
const (
	Next    KeyState = "next" // published, and signs nothing yet
	Signing KeyState = "signing"
	Trusted KeyState = "trusted" // signs nothing any more; what it signed is not over
	Retired KeyState = "retired"
)

// trusted reports whether what the key signed is taken at a time, or will be.
func (k Key) trusted(at access.Time) bool { return k.Ends == 0 || k.Ends > at }

// Signing is the key that signs at a time.
func (a *Authority) Signing(at access.Time) (Key, bool) {
	for _, k := range slices.Backward(a.Keys) {
		if k.Signs <= at && k.trusted(at) {
			return k, true
		}
	}
	return Key{}, false
}

// Trusted are the keys that are published at a time: the next one too.
func (a *Authority) Trusted(at access.Time) (list []Key) {
	for _, k := range a.Keys {
		if k.trusted(at) {
			list = append(list, k)
		}
	}
	return list
}

// State is what one of its keys is for at a time.
func (a *Authority) State(k Key, at access.Time) KeyState {
	signing, _ := a.Signing(at)
	switch {
	case !k.trusted(at):
		return Retired
	case k.Signs > at:
		return Next
	case k.ID == signing.ID:
		return Signing
	}
	return Trusted
}

// Right is that somebody, or whoever holds an entitlement or a role, may have things signed
// by a profile.
type Right struct {
	Profile access.ProfileID `json:"profile"`
	Holder  access.Ref       `json:"holder"`
	Ends    access.Time      `json:"ends,omitzero"`
	Reason  string           `json:"reason,omitempty"`
}

// Validate reports the first rule that r breaks.
func (r Right) Validate(now access.Time) error {
	holders := []access.ObjectKind{access.KindIdentity, access.KindEntitlement, access.KindRole}
	if r.Holder.IsZero() || !slices.Contains(holders, r.Holder.Kind) || r.Ends != 0 && r.Ends <= now {
		return ErrRight
	}
	return nil
}
