package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	leases "github.com/writhq/writ/pam/lease"
)

const (
	overLeases     = `select m.id from lease_made m where m.state in ('waiting', 'making', 'active') and m.ends_at > 0 and m.ends_at <= $1 order by m.ends_at limit $2`
	leftLeases     = `select m.id from lease_made m where m.state = 'making' and m.starts_at <= $1 and (m.ends_at = 0 or m.ends_at > $3) order by m.starts_at limit $2`
	nextLease      = `select coalesce(min(m.ends_at), 0) from lease_made m where m.state in ('waiting', 'making', 'active') and m.ends_at > 0`
	dueSystems     = `select m.system_id from lease_made m where m.state = 'ending' and m.next_at <= $1 group by m.system_id order by min(m.next_at), m.system_id limit $2`
	everLent       = `select distinct l.system_id from lease_template l order by l.system_id`
	dueLeases      = `select ` + leaseColumns + ` from lease_made m where m.system_id = $1 and m.state = 'ending' and m.next_at <= $2`
	dueAgain       = dueLeases + ` and m.attempts > 0 order by m.next_at limit $3`
	dueFirst       = dueLeases + ` and m.attempts = 0 order by m.next_at limit $3`
	goneLease      = `update lease_made set state = $3, gone_at = $2 where id = $1 and state = 'ending'`
	failedLease    = `update lease_made set attempts = attempts + 1, next_at = $2, said = case when code in ('` + leases.CodeForced + `', '` + leases.CodeLost + `') then said else $3 end where id = $1 and state = 'ending'`
	standingLeases = `select m.id from lease_made m where m.id in (%s) and m.system_id = $1 and m.state in ('making', 'active', 'ending')`

	leasesPerSweep = leases.Together / 2 // of each kind
)

// Sweep implements leases.Store.
func (s Leases) Sweep(ctx context.Context, making time.Duration) (now, next access.Time, err error) {
	for {
		var over, left []access.LeaseID
		err := s.db.read(ctx, func(q *query) error {
			if now, err = s.db.storeTime(ctx, q); err != nil {
				return err
			}
			if over, err = q.leaseIDs(ctx, overLeases, now, leasesPerSweep); err != nil {
				return err
			}
			if left, err = q.leaseIDs(ctx, leftLeases, now-micros(making), leasesPerSweep, now); err != nil {
				return err
			}
			return q.row(ctx, nextLease).Scan(&next)
		})
		if err != nil || len(over)+len(left) == 0 {
			return now, next, err
		}
		if err := s.over(ctx, over, left); err != nil {
			return now, next, err
		}
	}
}

func (q *query) leaseIDs(ctx context.Context, text string, args ...any) (list []access.LeaseID, err error) {
	err = q.each(ctx, text, args, func(scan func(...any) error) error {
		var id access.LeaseID
		defer func() { list = append(list, id) }()
		return scan(&id)
	})
	return list, err
}

// over ends leases whose time has come, and those that no node makes any more, in one
// transaction: one node is first, and what another one ended is left out.
func (s Leases) over(ctx context.Context, over, left []access.LeaseID) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	err = s.db.change(ctx, audit.Event{Action: "lease.over", Facts: map[string]string{}}, func(t *tx) error {
		var ended []access.LeaseID
		for _, id := range over {
			n, err := t.exec(ctx, endLeased+` and ends_at <= $2`, id, t.At, leases.CodeTime, "", actor.String())
			if err == nil && n == 0 {
				n, err = t.exec(ctx, refuseLease+` and ends_at <= $2`, id, t.At, leases.CodeMissed, "it was agreed to, and not taken in time", actor.String())
			}
			if err != nil {
				return err
			}
			if n > 0 {
				ended = append(ended, id)
			}
		}
		for _, id := range left {
			n, err := t.exec(ctx, endLeased+` and state = 'making'`, id, t.At, leases.CodeNotMade, "whoever made it was interrupted", actor.String())
			if err != nil {
				return err
			}
			if n > 0 {
				ended = append(ended, id)
			}
		}
		if len(ended) == 0 {
			return errNothingDue
		}
		noteLeases(t.Event.Facts, "lease", ended)
		if len(ended) == 1 {
			t.Event.Object = ended[0].Ref()
		}
		return nil
	})
	if errors.Is(err, errNothingDue) {
		return nil
	}
	return err
}

// Due implements leases.Store.
func (s Leases) Due(ctx context.Context, most int) ([]access.SystemID, error) {
	return s.systems(ctx, dueSystems, func(at access.Time) []any { return []any{at, most} })
}

// Lending implements leases.Store.
func (s Leases) Lending(ctx context.Context) ([]access.SystemID, error) {
	return s.systems(ctx, everLent, func(access.Time) []any { return nil })
}

func (s Leases) systems(ctx context.Context, text string, args func(access.Time) []any) (list []access.SystemID, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.each(ctx, text, args(at), func(scan func(...any) error) error {
			var id access.SystemID
			defer func() { list = append(list, id) }()
			return scan(&id)
		})
	})
	return list, err
}

// leaseMarks is what the marks of an installation begin with, of which a word was drawn.
func leaseMarks(word string) string { return "lease." + word + "." }

// Prefix implements leases.Store. It is drawn once, and stays.
func (s Leases) Prefix(ctx context.Context) (prefix string, err error) {
	if known := s.db.leaseMarks.Load(); known != nil {
		return *known, nil
	}
	if prefix, err = s.prefix(ctx); err == nil {
		s.db.leaseMarks.Store(&prefix)
	}
	return prefix, err
}

func (s Leases) prefix(ctx context.Context) (prefix string, err error) {
	var word string
	err = s.db.read(ctx, func(q *query) error { return q.row(ctx, selectInstallation).Scan(&word) })
	if !errors.Is(err, sql.ErrNoRows) {
		return leaseMarks(word), err
	}
	err = s.db.bookkeep(ctx, func(t *tx) error {
		prefix, err = t.leasePrefix(ctx)
		return err
	})
	return prefix, err
}

// taking is taking away in one system by this node.
type taking struct {
	Leases
	system access.SystemID
	lease  *lease
}

// Own implements leases.Store.
func (s Leases) Own(ctx context.Context, id access.SystemID, ttl time.Duration) (leases.Owner, error) {
	l, err := s.db.takeLease(ctx, "lease:"+id.String(), ttl)
	if err != nil {
		return nil, err
	}
	return &taking{s, id, l}, nil
}

// Keep implements leases.Owner.
func (o *taking) Keep(ctx context.Context) error {
	return o.db.bookkeep(ctx, func(t *tx) error { return o.lease.hold(ctx, t) })
}

// End implements leases.Owner.
func (o *taking) End(ctx context.Context) error {
	return o.db.bookkeep(ctx, func(t *tx) error { return o.lease.end(ctx, t) })
}

// Due implements leases.Owner.
func (o *taking) Due(ctx context.Context, most int) (list []leases.Lease, err error) {
	err = o.db.read(ctx, func(q *query) error {
		at, err := o.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		read := func(scan func(...any) error) error {
			l, err := scanLease(scan, at)
			list = append(list, l)
			return err
		}
		if err := q.each(ctx, dueAgain, []any{o.system, at, most / 2}, read); err != nil {
			return err
		}
		return q.each(ctx, dueFirst, []any{o.system, at, most - len(list)}, read)
	})
	return list, err
}

// Settle implements leases.Owner.
func (o *taking) Settle(ctx context.Context, list []leases.Outcome) error {
	e := audit.Event{Action: "lease.gone", Facts: map[string]string{"system": o.system.String()}}
	if len(list) == 1 {
		e.Object = list[0].Lease.ID.Ref()
	}
	return o.db.change(ctx, e, func(t *tx) error {
		if err := o.lease.hold(ctx, t); err != nil {
			return err
		}
		var gone, failed []access.LeaseID
		for _, x := range list {
			if x.After > 0 {
				if _, err := t.exec(ctx, failedLease, x.Lease.ID, t.At+micros(x.After), x.Said); err != nil {
					return err
				}
				failed = append(failed, x.Lease.ID)
				t.Event.Facts["code"] = x.Code
				continue
			}
			as := leases.Ended
			if x.Lease.Code == leases.CodeNotMade {
				as = leases.Failed
			}
			if _, err := t.exec(ctx, goneLease, x.Lease.ID, t.At, string(as)); err != nil {
				return err
			}
			gone = append(gone, x.Lease.ID)
		}
		noteLeases(t.Event.Facts, "gone", gone)
		noteLeases(t.Event.Facts, "failed", failed)
		return nil
	})
}

// Standing implements leases.Owner.
func (o *taking) Standing(ctx context.Context, ids []access.LeaseID) (map[access.LeaseID]bool, error) {
	there := map[access.LeaseID]bool{}
	err := o.db.read(ctx, func(q *query) error {
		return q.eachListed(ctx, standingLeases, keyList(ids), []any{o.system}, func(scan func(...any) error) error {
			var id access.LeaseID
			err := scan(&id)
			there[id] = true
			return err
		})
	})
	return there, err
}

// Orphans implements leases.Owner.
func (o *taking) Orphans(ctx context.Context, list []leases.Orphan) error {
	e := audit.Event{Action: "lease.orphan", Object: o.system.Ref(), Facts: map[string]string{"found": strconv.Itoa(len(list))}}
	gone := 0
	var ids []access.LeaseID
	for _, x := range list {
		if x.Gone {
			gone++
		} else {
			e.Facts["code"] = x.Code
		}
		if x.Lease != 0 {
			ids = append(ids, x.Lease)
		}
	}
	e.Facts["gone"] = strconv.Itoa(gone)
	noteLeases(e.Facts, "lease", ids)
	return o.db.change(ctx, e, func(t *tx) error { return o.lease.hold(ctx, t) })
}
