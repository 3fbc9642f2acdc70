package lease

import (
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What leasing can meet.
var (
	ErrMayNot   = fault.New(fault.Denied, "lease-not-yours", "you may not use this template now: whoever keeps it says who may")
	ErrNotFound = fault.New(fault.NotFound, "lease-not-found", "there is no such lease, or it is not yours to see")
	ErrTooLong  = fault.New(fault.Invalid, "lease-too-long", "that is longer than its terms allow: ask for less, or for another lease")
	ErrState    = fault.New(fault.Conflict, "lease-state", "the lease is not in a state that allows this: read it again")
	ErrTicket   = fault.New(fault.Invalid, "ticket-required", "its terms ask for a ticket: name it")
	ErrReason   = fault.New(fault.Invalid, "reason-required", "this needs a reason")
	ErrClock    = fault.New(fault.Unavailable, "clock-doubted", "this node's clock jumped, so that it begins nothing that has an end: an operator looks at it and starts the node again")
	ErrLends    = fault.New(fault.Invalid, "system-lends-nothing", "Writ cannot make accounts for one use in this kind of system: name another")
	ErrNotMade  = fault.New(fault.Unavailable, "lease-not-made", "the account could not be made in time, and is taken away should it be there: ask again")
)

// State is where a lease stands.
type State string

// The states. The last three are ends.
const (
	Waiting State = "waiting" // for others to agree, or to be taken
	Making  State = "making"  // its row is there, and its account may be
	Active  State = "active"  // its account was made, and its value given
	Ending  State = "ending"  // over, and not seen gone from its system yet
	Ended   State = "ended"
	Refused State = "refused" // nothing was made
	Failed  State = "failed"  // it could not be made, and nothing is left of it
)

// States lists them in the order in which one passes through them.
var States = []State{Waiting, Making, Active, Ending, Ended, Refused, Failed}

// Over reports whether nothing is to follow.
func (s State) Over() bool { return slices.Contains([]State{Ended, Refused, Failed}, s) }

// Stands reports whether an account of it may be in its system.
func (s State) Stands() bool { return slices.Contains([]State{Making, Active, Ending}, s) }

// The reasons why a lease stands where it does.
const (
	CodeTime        = "time"         // its end came
	CodeReturned    = "returned"     // whoever has it gave it back
	CodeForced      = "forced"       // somebody else ended it
	CodeLost        = "not-eligible" // what permitted it is not so any more
	CodeNotMade     = "not-made"     // it was not made in time, or its system refused
	CodeUnanswered  = "unanswered"   // nobody was there any more to be given its value
	CodeNotApproved = "not-approved"
	CodeMissed      = "missed" // it was agreed to, and not taken
)

// Lease is one account that was made for one use. Each of its times is zero until it comes.
type Lease struct {
	ID        access.LeaseID    `json:"id"`
	Chain     access.ChainID    `json:"chain"`
	Template  access.TemplateID `json:"template"`
	System    access.SystemID   `json:"system"`
	Identity  access.IdentityID `json:"identity"`
	Name      string            `json:"login" doc:"Of the account in its system"`
	Mark      string            `json:"-"`
	Successor string            `json:"-"`
	State     State             `json:"state" enum:"waiting,making,active,ending,ended,refused,failed"`
	Reason    string            `json:"reason,omitempty"`
	Ticket    string            `json:"ticket,omitempty"`
	Lasts     time.Duration     `json:"lasts" doc:"What was asked for, in nanoseconds"`
	Most      time.Duration     `json:"most" doc:"From its start to its end at most, renewals included, in nanoseconds"`
	Asked     access.Time       `json:"asked_at"`
	Approval  access.ApprovalID `json:"approval,omitzero"`
	Agreed    access.Time       `json:"agreed_at,omitzero" doc:"When the last who had to agree did"`
	Start     access.Time       `json:"starts_at,omitzero"`
	End       access.Time       `json:"ends_at,omitzero"`
	Finished  access.Time       `json:"over_at,omitzero" doc:"When it was over"`
	Gone      access.Time       `json:"gone_at,omitzero" doc:"When its account was seen gone"`
	Late      bool              `json:"late,omitempty" doc:"It is over, and its account is still there"`
	Attempts  int               `json:"attempts,omitempty" doc:"How often taking it away has failed"`
	Code      string            `json:"code,omitempty" doc:"Why it stands where it does"`
	Said      string            `json:"said,omitempty" doc:"And in words"`
	EndedBy   string            `json:"ended_by,omitempty"`
}

// latestEnd is until when a lease may last, renewals included.
func (l *Lease) latestEnd() access.Time { return l.Start + access.Time(l.Most.Microseconds()) }
