package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
)

// Guards implements lifecycle.GuardStore.
func (s Lifecycle) Guards(ctx context.Context, most int) (list []lifecycle.GuardChange, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, `select share, count, at, changed_by, reason from lifecycle_guard order by id desc limit $1`, []any{most}, func(scan func(...any) error) error {
			var g lifecycle.GuardChange
			err := scan(&g.Share, &g.Count, &g.At, &g.By, &g.Reason)
			list = append(list, g)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading the lifecycle's guard: %w", err)
	}
	return list, nil
}

// SetGuard implements lifecycle.GuardStore.
func (s Lifecycle) SetGuard(ctx context.Context, g lifecycle.Guard, reason string) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	e := audit.Event{
		Action: "lifecycle.guard", Personal: map[string]string{"reason": reason},
		Facts: map[string]string{"share": fmt.Sprint(g.Share), "count": fmt.Sprint(g.Count)},
	}
	return s.db.change(ctx, e, func(t *tx) error {
		key, err := t.newKeys(ctx, access.KindEvent, 1)
		if err != nil {
			return err
		}
		t.Event.Object = access.EventID(key).Ref()
		_, err = t.exec(ctx, `insert into lifecycle_guard (id, at, share, count, changed_by, reason) values ($1, $2, $3, $4, $5, $6)`,
			key, t.At, g.Share, g.Count, actor.String(), reason)
		return err
	})
}

// countsFor is how long what was taken counts with what follows.
const countsFor = access.Time(time.Hour / time.Microsecond)

// Taken implements lifecycle.GuardStore.
func (s Lifecycle) Taken(ctx context.Context) (list []access.IdentityID, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.each(ctx, `select identity_id from lifecycle_taken where at > $1 order by identity_id`, []any{at - countsFor}, func(scan func(...any) error) error {
			var id access.IdentityID
			err := scan(&id)
			list = append(list, id)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading what was taken within the hour: %w", err)
	}
	return list, nil
}

// keepTaken notes from whom something is taken, and forgets what counts no more.
func (t *tx) keepTaken(ctx context.Context, who []access.IdentityID) error {
	if len(who) == 0 {
		return nil
	}
	if _, err := t.exec(ctx, `delete from lifecycle_taken where at <= $1`, t.At-countsFor); err != nil {
		return err
	}
	for part := range slices.Chunk(who, keysPerQuery) {
		if err := t.execMade(ctx, `delete from lifecycle_taken where identity_id in (`+keyList(part)+`)`); err != nil {
			return err
		}
	}
	rows := newRows("lifecycle_taken", "identity_id, at", len(who))
	for _, id := range who {
		rows.add(int64(id), int64(t.At))
	}
	return t.insertRows(ctx, rows)
}
