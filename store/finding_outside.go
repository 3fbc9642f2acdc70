package store

import (
	"context"
	"slices"

	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/pam/breakglass"
	leases "github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/pam/rotate"
)

const (
	lateLeases = `select ` + leaseColumns + ` from lease_made m where m.state = 'ending' and m.over_at < $1 order by m.system_id, m.next_at limit $2`
	// All that a leaver knows is due. What is being given another value just now is no finding.
	knownToLeavers = `
select distinct n.secret_id, n.identity_id, x.system_id, d.next_at, d.state from secret_due d
  join secret x on x.id = d.secret_id and x.until_set = 0 and x.state = 'live'
  join secret_seen n on n.secret_id = d.secret_id
  join secret_version v on v.id = n.version_id and v.state in ('current', 'pending')
  join identity i on i.id = n.identity_id and i.until_set = 0 and i.state in ('terminating', 'terminated')
 where d.state <> 'due'
 order by n.secret_id, n.identity_id limit $1`
	outsideAtMost = 1000 // of each: more says nothing more
)

// Outside implements finding.Store.
func (s Findings) Outside(ctx context.Context) (o finding.Outside, err error) {
	err = s.db.read(ctx, func(q *query) error {
		all, err := q.glasses(ctx)
		if err != nil {
			return err
		}
		for _, x := range all {
			o.Kits = append(o.Kits, kitOf(x))
		}
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		err = q.each(ctx, lateLeases, []any{at - micros(leaseOverdue), outsideAtMost}, func(scan func(...any) error) error {
			l, err := scanLease(scan, at)
			x := finding.Late{Lease: l.ID, System: l.System, Name: l.Name, Since: l.Finished, Why: l.Said}
			if l.Code == leases.CodeForced || l.Code == leases.CodeLost {
				x.Why = "" // it is why somebody took it back, in their own words
			}
			o.Late = append(o.Late, x)
			return err
		})
		if err != nil {
			return err
		}
		return q.each(ctx, knownToLeavers, []any{outsideAtMost}, func(scan func(...any) error) error {
			var k finding.Known
			var state rotate.State
			err := scan(&k.Secret, &k.Identity, &k.System, &k.Next, &state)
			k.Waits = state == rotate.Waiting
			o.Known = append(o.Known, k)
			return err
		})
	})
	return o, err
}

// kitOf says of a kit what findings ask for. That its time is over they find out themselves.
func kitOf(x breakglass.Status) finding.Kit {
	why := x.Why(x.Until - 1)
	k := finding.Kit{
		ID: x.ID, Until: x.Until, Used: x.Used,
		Rotated: slices.Contains(why, breakglass.Rotated) || slices.Contains(why, breakglass.Gone),
		Lost:    slices.Contains(why, breakglass.Lost), Failed: slices.Contains(why, breakglass.Failed),
	}
	for _, h := range x.Secrets {
		k.Systems = append(k.Systems, h.System)
	}
	for _, h := range x.Holders {
		k.Holders = append(k.Holders, h.Identity)
	}
	return k
}
