package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
)

// Rotate keeps what is due for another value. Ring seals and opens the values.
type Rotate struct {
	db   *DB
	ring vault.Ring
}

// Rotate is the part of the store that rotation needs.
func (db *DB) Rotate(ring vault.Ring) Rotate { return Rotate{db, ring} }

// urgency is how urgent a cause is; one that is not in the list is the least.
func urgency(c rotate.Cause) int {
	if c == rotate.OnShare {
		c = rotate.OnCheckIn
	}
	return max(slices.Index(rotate.Causes, c), 0)
}

const (
	// A more urgent cause takes the place of another one; what waited is tried anew, and what
	// was seen before is not good enough.
	makeDueFor = `
insert into secret_due (secret_id, since, cause, urgency, next_at) values ($1, $2, $3, $4, $5)
on conflict (secret_id) do update
   set since = excluded.since, state = 'due', next_at = excluded.next_at, failing_since = 0, code = '', error = '', attempts = 0,
       cause = case when excluded.urgency >= secret_due.urgency or secret_due.cause in ('doubt', 'restore') then excluded.cause else secret_due.cause end,
       urgency = case when excluded.urgency >= secret_due.urgency or secret_due.cause in ('doubt', 'restore') then excluded.urgency else secret_due.urgency end`

	dueNow = `select d.secret_id from secret_due d where d.urgency = $1 and d.next_at <= $2 order by d.next_at, d.secret_id limit $3`

	scheduledNow = `
select s.secret_id, s.every, s.from_hour, s.until_hour from rotation_schedule s
 where s.next_at <= $1 order by s.next_at, s.secret_id limit $2`

	dueColumns = `d.secret_id, d.cause, d.state, d.since, d.next_at, d.attempts, d.failing_since, d.code, d.error`
)

// due makes a secret due for a cause.
func (t *tx) dueFor(ctx context.Context, id access.SecretID, cause rotate.Cause, next access.Time) error {
	_, err := t.exec(ctx, makeDueFor, id, t.At, string(cause), urgency(cause), next)
	return err
}

// Next implements rotate.Store.
func (s Rotate) Next(ctx context.Context, most int) (list []access.SecretID, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		for n := len(rotate.Causes) - 1; n >= 0 && len(list) < most; n-- {
			err := q.each(ctx, dueNow, []any{n, at, most - len(list)}, func(scan func(...any) error) error {
				var id access.SecretID
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

// sweepAtOnce is how much of one kind becomes due in one transaction.
const sweepAtOnce = 500

// Sweep implements rotate.Store.
func (s Rotate) Sweep(ctx context.Context) error {
	if err := s.sweepSchedules(ctx); err != nil {
		return fmt.Errorf("secrets that are due by schedule: %w", err)
	}
	if err := s.sweepLeavers(ctx); err != nil {
		return fmt.Errorf("secrets that leavers have seen: %w", err)
	}
	if err := s.sweepConsumers(ctx); err != nil {
		return fmt.Errorf("consumers that have read: %w", err)
	}
	return nil
}

// sweepSchedules makes due what its schedule says, and says when it is due again.
func (s Rotate) sweepSchedules(ctx context.Context) error {
	for {
		list, at, err := s.scheduled(ctx)
		if err != nil || len(list) == 0 {
			return err
		}
		err = s.db.change(ctx, audit.Event{Action: "rotation.due", Facts: map[string]string{"cause": string(rotate.OnSchedule)}}, func(t *tx) error {
			n := 0
			for _, x := range list {
				next := access.TimeOf(x.Due(at.Time().Add(x.Every)))
				took, err := t.exec(ctx, `update rotation_schedule set next_at = $2 where secret_id = $1 and next_at <= $3`, x.Secret, next, at)
				if err != nil {
					return err
				}
				if took == 0 {
					continue // another node was first
				}
				n++
				if err := t.dueFor(ctx, x.Secret, rotate.OnSchedule, t.At); err != nil {
					return err
				}
			}
			t.Event.Facts["secrets"] = strconv.Itoa(n)
			if n == 0 {
				return errNothingDue
			}
			return nil
		})
		if err != nil && !errors.Is(err, errNothingDue) {
			return err
		}
	}
}

func (s Rotate) scheduled(ctx context.Context) (list []rotate.Schedule, at access.Time, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if at, err = s.db.storeTime(ctx, q); err != nil {
			return err
		}
		return q.each(ctx, scheduledNow, []any{at, sweepAtOnce}, func(scan func(...any) error) error {
			var x rotate.Schedule
			var every int64
			err := scan(&x.Secret, &every, &x.From, &x.Until)
			x.Every = time.Duration(every) * time.Microsecond
			list = append(list, x)
			return err
		})
	})
	return list, at, err
}

const (
	followedRev = `select rev from rotation_followed where id = 1`
	followRev   = `
insert into rotation_followed (id, rev) values (1, $1) on conflict (id) do update set rev = $1 where rotation_followed.rev = $2`
	peopleChanged = `
select distinct c.object from change_set s cross join change c
 where c.set_id = s.id and s.rev > $1 and s.rev <= $2 and c.kind = 1`
	// seenByLeavers are live secrets whose present value somebody of a list saw who has left.
	seenByLeavers = `
select distinct n.secret_id from secret_seen n
  join identity i on i.id = n.identity_id and i.until_set = 0 and i.state in ('terminating', 'terminated')
  join secret_version v on v.id = n.version_id and v.state in ('current', 'pending')
 where n.identity_id in (%s)`
	everyoneWhoSaw = `select distinct n.identity_id from secret_seen n`
)

// sweepLeavers makes due what people saw who have left since the last time.
func (s Rotate) sweepLeavers(ctx context.Context) error {
	var since, until access.Rev
	var people []access.IdentityID
	err := s.db.read(ctx, func(q *query) error {
		err := q.row(ctx, followedRev).Scan(&since)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := q.row(ctx, newestRev).Scan(&until); err != nil || until == since {
			return err
		}
		text, args := peopleChanged, []any{since, until}
		if since == 0 {
			text, args = everyoneWhoSaw, nil
		}
		return q.each(ctx, text, args, func(scan func(...any) error) error {
			var id access.IdentityID
			defer func() { people = append(people, id) }()
			return scan(&id)
		})
	})
	if err != nil || until == since {
		return err
	}
	seen, err := s.seenBy(ctx, people)
	if err != nil {
		return err
	}
	if len(seen) == 0 {
		return s.db.bookkeep(ctx, func(t *tx) error {
			_, err := t.exec(ctx, followRev, until, since)
			return err
		})
	}
	e := audit.Event{Action: "rotation.due", Facts: map[string]string{"cause": string(rotate.OnLeaver), "secrets": strconv.Itoa(len(seen))}}
	err = s.db.change(ctx, e, func(t *tx) error {
		n, err := t.exec(ctx, followRev, until, since)
		if err == nil && n == 0 {
			return errNothingDue // another node was first
		}
		for _, id := range seen {
			if err == nil {
				err = t.dueForLeaver(ctx, id)
			}
		}
		return err
	})
	if errors.Is(err, errNothingDue) {
		return nil
	}
	return err
}

func (s Rotate) seenBy(ctx context.Context, people []access.IdentityID) (list []access.SecretID, err error) {
	err = s.db.read(ctx, func(q *query) error {
		for chunk := range slices.Chunk(people, keysPerQuery) {
			err := q.eachListed(ctx, seenByLeavers, keyList(chunk), nil, func(scan func(...any) error) error {
				var id access.SecretID
				defer func() { list = append(list, id) }()
				return scan(&id)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	slices.Sort(list)
	return slices.Compact(list), err
}

// Doubt implements rotate.Store.
func (s Rotate) Doubt(ctx context.Context, id access.SecretID, set access.VersionID) error {
	return s.db.change(ctx, audit.Event{Action: "rotation.doubt", Object: id.Ref()}, func(t *tx) error {
		if _, err := t.exec(ctx, `update secret_version set state = 'pending' where id = $1 and secret_id = $2 and state = 'previous'`, set, id); err != nil {
			return err
		}
		return t.doubt(ctx, id)
	})
}

// doubtRests is how long a secret in doubt is left alone: what was on its way has arrived.
const doubtRests = 5 * time.Minute

// doubt has a secret looked at again a while later, unless it is due before that anyway.
func (t *tx) doubt(ctx context.Context, id access.SecretID) error {
	_, err := t.exec(ctx, t.d.pieces.Replace(`
insert into secret_due (secret_id, since, cause, urgency, next_at) values ($1, $2, 'doubt', $3, $4)
on conflict (secret_id) do update
   set next_at = {{least}}(secret_due.next_at, excluded.next_at),
       cause = case when secret_due.cause = 'switch' then 'doubt' else secret_due.cause end,
       urgency = case when secret_due.cause = 'switch' then excluded.urgency else secret_due.urgency end`),
		id, t.At, urgency(rotate.InDoubt), t.At+access.Time(doubtRests.Microseconds()))
	return err
}
