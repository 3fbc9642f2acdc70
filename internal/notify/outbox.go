package notify

import (
	"time"

	"github.com/writhq/writ/internal/fault"
)

// State is where a mail of the outbox stands.
type State string

// The states.
const (
	Waiting   State = "waiting"   // for its first try
	Failed    State = "failed"    // and is tried again
	Sent      State = "sent"      // a server took it
	Dead      State = "dead"      // given up; a person may try it again
	Cancelled State = "cancelled" // by a person
)

// States are all of them.
var States = []State{Waiting, Failed, Sent, Dead, Cancelled}

// Tries is how often a mail is tried before it is given up: with Pause between them that
// is about five days (RFC 5321, 4.5.4.1).
const Tries = 36

const (
	firstPause = 2 * time.Minute // longer than sending takes, so that no two send one mail
	lastPause  = 4 * time.Hour
)

// Pause is how long a mail rests after so many tries.
func Pause(tries int) time.Duration {
	pause := firstPause
	for range max(tries, 1) - 1 {
		if pause *= 2; pause >= lastPause {
			return lastPause
		}
	}
	return pause
}

// How long the texts of mails that have ended are kept. Their keys stay.
const (
	SentKept = 30 * 24 * time.Hour // also of cancelled ones
	DeadKept = 90 * 24 * time.Hour
)

// What can be wrong with changing a mail of the outbox.
var (
	ErrNoMail = fault.New(fault.NotFound, "mail-not-found", "there is no such mail: 'writ mail list' shows those that there are")
	ErrEnded  = fault.New(fault.Conflict, "mail-ended", "that mail was sent or cancelled, or what it said is no longer kept")
)

// Kept is a mail of the outbox.
type Kept struct {
	ID       string    `json:"id"`
	Key      string    `json:"key" doc:"What occasion it is about: it is sent once for it"`
	State    State     `json:"state" enum:"waiting,failed,sent,dead,cancelled" doc:"Failed is tried again, dead is not"`
	To       Recipient `json:"to" doc:"Empty where it is no longer kept"`
	Subject  string    `json:"subject,omitempty"`
	Attempts int       `json:"attempts"`
	At       time.Time `json:"at" doc:"When it was put there"`
	Next     time.Time `json:"next,omitzero" doc:"When it is tried next"`
	Ended    time.Time `json:"ended,omitzero" doc:"When it was sent, given up or cancelled"`
	Code     string    `json:"code,omitempty" doc:"Why the last try failed"`
	Error    string    `json:"error,omitempty" doc:"The same in words; they may be the mail server's"`
}

// Filter says which mails are asked for.
type Filter struct {
	State  State // "" is any
	Before int64 // the key of the last one that was seen; 0 begins at the newest
	First  int
}
