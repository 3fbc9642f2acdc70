package store

import (
	"context"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/pam/elevate"
	"github.com/writhq/writ/provision"
)

const (
	openElevations = `select ` + elevationColumns + ` from elevation v where v.off_at = 0 order by v.identity_id, v.entitlement_id, v.resource_id`
	justifiedFrom  = `select coalesce(min(from_set), 0), coalesce(max(until_set), 0), coalesce(max(case when until_set = 0 then 1 else 0 end), 0) from justification where id = $1`
	// operationsOn are those that give or take one entitlement of somebody.
	operationsOn = `
select o.kind, o.state, o.since_set, o.id, o.account_id, o.code, o.error from operation o
 where o.identity_id = $1 and o.kind in ('grant', 'revoke') and o.entitlement_id = $2 and o.resource_id = $3 and o.since_set >= $4 and not o.undo
 order by o.id`
)

// Open implements elevate.Store.
func (s Elevate) Open(ctx context.Context) (p elevate.Progress, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if p.Now, err = s.db.storeTime(ctx, q); err != nil {
			return err
		}
		if err := q.row(ctx, newestRev).Scan(&p.Rev); err != nil {
			return err
		}
		err := q.each(ctx, openElevations, nil, func(scan func(...any) error) error {
			var x elevate.Seen
			err := scanElevation(scan, &x.Elevation)
			p.Open = append(p.Open, x)
			return err
		})
		if err != nil {
			return err
		}
		for i := range p.Open {
			if err := q.seen(ctx, &p.Open[i], p.Now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return p, fmt.Errorf("reading open elevations: %w", err)
	}
	return p, nil
}

// seen says what is known of the eligibility and of the target of an elevation.
func (q *query) seen(ctx context.Context, x *elevate.Seen, now access.Time) error {
	err := q.each(ctx, `select `+eligibilityColumns+` from eligibility g where g.id = $1 and g.until_set = 0`, []any{x.Eligibility}, func(scan func(...any) error) error {
		x.Eligible = &elevate.Eligibility{}
		return scanEligibility(scan, x.Eligible)
	})
	if err != nil || x.Justification == 0 {
		return err
	}
	var from, until int64
	var stands bool
	if err := q.row(ctx, justifiedFrom, x.Justification).Scan(&from, &until, &stands); err != nil {
		return err
	}
	if x.State == elevate.Ending {
		from = until
	}
	var taken, open int
	err = q.each(ctx, operationsOn, []any{x.Identity, x.Entitlement, x.Resource, from}, func(scan func(...any) error) error {
		var o provision.Operation
		if err := scan(&o.Kind, &o.State, &o.Since, &o.ID, &o.Account, &o.Code, &o.Error); err != nil {
			return err
		}
		if o.Kind == connector.AddGrant {
			x.IsOn = o.State == provision.Verified
			if o.State == provision.Verified && o.Account != 0 {
				x.Account = o.Account
			}
		} else {
			x.IsOn = false
			if taken++; o.State != provision.Verified {
				open++
			}
		}
		x.Code, x.Trouble = o.Code, o.Error
		return nil
	})
	if err != nil || x.State != elevate.Ending {
		return err
	}
	if x.IsOff = taken > 0 && open == 0; x.IsOff {
		return nil
	}
	if err := q.row(ctx, justifiedNow, x.Identity, x.Entitlement, x.Resource, now).Scan(&x.Kept); err != nil {
		return err
	}
	x.IsOff = x.Kept
	return nil
}

const operationsOf = `
select o.id from operation o
 where o.identity_id = $1 and o.kind in ('grant', 'revoke') and o.entitlement_id = $2 and o.resource_id = $3 and o.since_set >= $4 and o.since_set <= $5 and not o.undo
 order by o.id`

// operationsFor are the operations that an elevation brought.
func (q *query) operationsFor(ctx context.Context, e *elevate.Elevation) (list []access.Ref, err error) {
	var from, until int64
	var stands bool
	if err := q.row(ctx, justifiedFrom, e.Justification).Scan(&from, &until, &stands); err != nil {
		return nil, err
	}
	if stands {
		until = 1<<62 - 1
	}
	err = q.each(ctx, operationsOf, []any{e.Identity, e.Entitlement, e.Resource, from, until}, func(scan func(...any) error) error {
		var id access.OperationID
		err := scan(&id)
		list = append(list, id.Ref())
		return err
	})
	return list, err
}
