package store

import (
	"context"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/share"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/policy"
)

// shareKept is a safe out of which Cleo gives a password outside.
type shareKept struct {
	*safeKept
	ctx context.Context
	out Share
	x   vault.Secret
}

func newShareKept(t *testing.T, cfg Config) *shareKept {
	k := &shareKept{safeKept: newSafeKept(t, cfg)}
	k.ctx, k.out, k.x = asWho(t.Context(), safeViewer), k.db.Share(k.ring), k.add("sftp", "correct horse")
	return k
}

// basis is what Cleo gives it on, as it is now.
func (k *shareKept) basis() share.Basis {
	return share.Basis{By: safeViewer, Right: safeViewer.Ref(), Level: string(vault.Reveal), Safe: k.safe.ID, SafeVersion: k.safe.Version, Secret: k.x.ID, SecretVersion: k.secret(k.x.ID).Version}
}

func (k *shareKept) gives(link share.Mark) (share.Share, share.Try) {
	k.t.Helper()
	kept := share.Kept{Link: link, Code: "code of " + link}
	x := share.Share{Secret: k.x.ID, Safe: k.safe.ID, Sponsor: safeViewer, Recipient: share.Recipient{Name: "Rosa", Email: "rosa@supplier.example"}, State: share.Open, Code: true, Reason: "a test", Lasts: time.Hour}
	x, err := k.out.Add(k.ctx, x, kept, k.basis(), nil)
	k.must(err)
	return x, share.Try{Kept: kept, From: "192.0.2.7"}
}

func (k *shareKept) late(id access.ShareID) {
	k.t.Helper()
	k.must(k.db.change(k.ctx, audit.Event{Action: "test.late"}, func(t *tx) error {
		_, err := t.exec(k.ctx, `update share set ends_at = 1 where id = $1`, id)
		return err
	}))
}

func (k *shareKept) is(id access.ShareID, want share.State) {
	k.t.Helper()
	list, err := k.out.Shares(k.ctx, share.Query{ID: id})
	k.must(err)
	if len(list) != 1 || list[0].State != want || list[0].State.Live() == (list[0].Ended != 0) {
		k.t.Fatalf("it is %+v, not %s", list, want)
	}
}

// Invariant 7: each end has its record, and none is taken back.
func TestSharesEnd(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		k := newShareKept(t, fresh(t))
		a, try := k.gives("a")
		k.late(a.ID)
		_, err := k.out.Open(k.ctx, a.ID, try, k.basis())
		k.refused(err, share.ErrOver)
		k.is(a.ID, share.Open) // that its time is over is for the sweeper to say
		_, err = k.db.Sweep(k.ctx)
		k.must(err)
		k.is(a.ID, share.Expired)
		_, err = k.out.Withdraw(k.ctx, a.ID, "")
		k.refused(err, share.ErrEnded)

		b, try := k.gives("b")
		stale := k.basis()
		k.must(k.s.ChangeSecret(k.ctx, vault.Secret{ID: k.x.ID, Safe: k.safe.ID, Name: "sftp", Kind: vault.Password, Description: "another"}))
		_, err = k.out.Open(k.ctx, b.ID, try, stale)
		k.refused(err, vault.ErrSecretStale)
		k.must(k.s.Revoke(k.ctx, vault.Right{Safe: k.safe.ID, Holder: safeViewer.Ref(), Level: vault.Reveal}, ""))
		_, err = k.out.Open(k.ctx, b.ID, try, k.basis())
		k.refused(err, policy.ErrDenied)
		k.must(k.s.Grant(k.ctx, vault.Right{Safe: k.safe.ID, Holder: safeViewer.Ref(), Level: vault.Reveal, Reason: "again"}))
		g, err := k.out.Open(k.ctx, b.ID, try, k.basis())
		k.must(err)
		if string(g.Value.Reveal()) != "correct horse" || g.Kind != "password" {
			t.Errorf("%+v", g)
		}
		k.is(b.ID, share.Opened)
		_, err = k.out.Open(k.ctx, b.ID, try, k.basis())
		k.refused(err, share.ErrOver)

		c, _ := k.gives("c")
		k.must(k.db.change(k.ctx, audit.Event{Action: "test.restore"}, func(t *tx) error { return t.endRestored(k.ctx) }))
		k.is(c.ID, share.Withdrawn)
		_, err = k.out.Linked(k.ctx, "d")
		k.refused(err, share.ErrOver)
	})
}
