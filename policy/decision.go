package policy

import (
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// ErrDenied is what Decision.Err wraps.
var ErrDenied = fault.New(fault.Denied, "denied", "policy forbids it")

// Effect is what a policy or a decision says. The zero value forbids.
type Effect uint8

// The effects.
const (
	Forbid Effect = 0
	Permit Effect = 1
)

// String returns the glossary's word.
func (e Effect) String() string {
	if e == Permit {
		return "permit"
	}
	return "forbid"
}

// MarshalText writes the glossary's word.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Mode is what a policy's word counts for. The zero value counts for nothing.
type Mode uint8

// The modes. A new policy starts in observe.
const (
	Observe Mode = 0 // decides, is counted, changes nothing
	Warn    Mode = 1 // as observe, and the decision says what it would have been
	Enforce Mode = 2
)

var modeNames = [...]string{"observe", "warn", "enforce"}

// String returns the glossary's word.
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return "observe"
}

// MarshalText writes the glossary's word.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// ParseMode reads the glossary's word.
func ParseMode(text string) (Mode, error) {
	i := slices.Index(modeNames[:], text)
	if i < 0 {
		return Observe, access.ErrEnum.With("%q is not observe, warn or enforce", text)
	}
	return Mode(i), nil //nolint:gosec // there are three
}

// Cause says why no policy was asked, or that none answered.
type Cause string

// The causes of a denial that no policy made.
const (
	NoPolicy        Cause = "no-policy"
	NoEngine        Cause = "no-engine"
	NoFacts         Cause = "no-facts"
	Ended           Cause = "ended"
	UnknownAction   Cause = "unknown-action"
	WrongType       Cause = "wrong-type"
	UnknownIdentity Cause = "unknown-identity"
	UnknownScope    Cause = "unknown-scope"
	UnknownSubject  Cause = "unknown-subject"
)

// Decided is one policy that spoke.
type Decided struct {
	ID     string `json:"id"`
	Effect Effect `json:"effect"`
	Mode   Mode   `json:"mode"`
	Reason string `json:"reason"`
	// Error is why it could not be evaluated: a forbid that errs forbids.
	Error string `json:"error,omitempty"`
}

// Obligations are what whoever is permitted has to do or bear.
type Obligations struct {
	Record      bool          `json:"record,omitempty"`
	MFA         bool          `json:"mfa,omitempty"`
	Reason      bool          `json:"reason,omitempty"`
	Approve     int           `json:"approve,omitempty"` // by how many others
	Mask        []string      `json:"mask,omitempty"`    // names of masks, sorted
	MaxDuration time.Duration `json:"max_duration,omitempty"`
}

// add makes o demand what p demands too.
func (o *Obligations) add(p Obligations) {
	o.Record = o.Record || p.Record
	o.MFA = o.MFA || p.MFA
	o.Reason = o.Reason || p.Reason
	o.Approve = max(o.Approve, p.Approve)
	if p.MaxDuration > 0 && (o.MaxDuration == 0 || p.MaxDuration < o.MaxDuration) {
		o.MaxDuration = p.MaxDuration
	}
	if len(p.Mask) > 0 {
		o.Mask = append(slices.Clone(o.Mask), p.Mask...)
		slices.Sort(o.Mask)
		o.Mask = slices.Compact(o.Mask)
	}
}

// ObligationsOf is what terms oblige to.
func ObligationsOf(t access.Terms) Obligations {
	return Obligations{Record: true, Reason: t.Reason, MFA: t.MFA, Approve: len(t.Stages), MaxDuration: t.Most}
}

func (o Obligations) equal(p Obligations) bool {
	return o.Record == p.Record && o.MFA == p.MFA && o.Reason == p.Reason && o.Approve == p.Approve &&
		o.MaxDuration == p.MaxDuration && slices.Equal(o.Mask, p.Mask)
}

// Violation is one broken constraint.
type Violation struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"` // one sentence that names what conflicts with what
	Mode   Mode   `json:"mode"`
}

// Decision is the answer. Its zero value forbids.
type Decision struct {
	Effect Effect `json:"effect"`
	// Policies are those that decided: the forbids if there were any, else the permits.
	Policies   []Decided   `json:"policies,omitempty"`
	Violations []Violation `json:"violations,omitempty"`
	// Warnings are what policies and constraints in warn would have decided.
	Warnings    []Decided   `json:"warnings,omitempty"`
	Cause       Cause       `json:"cause,omitempty"`
	Obligations Obligations `json:"obligations,omitzero"`

	GraphRevision  access.Rev `json:"graph_revision"`
	PolicyRevision access.Rev `json:"policy_revision"`

	request Request
	own     ownWay
	errors  []Decided // permits that could not be evaluated
	would   []*Policy // those without effect that would have changed it
}

// Permitted reports whether it is allowed, once the obligations are met.
func (d Decision) Permitted() bool { return d.Effect == Permit }

// Err is nil where the decision permits, else an error that explains it.
func (d Decision) Err() error {
	if d.Permitted() {
		return nil
	}
	return ErrDenied.With("%s", d.Explain())
}
