package access

import (
	"slices"
	"strings"

	"github.com/writhq/writ/internal/fault"
)

// ErrSelfHost is returned for a system that is said to run on itself.
var ErrSelfHost = fault.New(fault.Invalid, "runs-on-itself", "a system cannot run on itself")

// Environment says what a system is used for.
type Environment string

// The environments. Unknown counts as production: doubt is caution.
const (
	Production         Environment = "production"
	Staging            Environment = "staging"
	Development        Environment = "development"
	UnknownEnvironment Environment = ""
)

// Criticality says how bad the loss of a system is.
type Criticality string

// The levels of criticality; empty is not assessed.
const (
	CriticalityLow     Criticality = "low"
	CriticalityMedium  Criticality = "medium"
	CriticalityHigh    Criticality = "high"
	CriticalityControl Criticality = "control" // it controls identities, policy or backups, or is Writ itself
)

// DataClass says how sensitive data is.
type DataClass string

// The data classes, least sensitive first; empty is not classified.
const (
	Public       DataClass = "public"
	Internal     DataClass = "internal"
	Confidential DataClass = "confidential"
	Restricted   DataClass = "restricted"
)

// Sensitive reports whether reading data of this class needs privilege's controls.
func (c DataClass) Sensitive() bool { return c == Confidential || c == Restricted }

// System is a thing that holds accounts.
type System struct {
	ID             SystemID    `json:"id,omitzero"`
	Name           string      `json:"name"` // unique
	Kind           string      `json:"kind"` // the connector's kind: postgres, linux, csv, …
	Scope          ScopeID     `json:"scope,omitzero"`
	Environment    Environment `json:"environment,omitempty"`
	Criticality    Criticality `json:"criticality,omitempty"`
	DataClass      DataClass   `json:"data_class,omitempty"`
	BusinessOwner  IdentityID  `json:"business_owner,omitzero"`
	TechnicalOwner IdentityID  `json:"technical_owner,omitzero"`
	RunsOn         SystemID    `json:"runs_on,omitzero"` // the host that whoever controls controls this system too
}

// IsProduction reports whether the system must be treated as production.
func (s System) IsProduction() bool {
	return s.Environment == Production || s.Environment == UnknownEnvironment
}

// Validate reports the first rule that s breaks.
func (s System) Validate() error {
	switch {
	case strings.TrimSpace(s.Name) == "":
		return ErrName.With("a system needs a name")
	case strings.TrimSpace(s.Kind) == "":
		return ErrName.With("system %q needs a kind", s.Name)
	case !slices.Contains([]Environment{Production, Staging, Development, UnknownEnvironment}, s.Environment):
		return ErrEnum.With("environment %q is not production, staging or development", s.Environment)
	case !slices.Contains([]Criticality{"", CriticalityLow, CriticalityMedium, CriticalityHigh, CriticalityControl}, s.Criticality):
		return ErrEnum.With("criticality %q is not low, medium, high or control", s.Criticality)
	case !validDataClass(s.DataClass):
		return ErrEnum.With("data class %q is not public, internal, confidential or restricted", s.DataClass)
	case s.ID != 0 && s.RunsOn == s.ID:
		return ErrSelfHost
	}
	return nil
}

func validDataClass(c DataClass) bool {
	return slices.Contains([]DataClass{"", Public, Internal, Confidential, Restricted}, c)
}

// Resource is a thing inside a system that access is to. Its data class, where
// set, differs from its system's.
type Resource struct {
	ID        ResourceID `json:"id,omitzero"`
	System    SystemID   `json:"system"`
	NativeID  string     `json:"native_id"`
	Kind      string     `json:"kind"` // database, schema, table, path, tool, …
	Name      string     `json:"name"`
	Parent    ResourceID `json:"parent,omitzero"`
	DataClass DataClass  `json:"data_class,omitempty"`
}

// AccountKind tells presences in a system apart.
type AccountKind string

// The kinds of account.
const (
	PersonAccount     AccountKind = "person"
	AdminAccount      AccountKind = "admin" // a person's privileged account
	ServiceAccount    AccountKind = "service"
	SharedAccount     AccountKind = "shared"
	BreakGlassAccount AccountKind = "break_glass"
	BuiltInAccount    AccountKind = "built_in"
)

// AccountKinds lists them in display order.
var AccountKinds = []AccountKind{PersonAccount, AdminAccount, ServiceAccount, SharedAccount, BreakGlassAccount, BuiltInAccount}

// AccountStatus says whether an account can be used now.
type AccountStatus string

// The statuses of an account.
const (
	Enabled  AccountStatus = "enabled"
	Disabled AccountStatus = "disabled"
	Locked   AccountStatus = "locked"
	Expired  AccountStatus = "expired"
)

// AccountStatuses lists them.
var AccountStatuses = []AccountStatus{Enabled, Disabled, Locked, Expired}

// Account is a presence in a system.
type Account struct {
	ID         AccountID     `json:"id,omitzero"`
	System     SystemID      `json:"system"`
	NativeID   string        `json:"native_id"`
	Login      string        `json:"login"`
	Kind       AccountKind   `json:"kind"`
	KindReason string        `json:"kind_reason"` // which rule or fact says so
	Status     AccountStatus `json:"status"`
	// Interactive says that something can sign in with it (a login role, a real shell).
	Interactive bool              `json:"interactive"`
	Created     Time              `json:"created,omitzero"`
	Expires     Time              `json:"expires,omitzero"`
	Attributes  map[string]string `json:"attributes,omitempty"`
}

// Validate reports the first rule that a breaks.
func (a Account) Validate() error {
	switch {
	case a.Login == "" || a.NativeID == "":
		return ErrName.With("an account needs a login and a native id")
	case !slices.Contains(AccountKinds, a.Kind):
		return ErrEnum.With("account kind %q is not known", a.Kind)
	case !slices.Contains(AccountStatuses, a.Status):
		return ErrEnum.With("account status %q is not known", a.Status)
	}
	return nil
}

// CredentialKind tells credentials apart.
type CredentialKind string

// The kinds of credential.
const (
	Password    CredentialKind = "password"
	SSHKey      CredentialKind = "ssh_key"
	Token       CredentialKind = "token"
	Certificate CredentialKind = "certificate"
)

// CredentialKinds lists them.
var CredentialKinds = []CredentialKind{Password, SSHKey, Token, Certificate}

// Credential is a password, key, token or certificate that accounts accept. A
// key is one credential however many accounts accept it; Fingerprint names it
// and is never the secret itself.
type Credential struct {
	ID          CredentialID   `json:"id,omitzero"`
	Kind        CredentialKind `json:"kind"`
	Fingerprint string         `json:"fingerprint"`
	Algorithm   string         `json:"algorithm,omitempty"`
	Changed     Time           `json:"changed,omitzero"` // last rotation; zero is not known
	LastUsed    Time           `json:"last_used,omitzero"`
}
