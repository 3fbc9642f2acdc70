package store

import (
	"context"

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
