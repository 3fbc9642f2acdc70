package vault

import (
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What checking out and in can meet.
var (
	ErrOut           = fault.New(fault.Conflict, "secret-out", "somebody else has the secret out")
	ErrHaveIt        = fault.New(fault.Conflict, "checkout-open", "you have it out, or have asked for it, already")
	ErrNoCheckout    = fault.New(fault.NotFound, "checkout-not-found", "there is no such check-out, or it is not yours to see")
	ErrCheckoutEnded = fault.New(fault.Conflict, "checkout-ended", "the check-out is not under way")
	ErrLasts         = fault.New(fault.Invalid, "checkout-lasts", "it lasts a minute at least, and no longer than its terms say")
)

// CheckoutState is how far a check-out has come.
type CheckoutState string

// The states. All but the first two are ends.
const (
	Waiting   CheckoutState = "waiting" // for others to agree
	Out       CheckoutState = "out"
	Returned  CheckoutState = "returned"
	Expired   CheckoutState = "expired"
	Refused   CheckoutState = "refused"
	Forced    CheckoutState = "forced"
	Withdrawn CheckoutState = "withdrawn"
)

// CheckoutStates lists them.
var CheckoutStates = []CheckoutState{Waiting, Out, Returned, Expired, Refused, Forced, Withdrawn}

// Open reports whether it has not ended.
func (s CheckoutState) Open() bool { return s == Waiting || s == Out }

// Checkout is that somebody has a secret out, wants it, or had it.
type Checkout struct {
	ID        access.CheckoutID `json:"id"`
	Secret    access.SecretID   `json:"secret"`
	Safe      access.SafeID     `json:"safe"`
	Identity  access.IdentityID `json:"identity"`
	Exclusive bool              `json:"exclusive"`
	Rotates   bool              `json:"rotates" doc:"With its end the secret is due for another value"`
	State     CheckoutState     `json:"state" enum:"waiting,out,returned,expired,refused,forced,withdrawn"`
	Reason    string            `json:"reason,omitempty"`
	Ticket    string            `json:"ticket,omitempty"`
	Lasts     time.Duration     `json:"-"`
	Most      time.Duration     `json:"-"`
	Asked     access.Time       `json:"asked"`
	Agreed    access.Time       `json:"agreed,omitzero" doc:"When those who had to agree had done so"`
	Started   access.Time       `json:"started,omitzero"`
	Ends      access.Time       `json:"ends,omitzero"`
	Ended     access.Time       `json:"ended,omitzero"`
	EndedBy   string            `json:"ended_by,omitempty" doc:"Who ended it: an identity, or a part of a node"`
	EndReason string            `json:"end_reason,omitempty"`
	Approval  access.ApprovalID `json:"approval,omitzero"`
	Chain     access.ChainID    `json:"chain,omitzero"`
}

// Until is when it would end if it lasted this long from its start, or from now where it
// has none yet.
func (c Checkout) Until(lasts time.Duration, now access.Time) access.Time {
	from := c.Started
	if from == 0 {
		from = now
	}
	return from + access.Time(lasts/time.Microsecond)
}

// UnderWay returns why nothing can be done by c, if somebody does not have the secret out.
func (c Checkout) UnderWay(now access.Time) error {
	switch {
	case c.State == Waiting:
		return ErrCheckoutEnded.With("the check-out waits until others have agreed")
	case c.State != Out || c.Ends <= now:
		return ErrCheckoutEnded.With("the check-out has ended: check the secret out again")
	}
	return nil
}

// Extended is when c ends if it is to last longer by some time: never later than its terms
// let it.
func (c Checkout) Extended(by time.Duration, now access.Time) (access.Time, error) {
	ends := c.Ends + access.Time(by/time.Microsecond)
	if err := c.UnderWay(now); err != nil {
		return 0, err
	}
	switch last := c.Until(c.Most, now); {
	case by < time.Minute:
		return 0, ErrLasts
	case ends > last:
		return 0, ErrLasts.With("it lasts until %s at most, by its terms", last.Time().UTC().Format(time.DateTime))
	}
	return ends, nil
}

// lasting is how long a check-out lasts: what is asked for, or all that the terms let it.
func lasting(asked time.Duration, t access.Terms) (time.Duration, error) {
	switch {
	case asked == 0:
		return t.Most, nil
	case asked < time.Minute || asked > t.Most:
		return 0, ErrLasts.With("it lasts between a minute and %s, by its terms", t.Most)
	}
	return asked, nil
}
