package role

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/role/mine"
	"github.com/writhq/writ/internal/fault"
)

// What a mining run can meet.
var (
	ErrMining          = fault.New(fault.NotFound, "role-mining-not-found", "there is no such mining run, or not all that it mined is yours to read; the last 20 are kept")
	ErrMiningBusy      = fault.New(fault.Unavailable, "role-mining-busy", "as many mining runs wait as a node takes: wait until one has ended, or stop one")
	ErrMiningEnded     = fault.New(fault.Conflict, "role-mining-ended", "the mining run has ended: there is nothing to stop")
	ErrMiningCancelled = fault.New(fault.Conflict, "role-mining-cancelled", "the mining run was stopped")
	ErrMiningQuestion  = fault.New(fault.Invalid, "role-mining-question", "what is to be mined cannot be")
	ErrCandidate       = fault.New(fault.NotFound, "role-candidate-not-found", "the mining run has no such candidate")
	ErrAdopted         = fault.New(fault.Conflict, "role-candidate-adopted", "the candidate has become the draft of a role already")
)

// What one mining run on a server may take. A command has the whole machine, and its limits
// are those of package mine.
const (
	MaxMined     = 2_000_000        // pairs: 25 000 users by 3 000 permissions took 240 MB
	MaxMining    = 10 * time.Minute // from its beginning
	MaxWaiting   = 8                // runs that wait on a node
	MaxFound     = 2_000            // candidates that are kept, those that make most redundant
	MiningsKept  = 20               // runs that are kept with their candidates
	miningAlive  = 30 * time.Second
	miningBeat   = 2 * time.Second
	usualPrefer  = 0.01
	usualSeconds = 60
)

// MiningState is where a mining run stands.
type MiningState string

// The states. All but the first two are ends.
const (
	MiningWaiting     MiningState = "waiting" // for the one before it
	MiningRunning     MiningState = "running"
	MiningDone        MiningState = "done"
	MiningFailed      MiningState = "failed"
	MiningCancelled   MiningState = "cancelled"
	MiningInterrupted MiningState = "interrupted" // its node ended before it did
)

// Over reports whether it has ended.
func (s MiningState) Over() bool { return s != MiningWaiting && s != MiningRunning }

// MiningQuestion says what is mined, and what for.
type MiningQuestion struct {
	Systems   []access.SystemID `json:"systems,omitempty" maxItems:"1000" doc:"Only in these; without them, in all that are yours to read"`
	Scope     access.ScopeID    `json:"scope,omitzero" doc:"Only in systems within this scope"`
	Unit      string            `json:"unit,omitempty" maxLength:"200" doc:"Only people of this unit; it takes seeing people"`
	Objective mine.Objective    `json:"objective,omitempty" enum:"roles,edges" default:"roles" doc:"The fewest roles, or the lowest complexity with any number of roles"`
	Error     float64           `json:"error,omitempty" minimum:"0" maximum:"0.5" doc:"Share of the assignments that the roles may get wrong; 0 is exact"`
	Seconds   int               `json:"seconds,omitempty" minimum:"1" maximum:"600" default:"60" doc:"How long to look for something better"`
	Seed      uint64            `json:"seed,omitempty" maximum:"9007199254740991" default:"1" doc:"Another one may find something else where several things are equally good"`
	Stability int               `json:"stability,omitempty" minimum:"0" maximum:"10" doc:"How often to mine again with one in a hundred assignments changed"`
}

// checked is a question with what it leaves out, or what is wrong with it.
func (q MiningQuestion) checked() (MiningQuestion, error) {
	if q.Objective == "" {
		q.Objective = mine.FewestRoles
	}
	if q.Seconds == 0 {
		q.Seconds = usualSeconds
	}
	if q.Seed == 0 {
		q.Seed = 1
	}
	q.Unit = strings.TrimSpace(q.Unit)
	slices.Sort(q.Systems)
	q.Systems = slices.Compact(q.Systems)
	switch {
	case q.Objective != mine.FewestRoles && q.Objective != mine.FewestEdges:
		return q, ErrMiningQuestion.With("the objective is %q: take roles or edges", q.Objective)
	case q.Seconds < 0 || time.Duration(q.Seconds)*time.Second > MaxMining:
		return q, ErrMiningQuestion.With("%d seconds: take 1 to %d", q.Seconds, int(MaxMining.Seconds()))
	case !(q.Error >= 0 && q.Error <= 0.5):
		return q, ErrMiningQuestion.With("the error is %v: take a share from 0 to 0.5", q.Error)
	}
	return q, nil
}

// options are the question in the words of the engine.
func (q MiningQuestion) options() mine.Options {
	return mine.Options{Objective: q.Objective, Seed: q.Seed, Error: q.Error, Stability: q.Stability, Prefer: usualPrefer}
}

// MiningRun is one search for roles in who holds what.
type MiningRun struct {
	ID       access.RunID
	By       string // an identity's id, or the node itself
	State    MiningState
	Question MiningQuestion
	Systems  []access.SystemID // those that are mined
	People   bool              // what is known of people was used, to explain or to choose
	Phase    string            // what it is at, in a word
	Asked    access.Time
	Began    access.Time
	Ended    access.Time
	Code     string // of what went wrong
	Error    string // in one sentence
	Totals   *MiningTotals
}

// MiningTotals are what all candidates of a run come to.
type MiningTotals struct {
	Revision    access.Rev       `json:"revision" doc:"That who holds what was read at"`
	Users       int              `json:"users"`
	Permissions int              `json:"permissions"`
	Pairs       int              `json:"pairs"`
	Number      int              `json:"number" doc:"Roles that give everybody what they have"`
	LowerBound  int              `json:"lower_bound" doc:"No exact set of roles has fewer"`
	Proven      bool             `json:"proven" doc:"The number is the lower bound"`
	Converged   bool             `json:"converged" doc:"The search ended by itself, before the time was over"`
	Complexity  int              `json:"wsc" doc:"Weighted structural complexity: roles, and edges from users and to permissions"`
	UserRole    int              `json:"user_role_edges"`
	RolePerm    int              `json:"role_permission_edges"`
	Missing     int              `json:"missing" doc:"Assignments that the roles do not give"`
	Extra       int              `json:"extra" doc:"What the roles give beyond the assignments"`
	Explained   *float64         `json:"explained,omitempty" doc:"Share of the roles that attributes explain"`
	Stability   *MiningStability `json:"stability,omitempty"`
	Seconds     float64          `json:"seconds"`
	Phases      []MiningPhase    `json:"phases"`
	Kept        int              `json:"kept" doc:"How many candidates are kept: those that make most redundant"`
}

// MiningStability says how alike the roles are when one in a hundred assignments is another.
type MiningStability struct {
	Runs     int     `json:"runs"`
	Mean     float64 `json:"mean"`
	Forward  float64 `json:"forward" doc:"Of these roles, among those found anew"`
	Backward float64 `json:"backward" doc:"Of those found anew, among these"`
	Fewest   int     `json:"fewest_roles"`
	Most     int     `json:"most_roles"`
}

// MiningPhase is one part of the work, and what it took.
type MiningPhase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// TotalsOf says what a result comes to.
func TotalsOf(m mine.Matrix, r *mine.Result, attributes bool, rev access.Rev, took time.Duration) *MiningTotals {
	t := &MiningTotals{
		Revision: rev, Users: len(m.Users), Permissions: len(m.Permissions), Pairs: m.Pairs(), Number: len(r.Roles),
		LowerBound: r.Lower, Proven: r.Proven, Converged: r.Converged, Complexity: r.Complexity(),
		UserRole: r.Assigned, RolePerm: r.Contained, Missing: r.Missing, Extra: r.Extra, Seconds: took.Seconds(), Phases: []MiningPhase{},
	}
	for _, p := range r.Phases {
		t.Phases = append(t.Phases, MiningPhase{p.Name, p.Took.Seconds()})
	}
	if attributes {
		share := r.Explained()
		t.Explained = &share
	}
	if s := r.Stability; s != nil {
		t.Stability = &MiningStability{s.Runs, s.Mean(), s.Forward, s.Backward, s.Fewest, s.Most}
	}
	return t
}

// MiningStore is what the store does about mining runs. They are kept: who looks through
// the candidates does so over days, perhaps on another node, and whoever else looks at a
// candidate is to see the same one. They hold ids and never names.
type MiningStore interface {
	// BeginMining keeps that a run is asked for, and lets go of the oldest that have ended.
	BeginMining(ctx context.Context, r MiningRun, alive time.Duration) (MiningRun, error)
	// KeepMining keeps where a run stands and that its node is alive, and reports whether
	// somebody has stopped it.
	KeepMining(ctx context.Context, r MiningRun, alive time.Duration) (cancelled bool, err error)
	// EndMining keeps how a run ended, and what it found.
	EndMining(ctx context.Context, r MiningRun, found []Found) error
	// CancelMining keeps that a run is to stop, or returns ErrMining or ErrMiningEnded.
	CancelMining(ctx context.Context, id access.RunID) error
	// Mining returns a run, or ErrMining; Minings lists them, the newest first.
	Mining(ctx context.Context, id access.RunID) (MiningRun, error)
	Minings(ctx context.Context) ([]MiningRun, error)
	// FoundIn lists what a run found, with what it gives and without who is in it; Found
	// returns one of it with all, or ErrCandidate.
	FoundIn(ctx context.Context, id access.RunID) ([]Found, error)
	Found(ctx context.Context, id access.RunID, place int) (Found, error)
	// Adopt keeps the draft of a new role that rule makes, and that it was made from a
	// candidate; or returns ErrAdopted.
	Adopt(ctx context.Context, e audit.Event, id access.RunID, place int, rule func(*Catalog) (Draft, error)) (access.RoleID, error)
}
