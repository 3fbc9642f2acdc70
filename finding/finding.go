package finding

import (
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/httpapi"
)

// The rules that a user of this package meets.
var (
	ErrNotFound = fault.New(fault.NotFound, "finding-not-found", "there is no such open finding")
	ErrChanged  = httpapi.ErrStale
	ErrReason   = fault.New(fault.Invalid, "reason-required", "accepting a risk needs a reason")
	ErrOwner    = fault.New(fault.Invalid, "finding-owner", "a finding is answered for by a person who works here")
	ErrUntil    = fault.New(fault.Invalid, "bad-acceptance", "a risk is accepted until a date in the future, a year away at most")
)

// Status is where a finding stands.
type Status string

// The statuses of a finding.
const (
	Open     Status = "open"
	Accepted Status = "accepted"
	Resolved Status = "resolved"
)

// Evidence is one fact, in words. Each {} in Text stands for the next of Refs; what
// follows then are the objects of facts that it only counts.
type Evidence struct {
	Text string       `json:"text"`
	Refs []access.Ref `json:"refs,omitempty"`
	// Count is how many facts it stands for without naming what they are of.
	Count int `json:"count,omitempty"`
}

// Draft is what a rule finds now.
type Draft struct {
	Rule     string
	Subject  access.Ref
	System   access.SystemID
	Severity access.Severity
	Owner    access.IdentityID // zero: the function itself answers
	Evidence []Evidence
	// Excepted says that somebody has decided elsewhere to leave it as it is until a time.
	Excepted *Exception `json:",omitempty"`
}

// Exception is that a gap is left as it is until a time, by whom and why.
type Exception struct {
	Until  access.Time
	By     access.IdentityID
	Reason string
}

// Finding is a draft that is kept.
type Finding struct {
	ID access.FindingID
	Draft
	Function      access.Function
	Status        Status
	Opened, Due   access.Time
	AcceptedUntil access.Time
	Reason        string // why it is accepted, or why somebody has opened it again
}

// Rule says what a kind of finding is and who answers for it.
type Rule struct {
	ID       string
	Title    string
	Function access.Function
	Severity access.Severity // where the draft does not say
	Days     int             // until due
	check    checks
}

// Limits are the bounds that rules compare with.
type Limits struct {
	Dormant  time.Duration // without use, for an account to be dormant
	Password time.Duration // age of a password or token to be stale
	Key      time.Duration // age of a key or certificate to be stale
	Evidence int           // facts that one finding lists
}

// DefaultLimits are what the rules ship with.
var DefaultLimits = Limits{
	Dormant: 90 * 24 * time.Hour, Password: 365 * 24 * time.Hour, Key: 730 * 24 * time.Hour,
	Evidence: 10,
}

// Rules returns every rule, for documentation and display.
func Rules() []Rule { return append([]Rule(nil), rules...) }

// RuleOf returns a rule by id.
func RuleOf(id string) (Rule, bool) {
	for _, r := range rules {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}
