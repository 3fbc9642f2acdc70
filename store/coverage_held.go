package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/assurance/coverage"
)

var heldColumns = []string{"rev", "system_id", "tier", "entitlements", "grants", "standing", "eligible"}

// keepHeld keeps how access is held beside the matrix of a run, in place of what was
// kept of it: a few rows a system.
func (t *tx) keepHeld(ctx context.Context, run access.Rev, held []coverage.Held) error {
	if _, err := t.exec(ctx, `delete from coverage_held where rev = $1`, run); err != nil {
		return err
	}
	rows := make([][]any, len(held))
	for i, h := range held {
		rows[i] = []any{run, h.System, h.Tier, h.Entitlements, h.Grants, h.Standing, h.Eligible}
	}
	return t.insertMany(ctx, "coverage_held", heldColumns, rows)
}

const measuredUpTo = `update coverage_run set reached = $1, at = $2 where rev = $3 and reached < $1`

// measuredAgain reports whether a matrix is what is kept of today, and then keeps up to
// where that is known.
func (s Coverage) measuredAgain(ctx context.Context, m coverage.Matrix) (same bool, err error) {
	var run, reached access.Rev
	var at, now access.Time
	err = s.db.read(ctx, func(q *query) error {
		if now, err = s.db.storeTime(ctx, q); err != nil {
			return err
		}
		if err := q.row(ctx, lastRun).Scan(&run, &at, &reached); errors.Is(err, sql.ErrNoRows) {
			return nil
		} else if err != nil {
			return err
		}
		switch {
		case m.Rev <= reached:
			same = true
			return nil
		case at/dayLength != now/dayLength:
			return nil
		}
		rows, err := q.coverageRows(ctx, run, coverage.Filter{})
		if err != nil || !sameRows(rows, m.Rows) {
			return err
		}
		held, err := q.heldOf(ctx, run)
		same = err == nil && sameRows(held, m.Held)
		return err
	})
	if err != nil || !same || m.Rev <= reached {
		return same, err
	}
	return true, s.db.bookkeep(ctx, func(t *tx) error {
		_, err := t.exec(ctx, measuredUpTo, m.Rev, now, run)
		return err
	})
}

// sameRows reports whether two lists, which repeat nothing, hold the same in any order.
func sameRows[T comparable](a, b []T) bool {
	had := make(map[T]bool, len(a))
	for _, x := range a {
		had[x] = true
	}
	return len(a) == len(b) && !slices.ContainsFunc(b, func(x T) bool { return !had[x] })
}

func (q *query) heldOf(ctx context.Context, run access.Rev) (list []coverage.Held, err error) {
	err = q.each(ctx, `select system_id, tier, entitlements, grants, standing, eligible from coverage_held where rev = $1`, []any{run}, func(scan func(...any) error) error {
		var h coverage.Held
		defer func() { list = append(list, h) }()
		return scan(&h.System, &h.Tier, &h.Entitlements, &h.Grants, &h.Standing, &h.Eligible)
	})
	return list, err
}

const heldTrend = `
select r.at, c.tier, sum(c.entitlements), sum(c.grants), sum(c.standing), sum(c.eligible)
  from coverage_held c
  join coverage_run r on r.rev = c.rev
 where r.rev in (select max(rev) from coverage_run where at >= $3 group by at / $4)
   and (c.system_id = $1 or $1 = 0) and (c.tier = $2 or $2 = -1) and %s
 group by r.at, c.tier
 order by r.at, c.tier`

// Standing returns, per day, how the access of each tier was held.
func (s Coverage) Standing(ctx context.Context, since access.Time, f coverage.Filter) (points []coverage.HeldPoint, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.eachListed(ctx, heldTrend, within(f), append(askedOf(f)[:2], since, dayLength), func(scan func(...any) error) error {
			var p coverage.HeldPoint
			defer func() { points = append(points, p) }()
			return scan(&p.At, &p.Tier, &p.Entitlements, &p.Grants, &p.Standing, &p.Eligible)
		})
	})
	return points, err
}
