package access

import (
	"slices"
	"strings"
)

// Right is what an observed capability lets its holder do.
type Right string

// The rights that a connector can observe.
const (
	ChangeConfig   Right = "change_config"
	ReadSensitive  Right = "read_sensitive"
	MoveLaterally  Right = "move_laterally"
	GrantAccess    Right = "grant_access"
	BypassControls Right = "bypass_controls"
	Impersonate    Right = "impersonate"
	DestroyData    Right = "destroy_data"
)

// Rights lists them in display order.
var Rights = []Right{ChangeConfig, ReadSensitive, MoveLaterally, GrantAccess, BypassControls, Impersonate, DestroyData}

// Capability is an observed right in its context: the resource, account,
// entitlement or system that it is a right on.
type Capability struct {
	Right Right `json:"right"`
	On    Ref   `json:"on"`
}

// Entitlement is one permission that a system can give.
type Entitlement struct {
	ID           EntitlementID `json:"id,omitzero"`
	System       SystemID      `json:"system"`
	NativeID     string        `json:"native_id"`
	Kind         string        `json:"kind"` // group, role, privilege, sudo, tool, …
	Name         string        `json:"name"`
	Description  string        `json:"description,omitempty"`
	Resource     ResourceID    `json:"resource,omitzero"` // what it is access to, where it names one thing
	Owner        IdentityID    `json:"owner,omitzero"`    // its own, else its system's
	Capabilities []Capability  `json:"capabilities,omitempty"`
}

// Validate reports the first rule that e breaks.
func (e Entitlement) Validate() error {
	if strings.TrimSpace(e.Name) == "" || e.NativeID == "" || e.Kind == "" {
		return ErrName.With("an entitlement needs a name, a kind and a native id")
	}
	for _, c := range e.Capabilities {
		if !slices.Contains(Rights, c.Right) {
			return ErrEnum.With("capability %q is not known", c.Right)
		}
	}
	return nil
}

// Mode is how a holder has an entitlement. Its numbers are stored.
type Mode uint8

// The access modes.
const (
	Standing  Mode = 0 // held now
	Eligible  Mode = 1 // may be activated: elevation, check-out
	Activated Mode = 2 // activated, with an end; shown as "active"
)

// Modes lists them in display order.
var Modes = []Mode{Standing, Eligible, Activated}

var modeNames = [...]string{"standing", "eligible", "active"}

// String returns the glossary's word.
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return "unknown"
}

// MarshalText writes the glossary's word.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the glossary's word.
func (m *Mode) UnmarshalText(b []byte) error {
	i := slices.Index(modeNames[:], string(b))
	if i < 0 {
		return ErrEnum.With("access mode %q is not standing, eligible or active", b)
	}
	*m = Mode(i)
	return nil
}

// GrantFlags are what a system says beside the grant itself. Stored.
type GrantFlags uint8

// The flags of a grant.
const (
	AdminOption GrantFlags = 1 << iota // the holder may grant it on
	NoInherit                          // the holder must switch to it (SET ROLE) to use it
	Implicit                           // given to everyone by the system (PUBLIC)
	NoPassword                         // usable without authenticating again (NOPASSWD)
)

// Grant is the observed side of a holder having an entitlement.
type Grant struct {
	ID          GrantID       `json:"id,omitzero"`
	Holder      Ref           `json:"holder"` // identity, account, or entitlement where nested
	Entitlement EntitlementID `json:"entitlement"`
	Resource    ResourceID    `json:"resource,omitzero"` // where the entitlement alone does not say
	Mode        Mode          `json:"mode"`
	Flags       GrantFlags    `json:"flags,omitempty"`
	Start       Time          `json:"start,omitzero"`
	End         Time          `json:"end,omitzero"` // where the target itself ends it
}

// Origin is why a grant is justified.
type Origin string

// The origins of a justification.
const (
	Baseline         Origin = "baseline"
	Birthright       Origin = "birthright"
	FromRole         Origin = "role"
	FromRequest      Origin = "request"
	FromElevation    Origin = "elevation"
	OriginBreakGlass Origin = "break_glass"
)

// Justification says why a grant may exist. A grant has zero or more; only the
// last one's end removes it, and none means unapproved.
type Justification struct {
	ID          JustificationID `json:"id,omitzero"`
	Holder      Ref             `json:"holder"`
	Entitlement EntitlementID   `json:"entitlement"`
	Resource    ResourceID      `json:"resource,omitzero"`
	Origin      Origin          `json:"origin"`
	Approver    IdentityID      `json:"approver,omitzero"`
	Reason      string          `json:"reason,omitempty"`
	Start       Time            `json:"start,omitzero"`
	End         Time            `json:"end,omitzero"`
}

// TargetState is how an account should be.
type TargetState string

// The states of an account target.
const (
	TargetEnabled  TargetState = "enabled"
	TargetDisabled TargetState = "disabled"
	TargetDeleted  TargetState = "deleted"
)

// Target says that somebody should have an account in a system, and how it should be.
type Target struct {
	ID         TargetID          `json:"id,omitzero"`
	Identity   IdentityID        `json:"identity"`
	System     SystemID          `json:"system"`
	Account    AccountID         `json:"account,omitzero"` // none while it is still to be made, or to be seen
	Login      string            `json:"login,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"` // what the kind of system calls settable
	State      TargetState       `json:"state"`
	Recipient  IdentityID        `json:"recipient,omitzero"` // is given the first credential; nobody: there is none
	Urgent     bool              `json:"urgent,omitempty"`   // before all others, and past the guards
	DeleteAt   Time              `json:"delete_at,omitzero"` // of a disabled one: when it should be gone
	Reason     string            `json:"reason,omitempty"`
}

// Effect is what an exception does.
type Effect string

// The effects of an exception.
const (
	Keep    Effect = "keep"
	Without Effect = "without"
)

// Exception says that somebody keeps an entitlement that no rule gives them, or goes
// without one that a rule does, until a day.
type Exception struct {
	ID          ExceptionID   `json:"id,omitzero"`
	Identity    IdentityID    `json:"identity"`
	Entitlement EntitlementID `json:"entitlement"`
	Effect      Effect        `json:"effect"`
	Reason      string        `json:"reason"`
	Approver    IdentityID    `json:"approver"`
	End         Time          `json:"end"`
}

// Role is a named set of entitlements.
type Role struct {
	ID           RoleID          `json:"id,omitzero"`
	Name         string          `json:"name"`
	Description  string          `json:"description,omitempty"`
	Owner        IdentityID      `json:"owner,omitzero"`
	Entitlements []EntitlementID `json:"entitlements,omitempty"`
	Parents      []RoleID        `json:"parents,omitempty"` // whoever has this role has its parents' entitlements too
	// Of a parametric role: what its variants differ in, and what only some of them give.
	Parameters  []RoleParameter `json:"parameters,omitempty"`
	Conditional []RolePart      `json:"conditional,omitempty"`
}

// RoleParameter is what a variant of a role has one value of.
type RoleParameter struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
	From   string   `json:"from,omitempty"` // the attribute that rules take it from, where they say nothing else
}

// RolePart is an entitlement or a role that a variant gives where it has some values.
type RolePart struct {
	Entitlement EntitlementID     `json:"entitlement,omitzero"`
	Role        RoleID            `json:"role,omitzero"`
	When        map[string]string `json:"when"`
}

// Assignment says that an identity has a role.
type Assignment struct {
	ID         AssignmentID      `json:"id,omitzero"`
	Role       RoleID            `json:"role"`
	Identity   IdentityID        `json:"identity"`
	Parameters map[string]string `json:"parameters,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Start      Time              `json:"start,omitzero"`
	End        Time              `json:"end,omitzero"`
}

// Ownership says who answers for an object, and who takes over.
type Ownership struct {
	ID     OwnershipID `json:"id,omitzero"`
	Object Ref         `json:"object"`
	Owner  IdentityID  `json:"owner"`
	Deputy IdentityID  `json:"deputy,omitzero"`
	Start  Time        `json:"start,omitzero"`
	End    Time        `json:"end,omitzero"`
}

// Validate reports the first rule that o breaks.
func (o Ownership) Validate() error {
	switch {
	case o.Object.IsZero() || o.Owner == 0:
		return ErrName.With("an ownership needs an object and an owner")
	case o.Owner == o.Deputy:
		return ErrEnum.With("the deputy must be somebody else than the owner")
	case o.End != 0 && o.End <= o.Start:
		return ErrPeriod
	}
	return nil
}
