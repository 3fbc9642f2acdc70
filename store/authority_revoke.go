package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/authority"
)

const (
	// liveOfLeavers is what people of a list were signed, and is not over, who may hold no
	// access any more. Those are the states for which access.IdentityState.MayHoldAccess is
	// false.
	liveOfLeavers = `
select c.id from certificate c
  join identity i on i.id = c.identity_id and i.until_set = 0 and i.state not in ('active', 'terminating')
 where c.state = 'issued' and c.ends_at > $1 and c.identity_id in (%s) order by c.id`
	everyoneWithCertificates = `select distinct c.identity_id from certificate c where c.state = 'issued' and c.ends_at > $1`
	holdings                 = `select distinct c.profile_id, c.identity_id from certificate c where c.state = 'issued' and c.ends_at > $1 order by c.profile_id, c.identity_id`
	liveByProfile            = `select c.id from certificate c where c.identity_id = $1 and c.profile_id = $2 and c.state = 'issued' and c.ends_at > $3 order by c.id`
	keysOver                 = `select k.id, k.authority_id from authority_key k where not k.destroyed and k.ends_at <> 0 and k.ends_at <= $1 order by k.ends_at limit 100`
	destroyKey               = `update authority_key set destroyed = true where id = $1 and not destroyed and ends_at <> 0 and ends_at <= $2`
)

// Revoke implements authority.Store.
func (s Authorities) Revoke(ctx context.Context, id access.CertificateID, reason string) (c authority.Certificate, err error) {
	e := audit.Event{Action: "certificate.revoke", Object: id.Ref(), Facts: map[string]string{}, Personal: map[string]string{"reason": reason}}
	err = s.db.change(ctx, e, func(t *tx) error {
		c, err = t.revokeCertificate(ctx, id, reason)
		t.Event.Subjects = []access.IdentityID{c.Identity}
		t.Event.Facts["authority"], t.Event.Facts["chain"] = c.Authority.String(), c.Chain.String()
		return err
	})
	return c, err
}

func (t *tx) revokeCertificate(ctx context.Context, id access.CertificateID, reason string) (c authority.Certificate, err error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return c, err
	}
	n, err := t.exec(ctx, revokeOne, id, t.At, actor.String(), reason)
	if err != nil {
		return c, err
	}
	c, err = scanCertificate(t.row(ctx, oneCertificate, id).Scan)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return c, authority.ErrNoCertificate
	case err == nil && n == 0:
		return c, authority.ErrOver
	case err != nil:
		return c, err
	}
	return c, t.changed(ctx, id.Ref())
}

// Leave implements authority.Store.
func (s Authorities) Leave(ctx context.Context, since access.Rev) (until access.Rev, err error) {
	var people []access.IdentityID
	err = s.db.read(ctx, func(q *query) error {
		if err := q.row(ctx, newestRev).Scan(&until); err != nil || until == since {
			return err
		}
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		text, args := peopleChanged, []any{since, until}
		if since == 0 {
			text, args = everyoneWithCertificates, []any{at}
		}
		return q.each(ctx, text, args, func(scan func(...any) error) error {
			var id access.IdentityID
			defer func() { people = append(people, id) }()
			return scan(&id)
		})
	})
	if err != nil || len(people) == 0 {
		return until, err
	}
	live, err := s.liveOf(ctx, people)
	for chunk := range slices.Chunk(live, sweepAtOnce) {
		if err == nil {
			err = s.revokeAll(ctx, "certificate.leaver", "whoever it was signed for has left", chunk)
		}
	}
	return until, err
}

func (s Authorities) liveOf(ctx context.Context, people []access.IdentityID) (list []access.CertificateID, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(people, keysPerQuery) {
			err := q.eachListed(ctx, liveOfLeavers, keyList(chunk), []any{at}, func(scan func(...any) error) error {
				var id access.CertificateID
				defer func() { list = append(list, id) }()
				return scan(&id)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// Holdings implements authority.Store.
func (s Authorities) Holdings(ctx context.Context) (list []authority.Holding, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.each(ctx, holdings, []any{at}, func(scan func(...any) error) error {
			var h authority.Holding
			defer func() { list = append(list, h) }()
			return scan(&h.Profile, &h.Identity)
		})
	})
	return list, err
}

// Lose implements authority.Store.
func (s Authorities) Lose(ctx context.Context, list []authority.Holding) error {
	var lost []access.CertificateID
	err := s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		for _, h := range list {
			err := q.each(ctx, liveByProfile, []any{h.Identity, h.Profile, at}, func(scan func(...any) error) error {
				var id access.CertificateID
				defer func() { lost = append(lost, id) }()
				return scan(&id)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	for chunk := range slices.Chunk(lost, sweepAtOnce) {
		if err == nil {
			err = s.revokeAll(ctx, "certificate.lost", "whoever it was signed for has lost the right to it", chunk)
		}
	}
	return err
}

// revokeAll revokes what people may have no more. What another node was first with is left.
func (s Authorities) revokeAll(ctx context.Context, action, why string, list []access.CertificateID) error {
	e := audit.Event{Action: action, Facts: map[string]string{}}
	err := s.db.change(ctx, e, func(t *tx) error {
		n := 0
		for _, id := range list {
			c, err := t.revokeCertificate(ctx, id, why)
			if errors.Is(err, authority.ErrOver) {
				continue
			}
			if err != nil {
				return err
			}
			n++
			t.Event.Subjects = append(t.Event.Subjects, c.Identity)
		}
		if n == 0 {
			return errNothingDue
		}
		t.Event.Facts["certificates"] = strconv.Itoa(n)
		return nil
	})
	if errors.Is(err, errNothingDue) {
		return nil
	}
	return err
}

// Retire implements authority.Store.
func (s Authorities) Retire(ctx context.Context) error {
	type over struct {
		key access.VersionID
		of  access.AuthorityID
	}
	var list []over
	err := s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.each(ctx, keysOver, []any{at}, func(scan func(...any) error) error {
			var x over
			defer func() { list = append(list, x) }()
			return scan(&x.key, &x.of)
		})
	})
	for _, x := range list {
		if err != nil {
			return err
		}
		e := audit.Event{Action: "authority.retire", Object: x.of.Ref(), Facts: map[string]string{"key": x.key.String()}}
		err = s.db.change(ctx, e, func(t *tx) error {
			n, err := t.exec(ctx, destroyKey, x.key, t.At)
			switch {
			case err != nil:
				return err
			case n == 0:
				return errNothingDue // another node was first
			}
			if err := t.dropSealed(ctx, x.key); err != nil {
				return err
			}
			return t.changed(ctx, x.of.Ref())
		})
		if errors.Is(err, errNothingDue) {
			err = nil
		}
	}
	return err
}
