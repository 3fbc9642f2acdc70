package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	leases "github.com/writhq/writ/pam/lease"
)

// Leases is the store of package lease.
type Leases struct{ db *DB }

// Leases returns the store of package lease.
func (db *DB) Leases() Leases { return Leases{db} }

var _ leases.Store = Leases{}

// ChangedAfter implements leases.Store.
func (s Leases) ChangedAfter(ctx context.Context, rev access.Rev) (bool, error) {
	return s.db.ChangedAfter(ctx, rev)
}

// Trusted implements leases.Store.
func (s Leases) Trusted() bool { return s.db.ClockTrusted() }

const (
	leaseColumns = `m.id, m.chain_id, m.template_id, m.system_id, m.identity_id, m.name, m.mark, m.successor, m.state, m.reason, m.ticket, m.lasts, m.most,
       m.asked_at, m.approval_id, m.agreed_at, m.starts_at, m.ends_at, m.over_at, m.gone_at, m.attempts, m.code, m.said, m.ended_by`
	oneLease = `select ` + leaseColumns + ` from lease_made m where m.id = $1`
	// What is over is late where its account is still there after this long.
	leaseOverdue = 30 * time.Second
)

// scanLease reads a lease as it stands at a time.
func scanLease(scan func(...any) error, at access.Time) (l leases.Lease, err error) {
	var lasts, most int64
	err = scan(&l.ID, &l.Chain, &l.Template, &l.System, &l.Identity, &l.Name, &l.Mark, &l.Successor, &l.State, &l.Reason, &l.Ticket, &lasts, &most,
		&l.Asked, &l.Approval, &l.Agreed, &l.Start, &l.End, &l.Finished, &l.Gone, &l.Attempts, &l.Code, &l.Said, &l.EndedBy)
	l.Lasts, l.Most = time.Duration(lasts)*time.Microsecond, time.Duration(most)*time.Microsecond
	l.Late = l.State == leases.Ending && at > l.Finished+micros(leaseOverdue)
	return l, err
}

func (q *query) leaseMade(ctx context.Context, id access.LeaseID, at access.Time, lock string) (leases.Lease, error) {
	l, err := scanLease(q.row(ctx, oneLease+lock, id).Scan, at)
	if errors.Is(err, sql.ErrNoRows) {
		return l, leases.ErrNotFound
	}
	return l, err
}

// Lease implements leases.Store.
func (s Leases) Lease(ctx context.Context, id access.LeaseID) (l leases.Lease, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err == nil {
			l, err = q.leaseMade(ctx, id, at, "")
		}
		return err
	})
	return l, err
}

// Leases implements leases.Store.
func (s Leases) Leases(ctx context.Context, x leases.Query) (list []leases.Lease, err error) {
	text := `select ` + leaseColumns + ` from lease_made m where m.id < ` + strconv.FormatInt(int64(cmp.Or(x.Before, 1<<62)), 10)
	if x.Open {
		text += ` and m.state in ('waiting', 'making', 'active', 'ending')`
	}
	if x.Identity != 0 {
		text += fmt.Sprintf(` and m.identity_id = %d`, x.Identity)
	}
	if x.Template != 0 {
		text += fmt.Sprintf(` and m.template_id = %d`, x.Template)
	}
	if x.Systems != nil {
		text += fmt.Sprintf(` and m.system_id in (%s)`, orNone(keyList(x.Systems)))
	}
	text += ` order by m.id desc limit ` + strconv.Itoa(max(1, x.First))
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.eachMade(ctx, text, nil, func(scan func(...any) error) error {
			l, err := scanLease(scan, at)
			list = append(list, l)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading leases: %w", err)
	}
	return list, nil
}

const heldLeases = `
select distinct m.identity_id, m.template_id from lease_made m
 where m.state in ('waiting', 'making', 'active') and m.identity_id >= $1 and (m.identity_id > $1 or m.template_id > $2)
 order by m.identity_id, m.template_id limit $3`

// Held implements leases.Store.
func (s Leases) Held(ctx context.Context, after leases.Held, most int) (list []leases.Held, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, heldLeases, []any{after.Identity, after.Template, most}, func(scan func(...any) error) error {
			var h leases.Held
			defer func() { list = append(list, h) }()
			return scan(&h.Identity, &h.Template)
		})
	})
	return list, err
}

const changedSince = `
select count(*) from (select 1 from change_set s join change c on c.set_id = s.id where s.rev > $1 limit 1) x`

// News implements leases.Store. A lease that is made changes nothing that another follows
// from, and is in no feed: else each would have all of them looked at again.
func (s Leases) News(ctx context.Context, since access.Rev) (newest access.Rev, changed bool, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if err := q.row(ctx, newestRev).Scan(&newest); err != nil {
			return err
		}
		var n int
		err := q.row(ctx, changedSince, since).Scan(&n)
		changed = n > 0
		return err
	})
	return newest, changed, err
}
