package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/provision"
)

// lie is a connector that accepts some changes and does not make them.
type lie struct {
	connector.Maker
	mu   *sync.Mutex
	lies map[connector.ChangeKind]int // how many more of a kind
	told *int                         // changes that it was asked for
}

func (l lie) Apply(ctx context.Context, c connector.Change) error {
	l.mu.Lock()
	*l.told++
	lies := l.lies[c.Kind] > 0
	l.lies[c.Kind]--
	l.mu.Unlock()
	if lies {
		return nil
	}
	return l.Maker.Apply(ctx, c)
}

func (l lie) Discover(ctx context.Context, cursor string) iter.Seq2[connector.Record, error] {
	return l.Maker.Discover(ctx, cursor)
}

// lying makes PostgreSQL accept changes without making them, as often as lies says.
func lying(t *testing.T, lies map[connector.ChangeKind]int) (told *int) {
	honest, mu, told := connectors[postgres.Kind], &sync.Mutex{}, new(int)
	spec := honest
	spec.Open = func(ctx context.Context, cfg connector.Config) (connector.Connector, error) {
		c, err := honest.Open(ctx, cfg)
		if err != nil {
			return nil, err
		}
		return lie{c.(connector.Maker), mu, lies, told}, nil
	}
	connectors[postgres.Kind] = spec
	t.Cleanup(func() { connectors[postgres.Kind] = honest })
	return told
}

// clocked is a plant whose clock is set by hand.
func clocked(t *testing.T, people int) (p *plant, pass func(time.Duration)) {
	var ahead time.Duration
	p = newPlantAt(t, people, func() time.Time { return time.Now().Add(ahead) })
	return p, func(d time.Duration) { ahead += d }
}

// A target that accepts a write and does not perform it: that is seen, tried again, and
// then waits for a person, who resumes it. Nothing else is held up.
func TestProvisioningALie(t *testing.T) {
	server := testkit.NewPostgres(t)
	server.Exec(t, "postgres", `create role readers`, `create role ana login`, `create role ben login`)
	lies := map[connector.ChangeKind]int{connector.AddGrant: 1}
	p, pass := clocked(t, 2)
	p.system("db", postgres.Kind, inventory.Config{Address: server.URL("postgres")}, secret.Secret{})
	lying(t, lies)
	p.own("db/ana", 1)
	p.own("db/ben", 2)
	p.justify(p.person(1), p.entitlement("db/readers"))
	p.carry()
	o := p.only(provision.Failed)
	if o.Code != provision.ErrDiffers.Code || o.Attempts != 1 || !strings.Contains(o.Error, "does not show it") {
		t.Errorf("after a lie: %+v", o)
	}
	lies[connector.AddGrant] = 1000
	for range 40 {
		pass(5 * time.Minute)
		p.carry()
	}
	if o = p.only(provision.Dead); o.Code != provision.ErrDiffers.Code || o.Attempts < 5 {
		t.Errorf("after many lies: %+v", o)
	}
	p.justify(p.person(2), p.entitlement("db/readers"))
	lies[connector.AddGrant] = 0
	p.carry()
	if got := psql(t, server, `select pg_has_role('ben', 'readers', 'member'), pg_has_role('ana', 'readers', 'member')`); got != "t|f" {
		t.Errorf("whoever comes next has %s", got)
	}
	p.must(p.s.Resume(p.ctx, o.ID, "the server is honest again"))
	p.carry()
	p.verified()
	if got := psql(t, server, `select pg_has_role('ana', 'readers', 'member')`); got != "t" {
		t.Errorf("resumed, and it is %s", got)
	}
}

// A target that is down for a day: its operations are kept, another target's are done, and
// once it is back everything is done once.
func TestProvisioningDownForADay(t *testing.T) {
	up, down := testkit.NewPostgres(t), testkit.NewPostgres(t)
	proxy := testkit.NewProxy(t, fmt.Sprintf("127.0.0.1:%d", down.Port))
	for _, s := range []*testkit.PostgresServer{up, down} {
		s.Exec(t, "postgres", `create role readers`, `create role ana login`)
	}
	p, pass := clocked(t, 1)
	p.system("up", postgres.Kind, inventory.Config{Address: up.URL("postgres")}, secret.Secret{})
	p.system("down", postgres.Kind, inventory.Config{Address: strings.Replace(down.URL("postgres"), fmt.Sprintf("127.0.0.1:%d", down.Port), proxy.Addr, 1)}, secret.Secret{})
	told := lying(t, map[connector.ChangeKind]int{})
	p.own("up/ana", 1)
	p.own("down/ana", 1)
	proxy.Break(testkit.Refuse, 0)
	for _, name := range []string{"up/readers", "down/readers"} {
		p.justify(p.person(1), p.entitlement(name))
	}
	p.carry()
	if got := psql(t, up, `select pg_has_role('ana', 'readers', 'member')`); got != "t" {
		t.Errorf("the other target has %s", got)
	}
	for range 24 * 4 {
		pass(15 * time.Minute)
		p.carry()
	}
	o := p.only(provision.Failed)
	if o.Code != connector.ErrUnreachable.Code || o.Attempts < 24 {
		t.Errorf("after a day: %+v", o)
	}
	*told = 0
	proxy.Break(testkit.Pass, 0)
	pass(15 * time.Minute)
	p.carry()
	p.verified()
	if got := psql(t, down, `select pg_has_role('ana', 'readers', 'member')`); got != "t" || *told != 1 {
		t.Errorf("back after a day it has %s, and was asked %d times", got, *told)
	}
}

// The guard holds a run that takes too much away, until somebody approves it who did not
// cause it; what is urgent passes.
func TestProvisioningGuard(t *testing.T) {
	server := testkit.NewPostgres(t)
	server.Exec(t, "postgres", `create role readers`)
	p := newPlant(t, 4)
	var y [4]access.Target
	for n := range 4 {
		server.Exec(t, "postgres", fmt.Sprintf(`create role p%d login in role readers`, n+1))
	}
	id := p.system("db", postgres.Kind, inventory.Config{Address: server.URL("postgres")}, secret.Secret{})
	var d provision.Decision
	for n := range 4 {
		y[n] = access.Target{Identity: p.person(n + 1), System: id, Account: p.own(fmt.Sprintf("db/p%d", n+1), n+1), State: access.TargetDisabled}
		d.Targets = append(d.Targets, &y[n])
	}
	p.must(p.s.SetLimits(p.ctx, id, provision.Limits{Share: 0.3, Count: 2, AtOnce: 2, PerMinute: 100}))
	y[3].Urgent = true
	p.decide(d)
	p.carry()
	enabled := func() string {
		return psql(t, server, `select string_agg(rolname, ',' order by rolname) from pg_roles where rolname like 'p_' and rolconnlimit <> 0 and rolcanlogin`)
	}
	if got := enabled(); got != "p1,p2,p3" {
		t.Errorf("held, %s are enabled", got)
	}
	runs, err := p.app.db.Provision().Runs(p.ctx, provision.RunQuery{State: provision.RunHeld, First: 10})
	if err != nil || len(runs) != 1 || runs[0].HeldBecause == "" {
		t.Fatalf("held are %+v: %v", runs, err)
	}
	if err := p.s.Approve(p.ctx, runs[0].ID, "it is fine"); !errors.Is(err, provision.ErrOwnRun) {
		t.Errorf("whoever caused it approves it: %v", err)
	}
	other := audit.WithActor(p.ctx, audit.Actor{Node: "somebody"})
	if err := p.s.Approve(other, runs[0].ID, " "); !errors.Is(err, provision.ErrReason) {
		t.Errorf("without a reason: %v", err)
	}
	p.must(p.s.Approve(other, runs[0].ID, "the branch was closed"))
	if err := p.s.Approve(other, runs[0].ID, "again"); !errors.Is(err, provision.ErrState) {
		t.Errorf("again: %v", err)
	}
	p.carry()
	p.verified()
	if got := enabled(); got != "" {
		t.Errorf("approved, %s are enabled", got)
	}
}

// Half of a change in two systems fails for good: a person takes the other half back.
func TestProvisioningTakenBack(t *testing.T) {
	one, two := testkit.NewPostgres(t), testkit.NewPostgres(t)
	one.Exec(t, "postgres", `create role readers`)
	two.Exec(t, "postgres", `create role readers`, `create role p1`)
	p := newPlant(t, 1)
	var d provision.Decision
	for name, s := range map[string]*testkit.PostgresServer{"one": one, "two": two} {
		id := p.system(name, postgres.Kind, inventory.Config{Address: s.URL("postgres")}, secret.Secret{})
		d.Targets = append(d.Targets, &access.Target{Identity: p.person(1), System: id, Login: "p1", State: access.TargetEnabled})
		d.Begin = append(d.Begin, access.Justification{Holder: p.person(1).Ref(), Entitlement: p.entitlement(name + "/readers"), Origin: access.FromRequest})
	}
	p.decide(d)
	p.carry()
	dead := p.only(provision.Dead)
	if dead.Code != connector.ErrTaken.Code {
		t.Fatalf("a login that is taken: %+v", dead)
	}
	undone, err := p.s.Cancel(p.ctx, dead.ID, "the login is somebody else's", true)
	if err != nil || undone != 3 { // what was tried may have got through, and is looked for
		t.Fatalf("%d operations take back: %v", undone, err)
	}
	p.carry()
	if got := psql(t, one, `select count(*) from pg_roles where rolname = 'p1'`); got != "0" {
		t.Errorf("the account is left: %s", got)
	}
	if got := psql(t, two, `select count(*) from pg_roles where rolname = 'p1'`); got != "1" {
		t.Errorf("somebody else's account is gone: %s", got)
	}
	for _, o := range p.operations(provision.Query{}) {
		if o.State.Open() || o.State == provision.Dead {
			t.Errorf("left: %+v", o)
		}
	}
}

// own makes an account somebody's by decision, and returns it.
func (p *plant) own(name string, n int) access.AccountID {
	p.t.Helper()
	id, err := p.app.inventory().ResolveAccount(p.ctx, name)
	p.must(err)
	p.must(p.app.inventory().Decide(p.ctx, inventory.Decision{Account: id, Identity: p.person(n), Reason: "a test", Replace: true}))
	return id
}

// only is the one operation in a state.
func (p *plant) only(state provision.State) provision.Operation {
	p.t.Helper()
	list := p.operations(provision.Query{States: []provision.State{state}})
	if len(list) != 1 {
		p.t.Fatalf("%d operations are %s: %+v", len(list), state, p.operations(provision.Query{}))
	}
	return list[0]
}
