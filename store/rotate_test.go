package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
)

// A node that slept through its turn keeps, promotes and ends nothing any more, and two do
// not have a secret at once.
func TestRotationIsOneNodesAtATime(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSafeKept(t, fresh(t))
		ctx := audit.WithActor(t.Context(), audit.Actor{Node: "rotation"})
		x := k.add("root", "first")
		s := k.db.Rotate(k.ring)
		k.must(s.Demand(ctx, []access.SecretID{x.ID}, rotate.OnDemand, "a test"))
		slow, err := s.Own(ctx, x.ID, time.Minute)
		k.must(err)
		job, err := slow.Job(ctx)
		k.must(err)
		if len(job.Held) != 1 || !job.Held[0].Current || string(job.Held[0].Value.Reveal()) != "first" {
			t.Fatalf("the vault holds %+v", job.Held)
		}
		left, err := slow.Pend(ctx, secret.New([]byte("second")), "")
		k.must(err)
		if _, err := s.Own(ctx, x.ID, time.Minute); !errors.Is(err, ErrLeased) {
			t.Fatalf("two have it: %v", err)
		}
		_, err = k.db.w.ExecContext(ctx, `update lease set until = 0`)
		k.must(err)
		other, err := s.Own(ctx, x.ID, time.Minute)
		k.must(err)
		for what, err := range map[string]error{
			"keeps":    func() error { _, err := slow.Pend(ctx, secret.New([]byte("third")), ""); return err }(),
			"promotes": func() error { _, err := slow.Promote(ctx, left.Version, false); return err }(),
			"settles":  slow.Settle(ctx),
			"fails":    slow.Failed(ctx, rotate.Failure{State: rotate.Failing, Code: "x"}),
			"goes on":  slow.Keep(ctx),
		} {
			if !errors.Is(err, ErrFenced) {
				t.Errorf("a node that lost its turn %s: %v", what, err)
			}
		}
		job, err = other.Job(ctx)
		k.must(err)
		if len(job.Held) != 2 || !job.Held[0].Pending || job.Held[0].Version != left.Version || job.Attempts != 1 {
			t.Fatalf("the other node sees %+v", job)
		}
		done, err := other.Promote(ctx, left.Version, true)
		k.must(err)
		q, err := s.Queue(ctx, rotate.Query{})
		k.must(err)
		if !done || len(q) != 1 || q[0].Cause != rotate.InDoubt || q[0].Next <= q[0].Since {
			t.Errorf("with the end of an attempt unknown it is done: %t, and due %+v", done, q)
		}
		_, err = other.Job(ctx)
		k.must(err)
		k.must(other.Settle(ctx))
		if q, err = s.Queue(ctx, rotate.Query{}); err != nil || len(q) != 0 {
			t.Errorf("%+v %v", q, err)
		}
		if now := k.secret(x.ID); now.Number != 2 || now.Due != 0 {
			t.Errorf("the current version is %d, due %d", now.Number, now.Due)
		}
		// What it became due for while it was signed in with is not met by that.
		k.must(s.Doubt(ctx, x.ID, left.Version))
		_, err = other.Job(ctx)
		k.must(err)
		k.must(s.Demand(ctx, []access.SecretID{x.ID}, rotate.Incident, "a test"))
		k.must(other.Settle(ctx))
		k.must(other.Rest(ctx, access.TimeOf(time.Now().Add(time.Hour))))
		k.must(other.Failed(ctx, rotate.Failure{State: rotate.Waiting, Code: "x", After: time.Hour}))
		if q, err = s.Queue(ctx, rotate.Query{}); err != nil || len(q) != 1 || q[0].Cause != rotate.Incident || q[0].State != rotate.Due || q[0].Next > q[0].Since {
			t.Errorf("after the incident it is due %+v %v", q, err)
		}
	})
}

// A finding has the secrets changed that open the account it is about, while it is open.
func TestRotationOfAFinding(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSafeKept(t, fresh(t))
		ctx := asWho(t.Context(), safeOwner)
		id, err := k.s.AddSecret(ctx, vault.Secret{Safe: k.safe.ID, Name: "app", Kind: vault.Password, System: 7, Account: 6}, vault.Value{Written: true}, k.seals("first"))
		k.must(err)
		k.add("other", "second")
		k.must(k.db.change(ctx, audit.Event{Action: "test.findings"}, func(t *tx) error {
			_, err := t.exec(ctx, `
insert into finding (id, from_set, rule, subject_kind, subject_key, severity, function, status, opened_at, due_at, evidence, digest)
values (1, $1, 'stale-credential', $2, 6, 'medium', 'platform_owner', 'open', 1, 2, '[]', ''),
       (2, $1, 'dormant-account', $2, 6, 'medium', 'iam', 'resolved', 1, 2, '[]', ''),
       (3, $1, 'stale-credential', $2, 9, 'medium', 'platform_owner', 'open', 1, 2, '[]', '')`, t.Set, access.KindAccount)
			return err
		}))
		s := k.db.Rotate(k.ring)
		for finding, want := range map[access.FindingID]int{1: 1, 2: 0, 3: 0, 4: 0} {
			list, _, err := s.Group(ctx, rotate.Group{Finding: finding})
			k.must(err)
			if len(list) != want || want == 1 && list[0].Secret != id {
				t.Errorf("finding %d is about %+v", finding, list)
			}
		}
		k.must(s.DemandOver(ctx, []access.SecretID{id}, rotate.OnFinding, "a test", 0))
		if q, err := s.Queue(ctx, rotate.Query{}); err != nil || len(q) != 1 || q[0].Cause != rotate.OnFinding {
			t.Errorf("due is %+v: %v", q, err)
		}
	})
}

// A secret is due by its schedule, and for what somebody knew who has left; the more urgent
// cause stays, and is the first.
func TestRotationIsDue(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		at := time.Now().UTC().Truncate(time.Hour)
		cfg := fresh(t)
		cfg.Now = func() time.Time { return at }
		k := newSafeKept(t, cfg)
		ctx := asTester(t.Context())
		s := k.db.Rotate(k.ring)
		seen, other := k.add("seen", "first"), k.add("other", "second")
		_, err := k.open(k.opening(seen, safeViewer, vault.Reveal))
		k.must(err)
		k.must(s.SetSchedule(ctx, rotate.Schedule{Secret: other.ID, Every: 24 * time.Hour}, false))
		if err := s.SetSchedule(ctx, rotate.Schedule{Secret: 999, Every: time.Hour}, false); !errors.Is(err, vault.ErrNoSecret) {
			t.Errorf("a schedule of nothing: %v", err)
		}
		if err := s.Demand(ctx, []access.SecretID{other.ID, 999}, rotate.OnDemand, ""); !errors.Is(err, vault.ErrNoSecret) {
			t.Errorf("a demand of nothing: %v", err)
		}
		sweep := func() []rotate.Queued {
			t.Helper()
			_, err := k.db.Sequence(ctx)
			k.must(err)
			k.must(s.Sweep(ctx))
			k.must(s.Sweep(ctx)) // the second finds nothing more
			q, err := s.Queue(ctx, rotate.Query{})
			k.must(err)
			return q
		}
		if q := sweep(); len(q) != 0 {
			t.Fatalf("before its time: %+v", q)
		}
		at = at.Add(24 * time.Hour)
		if q := sweep(); len(q) != 1 || q[0].Secret != other.ID || q[0].Cause != rotate.OnSchedule {
			t.Fatalf("at its time: %+v", q)
		}
		k.must(k.db.change(ctx, audit.Event{Action: "test.leave"}, func(t *tx) error {
			if _, err := t.exec(ctx, `update identity set state = 'terminated' where id = $1`, safeViewer); err != nil {
				return err
			}
			return t.changed(ctx, safeViewer.Ref())
		}))
		q := sweep()
		if len(q) != 2 || q[0].Secret != seen.ID || q[0].Cause != rotate.OnLeaver {
			t.Fatalf("of a leaver: %+v", q)
		}
		k.must(s.Demand(ctx, []access.SecretID{seen.ID}, rotate.OnDemand, "again"))
		next, err := s.Next(ctx, 1)
		k.must(err)
		if q := sweep(); q[0].Cause != rotate.OnLeaver || len(next) != 1 || next[0] != seen.ID {
			t.Errorf("a demand takes the place of a leaver: %+v, %v", q, next)
		}
		k.must(s.SetSchedule(ctx, rotate.Schedule{Secret: other.ID}, true))
		if list, err := s.Schedules(ctx, 0); err != nil || len(list) != 0 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

// What went wrong is kept, and never what a value is.
func TestRotationKeepsWhatWentWrong(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSafeKept(t, fresh(t))
		ctx := audit.WithActor(t.Context(), audit.Actor{Node: "rotation"})
		x := k.add("root", "first")
		s := k.db.Rotate(k.ring)
		if _, err := func() (rotate.Job, error) {
			o, err := s.Own(ctx, x.ID, time.Minute)
			k.must(err)
			defer func() { k.must(o.End(ctx)) }()
			return o.Job(ctx)
		}(); !errors.Is(err, rotate.ErrNotDue) {
			t.Fatalf("what is not due is worked on: %v", err)
		}
		k.must(s.Demand(ctx, []access.SecretID{x.ID}, rotate.Incident, "a test"))
		o, err := s.Own(ctx, x.ID, time.Minute)
		k.must(err)
		_, err = o.Job(ctx)
		k.must(err)
		k.must(o.Failed(ctx, rotate.Failure{State: rotate.Waiting, Code: "system-privilege", Error: "may not", After: time.Hour}))
		q, err := s.Queue(ctx, rotate.Query{State: rotate.Waiting})
		k.must(err)
		if len(q) != 1 || q[0].Code != "system-privilege" || q[0].Failing == 0 || q[0].Next <= q[0].Since {
			t.Fatalf("%+v", q)
		}
		if list, err := s.Next(ctx, 10); err != nil || len(list) != 0 {
			t.Errorf("what waits is tried: %v %v", list, err)
		}
		k.must(s.Demand(ctx, []access.SecretID{x.ID}, rotate.OnDemand, "again"))
		if list, err := s.Next(ctx, 10); err != nil || len(list) != 1 {
			t.Errorf("asked for again it waits: %v %v", list, err)
		}
		if q, err = s.Queue(ctx, rotate.Query{Secret: x.ID}); err != nil || q[0].State != rotate.Due || q[0].Cause != rotate.Incident || strings.Contains(q[0].Error, "may not") {
			t.Errorf("%+v %v", q, err)
		}
	})
}
