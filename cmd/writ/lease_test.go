package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/policy"
)

// lender is a served cluster whose accounts need their passwords, and a template by which
// person 1 may have one: a platform owner made it, and identity and access management said
// who may.
type lender struct {
	*cluster
	template lease.TemplateShown
}

func newLender(t *testing.T, terms access.Terms) *lender {
	t.Helper()
	c := &lender{cluster: newCluster(t)}
	c.pg.Exec(t, "postgres", `create table ledger (n int)`, `grant select on ledger to dba`, `grant create on schema public to dba`, `create role heir`,
		`create table hba (line text)`, `insert into hba values ('host all postgres,writ 127.0.0.1/32 trust'), ('host all all 127.0.0.1/32 scram-sha-256')`,
		`do $$ begin execute format('copy hba to %L', current_setting('hba_file')); end $$`, `drop table hba`, `select pg_reload_conf()`)
	c.as("E5").want(http.StatusCreated, "POST", "/v1/lease-templates", c.writes(terms), &c.template)
	c.lets("E1")
	return c
}

// writes is a template as a platform owner writes it.
func (c *lender) writes(terms access.Terms) map[string]any {
	c.t.Helper()
	list, err := c.app.inventory().Systems(c.ctx)
	must(c.t, err)
	return map[string]any{
		"name": "reporting", "system": list[0].ID, "entitlements": []string{c.dba()}, "usual": time.Minute, "terms": terms, "inherit": true, "successor": "heir", "reason": "figures",
	}
}

func (c *lender) path() string { return "/v1/lease-templates/" + c.template.ID.String() }

// lets gives somebody the right to use the template.
func (c *lender) lets(who string) {
	c.t.Helper()
	c.as("E3").want(http.StatusOK, "POST", c.path()+"/rights", map[string]any{"holder": c.identity(who).Ref(), "reason": "they make them"}, nil)
}

func wanting(lasts string) map[string]any {
	return map[string]any{"template": "reporting", "for": lasts, "reason": "figures of March"}
}

// gets has an account made for person 1.
func (c *lender) gets(lasts string) (got lease.LeaseGiven) {
	c.t.Helper()
	c.as("E1").want(http.StatusCreated, "POST", "/v1/leases", wanting(lasts), &got)
	if got.State != lease.Active || got.Name == "" || got.Password == "" {
		c.t.Fatalf("issued is %+v", got)
	}
	return got
}

// becomes waits until a lease is in a state.
func (c *lender) becomes(id access.LeaseID, state lease.State) (l lease.Lease) {
	c.t.Helper()
	c.waits(func() bool {
		var err error
		if l, err = c.app.db.Leases().Lease(c.ctx, id); err != nil {
			c.t.Fatal(err)
		}
		return l.State == state
	}, func() string { return fmt.Sprintf("it is %s (%s %s), not %s", l.State, l.Code, l.Said, state) })
	return l
}

// isThere asks the cluster itself.
func (c *lender) isThere(login string) bool {
	c.t.Helper()
	return psql(c.t, c.pg, `select count(*) from pg_roles where rolname = '`+login+`'`) == "1"
}

// signsIn reports whether the cluster's own client is let in, and what it is answered.
func (c *lender) signsIn(login, password, text string) (string, bool) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "psql", "-X", "-w", "-At", "-d", strings.Replace(c.pg.URL("postgres"), "postgres@", login+"@", 1), "-c", text) //nolint:gosec // a test's own text
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password)
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "password authentication failed") {
		c.t.Fatalf("%s: %v %s", login, err, out)
	}
	return strings.TrimSpace(string(out)), err == nil
}

// works signs in, makes something of its own, and stays.
func (c *lender) works(got lease.LeaseGiven, makes string) *pgx.Conn {
	c.t.Helper()
	u, err := url.Parse(c.pg.URL("postgres"))
	must(c.t, err)
	u.User = url.UserPassword(got.Name, got.Password)
	conn, err := pgx.Connect(c.t.Context(), u.String())
	must(c.t, err)
	c.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(c.t.Context())) })
	_, err = conn.Exec(c.t.Context(), "create table "+makes+" (n int)")
	must(c.t, err)
	return conn
}

// hidden fails where a password lies in the store's files.
func (c *lender) hidden(password string) {
	c.t.Helper()
	files, _ := filepath.Glob(filepath.Join(c.data, "*"))
	for _, name := range files {
		if text, err := os.ReadFile(name); err == nil && bytes.Contains(text, []byte(password)) {
			c.t.Errorf("the password lies in %s", filepath.Base(name))
		}
	}
}

func (c *lender) owner(of string) string {
	c.t.Helper()
	return psql(c.t, c.pg, `select tableowner from pg_tables where tablename = '`+of+`'`)
}

// The whole way on a real cluster, by its own client: an account is made, may what its
// template says, is renewed within its terms, given back, and gone with what it left handed
// over; and each other way in which a lease ends.
func TestLeasePostgreSQL(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { testLeasePostgreSQL(t, newLender(t, hour())) })
	t.Run("postgres", func(t *testing.T) {
		testkit.Postgres(t)
		t.Setenv("WRIT_DATABASE", testkit.Database(t))
		testLeasePostgreSQL(t, newLender(t, hour()))
	})
}

func testLeasePostgreSQL(t *testing.T, c *lender) {
	began := time.Now()
	got := c.gets("30m")
	t.Logf("made %s after it was asked for", time.Since(began).Round(time.Millisecond))
	if _, ok := c.signsIn(got.Name, "another", "select 1"); ok {
		t.Fatal("the cluster asks for no password: this test could not fail")
	}
	if n, ok := c.signsIn(got.Name, got.Password, "select count(*) from ledger"); !ok || n != "0" {
		t.Fatalf("it may not do what its template says: %q", n)
	}
	c.hidden(got.Password)
	conn := c.works(got, "made")
	path := "/v1/leases/" + got.ID.String()
	var l lease.LeaseShown
	c.as("E1").want(http.StatusOK, "POST", path+"/renew", map[string]any{"for": "45m"}, &l)
	if until := l.End.Time().Sub(began); until < 44*time.Minute {
		t.Errorf("renewed it ends after %s", until)
	}
	c.as("E1").want(http.StatusOK, "POST", path+"/renew", map[string]any{"for": "20h"}, &l)
	if l.End != l.Start+access.Time(time.Hour.Microseconds()) {
		t.Errorf("renewed for long it lasts %s", l.End.Time().Sub(l.Start.Time()))
	}
	c.as("E1").refused("lease-too-long", path+"/renew", map[string]any{"for": "1h"})
	if end := psql(t, c.pg, `select floor(extract(epoch from rolvaliduntil))::bigint from pg_roles where rolname = '`+got.Name+`'`); end != fmt.Sprint(l.End.Time().Unix()) {
		t.Errorf("the cluster ends it at %s, and it ends at %d", end, l.End.Time().Unix())
	}
	c.as("E1").want(http.StatusOK, "POST", path+"/return", nil, &l)
	ended := c.becomes(got.ID, lease.Ended)
	if ended.Code != lease.CodeReturned || ended.Gone == 0 || c.isThere(got.Name) {
		t.Errorf("given back it is %+v", ended)
	}
	if _, ok := c.signsIn(got.Name, got.Password, "select 1"); ok || conn.Ping(t.Context()) == nil {
		t.Error("given back, it lets in, or its session goes on")
	}
	if got := c.owner("made"); got != "heir" {
		t.Errorf("what it made is %s's", got)
	}
	c.linked(got.Lease)
	endings(t, c)
}

// linked expects the lease in its chain.
func (c *lender) linked(l lease.Lease) {
	c.t.Helper()
	whole, err := c.app.db.Approvals().Chain(c.ctx, l.ID.Ref(), approval.MostLinks)
	if err != nil || whole.ID != l.Chain || len(whole.Links) == 0 {
		c.t.Errorf("the chain of %s is %+v, %v", l.ID, whole, err)
	}
}

// endings are the other ways in which a lease ends.
func endings(t *testing.T, c *lender) {
	t.Helper()
	byTime := c.gets("2s")
	forced, lost, left := c.gets("30m"), c.gets("30m"), lease.LeaseGiven{}
	c.as("E4").want(http.StatusOK, "POST", "/v1/leases/"+forced.ID.String()+"/force", map[string]any{"reason": "an alarm"}, nil)
	if l := c.becomes(forced.ID, lease.Ended); l.Code != lease.CodeForced || c.isThere(forced.Name) {
		t.Errorf("taken back it is %+v", l)
	}
	c.waits(func() bool { return !c.isThere(byTime.Name) }, func() string { return "past its end it is there" })
	late := time.Since(byTime.End.Time())
	t.Logf("gone %s after its end", late.Round(time.Millisecond))
	if l := c.becomes(byTime.ID, lease.Ended); l.Code != lease.CodeTime || testkit.Punctual() && late > time.Second {
		t.Errorf("%s after its end it is %+v", late, l)
	}
	c.as("E3").want(http.StatusOK, "POST", c.path()+"/rights/revoke", map[string]any{"holder": c.identity("E1").Ref(), "reason": "moved"}, nil)
	if l := c.becomes(lost.ID, lease.Ended); l.Code != lease.CodeLost {
		t.Errorf("without the right it is %+v", l)
	}
	c.as("E1").refused("lease-template-not-found", "/v1/leases", wanting("5m"))
	c.lets("E1")
	left = c.gets("30m")
	_, err := c.app.lifecycle().Emergency(audit.WithActor(c.ctx, audit.Actor{Identity: c.identity("E3")}), c.identity("E1"), "a test")
	must(t, err)
	if l := c.becomes(left.ID, lease.Ended); l.Code != lease.CodeLost || c.isThere(left.Name) {
		t.Errorf("of a leaver it is %+v", l)
	}
	c.lets("E2")
	var retired lease.LeaseGiven
	c.as("E2").want(http.StatusCreated, "POST", "/v1/leases", wanting("30m"), &retired)
	c.as("E5").want(http.StatusNoContent, "POST", c.path()+"/retire", map[string]any{"reason": "no more"}, nil)
	if l := c.becomes(retired.ID, lease.Ended); l.Code != lease.CodeLost {
		t.Errorf("of a template that was retired it is %+v", l)
	}
}

// Who must not, each by what they are refused; and nothing of it reaches the cluster.
func TestLeaseRefused(t *testing.T) {
	c := newLender(t, hour())
	const path = "/v1/leases"
	made := c.gets("10m")
	one := path + "/" + made.ID.String()
	body := c.writes(hour())
	right := map[string]any{"holder": c.identity("E3").Ref(), "reason": "me"}
	c.as("E3").refused("denied", c.path()+"/rights", right) // nobody for themself
	right["holder"] = c.identity("E1").Ref()
	c.as("E3").refused("lease-right-held", c.path()+"/rights", right)
	c.as("E5").refused("denied", c.path()+"/rights", right)
	c.caller(policy.Caller{Identity: c.identity("E3")}).refused("step-up-required", c.path()+"/rights", right)
	c.as("E3").refused("denied", "/v1/lease-templates", body)
	c.as("E5").refused("lease-template-name-taken", "/v1/lease-templates", body)
	c.caller(policy.Caller{Identity: c.identity("E5")}).refused("step-up-required", "/v1/lease-templates", body)
	c.lets("E5") // whoever may use it changes it no more
	body["version"] = c.template.Version
	if got := c.as("E5").do("PUT", c.path(), body, "If-Match", fmt.Sprintf(`"%d"`, c.template.Version)); !strings.Contains(string(got.body), `"denied"`) {
		t.Errorf("somebody widens their own access: %d %s", got.status, got.body)
	}
	c.lets("E6")

	c.as("").refused("sign-in-required", path, wanting("5m"))
	c.as("E2").refused("lease-template-not-found", path, wanting("5m")) // E1 may, and not they
	c.as("E6").refused("denied", path, wanting("5m"))                   // audit acts on nothing live
	c.caller(policy.Caller{Identity: c.identity("E1")}).refused("step-up-required", path, wanting("5m"))
	c.caller(policy.Caller{Identity: c.identity("E1"), Context: policy.Context{MFA: true}, Limits: []string{"read"}}).refused("token-limited", path, wanting("5m"))
	c.as("E1").refused("lease-too-long", path, wanting("61m"))
	c.as("E1").refused("reason-required", path, map[string]any{"template": "reporting", "for": "5m"})
	for _, verb := range []string{"/return", "/renew", "/take"} {
		c.as("E2").refused("not-found", one+verb, map[string]any{})
	}
	c.as("E1").refused("lease-state", one+"/take", nil)
	c.as("E1").refused("denied", one+"/retry", map[string]any{"reason": "x"})
	c.as("E5").refused("lease-state", one+"/retry", map[string]any{"reason": "it is not over"})
	c.as("E5").refused("reason-required", one+"/force", map[string]any{"reason": " "})
	c.as("E6").refused("denied", one+"/force", map[string]any{"reason": "x"})
	if n := psql(t, c.pg, `select count(*) from pg_roles where starts_with(rolname, 'lease_')`); n != "1" {
		t.Errorf("the cluster has %s accounts for one use", n)
	}
	// What could not be made has failed, and nothing is left of it.
	c.pg.Exec(t, "postgres", `alter role dba rename to other`)
	c.as("E1").refused("unsupported-change", path, wanting("5m"))
	c.waits(func() bool {
		list, err := c.app.db.Leases().Leases(c.ctx, lease.Query{First: 1})
		return err == nil && list[0].State == lease.Failed && list[0].Code == lease.CodeNotMade && list[0].Said != ""
	}, func() string { return "what could not be made has not failed" })
}

// Others agree first; what they agreed to is made when it is taken, once.
func TestLeaseApproved(t *testing.T) {
	c := newLender(t, hour(access.Stage{Approvers: []access.Approver{{Function: access.SecurityOperations}}, Quorum: 1, Within: time.Hour}))
	var got, taken lease.LeaseGiven
	c.as("E1").want(http.StatusCreated, "POST", "/v1/leases", wanting("5m"), &got)
	path := "/v1/leases/" + got.ID.String()
	if got.State != lease.Waiting || got.Password != "" || c.isThere(got.Name) {
		t.Fatalf("asked for is %+v", got)
	}
	c.as("E1").refused("lease-state", path+"/take", nil)
	must(t, c.agrees("E4", got.Approval, approval.Approve))
	c.as("E1").want(http.StatusOK, "POST", path+"/take", nil, &taken)
	if _, ok := c.signsIn(taken.Name, taken.Password, "select 1"); !ok {
		t.Error("what was taken does not open")
	}
	c.as("E1").refused("lease-state", path+"/take", nil)
	c.as("E1").want(http.StatusCreated, "POST", "/v1/leases", wanting("5m"), &got)
	must(t, c.agrees("E4", got.Approval, approval.Refuse))
	if l := c.becomes(got.ID, lease.Refused); l.Code != lease.CodeNotApproved {
		t.Errorf("refused it is %+v", l)
	}
	c.as("E1").want(http.StatusCreated, "POST", "/v1/leases", wanting("5m"), &got)
	must(t, c.agrees("E4", got.Approval, approval.Approve))
	c.as("E3").want(http.StatusOK, "POST", c.path()+"/rights/revoke", map[string]any{"holder": c.identity("E1").Ref(), "reason": "moved"}, nil)
	if l := c.becomes(got.ID, lease.Refused); l.Code != lease.CodeLost || c.isThere(got.Name) {
		t.Errorf("agreed to, and without the right, it is %+v", l)
	}
}

// agrees has somebody decide what is asked of them.
func (c *lender) agrees(who string, id access.ApprovalID, v approval.Verdict) error {
	c.t.Helper()
	s := &approval.Service{Store: c.app.db.Approvals(), Gate: c.node.gate, Facts: c.node.live.Facts}
	ctx := policy.WithCaller(c.ctx, policy.Caller{Identity: c.identity(who), Context: policy.Context{MFA: true}})
	r, err := s.Store.Approval(ctx, id)
	must(c.t, err)
	_, err = s.Decide(ctx, id, approval.Said{Verdict: v, Comment: "looked at it", Version: r.Now.Version, Digest: r.Now.Digest})
	return err
}

// changing is a store in which something is changed between the decision on a lease and its
// row.
type changing struct {
	lease.Store
	change func()
}

func (s changing) Ask(ctx context.Context, l *lease.Lease, of lease.Offer, by lease.Right, ask *approval.Case) ([]string, error) {
	s.change()
	return s.Store.Ask(ctx, l, of, by, ask)
}

// What is changed after a lease was decided on, and before its row was there for those who
// look at all leases after a change, decides: no account is made.
func TestLeaseIsDecidedByWhatIsSoWhenItIsThere(t *testing.T) {
	c := newLender(t, hour())
	store := c.node.lease.Store
	c.node.lease.Store = changing{store, func() {
		held := policy.Assignment{Identity: c.identity("E1"), Held: policy.Held{Function: access.AuditFunction}, Reason: "they see the books from now on"}
		must(t, c.app.db.Policy().Assign(audit.WithActor(c.ctx, audit.Actor{Node: "test"}), held))
	}}
	c.as("E1").refused("denied", "/v1/leases", wanting("5m"))
	list, err := store.Leases(c.ctx, lease.Query{First: 9})
	must(t, err)
	if len(list) != 1 || list[0].Code != lease.CodeLost {
		t.Fatalf("kept: %+v", list)
	}
	c.becomes(list[0].ID, lease.Ended)
	made, err := c.app.db.Audit().List(c.ctx, audit.Filter{Actions: []string{"lease.made"}})
	must(t, err)
	if len(made.Entries) > 0 || c.isThere(list[0].Name) {
		t.Error("an account was made")
	}
}

// knowing counts what is kept by what is known, and does something before.
type knowing struct {
	lease.Store
	kept   *atomic.Int64
	before func()
}

func (s knowing) AskKnown(ctx context.Context, l *lease.Lease, k lease.Known, by lease.Right) error {
	s.before()
	err := s.Store.AskKnown(ctx, l, k, by)
	if err == nil {
		s.kept.Add(1)
	}
	return err
}

// Whoever leases again is given an account by what is known of the template, which opens the
// same, and has its record. What is changed between the decision and the record decides.
func TestLeaseAgainIsByWhatIsKnown(t *testing.T) {
	c := newLender(t, hour())
	if c.app.postgres() != "" {
		t.Skip("on PostgreSQL changes commit side by side: nothing is known")
	}
	var kept atomic.Int64
	change := func() {}
	c.node.lease.Store = knowing{c.node.lease.Store, &kept, func() { change() }}
	var got lease.LeaseGiven
	c.waits(func() bool { got = c.gets("5m"); return kept.Load() > 0 }, func() string { return "nothing is known" })
	if who, in := c.signsIn(got.Name, got.Password, "select current_user from ledger right join (values (1)) one (n) on true"); !in || who != got.Name {
		t.Errorf("it opens nothing: %q", who)
	}
	for _, action := range []string{"lease.ask", "lease.made"} {
		list, err := c.app.db.Audit().List(c.ctx, audit.Filter{Actions: []string{action}, Object: got.ID.Ref()})
		if err != nil || len(list.Entries) != 1 {
			t.Errorf("%s: %+v, %v", action, list.Entries, err)
		}
	}
	newest := func() access.LeaseID {
		list, err := c.app.db.Leases().Leases(c.ctx, lease.Query{First: 1})
		must(t, err)
		return list[0].ID
	}
	revoked := false
	change = func() {
		if !revoked {
			must(t, c.app.db.Leases().Revoke(audit.WithActor(c.ctx, audit.Actor{Node: "test"}), lease.Right{Template: c.template.ID, Holder: c.identity("E1").Ref()}, "no more"))
			revoked = true
		}
	}
	var answer answered
	var before access.LeaseID
	c.waits(func() bool { // where anything else was changed just now, nothing is known
		before = newest()
		answer = c.as("E1").do("POST", "/v1/leases", wanting("5m"))
		return revoked
	}, func() string { return "nothing is known" })
	if answer.status != http.StatusNotFound || newest() != before {
		t.Errorf("whoever lost the right is answered %d %s", answer.status, answer.body)
	}
}
