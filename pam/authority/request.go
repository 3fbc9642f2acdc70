package authority

import (
	"context"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/internal/secret"
)

// Signer signs SSH keys for whoever calls. It is a *Service.
type Signer interface {
	SignSSH(ctx context.Context, r SSHRequest) (Certificate, error)
}

var _ Signer = (*Service)(nil)

// Asked is what every request for a signature says.
type Asked struct {
	Profile    string        // by its name
	Principals []string      // of those that the profile gives; none is all of them
	Lasts      time.Duration // zero is the profile's usual
	Reason     string
	Ticket     string
	// Of is one that others have agreed to, or one that this renews: for the same key.
	Of access.CertificateID
}

// SSHRequest asks for an SSH certificate.
type SSHRequest struct {
	Asked
	Key string // the public key, as a line of authorized_keys
}

// X509Request asks for a client's certificate.
type X509Request struct {
	Asked
	Key string // the public key, or a request that its key signed, as PEM
}

// JWTRequest asks for a token.
type JWTRequest struct {
	Asked
	Audience []string // of those that the profile gives; none is all of them
}

// State is what became of a request for a signature.
type State string

// The states. What was issued is over at its end, without anybody saying so.
const (
	Waiting State = "waiting" // for others to agree
	Agreed  State = "agreed"
	Refused State = "refused"
	Issued  State = "issued"
	Revoked State = "revoked"
)

// Certificate is what was signed, or waits for others to agree. It is kept but for Text.
type Certificate struct {
	ID          access.CertificateID
	Authority   access.AuthorityID
	Profile     access.ProfileID
	Key         access.VersionID // of the authority, that signed it
	Identity    access.IdentityID
	State       State
	Serial      string // decimal
	Fingerprint string // of the key that it is for
	Principals  []string
	Audience    []string
	Reason      string
	Ticket      string
	Lasts       time.Duration
	Asked       access.Time
	Agreed      access.Time
	Starts      access.Time
	Ends        access.Time
	First       access.Time // the start of the first of those that each renewed the one before
	Revoked     access.Time
	RevokedBy   string
	Why         string // it was revoked
	Approval    access.ApprovalID
	Chain       access.ChainID
	Renews      access.CertificateID

	Text string // as its readers take it: a line of OpenSSH, PEM, or a compact token
}

// Basis is what a signature was decided on. In the transaction that keeps it all of it is
// still so, else it is refused.
type Basis struct {
	Profile Profile
	Right   Right
	// At is up to which revision everything was known that it was decided on; zero is that
	// nobody says.
	At access.Rev
}

// RevokedCertificate is one that is revoked and not over.
type RevokedCertificate struct {
	ID     access.CertificateID
	Key    access.VersionID
	Serial string
	At     access.Time
}

// Query asks for certificates, the newest first.
type Query struct {
	ID        access.CertificateID
	Of        access.IdentityID
	Authority access.AuthorityID
	Before    access.CertificateID
	First     int
}

// Kept is all that is known of authorities and profiles, at one time.
type Kept struct {
	At          access.Time
	Authorities []Authority
	Profiles    []Profile
}

// Store is what this package needs from a database. One use case is one method is one
// transaction.
type Store interface {
	// Kept reads authorities and profiles with the rights in force.
	Kept(ctx context.Context) (Kept, error)
	// Now is the store's time.
	Now(ctx context.Context) (access.Time, error)
	// SafeOf says in which scope a safe is, and who owns it.
	SafeOf(ctx context.Context, id access.SafeID) (access.ScopeID, access.IdentityID, error)
	// AddAuthority keeps a new authority with its first key, whose private half make gives
	// for the time of the transaction, sealed for its place.
	AddAuthority(ctx context.Context, a Authority, make Maker, reason string) (access.AuthorityID, error)
	// AddKey keeps a next key that signs at a time, until when the one before is trusted.
	AddKey(ctx context.Context, id access.AuthorityID, make Maker, turn Turn, reason string) error
	// OpenKey opens the private half of a key. Whoever calls wipes it.
	OpenKey(ctx context.Context, a *Authority, k Key) (secret.Secret, error)
	// PutProfile keeps a profile: a new one where its id is zero. With a version that does
	// not stand it is ErrChanged.
	PutProfile(ctx context.Context, p Profile, reason string) (access.ProfileID, error)
	RemoveProfile(ctx context.Context, id access.ProfileID, reason string) error
	Grant(ctx context.Context, r Right) error
	Withdraw(ctx context.Context, r Right, reason string) error

	// Reserve takes ids of so many certificates, and as many chains for them.
	Reserve(ctx context.Context, n int) (access.CertificateID, access.ChainID, error)
	// Logins are what accounts are called by.
	Logins(ctx context.Context, ids []access.AccountID) ([]string, error)
	// Issue keeps what was signed. It is let out once this is committed.
	Issue(ctx context.Context, c Certificate, b Basis) error
	// Ask keeps what is to be signed once others agree.
	Ask(ctx context.Context, c Certificate, b Basis, ask approval.Case) (access.ApprovalID, error)
	Certificates(ctx context.Context, q Query) ([]Certificate, error)
	// Revoked are those of an authority that are revoked and not over.
	Revoked(ctx context.Context, id access.AuthorityID) ([]RevokedCertificate, error)
	// Revoke revokes one that was issued, or returns ErrOver.
	Revoke(ctx context.Context, id access.CertificateID, reason string) (Certificate, error)
	// Leave revokes what people were signed who may hold no access any more, of those that a
	// revision after since touched; and returns up to which revision.
	Leave(ctx context.Context, since access.Rev) (access.Rev, error)
	// Holdings are who was signed something by which profile that is not over.
	Holdings(ctx context.Context) ([]Holding, error)
	// Lose revokes all that people hold by a profile whose right to it they have lost.
	Lose(ctx context.Context, list []Holding) error
	// Retire destroys the keys that are trusted no more.
	Retire(ctx context.Context) error
}
