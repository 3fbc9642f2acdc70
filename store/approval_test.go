package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/policy"
)

// The people of the tests here. Scope 1 is the root, 2 and 3 lie in it.
const (
	rick  access.IdentityID = 1 + iota // asks
	ana                                // identity and access management everywhere
	ina                                // the same
	sol                                // security operations in scope 2
	pat                                // platform owner in scope 2; owns the robot
	vic                                // nothing; reports to pat; in the group
	gone                               // a leaver who held iam
	robot                              // a service
	ada                                // nothing at all
)

// committee is a store with people in it, and a service over the facts that it has.
type committee struct {
	*steps
	service *approval.Service
	graph   *graph.Graph
	live    *policy.Live
}

func committeeOf(t *testing.T, fresh func(*testing.T) Config) *committee {
	c := &committee{steps: stepping(t, fresh)}
	c.step(
		`insert into scope (id, from_set, name, parent_id) values (1, SET, 'All', 0), (2, SET, 'Bank', 1), (3, SET, 'Fund', 1)`,
		`insert into system (id, from_set, name, kind, scope_id, technical_owner) values (5, SET, 'core', 'csv', 2, 5)`,
		`insert into entitlement (id, from_set, system_id, native_id, kind, name, digest) values (7, SET, 5, 'dba', 'role', 'DBA', ''), (8, SET, 5, 'ops', 'group', 'Ops', '')`,
		`insert into identity (id, from_set, kind, state, name, email) values
		  (1, SET, 'human', 'active', 'Rick', 'rick@example.com'), (2, SET, 'human', 'active', 'Ana', 'ana@example.com'),
		  (3, SET, 'human', 'active', 'Ina', 'ina@example.com'), (4, SET, 'human', 'active', 'Sol', 'sol@example.com'),
		  (5, SET, 'human', 'active', 'Pat', 'pat@example.com'), (6, SET, 'human', 'active', 'Vic', 'vic@example.com'),
		  (7, SET, 'human', 'terminated', 'Gone', 'gone@example.com'), (8, SET, 'service', 'active', 'Robot', ''),
		  (9, SET, 'human', 'active', 'Ada', '')`,
		`insert into affiliation (identity_id, seq, from_set, employer, unit, title, manager_id) values (6, 0, SET, 'Ours', 'IT', 'Clerk', 5)`,
		`insert into ownership (id, from_set, object_kind, object_key, owner_id) values (1, SET, 1, 8, 5)`,
		`insert into access_grant (holder_id, holder_kind, entitlement_id, id, system_id, from_set, last_used) values (6, 1, 8, 1, 5, SET, 0)`,
		`insert into function_assignment (id, from_set, identity_id, function, scope_id, reason) values
		  (1, SET, 2, 'iam', 0, 'x'), (2, SET, 3, 'iam', 0, 'x'), (3, SET, 4, 'security_operations', 2, 'x'),
		  (4, SET, 5, 'platform_owner', 2, 'x'), (5, SET, 7, 'iam', 0, 'x')`,
	)
	var err error
	if _, err = c.db.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.graph, err = graph.Open(t.Context(), c.db.Graph()); err != nil {
		t.Fatal(err)
	}
	c.live = policy.NewLive(c.graph)
	c.follow()
	set, err := policy.NewSet(1, policy.Shipped()...)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policy.New(policy.Config{Set: set, Facts: c.live.Facts})
	if err != nil {
		t.Fatal(err)
	}
	c.service = &approval.Service{Store: c.db.Approvals(), Gate: &policy.Gate{Engine: engine, Graph: c.graph}, Facts: c.live.Facts}
	return c
}

// follow brings the facts up to what is committed.
func (c *committee) follow() {
	c.t.Helper()
	if _, err := c.db.Sequence(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.graph.Follow(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	d, err := c.db.Policy().Directory(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	c.live.Put(d)
}

func as(ctx context.Context, who access.IdentityID) context.Context {
	return policy.WithCaller(ctx, policy.Caller{Identity: who, Context: policy.Context{MFA: true}})
}

func named(who ...access.IdentityID) (list []access.Approver) {
	for _, id := range who {
		list = append(list, access.Approver{Identity: id})
	}
	return list
}

func function(list ...access.Function) (approvers []access.Approver) {
	for _, f := range list {
		approvers = append(approvers, access.Approver{Function: f})
	}
	return approvers
}

// caseOf is rick's, about one more thing each time, of a kind for which nothing follows.
func caseOf(about int64, stages ...access.Stage) approval.Case {
	for i := range stages {
		stages[i].Quorum, stages[i].Within = max(1, stages[i].Quorum), time.Hour
	}
	return approval.Case{
		About: access.GrantID(about).Ref(), Action: "elevation.activate", By: rick, For: []access.Ref{rick.Ref()},
		Scope: 2, System: 5, Owner: pat, Stages: stages, Reason: "the disk is full", Shown: map[string]string{"entitlement": "DBA"},
	}
}

func (c *committee) ask(of approval.Case) (id access.ApprovalID) {
	c.t.Helper()
	err := c.db.change(asTester(c.t.Context()), audit.Event{Action: "test.ask"}, func(t *tx) (err error) {
		id, err = t.openApproval(c.t.Context(), of)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

// says has somebody decide on what is shown now.
func (c *committee) says(who access.IdentityID, id access.ApprovalID, verdict approval.Verdict, insteadOf access.IdentityID) (approval.State, error) {
	c.t.Helper()
	r := c.request(id)
	return c.service.Decide(as(c.t.Context(), who), id, approval.Said{
		Verdict: verdict, Comment: "because", Version: r.Now.Version, Digest: r.Now.Digest, InsteadOf: insteadOf,
	})
}

func (c *committee) request(id access.ApprovalID) approval.Request {
	c.t.Helper()
	r, err := c.db.Approvals().Approval(c.t.Context(), id)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (c *committee) delegates(from, to access.IdentityID) access.DelegationID {
	c.t.Helper()
	at := access.TimeOf(c.clock.at)
	id, err := c.db.Approvals().Delegate(as(c.t.Context(), from), approval.Delegation{From: from, To: to, Start: at, End: at + 3600e6*24, Reason: "away"})
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

// TestLesson22_NobodyDecidesTheirOwnByAnyWay asks of everybody who must not.
func TestLesson22_NobodyDecidesTheirOwnByAnyWay(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		c := committeeOf(t, fresh)
		c.delegates(ana, rick) // to whoever asks
		c.delegates(rick, ina) // from whoever asks
		c.delegates(pat, ada)  // from the owner of the robot
		c.delegates(ada, vic)  // and on
		c.delegates(gone, ada) // from a leaver
		all := access.Stage{Approvers: append(function(access.IAM, access.SecurityOperations, access.PlatformOwner), named(rick, vic, gone)...)}
		all.Approvers = append(all.Approvers, access.Approver{Owner: true})
		forRobot, forGroup := caseOf(2, all), caseOf(3, all)
		forRobot.For, forGroup.For = []access.Ref{robot.Ref()}, []access.Ref{access.EntitlementID(8).Ref()}
		byRobot := caseOf(4, all)
		byRobot.By, byRobot.For = robot, []access.Ref{ada.Ref()}
		elsewhere := caseOf(5, access.Stage{Approvers: function(access.SecurityOperations, access.PlatformOwner)})
		elsewhere.Scope, elsewhere.System = 3, 0
		own, service, group, asker, far := c.ask(caseOf(1, all)), c.ask(forRobot), c.ask(forGroup), c.ask(byRobot), c.ask(elsewhere)
		for _, tt := range []struct {
			what      string
			who       access.IdentityID
			id        access.ApprovalID
			insteadOf access.IdentityID
		}{
			{"whoever asked", rick, own, 0},
			{"whoever asked, in somebody's place", rick, own, ana},
			{"in the place of whoever asked", ina, own, rick},
			{"the owner of a service", pat, service, 0},
			{"who reports to the owner of a service", vic, service, 0},
			{"in the place of the owner of a service", ada, service, pat},
			{"in the place of somebody who was delegated to", vic, own, ada},
			{"two delegations on", vic, own, pat},
			{"in the place of somebody who has left", ada, own, gone},
			{"somebody who has left", gone, own, 0},
			{"whoever is in the group", vic, group, 0},
			{"the owner of a service that asked", pat, asker, 0},
			{"whom it is about", ada, asker, pat},
			{"a service", robot, own, 0},
			{"nobody who is asked", ada, own, ana + 100},
			{"a function elsewhere", sol, far, 0},
			{"a delegate of a function elsewhere", ada, far, pat},
		} {
			if state, err := c.says(tt.who, tt.id, approval.Approve, tt.insteadOf); err == nil {
				t.Errorf("%s: %s", tt.what, state)
			}
		}
		for id, who := range map[access.ApprovalID]access.IdentityID{own: sol, service: sol, group: sol, asker: sol} {
			if state, err := c.says(who, id, approval.Approve, 0); err != nil || state != approval.Approved {
				t.Errorf("%s by somebody who may: %s, %v", id, state, err)
			}
		}
	})
}

// Nobody decides without a second factor, as a node, or with a token that is not for it.
func TestLesson23_DecidingTakesASecondFactor(t *testing.T) {
	c := committeeOf(t, emptySQLite)
	id := c.ask(caseOf(1, access.Stage{Approvers: function(access.IAM)}))
	r := c.request(id)
	said := approval.Said{Verdict: approval.Approve, Version: 1, Digest: r.Now.Digest}
	for what, tt := range map[string]struct {
		caller policy.Caller
		want   error
	}{
		"without":       {policy.Caller{Identity: ana}, policy.ErrStepUp},
		"an old one":    {policy.Caller{Identity: ana, Context: policy.Context{MFA: true, MFAAge: time.Hour}}, policy.ErrStepUp},
		"the node":      {policy.Caller{Node: "operator:0"}, policy.ErrSomebody},
		"another token": {policy.Caller{Identity: ana, Limits: []string{"read"}, Context: policy.Context{MFA: true}}, policy.ErrLimited},
		"who sees none": {policy.Caller{Identity: ada, Context: policy.Context{MFA: true}}, policy.ErrNoObject},
		"who sees it":   {policy.Caller{Identity: sol, Context: policy.Context{MFA: true}}, policy.ErrDenied},
	} {
		if _, err := c.service.Decide(policy.WithCaller(t.Context(), tt.caller), id, said); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if r = c.request(id); r.State != approval.Waiting || len(r.Decisions) != 0 {
		t.Errorf("%+v", r)
	}
}

// TestApprovals goes through what can become of a request, on one database of each kind.
func TestApprovals(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		c := committeeOf(t, fresh)
		for _, part := range []struct {
			name string
			run  func(*testing.T, *committee)
		}{
			{"stages", testApprovalStages},
			{"what was shown", testApprovalsCountForWhatWasShown},
			{"two at once", testApprovalTwoAtOnce},
			{"decide against expire", testApprovalDecideAgainstExpire},
			{"withdraw and ask again", testApprovalWithdrawAndAskAgain},
			{"what is gone", testApprovalOfWhatIsGone},
			{"chain", testChain},
			{"times out", testApprovalTimesOut}, // moves the clock
		} {
			t.Run(part.name, func(t *testing.T) { part.run(t, c) })
		}
	})
}

func testApprovalStages(t *testing.T, c *committee) {
	id := c.ask(caseOf(10,
		access.Stage{Approvers: append(function(access.IAM, access.SecurityOperations), access.Approver{Owner: true}), Quorum: 2, Distinct: true},
		access.Stage{Approvers: named(ana, vic, ada)}))
	c.delegates(ana, ada)
	first := c.request(id)
	step := func(what string, who access.IdentityID, verdict approval.Verdict, insteadOf access.IdentityID, state approval.State, want error) {
		t.Helper()
		got, err := c.says(who, id, verdict, insteadOf)
		if !errors.Is(err, want) || err == nil && got != state {
			t.Errorf("%s: %s, %v", what, got, err)
		}
	}
	step("in ana's place", ada, approval.Approve, 0, approval.Waiting, nil)
	step("ana, whose voice was given", ana, approval.Approve, 0, "", approval.ErrDecided)
	step("twice", ada, approval.Approve, ana, "", approval.ErrDecided)
	step("another one of the same function", ina, approval.Approve, 0, "", approval.ErrTaken)
	step("the owner", pat, approval.Approve, 0, approval.Waiting, nil)
	r := c.request(id)
	if r.Stage != 1 || r.EndsAt != r.BeganAt+3600e6 || r.BeganAt < first.BeganAt || len(r.Decisions) != 2 || r.Decisions[0].InsteadOf != ana || r.Decisions[0].Digest != first.Now.Digest {
		t.Errorf("%+v", r)
	}
	step("who counted at the first stage", ana, approval.Approve, 0, "", approval.ErrDecided)
	step("no more asked", sol, approval.Approve, 0, "", policy.ErrDenied)
	step("the last", vic, approval.Approve, 0, approval.Approved, nil)
	step("too late", ada, approval.Refuse, 0, "", approval.ErrEnded)
	if r = c.request(id); r.State != approval.Approved || r.EndedAt == 0 {
		t.Errorf("%+v", r)
	}
	if _, err := c.says(vic, id, approval.Refuse, 0); !errors.Is(err, approval.ErrEnded) {
		t.Errorf("after the end: %v", err)
	}
}

// What somebody agreed to is what they were shown, and can be proven.
func testApprovalsCountForWhatWasShown(t *testing.T, c *committee) {
	of := caseOf(11, access.Stage{Approvers: function(access.IAM), Quorum: 2})
	id := c.ask(of)
	old := c.request(id)
	if _, err := c.says(ana, id, approval.Approve, 0); err != nil {
		t.Fatal(err)
	}
	of.Shown = map[string]string{"entitlement": "SUPER"}
	err := c.db.change(asTester(t.Context()), audit.Event{Action: "test.show"}, func(t *tx) error { return t.showApproval(c.t.Context(), id, of) })
	if err != nil {
		t.Fatal(err)
	}
	said := approval.Said{Verdict: approval.Approve, Version: old.Now.Version, Digest: old.Now.Digest}
	if _, err := c.service.Decide(as(t.Context(), ina), id, said); !errors.Is(err, approval.ErrShown) {
		t.Errorf("what is not shown any more: %v", err)
	}
	said.Version = 2
	if _, err := c.service.Decide(as(t.Context(), ina), id, said); !errors.Is(err, approval.ErrShown) {
		t.Errorf("another digest: %v", err)
	}
	if state, err := c.says(ina, id, approval.Approve, 0); err != nil || state != approval.Waiting {
		t.Errorf("one of two of the new one: %s, %v", state, err)
	}
	if state, err := c.says(ana, id, approval.Approve, 0); err != nil || state != approval.Approved {
		t.Errorf("the second of the new one: %s, %v", state, err)
	}
	if r := c.request(id); len(r.Decisions) != 3 || r.Decisions[0].Digest != old.Now.Digest || r.Decisions[2].Digest != approval.DigestOf(r.Now.Payload) || !strings.Contains(r.Now.Payload, "SUPER") {
		t.Errorf("%+v", r)
	}
	if _, err := c.db.w.ExecContext(t.Context(), `update approval_shown set payload = replace(payload, 'SUPER', 'DBA')`); err != nil {
		t.Fatal(err)
	}
	if _, err := c.db.Approvals().Approval(t.Context(), id); err == nil {
		t.Error("what was shown was changed, and nobody says so")
	}
}

// Two decisions at once of one person count once, and so do those of a delegate and
// whoever delegated.
func testApprovalTwoAtOnce(t *testing.T, c *committee) {
	c.delegates(ana, ada)
	for i := range int64(5) {
		id := c.ask(caseOf(20+i, access.Stage{Approvers: function(access.IAM), Quorum: 2}))
		r := c.request(id)
		said := approval.Said{Verdict: approval.Approve, Version: 1, Digest: r.Now.Digest}
		var g sync.WaitGroup
		errs := make([]error, 4)
		for j, who := range []access.IdentityID{ana, ana, ada, ada} {
			g.Go(func() { _, errs[j] = c.service.Decide(as(t.Context(), who), id, said) })
		}
		g.Wait()
		r = c.request(id)
		if r.State != approval.Waiting || len(r.Decisions) != 1 {
			t.Errorf("%+v %v", r, errs)
		}
		lost := 0
		for _, err := range errs {
			if errors.Is(err, approval.ErrDecided) {
				lost++
			}
		}
		if lost != 3 {
			t.Errorf("%v", errs)
		}
	}
}

// A stage that is over is a refusal, once, whoever comes at the same time.
func testApprovalTimesOut(t *testing.T, c *committee) {
	late, other := c.ask(caseOf(80, access.Stage{Approvers: function(access.IAM)})), c.ask(caseOf(81, access.Stage{Approvers: function(access.IAM)}))
	waiting, err := c.db.Approvals().Approvals(t.Context(), approval.Query{State: approval.Waiting, First: 100})
	if err != nil || len(waiting) < 2 {
		t.Fatal(len(waiting), err)
	}
	if n, err := c.db.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("swept %d: %v", n, err)
	}
	c.clock.at = c.clock.at.Add(time.Hour + time.Second)
	if _, err := c.says(ana, late, approval.Approve, 0); !errors.Is(err, approval.ErrEnded) {
		t.Errorf("after its end, before the sweep: %v", err)
	}
	var g sync.WaitGroup
	var swept [2]int
	for i := range swept {
		g.Go(func() { swept[i], _ = c.db.Sweep(t.Context()) })
	}
	g.Wait()
	if swept[0]+swept[1] != len(waiting) || c.request(late).State != approval.Expired || c.request(other).State != approval.Expired {
		t.Errorf("swept %v: %s", swept, c.request(late).State)
	}
	if _, err := c.db.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.follow() // the graph takes no notice of it
	if list, err := c.db.Audit().List(t.Context(), audit.Filter{First: 10, Object: late.Ref()}); err != nil || len(list.Entries) != 1 || list.Entries[0].Action != "approval.expire" {
		t.Errorf("%v %v", list, err)
	}
}

// Where the clock reaches a stage's end while somebody decides, exactly one of both is so.
func testApprovalDecideAgainstExpire(t *testing.T, c *committee) {
	won := map[approval.State]int{}
	for i := range int64(10) {
		id := c.ask(caseOf(40+i, access.Stage{Approvers: function(access.IAM)}))
		r := c.request(id)
		said := approval.Said{Verdict: approval.Approve, Version: 1, Digest: r.Now.Digest}
		var g sync.WaitGroup
		var decided, expired error
		// Both hold that it is time: one because the stage is not over, one because it is.
		g.Go(func() { _, decided = c.service.Decide(as(t.Context(), ana), id, said) })
		g.Go(func() {
			expired = c.db.change(asTester(t.Context()), audit.Event{Action: "approval.expire"}, func(t *tx) error {
				r, err := t.approval(c.t.Context(), id, t.d.forUpdate)
				if err != nil {
					return err
				}
				return t.endApproval(c.t.Context(), r, approval.Expired)
			})
		})
		g.Wait()
		r = c.request(id)
		won[r.State]++
		if (decided == nil) == (expired == nil) || (decided == nil) != (r.State == approval.Approved) || len(r.Decisions) > 0 != (decided == nil) {
			t.Errorf("%s: decided %v, expired %v", r.State, decided, expired)
		}
	}
	t.Log(won)
}

func testApprovalWithdrawAndAskAgain(t *testing.T, c *committee) {
	of := caseOf(60, access.Stage{Approvers: function(access.IAM)})
	id := c.ask(of)
	again := func() error {
		return c.db.change(asTester(t.Context()), audit.Event{Action: "test.ask"}, func(t *tx) error {
			of.Chain = 0
			_, err := t.openApproval(c.t.Context(), of)
			return err
		})
	}
	if err := again(); !errors.Is(err, approval.ErrAsked) {
		t.Errorf("two at once: %v", err)
	}
	for _, who := range []access.IdentityID{ana, ada, pat} {
		if err := c.service.Withdraw(as(t.Context(), who), id); err == nil {
			t.Errorf("%s withdrew what rick asked for", who)
		}
	}
	if err := c.service.Withdraw(as(t.Context(), rick), id); err != nil {
		t.Fatal(err)
	}
	if err := c.service.Withdraw(as(t.Context(), rick), id); !errors.Is(err, approval.ErrEnded) {
		t.Errorf("twice: %v", err)
	}
	if _, err := c.says(ana, id, approval.Approve, 0); !errors.Is(err, approval.ErrEnded) {
		t.Errorf("what was withdrawn: %v", err)
	}
	of.Chain = c.request(id).Chain
	err := c.db.change(asTester(t.Context()), audit.Event{Action: "test.ask"}, func(t *tx) error {
		_, err := t.openApproval(c.t.Context(), of)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for what, bad := range map[string]approval.Case{
		"nothing": {}, "no stages": {About: of.About, Action: of.Action, By: rick, For: of.For}, "no action": {About: of.About, Action: "x.y", By: rick, For: of.For, Stages: of.Stages},
	} {
		err := c.db.change(asTester(t.Context()), audit.Event{Action: "test.ask"}, func(t *tx) error {
			_, err := t.openApproval(c.t.Context(), bad)
			return err
		})
		if err == nil {
			t.Errorf("asked for %s", what)
		}
	}
}

// What it was about is gone: so is the request, and nobody is told of it.
func testApprovalOfWhatIsGone(t *testing.T, c *committee) {
	of := caseOf(65, access.Stage{Approvers: function(access.IAM)})
	id := c.ask(of)
	for range 2 { // again does nothing
		err := c.db.change(asTester(t.Context()), audit.Event{Action: "test.close"}, func(t *tx) error { return t.closeApproval(c.t.Context(), of.About) })
		if err != nil {
			t.Fatal(err)
		}
	}
	err := c.db.read(t.Context(), func(q *query) error {
		r, there, err := q.approvalOf(t.Context(), of.About)
		if err == nil && (!there || r.ID != id || r.State != approval.Withdrawn) {
			t.Errorf("%v %+v", there, r)
		}
		if _, there, _ := q.approvalOf(t.Context(), access.GrantID(66).Ref()); there {
			t.Error("one of nothing")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := c.says(ana, id, approval.Approve, 0); !errors.Is(err, approval.ErrEnded) {
		t.Errorf("of what is gone: %v", err)
	}
}

func testChain(t *testing.T, c *committee) {
	id := c.ask(caseOf(70, access.Stage{Approvers: function(access.IAM)}))
	of := c.request(id)
	err := c.db.change(asTester(t.Context()), audit.Event{Action: "test.chain"}, func(t *tx) error {
		if err := t.chain(c.t.Context(), of.Chain, access.CheckoutID(4).Ref(), of.About); err != nil {
			return err
		}
		other, err := t.newChain(c.t.Context())
		if err != nil {
			return err
		}
		if err := t.chain(c.t.Context(), other, of.About); err == nil {
			return errors.New("one object is in two chains")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, from := range []access.Ref{id.Ref(), of.About, access.CheckoutID(4).Ref(), of.Chain.Ref()} {
		got, err := c.db.Approvals().Chain(t.Context(), from, 10)
		if err != nil || got.ID != of.Chain || len(got.Links) != 3 || want != "" && fmt.Sprint(got) != want {
			t.Errorf("from %s: %+v %v", from, got, err)
		}
		want = fmt.Sprint(got)
	}
	if got, err := c.db.Approvals().Chain(t.Context(), access.CheckoutID(5).Ref(), 10); err != nil || got.ID != 0 {
		t.Errorf("%+v %v", got, err)
	}
}
