package elevate

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
)

// Store is what this package needs from a database.
type Store interface {
	// Eligibilities are those that count now or later, in the order of their ids.
	Eligibilities(ctx context.Context, q EligibilityQuery) ([]Eligibility, error)
	// Eligibility returns one that has not been taken, or ErrNoEligibility.
	Eligibility(ctx context.Context, id access.EligibilityID) (Eligibility, error)
	// Give keeps one, or returns ErrTwice.
	Give(ctx context.Context, e Eligibility) (Eligibility, error)
	// Take ends one, or returns ErrNoEligibility.
	Take(ctx context.Context, id access.EligibilityID, reason string) error

	Elevations(ctx context.Context, q Query) ([]Elevation, error)
	Elevation(ctx context.Context, id access.ElevationID) (Elevation, error)
	// Ask keeps an elevation of an eligibility that still is as it was read, gives it its
	// id and chain, and begins it where it neither waits nor starts later.
	Ask(ctx context.Context, e *Elevation, of Eligibility, approve *approval.Case) error
	// Begin justifies what is scheduled.
	Begin(ctx context.Context, id access.ElevationID) error
	// Refuse ends what has not begun.
	Refuse(ctx context.Context, id access.ElevationID, code, said string) error
	// End has what has begun taken off, and withdraws what has not.
	End(ctx context.Context, id access.ElevationID, code, said string) error
	// Extend gives what is active another end.
	Extend(ctx context.Context, id access.ElevationID, until access.Time, reason string) error
	// Open are all that are not over, with what is known of their targets.
	Open(ctx context.Context) (Progress, error)
	// Seen keeps what the target shows: of what starts that it is on, of what ends that it
	// is off, or that it is late.
	Seen(ctx context.Context, id access.ElevationID, s Sight) error
	// Trusted reports whether this node's clock has run evenly.
	Trusted() bool

	ConversionStore
	FiguresStore
}

// EligibilityQuery narrows a list. Zero fields do not narrow.
type EligibilityQuery struct {
	Entitlement access.EntitlementID
	Holder      access.Ref
	Systems     []access.SystemID // nil is all
	After       access.EligibilityID
	First       int // 0 is all
}

// Query narrows a list of elevations, which has the newest first.
type Query struct {
	States      []State
	Identity    access.IdentityID
	Entitlement access.EntitlementID
	Systems     []access.SystemID // nil is all
	Own         access.IdentityID // beside Systems, those of this identity
	Before      access.ElevationID
	First       int
}

// Progress is every open elevation, at one state of the store.
type Progress struct {
	Now  access.Time
	Rev  access.Rev // that it was read at
	Open []Seen
}

// Seen is an open elevation with what is known of it.
type Seen struct {
	Elevation
	// Eligible is the eligibility as it is now; nil where it was taken.
	Eligible *Eligibility
	IsOn     bool // the grant was read back
	IsOff    bool // the grant was seen gone, or was never put on
	Kept     bool // it is off, and the grant is justified otherwise now
	Trouble  string
	Code     string
}

// Sight is what the target showed.
type Sight struct {
	State   State
	Late    bool
	Account access.AccountID
	Code    string
	Said    string
}
