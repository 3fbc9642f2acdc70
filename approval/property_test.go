package approval

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

// company is facts in memory. Scope 1 is the root and 2 lies in it.
type company struct {
	people    map[access.IdentityID]policy.IdentityFacts
	functions map[access.IdentityID][]policy.Held
	managers  map[access.IdentityID][]access.IdentityID
	holds     map[access.IdentityID][]access.Ref
}

func (c *company) Rev() access.Rev { return 1 }

func (c *company) Identity(id access.IdentityID) (policy.IdentityFacts, bool) {
	f, ok := c.people[id]
	return f, ok
}

func (c *company) Functions(id access.IdentityID) []policy.Held { return c.functions[id] }

func (c *company) Ancestors(s access.ScopeID) ([]access.ScopeID, bool) {
	return map[access.ScopeID][]access.ScopeID{1: {1}, 2: {2, 1}}[s], s == 1 || s == 2
}

func (c *company) Managers(id access.IdentityID) []access.IdentityID { return c.managers[id] }

func (c *company) OwnersOf(access.AccountID) ([]access.IdentityID, bool) { return nil, false }

func (c *company) Holds(id access.IdentityID, what access.Ref) bool {
	return slices.Contains(c.holds[id], what)
}

// memory is a store of one request.
type memory struct {
	Store
	r     Request
	given []Delegation
	now   access.Time
}

func (m *memory) Decide(ctx context.Context, _ access.ApprovalID, rule Deciding) (State, error) {
	c, _ := policy.CallerOf(ctx)
	d, err := rule(m.r, m.given, m.now)
	if err != nil {
		return "", err
	}
	d.By, d.At = c.Identity, m.now
	ruling, err := Rule(m.r, d, m.now)
	if err != nil {
		return "", err
	}
	m.r.Decisions = append(m.r.Decisions, d)
	m.r.State, m.r.Stage = ruling.State, ruling.Stage
	return ruling.State, nil
}

func (m *memory) Withdraw(_ context.Context, _ access.ApprovalID, rule func(Request) error) error {
	if err := rule(m.r); err != nil {
		return err
	}
	if err := m.r.Open(m.now); err != nil {
		return err
	}
	m.r.State = Withdrawn
	return nil
}

const (
	people  = 6
	machine = access.IdentityID(7)
)

var group = access.EntitlementID(1).Ref()

func drawCompany(t *rapid.T) *company {
	c := &company{people: map[access.IdentityID]policy.IdentityFacts{}, functions: map[access.IdentityID][]policy.Held{}, managers: map[access.IdentityID][]access.IdentityID{}, holds: map[access.IdentityID][]access.Ref{}}
	for id := access.IdentityID(1); id <= people; id++ {
		state := access.Active
		if rapid.IntRange(0, 5).Draw(t, "left") == 0 {
			state = access.Terminated
		}
		c.people[id] = policy.IdentityFacts{Kind: access.Human, State: state}
		for _, f := range []access.Function{access.IAM, access.SecurityOperations, access.PlatformOwner} {
			if rapid.Bool().Draw(t, string(f)) {
				c.functions[id] = append(c.functions[id], policy.Held{Function: f, Scope: access.ScopeID(rapid.IntRange(0, 2).Draw(t, "over"))})
			}
		}
		if rapid.IntRange(0, 2).Draw(t, "in the group") == 0 {
			c.holds[id] = []access.Ref{group}
		}
		if boss := access.IdentityID(rapid.IntRange(0, people).Draw(t, "boss")); boss != 0 && boss != id {
			c.managers[id] = []access.IdentityID{boss}
		}
	}
	c.people[machine] = policy.IdentityFacts{Kind: access.Service, State: access.Active, Owner: access.IdentityID(rapid.IntRange(1, people).Draw(t, "owner"))}
	return c
}

func drawStage(t *rapid.T) access.Stage {
	all := []access.Approver{{Function: access.IAM}, {Function: access.SecurityOperations}, {Function: access.PlatformOwner}, {Owner: true}, {Identity: 1}, {Identity: 2}, {Identity: 3}}
	s := stageOf(0, rapid.Bool().Draw(t, "distinct"), 0)
	for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 1, 4, rapid.ID).Draw(t, "approvers") {
		s.Approvers = append(s.Approvers, all[i])
	}
	s.Quorum = rapid.IntRange(1, len(s.Approvers)).Draw(t, "quorum")
	return s
}

// own says independently of package policy whether a case is about somebody's own access.
func own(c *company, of Case, who access.IdentityID) bool {
	if who == of.By {
		return true
	}
	for _, s := range append([]access.Ref{of.By.Ref()}, of.For...) {
		owner := c.people[access.IdentityID(s.Key)].Owner
		switch {
		case s == group && slices.Contains(c.holds[who], group), s == who.Ref(), s == machine.Ref() && owner == who,
			s == machine.Ref() && slices.Contains(c.managers[who], owner):
			return true
		}
	}
	return false
}

// No interleaving of decisions, delegations, withdrawals and changes of who holds what
// approves a request with the vote of somebody whose own access it is, of somebody twice,
// of a leaver, or with less than the quorum of each stage.
func TestLesson22_NothingIsApprovedByWhoeverItIsAbout(t *testing.T) {
	approved := 0
	var c *company
	facts := func() policy.Facts { return c }
	set, err := policy.NewSet(1, policy.Shipped()...)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policy.New(policy.Config{Set: set, Facts: facts})
	if err != nil {
		t.Fatal(err)
	}
	play := func(t *rapid.T) {
		c = drawCompany(t)
		of := Case{About: access.ElevationID(1).Ref(), Action: "elevation.activate", By: rapid.SampledFrom([]access.IdentityID{1, 2, machine}).Draw(t, "by"), Scope: 2, Owner: access.IdentityID(rapid.IntRange(0, people).Draw(t, "owner of it"))}
		of.For = []access.Ref{rapid.SampledFrom([]access.Ref{of.By.Ref(), group, machine.Ref(), access.IdentityID(3).Ref()}).Draw(t, "for")}
		for range rapid.IntRange(1, 2).Draw(t, "stages") {
			of.Stages = append(of.Stages, drawStage(t))
		}
		m := &memory{r: Request{ID: 1, Case: of, Now: Shown{Version: 1, Digest: "d"}, State: Waiting, EndsAt: 25}}
		s := &Service{Store: m, Gate: &policy.Gate{Engine: engine}, Facts: facts}
		might := map[int]bool{} // by the place of a decision: whether its author worked here, and whoever they stood for
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			m.now++
			who := access.IdentityID(rapid.IntRange(1, people+1).Draw(t, "who"))
			ctx := policy.WithCaller(context.Background(), policy.Caller{Identity: who, Context: policy.Context{MFA: true}})
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				_ = s.Withdraw(ctx, 1)
			case 1, 2:
				m.given = append(m.given, Delegation{From: who, To: access.IdentityID(rapid.IntRange(1, people).Draw(t, "to")), Start: m.now, End: m.now + 5})
			case 3:
				if f := c.people[who]; who != machine {
					f.State = rapid.SampledFrom([]access.IdentityState{access.Active, access.Terminated}).Draw(t, "state")
					c.people[who] = f
				}
			default:
				verdict := Approve
				if rapid.IntRange(0, 20).Draw(t, "refuse") == 0 {
					verdict = Refuse
				}
				before := len(m.r.Decisions)
				of := append([]access.IdentityID{0, 0, access.IdentityID(rapid.IntRange(1, people).Draw(t, "anybody"))}, delegators(m.given, who)...)
				_, _ = s.Decide(ctx, 1, Said{Verdict: verdict, Comment: "x", Version: 1, Digest: "d", InsteadOf: rapid.SampledFrom(of).Draw(t, "instead of")})
				if len(m.r.Decisions) > before {
					d := m.r.Decisions[before]
					might[before] = c.people[d.By].State == access.Active && c.people[d.Voice()].State == access.Active && c.people[d.By].Kind == access.Human
				}
			}
		}
		heard(t, c, m, might)
		if m.r.State == Approved {
			approved++
			enough(t, m.r)
		}
	}
	for range 10 {
		rapid.Check(t, play)
	}
	if approved == 0 {
		t.Error("nothing was ever approved")
	}
}

// delegators are those who ever delegated to somebody.
func delegators(given []Delegation, to access.IdentityID) (list []access.IdentityID) {
	for _, d := range given {
		if d.To == to {
			list = append(list, d.From)
		}
	}
	return list
}

// heard checks each decision by itself.
func heard(t *rapid.T, c *company, m *memory, might map[int]bool) {
	voices := map[access.IdentityID]bool{}
	for i, d := range m.r.Decisions {
		if own(c, m.r.Case, d.By) || own(c, m.r.Case, d.Voice()) {
			t.Fatalf("decided on their own: %+v", d)
		}
		if !might[i] || voices[d.By] || voices[d.Voice()] || d.At >= m.r.EndsAt {
			t.Fatalf("counted twice, too late, or by who has left: %+v", d)
		}
		voices[d.By], voices[d.Voice()] = true, true
		if d.InsteadOf != 0 && !slices.ContainsFunc(m.given, func(g Delegation) bool { return g.From == d.InsteadOf && g.To == d.By && g.Holds(d.At) }) {
			t.Fatalf("nobody delegated that: %+v", d)
		}
	}
}

// enough counts the quorum of each stage anew.
func enough(t *rapid.T, r Request) {
	for i, s := range r.Stages {
		var list []Decision
		for _, d := range r.Decisions {
			if d.Verdict == Refuse {
				t.Fatalf("approved against a refusal: %+v", d)
			}
			if d.Stage == i {
				list = append(list, d)
			}
		}
		n := len(list)
		if s.Distinct {
			n = agreeBruteForce(len(s.Approvers), list)
		}
		if n < s.Quorum {
			t.Fatalf("stage %d passed with %d of %d", i, n, s.Quorum)
		}
	}
}
