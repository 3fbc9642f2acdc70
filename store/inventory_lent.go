package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
	leases "github.com/writhq/writ/pam/lease"
)

const (
	lentThere = `select exists (select 1 from lease_made l where l.system_id = $1)`
	// An account of a lease that is over long ago is a stranger with its name. One that is late
	// is seen: whoever put another account in its place would hide that for good.
	lentNow = `
select exists (select 1 from lease_made l
 where l.id = $1 and l.system_id = $2 and l.name = $3 and (l.state in ('making', 'active') or l.state = 'ending' and l.over_at >= $5 or l.gone_at >= $4))`
)

// Lent implements inventory.SyncStore.
func (s Inventory) Lent(ctx context.Context, system access.SystemID, since access.Time) (lent inventory.Lent, err error) {
	var word string
	var any bool
	err = s.db.read(ctx, func(q *query) error {
		if err := q.row(ctx, selectInstallation).Scan(&word); err != nil {
			return err
		}
		return q.row(ctx, lentThere, system).Scan(&any)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil // nothing was ever lent
	}
	if err != nil || !any {
		return nil, err
	}
	return func(ctx context.Context, login string) (is bool, err error) {
		id := leases.OfLogin(leaseMarks(word), login)
		if id == 0 {
			return false, nil
		}
		err = s.db.read(ctx, func(q *query) error {
			return q.row(ctx, lentNow, id, system, login, since, since-micros(leaseOverdue)).Scan(&is)
		})
		return is, err
	}, nil
}
