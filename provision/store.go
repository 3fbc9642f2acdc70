package provision

import (
	"context"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
)

// Store is what this package needs from a database.
type Store interface {
	PlanStore
	WorkStore
	DeskStore
	CredentialStore
}

// PlanStore is what planning needs.
type PlanStore interface {
	// EndDue ends the justifications whose end has come, a batch of them, and returns how
	// many it ended.
	EndDue(ctx context.Context) (int, error)
	// News is whom anything changed for after a revision, and after the one that planning
	// has reached.
	News(ctx context.Context, after access.Rev) (News, error)
	// Facts reads what is known of some, in the order of their ids. The store says of a
	// system its Name, kind and Read; with adds the rest.
	Facts(ctx context.Context, of Units, with func(y *System, kind string, options map[string]string), take func(*Facts) error) error
	// Lead makes this node the one that plans, or returns ErrLeased of package store.
	Lead(ctx context.Context, ttl time.Duration) (Lead, error)
	// WaitRev waits for a revision after one.
	WaitRev(ctx context.Context, rev access.Rev) (access.Rev, error)
}

// Units are what is planned for by itself: identities, and targets that are nobody's.
type Units struct {
	Identities []access.IdentityID
	Targets    []access.TargetID
}

// News is what planning has to look at.
type News struct {
	Units
	Rev access.Rev // up to which it is all
}

// Lead is planning by one node.
type Lead interface {
	// Keep keeps plans with their runs in one change. What the guard holds waits.
	Keep(ctx context.Context, plans []Plan) (Kept, error)
	// Shown keeps that the last sync showed what a person was to do.
	Shown(ctx context.Context, id access.OperationID) error
	// Reached keeps how far changes have been planned for.
	Reached(ctx context.Context, rev access.Rev) error
	End(ctx context.Context) error
}

// Kept counts what planning brought.
type Kept struct {
	Runs       []access.ProvisioningID
	Operations int // that are to be carried out
	Held       int // of those, the ones that wait for an approval
}

// WorkStore is what carrying out needs.
type WorkStore interface {
	// Busy are the systems with operations that may be carried out now.
	Busy(ctx context.Context) ([]access.SystemID, error)
	// Own makes this node the one that works on a system, or returns ErrLeased of package
	// store. What whoever had it before left is Failed.
	Own(ctx context.Context, id access.SystemID, ttl time.Duration) (Owner, error)
}

// Owner is the work on one system by one node. All that it does is refused once somebody
// else has the system.
type Owner interface {
	Limits(ctx context.Context) (Limits, error)
	// Claim takes at most n operations that are due, of which no two are about the same
	// account, nor about one that is being changed.
	Claim(ctx context.Context, n int) ([]Job, error)
	// Prepare keeps the mark of an account that is to be made and, where its recipient is
	// given one, its first credential: the one that is kept already, or a new one.
	Prepare(ctx context.Context, j *Job, fresh func() (secret.Secret, error), lasts time.Duration) error
	Verified(ctx context.Context, j *Job) (ended bool, err error)
	Failed(ctx context.Context, j *Job, f Failure) (ended bool, err error)
	// Keep says that this node is still at it.
	Keep(ctx context.Context) error
	End(ctx context.Context) error
}

// Job is an operation with what its connector has to be told.
type Job struct {
	Operation
	Fence       int64
	Native      string // of the account; "" where it is to be made, or looked for by its mark
	Mark        string
	Entitlement string // native
	Resource    string // native
	Recipient   access.IdentityID
	Credential  secret.Secret
	Ends        access.Time // of the credential
	Fresh       bool        // the credential was given to no earlier attempt
}

// Failure is how an attempt ended that was not verified.
type Failure struct {
	State State // Failed, Waiting or Dead
	Code  string
	Error string
	After time.Duration // until the next attempt
}

// DeskStore is what people need who look after provisioning.
type DeskStore interface {
	Operations(ctx context.Context, q Query) ([]Operation, error)
	Operation(ctx context.Context, id access.OperationID) (Operation, error)
	Runs(ctx context.Context, q RunQuery) ([]Run, error)
	Run(ctx context.Context, id access.ProvisioningID) (Run, error)
	// Subjects are the identities that a run is about, and who caused it.
	Subjects(ctx context.Context, id access.ProvisioningID) (about []access.IdentityID, causes []string, err error)
	// Approve lets a held run go on; it is ErrOwnRun for whoever caused any of it.
	Approve(ctx context.Context, id access.ProvisioningID, reason string) error
	// Resume has what is dead, failed or waiting for its system tried at once.
	Resume(ctx context.Context, id access.OperationID, reason string) error
	// Cancel ends an operation that is not under way. With undo the rest of the same
	// change ends too, in every system, and what of it was done is taken back.
	Cancel(ctx context.Context, id access.OperationID, reason string, undo bool) (undone int, err error)
	LimitsOf(ctx context.Context, id access.SystemID) (Limits, error)
	SetLimits(ctx context.Context, id access.SystemID, l Limits) error
	// Drifts are the differences that nobody has decided on, or whose exception has ended.
	Drifts(ctx context.Context, systems []access.SystemID, first int) ([]Drift, error)
	// Revert plans an operation again that was verified and is no longer so.
	Revert(ctx context.Context, id access.OperationID, reason string) error
	// Except leaves a difference as it is until a time.
	Except(ctx context.Context, id access.OperationID, reason string, until access.Time) error
	// Adopt justifies what came back by itself, by whoever decides.
	Adopt(ctx context.Context, id access.OperationID, reason string) error
	// Decide keeps what a person decided of what was found, in one change.
	Decide(ctx context.Context, e audit.Event, d Decision) error
	// PutOrphan keeps how the account of nobody should be, and from when on it should be
	// gone; zero is never.
	PutOrphan(ctx context.Context, id access.AccountID, state access.TargetState, deleteAt access.Time, reason string) (access.TargetID, error)
}

// Decision is what begins and ends to be justified, and how accounts should be.
type Decision struct {
	Begin, End []access.Justification // each of Begin gets its id
	Targets    []*access.Target       // and each of them
}

// Drift is an operation that was verified, and what it brought about is no longer so.
type Drift struct {
	Operation
	Found access.Time `json:"found_at"`
}

// Query narrows a list of operations. Zero fields do not narrow.
type Query struct {
	States   []State
	Systems  []access.SystemID // nil is all
	Run      access.ProvisioningID
	Identity access.IdentityID
	ByHand   bool
	From     access.Time        // planned since
	Until    access.Time        // and before; zero is until now
	Before   access.OperationID // older ones than that
	First    int
}

// RunQuery narrows a list of runs.
type RunQuery struct {
	State   RunState
	Systems []access.SystemID // nil is all
	Before  access.ProvisioningID
	First   int
}

// RunState is where a run stands.
type RunState string

// The states of a run.
const (
	RunOpen RunState = "open"
	RunHeld RunState = "held" // by the guard, until somebody approves it
	RunDone RunState = "done" // nothing of it is left to do
)

// Run is what one planning step brought for one system.
type Run struct {
	ID          access.ProvisioningID `json:"id"`
	System      access.SystemID       `json:"system"`
	State       RunState              `json:"state"`
	Urgent      bool                  `json:"urgent,omitempty"`
	Planned     access.Time           `json:"planned_at"`
	Destructive int64                 `json:"destructive" doc:"How many of its operations take something away"`
	HeldBecause string                `json:"held_because,omitempty"`
	ApprovedBy  string                `json:"approved_by,omitempty"`
	ApprovedAt  access.Time           `json:"approved_at,omitzero"`
	Ended       access.Time           `json:"ended_at,omitzero"`
	Counts      map[State]int64       `json:"counts"`
}

// CredentialStore keeps first credentials until they are picked up.
type CredentialStore interface {
	// Credentials are those that somebody may pick up.
	Credentials(ctx context.Context, recipient access.IdentityID) ([]FirstCredential, error)
	// PickUp returns a first credential to its recipient, once.
	PickUp(ctx context.Context, target access.TargetID, recipient access.IdentityID) (FirstCredential, secret.Secret, error)
	// EndCredentials destroys those whose end has come.
	EndCredentials(ctx context.Context) (int64, error)
}

// FirstCredential is a first password that waits for whom it is for.
type FirstCredential struct {
	Target    access.TargetID   `json:"target"`
	System    access.SystemID   `json:"system"`
	Identity  access.IdentityID `json:"identity,omitzero" doc:"Whose account it is"`
	Recipient access.IdentityID `json:"-"`
	Login     string            `json:"login"`
	Ends      access.Time       `json:"ends_at"`
}
