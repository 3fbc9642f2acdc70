package rotate

import (
	"context"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// What looking after pairs can meet.
var (
	ErrPair   = fault.New(fault.Invalid, "bad-account-pair", "a pair is two accounts of one system that a secret takes turns with")
	ErrNoPair = fault.New(fault.NotFound, "account-pair-not-found", "the secret has no pair of accounts")
	ErrPaired = fault.New(fault.Conflict, "account-paired", "the account is one of a pair: end that first with 'writ rotate unpair'")
	ErrSwitch = fault.New(fault.Conflict, "account-pair-switching", "the pair is in the middle of a switch: wait until both accounts are settled")
)

// Pair is two accounts that take turns under one secret. Live is the one that the current
// value opens; the other is idle, or was live until a switch and is left as it is until every
// consumer has confirmed the new value, or its grace is over.
type Pair struct {
	Secret access.SecretID  `json:"secret"`
	First  access.AccountID `json:"account"`
	Other  access.AccountID `json:"other"`
	Live   access.AccountID `json:"live"`
	Grace  time.Duration    `json:"-"`
	Former access.Time      `json:"former_until,omitzero" doc:"Until when the account that was live before a switch opens as before, where it does"`
}

// The grace of a pair is an hour to thirty days.
const (
	leastGrace = time.Minute
	mostGrace  = 30 * 24 * time.Hour
	UsualGrace = 24 * time.Hour
)

// Validate reports the first rule that p breaks.
func (p Pair) Validate() error {
	switch {
	case p.Other == 0 || p.Other == p.First:
		return ErrPair.With("a pair takes another account than the one that the secret has")
	case p.Grace < leastGrace || p.Grace > mostGrace:
		return ErrPair.With("the grace of a pair is a minute to thirty days")
	}
	return nil
}

// Idle is the account that is not live.
func (p Pair) Idle() access.AccountID {
	if p.Live == p.First {
		return p.Other
	}
	return p.First
}

// Turn is the account that an attempt works on: the idle one, since the live one is not
// touched while somebody uses it. A doubt is about whichever has values that nobody knows the
// end of: the live one first.
func (p Pair) Turn(cause Cause, liveUnknown, idleUnknown bool) access.AccountID {
	if cause == Restored || cause == InDoubt && (liveUnknown || !idleUnknown) {
		return p.Live
	}
	return p.Idle()
}

// Ripe is from when on the account that was live before a switch may be changed: zero is now.
// After an incident nobody is waited for.
func (p Pair) Ripe(account access.AccountID, cause Cause) access.Time {
	if account == p.Live || cause == Incident {
		return 0
	}
	return p.Former
}

// Part is what a value becomes that was seen to open.
type Part string

// The parts.
const (
	AsCurrent Part = "current" // of the account that the secret had
	AsSwitch  Part = "switch"  // the idle account is the live one from now on
	AsStandby Part = "standby" // it opens the idle account, and waits there
)

// Becomes says what a value of an account becomes. Fresh is that it is newer than what the
// secret is due for.
func (p Pair) Becomes(account access.AccountID, cause Cause, fresh bool) Part {
	switch {
	case account == p.Live:
		return AsCurrent
	case p.Former == 0 && cause != InDoubt && fresh:
		return AsSwitch
	}
	return AsStandby
}

// PairStore keeps pairs.
type PairStore interface {
	// Pair returns the pair of a secret, or ErrNoPair.
	Pair(ctx context.Context, of access.SecretID) (Pair, error)
	// SetPair makes a pair of the account that a secret has and another one.
	SetPair(ctx context.Context, p Pair) error
	// EndPair leaves the secret with the account that is live.
	EndPair(ctx context.Context, of access.SecretID) error
}
