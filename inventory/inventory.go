package inventory

import (
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// The rules that a user of this package meets.
var (
	ErrUnknownKind   = fault.New(fault.Invalid, "unknown-system-kind", "no connector is called that")
	ErrNotFound      = fault.New(fault.NotFound, "not-found", "there is no such object")
	ErrAmbiguous     = fault.New(fault.Invalid, "ambiguous-name", "several objects have that name")
	ErrNameTaken     = fault.New(fault.Conflict, "name-taken", "the name is taken")
	ErrGuard         = fault.New(fault.Refused, "removal-guard", "the sync would remove too much")
	ErrInconsistent  = fault.New(fault.Invalid, "source-inconsistent", "the source refers to things that it does not have")
	ErrRelinked      = fault.New(fault.Conflict, "links-changed", "somebody else links accounts at this moment: run it again")
	ErrBusy          = fault.New(fault.Conflict, "sync-under-way", "another sync of it is under way: wait for it to end")
	ErrOvertaken     = fault.New(fault.Conflict, "sync-overtaken", "another sync of it came in between: run it again")
	ErrChanged       = fault.New(fault.Conflict, "system-changed", "somebody changed it meanwhile: read it again")
	ErrSecret        = fault.New(fault.Invalid, "system-secret", "the system's credential does not go with how it is kept")
	ErrUnknownPerson = fault.New(fault.Invalid, "unknown-person", "nobody has that employee number")
)

// Sealed is the reference of a credential that lies in the store, sealed under the
// node's key.
const Sealed = "sealed"

// Vaulted begins the reference of a credential that is a secret of the vault, by its id. It
// is of an account of the system itself.
const Vaulted = "vault:"

// Config is how a system or source is reached. It holds no secret: Credential is
// a reference.
type Config struct {
	Address    string            `json:"address"`
	Options    map[string]string `json:"options,omitempty"`
	Credential string            `json:"credential,omitempty"` // env:NAME, file:PATH, vault:SECRET, named:NAME, prompt or sealed
	Guard      Guard             `json:"guard,omitzero"`       // zero is the default
}

// System is a system with how it is read and where its last sync stands.
type System struct {
	access.System
	Connector string        `json:"connector"` // the kind of connector that reads it, where it is not Kind
	Config    Config        `json:"config"`
	Cycle     time.Duration `json:"cycle,omitempty"` // zero is that of the worst tier that it has, see access.Tier
	Plan
	State   State `json:"state"`
	Version int64 `json:"version,omitzero"` // the store's, which a change must name
}

// Source is an authority for identities.
type Source struct {
	ID         access.SourceID `json:"id,omitzero"`
	Name       string          `json:"name"`
	Kind       string          `json:"kind"`
	Config     Config          `json:"config"`
	Precedence int             `json:"precedence"` // the lowest wins, attribute by attribute
	Plan
	State   State `json:"state"`
	Version int64 `json:"-"` // the store's, which a change must name
}

// State is where the last sync of a system or source stands.
type State struct {
	Synced   access.Time `json:"synced,omitzero"`   // the last complete one
	Failed   access.Time `json:"failed,omitzero"`   // the last failed one, if later
	Failures int         `json:"failures,omitzero"` // one after another
	Error    string      `json:"error,omitempty"`
	Baseline access.Time `json:"baseline,omitzero"` // the first complete one
	Warnings []string    `json:"warnings,omitempty"`
	Counts   Counts      `json:"counts"`
}

// Stale reports whether what is known of a system is older than an observation
// cycle, or could not be renewed since.
func (s State) Stale(now time.Time, cycle time.Duration) bool {
	return s.Synced == 0 || s.Failed > s.Synced || now.Sub(s.Synced.Time()) > cycle
}

// Counts are what a system or source holds after a sync.
type Counts struct {
	Identities   int64 `json:"identities,omitempty"`
	Resources    int64 `json:"resources,omitempty"`
	Entitlements int64 `json:"entitlements,omitempty"`
	Accounts     int64 `json:"accounts,omitempty"`
	Grants       int64 `json:"grants,omitempty"`
	Credentials  int64 `json:"credentials,omitempty"`
	Rejected     int64 `json:"rejected,omitempty"`
}

// Report says what one sync did.
type Report struct {
	Counts   Counts   `json:"counts"`
	Changed  int64    `json:"changed"` // objects and holders that are new or differ
	Removed  int64    `json:"removed"`
	Warnings []string `json:"warnings,omitempty"`
	Rejects  string   `json:"rejects,omitempty"` // the file of rejected rows
	Waits    []string `json:"waits,omitempty"`   // systems to be read before this one can be understood whole

	Reading    string   `json:"reading,omitempty"`      // Complete, or Changes
	Because    string   `json:"because,omitempty"`      // why it was read completely, where changes could be told
	Deleted    int64    `json:"deleted,omitempty"`      // of those removed, what the system says is deleted
	OutOfSight int64    `json:"out_of_sight,omitempty"` // kept, for they are there but not where the sync looks
	Mark       string   `json:"-"`                      // what is to be followed from
	Strayed    []string `json:"-"`                      // native ids of what is out of sight
	Doubts     []Doubt  `json:"-"`                      // rows of which nobody can say whose they are

	Began access.Time `json:"-"` // what was so before that, it has seen
}

// Options of one sync.
type SyncOptions struct {
	AcceptRemovals bool // the guard is meant to be passed, and what is out of sight to be let go of
	Full           bool // a complete reading, also where changes could be told
	Again          bool // at once after the first, which came too early for things of other systems: it all is the baseline
}

// Guard is when a sync is refused: more than the share and more than the count of
// what is there would go.
type Guard struct {
	Share float64 `json:"share"`
	Count int64   `json:"count"`
}

// DefaultGuard stops an export that lost its end, and lets a small system change.
var DefaultGuard = Guard{Share: 0.2, Count: 10}

// Refuses reports whether removing some of what there is needs to be confirmed.
func (g Guard) Refuses(removed, existing int64) bool {
	return removed > g.Count && float64(removed) > g.Share*float64(existing)
}
