package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault/keys"
)

// telling is the work on one consumer by this node.
type telling struct {
	Rotate
	id    access.ConsumerID
	wants access.VersionID
	lease *lease
}

// Tell implements rotate.ConsumerStore.
func (s Rotate) Tell(ctx context.Context, id access.ConsumerID, ttl time.Duration) (rotate.Telling, error) {
	l, err := s.db.takeLease(ctx, "tell:"+id.String(), ttl)
	if err != nil {
		return nil, err
	}
	return &telling{Rotate: s, id: id, lease: l}, nil
}

// End implements rotate.Telling.
func (o *telling) End(ctx context.Context) error {
	return o.db.bookkeep(ctx, func(t *tx) error { return o.lease.end(ctx, t) })
}

const noticed = `
select x.safe_id, f.name, x.name, v.number, c.wants_id, ` + loginOf + `, k.generation, k.data_key, k.ciphertext
  from secret_consumer c
  join secret x on x.id = c.secret_id and x.until_set = 0 and x.state = 'live'
  join safe f on f.id = x.safe_id and f.until_set = 0
  join secret_version v on v.id = c.wants_id and v.state = 'current'
  join vault_sealed k on k.version = v.id
 where c.id = $1 and c.state <> 'current'`

// Notice implements rotate.Telling.
func (o *telling) Notice(ctx context.Context, with bool) (n rotate.Notice, err error) {
	var safe access.SafeID
	var safeName string
	var sealed keys.Sealed
	err = o.db.read(ctx, func(q *query) error {
		if n.Consumer, err = q.consumer(ctx, o.id); err != nil {
			return err
		}
		err := q.row(ctx, noticed, o.id).Scan(&safe, &safeName, &n.SecretName, &n.Number, &o.wants, &n.Login, &sealed.Generation, &sealed.Key, &sealed.Text)
		if errors.Is(err, sql.ErrNoRows) {
			return rotate.ErrNotDue
		}
		return err
	})
	n.SecretName = safeName + "/" + n.SecretName
	if err != nil || !with {
		return n, err
	}
	n.Value, err = o.ring.Open(ctx, keys.Place{Safe: safe, Secret: n.Secret, Version: o.wants}, sealed)
	return n, err
}

const toldOf = `
update secret_consumer set state = $3, code = $4, error = $5, next_at = $6, due_since = case when attempts = 0 then $7 else due_since end,
       told_at = case when told_at = 0 and $3 <> 'failing' then $7 else told_at end, attempts = attempts + 1
 where id = $1 and wants_id = $2 and state <> 'current'`

// Told implements rotate.Telling.
func (o *telling) Told(ctx context.Context, n rotate.Notice, out rotate.Outcome) error {
	e := audit.Event{Action: "consumer.tell", Object: o.id.Ref(), Facts: map[string]string{
		"secret": n.Secret.String(), "version": o.wants.String(), "number": strconv.Itoa(n.Number), "stage": string(out.Stage), "code": out.Code,
	}}
	if !n.Value.Empty() {
		e.Facts["lent"] = "true"
	}
	return o.db.change(ctx, e, func(t *tx) error {
		if err := o.lease.hold(ctx, t); err != nil {
			return err
		}
		if out.Stage == rotate.InUse {
			return t.keepUse(ctx, o.id, n.Secret, o.wants)
		}
		if n.Attempts > 0 && n.Late(t.At) {
			t.Event.Facts["stage"] = string(rotate.Late)
			if n.Stage != rotate.Late {
				if err := t.mailLate(ctx, n.Consumer, n.SecretName, out.Error); err != nil {
					return err
				}
			}
			out.Stage = rotate.Late
		}
		_, err := t.exec(ctx, toldOf, o.id, o.wants, string(out.Stage), out.Code, out.Error, t.At+access.Time(out.After.Microseconds()), t.At)
		return err
	})
}
