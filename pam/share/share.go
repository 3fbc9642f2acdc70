package share

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/internal/secret"
)

// What giving a secret outside, and opening what was given, can meet.
var (
	ErrNoShare   = fault.New(fault.NotFound, "share-not-found", "there is no such share, or it is not yours to see")
	ErrEnded     = fault.New(fault.Conflict, "share-ended", "the share has ended already")
	ErrLasts     = fault.New(fault.Invalid, "share-lasts", "it lasts a minute at least, and no longer than the safe lets it")
	ErrRecipient = fault.New(fault.Invalid, "share-recipient", "a share is for somebody with a name and a mail address")
	ErrField     = fault.New(fault.Invalid, "share-field", "the secret has no such field")
	ErrTicket    = fault.New(fault.Invalid, "ticket-required", "this needs the name of a ticket")
	ErrMail      = fault.New(fault.Refused, "share-mail", "the link cannot be mailed")

	// What whoever opens is told.
	ErrOver   = fault.New(fault.NotFound, "share-over", "this link opens nothing: it was opened already, or is over, or was never one; ask whoever sent it to you")
	ErrNotNow = fault.New(fault.Unavailable, "share-not-now", "this link cannot be opened now: try again later, or ask whoever sent it to you")
	ErrNeeds  = fault.New(fault.Invalid, "share-code-required", "this link takes a code, which whoever sent it to you tells you by another way")
	ErrCode   = fault.New(fault.Denied, "share-code", "this is not the code that goes with the link; after a few wrong ones it opens nothing any more")
	ErrBusy   = fault.New(fault.Unavailable, "too-many-requests", "too many tries that failed: wait a few minutes")
)

// State is how far a share has come.
type State string

// The states. All but the first two are ends.
const (
	Waiting   State = "waiting" // for others to agree
	Open      State = "open"
	Opened    State = "opened"
	Expired   State = "expired"
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
	Blocked   State = "blocked" // after too many wrong codes
)

// Live reports whether it has not ended.
func (s State) Live() bool { return s == Waiting || s == Open }

// MostTries is how many wrong codes block a share.
const MostTries = 5

// usually is how long a share lasts unless somebody says otherwise.
const usually = 24 * time.Hour

// Recipient is whom a share is for.
type Recipient struct {
	Name  string `json:"name" minLength:"1" maxLength:"200" example:"Rosa Vidal"`
	Email string `json:"email" minLength:"3" maxLength:"254" example:"rosa@supplier.example"`
}

// Validate reports the first rule that r breaks, and makes its name canonical.
func (r *Recipient) Validate() (err error) {
	if r.Name, err = access.Said(r.Name); err != nil || r.Name == "" || len(r.Name) > 200 {
		return ErrRecipient
	}
	if notify.CheckAddress(r.Email) != nil {
		return ErrRecipient.With("%q is no address that mail can be sent to", r.Email)
	}
	return nil
}

// Share is that somebody gives a secret to somebody outside.
type Share struct {
	ID        access.ShareID    `json:"id"`
	Secret    access.SecretID   `json:"secret"`
	Safe      access.SafeID     `json:"safe"`
	Sponsor   access.IdentityID `json:"sponsor" doc:"Who gives it"`
	Recipient Recipient         `json:"recipient"`
	Field     string            `json:"field,omitempty" doc:"The one field of it that is given; without it, all"`
	State     State             `json:"state" enum:"waiting,open,opened,expired,refused,withdrawn,blocked"`
	Code      bool              `json:"code" doc:"A code goes with the link"`
	Tries     int               `json:"wrong_codes" doc:"How many were given"`
	Reason    string            `json:"reason"`
	Ticket    string            `json:"ticket,omitempty"`
	Lasts     time.Duration     `json:"-"`
	Asked     access.Time       `json:"asked"`
	Started   access.Time       `json:"started,omitzero"`
	Ends      access.Time       `json:"ends,omitzero" doc:"Until when it opens; what it was is due for another value by then"`
	Ended     access.Time       `json:"ended,omitzero" doc:"When it was opened, or ended otherwise"`
	EndedBy   string            `json:"ended_by,omitempty" doc:"Who ended it: an identity, or a part of a node"`
	EndReason string            `json:"end_reason,omitempty"`
	Version   access.VersionID  `json:"version,omitzero" doc:"That was opened"`
	Approval  access.ApprovalID `json:"approval,omitzero"`
	Chain     access.ChainID    `json:"chain,omitzero"`
}

// Start has it open from a time on.
func (s *Share) Start(at access.Time) {
	s.State, s.Started, s.Ends = Open, at, at+access.Time(s.Lasts/time.Microsecond)
}

// lasting is how long a share lasts, where its safe lets it last so long.
func lasting(asked, most time.Duration) (time.Duration, error) {
	switch {
	case asked == 0:
		return min(usually, most), nil
	case asked < time.Minute || asked > most:
		return 0, ErrLasts.With("it lasts between a minute and %s, by its safe", access.Lasting(most))
	}
	return asked, nil
}

// Part is what is given of a value: all of it, or one field of what is written in JSON.
// Whoever calls wipes it, and the value too.
func Part(value secret.Secret, field string) (secret.Secret, error) {
	if field == "" {
		return secret.New(value.Reveal()), nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(value.Reveal(), &fields) != nil {
		return secret.Secret{}, ErrField.With("the secret has no fields")
	}
	raw, has := fields[field]
	if !has || bytes.Equal(raw, []byte("null")) {
		return secret.Secret{}, ErrField
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return secret.New([]byte(text)), nil
	}
	return secret.New(raw), nil
}
