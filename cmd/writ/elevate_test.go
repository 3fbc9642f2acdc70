package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/elevate"
	"github.com/writhq/writ/policy"
)

// cluster is a real PostgreSQL, and a company of people who know it, served. Person 1 has
// the account ana, person 2 ben; 3 is of identity and access management, 4 of security
// operations, 5 a platform owner, 6 of audit.
type cluster struct {
	*served
	pg   *testkit.PostgresServer
	data string
	stop func()
	soon bool // what goes wrong is noticed within half a second
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	pg := testkit.NewPostgres(t)
	pg.Exec(t, "postgres", `create role dba`, `create role ana login`, `create role ben login`, `create role zoe login`, `create role writ login superuser`)
	p := newPlant(t, 7)
	p.system("db", postgres.Kind, inventory.Config{Address: strings.Replace(pg.URL("postgres"), "postgres@", "writ@", 1)}, secret.Secret{})
	p.own("db/ana", 1)
	p.own("db/ben", 2)
	p.own("db/zoe", 6)
	for n, f := range map[int]access.Function{3: access.IAM, 4: access.SecurityOperations, 5: access.PlatformOwner, 6: access.AuditFunction} {
		p.must(p.app.db.Policy().Assign(p.ctx, policy.Assignment{Identity: p.person(n), Held: policy.Held{Function: f}, Reason: "a test"}))
	}
	_, err := p.app.db.Sequence(p.ctx)
	p.must(err)
	data := p.app.data
	p.must(p.app.close())
	old := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(old) })
	c := &cluster{pg: pg, data: data, stop: func() {}}
	t.Cleanup(func() { c.stop() })
	c.restart(t)
	return c
}

// eachCluster runs fn over both databases.
func eachCluster(t *testing.T, fn func(*testing.T, *cluster)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, newCluster(t)) })
	t.Run("postgres", func(t *testing.T) {
		testkit.Postgres(t)
		t.Setenv("WRIT_DATABASE", testkit.Database(t))
		fn(t, newCluster(t))
	})
}

// restart starts the node over what is kept, after it was stopped.
func (c *cluster) restart(t *testing.T) {
	t.Helper()
	s := &served{t: t, app: &app{data: c.data, in: strings.NewReader(""), out: io.Discard, err: io.Discard}}
	var err error
	if s.ctx, err = s.app.openGraph(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.node, err = s.app.newNode(s.ctx); err != nil {
		t.Fatal(err)
	}
	if c.soon {
		s.node.elevate.Patience, s.node.elevate.Overdue = time.Second, 300*time.Millisecond
		s.node.lease.Keeper.Every = 200 * time.Millisecond
	}
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	s.start(func(context.Context) error { ended <- s.node.run(ctx); return nil })
	c.served, c.stop = s, func() {
		c.stop = func() {}
		cancel()
		<-ended //nolint:errcheck // it says that it was told to end
		s.ears.searched(s.app)
		if err := s.app.close(); err != nil {
			t.Error(err)
		}
	}
}

func (c *cluster) dba() string { return c.target("db/dba").String() }

// terms are an hour with a reason and a second factor.
func hour(stages ...access.Stage) access.Terms {
	return access.Terms{Reason: true, MFA: true, Most: time.Hour, Stages: stages}
}

func (c *cluster) give(who string, terms access.Terms) (e elevate.Eligibility) {
	c.t.Helper()
	c.as("E3").want(http.StatusCreated, "POST", "/v1/eligibilities", map[string]any{
		"holder": c.identity(who).Ref(), "entitlement": c.dba(), "terms": terms, "reason": "on call",
	}, &e)
	return e
}

func (c *cluster) asking(lasts string) map[string]any {
	return map[string]any{"entitlement": c.dba(), "for": lasts, "reason": "change 4711"}
}

// activate asks for it, once what was there before is done with.
func (c *cluster) activate(lasts string) (e elevate.Elevation) {
	c.t.Helper()
	var got answered
	c.waits(func() bool {
		got = c.as("E1").do("POST", "/v1/elevations", c.asking(lasts))
		return !strings.Contains(string(got.body), `"code":"elevation-not-off"`)
	}, func() string { return "what is there is never done with: " + string(got.body) })
	if got.status != http.StatusCreated {
		c.t.Fatalf("it is not activated: %d %s", got.status, got.body)
	}
	must(c.t, json.Unmarshal(got.body, &e))
	return e
}

// refused expects a code.
func (a *asker) refused(code, path string, body any) {
	a.s.t.Helper()
	if got := a.do("POST", path, body); !strings.Contains(string(got.body), `"code":"`+code+`"`) {
		a.s.t.Errorf("POST %s: %d %s, not %s", path, got.status, got.body, code)
	}
}

// becomes waits until an elevation is in a state.
func (c *cluster) becomes(id access.ElevationID, state elevate.State) elevate.Elevation {
	c.t.Helper()
	var e elevate.Elevation
	c.waits(func() bool {
		var err error
		if e, err = c.app.db.Elevate().Elevation(c.ctx, id); err != nil {
			c.t.Fatal(err)
		}
		return e.State == state
	}, func() string { return fmt.Sprintf("it is %s (%s %s), not %s", e.State, e.Code, e.Said, state) })
	return e
}

// comesOn waits until it was read back on the target; by then it may be over.
func (c *cluster) comesOn(id access.ElevationID) {
	c.t.Helper()
	var e elevate.Elevation
	c.waits(func() bool {
		var err error
		if e, err = c.app.db.Elevate().Elevation(c.ctx, id); err != nil {
			c.t.Fatal(err)
		}
		return e.On != 0
	}, func() string { return fmt.Sprintf("it is %s (%s %s), and was never on", e.State, e.Code, e.Said) })
}

func (c *cluster) waits(is func() bool, says func() string) {
	c.t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-deadline.C:
			c.t.Fatal(says())
		case <-tick.C:
		}
	}
}

// has asks the cluster itself.
func (c *cluster) has(login string) bool {
	c.t.Helper()
	return psql(c.t, c.pg, `select count(*) from pg_auth_members m where pg_get_userbyid(roleid) = 'dba' and pg_get_userbyid(member) = '`+login+`'`) == "1"
}

// gone waits until the cluster says that ana has it no more, and returns when.
func (c *cluster) gone() time.Time {
	c.t.Helper()
	c.waits(func() bool { return !c.has("ana") }, func() string { return "ana has it still" })
	return time.Now()
}

// The whole way on a real cluster: given, asked for, put on, seen there by the cluster's own
// client, taken off at an early end, and by the clock alone.
func TestElevationPostgreSQL(t *testing.T) { eachCluster(t, testElevationPostgreSQL) }

func testElevationPostgreSQL(t *testing.T, c *cluster) {
	c.as("E1").refused("not-eligible", "/v1/elevations", c.asking("5m"))
	given := c.give("E1", hour())
	asked := time.Now()
	e := c.activate("30m")
	if e.State != elevate.Starting {
		t.Errorf("before it is put on, it is %s", e.State)
	}
	e = c.becomes(e.ID, elevate.Active)
	t.Logf("on: %s after it was asked for", time.Since(asked).Round(time.Millisecond))
	if !c.has("ana") {
		t.Fatal("it is active, and the cluster does not show it")
	}
	c.as("E1").refused("elevation-open", "/v1/elevations", c.asking("5m"))
	ended := time.Now()
	c.as("E1").want(http.StatusNoContent, "POST", "/v1/elevations/"+e.ID.String()+"/end", nil, nil)
	t.Logf("off: %s after it was ended", c.gone().Sub(ended).Round(time.Millisecond))
	e = c.becomes(e.ID, elevate.Ended)
	if e.Code != elevate.CodeSelf || e.Off == 0 || e.Eligibility != given.ID {
		t.Errorf("ended it is %+v", e)
	}
	e = c.activate("5s")
	c.comesOn(e.ID)
	late := c.gone().Sub(e.End.Time())
	t.Logf("off: %s after its end", late.Round(time.Millisecond))
	if late < 0 || testkit.Punctual() && late > 2*time.Second {
		t.Errorf("it was gone %s after its end", late)
	}
	if e = c.becomes(e.ID, elevate.Ended); e.Code != elevate.CodeTime {
		t.Errorf("it ended by %q", e.Code)
	}
	c.chained(e, 4)
	c.as("E3").want(http.StatusNoContent, "POST", "/v1/eligibilities/"+given.ID.String()+"/end", map[string]any{"reason": "no more"}, nil)
	converts(t, c)
}

// chained expects from each thing of a chain all others.
func (c *cluster) chained(e elevate.Elevation, least int) {
	c.t.Helper()
	store := c.app.db.Approvals()
	whole, err := store.Chain(c.ctx, e.ID.Ref(), approval.MostLinks)
	if err != nil || len(whole.Links) < least {
		c.t.Fatalf("the chain is %+v, %v", whole, err)
	}
	for _, l := range whole.Links {
		if from, err := store.Chain(c.ctx, l.Object, approval.MostLinks); err != nil || len(from.Links) != len(whole.Links) {
			c.t.Errorf("from %s: %+v, %v", l.Object, from, err)
		}
	}
}

// said has somebody decide what is asked about an elevation.
func (c *cluster) said(who string, e elevate.Elevation, v approval.Verdict) error {
	c.t.Helper()
	s := &approval.Service{Store: c.app.db.Approvals(), Gate: c.node.gate, Facts: c.node.live.Facts}
	r, err := s.Store.Approval(c.ctx, e.Approval)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, want := range []string{`"who":"Person 1"`, `"what":"dba"`, `"for":"10m"`, `"tier"`, "change 4711"} {
		if !strings.Contains(r.Now.Payload, want) {
			c.t.Errorf("an approver is not shown %s: %s", want, r.Now.Payload)
		}
	}
	id := c.identity(who)
	ctx := policy.WithCaller(audit.WithActor(c.ctx, audit.Actor{Identity: id}), policy.Caller{Identity: id, Context: policy.Context{MFA: true}})
	_, err = s.Decide(ctx, e.Approval, approval.Said{Verdict: v, Comment: "looked at it", Version: r.Now.Version, Digest: r.Now.Digest})
	return err
}

// Two different functions agree, and not whoever asks.
func TestElevationApproved(t *testing.T) {
	c := newCluster(t)
	both := access.Stage{Approvers: []access.Approver{{Function: access.IAM}, {Function: access.PlatformOwner}}, Quorum: 2, Distinct: true, Within: time.Hour}
	g := c.give("E1", hour(both))
	c.holds(c.identity("E1"), access.PlatformOwner)
	e := c.activate("10m")
	if e.State != elevate.Waiting || e.Approval == 0 {
		t.Fatalf("it is %+v", e)
	}
	if err := c.said("E1", e, approval.Approve); err == nil {
		t.Error("somebody approves their own")
	}
	if err := c.said("E4", e, approval.Approve); err == nil {
		t.Error("somebody approves who is not asked")
	}
	must(t, c.said("E3", e, approval.Approve))
	if c.has("ana") {
		t.Error("it is on before the second agreed")
	}
	must(t, c.said("E5", e, approval.Approve))
	e = c.becomes(e.ID, elevate.Active)
	if !c.has("ana") {
		t.Error("it is active, and the cluster does not show it")
	}
	c.as("E1").refused("elevation-too-long", "/v1/elevations/"+e.ID.String()+"/extend", map[string]any{"by": "5m", "reason": "more"})
	c.as("E4").want(http.StatusNoContent, "POST", "/v1/elevations/"+e.ID.String()+"/force", map[string]any{"reason": "an alarm"}, nil)
	c.gone()
	e = c.becomes(e.ID, elevate.Ended)
	c.chained(e, 5)
	e = c.activate("10m")
	must(t, c.said("E3", e, approval.Refuse))
	if e = c.becomes(e.ID, elevate.Refused); e.Code != elevate.CodeNotApproved {
		t.Errorf("refused by %q", e.Code)
	}
	// Who agreed agreed to what was so then: who is eligible no more gets nothing.
	e = c.activate("10m")
	must(t, c.said("E3", e, approval.Approve))
	c.as("E3").want(http.StatusNoContent, "POST", "/v1/eligibilities/"+g.ID.String()+"/end", map[string]any{"reason": "moved"}, nil)
	if e = c.becomes(e.ID, elevate.Refused); e.Code != elevate.CodeLost || c.has("ana") {
		t.Errorf("refused by %q", e.Code)
	}
	if err := c.said("E5", e, approval.Approve); err == nil {
		t.Error("what was withdrawn is approved")
	}
}
