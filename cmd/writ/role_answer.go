package main

import (
	"fmt"
	"time"

	"github.com/writhq/writ/iga/role/mine"
)

// roleAnswer is the answer of 'writ role mine'.
type roleAnswer struct {
	Objective  string         `json:"objective"`
	Users      int            `json:"users"`
	Permission int            `json:"permissions"`
	Pairs      int            `json:"pairs"`
	Number     int            `json:"number"`
	LowerBound int            `json:"lower_bound"`
	Proven     bool           `json:"proven"`
	CostProven bool           `json:"cost_proven"`
	Converged  bool           `json:"converged"`
	WSC        int            `json:"wsc"`
	Edges      int            `json:"edges"`
	UserRole   int            `json:"user_role_edges"`
	RolePerm   int            `json:"role_permission_edges"`
	Error      roleError      `json:"error"`
	Roles      []roleBody     `json:"roles"`
	Hierarchy  []seniorBody   `json:"hierarchy"`
	Explained  *float64       `json:"explained,omitempty"`
	Stability  *stabilityBody `json:"stability,omitempty"`
	Seconds    float64        `json:"seconds"`
	Phases     []phaseBody    `json:"phases"`
}

type roleError struct {
	Allowed float64 `json:"allowed"`
	Share   float64 `json:"share"`
	Missing int     `json:"missing"`
	Extra   int     `json:"extra"`
}

type roleBody struct {
	Name        string     `json:"name"`
	Members     []string   `json:"members"`
	Permissions []string   `json:"permissions"`
	Support     int        `json:"support"`
	Fit         float64    `json:"fit"`
	Redundant   int        `json:"redundant_assignments"`
	Alone       int        `json:"redundant_by_it_alone"`
	Rule        *ruleBody  `json:"rule,omitempty"`
	Nearly      []nearBody `json:"nearly"`
	Lacking     []string   `json:"lacking"`
	// Candidate is there where live data was mined.
	Candidate *candidateBody `json:"candidate,omitempty"`
}

type ruleBody struct {
	Text       string          `json:"text"`
	Conditions []conditionBody `json:"conditions"`
	Covers     int             `json:"covers"`
	Precision  float64         `json:"precision"`
	Recall     float64         `json:"recall"`
	Explains   bool            `json:"explains"`
}

type conditionBody struct {
	Attribute string `json:"attribute"`
	Value     string `json:"value"`
}

type nearBody struct {
	User    string   `json:"user"`
	Missing []string `json:"missing"`
}

// seniorBody says that one role contains another; both are places in roles, from 0.
type seniorBody struct {
	Senior int `json:"senior"`
	Junior int `json:"junior"`
}

type stabilityBody struct {
	Runs     int     `json:"runs"`
	Mean     float64 `json:"mean"`
	Forward  float64 `json:"forward"`
	Backward float64 `json:"backward"`
	Fewest   int     `json:"fewest_roles"`
	Most     int     `json:"most_roles"`
}

type phaseBody struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

func newRoleAnswer(m mine.Matrix, o mine.Options, r mine.Result, took time.Duration) *roleAnswer {
	ans := &roleAnswer{
		Objective: string(o.Objective), Users: len(m.Users), Permission: len(m.Permissions), Pairs: m.Pairs(),
		Number: len(r.Roles), LowerBound: r.Lower, Proven: r.Proven, CostProven: r.CostProven, Converged: r.Converged,
		WSC: r.Complexity(), Edges: r.Edges(), UserRole: r.Assigned, RolePerm: r.Contained,
		Error: roleError{Allowed: o.Error, Share: float64(r.Missing+r.Extra) / float64(max(1, m.Pairs())), Missing: r.Missing, Extra: r.Extra},
		Roles: make([]roleBody, len(r.Roles)), Hierarchy: make([]seniorBody, len(r.Hierarchy)), Seconds: took.Seconds(),
	}
	for i, x := range r.Roles {
		ans.Roles[i] = newRoleBody(m, x)
	}
	for i, e := range r.Hierarchy {
		ans.Hierarchy[i] = seniorBody{e[0], e[1]}
	}
	for _, p := range r.Phases {
		ans.Phases = append(ans.Phases, phaseBody{p.Name, p.Took.Seconds()})
	}
	if o.Attributes != nil {
		share := r.Explained()
		ans.Explained = &share
	}
	if s := r.Stability; s != nil {
		ans.Stability = &stabilityBody{s.Runs, s.Mean(), s.Forward, s.Backward, s.Fewest, s.Most}
	}
	return ans
}

func newRoleBody(m mine.Matrix, x mine.Role) roleBody {
	b := roleBody{
		Name: x.Name, Members: named(m.Users, x.Members), Permissions: named(m.Permissions, x.Permissions),
		Support: x.Support, Fit: x.Fit, Redundant: x.Covers, Alone: x.Alone,
		Nearly: make([]nearBody, len(x.Nearly)), Lacking: named(m.Users, x.Lacking),
	}
	for i, n := range x.Nearly {
		b.Nearly[i] = nearBody{m.Users[n.User], named(m.Permissions, n.Missing)}
	}
	if r := x.Rule; r != nil {
		b.Rule = &ruleBody{Text: r.String(), Covers: r.Covers, Precision: r.Precision, Recall: r.Recall, Explains: r.Explains()}
		for _, c := range r.Conditions {
			b.Rule.Conditions = append(b.Rule.Conditions, conditionBody{c.Attribute, c.Value})
		}
	}
	return b
}

func named[T any](names []T, numbers []int32) []T {
	list := make([]T, len(numbers))
	for i, n := range numbers {
		list[i] = names[n]
	}
	return list
}

// sentence says how many roles there are, and how few there could be.
func (r *roleAnswer) sentence() string {
	proof := fmt.Sprintf("no set has fewer than %d", r.LowerBound)
	if r.Proven {
		proof = "proven minimal"
	}
	text := fmt.Sprintf("%s for %s assignments of %d users to %d permissions", plural(r.Number, "role"), count(int64(r.Pairs)), r.Users, r.Permission)
	if r.Error.Allowed > 0 {
		return fmt.Sprintf("%s, %.2f %% of them wrong: %d missing, %d extra", text, 100*r.Error.Share, r.Error.Missing, r.Error.Extra)
	}
	return text + ", exactly; " + proof
}

// least says that nothing exact costs less, where that is proven.
func (r *roleAnswer) least() string {
	switch {
	case !r.CostProven:
		return ""
	case r.Objective == string(mine.FewestEdges):
		return ", proven minimal"
	default:
		return ", proven minimal for as few roles"
	}
}

// remark says what the roles cost, and whether more time could have made them better.
func (r *roleAnswer) remark() string {
	text := fmt.Sprintf("weighted structural complexity %s%s: %d roles, %s users in them, %s permissions in them; %.1f s",
		count(int64(r.WSC)), r.least(), r.Number, count(int64(r.UserRole)), count(int64(r.RolePerm)), r.Seconds)
	if !r.Converged && !r.CostProven {
		text += "\nthe time was over before the search was; more of it (--timeout) may make them better"
	}
	if r.Explained != nil {
		text += fmt.Sprintf("\nattributes explain %.0f %% of the roles", 100**r.Explained)
	}
	if s := r.Stability; s != nil {
		text += fmt.Sprintf("\nstability %.3f over %s with one in a hundred assignments changed (%.3f of these roles found again, %.3f of those known before)", s.Mean, plural(s.Runs, "run"), s.Forward, s.Backward)
	}
	return text
}
