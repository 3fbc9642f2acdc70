package store

import (
	"context"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/assurance/coverage"
)

const (
	keptNow = `
select x.account_id, x.kind, coalesce(p.at, 0), coalesce(v.made_at, 0), coalesce(r.every, 0)
  from secret x
  left join secret_proof p on p.secret_id = x.id and p.state <> 'unproven'
  left join secret_version v on v.secret_id = x.id and v.state = 'current'
  left join rotation_schedule r on r.secret_id = x.id
 where x.until_set = 0 and x.state <> 'destroyed' and x.state = 'live' and x.account_id <> 0 and x.kind in ('password', 'ssh_key')`
	allKept = keptNow + ` order by x.account_id, x.kind`
	keptOf  = keptNow + ` and x.account_id = $1 order by x.kind`

	// keptChanged finds the accounts that secrets open, or opened before, which changed in the
	// few change sets after a revision, or in those that have none yet.
	keptChanged = `
select distinct x.account_id from change_set s cross join change c join secret x on x.id = c.object and x.account_id <> 0
 where s.rev > $1 and c.set_id = s.id and c.kind = 32
union
select distinct x.account_id from change_set s cross join change c join secret x on x.id = c.object and x.account_id <> 0
 where s.rev is null and c.set_id = s.id and c.kind = 32`
)

// InSafes implements coverage.Store.
func (s Coverage) InSafes(ctx context.Context, after access.Rev) (map[access.AccountID][]coverage.InSafe, error) {
	kept := map[access.AccountID][]coverage.InSafe{}
	err := s.db.read(ctx, func(q *query) error {
		take := func(scan func(...any) error) error {
			var k coverage.InSafe
			var every int64
			err := scan(&k.Account, &k.Kind, &k.Proven, &k.Changed, &every)
			k.Every = time.Duration(every) * time.Microsecond
			kept[k.Account] = append(kept[k.Account], k)
			return err
		}
		if after == 0 {
			return q.each(ctx, allKept, nil, take)
		}
		err := q.each(ctx, keptChanged, []any{after}, func(scan func(...any) error) error {
			var id access.AccountID
			err := scan(&id)
			kept[id] = nil
			return err
		})
		if err != nil {
			return err
		}
		for id := range kept {
			if err := q.each(ctx, keptOf, []any{id}, take); err != nil {
				return err
			}
		}
		return nil
	})
	return kept, err
}
