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
)

// Queue implements rotate.DeskStore.
func (s Rotate) Queue(ctx context.Context, q rotate.Query) (list []rotate.Queued, err error) {
	text, args := `select `+dueColumns+` from secret_due d order by d.urgency desc, d.next_at, d.secret_id`, []any(nil)
	if q.Secret != 0 {
		text, args = `select `+dueColumns+` from secret_due d where d.secret_id = $1`, []any{q.Secret}
	}
	err = s.db.read(ctx, func(r *query) error {
		return r.each(ctx, text, args, func(scan func(...any) error) error {
			var x rotate.Queued
			if err := scan(&x.Secret, &x.Cause, &x.State, &x.Since, &x.Next, &x.Attempts, &x.Failing, &x.Code, &x.Error); err != nil {
				return err
			}
			if q.State == "" || x.State == q.State {
				list = append(list, x)
			}
			return nil
		})
	})
	return list, err
}

// Demand implements rotate.DeskStore.
func (s Rotate) Demand(ctx context.Context, ids []access.SecretID, cause rotate.Cause, reason string) error {
	return s.DemandOver(ctx, ids, cause, reason, 0)
}

// DemandOver implements rotate.DeskStore.
func (s Rotate) DemandOver(ctx context.Context, ids []access.SecretID, cause rotate.Cause, reason string, apart time.Duration) error {
	e := audit.Event{
		Action: "rotation.demand", Personal: map[string]string{"reason": reason},
		Facts: map[string]string{"cause": string(cause), "secrets": strconv.Itoa(len(ids))},
	}
	if len(ids) == 1 {
		e.Object = ids[0].Ref()
	}
	return s.db.change(ctx, e, func(t *tx) error {
		next := t.At
		for _, id := range ids {
			if _, err := t.liveSecret(ctx, id); err != nil {
				return err
			}
			if err := t.dueFor(ctx, id, cause, next); err != nil {
				return err
			}
			next += access.Time(apart.Microseconds())
		}
		return nil
	})
}

const (
	groupColumns = `
select x.id, x.system_id <> 0 and x.account_id <> 0, (select count(*) from secret_pair p where p.secret_id = x.id),
       (select count(*) from secret_consumer c where c.secret_id = x.id), coalesce((select d.cause from secret_due d where d.secret_id = x.id), '')
  from secret x where x.until_set = 0 and x.state = 'live'`
	groupOfSafe   = groupColumns + ` and x.safe_id = $1 order by x.id`
	groupOfSystem = groupColumns + ` and x.system_id = $1 order by x.id`
	groupSeen     = groupColumns + `
   and x.id in (select n.secret_id from secret_seen n join secret_version v on v.id = n.version_id and v.state in ('current', 'pending', 'standby')
                 where n.identity_id = $1) order by x.id`
	// An account is opened by its own secret, or by one that two accounts take turns with.
	groupFound = groupColumns + `
   and exists (select 1 from finding f
                where f.id = $1 and f.until_set = 0 and f.status = 'open' and f.subject_kind = $2
                  and (f.subject_key = x.account_id or exists (select 1 from secret_pair p where p.secret_id = x.id and p.account_id = f.subject_key))) order by x.id`
)

// Group implements rotate.DeskStore.
func (s Rotate) Group(ctx context.Context, g rotate.Group) (list []rotate.Follows, at access.Time, err error) {
	text, of := groupOfSafe, []any{g.Safe}
	switch {
	case g.System != 0:
		text, of = groupOfSystem, []any{g.System}
	case g.SeenBy != 0:
		text, of = groupSeen, []any{g.SeenBy}
	case g.Finding != 0:
		text, of = groupFound, []any{g.Finding, access.KindAccount}
	}
	err = s.db.read(ctx, func(q *query) error {
		if at, err = s.db.storeTime(ctx, q); err != nil {
			return err
		}
		return q.each(ctx, text, of, func(scan func(...any) error) error {
			var f rotate.Follows
			var pairs int
			err := scan(&f.Secret, &f.Opens, &pairs, &f.Consumers, &f.Due)
			f.Paired = pairs > 0
			list = append(list, f)
			return err
		})
	})
	return list, at, err
}

const schedules = `
select r.secret_id, r.every, r.from_hour, r.until_hour, r.next_at from rotation_schedule r
  join secret x on x.id = r.secret_id and x.until_set = 0 and x.state = 'live'`

// Schedules implements rotate.DeskStore.
func (s Rotate) Schedules(ctx context.Context, of access.SecretID) (list []rotate.Schedule, err error) {
	text, args := schedules+` order by r.next_at, r.secret_id`, []any(nil)
	if of != 0 {
		text, args = schedules+` where r.secret_id = $1`, []any{of}
	}
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, text, args, func(scan func(...any) error) error {
			var x rotate.Schedule
			var every int64
			err := scan(&x.Secret, &every, &x.From, &x.Until, &x.Next)
			x.Every = time.Duration(every) * time.Microsecond
			list = append(list, x)
			return err
		})
	})
	return list, err
}

const insertSchedule = `insert into rotation_schedule (secret_id, every, from_hour, until_hour, next_at) values ($1, $2, $3, $4, $5)`

// SetSchedule implements rotate.DeskStore. It is due by what it says from the value on that
// there is now.
func (s Rotate) SetSchedule(ctx context.Context, x rotate.Schedule, ended bool) error {
	e := audit.Event{Action: "rotation.schedule", Object: x.Secret.Ref(), Facts: map[string]string{"every_hours": strconv.Itoa(int(x.Every.Hours())), "ended": strconv.FormatBool(ended)}}
	return s.db.change(ctx, e, func(t *tx) error {
		if _, err := t.liveSecret(ctx, x.Secret); err != nil {
			return err
		}
		if _, err := t.exec(ctx, dropSchedule, x.Secret); err != nil {
			return err
		}
		if err := t.changed(ctx, x.Secret.Ref()); err != nil || ended {
			return err
		}
		since := t.At
		err := t.row(ctx, `select made_at from secret_version where secret_id = $1 and state = 'current'`, x.Secret).Scan(&since)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		next := access.TimeOf(x.Due(max(since, 0).Time().Add(x.Every)))
		_, err = t.exec(ctx, insertSchedule, x.Secret, x.Every.Microseconds(), x.From, x.Until, max(next, t.At))
		return err
	})
}
