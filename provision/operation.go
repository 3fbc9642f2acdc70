package provision

import (
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
)

// What somebody who works with operations can meet.
var (
	ErrNotFound   = fault.New(fault.NotFound, "operation-not-found", "there is no such operation or provisioning run")
	ErrState      = fault.New(fault.Conflict, "operation-state", "the operation is not in a state that allows this: read it again")
	ErrOwnRun     = fault.New(fault.Denied, "own-run", "whoever caused a change does not approve it: ask somebody else")
	ErrReason     = fault.New(fault.Invalid, "reason-required", "this needs a reason")
	ErrNoAccount  = fault.New(fault.Conflict, "no-account", "there is no account yet that this could be done to")
	ErrDiffers    = fault.New(fault.Unavailable, "not-performed", "the system accepted the change and does not show it: look into its own log, then resume the operation")
	ErrCredential = fault.New(fault.NotFound, "credential-gone", "there is no first password for you to pick up: it was picked up already, or has ended")
	ErrTries      = fault.New(fault.Unavailable, "too-many-requests", "too many tries that failed: wait a few minutes")
	ErrUndoReach  = fault.New(fault.Denied, "undo-reach", "a change is taken back in every system that it was made in: ask somebody who may operate all of them")
	ErrLimits     = fault.New(fault.Invalid, "bad-limits", "these limits cannot be used")
)

// State is where an operation stands.
type State string

// The states. The last three are ends; what is dead can be resumed.
const (
	Planned   State = "planned"
	Held      State = "held"    // until somebody approves its run
	Waiting   State = "waiting" // for a person who does it by hand, for its system, or for the account that it is about
	Running   State = "running"
	Failed    State = "failed" // will be tried again
	Verified  State = "verified"
	Dead      State = "dead" // will not be tried again by itself
	Cancelled State = "cancelled"
)

// States lists them in display order.
var States = []State{Planned, Held, Waiting, Running, Failed, Dead, Verified, Cancelled}

// Open reports whether the operation may still be carried out by itself, or by hand.
func (s State) Open() bool {
	return slices.Contains([]State{Planned, Held, Waiting, Running, Failed}, s)
}

// Operation is one write in one system. It is kept for ever.
type Operation struct {
	ID       access.OperationID    `json:"id"`
	Run      access.ProvisioningID `json:"run"`
	Kind     connector.ChangeKind  `json:"kind"`
	System   access.SystemID       `json:"system"`
	Identity access.IdentityID     `json:"identity,omitzero"`
	Target   access.TargetID       `json:"target,omitzero"`  // the account that should be
	Account  access.AccountID      `json:"account,omitzero"` // none while no sync has seen it

	Entitlement access.EntitlementID `json:"entitlement,omitzero"`
	Resource    access.ResourceID    `json:"resource,omitzero"`
	// Login is what the account is to be called, where it is told by an account that
	// should be.
	Login string            `json:"login,omitempty"`
	Set   map[string]string `json:"set,omitempty"` // of an account that is made or updated
	// Since is the change set that caused it: one cause brings an operation once.
	Since  int64 `json:"-"`
	ByHand bool  `json:"by_hand,omitempty"` // a person does it, and the next sync tells whether
	Undo   bool  `json:"undo,omitempty"`    // it takes back what was done, or what somebody else did
	Urgent bool  `json:"urgent,omitempty"`

	State    State       `json:"state"`
	Attempts int         `json:"attempts"`
	Due      access.Time `json:"due_at,omitzero"` // not before
	// Failing is when the first attempt failed that no success followed.
	Failing access.Time `json:"failing_since,omitzero"`
	Code    string      `json:"code,omitempty"`
	Error   string      `json:"error,omitempty"`
	Planned access.Time `json:"planned_at"`
	Tried   access.Time `json:"tried_at,omitzero"`
	Ended   access.Time `json:"ended_at,omitzero"` // verified, dead or cancelled
}

// CodeSeen says of an operation that the system was so already: nothing was written.
const CodeSeen = "seen"

// The other reasons why an operation stands where it does, beside codes of errors.
const (
	codeOvertaken = "overtaken"  // what caused it is not so any more
	codeNoAccount = "no-account" // waits for the account that it is about
	codeByHand    = "by-hand"
	codeLater     = "asked" // the system was asked, and will show it when it has been done
)

// Destructive reports whether the kind takes something away.
func Destructive(k connector.ChangeKind) bool {
	switch k {
	case connector.RemoveGrant, connector.DisableAccount, connector.DeleteAccount:
		return true
	case connector.AddGrant, connector.EnableAccount, connector.CreateAccount, connector.UpdateAccount, connector.EndSessions:
	}
	return false
}

// DestructiveKinds lists them.
var DestructiveKinds = []connector.ChangeKind{connector.RemoveGrant, connector.DisableAccount, connector.DeleteAccount}

// Rank is the order within a system: who may no longer get in is shut out first, what
// should not be had is taken before anything is given, and what is gone is gone last.
func Rank(k connector.ChangeKind) int {
	return slices.Index([]connector.ChangeKind{
		connector.DisableAccount, connector.EndSessions, connector.RemoveGrant, connector.CreateAccount, connector.EnableAccount,
		connector.UpdateAccount, connector.AddGrant, connector.DeleteAccount,
	}, k)
}

// of reports whether the operation is about an account.
func (o *Operation) of(a *Account) bool {
	return o.Account != 0 && o.Account == a.ID || o.Target != 0 && o.Target == a.Target
}

// isGrant reports whether it gives or takes an entitlement.
func (o *Operation) isGrant() bool {
	return o.Kind == connector.AddGrant || o.Kind == connector.RemoveGrant
}

// life is the state of an account that the operation brings about; "" for none.
func (o *Operation) life() access.TargetState {
	switch o.Kind {
	case connector.CreateAccount, connector.EnableAccount:
		return access.TargetEnabled
	case connector.DisableAccount:
		return access.TargetDisabled
	case connector.DeleteAccount:
		return access.TargetDeleted
	case connector.AddGrant, connector.RemoveGrant, connector.UpdateAccount, connector.EndSessions:
	}
	return ""
}
