package store

import (
	"context"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/elevate"
)

// What was, of the entitlements of tiers 0 and 1, as they are classified now. An hour is
// counted in microseconds, and of each row what of it lies within $1 and $2.
var (
	privilegedNow = `select c.entitlement_id, c.tier from classification c where c.tier in (0, 1) and ` + now("c")

	standingHours = `
select p.tier, sum({{least}}(coalesce(u.at, $2), $2) - {{greatest}}(f.at, $1))
  from (` + privilegedNow + `) p
  join access_grant g on g.entitlement_id = p.entitlement_id and g.holder_kind = 2 and g.mode = 0
  join change_set f on f.id = g.from_set
  left join change_set u on u.id = g.until_set and g.until_set <> 0
 where f.at < $2 and coalesce(u.at, $2) > $1
 group by p.tier`

	eligibleHours = `
select p.tier, g.holder_kind, g.holder_id, {{least}}(coalesce(u.at, $2), case when g.ends_at = 0 then $2 else g.ends_at end, $2) - {{greatest}}(f.at, g.starts_at, $1)
  from (` + privilegedNow + `) p
  join eligibility g on g.entitlement_id = p.entitlement_id
  join change_set f on f.id = g.from_set
  left join change_set u on u.id = g.until_set and g.until_set <> 0
 where f.at < $2 and coalesce(u.at, $2) > $1`

	activeHours = `
select p.tier, count(*), sum({{least}}(case when v.off_at = 0 then $2 else v.off_at end, $2) - {{greatest}}(v.on_at, $1))
  from (` + privilegedNow + `) p
  join elevation v on v.entitlement_id = p.entitlement_id
 where v.on_at > 0 and v.on_at < $2 and (v.off_at = 0 or v.off_at > $1)
 group by p.tier`
)

const hour = 3600e6

// Figures implements elevate.Store. Grants are observed at most once in a cycle, so that an
// elevation may show among them for longer or shorter than it was on: it is taken off as
// long as it was.
func (s Elevate) Figures(ctx context.Context, from, until access.Time) (map[access.Tier]*elevate.TierFigures, []elevate.GroupHours, error) {
	by := map[access.Tier]*elevate.TierFigures{}
	of := func(t access.Tier) *elevate.TierFigures {
		if by[t] == nil {
			by[t] = &elevate.TierFigures{Tier: t}
		}
		return by[t]
	}
	var groups []elevate.GroupHours
	args := []any{from, until}
	err := s.db.read(ctx, func(q *query) error {
		err := q.each(ctx, q.d.pieces.Replace(standingHours), args, func(scan func(...any) error) error {
			var tier access.Tier
			var sum float64
			err := scan(&tier, &sum)
			of(tier).Standing = sum / hour
			return err
		})
		if err != nil {
			return err
		}
		err = q.each(ctx, q.d.pieces.Replace(eligibleHours), args, func(scan func(...any) error) error {
			var tier access.Tier
			var holder access.Ref
			var sum float64
			err := scan(&tier, &holder.Kind, &holder.Key, &sum)
			switch {
			case sum <= 0:
			case holder.Kind == access.KindIdentity:
				of(tier).Eligible += sum / hour
			default:
				of(tier)
				groups = append(groups, elevate.GroupHours{Holder: holder, Tier: tier, Hours: sum / hour})
			}
			return err
		})
		if err != nil {
			return err
		}
		return q.each(ctx, q.d.pieces.Replace(activeHours), args, func(scan func(...any) error) error {
			var tier access.Tier
			var n int
			var sum float64
			err := scan(&tier, &n, &sum)
			f := of(tier)
			f.Elevations, f.Active = n, sum/hour
			return err
		})
	})
	if err != nil {
		return nil, nil, fmt.Errorf("adding up who held what: %w", err)
	}
	return by, groups, nil
}
