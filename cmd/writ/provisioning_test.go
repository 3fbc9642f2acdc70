package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/provision"
	"github.com/writhq/writ/store"
)

// plant is a store with people, systems, and provisioning by hand: step by step.
type plant struct {
	t   testing.TB
	ctx context.Context
	app *app
	s   *provision.Service
}

// newPlant knows some people, whose numbers are E1 and so on.
func newPlant(t testing.TB, people int) *plant { return newPlantAt(t, people, time.Now) }

func newPlantAt(t testing.TB, people int, now func() time.Time) *plant {
	p := &plant{t: t, app: &app{out: io.Discard, err: io.Discard, data: t.TempDir()}}
	var err error
	if p.app.db, err = store.Open(t.Context(), store.Config{Dir: p.app.data, Postgres: p.app.postgres(), Now: now}); err != nil {
		t.Fatal(err)
	}
	ctx, err := p.app.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.app.close() })
	sweeps(t, p.app)
	p.ctx = audit.WithActor(ctx, audit.Actor{Node: "test"})
	p.s = p.app.provisioning(&written{inventory: p.app.inventory()})
	p.s.Now = now
	text := "number,name,email,kind,login,start\n"
	for n := range people {
		text += fmt.Sprintf("E%d,Person %d,p%d@example.com,human,p%d,2020-01-01\n", n+1, n+1, n+1, n+1)
	}
	file := filepath.Join(t.TempDir(), "hr.csv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	id, err := p.app.inventory().AddSource(p.ctx, inventory.Source{Name: "hr", Kind: "csv", Config: inventory.Config{Address: file}})
	if err == nil {
		_, err = p.app.inventory().SyncSource(p.ctx, id, inventory.SyncOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *plant) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// system adds one and reads it.
func (p *plant) system(name, kind string, c inventory.Config, password secret.Secret) access.SystemID {
	p.t.Helper()
	var sealed *secret.Secret
	if !password.Empty() {
		c.Credential, sealed = inventory.Sealed, &password
	}
	id, err := p.app.inventory().AddSystem(p.ctx, inventory.System{System: access.System{Name: name, Kind: kind}, Config: c}, sealed)
	p.must(err)
	p.sync(id)
	return id
}

func (p *plant) sync(id access.SystemID) {
	p.t.Helper()
	_, err := p.app.inventory().SyncSystem(p.ctx, id, inventory.SyncOptions{AcceptRemovals: true})
	p.must(err)
	_, err = p.app.correlate(p.ctx)
	p.must(err)
}

func (p *plant) person(n int) access.IdentityID {
	p.t.Helper()
	id, err := p.app.inventory().ResolveIdentity(p.ctx, fmt.Sprintf("E%d", n))
	p.must(err)
	return id
}

func (p *plant) entitlement(name string) access.EntitlementID {
	p.t.Helper()
	ref, err := p.app.inventory().ResolveTarget(p.ctx, name)
	p.must(err)
	return access.EntitlementID(ref.Key)
}

func (p *plant) decide(d provision.Decision) {
	p.t.Helper()
	p.must(p.app.db.Provision().Decide(p.ctx, audit.Event{Action: "test.decide"}, d))
}

func (p *plant) justify(who access.IdentityID, what access.EntitlementID) access.Justification {
	p.t.Helper()
	list := []access.Justification{{Holder: who.Ref(), Entitlement: what, Origin: access.Birthright, Reason: "a test"}}
	p.decide(provision.Decision{Begin: list})
	return list[0]
}

func (p *plant) unjustify(j ...access.Justification) {
	p.t.Helper()
	p.decide(provision.Decision{End: j})
}

func (p *plant) target(y *access.Target) {
	p.t.Helper()
	p.decide(provision.Decision{Targets: []*access.Target{y}})
}

func (p *plant) operations(q provision.Query) []provision.Operation {
	p.t.Helper()
	q.First = 1000
	list, err := p.app.db.Provision().Operations(p.ctx, q)
	p.must(err)
	return list
}

// carry plans and carries out until nothing is due.
func (p *plant) carry() {
	p.t.Helper()
	for range 20 {
		_, err := p.app.db.Sequence(p.ctx)
		p.must(err)
		_, err = p.s.Step(p.ctx)
		p.must(err)
		list, err := p.app.db.Provision().Busy(p.ctx)
		p.must(err)
		if len(list) == 0 {
			return
		}
		for _, id := range list {
			p.s.Work(p.ctx, id)
		}
	}
	p.t.Fatalf("operations stay due: %+v", p.operations(provision.Query{States: []provision.State{provision.Planned, provision.Failed, provision.Running}}))
}

// all expects that every operation was verified, but those that are named.
func (p *plant) verified() {
	p.t.Helper()
	for _, o := range p.operations(provision.Query{}) {
		if o.State != provision.Verified {
			p.t.Errorf("%s is %s: %s %s", o.Kind, o.State, o.Code, o.Error)
		}
	}
}

// The life of somebody's account in a real cluster, as the cluster itself says.
func TestProvisioningPostgreSQL(t *testing.T) {
	server := testkit.NewPostgres(t)
	server.Exec(t, "postgres", `create role readers`, `create role writers`, `create role bystander login in role readers`)
	p := newPlant(t, 2)
	id := p.system("db", postgres.Kind, inventory.Config{Address: server.URL("postgres")}, secret.Secret{})
	who := p.person(1)
	y := access.Target{Identity: who, System: id, Login: "p1", State: access.TargetEnabled, Recipient: p.person(2), Attributes: map[string]string{"connection_limit": "3"}}
	p.target(&y)
	readers := p.justify(who, p.entitlement("db/readers"))
	p.carry()
	p.verified()
	role := func() string {
		return psql(t, server, `select rolcanlogin, rolconnlimit, array(select pg_get_userbyid(roleid) from pg_auth_members where member = r.oid order by 1) from pg_roles r where rolname = 'p1'`)
	}
	if got := role(); got != "t|3|{readers}" {
		t.Errorf("p1 is %s", got)
	}
	p.sync(id)
	p.carry()
	account := p.account("db/p1", who)
	y.Account, y.Attributes = account, map[string]string{"connection_limit": "5"}
	p.target(&y)
	p.justify(who, p.entitlement("db/writers"))
	p.unjustify(readers)
	p.carry()
	p.verified()
	if got := role(); got != "t|5|{writers}" {
		t.Errorf("p1 is %s", got)
	}
	y.State = access.TargetDisabled
	p.target(&y)
	p.carry()
	if got := role(); !strings.HasPrefix(got, "f|") && !strings.HasPrefix(got, "t|0") {
		t.Errorf("disabled, p1 is %s", got)
	}
	y.State = access.TargetDeleted
	p.target(&y)
	p.carry()
	p.verified()
	if got := role(); got != "" {
		t.Errorf("deleted, p1 is %s", got)
	}
	if got := psql(t, server, `select count(*) from pg_auth_members m join pg_roles r on r.oid = m.member where rolname = 'bystander'`); got != "1" {
		t.Errorf("whoever was never justified has %s roles", got)
	}
	before := len(p.operations(provision.Query{}))
	p.sync(id)
	p.carry()
	if after := p.operations(provision.Query{}); len(after) != before {
		t.Errorf("nothing changed, and there are more operations: %+v", after[:len(after)-before])
	}
}

// account is one that is somebody's by provisioning.
func (p *plant) account(name string, who access.IdentityID) access.AccountID {
	p.t.Helper()
	id, err := p.app.inventory().ResolveAccount(p.ctx, name)
	p.must(err)
	list, err := p.app.inventory().Store.Candidates(p.ctx, []access.AccountID{id})
	p.must(err)
	if len(list) != 1 || list[0].Link.Identity != who || list[0].Link.Rule != inventory.ByProvisioning {
		p.t.Errorf("%s is not linked: %+v", name, list)
	}
	return id
}

// psql is what the server's own client says.
func psql(t testing.TB, server *testkit.PostgresServer, text string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "psql", "-X", "-w", "-At", "-d", server.URL("postgres"), "-c", text).CombinedOutput() //nolint:gosec // a test's own text
	if err != nil {
		t.Fatalf("%s: %v: %s", text, err, out)
	}
	return strings.TrimSpace(string(out))
}

// drift are the findings of a status that say what is no longer as it was verified.
func (p *plant) drift(status finding.Status) []finding.Finding {
	p.t.Helper()
	p.app.findings().Now = p.s.Now
	_, err := p.app.refresh(p.ctx)
	p.must(err)
	list, err := p.app.findings().List(p.ctx, finding.Filter{Rule: "drift", Status: status})
	p.must(err)
	return list
}

// drifts are the two that are to be decided on: what is back, and what was taken.
func (p *plant) drifts() (back, taken provision.Drift) {
	p.t.Helper()
	list, err := p.app.db.Provision().Drifts(p.ctx, nil, 10)
	if err != nil || len(list) != 2 {
		p.t.Fatalf("drifts %+v, %v", list, err)
	}
	if list[0].Kind == connector.RemoveGrant {
		return list[0], list[1]
	}
	return list[1], list[0]
}

// Somebody changes on the system what Writ had done there: that is never fought with, it is
// a finding, and a person reverts it, adopts it, or leaves it for a time.
func TestProvisioningDrift(t *testing.T) {
	server := testkit.NewPostgres(t)
	server.Exec(t, "postgres", `create role readers`, `create role writers`, `create role ana login`)
	p, pass := clocked(t, 1)
	id := p.system("db", postgres.Kind, inventory.Config{Address: server.URL("postgres")}, secret.Secret{})
	p.own("db/ana", 1)
	who := p.person(1)
	p.justify(who, p.entitlement("db/readers"))
	gone := p.justify(who, p.entitlement("db/writers"))
	p.carry()
	p.unjustify(gone)
	p.carry()
	server.Exec(t, "postgres", `revoke readers from ana`, `grant writers to ana`)
	pass(time.Minute)
	p.sync(id)
	before := len(p.operations(provision.Query{}))
	p.carry()
	if after := len(p.operations(provision.Query{})); after != before {
		t.Errorf("Writ fights: %d operations became %d", before, after)
	}
	found := func() (list []finding.Evidence) {
		t.Helper()
		for _, f := range p.drift(finding.Open) {
			list = append(list, f.Evidence...)
		}
		return list
	}
	accepted := func() []finding.Finding { return p.drift(finding.Accepted) }
	p.must(p.app.follow(p.ctx))
	if list := found(); len(list) != 2 {
		t.Fatalf("found %+v", list)
	}
	back, taken := p.drifts()
	if err := p.s.Adopt(p.ctx, taken.ID, "no"); !errors.Is(err, provision.ErrDrift) {
		t.Errorf("what is missing is adopted: %v", err)
	}
	ends := p.s.Now().Add(24 * time.Hour)
	p.must(p.s.Except(p.ctx, back.ID, "until the migration is over", ends))
	if list := found(); len(list) != 2 || len(accepted()) != 0 {
		t.Errorf("one of two is left as it is, and open is %+v", list)
	}
	p.must(p.s.Revert(p.ctx, taken.ID, "nobody asked for it"))
	p.must(p.s.Except(p.ctx, back.ID, "until the migration is over", ends))
	p.carry()
	if got := psql(t, server, `select pg_has_role('ana', 'readers', 'member'), pg_has_role('ana', 'writers', 'member')`); got != "t|t" {
		t.Errorf("settled, ana has %s", got)
	}
	if list := found(); len(list) != 0 {
		t.Errorf("settled, and found %+v", list)
	}
	// What is left as it is is tolerated, and told of: accepted until then, with the reason.
	if list := accepted(); len(list) != 1 || list[0].AcceptedUntil != access.TimeOf(ends) || list[0].Reason != "until the migration is over" || len(list[0].Evidence) != 1 {
		t.Errorf("left as it is, accepted is %+v", list)
	}
	pass(time.Hour) // nothing takes it meanwhile, whatever is read and planned
	p.sync(id)
	before = len(p.operations(provision.Query{}))
	p.carry()
	p.must(p.app.follow(p.ctx))
	if got := psql(t, server, `select pg_has_role('ana', 'writers', 'member')`); got != "t" || len(p.operations(provision.Query{})) != before || len(found()) != 0 || len(accepted()) != 1 {
		t.Errorf("tolerated, ana has it: %s; accepted is %+v", got, accepted())
	}
	pass(25 * time.Hour)
	_, err := p.app.db.Sweep(p.ctx)
	p.must(err)
	p.must(p.app.follow(p.ctx))
	if list := found(); len(list) != 1 || len(accepted()) != 0 {
		t.Errorf("the exception has ended, and found %+v", list)
	}
	p.must(p.s.Adopt(p.ctx, back.ID, "they need it"))
	p.carry()
	p.verified()
	if list := found(); len(list) != 0 {
		t.Errorf("adopted, and found %+v", list)
	}
	if got := psql(t, server, `select pg_has_role('ana', 'writers', 'member')`); got != "t" {
		t.Errorf("adopted, ana has %s", got)
	}
}
