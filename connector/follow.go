package connector

import (
	"context"
	"iter"

	"github.com/writhq/writ/internal/fault"
)

// ErrMark says that a connector cannot tell what changed since a mark: it is too
// old, of another server, or of another reading. Whoever asked reads completely.
var ErrMark = fault.New(fault.Conflict, "mark-unusable", "what changed since the last reading cannot be told")

// MaxMark is the longest mark.
const MaxMark = 4096

// Follower is a connector that can also tell what changed since an earlier
// reading, whose last record was a Mark.
type Follower interface {
	Connector
	// Changes yields what changed since a mark, and ends with another one:
	//
	//   - each object that changed, as Discover would, an account followed by all of
	//     its credentials;
	//   - for each holder and each entitlement whose grants changed or may have, an
	//     All and the grants that are all there are. Those of a plain membership only
	//     (standing, on no resource, without flags and times) may be told by
	//     entitlement;
	//   - either every object that is there, as a Present or as itself, and a Mark that
	//     says Listed; or, without that, none.
	//
	// What is said of one membership twice counts where either says that it is. again
	// are native ids of accounts that must be among what is told: time alone may have
	// changed them. ErrMark where what changed cannot be told completely; what came
	// before an error does not count.
	Changes(ctx context.Context, mark string, again []string) iter.Seq2[Record, error]
}

// Mark is how far a connector has read: opaque, and handed back to Changes.
type Mark struct {
	Text   string
	Listed bool // by Changes: what was neither named by a Present nor came itself is gone
}

// All says that the grants that follow, up to the next record that is no grant, are
// all that a holder has, or that there are of an entitlement: one of the two is set.
type All struct {
	Holder      Target
	Entitlement string
}

// Locator is a connector that can also tell where things are that it no longer
// yields.
type Locator interface {
	Connector
	// Whereabouts looks for accounts and entitlements by their native ids, also where
	// Discover does not look. What the answer does not have is Unknown.
	Whereabouts(ctx context.Context, ids []string) (map[string]Where, error)
}

// Where says what became of a thing.
type Where struct {
	State WhereState
	At    string // for OutOfSight: where it is now, as people would look for it
}

// WhereState is whether a thing still is.
type WhereState string

// The states.
const (
	Unknown    WhereState = ""
	Deleted    WhereState = "deleted"
	OutOfSight WhereState = "out_of_sight" // it is there, but not where or not such that Discover yields it
)
