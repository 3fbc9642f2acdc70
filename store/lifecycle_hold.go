package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
)

// The states of a hold.
const (
	holdOpen      = "open"
	holdReleased  = "released"
	holdDiscarded = "discarded"
)

// Hold implements lifecycle.EngineStore.
func (s Lifecycle) Hold(ctx context.Context, term lifecycle.Term, h lifecycle.Hold, who []access.IdentityID) error {
	e := audit.Event{Action: "lifecycle.hold", Facts: map[string]string{"people": strconv.Itoa(h.People), "of": strconv.Itoa(h.Of), "revision": strconv.FormatInt(int64(h.Rev), 10)}}
	return s.db.change(ctx, e, func(t *tx) error {
		if err := turn(term).hold(ctx, t); err != nil {
			return err
		}
		key, err := t.newKeys(ctx, access.KindEvent, 1)
		if err != nil {
			return err
		}
		t.Event.Object = access.EventID(key).Ref()
		if err := t.letGo(ctx, who); err != nil {
			return err
		}
		_, err = t.exec(ctx, `insert into lifecycle_hold (id, at, rev, caused_by, people, of_people, state) values ($1, $2, $3, $4, $5, $6, $7)`,
			key, t.At, h.Rev, actors(h.By), h.People, h.Of, holdOpen)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(who, keysPerQuery) {
			text := `insert into lifecycle_held (identity_id, hold_id, state) select i.id, cast($1 as bigint), i.state from identity i where i.id in (` + keyList(part) + `) and ` + now("i")
			if err := t.execMade(ctx, text, key); err != nil {
				return err
			}
		}
		return t.changed(ctx, access.EventID(key).Ref())
	})
}

// letGo ends that identities are held by anything.
func (t *tx) letGo(ctx context.Context, who []access.IdentityID) error {
	for part := range slices.Chunk(who, keysPerQuery) {
		if err := t.execMade(ctx, `delete from lifecycle_held where identity_id in (`+keyList(part)+`)`); err != nil {
			return err
		}
	}
	return nil
}

// Unhold implements lifecycle.EngineStore.
func (s Lifecycle) Unhold(ctx context.Context, term lifecycle.Term, who []access.IdentityID) error {
	if len(who) == 0 {
		return nil
	}
	e := audit.Event{Action: "lifecycle.unhold", Facts: map[string]string{"people": strconv.Itoa(len(who))}}
	return s.db.change(ctx, e, func(t *tx) error {
		if err := turn(term).hold(ctx, t); err != nil {
			return err
		}
		return t.letGo(ctx, who)
	})
}

const selectHolds = `
select h.id, h.at, h.rev, h.caused_by, h.people, h.of_people, h.state, h.reason, h.ends_at, (select count(*) from lifecycle_held w where w.hold_id = h.id)
  from lifecycle_hold h
 where exists (select 1 from lifecycle_held w where w.hold_id = h.id)`

// Holds implements lifecycle.HoldStore.
func (s Lifecycle) Holds(ctx context.Context) (list []lifecycle.Hold, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, selectHolds+` and h.state <> 'released' order by h.id`, nil, func(scan func(...any) error) error {
			h, _, err := scanHold(scan)
			list = append(list, h)
			return err
		})
	})
	return list, err
}

func scanHold(scan func(...any) error) (h lifecycle.Hold, state string, err error) {
	var by string
	err = scan(&h.ID, &h.At, &h.Rev, &by, &h.People, &h.Of, &state, &h.Reason, &h.Until, &h.Left)
	h.By = readActors(by)
	return h, state, err
}

// HeldIn implements lifecycle.HoldStore.
func (s Lifecycle) HeldIn(ctx context.Context, id access.EventID, most int) (list []access.IdentityID, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, `select identity_id from lifecycle_held where hold_id = $1 order by identity_id limit $2`, []any{id, most}, func(scan func(...any) error) error {
			var who access.IdentityID
			defer func() { list = append(list, who) }()
			return scan(&who)
		})
	})
	return list, err
}

// Release implements lifecycle.HoldStore.
func (s Lifecycle) Release(ctx context.Context, id access.EventID, reason string, may func(lifecycle.Hold) error) error {
	return s.decide(ctx, "lifecycle.release", id, holdReleased, 0, reason, may)
}

// Discard implements lifecycle.HoldStore.
func (s Lifecycle) Discard(ctx context.Context, id access.EventID, until access.Time, reason string) error {
	return s.decide(ctx, "lifecycle.discard", id, holdDiscarded, until, reason, func(lifecycle.Hold) error { return nil })
}

func (s Lifecycle) decide(ctx context.Context, action string, id access.EventID, state string, until access.Time, reason string, may func(lifecycle.Hold) error) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	e := audit.Event{Action: action, Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		h, is, err := scanHold(t.row(ctx, selectHolds+` and h.id = $1`+t.d.forUpdate, id).Scan)
		if errors.Is(err, sql.ErrNoRows) || err == nil && is == holdReleased {
			return lifecycle.ErrNoHold.With("nothing is held by the id %s", id)
		}
		if err != nil {
			return err
		}
		if err := may(h); err != nil {
			return err
		}
		t.Event.Facts = map[string]string{"people": strconv.Itoa(h.Left), "until": strconv.FormatInt(int64(until), 10)}
		_, err = t.exec(ctx, `update lifecycle_hold set state = $2, decided_by = $3, reason = $4, ends_at = $5 where id = $1`, id, state, actor.String(), reason, until)
		if err != nil {
			return err
		}
		if err := t.due(ctx, id.Ref(), until); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
}

// holdingUrgent tells for whom there is an emergency.
func (q *query) holdingUrgent(ctx context.Context, list string, by map[access.IdentityID]*lifecycle.Holding, at access.Time) error {
	return q.eachListed(ctx, `select distinct identity_id from lifecycle_event where until_set = 0 and urgent and at <= $1 and identity_id in (%s)`, list, []any{at}, func(scan func(...any) error) error {
		var id access.IdentityID
		err := scan(&id)
		if h := by[id]; h != nil {
			h.Urgent = true
		}
		return err
	})
}
