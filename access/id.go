package access

import (
	"cmp"
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

	KindJustification ObjectKind = 21
	KindTarget        ObjectKind = 22 // an account that should be, or should not
	KindException     ObjectKind = 23 // from what rules say
	KindEvent         ObjectKind = 24 // of an identity's life
	KindProvisioning  ObjectKind = 25 // a run of it
	KindOperation     ObjectKind = 26 // one write in one system
	KindMail          ObjectKind = 27

	KindApproval    ObjectKind = 28 // that somebody is asked to give
	KindDelegation  ObjectKind = 29 // of what one is asked to decide, for a time
	KindChain       ObjectKind = 30 // what one request led to, to its last session
	KindSafe        ObjectKind = 31
	KindSecret      ObjectKind = 32
	KindVersion     ObjectKind = 33 // of a secret
	KindCheckout    ObjectKind = 34 // of a secret, by somebody, for a time
	KindEligibility ObjectKind = 35 // that somebody may activate an entitlement
	KindElevation   ObjectKind = 36 // an activation
	KindTemplate    ObjectKind = 37 // of what is leased: what it opens, and for how long
	KindLease       ObjectKind = 38 // of a credential that was made for one use
	KindAuthority   ObjectKind = 39 // that signs certificates and tokens
	KindConsumer    ObjectKind = 40 // of a secret: a service that has to be told of another value
	KindGlass       ObjectKind = 41 // sealed credentials for when nothing else works
	KindBreak       ObjectKind = 42 // that those were opened
	KindOnboarding  ObjectKind = 43 // of accounts whose credentials the vault takes over
	KindShare       ObjectKind = 44 // of a secret with somebody who cannot sign in
	KindCertificate ObjectKind = 45 // that an authority signed: a certificate or a token
	KindProfile     ObjectKind = 46 // of certificates: what an authority signs, and for whom
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

	KindJustification: {"jst", "justification"},
	KindTarget:        {"tgt", "account target"},
	KindException:     {"exc", "exception"},
	KindEvent:         {"evt", "lifecycle event"},
	KindProvisioning:  {"prv", "provisioning run"},
	KindOperation:     {"opn", "operation"},
	KindMail:          {"mail", "mail"},

	KindApproval:    {"apr", "approval"},
	KindDelegation:  {"dlg", "delegation"},
	KindChain:       {"chn", "chain"},
	KindSafe:        {"safe", "safe"},
	KindSecret:      {"sec", "secret"},
	KindVersion:     {"ver", "version"},
	KindCheckout:    {"chk", "checkout"},
	KindEligibility: {"elg", "eligibility"},
	KindElevation:   {"elv", "elevation"},
	KindTemplate:    {"tpl", "lease template"},
	KindLease:       {"lse", "lease"},
	KindAuthority:   {"aut", "authority"},
	KindConsumer:    {"csm", "consumer"},
	KindGlass:       {"gls", "break-glass kit"},
	KindBreak:       {"brk", "break glass"},
	KindOnboarding:  {"onb", "onboarding"},
	KindShare:       {"shr", "share link"},
	KindCertificate: {"cert", "certificate"},
	KindProfile:     {"cpr", "certificate profile"},
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

// Compare orders by kind, then by key.
func (r Ref) Compare(other Ref) int {
	return cmp.Or(cmp.Compare(r.Kind, other.Kind), cmp.Compare(r.Key, other.Key))
}

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

	justificationTag struct{}
	targetTag        struct{}
	exceptionTag     struct{}
	eventTag         struct{}
	provisioningTag  struct{}
	operationTag     struct{}
	mailTag          struct{}

	approvalTag    struct{}
	delegationTag  struct{}
	chainTag       struct{}
	safeTag        struct{}
	secretTag      struct{}
	versionTag     struct{}
	checkoutTag    struct{}
	eligibilityTag struct{}
	elevationTag   struct{}
	templateTag    struct{}
	leaseTag       struct{}
	authorityTag   struct{}
	certificateTag struct{}
	profileTag     struct{}
	onboardingTag  struct{}
	glassTag       struct{}
	breakTag       struct{}
	consumerTag    struct{}
	shareTag       struct{}
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
func (mailTag) kind() ObjectKind        { return KindMail }

func (justificationTag) kind() ObjectKind { return KindJustification }
func (targetTag) kind() ObjectKind        { return KindTarget }
func (exceptionTag) kind() ObjectKind     { return KindException }
func (eventTag) kind() ObjectKind         { return KindEvent }
func (provisioningTag) kind() ObjectKind  { return KindProvisioning }
func (operationTag) kind() ObjectKind     { return KindOperation }

func (approvalTag) kind() ObjectKind    { return KindApproval }
func (delegationTag) kind() ObjectKind  { return KindDelegation }
func (chainTag) kind() ObjectKind       { return KindChain }
func (safeTag) kind() ObjectKind        { return KindSafe }
func (secretTag) kind() ObjectKind      { return KindSecret }
func (versionTag) kind() ObjectKind     { return KindVersion }
func (checkoutTag) kind() ObjectKind    { return KindCheckout }
func (eligibilityTag) kind() ObjectKind { return KindEligibility }
func (elevationTag) kind() ObjectKind   { return KindElevation }
func (templateTag) kind() ObjectKind    { return KindTemplate }
func (leaseTag) kind() ObjectKind       { return KindLease }
func (authorityTag) kind() ObjectKind   { return KindAuthority }
func (certificateTag) kind() ObjectKind { return KindCertificate }
func (profileTag) kind() ObjectKind     { return KindProfile }
func (onboardingTag) kind() ObjectKind  { return KindOnboarding }
func (glassTag) kind() ObjectKind       { return KindGlass }
func (breakTag) kind() ObjectKind       { return KindBreak }
func (consumerTag) kind() ObjectKind    { return KindConsumer }
func (shareTag) kind() ObjectKind       { return KindShare }

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

	JustificationID = ID[justificationTag]
	TargetID        = ID[targetTag]
	ExceptionID     = ID[exceptionTag]
	EventID         = ID[eventTag]
	ProvisioningID  = ID[provisioningTag]
	OperationID     = ID[operationTag]
	MailID          = ID[mailTag]

	ApprovalID    = ID[approvalTag]
	DelegationID  = ID[delegationTag]
	ChainID       = ID[chainTag]
	SafeID        = ID[safeTag]
	SecretID      = ID[secretTag]
	VersionID     = ID[versionTag]
	CheckoutID    = ID[checkoutTag]
	EligibilityID = ID[eligibilityTag]
	ElevationID   = ID[elevationTag]
	TemplateID    = ID[templateTag]
	LeaseID       = ID[leaseTag]
	AuthorityID   = ID[authorityTag]
	CertificateID = ID[certificateTag]
	ProfileID     = ID[profileTag]
	OnboardingID  = ID[onboardingTag]
	GlassID       = ID[glassTag]
	BreakID       = ID[breakTag]
	ConsumerID    = ID[consumerTag]
	ShareID       = ID[shareTag]
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
