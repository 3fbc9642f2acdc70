package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/approval"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
)

const (
	delegationColumns = `select id, from_id, to_id, starts_at, ends_at, reason, made_at, revoked_at from delegation where `
	delegatedTo       = delegationColumns + `to_id = $1 and ends_at > $2 and starts_at <= $2 and revoked_at = 0 order by id`
	delegationsFrom   = delegationColumns + `from_id = $1 and ends_at > $2 and revoked_at = 0 order by id desc`
	delegationsTo     = delegationColumns + `to_id = $1 and ends_at > $2 and revoked_at = 0 order by id desc`
	oneDelegation     = delegationColumns + `id = $1`
	insertDelegation  = `
insert into delegation (id, from_id, to_id, starts_at, ends_at, reason, made_at) values ($1, $2, $3, $4, $5, $6, $7)`
	revokeDelegation = `update delegation set revoked_at = $2, revoked_by = $3 where id = $1 and revoked_at = 0 and ends_at > $2`
)

func scanDelegation(scan func(...any) error) (d approval.Delegation, err error) {
	err = scan(&d.ID, &d.From, &d.To, &d.Start, &d.End, &d.Reason, &d.MadeAt, &d.Revoked)
	return d, err
}

func (q *query) delegations(ctx context.Context, text string, args ...any) (list []approval.Delegation, err error) {
	err = q.each(ctx, text, args, func(scan func(...any) error) error {
		d, err := scanDelegation(scan)
		list = append(list, d)
		return err
	})
	return list, err
}

// delegatedTo are the delegations to somebody that count at a time.
func (q *query) delegatedTo(ctx context.Context, who access.IdentityID, at access.Time) ([]approval.Delegation, error) {
	if who == 0 {
		return nil, nil
	}
	return q.delegations(ctx, delegatedTo, who, at)
}

// DelegatedTo implements approval.Store.
func (s Approvals) DelegatedTo(ctx context.Context, who access.IdentityID) (list []approval.Delegation, at access.Time, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if at, err = s.db.storeTime(ctx, q); err != nil {
			return err
		}
		list, err = q.delegatedTo(ctx, who, at)
		return err
	})
	return list, at, err
}

// Delegations implements approval.Store.
func (s Approvals) Delegations(ctx context.Context, of access.IdentityID) (list []approval.Delegation, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		if list, err = q.delegations(ctx, delegationsFrom, of, at); err != nil {
			return err
		}
		to, err := q.delegations(ctx, delegationsTo, of, at)
		list = append(list, to...)
		return err
	})
	return list, err
}

// Delegate implements approval.Store.
func (s Approvals) Delegate(ctx context.Context, d approval.Delegation) (id access.DelegationID, err error) {
	e := audit.Event{
		Action: "approval.delegate", Subjects: []access.IdentityID{d.From}, Personal: map[string]string{"reason": d.Reason},
		Facts: map[string]string{
			"from": d.From.String(), "to": d.To.String(),
			"starts": strconv.FormatInt(int64(d.Start), 10), "until": strconv.FormatInt(int64(d.End), 10),
		},
	}
	err = s.db.change(ctx, e, func(t *tx) error {
		if d.Start < t.At {
			d.Start = t.At
		}
		if err := d.Validate(t.At); err != nil {
			return err
		}
		var kind access.IdentityKind
		var state access.IdentityState
		err := t.row(ctx, humanState+t.d.forUpdate, d.To).Scan(&kind, &state)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return policy.ErrNoObject
		case err != nil:
			return err
		case kind != access.Human || !state.MayHoldAccess():
			return approval.ErrDelegate
		}
		has, err := t.delegations(ctx, delegationsFrom, d.From, t.At)
		if err != nil {
			return err
		}
		if len(has) >= approval.MostDelegations {
			return approval.ErrDelegations
		}
		key, err := t.newKeys(ctx, access.KindDelegation, 1)
		if err != nil {
			return err
		}
		id = access.DelegationID(key)
		t.Event.Object = id.Ref()
		if _, err := t.exec(ctx, insertDelegation, id, d.From, d.To, d.Start, d.End, d.Reason, t.At); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
	return id, err
}

// Undelegate implements approval.Store.
func (s Approvals) Undelegate(ctx context.Context, id access.DelegationID, from access.IdentityID) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	return s.db.change(ctx, audit.Event{Action: "approval.undelegate", Object: id.Ref()}, func(t *tx) error {
		d, err := scanDelegation(t.row(ctx, oneDelegation+t.d.forUpdate, id).Scan)
		switch {
		case errors.Is(err, sql.ErrNoRows), err == nil && d.From != from:
			return policy.ErrNoObject
		case err != nil:
			return err
		}
		n, err := t.exec(ctx, revokeDelegation, id, t.At, actor.String())
		if err != nil {
			return err
		}
		if n == 0 {
			return approval.ErrRevoked
		}
		t.Event.Facts = map[string]string{"from": d.From.String(), "to": d.To.String()}
		return t.changed(ctx, id.Ref())
	})
}
