package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/policy"
)

const (
	certificateColumns = `c.id, c.authority_id, c.profile_id, c.key_id, c.identity_id, c.state, c.serial, c.fingerprint, c.principals, c.audience, c.reason, c.ticket, c.lasts,
       c.asked_at, c.agreed_at, c.starts_at, c.ends_at, c.first_at, c.revoked_at, c.revoked_by, c.revoke_reason, c.approval_id, c.chain_id, c.renews`
	oneCertificate    = `select ` + certificateColumns + ` from certificate c where c.id = $1`
	certificatesOf    = `select ` + certificateColumns + ` from certificate c where c.identity_id = $1 and c.id < $2 order by c.id desc limit $3`
	certificatesBy    = `select ` + certificateColumns + ` from certificate c where c.authority_id = $1 and c.id < $2 order by c.id desc limit $3`
	certificatesAll   = `select ` + certificateColumns + ` from certificate c where c.id < $1 order by c.id desc limit $2`
	issueAgreed       = `update certificate set state = 'issued', key_id = $2, serial = $3, starts_at = $4, ends_at = $5, first_at = $6 where id = $1 and state = 'agreed'`
	settleCertificate = `update certificate set state = $2, agreed_at = $3 where id = $1 and state = 'waiting'`
	revokeOne         = `update certificate set state = 'revoked', revoked_at = $2, revoked_by = $3, revoke_reason = $4 where id = $1 and state = 'issued' and ends_at > $2`
	revokedNow        = `select c.id, c.key_id, c.serial, c.revoked_at from certificate c where c.authority_id = $1 and c.state = 'revoked' and c.ends_at > $2 order by c.id`
)

var certificateInto = []string{
	"id", "authority_id", "profile_id", "key_id", "identity_id", "state", "serial", "fingerprint", "principals", "audience", "reason", "ticket", "lasts",
	"asked_at", "starts_at", "ends_at", "first_at", "approval_id", "chain_id", "renews",
}

// signedBy is what a signature was decided on, as the transaction that keeps it sees it: in
// one query, for nothing is signed more often.
var signedBy = `
select r.ends_at, k.signs_at, k.ends_at, i.state
  from certificate_profile p
  join certificate_right r on r.profile_id = p.id and r.holder_kind = $3 and r.holder_id = $4 and r.until_set = 0
  join authority_key k on k.id = $5 and k.authority_id = p.authority_id
  join identity i on i.id = $6 and ` + now("i") + `
 where p.id = $1 and p.from_set = $2 and p.until_set = 0`

var loginsOf = `select a.login from account a where a.id in (%s) and ` + now("a") + ` order by a.login`

func scanCertificate(scan func(...any) error) (c authority.Certificate, err error) {
	var lasts int64
	err = scan(&c.ID, &c.Authority, &c.Profile, &c.Key, &c.Identity, &c.State, &c.Serial, &c.Fingerprint, asJSON{&c.Principals}, asJSON{&c.Audience}, &c.Reason, &c.Ticket, &lasts,
		&c.Asked, &c.Agreed, &c.Starts, &c.Ends, &c.First, &c.Revoked, &c.RevokedBy, &c.Why, &c.Approval, &c.Chain, &c.Renews)
	c.Lasts = time.Duration(lasts) * time.Microsecond
	return c, err
}

// Certificates implements authority.Store.
func (s Authorities) Certificates(ctx context.Context, q authority.Query) (list []authority.Certificate, err error) {
	before := q.Before
	if before == 0 {
		before = 1<<63 - 1
	}
	text, args := certificatesAll, []any{before, q.First}
	switch {
	case q.ID != 0:
		text, args = oneCertificate, []any{q.ID}
	case q.Of != 0:
		text, args = certificatesOf, []any{q.Of, before, q.First}
	case q.Authority != 0:
		text, args = certificatesBy, []any{q.Authority, before, q.First}
	}
	err = s.db.read(ctx, func(r *query) error {
		return r.each(ctx, text, args, func(scan func(...any) error) error {
			c, err := scanCertificate(scan)
			list = append(list, c)
			return err
		})
	})
	return list, err
}

// Revoked implements authority.Store.
func (s Authorities) Revoked(ctx context.Context, id access.AuthorityID) (list []authority.RevokedCertificate, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.each(ctx, revokedNow, []any{id, at}, func(scan func(...any) error) error {
			var r authority.RevokedCertificate
			defer func() { list = append(list, r) }()
			return scan(&r.ID, &r.Key, &r.Serial, &r.At)
		})
	})
	return list, err
}

// Logins implements authority.Store.
func (s Authorities) Logins(ctx context.Context, ids []access.AccountID) (list []string, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.eachListed(ctx, loginsOf, keyList(ids), nil, func(scan func(...any) error) error {
			var login string
			defer func() { list = append(list, login) }()
			return scan(&login)
		})
	})
	return list, err
}

// Reserve implements authority.Store.
func (s Authorities) Reserve(ctx context.Context, n int) (access.CertificateID, access.ChainID, error) {
	id, chain, err := s.db.reserve(ctx, access.KindCertificate, n)
	return access.CertificateID(id), chain, err
}

// signedOn refuses what a signature was decided on and is not so any more: the profile, the
// right, the key, and that whoever asks may hold access at all.
func (t *tx) signedOn(ctx context.Context, c authority.Certificate, b authority.Basis) error {
	if !t.db.ClockTrusted() {
		return authority.ErrClock
	}
	if c.Key == 0 { // nothing is signed yet
		return t.mayAct(ctx, c.Identity, errInactive)
	}
	var right, signs, trusted access.Time
	var state access.IdentityState
	err := t.row(ctx, signedBy, b.Profile.ID, b.Profile.Version, b.Right.Holder.Kind, b.Right.Holder.Key, c.Key, c.Identity).Scan(&right, &signs, &trusted, &state)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return authority.ErrChanged
	case err != nil:
		return err
	case !state.MayHoldAccess():
		return errInactive
	case right != 0 && right <= t.At, signs > t.At, trusted != 0 && trusted <= t.At, c.Ends <= t.At:
		return authority.ErrChanged
	}
	return nil
}

var errInactive = policy.ErrDenied.With("only an active identity may act")

// Issue implements authority.Store.
func (s Authorities) Issue(ctx context.Context, c authority.Certificate, b authority.Basis) error {
	e := audit.Event{
		Action: "certificate.sign", Object: c.ID.Ref(), Subjects: []access.IdentityID{c.Identity}, Personal: said(c),
		Facts: map[string]string{
			"authority": c.Authority.String(), "profile": c.Profile.String(), "right": b.Right.Holder.String(), "key": c.Key.String(), "chain": c.Chain.String(),
			"until": strconv.FormatInt(int64(c.Ends), 10), "principals": strconv.Itoa(len(c.Principals)),
		},
	}
	if c.Renews != 0 {
		e.Facts["renews"] = c.Renews.String()
	}
	if err := s.issueQuietly(ctx, e, c, b); !errors.Is(err, errFollowed) {
		return err
	}
	return s.db.change(ctx, e, func(t *tx) error {
		if err := t.signedOn(ctx, c, b); err != nil {
			return err
		}
		if c.Approval != 0 {
			n, err := t.exec(ctx, issueAgreed, c.ID, c.Key, c.Serial, c.Starts, c.Ends, c.First)
			if err == nil && n == 0 {
				err = authority.ErrOver.With("it was signed already: renew that one")
			}
			return err
		}
		if err := t.renewable(ctx, c); err != nil {
			return err
		}
		if err := t.chain(ctx, c.Chain, c.ID.Ref()); err != nil {
			return err
		}
		return t.insertCertificate(ctx, c)
	})
}

// errFollowed says that something was changed since a signature was decided on, or that
// nobody knows: those who revoke what is not to stand are to look again after it.
var errFollowed = errors.New("what was signed is followed")

// issueQuietly keeps a signature that wakes nobody. Only where changes wait for one another
// does what it was decided on stay so until it is committed: whoever revokes what was signed
// by rights that were lost later finds it there.
func (s Authorities) issueQuietly(ctx context.Context, e audit.Event, c authority.Certificate, b authority.Basis) error {
	if s.db.groups == nil || b.At == 0 || c.Approval != 0 {
		return errFollowed
	}
	row, err := certificateRow(c)
	if err != nil {
		return err
	}
	e.Quiet = true
	return s.db.note(ctx, e, func(t *tx) error {
		changed, err := t.changedAfter(ctx, b.At)
		switch {
		case err != nil:
			return err
		case changed:
			return errFollowed
		}
		if err := t.signedOn(ctx, c, b); err != nil {
			return err
		}
		return t.renewable(ctx, c)
	}, func(at access.Time) []*rowsOf {
		return []*rowsOf{
			{table: "chain_link", columns: chainLinkInto, values: []any{c.Chain, c.ID.Ref().Kind, c.ID.Ref().Key, at}},
			{table: "certificate", columns: certificateInto, values: row},
		}
	})
}

// renewable refuses to renew what was revoked, or is over, by now.
func (t *tx) renewable(ctx context.Context, c authority.Certificate) error {
	if c.Renews == 0 {
		return nil
	}
	was, err := scanCertificate(t.row(ctx, oneCertificate+t.d.forShare, c.Renews).Scan)
	if err == nil && (was.State != authority.Issued || was.Ends <= t.At || was.Fingerprint != c.Fingerprint) {
		err = authority.ErrOver
	}
	return err
}

// said is what whoever asked said, which can be erased.
func said(c authority.Certificate) map[string]string {
	if c.Reason == "" && c.Ticket == "" {
		return nil
	}
	return map[string]string{"reason": c.Reason, "ticket": c.Ticket}
}

func (t *tx) insertCertificate(ctx context.Context, c authority.Certificate) error {
	row, err := certificateRow(c)
	if err != nil {
		return err
	}
	return t.insertMany(ctx, "certificate", certificateInto, [][]any{row})
}

func certificateRow(c authority.Certificate) ([]any, error) {
	if c.Audience == nil {
		c.Audience = []string{}
	}
	principals, err := json.Marshal(c.Principals)
	if err != nil {
		return nil, err
	}
	audience, err := json.Marshal(c.Audience)
	if err != nil {
		return nil, err
	}
	return []any{
		c.ID, c.Authority, c.Profile, c.Key, c.Identity, string(c.State), c.Serial, c.Fingerprint, string(principals), string(audience),
		c.Reason, c.Ticket, c.Lasts.Microseconds(), c.Asked, c.Starts, c.Ends, c.First, c.Approval, c.Chain, c.Renews,
	}, nil
}

// Ask implements authority.Store.
func (s Authorities) Ask(ctx context.Context, c authority.Certificate, b authority.Basis, ask approval.Case) (id access.ApprovalID, err error) {
	e := audit.Event{
		Action: "certificate.ask", Object: c.ID.Ref(), Subjects: []access.IdentityID{c.Identity}, Personal: said(c),
		Facts: map[string]string{"authority": c.Authority.String(), "profile": c.Profile.String(), "right": b.Right.Holder.String(), "chain": c.Chain.String()},
	}
	err = s.db.change(ctx, e, func(t *tx) error {
		if err := t.signedOn(ctx, c, b); err != nil {
			return err
		}
		if id, err = t.openApproval(ctx, ask); err != nil {
			return err
		}
		c.Approval = id
		if err := t.insertCertificate(ctx, c); err != nil {
			return err
		}
		return t.changed(ctx, c.ID.Ref())
	})
	return id, err
}

// certificateSettled takes up what others have said: it is signed once whoever asked comes
// for it, and everything is decided again then.
func (t *tx) certificateSettled(ctx context.Context, id access.CertificateID, as approval.State) error {
	state, agreed := authority.Refused, access.Time(0)
	if as == approval.Approved {
		state, agreed = authority.Agreed, t.At
	}
	if _, err := t.exec(ctx, settleCertificate, id, string(state), agreed); err != nil {
		return err
	}
	return t.changed(ctx, id.Ref())
}
