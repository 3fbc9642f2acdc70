package access

import (
	"slices"
	"strings"
	"time"

	"github.com/writhq/writ/internal/fault"
)

// The rules that the model's own words carry.
var (
	ErrName       = fault.New(fault.Invalid, "name-required", "a name is required")
	ErrEnum       = fault.New(fault.Invalid, "unknown-value", "not one of the allowed values")
	ErrPeriod     = fault.New(fault.Invalid, "bad-period", "the end must be after the start")
	ErrSponsor    = fault.New(fault.Invalid, "sponsor-required", "a third party needs an organisation and a sponsor who is somebody else")
	ErrOwnedHuman = fault.New(fault.Invalid, "human-has-no-owner", "a human answers for themself; only services and agents have an owner")
)

// Time is microseconds since 1970 in UTC; zero is "not known" or "no end".
type Time int64

// TimeOf converts; the zero time.Time becomes zero, and nothing else does: what ends
// at the Unix epoch has ended, and is not without an end. It ends a microsecond on.
func TimeOf(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	if at := t.UnixMicro(); at != 0 {
		return Time(at)
	}
	return 1
}

// Time converts back.
func (t Time) Time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(t)).UTC()
}

// MarshalText writes RFC 3339 in UTC, or "" for zero.
func (t Time) MarshalText() ([]byte, error) {
	if t == 0 {
		return nil, nil
	}
	return t.Time().AppendFormat(nil, time.RFC3339Nano), nil
}

// UnmarshalText reads RFC 3339; empty is zero.
func (t *Time) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*t = 0
		return nil
	}
	v, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return ErrEnum.With("%q is not an RFC 3339 time", b)
	}
	*t = TimeOf(v)
	return nil
}

// Rev is a revision: the place of a committed change in the one order of all.
type Rev int64

// IdentityKind is what an identity is.
type IdentityKind string

// The kinds of identity.
const (
	Human   IdentityKind = "human"
	Service IdentityKind = "service"
	Agent   IdentityKind = "agent"
)

// IdentityKinds lists them in display order.
var IdentityKinds = []IdentityKind{Human, Service, Agent}

// IdentityState is where an identity is in its life. A rehire is an event, not
// a state.
type IdentityState string

// The states of an identity's life, in order.
const (
	Staged         IdentityState = "staged"
	PreHire        IdentityState = "pre_hire"
	Active         IdentityState = "active"
	Suspended      IdentityState = "suspended"
	LeaveOfAbsence IdentityState = "leave_of_absence"
	Terminating    IdentityState = "terminating"
	Terminated     IdentityState = "terminated"
)

// IdentityStates lists them in the order of life.
var IdentityStates = []IdentityState{Staged, PreHire, Active, Suspended, LeaveOfAbsence, Terminating, Terminated}

// MayHoldAccess reports whether an identity in this state may have live access.
// A terminating identity works until its last day.
func (s IdentityState) MayHoldAccess() bool { return s == Active || s == Terminating }

// ThirdParty is a property of any kind of identity that is not the
// organisation's own.
type ThirdParty struct {
	Organisation string     `json:"organisation"`
	Sponsor      IdentityID `json:"sponsor,omitzero"`
	ContractEnd  Time       `json:"contract_end,omitzero"`
}

// Affiliation is one dated position of a human: employer, unit and manager.
type Affiliation struct {
	Employer string     `json:"employer,omitempty"`
	Unit     string     `json:"unit,omitempty"`
	Title    string     `json:"title,omitempty"`
	Manager  IdentityID `json:"manager,omitzero"`
	Start    Time       `json:"start,omitzero"`
	End      Time       `json:"end,omitzero"`
}

// Attribute is one value with the source that it came from.
type Attribute struct {
	Value  string   `json:"value"`
	Source SourceID `json:"source,omitzero"`
}

// Identity is who: a human, a service or an agent.
type Identity struct {
	ID           IdentityID           `json:"id,omitzero"`
	Kind         IdentityKind         `json:"kind"`
	State        IdentityState        `json:"state"`
	Name         string               `json:"name"`
	Email        string               `json:"email,omitempty"`
	Number       string               `json:"number,omitempty"` // employee number, or a workload's registered name
	ThirdParty   *ThirdParty          `json:"third_party,omitempty"`
	Affiliations []Affiliation        `json:"affiliations,omitempty"` // humans only
	Owner        IdentityID           `json:"owner,omitzero"`         // services and agents only; the current Ownership
	Attributes   map[string]Attribute `json:"attributes,omitempty"`
}

// Validate reports the first rule that i breaks.
func (i Identity) Validate() error {
	switch {
	case strings.TrimSpace(i.Name) == "":
		return ErrName.With("an identity needs a name")
	case !slices.Contains(IdentityKinds, i.Kind):
		return ErrEnum.With("identity kind %q is not human, service or agent", i.Kind)
	case !slices.Contains(IdentityStates, i.State):
		return ErrEnum.With("identity state %q is not known", i.State)
	case i.Kind == Human && i.Owner != 0:
		return ErrOwnedHuman
	case i.ThirdParty != nil && strings.TrimSpace(i.ThirdParty.Organisation) == "":
		return ErrSponsor
	case i.ThirdParty != nil && i.ID != 0 && i.ThirdParty.Sponsor == i.ID:
		return ErrSponsor
	}
	for _, a := range i.Affiliations {
		if a.End != 0 && a.End <= a.Start {
			return ErrPeriod.With("affiliation with %q ends before it starts", a.Unit)
		}
	}
	return nil
}
