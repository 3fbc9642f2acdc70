package approval

import (
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What delegating can meet.
var (
	ErrDelegation  = fault.New(fault.Invalid, "bad-delegation", "a delegation is to somebody else, begins before it ends, and is for 90 days at most")
	ErrDelegate    = fault.New(fault.Invalid, "delegate-inactive", "only a person who works here decides in somebody's place")
	ErrRevoked     = fault.New(fault.Conflict, "delegation-ended", "this delegation has ended already")
	ErrDelegations = fault.New(fault.Refused, "delegation-many", "that is more delegations at a time than anybody needs: end one first")
)

// Delegation has somebody decide in somebody else's place for a time.
type Delegation struct {
	ID      access.DelegationID `json:"id"`
	From    access.IdentityID   `json:"from" doc:"In whose place"`
	To      access.IdentityID   `json:"to" doc:"Who decides"`
	Start   access.Time         `json:"start"`
	End     access.Time         `json:"end"`
	Reason  string              `json:"reason"`
	MadeAt  access.Time         `json:"made_at"`
	Revoked access.Time         `json:"revoked,omitzero" doc:"When it was ended before its end"`
}

const (
	// LongestDelegation is how long one may be.
	LongestDelegation = 90 * 24 * time.Hour
	// MostDelegations is how many somebody may have at a time.
	MostDelegations = 20
	// delegationAhead is how far ahead one may begin.
	delegationAhead = 366 * 24 * time.Hour
)

// Holds reports whether it counts at a time.
func (d Delegation) Holds(at access.Time) bool {
	return d.Revoked == 0 && d.Start <= at && at < d.End
}

// Validate reports the first rule that d breaks at the time when it is made.
func (d Delegation) Validate(at access.Time) error {
	switch {
	case d.From == 0 || d.To == 0 || d.From == d.To, d.Start >= d.End, d.End <= at,
		d.End-d.Start > access.Time(LongestDelegation.Microseconds()),
		d.Start > at+access.Time(delegationAhead.Microseconds()):
		return ErrDelegation
	}
	return nil
}
