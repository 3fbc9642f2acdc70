package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
)

var exceptionsInForce = `
select x.id, x.identity_id, x.entitlement_id, x.effect, x.reason, x.approver_id, x.ends_at
  from exception x where x.ends_at > $1 and (cast($2 as bigint) = 0 or x.identity_id = $2) and ` + now("x") + ` order by x.id`

// Exceptions implements lifecycle.ExceptionStore.
func (s Lifecycle) Exceptions(ctx context.Context, of access.IdentityID) (list []access.Exception, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.each(ctx, exceptionsInForce, []any{at, of}, func(scan func(...any) error) error {
			var x access.Exception
			defer func() { list = append(list, x) }()
			return scan(&x.ID, &x.Identity, &x.Entitlement, &x.Effect, &x.Reason, &x.Approver, &x.End)
		})
	})
	return list, err
}

const (
	heldByRules = `
select count(*) from justification j
 where j.holder_kind = 1 and j.holder_id = $1 and j.entitlement_id = $2 and j.origin in ('birthright', 'role') and j.until_set = 0 and (j.ends_at = 0 or j.ends_at > $3)`
	exceptionThere  = `select id, ends_at from exception where identity_id = $1 and entitlement_id = $2 and until_set = 0`
	insertException = `
insert into exception (id, from_set, identity_id, entitlement_id, effect, reason, approver_id, ends_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`
)

// AddException implements lifecycle.ExceptionStore.
func (s Lifecycle) AddException(ctx context.Context, x access.Exception) (id access.ExceptionID, err error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return 0, err
	}
	if actor.Identity == x.Identity {
		return 0, lifecycle.ErrExceptionSelf
	}
	e := audit.Event{
		Action: "exception.add", Subjects: []access.IdentityID{x.Identity}, Personal: map[string]string{"reason": x.Reason},
		Facts: map[string]string{"identity": x.Identity.String(), "entitlement": x.Entitlement.String(), "effect": string(x.Effect), "until": strconv.FormatInt(int64(x.End), 10)},
	}
	err = s.db.change(ctx, e, func(t *tx) error {
		var held int
		if err := t.row(ctx, heldByRules, x.Identity, x.Entitlement, t.At).Scan(&held); err != nil {
			return err
		}
		if held == 0 && x.Effect == access.Keep {
			return lifecycle.ErrExceptionHeld
		}
		if err := t.onlyException(ctx, x); err != nil {
			return err
		}
		key, err := t.newKeys(ctx, access.KindException, 1)
		if err != nil {
			return err
		}
		id = access.ExceptionID(key)
		t.Event.Object = id.Ref()
		if _, err := t.exec(ctx, insertException, id, t.Set, x.Identity, x.Entitlement, string(x.Effect), x.Reason, actor.Identity, x.End); err != nil {
			return err
		}
		if err := t.due(ctx, id.Ref(), x.End); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
	return id, err
}

// onlyException refuses a second one, and ends one whose time is over.
func (t *tx) onlyException(ctx context.Context, x access.Exception) error {
	var id access.ExceptionID
	var ends access.Time
	err := t.row(ctx, exceptionThere+t.d.forUpdate, x.Identity, x.Entitlement).Scan(&id, &ends)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case ends > t.At:
		return lifecycle.ErrExceptionTwo
	}
	_, err = t.exec(ctx, `update exception set until_set = $1 where id = $2 and until_set = 0`, t.Set, id)
	return err
}

// RemoveException implements lifecycle.ExceptionStore.
func (s Lifecycle) RemoveException(ctx context.Context, id access.ExceptionID, reason string) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	e := audit.Event{Action: "exception.remove", Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		var who access.IdentityID
		err := t.row(ctx, `select identity_id from exception where id = $1 and until_set = 0`+t.d.forUpdate, id).Scan(&who)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return lifecycle.ErrNoException.With("there is no exception %s", id)
		case err != nil:
			return err
		case who == actor.Identity:
			return lifecycle.ErrExceptionSelf
		}
		t.Event.Subjects = []access.IdentityID{who}
		if _, err := t.exec(ctx, `update exception set until_set = $1 where id = $2 and until_set = 0`, t.Set, id); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
}
