package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/share"
	"github.com/writhq/writ/pam/vault"
)

// Share is the store of package share. Ring opens what is given.
type Share struct {
	db   *DB
	ring vault.Ring
}

// Share returns the store of package share.
func (db *DB) Share(ring vault.Ring) Share { return Share{db, ring} }

var _ share.Store = Share{}

const (
	shareColumns = `
select h.id, h.secret_id, h.safe_id, h.identity_id, h.recipient, h.email, h.field, h.state, h.code <> '', h.tries, h.reason, h.ticket, h.lasts,
       h.asked_at, h.started_at, h.ends_at, h.ended_at, h.ended_by, h.end_reason, h.version_id, h.approval_id, h.chain_id
  from share h`
	oneShare    = shareColumns + ` where h.id = $1`
	shareLinked = shareColumns + ` where h.link = $1`
	sharesOf    = shareColumns + ` where h.identity_id = $1 and h.id < $2 order by h.id desc limit $3`
	sharesOn    = shareColumns + ` where h.secret_id = $1 and h.id < $2 order by h.id desc limit $3`
	sharesLive  = shareColumns + ` where h.state in ('waiting', 'open') and h.id < $1 order by h.id desc limit $2`
	sharesAll   = shareColumns + ` where h.id < $1 order by h.id desc limit $2`
	insertShare = `
insert into share (id, secret_id, safe_id, identity_id, recipient, email, field, link, code, state, reason, ticket, lasts, asked_at, started_at, ends_at, approval_id, chain_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`
	beginShare = `update share set state = 'open', started_at = $2, ends_at = $3 where id = $1 and state = 'waiting'`
	endShare   = `update share set state = $2, ended_at = $3, ended_by = $4, end_reason = $5, version_id = $6 where id = $1 and state in ('waiting', 'open')`
	shareCode  = `select h.code from share h where h.id = $1`
	wrongCode  = `update share set tries = tries + 1 where id = $1`
	shareLate  = `select h.id from share h where h.state = 'open' and h.ends_at <= $1 order by h.ends_at limit 1000`
	// restoredShares withdraws what may have been opened since the backup.
	restoredShares = `
update share set state = 'withdrawn', ended_at = $1, ended_by = $2, end_reason = 'the database was restored from a backup'
 where state in ('waiting', 'open')`
)

func scanShare(scan func(...any) error) (x share.Share, err error) {
	var lasts int64
	err = scan(&x.ID, &x.Secret, &x.Safe, &x.Sponsor, &x.Recipient.Name, &x.Recipient.Email, &x.Field, &x.State, &x.Code, &x.Tries, &x.Reason, &x.Ticket, &lasts,
		&x.Asked, &x.Started, &x.Ends, &x.Ended, &x.EndedBy, &x.EndReason, &x.Version, &x.Approval, &x.Chain)
	x.Lasts = time.Duration(lasts) * time.Microsecond
	return x, err
}

func (q *query) share(ctx context.Context, id access.ShareID, lock string) (share.Share, error) {
	x, err := scanShare(q.row(ctx, oneShare+lock, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return x, share.ErrNoShare
	}
	return x, err
}

// Shares implements share.Store.
func (s Share) Shares(ctx context.Context, q share.Query) (list []share.Share, err error) {
	before := q.Before
	if before == 0 {
		before = 1<<63 - 1
	}
	text, args := sharesAll, []any{before, q.First}
	switch {
	case q.ID != 0:
		text, args = oneShare, []any{q.ID}
	case q.Secret != 0:
		text, args = sharesOn, []any{q.Secret, before, q.First}
	case q.By != 0:
		text, args = sharesOf, []any{q.By, before, q.First}
	case q.Live:
		text = sharesLive
	}
	err = s.db.read(ctx, func(r *query) error {
		return r.each(ctx, text, args, func(scan func(...any) error) error {
			x, err := scanShare(scan)
			if err == nil && (!q.Live || x.State.Live()) {
				list = append(list, x)
			}
			return err
		})
	})
	return list, err
}

// Linked implements share.Store.
func (s Share) Linked(ctx context.Context, link share.Mark) (x share.Share, err error) {
	err = s.db.read(ctx, func(q *query) error {
		x, err = scanShare(q.row(ctx, shareLinked, string(link)).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return share.ErrOver
		}
		return err
	})
	return x, err
}

// decided is what a share was decided on, as the vault looks at it.
func decided(b share.Basis, reason string) vault.Opening {
	return vault.Opening{
		By: b.By, Right: vault.Right{Safe: b.Safe, Holder: b.Right, Level: vault.Level(b.Level)},
		Safe: vault.Safe{ID: b.Safe, Version: b.SafeVersion}, Secret: vault.Secret{ID: b.Secret, Version: b.SecretVersion},
		Alone: true, Reason: reason,
	}
}

// shareEvent is what the log keeps of a share.
func shareEvent(action string, x share.Share) audit.Event {
	return audit.Event{
		Action: action, Object: x.ID.Ref(), Subjects: []access.IdentityID{x.Sponsor},
		Personal: map[string]string{"recipient": x.Recipient.Name, "email": x.Recipient.Email},
		Facts:    map[string]string{"secret": x.Secret.String(), "safe": x.Safe.String(), "by": x.Sponsor.String(), "chain": x.Chain.String()},
	}
}

// Add implements share.Store.
func (s Share) Add(ctx context.Context, x share.Share, k share.Kept, b share.Basis, ask *approval.Case) (share.Share, error) {
	e := shareEvent("share.ask", x)
	e.Facts["code"], e.Facts["field"], e.Facts["right"] = strconv.FormatBool(x.Code), x.Field, b.Right.String()
	e.Personal["reason"], e.Personal["ticket"] = x.Reason, x.Ticket
	err := s.db.change(ctx, e, func(t *tx) error {
		o := decided(b, x.Reason)
		if err := t.decidedOn(ctx, o); err != nil {
			return err
		}
		_, part, err := s.part(ctx, t, o, x.Field) // what does not open now is not given
		if err != nil {
			return err
		}
		part.Wipe()
		key, err := t.newKeys(ctx, access.KindShare, 1)
		if err != nil {
			return err
		}
		x.ID, x.Asked = access.ShareID(key), t.At
		t.Event.Object = x.ID.Ref()
		if x.State == share.Open {
			x.Start(t.At)
		}
		if err := t.shareChain(ctx, &x, ask); err != nil {
			return err
		}
		t.Event.Facts["state"], t.Event.Facts["until"] = string(x.State), strconv.FormatInt(int64(x.Ends), 10)
		_, err = t.exec(ctx, insertShare, x.ID, x.Secret, x.Safe, x.Sponsor, x.Recipient.Name, x.Recipient.Email, x.Field, string(k.Link), string(k.Code), string(x.State),
			x.Reason, x.Ticket, x.Lasts.Microseconds(), x.Asked, x.Started, x.Ends, x.Approval, x.Chain)
		if err != nil {
			return err
		}
		return t.changed(ctx, x.ID.Ref())
	})
	return x, err
}

// shareChain asks those who have to agree, or else begins what the share leads to.
func (t *tx) shareChain(ctx context.Context, x *share.Share, ask *approval.Case) (err error) {
	if ask != nil {
		ask.About = x.ID.Ref()
		if x.Approval, err = t.openApproval(ctx, *ask); err != nil {
			return err
		}
		x.Chain, err = t.chainOf(ctx, x.ID.Ref())
	} else {
		if x.Chain, err = t.newChain(ctx); err != nil {
			return err
		}
		err = t.chain(ctx, x.Chain, x.ID.Ref())
	}
	t.Event.Facts["chain"] = x.Chain.String()
	return err
}

// shareSettled takes up what others have said to a share. Whether it may be given by what is
// so then is looked at when it is opened.
func (t *tx) shareSettled(ctx context.Context, id access.ShareID, state approval.State) error {
	x, err := t.share(ctx, id, t.d.forUpdate)
	if err != nil || !x.State.Live() {
		return err
	}
	if state != approval.Approved {
		as := share.Refused
		if state == approval.Withdrawn {
			as = share.Withdrawn
		}
		return t.endShare(ctx, x, as, "", 0)
	}
	x.Start(t.At)
	t.fact("until", strconv.FormatInt(int64(x.Ends), 10))
	if _, err := t.exec(ctx, beginShare, id, x.Started, x.Ends); err != nil {
		return err
	}
	return t.changed(ctx, id.Ref())
}

// endShare ends a share that has not ended, or returns share.ErrEnded.
func (t *tx) endShare(ctx context.Context, x share.Share, as share.State, reason string, version access.VersionID) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, endShare, x.ID, string(as), t.At, actor.String(), reason, version)
	if err != nil {
		return err
	}
	if n == 0 {
		return share.ErrEnded
	}
	t.fact("state", string(as))
	return t.changed(ctx, x.ID.Ref(), x.Secret.Ref())
}

// Withdraw implements share.Store.
func (s Share) Withdraw(ctx context.Context, id access.ShareID, reason string) (x share.Share, err error) {
	err = s.db.change(ctx, audit.Event{Action: "share.withdraw"}, func(t *tx) error {
		if err := t.closeApproval(ctx, id.Ref()); err != nil {
			return err
		}
		if x, err = t.share(ctx, id, t.d.forUpdate); err != nil {
			return err
		}
		actor, err := audit.ActorOf(ctx)
		if err != nil {
			return err
		}
		t.Event = shareEvent("share.withdraw", x)
		t.Event.Personal["reason"] = reason
		if actor.Identity != x.Sponsor {
			t.Event.Action = "share.force"
		}
		if err := t.endShare(ctx, x, share.Withdrawn, reason, 0); err != nil {
			return err
		}
		x, err = t.share(ctx, id, "")
		return err
	})
	return x, err
}

// sweepShares ends what the clock has reached, each with its record.
func (db *DB) sweepShares(ctx context.Context) error {
	var late []access.ShareID
	err := db.read(ctx, func(q *query) error {
		at, err := db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.each(ctx, shareLate, []any{at}, func(scan func(...any) error) error {
			var x access.ShareID
			defer func() { late = append(late, x) }()
			return scan(&x)
		})
	})
	for _, id := range late {
		if err == nil {
			err = db.expireShare(ctx, id)
		}
		if errors.Is(err, share.ErrEnded) { // somebody was first
			err = nil
		}
	}
	return err
}

func (db *DB) expireShare(ctx context.Context, id access.ShareID) error {
	return db.change(ctx, audit.Event{Action: "share.expire"}, func(t *tx) error {
		x, err := t.share(ctx, id, t.d.forUpdate)
		if err != nil {
			return err
		}
		t.Event = shareEvent("share.expire", x)
		return t.endShare(ctx, x, share.Expired, "", 0)
	})
}

// endRestored withdraws the shares of a database that was restored: each may have been opened
// since.
func (t *tx) endRestored(ctx context.Context) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, restoredShares, t.At, actor.String())
	t.fact("shares", strconv.FormatInt(n, 10))
	return err
}
