package mine

import "time"

// Objective says what is made as small as possible.
type Objective string

// The objectives. Both mean roles that give everybody exactly what they have.
const (
	// FewestRoles makes the number of roles minimal, and among those the complexity.
	FewestRoles Objective = "roles"
	// FewestEdges makes the complexity minimal, whatever the number.
	FewestEdges Objective = "edges"
)

// Options say how to mine. The zero value asks for the fewest roles, exactly.
type Options struct {
	Objective  Objective
	Seed       uint64
	Error      float64 // share of the assignments that the roles may get wrong; 0 is exact
	Stability  int     // how often to mine again with one in a hundred assignments changed
	Attributes *Attributes
	// Prefer is the share of the complexity that roles which attributes explain may cost,
	// beyond those that nothing explains; with 0 they are preferred where they cost nothing.
	Prefer float64
	// Effort is how many times the search cools down in vain before it is called
	// converged; 0 is 3.
	Effort int
	// Progress hears of each phase as it begins.
	Progress func(phase string)
}

// Result is what was found. It is exact, unless Options.Error allowed otherwise, also
// where the time was over before the search ended.
type Result struct {
	Roles  []Role
	Lower  int  // no set of exact roles has fewer
	Proven bool // as few as Lower
	// CostProven says that no exact roles, of those by as few as possible where the objective
	// is their number, have a lower complexity.
	CostProven bool
	Converged  bool // the search ended by itself: the same input and seed give the same again
	Assigned   int  // edges between users and roles
	Contained  int  // edges between roles and permissions
	Missing    int  // assignments of the input that the roles do not give
	Extra      int  // what the roles give and the input has not
	Hierarchy  [][2]int
	Stability  *Stability
	Phases     []Phase
}

// Edges counts the assignments of users to roles and of permissions to roles.
func (r *Result) Edges() int { return r.Assigned + r.Contained }

// Complexity is the weighted structural complexity with all weights one: roles and edges.
func (r *Result) Complexity() int { return len(r.Roles) + r.Edges() }

// Role is one candidate: its members have its permissions. Numbers are the matrix's.
type Role struct {
	Members     []int32
	Permissions []int32
	Support     int     // users who hold all of it, whether members or not
	Fit         float64 // share of what it gives its members that they hold already
	Covers      int     // direct assignments that it makes redundant
	Alone       int     // those of them that no other role does
	Nearly      []Near  // who is no member and holds nearly all of it
	Name        string  // proposed
	Rule        *Rule   // by attributes, where they explain it
	Lacking     []int32 // whom the rule covers and who are no members
}

// Near is a user who holds nearly all of a role, and what is missing.
type Near struct {
	User    int32
	Missing []int32
}

// Phase is one part of the work and what it took.
type Phase struct {
	Name string
	Took time.Duration
}
