package rotate

import (
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/generate"
	"github.com/writhq/writ/internal/secret"
)

// What rotating can meet.
var (
	ErrNoTarget = fault.New(fault.Invalid, "secret-opens-nothing", "Writ does not know what this secret opens: say so with 'writ secret change --account', or change it there and put the new value")
	ErrKeeps    = fault.New(fault.Invalid, "system-keeps-no-secret", "Writ cannot change this kind of secret in this kind of system: change it there, then put the new value")
	ErrRefused  = fault.New(fault.Unavailable, "secret-not-taken", "the system took the new secret and does not open with it")
	ErrSchedule = fault.New(fault.Invalid, "bad-rotation-schedule", "a secret is changed every hour to every ten years, in a window of hours or in none")
	ErrNotDue   = fault.New(fault.NotFound, "rotation-not-found", "the secret is not due, or it is not yours to see")
)

// Cause is why a secret is due.
type Cause string

// The causes, the most urgent last: a secret that is due for several is so for that one.
const (
	OnSwitch   Cause = "switch" // the account that was live before is not used any more
	OnSchedule Cause = "schedule"
	OnDemand   Cause = "demand"
	OnCheckIn  Cause = "checkin"
	OnShare    Cause = "share" // somebody outside saw it
	OnFinding  Cause = "finding"
	InDoubt    Cause = "doubt" // a node that lost its turn may have set something
	OnLeaver   Cause = "leaver"
	Incident   Cause = "incident"
	Restored   Cause = "restore" // the database is an older one: whether the value opens anything is not known
)

// Causes lists them, the most urgent last. OnSwitch is as urgent as a schedule,
// OnShare as a check-in.
var Causes = []Cause{OnSchedule, OnDemand, OnCheckIn, OnFinding, InDoubt, OnLeaver, Incident, Restored}

// State is how far a secret that is due has come.
type State string

// The states.
const (
	Due     State = "due"     // it is its turn as soon as there is room
	Failing State = "failing" // it is tried again
	Waiting State = "waiting" // for a person
	Planned State = "planned" // for the day that those who use it were told of
)

// Queued is a secret that is due.
type Queued struct {
	Secret   access.SecretID `json:"secret"`
	Cause    Cause           `json:"cause" enum:"switch,schedule,demand,checkin,share,finding,doubt,leaver,incident,restore"`
	State    State           `json:"state" enum:"due,failing,waiting,planned"`
	Since    access.Time     `json:"since"`
	Next     access.Time     `json:"next" doc:"When it is tried, or tried again"`
	Attempts int             `json:"attempts"`
	Failing  access.Time     `json:"failing_since,omitzero"`
	Code     string          `json:"code,omitempty"`
	Error    string          `json:"error,omitempty"`
}

// Job is what one attempt has to know.
type Job struct {
	Queued
	Name    string // of the secret
	System  access.SystemID
	Account string // native id; "" is not known
	// Rests is until when the account is left as it is; zero is that it may be changed now.
	Rests   access.Time
	Kind    connector.SecretKind
	Rules   generate.Rules
	Beside  bool   // what else opens the account stays
	Instead string // but for the key with this fingerprint
	// Held are the values that the account may open with, the newest first.
	Held []Held
}

// Held is a value that the vault holds.
type Held struct {
	Version access.VersionID
	At      access.Time
	Pending bool // no sign-in with it has been seen
	Current bool // the account opened with it when that was last seen
	Value   secret.Secret
}

// current is the value that the account opened with when that was last seen.
func (j *Job) current() secret.Secret {
	for _, h := range j.Held {
		if h.Current {
			return h.Value
		}
	}
	return secret.Secret{}
}

// pending are the values of attempts that nobody knows the end of, the newest first.
func (j *Job) pending() (list []Held) {
	for _, h := range j.Held {
		if h.Pending {
			list = append(list, h)
		}
	}
	return list
}

// wipe forgets the values.
func (j *Job) wipe() {
	for i := range j.Held {
		j.Held[i].Value.Wipe()
	}
}

// LeaverNotice is how long those who look after the consumers of a secret have, where a leaver
// knows it and no pair of accounts lets it be changed at once.
const LeaverNotice = 72 * time.Hour

// Failure is how an attempt ended that changed nothing for sure.
type Failure struct {
	State State
	Code  string
	Error string
	After time.Duration // until the next attempt
}

// Schedule is how often a secret is changed by itself.
type Schedule struct {
	Secret access.SecretID `json:"secret"`
	Every  time.Duration   `json:"-"`
	// From and Until are hours of the day by UTC; the same is the whole day. Until may lie
	// after midnight.
	From  int         `json:"from"`
	Until int         `json:"until"`
	Next  access.Time `json:"next" doc:"When it is due"`
}

// Validate reports the first rule that s breaks.
func (s Schedule) Validate() error {
	hour := func(h int) bool { return h >= 0 && h < 24 }
	if s.Every < time.Hour || s.Every > 10*365*24*time.Hour || !hour(s.From) || !hour(s.Until) {
		return ErrSchedule
	}
	return nil
}

// Due is the first moment in the window that is not before at.
func (s Schedule) Due(at time.Time) time.Time {
	at = at.UTC()
	if s.From == s.Until {
		return at
	}
	hours := (s.Until - s.From + 24) % 24
	opens := time.Date(at.Year(), at.Month(), at.Day(), s.From, 0, 0, 0, time.UTC)
	if opens.After(at) && opens.AddDate(0, 0, -1).Add(time.Duration(hours)*time.Hour).After(at) {
		return at // the window that opened yesterday
	}
	switch {
	case opens.After(at):
		return opens
	case opens.Add(time.Duration(hours) * time.Hour).After(at):
		return at
	}
	return opens.AddDate(0, 0, 1)
}
