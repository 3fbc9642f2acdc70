package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

// safeKept is a store with three people, a fourth who has left, and a safe that Ana owns and
// in which Ben may use and Cleo may reveal.
type safeKept struct {
	t    *testing.T
	db   *DB
	s    Vault
	ring *keys.Ring
	safe vault.Safe
}

const (
	safeOwner  access.IdentityID = 1
	safeUser   access.IdentityID = 2
	safeViewer access.IdentityID = 3
	safeGone   access.IdentityID = 4 // has left
)

func asWho(ctx context.Context, id access.IdentityID) context.Context {
	return audit.WithActor(ctx, audit.Actor{Identity: id})
}

func newSafeKept(t *testing.T, cfg Config) *safeKept {
	t.Helper()
	v := newVault(t, cfg)
	k := &safeKept{t: t, db: v.db, s: v.db.Vault(), ring: v.ring}
	ctx := asTester(t.Context())
	k.must(k.db.change(ctx, audit.Event{Action: "test.people"}, func(t *tx) error {
		_, err := t.exec(ctx, `insert into identity (id, from_set, kind, state, name) values (1, $1, 'human', 'active', 'Ana'), (2, $1, 'human', 'active', 'Ben'), (3, $1, 'human', 'active', 'Cleo'), (4, $1, 'human', 'left', 'Dora'), (5, $1, 'service', 'active', 'Robot')`, t.Set)
		return err
	}))
	id, err := k.s.NewSafeID(ctx)
	k.must(err)
	k.safe = vault.Safe{ID: id, Name: "ledger", Owner: safeOwner, Sharing: vault.Shared, Terms: access.Terms{Most: time.Hour}}
	key, err := k.ring.NewSafe(ctx, id)
	k.must(err)
	k.must(k.s.AddSafe(ctx, k.safe, key, "for the ledger"))
	k.must(k.s.Grant(ctx, vault.Right{Safe: id, Holder: safeUser.Ref(), Level: vault.Use, Reason: "runs it"}))
	k.must(k.s.Grant(ctx, vault.Right{Safe: id, Holder: safeViewer.Ref(), Level: vault.Reveal, Reason: "repairs it"}))
	k.safe, err = k.s.Safe(ctx, id)
	k.must(err)
	return k
}

func (k *safeKept) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

func (k *safeKept) refused(err error, want *fault.Error) {
	k.t.Helper()
	if !errors.Is(err, want) {
		k.t.Fatalf("%v is not %q", err, want.Code)
	}
}

func (k *safeKept) seals(plain string) vault.Sealer {
	return func(at keys.Place) (keys.Sealed, error) {
		return k.ring.Seal(k.t.Context(), at, secret.New([]byte(plain)))
	}
}

func (k *safeKept) opens(at keys.Place, s keys.Sealed) (secret.Secret, error) {
	return k.ring.Open(k.t.Context(), at, s)
}

// add keeps a password as Ana does.
func (k *safeKept) add(name, plain string) vault.Secret {
	k.t.Helper()
	id, err := k.s.AddSecret(asWho(k.t.Context(), safeOwner), vault.Secret{Safe: k.safe.ID, Name: name, Kind: vault.Password}, vault.Value{Written: true}, k.seals(plain))
	k.must(err)
	return k.secret(id)
}

func (k *safeKept) secret(id access.SecretID) vault.Secret {
	k.t.Helper()
	list, err := k.s.Secrets(k.t.Context(), vault.Query{ID: id})
	k.must(err)
	if len(list) != 1 {
		k.t.Fatalf("%d secrets are %s", len(list), id)
	}
	return list[0]
}

// opening is how somebody opens a secret by a right of theirs.
func (k *safeKept) opening(x vault.Secret, by access.IdentityID, level vault.Level) vault.Opening {
	return vault.Opening{By: by, Right: vault.Right{Holder: by.Ref(), Level: level}, Safe: k.safe, Secret: k.secret(x.ID), How: vault.Revealed, Alone: true, Reason: "repair"}
}

func (k *safeKept) open(o vault.Opening) (string, error) {
	_, plain, err := k.s.Open(asWho(k.t.Context(), o.By), o, k.opens)
	return string(plain.Reveal()), err
}

// Refusals first: what a version was decided to be opened on is so still, or it stays shut,
// and nothing says that anybody saw it.
func TestVersionsOpenByWhatIsSo(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx := asTester(t.Context())
		k := newSafeKept(t, fresh(t))
		x, other := k.add("root", "first"), k.add("other", "second")
		_, err := k.open(k.opening(x, safeUser, vault.Reveal))
		k.refused(err, policy.ErrDenied) // he has the right to use alone
		k.must(k.s.Grant(ctx, vault.Right{Safe: k.safe.ID, Holder: safeGone.Ref(), Level: vault.Reveal}))
		_, err = k.open(k.opening(x, safeGone, vault.Reveal))
		k.refused(err, policy.ErrDenied) // she has left
		stale := k.opening(x, safeViewer, vault.Reveal)
		k.must(k.s.ChangeSecret(ctx, vault.Secret{ID: x.ID, Safe: k.safe.ID, Name: "root", Kind: vault.Password, Sharing: vault.Exclusive}))
		_, err = k.open(stale)
		k.refused(err, vault.ErrSecretStale) // it was shared when it was decided
		numbered := k.opening(x, safeViewer, vault.Reveal)
		numbered.Number = 7
		_, err = k.open(numbered)
		k.refused(err, vault.ErrNoVersion)
		elsewhere := k.opening(x, safeViewer, vault.Reveal)
		elsewhere.Checkout = 99
		_, err = k.open(elsewhere)
		k.refused(err, vault.ErrNoCheckout)

		if list, _, err := k.s.Seen(ctx, vault.SeenQuery{By: safeViewer, First: 10}); err != nil || len(list) != 0 {
			t.Errorf("Cleo has seen %+v: %v", list, err)
		}
		got, err := k.open(k.opening(x, safeViewer, vault.Reveal))
		if err != nil || got != "first" {
			t.Fatalf("she sees %q: %v", got, err)
		}
		list, _, err := k.s.Seen(ctx, vault.SeenQuery{Secret: x.ID, First: 10})
		if err != nil || len(list) != 2 || list[0].By != safeViewer || list[0].How != vault.Revealed || list[1].By != safeOwner || list[1].How != vault.Wrote {
			t.Errorf("seen by %+v: %v", list, err)
		}

		// A row in the place of another, and then a right that has ended.
		_, err = k.db.w.ExecContext(ctx, k.db.d.rebind(`update vault_sealed set data_key = (select o.data_key from vault_sealed o where o.secret = $1), ciphertext = (select o.ciphertext from vault_sealed o where o.secret = $1) where secret = $2`), other.ID, x.ID)
		k.must(err)
		_, err = k.open(k.opening(x, safeViewer, vault.Reveal))
		k.refused(err, keys.ErrTampered)
		still := k.opening(other, safeViewer, vault.Reveal)
		k.must(k.s.Revoke(ctx, vault.Right{Safe: k.safe.ID, Holder: safeViewer.Ref(), Level: vault.Reveal}, "moved"))
		_, err = k.open(still)
		k.refused(err, policy.ErrDenied)
		if list, _, err := k.s.Seen(ctx, vault.SeenQuery{By: safeViewer, First: 10}); err != nil || len(list) != 1 {
			t.Errorf("Cleo has seen %+v: %v", list, err)
		}
	})
}

// Two never write over each other unseen; what is deleted comes back, and what is destroyed
// is gone.
func TestVersionsOfASecret(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx := asWho(t.Context(), safeOwner)
		k := newSafeKept(t, fresh(t))
		x := k.add("root", "first")
		put := func(base int, pending bool, plain string) error {
			_, err := k.s.Put(ctx, x, vault.Value{Base: base, Pending: pending}, k.seals(plain))
			return err
		}
		k.refused(put(2, false, "?"), vault.ErrSecretStale)
		k.must(put(1, false, "second"))
		k.refused(put(1, false, "?"), vault.ErrSecretStale)
		k.must(put(0, true, "third"))
		states := func() (list []vault.State) {
			versions, err := k.s.Versions(ctx, x.ID)
			k.must(err)
			for _, v := range versions {
				list = append(list, v.State)
			}
			return list
		}
		is := func(want ...vault.State) {
			t.Helper()
			if got := states(); !slices.Equal(got, want) {
				t.Fatalf("the versions are %v, not %v", got, want)
			}
		}
		is(vault.Pending, vault.Current, vault.Previous)
		x = k.secret(x.ID)
		step := func(number int, s vault.Step) error { return k.s.Step(ctx, k.secret(x.ID), number, s, "a test") }
		k.refused(step(2, vault.Promote), vault.ErrVersionState)
		is(vault.Pending, vault.Current, vault.Previous)
		k.must(step(3, vault.Promote))
		is(vault.Current, vault.Previous, vault.Previous)
		k.must(step(3, vault.Delete))
		if _, err := k.open(k.opening(x, safeViewer, vault.Reveal)); !errors.Is(err, vault.ErrNoVersion) {
			t.Errorf("what is deleted opens: %v", err)
		}
		k.must(step(3, vault.Undelete))
		k.refused(step(3, vault.Undelete), vault.ErrVersionState)
		is(vault.Current, vault.Previous, vault.Previous)
		k.must(step(2, vault.Destroy))
		k.refused(step(2, vault.Undelete), vault.ErrVersionState)
		k.refused(step(2, vault.Destroy), vault.ErrVersionState)
		is(vault.Current, vault.Destroyed, vault.Previous)
		var left int
		k.must(k.db.r.QueryRowContext(ctx, `select count(*) from vault_sealed`).Scan(&left))
		if left != 2 {
			t.Errorf("%d of three versions are there, of which one was destroyed", left)
		}
		k.must(step(0, vault.Delete))
		k.refused(put(0, false, "?"), vault.ErrSecretGone)
		if _, err := k.open(k.opening(x, safeViewer, vault.Reveal)); !errors.Is(err, vault.ErrSecretGone) {
			t.Errorf("a deleted secret opens: %v", err)
		}
		k.must(step(0, vault.Undelete))
		if got, err := k.open(k.opening(x, safeViewer, vault.Reveal)); err != nil || got != "third" {
			t.Errorf("it is %q: %v", got, err)
		}
		_, err := k.s.AddSecret(ctx, vault.Secret{Safe: k.safe.ID, Name: "root", Kind: vault.Password}, vault.Value{}, k.seals("?"))
		k.refused(err, vault.ErrSecretName)
		k.must(step(0, vault.Destroy))
		is(vault.Destroyed, vault.Destroyed, vault.Destroyed)
		k.refused(step(0, vault.Undelete), vault.ErrSecretGone)
		k.add("root", "another")
	})
}

// A safe is never written over, and the next version of it is by somebody who has seen it.
func TestSafesHaveVersions(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx := asTester(t.Context())
		k := newSafeKept(t, fresh(t))
		next := k.safe
		for _, who := range []access.IdentityID{safeGone, 5, 99} {
			next.Owner = who
			k.refused(k.s.ChangeSafe(ctx, next, "?"), vault.ErrSafe)
		}
		next.Owner, next.Version = safeUser, 1
		k.refused(k.s.ChangeSafe(ctx, next, "?"), vault.ErrSafeStale)
		next.Version = k.safe.Version
		k.must(k.s.ChangeSafe(ctx, next, "Ben takes it"))
		got, err := k.s.Safe(ctx, k.safe.ID)
		if err != nil || got.Owner != safeUser {
			t.Errorf("it is %+v: %v", got, err)
		}
		var rows int
		k.must(k.db.r.QueryRowContext(ctx, `select count(*) from safe`).Scan(&rows))
		if rows != 2 {
			t.Errorf("%d rows of it are there", rows)
		}
		id, err := k.s.NewSafeID(ctx)
		k.must(err)
		next.ID = id
		k.refused(k.s.AddSafe(ctx, next, keys.SafeKey{}, "again"), vault.ErrSafeName)
		k.refused(k.s.Grant(ctx, vault.Right{Safe: k.safe.ID, Holder: safeUser.Ref(), Level: vault.Use}), vault.ErrRightHeld)
		k.refused(k.s.Grant(ctx, vault.Right{Safe: 99, Holder: safeUser.Ref(), Level: vault.Use}), vault.ErrNoSafe)
		k.refused(k.s.Grant(ctx, vault.Right{Safe: k.safe.ID, Holder: access.SystemID(1).Ref(), Level: vault.Use}), vault.ErrRight)
		k.refused(k.s.Revoke(ctx, vault.Right{Safe: k.safe.ID, Holder: safeUser.Ref(), Level: vault.Reveal}, "?"), vault.ErrNoRight)
	})
}

// out has somebody have a secret out for a minute.
func (k *safeKept) out(x vault.Secret, who access.IdentityID) (vault.Checkout, error) {
	c := vault.Checkout{Secret: x.ID, Safe: x.Safe, Identity: who, Exclusive: x.Sharing == vault.Exclusive, Rotates: true, State: vault.Out, Reason: "repair", Lasts: time.Minute, Most: time.Hour}
	level := vault.Use
	if who == safeViewer {
		level = vault.Reveal
	}
	return k.s.CheckOut(asWho(k.t.Context(), who), c, k.opening(x, who, level), nil)
}

// Of many who want at once what is exclusive, one has it; of many who follow one version,
// one writes the next.
func TestOneOfManyHasIt(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx := asTester(t.Context())
		k := newSafeKept(t, fresh(t))
		id, err := k.s.AddSecret(ctx, vault.Secret{Safe: k.safe.ID, Name: "root", Kind: vault.Password, Sharing: vault.Exclusive}, vault.Value{}, k.seals("first"))
		k.must(err)
		x := k.secret(id)
		var all sync.WaitGroup
		var out, put atomic.Int32
		for i := range 8 {
			who := safeUser
			if i%2 == 0 {
				who = safeViewer
			}
			all.Go(func() {
				_, err := k.out(x, who)
				if err == nil {
					out.Add(1)
				} else if !errors.Is(err, vault.ErrOut) && !errors.Is(err, vault.ErrHaveIt) {
					t.Error(err)
				}
			})
			all.Go(func() {
				_, err := k.s.Put(asWho(t.Context(), safeOwner), x, vault.Value{Base: 1}, k.seals("next"))
				if err == nil {
					put.Add(1)
				} else if !errors.Is(err, vault.ErrSecretStale) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if out.Load() != 1 || put.Load() != 1 {
			t.Errorf("%d have it out, and %d wrote", out.Load(), put.Load())
		}
	})
}

// One at a time has what is exclusive; the end is the store's clock's, and kept where no
// node ran when it came.
func TestCheckoutsEnd(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		ctx := asTester(t.Context())
		watch := &stopwatch{at: time.Now()}
		cfg := fresh(t)
		cfg.Now = watch.now
		k := newSafeKept(t, cfg)
		id, err := k.s.AddSecret(ctx, vault.Secret{Safe: k.safe.ID, Name: "root", Kind: vault.Password, Sharing: vault.Exclusive}, vault.Value{}, k.seals("first"))
		k.must(err)
		x := k.secret(id)
		_, err = k.out(x, safeOwner)
		k.refused(err, policy.ErrDenied) // she owns it, and has no right in it
		bens, err := k.out(x, safeUser)
		k.must(err)
		_, err = k.out(x, safeUser)
		k.refused(err, vault.ErrHaveIt)
		blocking, err := k.out(x, safeViewer)
		k.refused(err, vault.ErrOut)
		if blocking.ID != bens.ID || blocking.Identity != safeUser || blocking.Ends != bens.Ends {
			t.Errorf("it is out as %+v", blocking)
		}
		_, err = k.open(k.opening(x, safeViewer, vault.Reveal))
		k.refused(err, vault.ErrOut)
		o := k.opening(x, safeViewer, vault.Reveal)
		o.Checkout = bens.ID
		_, err = k.open(o)
		k.refused(err, vault.ErrNoCheckout) // it is Ben's

		_, err = k.s.EndCheckout(ctx, bens.ID, vault.Expired, "")
		k.refused(err, vault.ErrCheckoutEnded) // not yet
		_, err = k.s.Extend(ctx, bens.ID, func(c vault.Checkout, now access.Time) (access.Time, error) { return c.Extended(2*time.Hour, now) }, "")
		k.refused(err, vault.ErrLasts)
		more, err := k.s.Extend(ctx, bens.ID, func(c vault.Checkout, now access.Time) (access.Time, error) { return c.Extended(time.Minute, now) }, "")
		if err != nil || more.Ends != bens.Ends+60_000_000 {
			t.Fatalf("it lasts until %d, not %d: %v", more.Ends, bens.Ends, err)
		}

		// Both minutes pass without a sweep: whoever asks next is not kept waiting.
		watch.at = watch.at.Add(2*time.Minute + time.Second)
		k.db.clock.jumped = false
		_, err = k.s.Extend(ctx, bens.ID, func(c vault.Checkout, now access.Time) (access.Time, error) { return c.Extended(time.Minute, now) }, "")
		k.refused(err, vault.ErrCheckoutEnded)
		k.db.clock.jumped = true
		_, err = k.out(x, safeViewer)
		k.refused(err, vault.ErrClock)
		k.db.clock.jumped = false
		k.db.clock.first = time.Time{}
		cleos, err := k.out(x, safeViewer)
		k.must(err)
		got, err := k.s.Checkouts(ctx, vault.CheckoutQuery{ID: bens.ID, First: 1})
		if err != nil || len(got) != 1 || got[0].State != vault.Expired {
			t.Fatalf("Ben's is %+v: %v", got, err)
		}
		if due := k.secret(x.ID); due.Due == 0 || due.Cause != "checkin" {
			t.Errorf("it is due since %d because of %q", due.Due, due.Cause)
		}
		o.Checkout, o.Secret = cleos.ID, k.secret(x.ID)
		if got, err := k.open(o); err != nil || got != "first" {
			t.Errorf("she sees %q: %v", got, err)
		}

		// Hers ends while nothing runs, and is swept once something does.
		watch.at = watch.at.Add(2 * time.Minute)
		k.db.clock.first, k.db.clock.jumped = time.Time{}, false
		_, err = k.open(o)
		k.refused(err, vault.ErrCheckoutEnded)
		_, err = k.db.Sweep(ctx)
		k.must(err)
		open, err := k.s.Checkouts(ctx, vault.CheckoutQuery{Open: true, First: 10})
		if err != nil || len(open) != 0 {
			t.Errorf("open are %+v: %v", open, err)
		}
		_, err = k.s.Put(ctx, x, vault.Value{}, k.seals("second"))
		k.must(err)
		if due := k.secret(x.ID); due.Due != 0 {
			t.Error("it is due still")
		}
	})
}
