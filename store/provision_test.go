package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/provision"
)

// provisioned is a store with a system of two entitlements, somebody, and their account.
type provisioned struct {
	t  *testing.T
	db *DB
	s  Provision
}

func newProvisioned(t *testing.T, cfg Config) *provisioned {
	t.Helper()
	p := &provisioned{t: t, db: openStore(t, cfg)}
	p.s = p.db.Provision()
	err := p.db.change(asTester(t.Context()), audit.Event{Action: "test.provisioned"}, func(t *tx) error {
		for _, text := range []string{
			`insert into system (id, from_set, name, kind, config) values (7, $1, 'erp', 'postgres', '{}')`,
			`insert into identity (id, from_set, kind, state, name) values (1, $1, 'human', 'active', 'Ana'), (2, $1, 'human', 'active', 'Ben')`,
			`insert into entitlement (id, from_set, system_id, native_id, kind, name, digest) values (3, $1, 7, 'readers', 'role', 'readers', ''), (4, $1, 7, 'writers', 'role', 'writers', '')`,
			`insert into account (id, from_set, system_id, native_id, login, kind, status, digest) values (5, $1, 7, 'ben', 'ben', 'person', 'enabled', '')`,
			`insert into account_link (id, from_set, account_id, identity_id, state, rule) values (1, $1, 5, 2, 'manual', 'decision')`,
			`insert into access_grant (holder_id, holder_kind, entitlement_id, from_set, id, system_id) values (5, 2, 4, $1, 1, 7)`,
		} {
			if _, err := t.exec(asTester(p.t.Context()), text, t.Set); err != nil {
				return err
			}
		}
		return nil
	})
	p.must(err)
	return p
}

func (p *provisioned) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *provisioned) refused(err error, want *fault.Error) {
	p.t.Helper()
	if !errors.Is(err, want) {
		p.t.Errorf("%v is not %v", err, want)
	}
}

func can(y *provision.System, _ string, _ map[string]string) {
	y.Can = map[connector.ChangeKind]bool{connector.AddGrant: true, connector.RemoveGrant: true, connector.CreateAccount: true, connector.DisableAccount: true, connector.EndSessions: true}
}

// plan plans for what changed.
func (p *provisioned) plan() provision.Kept {
	p.t.Helper()
	ctx := asTester(p.t.Context())
	_, err := p.db.Sequence(ctx)
	p.must(err)
	n, err := p.s.News(ctx, 0)
	p.must(err)
	lead, err := p.s.Lead(ctx, time.Minute)
	p.must(err)
	_, err = p.s.Lead(ctx, time.Minute)
	p.refused(err, ErrLeased)
	var plans []provision.Plan
	p.must(p.s.Facts(ctx, n.Units, can, func(f *provision.Facts) error {
		if x := provision.Decide(f); !x.Empty() {
			plans = append(plans, x)
		}
		return nil
	}))
	kept, err := lead.Keep(ctx, plans)
	p.must(err)
	p.must(lead.Reached(ctx, n.Rev))
	p.must(lead.End(ctx))
	return kept
}

func (p *provisioned) decide(d provision.Decision) {
	p.t.Helper()
	p.must(p.s.Decide(asTester(p.t.Context()), audit.Event{Action: "test.decide"}, d))
}

func (p *provisioned) list(states ...provision.State) []provision.Operation {
	p.t.Helper()
	list, err := p.s.Operations(p.t.Context(), provision.Query{States: states, First: 100})
	p.must(err)
	slices.Reverse(list)
	return list
}

// What is planned is taken by one who owns the system, and what another reports of it is
// refused; a cause brings its operation once.
func TestOperationsAreTakenByOne(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx := asTester(t.Context())
		p := newProvisioned(t, fresh(t))
		ben := access.Justification{Holder: access.IdentityID(2).Ref(), Entitlement: 3, Origin: access.Birthright}
		p.decide(provision.Decision{Begin: []access.Justification{ben, {Holder: access.IdentityID(2).Ref(), Entitlement: 4, Origin: access.Birthright}}})
		if kept := p.plan(); kept.Operations != 1 || len(kept.Runs) != 1 {
			t.Fatalf("planned %+v: %+v", kept, p.list())
		}
		if again := p.plan(); again.Operations != 0 || len(p.list()) != 2 || len(p.list(provision.Verified)) != 1 {
			t.Fatalf("planned again %+v: %+v", again, p.list())
		}
		one, err := p.s.Own(ctx, 7, time.Minute)
		p.must(err)
		_, err = p.s.Own(ctx, 7, time.Minute)
		p.refused(err, ErrLeased)
		jobs, err := one.Claim(ctx, 10)
		p.must(err)
		if len(jobs) != 1 || jobs[0].Native != "ben" || jobs[0].Entitlement != "readers" || jobs[0].Attempts != 1 {
			t.Fatalf("taken %+v", jobs)
		}
		if more, err := one.Claim(ctx, 10); err != nil || len(more) != 0 {
			t.Errorf("taken twice: %+v, %v", more, err)
		}
		p.must(endLeases(ctx, p.db))
		two, err := p.s.Own(ctx, 7, time.Minute)
		p.must(err)
		_, err = one.Verified(ctx, &jobs[0])
		p.refused(err, ErrFenced)
		_, err = one.Failed(ctx, &jobs[0], provision.Failure{State: provision.Dead, Code: "x"})
		p.refused(err, ErrFenced)
		jobs, err = two.Claim(ctx, 10)
		p.must(err)
		if len(jobs) != 1 || jobs[0].Attempts != 2 {
			t.Fatalf("taken by the next %+v", jobs)
		}
		ended, err := two.Failed(ctx, &jobs[0], provision.Failure{State: provision.Dead, Code: "not-performed", Error: "it does not show"})
		if err != nil || !ended {
			t.Fatalf("dead: %v, %v", ended, err)
		}
		p.must(p.s.Resume(ctx, jobs[0].ID, "mended"))
		jobs, err = two.Claim(ctx, 10)
		p.must(err)
		ended, err = two.Verified(ctx, &jobs[0])
		if err != nil || !ended {
			t.Fatalf("verified: %v, %v", ended, err)
		}
		p.refused(p.s.Resume(ctx, jobs[0].ID, "again"), provision.ErrState)
		_, err = p.s.Cancel(ctx, jobs[0].ID, "too late", false)
		p.refused(err, provision.ErrState)
		_, err = p.s.Operation(ctx, 999)
		p.refused(err, provision.ErrNotFound)
		runs, err := p.s.Runs(ctx, provision.RunQuery{First: 10, Systems: []access.SystemID{7}})
		if err != nil || len(runs) != 1 || runs[0].State != provision.RunDone || runs[0].Counts[provision.Verified] != 1 {
			t.Errorf("runs %+v, %v", runs, err)
		}
		if elsewhere, err := p.s.Runs(ctx, provision.RunQuery{First: 10, Systems: []access.SystemID{}}); err != nil || len(elsewhere) != 0 {
			t.Errorf("elsewhere are runs %+v, %v", elsewhere, err)
		}
	})
}

// What was justified and ends is taken away, what never was is not; an end by the clock
// counts like one by a person.
func TestEndsAreSwept(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		cfg, ahead := fresh(t), time.Duration(0)
		cfg.Now = func() time.Time { return time.Now().Add(ahead) }
		p := newProvisioned(t, cfg)
		p.decide(provision.Decision{Begin: []access.Justification{{Holder: access.IdentityID(2).Ref(), Entitlement: 4, Origin: access.FromRequest, End: access.TimeOf(time.Now().Add(time.Hour))}}})
		p.plan()
		if n, err := p.s.EndDue(asTester(t.Context())); n != 0 || err != nil {
			t.Errorf("ended too early: %d, %v", n, err)
		}
		ahead = 2 * time.Hour
		if n, err := p.s.EndDue(asTester(t.Context())); n != 1 || err != nil {
			t.Errorf("ended %d, %v", n, err)
		}
		p.plan()
		list := p.list(provision.Planned)
		if len(list) != 1 || list[0].Kind != connector.RemoveGrant || list[0].Account != 5 || list[0].Entitlement != 4 {
			t.Errorf("planned %+v", list)
		}
	})
}

// A first credential is kept sealed before the system is touched, given again to a later
// attempt, picked up once, by its recipient, once the account is there, and until its end.
func TestFirstCredentialIsPickedUpOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		cfg, ahead := fresh(t), time.Duration(0)
		cfg.Now = func() time.Time { return time.Now().Add(ahead) }
		ctx, p := asTester(t.Context()), newProvisioned(t, cfg)
		y := access.Target{Identity: 1, System: 7, Login: "ana", State: access.TargetEnabled, Recipient: 2}
		p.decide(provision.Decision{Targets: []*access.Target{&y}, Begin: []access.Justification{{Holder: access.IdentityID(1).Ref(), Entitlement: 3, Origin: access.Birthright}}})
		p.plan()
		o, err := p.s.Own(ctx, 7, time.Minute)
		p.must(err)
		jobs, err := o.Claim(ctx, 10)
		p.must(err)
		if len(jobs) != 1 || jobs[0].Kind != connector.CreateAccount || jobs[0].Login != "ana" {
			t.Fatalf("taken %+v", jobs)
		}
		j := jobs[0]
		drawn := func(text string) func() (secret.Secret, error) {
			return func() (secret.Secret, error) { return secret.New([]byte(text)), nil }
		}
		p.must(o.Prepare(ctx, &j, drawn("canary-one"), 7*24*time.Hour))
		mark := j.Mark
		if len(mark) < 20 || !j.Fresh || string(j.Credential.Reveal()) != "canary-one" {
			t.Errorf("prepared %+v", j)
		}
		if list, err := p.s.Credentials(ctx, 2); err != nil || len(list) != 0 {
			t.Errorf("before the account is there: %+v, %v", list, err)
		}
		_, err = o.Failed(ctx, &j, provision.Failure{State: provision.Failed, Code: "system-unreachable"})
		p.must(err)
		jobs, err = o.Claim(ctx, 10)
		p.must(err)
		j = jobs[0]
		p.must(o.Prepare(ctx, &j, drawn("canary-two"), 7*24*time.Hour))
		if j.Mark != mark || j.Fresh || string(j.Credential.Reveal()) != "canary-one" {
			t.Errorf("a later attempt has another one: %+v", j)
		}
		j.Native = "ana"
		_, err = o.Verified(ctx, &j)
		p.must(err)
		for _, who := range []access.IdentityID{0, 1} {
			_, _, err := p.s.PickUp(ctx, y.ID, who)
			p.refused(err, provision.ErrCredential)
		}
		list, err := p.s.Credentials(ctx, 2)
		if err != nil || len(list) != 1 || list[0].Login != "ana" || list[0].Target != y.ID {
			t.Fatalf("there are %+v, %v", list, err)
		}
		_, plain, err := p.s.PickUp(ctx, y.ID, 2)
		if err != nil || string(plain.Reveal()) != "canary-one" {
			t.Errorf("picked up: %v", err)
		}
		_, _, err = p.s.PickUp(ctx, y.ID, 2)
		p.refused(err, provision.ErrCredential)
		p.plan()
		if next, err := o.Claim(ctx, 10); err != nil || len(next) != 1 || next[0].Kind != connector.AddGrant || next[0].Native != "ana" || next[0].Mark != mark {
			t.Errorf("what waited for the account: %+v, %v", next, err)
		}
	})
}

// One that nobody picks up is destroyed when it ends.
func TestFirstCredentialEnds(t *testing.T) {
	cfg, ahead := emptySQLite(t), time.Duration(0)
	cfg.Now = func() time.Time { return time.Now().Add(ahead) }
	ctx, p := asTester(t.Context()), newProvisioned(t, cfg)
	y := access.Target{Identity: 1, System: 7, Login: "ana", State: access.TargetEnabled, Recipient: 2}
	p.decide(provision.Decision{Targets: []*access.Target{&y}})
	p.plan()
	o, err := p.s.Own(ctx, 7, time.Minute)
	p.must(err)
	jobs, err := o.Claim(ctx, 1)
	p.must(err)
	p.must(o.Prepare(ctx, &jobs[0], func() (secret.Secret, error) { return secret.New([]byte("canary-three")), nil }, time.Hour))
	if n, err := p.s.EndCredentials(ctx); n != 0 || err != nil {
		t.Errorf("ended too early: %d, %v", n, err)
	}
	jobs[0].Native = "ana"
	_, err = o.Verified(ctx, &jobs[0])
	p.must(err)
	ahead = 2 * time.Hour
	if list, err := p.s.Credentials(ctx, 2); err != nil || len(list) != 0 {
		t.Errorf("after its end there are %+v, %v", list, err)
	}
	_, _, err = p.s.PickUp(ctx, y.ID, 2) // before anybody has destroyed it
	p.refused(err, provision.ErrCredential)
	if n, err := p.s.EndCredentials(ctx); n != 1 || err != nil {
		t.Errorf("ended %d, %v", n, err)
	}
	if where := inFiles(t, cfg.Dir, []byte("canary-three")); len(where) > 0 {
		t.Errorf("it is in %v", where)
	}
}

// The account of nobody is disabled; somebody's is not, this way.
func TestOrphansAreNobodys(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx, p := asTester(t.Context()), newProvisioned(t, fresh(t))
		_, err := p.s.PutOrphan(ctx, 5, access.TargetDisabled, 0, "a test")
		p.refused(err, provision.ErrState)
		_, err = p.s.PutOrphan(ctx, 99, access.TargetDisabled, 0, "a test")
		p.refused(err, provision.ErrNotFound)
		p.must(p.db.Inventory().DecideLink(ctx, inventory.Decision{Account: 5, Reason: "nobody's", Replace: true}))
		first, err := p.s.PutOrphan(ctx, 5, access.TargetDisabled, 0, "a test")
		p.must(err)
		again, err := p.s.PutOrphan(ctx, 5, access.TargetDisabled, 0, "a test")
		if err != nil || again != first {
			t.Errorf("decided again it is %s, not %s: %v", again, first, err)
		}
		p.plan()
		list := p.list(provision.Planned)
		if len(list) != 2 || list[0].Kind != connector.DisableAccount || list[0].Account != 5 || list[0].Identity != 0 {
			t.Errorf("planned %+v", list)
		}
	})
}

// Somebody with a system's limits alone changes nothing of another.
func TestProvisionLimits(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx, p := asTester(t.Context()), newProvisioned(t, fresh(t))
		l := provision.Limits{Share: 0.25, Count: 3, AtOnce: 2, PerMinute: 60}
		p.must(p.s.SetLimits(ctx, 7, l))
		if got, err := p.s.LimitsOf(ctx, 7); err != nil || got != l {
			t.Errorf("limits are %+v, %v", got, err)
		}
		if got, err := p.s.LimitsOf(ctx, 8); err != nil || got != provision.DefaultLimits {
			t.Errorf("another's are %+v, %v", got, err)
		}
		if err := p.s.SetLimits(ctx, 8, l); err == nil {
			t.Error("a system that is not there has limits")
		}
	})
}
