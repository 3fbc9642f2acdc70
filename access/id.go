package access

import (
	"strings"

	"github.com/writhq/writ/internal/fault"
)

// ErrID is returned for text that is not an external id of the kind asked for.
var ErrID = fault.New(fault.Invalid, "bad-id", "not a valid id")

// ObjectKind names what a Ref points to. Its numbers are stored: never reorder.
type ObjectKind uint8

// The kinds of object that have an id.
const (
	KindNone        ObjectKind = 0
	KindIdentity    ObjectKind = 1
	KindAccount     ObjectKind = 2
	KindEntitlement ObjectKind = 3
	KindResource    ObjectKind = 4
	KindSystem      ObjectKind = 5
	KindSource      ObjectKind = 6
	KindGrant       ObjectKind = 7
	KindRole        ObjectKind = 8
	KindAssignment  ObjectKind = 9
	KindOwnership   ObjectKind = 10
	KindCredential  ObjectKind = 11
	KindFinding     ObjectKind = 12
	KindScope       ObjectKind = 13
	KindPolicy      ObjectKind = 14
	KindLink        ObjectKind = 15 // an account's correlation to an identity
	KindFunction    ObjectKind = 16 // that an identity holds one of Writ's functions
	KindSignin      ObjectKind = 17 // somebody being signed in to Writ
	KindPasskey     ObjectKind = 18
	KindToken       ObjectKind = 19 // of the API
	KindRun         ObjectKind = 20 // of a sync, a dry run or a test of a system
)

var kindTable = [...]struct{ prefix, name string }{
	KindNone:        {"", ""},
	KindIdentity:    {"idn", "identity"},
	KindAccount:     {"acc", "account"},
	KindEntitlement: {"ent", "entitlement"},
	KindResource:    {"res", "resource"},
	KindSystem:      {"sys", "system"},
	KindSource:      {"src", "source"},
	KindGrant:       {"grn", "grant"},
	KindRole:        {"rol", "role"},
	KindAssignment:  {"asg", "assignment"},
	KindOwnership:   {"own", "ownership"},
	KindCredential:  {"cred", "credential"},
	KindFinding:     {"fnd", "finding"},
	KindScope:       {"scp", "scope"},
	KindPolicy:      {"pol", "policy"},
	KindLink:        {"lnk", "link"},
	KindFunction:    {"fun", "function"},
	KindSignin:      {"sgn", "signin"},
	KindPasskey:     {"pky", "passkey"},
	KindToken:       {"tok", "token"},
	KindRun:         {"run", "run"},
}

// String returns the glossary's word for the kind.
func (k ObjectKind) String() string {
	if int(k) < len(kindTable) {
		return kindTable[k].name
	}
	return ""
}

// Ref points to any object: its kind and its internal key.
type Ref struct {
	Kind ObjectKind
	Key  int64
}

// IsZero reports whether the Ref points to nothing.
func (r Ref) IsZero() bool { return r.Key == 0 }

// String returns the external id, or "" for nothing.
func (r Ref) String() string {
	if r.IsZero() || int(r.Kind) >= len(kindTable) {
		return ""
	}
	return formatKey(kindTable[r.Kind].prefix, r.Key)
}

// MarshalText writes the external id.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads an external id of any kind; empty text is no object.
func (r *Ref) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*r = Ref{}
		return nil
	}
	*r, err = ParseRef(string(b))
	return err
}

// ParseRef reads an external id of any kind.
func ParseRef(s string) (Ref, error) {
	prefix, _, _ := strings.Cut(s, "_")
	for k, row := range kindTable {
		if row.prefix != "" && row.prefix == prefix {
			key, err := parseKey(prefix, s)
			return Ref{Kind: ObjectKind(k), Key: key}, err
		}
	}
	return Ref{}, ErrID.With("%q is not an id", s)
}

// kindTag ties an ID type to its object kind at compile time.
type kindTag interface{ kind() ObjectKind }

// ID is an internal int64 key that shows itself as a prefixed external id. The
// external form is the key in fixed-width base32, so ids sort as they were made.
type ID[T kindTag] int64

type (
	identityTag    struct{}
	accountTag     struct{}
	entitlementTag struct{}
	resourceTag    struct{}
	systemTag      struct{}
	sourceTag      struct{}
	grantTag       struct{}
	roleTag        struct{}
	assignmentTag  struct{}
	ownershipTag   struct{}
	credentialTag  struct{}
	findingTag     struct{}
	scopeTag       struct{}
	policyTag      struct{}
	linkTag        struct{}
	functionTag    struct{}
	signinTag      struct{}
	passkeyTag     struct{}
	tokenTag       struct{}
	runTag         struct{}
)

func (identityTag) kind() ObjectKind    { return KindIdentity }
func (accountTag) kind() ObjectKind     { return KindAccount }
func (entitlementTag) kind() ObjectKind { return KindEntitlement }
func (resourceTag) kind() ObjectKind    { return KindResource }
func (systemTag) kind() ObjectKind      { return KindSystem }
func (sourceTag) kind() ObjectKind      { return KindSource }
func (grantTag) kind() ObjectKind       { return KindGrant }
func (roleTag) kind() ObjectKind        { return KindRole }
func (assignmentTag) kind() ObjectKind  { return KindAssignment }
func (ownershipTag) kind() ObjectKind   { return KindOwnership }
func (credentialTag) kind() ObjectKind  { return KindCredential }
func (findingTag) kind() ObjectKind     { return KindFinding }
func (scopeTag) kind() ObjectKind       { return KindScope }
func (policyTag) kind() ObjectKind      { return KindPolicy }
func (linkTag) kind() ObjectKind        { return KindLink }
func (functionTag) kind() ObjectKind    { return KindFunction }
func (signinTag) kind() ObjectKind      { return KindSignin }
func (passkeyTag) kind() ObjectKind     { return KindPasskey }
func (tokenTag) kind() ObjectKind       { return KindToken }
func (runTag) kind() ObjectKind         { return KindRun }

// The typed ids. Zero is "none".
type (
	IdentityID    = ID[identityTag]
	AccountID     = ID[accountTag]
	EntitlementID = ID[entitlementTag]
	ResourceID    = ID[resourceTag]
	SystemID      = ID[systemTag]
	SourceID      = ID[sourceTag]
	GrantID       = ID[grantTag]
	RoleID        = ID[roleTag]
	AssignmentID  = ID[assignmentTag]
	OwnershipID   = ID[ownershipTag]
	CredentialID  = ID[credentialTag]
	FindingID     = ID[findingTag]
	ScopeID       = ID[scopeTag]
	PolicyID      = ID[policyTag]
	LinkID        = ID[linkTag]
	FunctionID    = ID[functionTag]
	SigninID      = ID[signinTag]
	PasskeyID     = ID[passkeyTag]
	TokenID       = ID[tokenTag]
	RunID         = ID[runTag]
)

// Ref returns the id as a reference of any kind.
func (id ID[T]) Ref() Ref {
	var t T
	return Ref{Kind: t.kind(), Key: int64(id)}
}

// String returns the external id, or "" for none.
func (id ID[T]) String() string { return id.Ref().String() }

// MarshalText writes the external id.
func (id ID[T]) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the external id; empty text is none.
func (id *ID[T]) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = 0
		return nil
	}
	got, err := ParseID[T](string(b))
	*id = got
	return err
}

// ParseID reads an external id and refuses one of another kind.
func ParseID[T kindTag](s string) (ID[T], error) {
	var t T
	key, err := parseKey(kindTable[t.kind()].prefix, s)
	return ID[T](key), err
}

// Crockford's alphabet: no i, l, o, u, and in ascending ASCII order, so that
// text order is key order.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const keyDigits = 13 // 65 bits, enough for any int64

func formatKey(prefix string, key int64) string {
	b := make([]byte, len(prefix)+1+keyDigits)
	copy(b, prefix)
	b[len(prefix)] = '_'
	for i := len(b) - 1; i > len(prefix); i-- {
		b[i] = alphabet[key&31]
		key >>= 5
	}
	return string(b)
}

func parseKey(prefix, s string) (int64, error) {
	digits, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(digits) != keyDigits || digits[0] > '7' {
		return 0, ErrID.With("%q is not a valid %s id", s, prefix)
	}
	var key int64
	for i := range len(digits) {
		v := strings.IndexByte(alphabet, digits[i])
		if v < 0 {
			return 0, ErrID.With("%q is not a valid %s id", s, prefix)
		}
		key = key<<5 | int64(v)
	}
	if key <= 0 {
		return 0, ErrID.With("%q is not a valid %s id", s, prefix)
	}
	return key, nil
}
