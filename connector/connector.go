// Package connector is how Writ reads and changes a system: one small interface,
// the records that cross it, and (in connectortest) the kit that every connector
// must pass. One folder per kind of system lies beside this file.
//
// Vocabulary: a connector yields records that name things by the system's own
// native ids; inventory gives them keys. A cursor is a connector's own bookmark
// within one reading, a mark one between readings. What is out of sight still is,
// but not where the connector reads.
//
// Invariants:
//  1. Discover is read-only, yields each thing at least once, and ends with an
//     error unless it has yielded all of it: half a system is never a system.
//  2. A record never holds a secret: a credential is a fingerprint.
//  3. Whatever the system says is untrusted: lengths are capped, text is valid
//     UTF-8, and nothing of it reaches a shell or a query as code.
//  4. Apply is idempotent: granting what is held or revoking what is gone succeeds, and
//     an account that is made again is found, by the mark of whose it is. An account
//     with another mark, or without one, is never taken for it.
//  5. Errors name the system and what to do (package fault).
//  6. Changes tells all that changed, or says ErrMark: never a part of it.
//
// What it does not do: it keeps no state, correlates nothing and decides nothing.
package connector

import (
	"context"
	"iter"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
)

// The ways in which a system can fail that a user acts on.
var (
	ErrUnreachable = fault.New(fault.Unavailable, "system-unreachable", "the system does not answer")
	ErrCredentials = fault.New(fault.Invalid, "system-credentials", "the system refused the credentials")
	ErrHostKey     = fault.New(fault.Refused, "host-key-changed", "the host key is not the pinned one")
	ErrPrivilege   = fault.New(fault.Invalid, "system-privilege", "the account that Writ uses may not read what it must")
	ErrIncomplete  = fault.New(fault.Unavailable, "source-incomplete", "the source stopped half-way")
	ErrInput       = fault.New(fault.Invalid, "bad-input", "the input cannot be read")
	ErrUnsupported = fault.New(fault.Invalid, "unsupported-change", "the system cannot do this change")
	ErrTaken       = fault.New(fault.Conflict, "login-taken", "an account of that login is there, and it is somebody else's")
)

// Config is what opens a connector. Address is a DSN, URL or path without any
// secret in it; a password in it is refused.
type Config struct {
	Name       string // the system's name, for errors
	Address    string
	Options    map[string]string // per kind; each connector's Spec lists them
	Credential secret.Secret     // password or private key, as the kind needs
	Now        func() time.Time  // nil is time.Now
}

// Spec describes a kind of system, so that forms and help come from one place.
type Spec struct {
	Kind    string
	Title   string
	Address string // an example
	Local   bool   // the address is a path on the node
	Program bool   // and what lies there is run
	Options []Option
	// Changes are what its Writer can do, and Settable the attributes of an account
	// that it takes when it makes or updates one.
	Changes  []ChangeKind
	Settable []Setting
	// FirstPassword says that a new account can be given one.
	FirstPassword bool
	// Keeps are the kinds of secret that its Keeper gives and tries, and Takes what it asks
	// of a password.
	Keeps []SecretKind
	Takes SecretPolicy
	// Lends says that its connector is a Lender, and Loans the length of a login there.
	Lends bool
	Loans int
	// Later says that what a change asks for is done by others, in their own time: that it
	// does not read back at once says nothing.
	Later bool
	// SignsInAs is the option that names the account that Writ itself signs in with; "" is
	// that the address does.
	SignsInAs string
	// WritesTo is the option without which nothing can be changed; "" is none.
	WritesTo string
	// Open checks cfg and returns a connector; it may leave connecting to Describe.
	Open func(ctx context.Context, cfg Config) (Connector, error)
}

// Login is the account that Writ itself signs in with, as far as a system's address and
// options say so.
func (s Spec) Login(address string, options map[string]string) string {
	if s.SignsInAs != "" {
		return options[s.SignsInAs]
	}
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return ""
	}
	return u.User.Username()
}

// EmbeddedSecret is the kind of resource that stands for a secret that lies in a system's
// own settings or files: its name says where it lies, and nothing says what it is.
const EmbeddedSecret = "embedded_secret"

// Option is one setting of a kind of system.
type Option struct {
	Name, Help, Default string
	Required            bool
	// Path reports whether a value names a file on the node; nil is never.
	Path func(value string) bool
}

// Fits reports whether a key is the option, or one of its family: what a family's name
// has in capitals stands for something of the system's.
func (o Option) Fits(key string) bool {
	i := strings.IndexFunc(o.Name, unicode.IsUpper)
	if i < 0 {
		return key == o.Name
	}
	return strings.HasPrefix(key, o.Name[:i]) && len(key) > i
}

// Connector reads a system.
type Connector interface {
	// Describe connects and says what the system is. It is the connection test.
	Describe(ctx context.Context) (Description, error)
	// Discover yields everything, resources and entitlements before what refers to
	// them, each account followed by its own credentials, usage and grants. Resuming
	// with a cursor that an earlier Checkpoint gave may continue behind it; the first
	// record is then that Checkpoint again. Without it, or when what the system says
	// is no longer what it was, it starts over. A Follower ends with a Mark, if it can
	// give one. A non-nil error is the last pair.
	Discover(ctx context.Context, cursor string) iter.Seq2[Record, error]
	// Close ends every connection.
	Close() error
}

// PeopleReader is a source of identities: an HR file, a directory, a SCIM client.
type PeopleReader interface {
	// People yields every person and workload of the source. A row that cannot be
	// read is a Record with Reject set, never an error; an error ends the stream.
	People(ctx context.Context, cursor string) iter.Seq2[Record, error]
	Close() error
}

// Measured is a Connector or PeopleReader that knows how far it is: how many bytes
// of all have been read. It is asked between two records, by who reads them.
type Measured interface {
	Measure() (done, total int64)
}

// Description is what a system says of itself.
type Description struct {
	Kind, Version string
	// Warnings name what could not be read and what would make it readable; the
	// controls that depend on it become unknown, never in place.
	Warnings []string
}

// Record is one of: exactly one field is set.
type Record struct {
	Resource    *Resource
	Entitlement *Entitlement
	Account     *Account
	Grant       *Grant
	Credential  *Credential
	Person      *Person
	Reject      *Reject
	Checkpoint  string // everything before it is complete; resume here
	Mark        *Mark  // the last record: what changes later can be asked for by it
	All         *All   // the rest is of Changes alone
	Present     *Target
}

// Resource is a thing inside the system.
type Resource struct {
	ID, Kind, Name, Parent string // Parent is a native id, "" for the system itself
	DataClass              access.DataClass
}

// TargetKind says what a Target names.
type TargetKind string

// The kinds of target.
const (
	OnSystem      TargetKind = "system" // ID "" is the system itself; else another system's name
	OnResource    TargetKind = "resource"
	OnAccount     TargetKind = "account"
	OnEntitlement TargetKind = "entitlement"
	OnIdentity    TargetKind = "identity" // by employee number or workload name; flat files only
)

// Target names a thing by its native id. With System it is a thing of the system
// of that name, and ID is what others call it there: an account's login, an
// entitlement's native id or name. It must be one thing's only.
type Target struct {
	Kind   TargetKind
	ID     string
	System string
}

// Capability is an observed right on a target.
type Capability struct {
	Right access.Right
	On    Target
}

// Entitlement is one permission that the system can give.
type Entitlement struct {
	ID, Kind, Name, Description string
	Resource                    string // native id of the one resource it is access to, or ""
	Owner                       string // employee number, where the system knows
	Capabilities                []Capability
	Conflicts                   []string // native ids that nobody should hold beside it, where the system declares so
}

// Account is a presence in the system.
type Account struct {
	ID, Login, DisplayName, Email string
	Number                        string             // employee number or workload name, where the system knows
	Kind                          access.AccountKind // "" where the system does not tell
	KindReason                    string             // why Kind, where it is set
	Status                        access.AccountStatus
	Interactive                   bool
	Created, Expires              access.Time
	UsageKnown                    bool        // the system records use; without it LastUsed says nothing
	LastUsed                      access.Time // zero with UsageKnown: never
	Attributes                    map[string]string
	OpenedBy                      []Target // accounts, mostly of other systems, with which one signs in as this one
}

// Grant says that a holder has an entitlement.
type Grant struct {
	Holder      Target // account, entitlement (nested) or identity (eligible access)
	Entitlement string
	Resource    string // where the entitlement alone does not say
	Mode        access.Mode
	Flags       access.GrantFlags
	Start, End  access.Time
	UsageKnown  bool
	LastUsed    access.Time
}

// Credential is something that an account accepts.
type Credential struct {
	Account     string
	Kind        access.CredentialKind
	Fingerprint string // SHA256:… for keys; "" for a password, which is one per account
	Algorithm   string
	Options     string // for SSH: the restrictions before the key
	Changed     access.Time
	LastUsed    access.Time
}

// Person is one row of a source. Attribute names are Writ's own after mapping:
// number, name, email, kind, state, employer, unit, title, manager, start, end,
// organisation, sponsor, contract_end, owner, deputy, login, and any others.
type Person struct {
	ID         string // the source's key for the row
	Line       int    // where it stands, for messages
	Attributes map[string]string
}

// Reject is a row that could not be read; the rest of the source still counts.
type Reject struct {
	Where  string // file and line
	Reason string
	Raw    string // the row as it was, capped
	// Whose row it is, as far as that can be read: what is known of a thing stays
	// while its row is rejected. A grant's or credential's row has a holder.
	Object, Holder Target
}
