package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/onboard"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
)

// accounts of kinds that may be taken over, but for the first, which is somebody's own.
func (k *safeKept) accounts(n int) {
	k.t.Helper()
	ctx := asTester(k.t.Context())
	k.must(k.db.change(ctx, audit.Event{Action: "test.accounts"}, func(t *tx) error {
		for i := 1; i <= n; i++ {
			kind := "service"
			if i == 1 {
				kind = "person"
			}
			_, err := t.exec(ctx, `insert into account (id, from_set, system_id, native_id, login, kind, kind_reason, status, interactive, digest) values ($1, $2, 7, $3, $3, $4, '', 'enabled', true, '')`, i, t.Set, fmt.Sprintf("svc-%d", i), kind)
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

func items(from, to int) (list []onboard.Item) {
	for i := from; i <= to; i++ {
		list = append(list, onboard.Item{Account: access.AccountID(i), Kind: onboard.Password, System: 7, Name: fmt.Sprintf("svc-%d at host", i)})
	}
	return list
}

func (k *safeKept) states(s Onboard, id access.OnboardingID) map[onboard.State]int {
	k.t.Helper()
	list, err := s.Items(k.t.Context(), id)
	k.must(err)
	n := map[onboard.State]int{}
	for _, x := range list {
		n[x.State]++
	}
	return n
}

// What was begun goes on where it stopped, takes nothing twice, and refuses what is a
// person's own, is not there, or is kept by now.
func TestOnboardingTakesEachOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSafeKept(t, fresh(t))
		k.accounts(60)
		ctx, s := asWho(t.Context(), safeOwner), k.db.Onboard()
		other := k.add("svc-5 at host", "x") // its name is taken
		_, err := k.s.AddSecret(ctx, vault.Secret{Safe: k.safe.ID, Name: "kept", Kind: vault.Password, System: 7, Account: 6}, vault.Value{}, k.seals("x"))
		k.must(err)
		list := append(items(1, 60), onboard.Item{Account: 999, Kind: onboard.Password, System: 7, Name: "gone"}, onboard.Item{Account: 2, Kind: onboard.SSHKey, System: 7, Name: "svc-2 at host (key)"})
		id, err := s.Begin(ctx, onboard.Onboarding{Safe: k.safe.ID, Reason: "a test", Every: 48 * time.Hour, Beside: true}, list)
		k.must(err)
		left, err := s.Take(ctx, id)
		k.must(err)
		if n := k.states(s, id); left == 0 || n[onboard.Waiting] != len(list)-takenAtOnce {
			t.Fatalf("after one step %d are left: %v", left, n)
		}
		waiting, err := s.Waiting(ctx)
		k.must(err)
		if len(waiting) != 1 || waiting[0] != id {
			t.Fatalf("what goes on is %v", waiting)
		}
		for left > 0 {
			left, err = s.Take(audit.WithActor(ctx, audit.Actor{Node: "onboard"}), id)
			k.must(err)
		}
		if n := k.states(s, id); n[onboard.Due] != len(list)-3 || n[onboard.Refused] != 3 {
			t.Fatalf("taken: %v", n)
		}
		if _, err := s.Take(ctx, id); err != nil {
			t.Fatal(err)
		}
		q, err := k.db.Rotate(k.ring).Queue(ctx, rotate.Query{})
		k.must(err)
		schedules, err := k.db.Rotate(k.ring).Schedules(ctx, 0)
		k.must(err)
		if len(q) != len(list)-3 || len(schedules) != len(list)-3 {
			t.Fatalf("%d are due, and %d on a schedule", len(q), len(schedules))
		}
		kept, err := s.Kept(ctx)
		k.must(err)
		if len(kept) != 59 || len(kept[2]) != 2 {
			t.Errorf("safes have what opens %d accounts, and of one %v", len(kept), kept[2])
		}
		if x := k.secret(other.ID); x.Number != 1 {
			t.Errorf("what had the name has changed: %+v", x)
		}
	})
}

// A secret that was taken over has no value, is given to nobody, and is let go of as long as
// rotation has kept none.
func TestOnboardingIsReleasedBeforeAnythingIsSet(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSafeKept(t, fresh(t))
		k.accounts(3)
		ctx, s, r := asWho(t.Context(), safeOwner), k.db.Onboard(), k.db.Rotate(k.ring)
		id, err := s.Begin(ctx, onboard.Onboarding{Safe: k.safe.ID, Reason: "a test", Beside: true}, items(2, 3))
		k.must(err)
		_, err = s.Take(ctx, id)
		k.must(err)
		list, err := s.Items(ctx, id)
		k.must(err)
		x, y := k.secret(list[0].Secret), k.secret(list[1].Secret)
		_, err = k.open(k.opening(x, safeViewer, vault.Reveal))
		k.refused(err, vault.ErrNoVersion)
		owner, err := r.Own(ctx, x.ID, time.Minute)
		k.must(err)
		job, err := owner.Job(ctx)
		k.must(err)
		if len(job.Held) != 0 || job.Account != "svc-2" || job.Beside {
			t.Fatalf("rotation sees %+v", job)
		}
		h, err := owner.Pend(ctx, secret.New([]byte("set")), "")
		k.must(err)
		n, err := s.Release(ctx, id, []access.AccountID{2}, "a test")
		if !errors.Is(err, onboard.ErrBegun) {
			t.Fatalf("a value may be set, and %d are released: %v", n, err)
		}
		if n, err = s.Release(ctx, id, nil, "a test"); err != nil || n != 1 {
			t.Fatalf("%d are released: %v", n, err)
		}
		if y = k.secret(y.ID); y.State != vault.Destroyed {
			t.Errorf("what was released is %s", y.State)
		}
		done, err := owner.Promote(ctx, h.Version, false)
		k.must(err)
		states := k.states(s, id)
		if !done || states[onboard.Proven] != 1 || states[onboard.Released] != 1 {
			t.Errorf("%v", states)
		}
		if got, err := k.open(k.opening(x, safeViewer, vault.Reveal)); err != nil || got != "set" {
			t.Errorf("what was set is %q: %v", got, err)
		}
		again, err := s.Begin(ctx, onboard.Onboarding{Safe: k.safe.ID, Reason: "again", Beside: true}, items(3, 3))
		k.must(err)
		_, err = s.Take(ctx, again)
		k.must(err)
		if n := k.states(s, again); n[onboard.Due] != 1 {
			t.Errorf("what was released cannot be taken again: %v", n)
		}
	})
}

// After a restore nothing that opens an account is given to anybody before it was signed in
// with, whatever else it was due for, and what was due for somebody else's knowing it stays so.
func TestRestoredSecretsAreUnprovenUntilSignedInWith(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSafeKept(t, fresh(t))
		k.accounts(4)
		ctx, r := asWho(t.Context(), safeOwner), k.db.Rotate(k.ring)
		free := k.add("free", "opens nothing")
		var bound []vault.Secret
		for i := 2; i <= 4; i++ {
			id, err := k.s.AddSecret(ctx, vault.Secret{Safe: k.safe.ID, Name: fmt.Sprint(i), Kind: vault.Password, System: 7, Account: access.AccountID(i)}, vault.Value{}, k.seals("first"))
			k.must(err)
			bound = append(bound, k.secret(id))
		}
		k.must(r.Demand(ctx, []access.SecretID{bound[1].ID}, rotate.OnLeaver, "a test"))
		k.must(k.db.VaultKeys().AcceptRollback(ctx, 0, "a test"))
		for _, x := range bound {
			_, err := k.open(k.opening(x, safeViewer, vault.Reveal))
			k.refused(err, vault.ErrUnproven)
		}
		if got, err := k.open(k.opening(free, safeViewer, vault.Reveal)); err != nil || got != "opens nothing" {
			t.Fatalf("what opens nothing: %v", err)
		}
		causes := map[access.SecretID]rotate.Cause{}
		q, err := r.Queue(ctx, rotate.Query{})
		k.must(err)
		for _, x := range q {
			causes[x.Secret] = x.Cause
		}
		if causes[bound[0].ID] != rotate.Restored || causes[bound[1].ID] != rotate.OnLeaver {
			t.Fatalf("what is due: %v", causes)
		}
		// One opens as it was; one is set anew; of one somebody says what it is.
		own := func(id access.SecretID) rotate.Owner {
			o, err := r.Own(ctx, id, time.Minute)
			k.must(err)
			_, err = o.Job(ctx)
			k.must(err)
			return o
		}
		k.must(own(bound[0].ID).Settle(ctx))
		o := own(bound[1].ID)
		h, err := o.Pend(ctx, secret.New([]byte("second")), "")
		k.must(err)
		_, err = o.Promote(ctx, h.Version, false)
		k.must(err)
		_, err = k.s.Put(ctx, bound[2], vault.Value{Written: true}, k.seals("third"))
		k.must(err)
		for i, want := range []string{"first", "second", "third"} {
			if got, err := k.open(k.opening(bound[i], safeViewer, vault.Reveal)); err != nil || got != want {
				t.Errorf("%d is %q: %v", i, got, err)
			}
		}
		p, err := r.Proofs(ctx, 10)
		k.must(err)
		if p.Unproven != 0 || p.Opened != 1 || p.Renewed != 1 || p.Put != 1 || len(p.Left) != 0 {
			t.Errorf("%+v", p)
		}
		// Somebody asks for another value before it was signed in with: that counts.
		k.must(r.Verify(ctx, "again"))
		k.must(r.Demand(ctx, []access.SecretID{bound[0].ID}, rotate.OnDemand, "a test"))
		if q, err = r.Queue(ctx, rotate.Query{Secret: bound[0].ID}); err != nil || q[0].Cause != rotate.OnDemand {
			t.Errorf("%+v: %v", q, err)
		}
	})
}
