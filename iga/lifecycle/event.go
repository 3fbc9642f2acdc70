package lifecycle

import (
	"context"
	"time"
	_ "time/tzdata" // a static binary knows every zone

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What ordering an event can meet.
var (
	ErrEventKind    = fault.New(fault.Invalid, "event-kind", "what can be ordered is hire, leave, suspend, return, terminate or rehire")
	ErrEventTime    = fault.New(fault.Invalid, "event-time", "a time is written like 2027-01-31T18:00, in a zone such as Europe/Zurich, and five years away at most")
	ErrNoPerson     = fault.New(fault.NotFound, "event-person", "there is no such person")
	ErrNoEvent      = fault.New(fault.NotFound, "event-not-found", "no event of that id is planned or in force")
	ErrUnknownEvent = fault.New(fault.NotFound, "event-unknown", "there is no such event in anybody's life")
	ErrEventSelf    = fault.New(fault.Denied, "event-self", "nobody orders what happens in their own life: somebody else does")
)

// EventKind is what happens in somebody's life.
type EventKind string

// The kinds of event.
const (
	Hire      EventKind = "hire"
	Move      EventKind = "move"
	Leave     EventKind = "leave"
	Suspend   EventKind = "suspend"
	Return    EventKind = "return"
	Terminate EventKind = "terminate"
	Rehire    EventKind = "rehire"
	Convert   EventKind = "convert"
	// ContractEnd is that a third party is suspended because their contract is over.
	ContractEnd EventKind = "contract_end"
)

// orders are the kinds that a person may order, and the state that each brings.
var orders = map[EventKind]access.IdentityState{
	Hire: access.Active, Leave: access.LeaveOfAbsence, Suspend: access.Suspended, Return: access.Active,
	Terminate: access.Terminated, Rehire: access.Active,
}

// State is the state that an ordered event brings.
func (k EventKind) State() access.IdentityState { return orders[k] }

// KindOf is what happened where somebody's state became another one.
func KindOf(was, is access.IdentityState) EventKind {
	switch {
	case was == is:
		return ""
	case is == access.Terminated:
		return Terminate
	case was == access.Terminated:
		return Rehire
	case is == access.LeaveOfAbsence:
		return Leave
	case is == access.Suspended:
		return Suspend
	case was == access.LeaveOfAbsence, was == access.Suspended:
		return Return
	case is == access.Active && (was == access.PreHire || was == access.Staged || was == ""):
		return Hire
	}
	return ""
}

// Event is something in somebody's life: ordered by a person, or seen in what sources say.
type Event struct {
	Key      string            `json:"key" doc:"By which it is shown: its id, or where it was seen"`
	ID       access.EventID    `json:"id,omitzero" doc:"Of one that is kept as an order"`
	Identity access.IdentityID `json:"identity"`
	Kind     EventKind         `json:"kind" enum:"hire,move,leave,suspend,return,terminate,rehire,convert,contract_end"`
	State    EventState        `json:"state" enum:"coming,happened,cancelled"`
	At       access.Time       `json:"at"`
	Local    string            `json:"local,omitempty" doc:"As it was ordered, in the zone"`
	Zone     string            `json:"zone,omitempty"`
	Urgent   bool              `json:"urgent,omitempty"`
	Reason   string            `json:"reason,omitempty"`
	By       string            `json:"by,omitempty" doc:"Who ordered it, or who read the source"`
	Ordered  bool              `json:"ordered" doc:"A person ordered it; else a source says so"`
	Detail   string            `json:"detail,omitempty"`
	InForce  bool              `json:"in_force,omitempty" doc:"It counts above what sources say, until they agree or it is cancelled"`
	Kept     access.Time       `json:"ordered_at,omitzero" doc:"When it was ordered"`
	Ended    access.Time       `json:"ended_at,omitzero" doc:"Since when it counts no more"`
	EndedBy  string            `json:"ended_by,omitempty" doc:"Who cancelled it"`
	Place    LifePlace         `json:"-"`
}

// EventStore keeps what is ordered.
type EventStore interface {
	// Order keeps an event; one whose time has come counts in the same transaction. It
	// returns ErrNoPerson where there is no such identity.
	Order(ctx context.Context, e Event) (access.EventID, error)
	// CancelEvent ends one, or returns ErrNoEvent.
	CancelEvent(ctx context.Context, id access.EventID, reason string) error
	LifeStore
}

const localForm = "2006-01-02T15:04"

// Instant resolves a local time in a zone. A time that the clocks there leave out is none.
func Instant(local, zone string) (access.Time, error) {
	where, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		return 0, ErrEventTime.With("%q is no time zone: write one such as Europe/Zurich or UTC", zone)
	}
	at, err := time.ParseInLocation(localForm, local, where)
	if err != nil {
		return 0, ErrEventTime.With("%q is no time such as 2027-01-31T18:00", local)
	}
	if at.Format(localForm) != local {
		return 0, ErrEventTime.With("%s does not exist in %s: the clocks are put forward there", local, zone)
	}
	return access.TimeOf(at), nil
}

// Schedule orders that something happens in somebody's life, at a local time in a zone.
func (s *Service) Schedule(ctx context.Context, e Event) (access.EventID, error) {
	if orders[e.Kind] == "" {
		return 0, ErrEventKind.With("%q cannot be ordered: take hire, leave, suspend, return, terminate or rehire", e.Kind)
	}
	var err error
	if e.At, err = Instant(e.Local, e.Zone); err != nil {
		return 0, err
	}
	if now := s.now(); e.At > now+5*366*day {
		return 0, ErrEventTime.With("%s is more than five years away", e.Local)
	}
	return s.order(ctx, e)
}

// Emergency terminates somebody at once: everything is cut first, past every guard, and
// tidied after.
func (s *Service) Emergency(ctx context.Context, who access.IdentityID, reason string) (access.EventID, error) {
	now := s.now()
	return s.order(ctx, Event{Identity: who, Kind: Terminate, At: now, Local: now.Time().Format(localForm), Zone: "UTC", Urgent: true, Reason: reason})
}

func (s *Service) order(ctx context.Context, e Event) (access.EventID, error) {
	if err := validReason(e.Reason); err != nil {
		return 0, err
	}
	return s.Store.Order(ctx, e)
}

// CancelEvent takes back what was ordered: what the sources say counts again.
func (s *Service) CancelEvent(ctx context.Context, id access.EventID, reason string) error {
	if err := validReason(reason); err != nil {
		return err
	}
	return s.Store.CancelEvent(ctx, id, reason)
}

const (
	mostEvents = 200
	seenDays   = 90
)

// Events are what is planned, what is in force, and what happened in the last three months,
// of all; of one person, all that was ever.
func (s *Service) Events(ctx context.Context, of access.IdentityID) ([]Event, error) {
	q := LifeQuery{Identity: of, Since: s.now() - seenDays*day, First: mostEvents}
	if of != 0 {
		q.Since = 0
	}
	list, _, err := s.Life(ctx, q)
	return list, err
}
