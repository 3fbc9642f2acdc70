package store

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/vault"
)

// known is what is known of root, which Cleo may see, at the newest revision.
func (k *safeKept) known() vault.Known {
	k.t.Helper()
	rev, err := k.db.Sequence(k.t.Context())
	k.must(err)
	known, ok, err := k.s.Known(k.t.Context(), k.safe.Name, "root", rev)
	k.must(err)
	if !ok {
		k.t.Fatalf("nothing is known of it at %d", rev)
	}
	return known
}

// openKnown is Cleo's opening of what is known.
func (k *safeKept) openKnown(x vault.Known) (string, error) {
	o := vault.Opening{By: safeViewer, Right: vault.Right{Holder: safeViewer.Ref(), Level: vault.Reveal}, Safe: x.Safe, Secret: x.Secret, How: vault.Fetched}
	plain, err := k.s.OpenKnown(asWho(k.t.Context(), safeViewer), x, o, k.opens)
	return string(plain.Reveal()), err
}

// Refusals first: after whatever takes a right, or a value, nothing that was known before is
// given, though its change has no revision yet; and nothing says that anybody saw it.
func TestWhatIsKnownEndsWithAnyChange(t *testing.T) {
	ctx := asTester(t.Context())
	owner := asWho(t.Context(), safeOwner)
	changes := map[string]func(k *safeKept, x vault.Secret) error{
		"the right is taken": func(k *safeKept, _ vault.Secret) error {
			return k.s.Revoke(owner, vault.Right{Safe: k.safe.ID, Holder: safeViewer.Ref(), Level: vault.Reveal}, "over")
		},
		"somebody else's right is taken": func(k *safeKept, _ vault.Secret) error {
			return k.s.Revoke(owner, vault.Right{Safe: k.safe.ID, Holder: safeUser.Ref(), Level: vault.Use}, "over")
		},
		"it is destroyed": func(k *safeKept, x vault.Secret) error { return k.s.Step(owner, x, 0, vault.Destroy, "old") },
		"it is deleted":   func(k *safeKept, x vault.Secret) error { return k.s.Step(owner, x, 0, vault.Delete, "old") },
		"its version is":  func(k *safeKept, x vault.Secret) error { return k.s.Step(owner, x, 1, vault.Destroy, "old") },
		"it has another value": func(k *safeKept, x vault.Secret) error {
			_, err := k.s.Put(owner, x, vault.Value{}, k.seals("second-canary"))
			return err
		},
		"its name is another's": func(k *safeKept, x vault.Secret) error {
			x.Name = "other"
			return k.s.ChangeSecret(owner, x)
		},
		"the safe asks for more": func(k *safeKept, _ vault.Secret) error {
			safe := k.safe
			safe.Terms.MFA = true
			return k.s.ChangeSafe(owner, safe, "stricter")
		},
		"somebody leaves": func(k *safeKept, _ vault.Secret) error {
			return k.db.change(ctx, audit.Event{Action: "test.leave"}, func(t *tx) error {
				if _, err := t.exec(ctx, `update identity set until_set = $1 where id = $2`, t.Set, safeViewer); err != nil {
					return err
				}
				return t.changed(ctx, safeViewer.Ref())
			})
		},
		"somebody has it out": func(k *safeKept, x vault.Secret) error {
			o := k.opening(x, safeUser, vault.Use)
			_, err := k.s.CheckOut(asWho(t.Context(), safeUser), vault.Checkout{Secret: x.ID, Safe: k.safe.ID, Identity: safeUser, Exclusive: true, State: vault.Out, Reason: "repair", Most: time.Hour, Lasts: time.Hour}, o, nil)
			return err
		},
		"anything else is followed": func(k *safeKept, _ vault.Secret) error {
			return k.db.change(ctx, audit.Event{Action: "test.other"}, func(*tx) error { return nil })
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			k := newSafeKept(t, emptySQLite(t))
			x := k.add("root", "first-canary")
			known := k.known()
			if value, err := k.openKnown(known); err != nil || value != "first-canary" {
				t.Fatalf("%q, %v", value, err)
			}
			k.must(change(k, k.secret(x.ID)))
			shown := len(recordsOf(t, k.db, "secret.fetch"))
			for _, sequenced := range []bool{false, true} {
				if sequenced {
					_, err := k.db.Sequence(ctx)
					k.must(err)
				}
				value, err := k.openKnown(known)
				if k.refused(err, vault.ErrMoved); value != "" {
					t.Fatal("something is given")
				}
				if _, ok, err := k.s.Known(ctx, k.safe.Name, "root", known.At); ok || err != nil && !errors.Is(err, vault.ErrNoSecret) {
					t.Fatalf("it is still known, %v", err)
				}
			}
			if n := len(recordsOf(t, k.db, "secret.fetch")); n != shown {
				t.Errorf("%d records more say that it was shown", n-shown)
			}
		})
	}
}

// What another process changes, and what takes part in the same transaction, counts too.
func TestWhatIsKnownEndsByOthers(t *testing.T) {
	k := newSafeKept(t, emptySQLite(t))
	k.add("root", "first-canary")
	take := vault.Right{Safe: k.safe.ID, Holder: safeViewer.Ref(), Level: vault.Reveal}
	ctx := asWho(t.Context(), safeOwner)

	known := k.known()
	letGo, ended := held(t, k.db)
	var all sync.WaitGroup
	var opened, revoked error
	all.Go(func() { revoked = k.s.Revoke(ctx, take, "over") })
	inLine(t, k.db, 1)
	all.Go(func() { _, opened = k.openKnown(known) })
	inLine(t, k.db, 2)
	close(letGo)
	all.Wait()
	k.must(errors.Join(<-ended, revoked))
	k.refused(opened, vault.ErrMoved)

	k.must(k.s.Grant(ctx, vault.Right{Safe: k.safe.ID, Holder: safeViewer.Ref(), Level: vault.Reveal, Reason: "again"}))
	known = k.known()
	other, err := Open(t.Context(), Config{Dir: k.db.Dir(), Beside: true})
	k.must(err)
	k.must(errors.Join(other.Vault().Revoke(ctx, take, "over"), other.Close()))
	_, err = k.openKnown(known)
	k.refused(err, vault.ErrMoved)
}

// Where the right has ended by the clock, where it does not open, and where nobody knows what
// the time is, nothing is given. What only uses something ends nothing.
func TestWhatIsKnownIsGiven(t *testing.T) {
	k := newSafeKept(t, emptySQLite(t))
	x := k.add("root", "first-canary")
	known := k.known()
	open := func(o vault.Opening, opener vault.Opener) error {
		plain, err := k.s.OpenKnown(asWho(t.Context(), safeViewer), known, o, opener)
		if err != nil && !plain.Empty() {
			t.Error("something is given")
		}
		return err
	}
	o := vault.Opening{By: safeViewer, Right: vault.Right{Holder: safeViewer.Ref(), Level: vault.Reveal}, Safe: known.Safe, Secret: known.Secret, How: vault.Fetched, Reason: "repair"}
	ended := o
	ended.Right.Ends = 1
	k.refused(open(ended, k.opens), vault.ErrMoved)
	other := known
	other.Safe.ID++
	if _, err := k.s.OpenKnown(asWho(t.Context(), safeViewer), other, o, k.opens); err == nil {
		t.Error("it opens at another place")
	}
	if _, err := k.open(k.opening(x, safeViewer, vault.Reveal)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		k.must(open(o, k.opens))
		_, err := k.db.Sequence(t.Context())
		k.must(err)
	}
	if n := len(recordsOf(t, k.db, "secret.fetch")); n != 3 {
		t.Errorf("%d records say that it was shown", n)
	}
	k.db.clock.mu.Lock()
	k.db.clock.jumped = true
	k.db.clock.mu.Unlock()
	k.refused(open(o, k.opens), vault.ErrClock)
}

// Where changes commit side by side nothing is known for longer than its transaction.
func TestNothingIsKnownBesideOtherWriters(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSafeKept(t, fresh(t))
		k.add("root", "first-canary")
		rev, err := k.db.Sequence(t.Context())
		k.must(err)
		_, ok, err := k.s.Known(t.Context(), k.safe.Name, "root", rev)
		if err != nil || ok != (k.db.groups != nil) {
			t.Errorf("known %v, %v", ok, err)
		}
	})
}

// A subject's key is kept for a transaction only as long as it is there: what is undone with
// whoever made it, or erased, is not used.
func TestSubjectKeysWithinOneTransaction(t *testing.T) {
	k := newSafeKept(t, emptySQLite(t))
	ctx := asTester(t.Context())
	said := func(action string, fail error) error {
		return k.db.change(ctx, audit.Event{Action: action, Quiet: true, Subjects: []access.IdentityID{77}, Personal: map[string]string{"reason": "text"}}, func(t *tx) error {
			if fail != nil {
				_, _, err := k.db.subjectKey(ctx, t, 77)
				return errors.Join(err, fail)
			}
			return nil
		})
	}
	errUndone := errors.New("undone")
	letGo, ended := held(t, k.db)
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i, do := range []func() error{
		func() error { return said("test.first", errUndone) },
		func() error { return said("test.second", nil) },
		func() error { _, err := k.db.Audit().Erase(ctx, 77); return err },
		func() error { return said("test.third", nil) },
	} {
		all.Go(func() { errs[i] = do() })
		inLine(t, k.db, i+1)
	}
	close(letGo)
	all.Wait()
	if !errors.Is(errs[0], errUndone) {
		t.Fatal(errs[0])
	}
	k.must(errors.Join(<-ended, errs[1], errs[2], errs[3]))
	page, err := k.db.Audit().List(t.Context(), audit.Filter{Actions: []string{"test."}})
	k.must(err)
	for _, e := range page.Entries {
		switch e.Action {
		case "test.second":
			if !e.Erased {
				t.Errorf("it was erased: %v", e.Personal)
			}
		case "test.third":
			if e.Erased || e.Personal["reason"] != "text" {
				t.Errorf("it came later: %+v", e)
			}
		}
	}
}
