package store

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/provision"
)

// Drifts implements provision.DeskStore.
func (s Provision) Drifts(ctx context.Context, systems []access.SystemID, first int) (list []provision.Drift, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		text := `select ` + operationColumns + `, d.found_at from provision_drift d join operation o on o.id = d.operation_id
 where d.excepted_until <= $1` + inSystems("d", systems) + ` order by d.operation_id desc limit $2`
		return q.eachMade(ctx, text, []any{at, first}, func(scan func(...any) error) error {
			var d provision.Drift
			err := scanOperation(scan, &d.Operation, &d.Found)
			list = append(list, d)
			return err
		})
	})
	return list, err
}

// drifted begins a decision on a difference, which is there.
func (s Provision) drifted(ctx context.Context, e audit.Event, fn func(t *tx, o provision.Operation) error) error {
	return s.db.change(ctx, e, func(t *tx) error {
		o, err := t.operation(ctx, access.OperationID(e.Object.Key), t.d.forUpdate)
		if err != nil {
			return err
		}
		if o.Identity != 0 {
			t.Event.Subjects = []access.IdentityID{o.Identity}
		}
		var n int
		if err := t.row(ctx, `select count(*) from provision_drift where operation_id = $1`, o.ID).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return provision.ErrDrift
		}
		if err := fn(t, o); err != nil {
			return err
		}
		return t.driftChanged(ctx, o.Identity)
	})
}

// Revert implements provision.DeskStore. The new operation is of a cause of its own: what a
// person decided.
func (s Provision) Revert(ctx context.Context, id access.OperationID, reason string) error {
	e := audit.Event{Action: "provision.revert", Object: id.Ref(), Facts: map[string]string{}, Personal: map[string]string{"reason": reason}}
	return s.drifted(ctx, e, func(t *tx, o provision.Operation) error {
		run, err := t.newRun(ctx, o.System)
		if err != nil {
			return err
		}
		again := provision.Operation{
			Run: run, Kind: o.Kind, System: o.System, Identity: o.Identity, Target: o.Target, Account: o.Account, Entitlement: o.Entitlement, Resource: o.Resource,
			Set: o.Set, Since: t.Set, ByHand: o.ByHand, Urgent: o.Urgent, State: provision.Planned,
		}
		if again.ByHand {
			again.State, again.Code = provision.Waiting, "by-hand"
		}
		if o.Kind == connector.RemoveGrant && o.Account == 0 && o.Target == 0 { // it was never there: who has it now?
			if err := t.holderOf(ctx, &again); err != nil {
				return err
			}
		}
		if _, err := t.put(ctx, &again); err != nil {
			return err
		}
		_, err = t.exec(ctx, dropDrift, o.ID)
		return err
	})
}

var holdersNow = `
select g.holder_id from access_grant g join account_link l on l.account_id = g.holder_id and l.until_set = 0 and l.state in ('confirmed', 'manual')
 where g.holder_kind = 2 and l.identity_id = $1 and g.entitlement_id = $2 and g.resource_id = $3 and ` + now("g") + ` order by g.holder_id limit 1`

func (t *tx) holderOf(ctx context.Context, o *provision.Operation) error {
	return t.each(ctx, holdersNow, []any{o.Identity, o.Entitlement, o.Resource}, func(scan func(...any) error) error { return scan(&o.Account) })
}

// Except implements provision.DeskStore.
func (s Provision) Except(ctx context.Context, id access.OperationID, reason string, until access.Time) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	e := audit.Event{Action: "provision.except", Object: id.Ref(), Facts: map[string]string{"until": until.Time().UTC().Format("2006-01-02")}, Personal: map[string]string{"reason": reason}}
	return s.drifted(ctx, e, func(t *tx, o provision.Operation) error {
		if _, err := t.exec(ctx, `update provision_drift set excepted_until = $2, excepted_by = $3, excepted_reason = $4 where operation_id = $1`, id, until, actor.Identity, reason); err != nil {
			return err
		}
		return t.due(ctx, o.Identity.Ref(), until)
	})
}

// Adopt implements provision.DeskStore.
func (s Provision) Adopt(ctx context.Context, id access.OperationID, reason string) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	e := audit.Event{Action: "provision.adopt", Object: id.Ref(), Facts: map[string]string{}, Personal: map[string]string{"reason": reason}}
	return s.drifted(ctx, e, func(t *tx, o provision.Operation) error {
		if o.Kind != connector.RemoveGrant {
			return provision.ErrDrift.With("only access that came back can be adopted; what is missing is reverted or excepted")
		}
		j := access.Justification{Holder: o.Identity.Ref(), Entitlement: o.Entitlement, Resource: o.Resource, Origin: access.FromRequest, Approver: actor.Identity, Reason: reason}
		if err := t.justify(ctx, []access.Justification{j}); err != nil {
			return err
		}
		_, err := t.exec(ctx, dropDrift, o.ID)
		return err
	})
}

// Drifted implements finding.Store: what of people differs from what was verified, also
// what is left as it is for a time.
func (s Findings) Drifted(ctx context.Context, of []access.IdentityID) (map[access.IdentityID][]finding.Drift, error) {
	all := map[access.IdentityID][]finding.Drift{}
	err := s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		read := func(which string) error {
			text := `select ` + operationColumns + `, d.excepted_until, d.excepted_by, d.excepted_reason
  from provision_drift d join operation o on o.id = d.operation_id where d.identity_id <> 0` + which + ` order by d.operation_id`
			return q.eachMade(ctx, text, nil, func(scan func(...any) error) error {
				var o provision.Operation
				var x finding.Exception
				err := scanOperation(scan, &o, &x.Until, &x.By, &x.Reason)
				d := finding.Drift{Operation: o.ID, System: o.System, Kind: o.Kind, Account: o.Account, Entitlement: o.Entitlement}
				if x.Until > at {
					d.Excepted = &x
				}
				all[o.Identity] = append(all[o.Identity], d)
				return err
			})
		}
		if of != nil && len(of) == 0 {
			return nil
		}
		if of == nil {
			err = read("")
		} else {
			err = read(" and d.identity_id in (" + keyList(of) + ")")
		}
		if err != nil {
			return err
		}
		return q.lateElevations(ctx, of, func(who access.IdentityID, d finding.Drift) { all[who] = append(all[who], d) })
	})
	return all, err
}

// lateElevations are those that are over while their grant is still on the target.
func (q *query) lateElevations(ctx context.Context, of []access.IdentityID, take func(access.IdentityID, finding.Drift)) error {
	text := `select v.id, v.identity_id, v.system_id, v.account_id, v.entitlement_id, v.over_at from elevation v where v.off_at = 0 and v.late`
	if of != nil {
		text += ` and v.identity_id in (` + keyList(of) + `)`
	}
	return q.eachMade(ctx, text+` order by v.id`, nil, func(scan func(...any) error) error {
		d := finding.Drift{Kind: connector.RemoveGrant}
		var who access.IdentityID
		err := scan(&d.Elevation, &who, &d.System, &d.Account, &d.Entitlement, &d.Over)
		take(who, d)
		return err
	})
}
