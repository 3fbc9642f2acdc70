package store

import (
	"context"
	"strconv"

	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/role"
)

var rejections = `select j.id, j.entitlements, j.reason, s.at from role_rejection j join change_set s on s.id = j.from_set where ` + now("j") + ` order by j.id`

const (
	insertRejection = `insert into role_rejection (id, from_set, entitlements, reason) values ($1, $2, $3, $4) on conflict do nothing`
	endRejection    = `update role_rejection set until_set = $1 where id = $2 and until_set = 0 and from_set <> $1`
)

// Rejections returns every candidate that nobody wants.
func (s Roles) Rejections(ctx context.Context) (list []role.Rejection, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, rejections, nil, func(scan func(...any) error) error {
			var r role.Rejection
			err := scan(&r.ID, asJSON{&r.Entitlements}, &r.Reason, &r.Since)
			list = append(list, r)
			return err
		})
	})
	return list, err
}

// Reject keeps that a candidate is not wanted.
func (s Roles) Reject(ctx context.Context, r role.Rejection) error {
	e := audit.Event{Action: "role.reject", Facts: map[string]string{"candidate": r.ID, "entitlements": strconv.Itoa(len(r.Entitlements))}, Personal: map[string]string{"reason": r.Reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		text, err := jsonOf(r.Entitlements)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, insertRejection, r.ID, t.Set, text[0], r.Reason)
		return err
	})
}

// Reconsider ends that a candidate is not wanted.
func (s Roles) Reconsider(ctx context.Context, id, reason string) error {
	e := audit.Event{Action: "role.reconsider", Facts: map[string]string{"candidate": id}, Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		n, err := t.exec(ctx, endRejection, t.Set, id)
		if err == nil && n == 0 {
			err = role.ErrNoRejection
		}
		return err
	})
}
