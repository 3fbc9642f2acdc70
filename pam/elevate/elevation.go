package elevate

import (
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What activating can meet.
var (
	ErrNotEligible  = fault.New(fault.Denied, "not-eligible", "you are not eligible for that now: identity and access management says who is")
	ErrNotFound     = fault.New(fault.NotFound, "elevation-not-found", "there is no such elevation")
	ErrTooLong      = fault.New(fault.Invalid, "elevation-too-long", "that is longer than its terms allow: ask for less")
	ErrStart        = fault.New(fault.Invalid, "elevation-start", "it starts now, or within 30 days")
	ErrOpen         = fault.New(fault.Conflict, "elevation-open", "you have an elevation of that already: extend or end it")
	ErrState        = fault.New(fault.Conflict, "elevation-state", "the elevation is not in a state that allows this: read it again")
	ErrTicket       = fault.New(fault.Invalid, "ticket-required", "its terms ask for a ticket: name it")
	ErrClock        = fault.New(fault.Unavailable, "clock-doubted", "this node's clock jumped, so that it begins nothing that has an end: an operator looks at it and starts the node again")
	ErrNoAccount    = fault.New(fault.Conflict, "elevation-no-account", "you have no account there that it could be given to")
	ErrDisabled     = fault.New(fault.Conflict, "elevation-account-disabled", "your account there is disabled: have it enabled first")
	ErrHeld         = fault.New(fault.Conflict, "elevation-held", "you hold that already, without activating it")
	ErrByHand       = fault.New(fault.Refused, "elevation-by-hand", "Writ does not write to that system by itself, so that nothing would take it off again in time")
	ErrNotOff       = fault.New(fault.Conflict, "elevation-not-off", "the last elevation is not off its target yet: wait until it is seen gone there")
	ErrNotExtending = fault.New(fault.Invalid, "elevation-extension", "an extension ends later than the elevation does now")
)

// State is where an elevation stands.
type State string

// The states. The last three are ends.
const (
	Waiting   State = "waiting"   // for others to agree
	Scheduled State = "scheduled" // for its start
	Starting  State = "starting"  // justified, and not seen on the target yet
	Active    State = "active"    // read back on the target
	Ending    State = "ending"    // over, and not seen gone from the target yet
	Ended     State = "ended"
	Refused   State = "refused" // it never began
	Failed    State = "failed"  // it could not be put on the target
)

// States lists them in the order in which one passes through them.
var States = []State{Waiting, Scheduled, Starting, Active, Ending, Ended, Refused, Failed}

// Over reports whether nothing is to follow.
func (s State) Over() bool { return slices.Contains([]State{Ended, Refused, Failed}, s) }

// The reasons why an elevation stands where it does.
const (
	CodeTime        = "time"         // its end came
	CodeSelf        = "by-oneself"   // whoever activated it ended it
	CodeForced      = "forced"       // somebody else did
	CodeLost        = "not-eligible" // what permitted it is not so any more
	CodeNotPut      = "not-put-on"   // it was not seen on the target in time
	CodeTicket      = "ticket"       // the ticket does not hold any more
	CodeWithdrawn   = "withdrawn"    // before it began
	CodeNotApproved = "not-approved"
	CodeMissed      = "missed" // its time passed before it could begin
	CodeKept        = "kept"   // off as an elevation; something else justifies the grant now
)

// longestAhead is how far in the future an elevation may start.
const longestAhead = 30 * 24 * time.Hour

// Elevation is one activation. Each of its times is zero until it comes.
type Elevation struct {
	ID            access.ElevationID     `json:"id"`
	Chain         access.ChainID         `json:"chain"`
	Eligibility   access.EligibilityID   `json:"eligibility"`
	Identity      access.IdentityID      `json:"identity"`
	Entitlement   access.EntitlementID   `json:"entitlement"`
	Resource      access.ResourceID      `json:"resource,omitzero"`
	System        access.SystemID        `json:"system"`
	Tier          access.Tier            `json:"tier"`
	State         State                  `json:"state"`
	Reason        string                 `json:"reason,omitempty"`
	Ticket        string                 `json:"ticket,omitempty"`
	Terms         access.Terms           `json:"terms" doc:"Those that it was asked on"`
	Lasts         time.Duration          `json:"lasts" doc:"From its start to its end, in nanoseconds"`
	Asked         access.Time            `json:"asked_at"`
	Start         access.Time            `json:"starts_at"`
	End           access.Time            `json:"ends_at"`
	Approval      access.ApprovalID      `json:"approval,omitzero"`
	Justification access.JustificationID `json:"justification,omitzero"`
	Account       access.AccountID       `json:"account,omitzero"`
	Begun         access.Time            `json:"begun_at,omitzero" doc:"When it was justified"`
	On            access.Time            `json:"on_at,omitzero" doc:"When the grant was read back on the target"`
	Finished      access.Time            `json:"over_at,omitzero" doc:"When it was over"`
	Off           access.Time            `json:"off_at,omitzero" doc:"When the grant was seen gone from the target"`
	Late          bool                   `json:"late,omitempty" doc:"It is over, and its grant is still on the target"`
	Code          string                 `json:"code,omitempty" doc:"Why it stands where it does"`
	Said          string                 `json:"said,omitempty" doc:"And in words"`
	EndedBy       string                 `json:"ended_by,omitempty"`
}

// latestEnd is until when an elevation may last, extensions included.
func (e *Elevation) latestEnd(most time.Duration) access.Time {
	return e.Start + access.Time(most.Microseconds())
}
