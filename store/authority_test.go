package store

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

// signing is a store with an authority in Ana's safe, by a profile of which Ben has things
// signed.
type signing struct {
	*safeKept
	s  Authorities
	id access.AuthorityID
	p  authority.Profile
	r  authority.Right
}

func newSigning(t *testing.T, cfg Config) *signing {
	t.Helper()
	k := &signing{safeKept: newSafeKept(t, cfg)}
	k.s = k.db.Authorities(k.ring)
	ctx := asWho(t.Context(), safeOwner)
	var err error
	k.id, err = k.s.AddAuthority(ctx, authority.Authority{Safe: k.safe.ID, Name: "users", Kind: authority.SSHUser, Algorithm: authority.Ed25519}, k.makes, "a test")
	k.must(err)
	k.p = authority.Profile{Authority: k.id, Name: "admins", Spec: authority.Spec{Principals: []string{"root"}}}
	k.must(k.p.Validate(authority.SSHUser))
	k.p.ID, err = k.s.PutProfile(ctx, k.p, "a test")
	k.must(err)
	k.r = authority.Right{Profile: k.p.ID, Holder: safeUser.Ref(), Reason: "on call"}
	k.must(k.s.Grant(ctx, k.r))
	k.p.Version = k.kept().Profiles[0].Version
	return k
}

// makes is a key whose private half is its public one: the store looks at neither.
func (k *signing) makes(_ access.AuthorityID, number int, at access.Time) (authority.Key, secret.Secret, error) {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	return authority.Key{Number: number, Public: public, Signs: at}, secret.New(public), err
}

func (k *signing) kept() authority.Kept {
	k.t.Helper()
	all, err := k.s.Kept(k.t.Context())
	k.must(err)
	return all
}

func (k *signing) authority() *authority.Authority {
	k.t.Helper()
	a := k.kept().Authorities[0]
	return &a
}

// next is a certificate for Ben that is to be kept.
func (k *signing) next() authority.Certificate {
	k.t.Helper()
	id, chain, err := k.s.Reserve(k.t.Context(), 1)
	k.must(err)
	now, err := k.s.Now(k.t.Context())
	k.must(err)
	return authority.Certificate{
		ID: id, Chain: chain, Authority: k.id, Profile: k.p.ID, Key: k.authority().Keys[0].ID, Identity: safeUser, State: authority.Issued, Serial: "1",
		Fingerprint: "SHA256:x", Principals: []string{"root"}, Lasts: time.Hour, Asked: now, Starts: now, Ends: now + 3600e6, First: now,
	}
}

func (k *signing) issue(c authority.Certificate) error { return k.issueAt(c, 0) }

// issueAt is issue by somebody who knows everything up to a revision.
func (k *signing) issueAt(c authority.Certificate, rev access.Rev) error {
	return k.s.Issue(asWho(k.t.Context(), safeUser), c, authority.Basis{Profile: k.p, Right: k.r, At: rev})
}

func (k *signing) certificate(id access.CertificateID) authority.Certificate {
	k.t.Helper()
	list, err := k.s.Certificates(k.t.Context(), authority.Query{ID: id, First: 1})
	k.must(err)
	if len(list) != 1 {
		k.t.Fatalf("%d certificates are %s", len(list), id)
	}
	return list[0]
}

// What a signature was decided on is so still in its own transaction, or nothing of it is
// kept, and so nothing is let out.
func TestSignaturesAreKeptByWhatIsSo(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSigning(t, fresh(t))
		ctx := asWho(t.Context(), safeOwner)
		c := k.next()
		k.must(k.issue(c))
		if got := k.certificate(c.ID); got.State != authority.Issued || got.Ends != c.Ends || got.Identity != safeUser || got.Principals[0] != "root" {
			t.Errorf("kept: %+v", got)
		}
		refuse := func(what string, c authority.Certificate, want error) {
			t.Helper()
			if err := k.issue(c); !errors.Is(err, want) {
				t.Errorf("%s: %v", what, err)
			}
			if list, err := k.s.Certificates(ctx, authority.Query{ID: c.ID, First: 1}); err != nil || len(list) != 0 {
				t.Errorf("%s: it is kept: %+v: %v", what, list, err)
			}
		}
		over := k.next()
		over.Ends = over.Asked
		refuse("one that is over", over, authority.ErrChanged)
		another := k.next()
		another.Key = 4711
		refuse("a key of nobody", another, authority.ErrChanged)
		gone := k.next()
		gone.Identity = safeGone
		refuse("somebody who has left", gone, policy.ErrDenied)
		renewed := k.next()
		renewed.Renews, renewed.Chain, renewed.Fingerprint = c.ID, c.Chain, "SHA256:y"
		refuse("another key (lesson 18)", renewed, authority.ErrOver)
		before := k.p
		_, err := k.s.PutProfile(ctx, k.p, "a test")
		k.must(err)
		refuse("a profile of before", k.next(), authority.ErrChanged)
		_, err = k.s.PutProfile(ctx, before, "a test")
		k.refused(err, authority.ErrChanged)
		k.p.Version = k.kept().Profiles[0].Version
		k.must(k.s.Withdraw(ctx, k.r, "a test"))
		refuse("a right that has ended", k.next(), authority.ErrChanged)
		k.refused(k.s.Withdraw(ctx, k.r, "a test"), authority.ErrNoRight)
		k.must(k.s.Grant(ctx, k.r))
		k.refused(k.s.Grant(ctx, k.r), authority.ErrRightHeld)
		k.must(k.issue(k.next()))

		renewed.Fingerprint = c.Fingerprint
		k.must(k.issue(renewed))
		if _, err := k.s.Revoke(ctx, c.ID, "a test"); err != nil {
			t.Fatal(err)
		}
		_, err = k.s.Revoke(ctx, c.ID, "a test")
		k.refused(err, authority.ErrOver)
		again := k.next()
		again.Renews, again.Chain = c.ID, c.Chain
		refuse("one that was revoked", again, authority.ErrOver)
		list, err := k.s.Revoked(ctx, k.id)
		if err != nil || len(list) != 1 || list[0].ID != c.ID {
			t.Errorf("revoked: %+v: %v", list, err)
		}
		k.must(k.s.RemoveProfile(ctx, k.p.ID, "a test"))
		refuse("a profile that is gone", k.next(), authority.ErrChanged)
	})
}

// Keys of authorities lie where secrets do: re-keying reaches them, and none opens in
// another's place.
func TestLesson01_KeysOfAuthoritiesOpenInTheirPlaceOnly(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSigning(t, fresh(t))
		ctx := asWho(t.Context(), safeOwner)
		a := k.authority()
		opens := func() error {
			private, err := k.s.OpenKey(ctx, a, a.Keys[0])
			if err == nil && string(private.Reveal()) != string(a.Keys[0].Public) {
				t.Fatal("it opens as something else")
			}
			return err
		}
		k.must(opens())
		done, err := k.ring.RekeySafe(ctx, k.safe.ID, "a test")
		k.must(err)
		if done.Keys != 1 {
			t.Errorf("%d keys were wrapped anew", done.Keys)
		}
		k.must(opens())
		_, err = k.ring.RekeyRoot(ctx, "a test")
		k.must(err)
		k.must(opens())

		// As a secret, as that of another authority, and the other way round.
		x := k.add("root", "first")
		_, err = k.ring.Open(ctx, keys.Place{Safe: k.safe.ID, Secret: x.ID, Version: a.Keys[0].ID}, k.sealed(a.Keys[0].ID))
		k.refused(err, keys.ErrTampered)
		_, err = k.ring.Open(ctx, keys.Place{Safe: k.safe.ID, Authority: k.id + 1, Version: a.Keys[0].ID}, k.sealed(a.Keys[0].ID))
		k.refused(err, keys.ErrTampered)
		versions, err := k.safeKept.s.Versions(ctx, x.ID)
		k.must(err)
		_, err = k.ring.Open(ctx, keys.Place{Safe: k.safe.ID, Authority: k.id, Version: versions[0].ID}, k.sealed(versions[0].ID))
		k.refused(err, keys.ErrTampered)
		_, err = k.db.w.ExecContext(ctx, k.db.d.rebind(`update vault_sealed set data_key = (select o.data_key from vault_sealed o where o.secret = $1), ciphertext = (select o.ciphertext from vault_sealed o where o.secret = $1) where authority = $2`), x.ID, k.id)
		k.must(err)
		k.refused(opens(), keys.ErrTampered)
	})
}

func (k *signing) sealed(version access.VersionID) (s keys.Sealed) {
	k.t.Helper()
	k.must(k.db.read(k.t.Context(), func(q *query) (err error) {
		s, err = q.sealed(k.t.Context(), version)
		return err
	}))
	return s
}

// The next key is published before it signs, and the one before is trusted after it did, and
// then destroyed.
func TestKeysOfAnAuthorityFollowEachOther(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		cfg := fresh(t)
		at := time.Now()
		cfg.Now = func() time.Time { return at }
		k := newSigning(t, cfg)
		ctx := asWho(t.Context(), safeOwner)
		states := func() (list []authority.KeyState) {
			a := k.authority()
			now, err := k.s.Now(ctx)
			k.must(err)
			for _, x := range a.Keys {
				list = append(list, a.State(x, now))
			}
			return list
		}
		is := func(want ...authority.KeyState) {
			t.Helper()
			got := states()
			if len(got) != len(want) {
				t.Fatalf("the keys are %v, not %v", got, want)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("the keys are %v, not %v", got, want)
				}
			}
		}
		later := func(d time.Duration) { at = at.Add(d) }
		is(authority.Signing)
		turn := authority.Turn{Publish: time.Hour, Overlap: 2 * time.Hour}
		k.must(k.s.AddKey(ctx, k.id, k.makes, turn, "a test"))
		is(authority.Signing, authority.Next)
		later(30 * time.Minute)
		k.must(k.s.AddKey(ctx, k.id, k.makes, turn, "a test")) // it is that one whose time is said anew
		later(45 * time.Minute)
		is(authority.Signing, authority.Next)
		later(30 * time.Minute)
		is(authority.Trusted, authority.Signing)
		k.must(k.s.Retire(ctx))
		a := k.authority()
		if _, err := k.s.OpenKey(ctx, a, a.Keys[0]); err != nil {
			t.Errorf("a key that is trusted still is gone: %v", err)
		}
		later(2 * time.Hour)
		is(authority.Retired, authority.Signing)
		k.must(k.s.Retire(ctx))
		k.must(k.s.Retire(ctx))
		_, err := k.s.OpenKey(ctx, a, a.Keys[0])
		k.refused(err, authority.ErrNoKey)
		k.must(k.s.AddKey(ctx, k.id, k.makes, authority.Turn{}, "somebody has it"))
		is(authority.Retired, authority.Retired, authority.Signing)
		k.refused(k.s.AddKey(ctx, 4711, k.makes, turn, "a test"), authority.ErrNoAuthority)
	})
}

// Whoever leaves, or is suspended, has what was signed for them revoked: once.
func TestLesson03_WhatLeaversWereSignedIsRevoked(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSigning(t, fresh(t))
		ctx := audit.WithActor(t.Context(), audit.Actor{Node: "authority"})
		c := k.next()
		k.must(k.issue(c))
		follow := func(since access.Rev) access.Rev {
			t.Helper()
			_, err := k.db.Sequence(ctx)
			k.must(err)
			rev, err := k.s.Leave(ctx, since)
			k.must(err)
			return rev
		}
		rev := follow(0)
		if got := k.certificate(c.ID); got.State != authority.Issued {
			t.Fatalf("it is %s, and he is here", got.State)
		}
		k.must(k.db.change(ctx, audit.Event{Action: "test.leave"}, func(t *tx) error {
			if _, err := t.exec(ctx, `update identity set state = 'suspended' where id = $1`, safeUser); err != nil {
				return err
			}
			return t.changed(ctx, safeUser.Ref())
		}))
		rev = follow(rev)
		got := k.certificate(c.ID)
		if got.State != authority.Revoked || got.RevokedBy != "authority" {
			t.Fatalf("it is %s by %q", got.State, got.RevokedBy)
		}
		if next := follow(rev); k.certificate(c.ID).Revoked != got.Revoked || next < rev {
			t.Error("it is revoked twice")
		}
	})
}

// A signature wakes nobody where nothing was changed since it was decided on. Where something
// was, be it without a revision yet, whoever revokes what is not to stand looks again after it.
func TestSignaturesAreFollowedWhereSomethingChanged(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSigning(t, fresh(t))
		ctx := asWho(t.Context(), safeOwner)
		settled := func() access.Rev {
			rev, err := k.db.Sequence(ctx)
			k.must(err)
			return rev
		}
		wakes := func(what string, rev access.Rev, want bool) {
			t.Helper()
			c := k.next()
			before := settled()
			k.must(k.issueAt(c, rev))
			settled()
			woken, err := k.db.ChangedAfter(ctx, before)
			k.must(err)
			if want = want || k.db.groups == nil; woken != want { // on PostgreSQL changes commit side by side
				t.Errorf("%s: it is followed: %v", what, woken)
			}
			if got := k.certificate(c.ID); got.State != authority.Issued || got.Chain != c.Chain {
				t.Errorf("%s: kept is %+v", what, got)
			}
			if in, err := k.db.Approvals().Chain(ctx, c.ID.Ref(), 9); err != nil || in.ID != c.Chain || len(in.Links) != 1 {
				t.Errorf("%s: its chain is %+v: %v", what, in, err)
			}
		}
		rev := settled()
		wakes("nothing was changed", rev, false)
		wakes("nothing but what was signed", rev, false)
		wakes("nobody says", 0, true)
		rev = settled()
		_, err := k.s.AddAuthority(ctx, authority.Authority{Safe: k.safe.ID, Name: "others", Kind: authority.SSHUser, Algorithm: authority.Ed25519}, k.makes, "a test")
		k.must(err)
		wakes("something was changed", rev, true)
		rev = settled()
		renewed := k.next()
		k.must(k.issueAt(renewed, rev))
		again := k.next()
		again.Renews, again.Chain, again.Fingerprint = renewed.ID, renewed.Chain, "SHA256:y"
		k.refused(k.issueAt(again, rev), authority.ErrOver)
		again.Fingerprint = renewed.Fingerprint
		k.must(k.issueAt(again, rev))
		over := k.next()
		over.Ends = over.Asked
		k.refused(k.issueAt(over, rev), authority.ErrChanged)
		k.must(k.s.Withdraw(ctx, k.r, "a test"))
		k.refused(k.issueAt(k.next(), rev), authority.ErrChanged)
		k.refused(k.issueAt(k.next(), settled()), authority.ErrChanged)
	})
}

// What was signed by a right that is lost is revoked, and what was signed for others stays.
func TestWhatWasSignedByARightIsLostWithIt(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSigning(t, fresh(t))
		ctx := audit.WithActor(t.Context(), audit.Actor{Node: "authority"})
		c, more := k.next(), k.next()
		for _, x := range []authority.Certificate{c, more} {
			k.must(k.issue(x))
		}
		held, err := k.s.Holdings(ctx)
		k.must(err)
		if len(held) != 1 || held[0] != (authority.Holding{Profile: k.p.ID, Identity: safeUser}) {
			t.Fatalf("%+v", held)
		}
		k.must(k.s.Lose(ctx, []authority.Holding{{Profile: k.p.ID, Identity: safeViewer}, {Profile: k.p.ID + 1, Identity: safeUser}}))
		if got := k.certificate(c.ID); got.State != authority.Issued {
			t.Errorf("it is %s, and what was lost is another right", got.State)
		}
		k.must(k.s.Lose(ctx, held))
		for _, id := range []access.CertificateID{c.ID, more.ID} {
			if got := k.certificate(id); got.State != authority.Revoked {
				t.Errorf("%s is %s", id, got.State)
			}
		}
		if list, err := k.s.Revoked(ctx, k.id); err != nil || len(list) != 2 {
			t.Errorf("on the list are %+v: %v", list, err)
		}
		if held, err = k.s.Holdings(ctx); err != nil || len(held) != 0 {
			t.Errorf("%+v, %v", held, err)
		}
	})
}

// What others have to agree to is signed once, after they have.
func TestSignaturesThatWait(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newSigning(t, fresh(t))
		ask := func() authority.Certificate {
			c := k.next()
			c.State, c.Key = authority.Waiting, 0
			stages := []access.Stage{{Approvers: []access.Approver{{Owner: true}}, Quorum: 1, Within: time.Hour}}
			var err error
			c.Approval, err = k.s.Ask(asWho(t.Context(), safeUser), c, authority.Basis{Profile: k.p, Right: k.r}, approval.Case{
				About: c.ID.Ref(), Action: "certificate.sign", By: safeUser, For: []access.Ref{safeUser.Ref()}, Owner: safeOwner, Stages: stages, Chain: c.Chain,
			})
			k.must(err)
			return c
		}
		settle := func(c authority.Certificate, as approval.State) {
			ctx := context.WithoutCancel(asTester(t.Context()))
			k.must(k.db.change(ctx, audit.Event{Action: "test.settle"}, func(t *tx) error { return t.certificateSettled(ctx, c.ID, as) }))
		}
		c, other := ask(), ask()
		c.State, c.Key = authority.Issued, k.authority().Keys[0].ID
		k.refused(k.issue(c), authority.ErrOver)
		settle(other, approval.Refused)
		other.State, other.Key = authority.Issued, c.Key
		k.refused(k.issue(other), authority.ErrOver)
		settle(c, approval.Approved)
		if got := k.certificate(c.ID); got.State != authority.Agreed || got.Agreed == 0 {
			t.Fatalf("it is %s", got.State)
		}
		k.must(k.issue(c))
		k.refused(k.issue(c), authority.ErrOver)
		if got := k.certificate(c.ID); got.State != authority.Issued || got.Key != c.Key {
			t.Errorf("it is %+v", got)
		}
		if got := k.certificate(other.ID); got.State != authority.Refused {
			t.Errorf("it is %s", got.State)
		}
	})
}
