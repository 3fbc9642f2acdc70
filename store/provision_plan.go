package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/provision"
)

// lead is planning by this node.
type lead struct {
	db    *DB
	lease *lease
}

// Lead implements provision.PlanStore.
func (s Provision) Lead(ctx context.Context, ttl time.Duration) (provision.Lead, error) {
	l, err := s.db.takeLease(ctx, "provision", ttl)
	if err != nil {
		return nil, err
	}
	return &lead{s.db, l}, nil
}

// End implements provision.Lead.
func (l *lead) End(ctx context.Context) error {
	return l.db.bookkeep(ctx, func(t *tx) error { return l.lease.end(ctx, t) })
}

// Reached implements provision.Lead.
func (l *lead) Reached(ctx context.Context, rev access.Rev) error {
	return l.db.bookkeep(ctx, func(t *tx) error {
		if err := l.lease.hold(ctx, t); err != nil {
			return err
		}
		_, err := t.exec(ctx, `insert into meta (name, value) values ($1, $2) on conflict (name) do update set value = $2`, provisionMark, fmt.Sprint(rev))
		return err
	})
}

// Keep implements provision.Lead.
func (l *lead) Keep(ctx context.Context, plans []provision.Plan) (kept provision.Kept, err error) {
	err = l.db.change(ctx, audit.Event{Action: "provision.plan", Facts: map[string]string{}}, func(t *tx) error {
		kept = provision.Kept{}
		if err := l.lease.hold(ctx, t); err != nil {
			return err
		}
		k := keeping{tx: t, Kept: &kept, runs: map[access.SystemID]*provision.Run{}}
		if err := k.all(ctx, plans); err != nil {
			return err
		}
		return k.told()
	})
	if err != nil {
		return kept, fmt.Errorf("keeping a plan: %w", err)
	}
	return kept, nil
}

// keeping is plans being kept.
type keeping struct {
	*tx
	*provision.Kept
	runs                                 map[access.SystemID]*provision.Run
	seen, cancelled, link, drift, mended int
}

// told says in the record what was kept.
func (k *keeping) told() error {
	f := k.Event.Facts
	for name, n := range map[string]int{"operations": k.Operations, "held": k.Held, "seen": k.seen, "overtaken": k.cancelled, "linked": k.link, "drifted": k.drift, "mended": k.mended} {
		if n > 0 {
			f[name] = fmt.Sprint(n)
		}
	}
	if n := len(k.Runs); n > 0 { // their ids follow one another
		f["first_run"], f["last_run"] = k.Runs[0].String(), k.Runs[n-1].String()
	}
	return nil
}

func (k *keeping) all(ctx context.Context, plans []provision.Plan) error {
	if err := k.begin(ctx, plans); err != nil {
		return err
	}
	for i := range plans {
		p := &plans[i]
		for j := range p.New {
			if err := k.insert(ctx, &p.New[j]); err != nil {
				return err
			}
		}
		if err := k.goOn(ctx, p); err != nil {
			return err
		}
		if err := k.differ(ctx, p); err != nil {
			return err
		}
		for _, x := range p.Links {
			if err := k.linkTo(ctx, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// begin begins a run for each system in which anything is to be done.
func (k *keeping) begin(ctx context.Context, plans []provision.Plan) error {
	for i := range plans {
		for _, o := range plans[i].New {
			if o.State == provision.Verified {
				continue
			}
			r := k.runs[o.System]
			if r == nil {
				r = &provision.Run{System: o.System, State: provision.RunOpen}
				k.runs[o.System] = r
			}
			if r.Urgent = r.Urgent || o.Urgent; provision.Destructive(o.Kind) && !o.Urgent {
				r.Destructive++
			}
		}
	}
	if len(k.runs) == 0 {
		return nil
	}
	key, err := k.newKeys(ctx, access.KindProvisioning, len(k.runs))
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(k.runs)) {
		r := k.runs[id]
		r.ID = access.ProvisioningID(key)
		key++
		if err := k.guard(ctx, r); err != nil {
			return err
		}
		_, err := k.exec(ctx, `insert into provisioning_run (id, system_id, set_id, planned_at, state, urgent, destructive, held_because) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.ID, r.System, k.Set, k.At, string(r.State), r.Urgent, r.Destructive, r.HeldBecause)
		if err != nil {
			return err
		}
		k.Runs = append(k.Runs, r.ID)
	}
	return nil
}

const takenSince = `
select count(*) from operation where system_id = $1 and planned_at > $2
   and kind in ('revoke', 'disable_account', 'delete_account') and code <> 'seen' and state <> 'cancelled' and urgent = 0`

var accountsOf = `select count(*) from account a where a.system_id = $1 and ` + now("a")

// guard holds a run that takes away too much. What is urgent does not count and is not held.
func (k *keeping) guard(ctx context.Context, r *provision.Run) error {
	if r.Destructive == 0 {
		return nil
	}
	limits, err := k.limitsOf(ctx, r.System)
	if err != nil {
		return err
	}
	var taken, accounts int64
	if err := k.row(ctx, takenSince, r.System, k.At-micros(time.Hour)).Scan(&taken); err != nil {
		return err
	}
	if err := k.row(ctx, accountsOf, r.System).Scan(&accounts); err != nil {
		return err
	}
	if r.HeldBecause = limits.Holds(taken+r.Destructive, accounts); r.HeldBecause != "" {
		r.State = provision.RunHeld
	}
	return nil
}

func (q *query) limitsOf(ctx context.Context, id access.SystemID) (provision.Limits, error) {
	l := provision.DefaultLimits
	err := q.each(ctx, `select share, count, at_once, per_minute from provision_limits where system_id = $1`, []any{id}, func(scan func(...any) error) error {
		return scan(&l.Share, &l.Count, &l.AtOnce, &l.PerMinute)
	})
	return l, err
}

const insertOperation = `
insert into operation (id, run_id, kind, system_id, identity_id, target_id, account_id, entitlement_id, resource_id, set_values, since_set,
       by_hand, undo, urgent, rank, state, code, planned_at, ended_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
on conflict (identity_id, kind, target_id, account_id, entitlement_id, resource_id, since_set, undo) do nothing`

// insert keeps an operation, unless its cause has brought it already.
func (k *keeping) insert(ctx context.Context, o *provision.Operation) error {
	r := k.runs[o.System]
	if o.State == provision.Verified {
		r = nil
	}
	if r != nil {
		if o.Run = r.ID; r.State == provision.RunHeld && !o.Urgent {
			o.State = provision.Held
		}
	}
	n, err := k.put(ctx, o)
	switch {
	case err != nil || n == 0:
		return err
	case r == nil:
		k.seen++
	default:
		k.Operations++
		if o.State == provision.Held {
			k.Held++
		}
	}
	return nil
}

// put inserts an operation as it is planned.
func (t *tx) put(ctx context.Context, o *provision.Operation) (int64, error) {
	key, err := t.newKeys(ctx, access.KindOperation, 1)
	if err != nil {
		return 0, err
	}
	set, err := marshalSet(o.Set)
	if err != nil {
		return 0, err
	}
	o.ID, o.Planned = access.OperationID(key), t.At
	if o.State == provision.Verified {
		o.Ended = t.At
	}
	urgent := 0
	if o.Urgent {
		urgent = 1
	}
	return t.exec(ctx, insertOperation, o.ID, o.Run, string(o.Kind), o.System, o.Identity, o.Target, o.Account, o.Entitlement, o.Resource, set, o.Since,
		o.ByHand, o.Undo, urgent, provision.Rank(o.Kind), string(o.State), o.Code, o.Planned, o.Ended)
}

const (
	wakeOperation = `
update operation set state = 'planned', code = '', error = '', due_at = 0, target_id = $2, account_id = $3
 where id = $1 and state = 'waiting' and not by_hand`
	shownOperation = `update operation set state = 'verified', code = '', error = '', ended_at = $2 where id = $1 and state = 'waiting' and by_hand`
	leaveOperation = `update operation set state = 'cancelled', code = 'overtaken', error = '', ended_at = $2 where id = $1 and state in ('planned', 'held', 'waiting', 'failed')`
	endRunOf       = `
update provisioning_run set state = 'done', ended_at = $2
 where id = (select run_id from operation where id = $1) and ended_at = 0
   and not exists (select 1 from operation o where o.run_id = provisioning_run.id and o.state in ('planned', 'held', 'waiting', 'running', 'failed'))`
)

// goOn changes where operations stand that were there before.
func (k *keeping) goOn(ctx context.Context, p *provision.Plan) error {
	for _, o := range p.Wake {
		if _, err := k.exec(ctx, wakeOperation, o.ID, o.Target, o.Account); err != nil {
			return err
		}
	}
	for _, id := range p.Cancel {
		n, err := k.exec(ctx, leaveOperation, id, k.At)
		if err != nil {
			return err
		}
		if n == 0 {
			continue // it went on meanwhile
		}
		k.cancelled++
		if _, err := k.exec(ctx, endRunOf, id, k.At); err != nil {
			return err
		}
	}
	return nil
}

// Shown implements provision.Lead.
func (l *lead) Shown(ctx context.Context, id access.OperationID) error {
	return l.db.change(ctx, audit.Event{Action: "provision.verified", Object: id.Ref(), Facts: map[string]string{}}, func(t *tx) error {
		if err := l.lease.hold(ctx, t); err != nil {
			return err
		}
		o, err := t.operation(ctx, id, t.d.forUpdate)
		if err != nil {
			return err
		}
		if o.Identity != 0 {
			t.Event.Subjects = []access.IdentityID{o.Identity}
		}
		t.Event.Facts = map[string]string{"kind": string(o.Kind), "system": o.System.String(), "run": o.Run.String(), "by": "sync"}
		if _, err := t.exec(ctx, shownOperation, id, t.At); err != nil {
			return err
		}
		_, err = t.exec(ctx, endRunOf, id, t.At)
		return err
	})
}

const (
	keepDrift = `insert into provision_drift (operation_id, identity_id, system_id, found_at) values ($1, $2, $3, $4) on conflict (operation_id) do nothing`
	dropDrift = `delete from provision_drift where operation_id = $1`
)

// differ keeps what drifted and what no longer does: what is found of whom follows.
func (k *keeping) differ(ctx context.Context, p *provision.Plan) error {
	for _, o := range p.Drift {
		if _, err := k.exec(ctx, keepDrift, o.ID, o.Identity, o.System, k.At); err != nil {
			return err
		}
		k.drift++
		if err := k.driftChanged(ctx, o.Identity); err != nil {
			return err
		}
	}
	for _, id := range p.Mended {
		o, err := k.operation(ctx, id, "")
		if err != nil {
			return err
		}
		if _, err := k.exec(ctx, dropDrift, id); err != nil {
			return err
		}
		k.mended++
		if err := k.driftChanged(ctx, o.Identity); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) driftChanged(ctx context.Context, id access.IdentityID) error {
	if id == 0 {
		return nil
	}
	return t.changed(ctx, id.Ref())
}

// linkTo makes an account somebody's that was made for them, and the target's.
func (k *keeping) linkTo(ctx context.Context, x provision.Link) error {
	var y access.Target
	found := false
	err := k.readTargets(ctx, `x.id = $1`, []any{x.Target}, func(t access.Target) error {
		y, found = t, true
		return nil
	})
	if err != nil || !found || y.Account == x.Account {
		return err
	}
	k.link++
	y.Account = x.Account
	if err := k.putTarget(ctx, &y); err != nil {
		return err
	}
	if _, err := k.exec(ctx, `update account_made set account_id = $2 where target_id = $1`, x.Target, x.Account); err != nil {
		return err
	}
	if x.Identity == 0 {
		return nil
	}
	if err := k.lockLinks(ctx); err != nil {
		return err
	}
	is, err := k.linksOf(ctx, []inventory.Link{{Account: x.Account}})
	if err != nil || is[x.Account].decided {
		return err // a person said whose it is
	}
	if _, err := k.exec(ctx, `update account_link set until_set = $1 where account_id = $2 and until_set = 0`, k.Set, x.Account); err != nil {
		return err
	}
	key, err := k.newKeys(ctx, access.KindLink, 1)
	if err != nil {
		return err
	}
	_, err = k.exec(ctx, `insert into account_link (id, from_set, account_id, identity_id, state, rule, score, evidence) values ($1, $2, $3, $4, $5, $6, 100, $7)`,
		key, k.Set, x.Account, x.Identity, string(inventory.Confirmed), inventory.ByProvisioning, "it was made for "+y.ID.String())
	if err != nil {
		return err
	}
	return k.changed(ctx, x.Account.Ref())
}

// inverse is what takes an operation back; "" where nothing does.
func inverse(k connector.ChangeKind) connector.ChangeKind {
	switch k {
	case connector.AddGrant:
		return connector.RemoveGrant
	case connector.RemoveGrant:
		return connector.AddGrant
	case connector.DisableAccount:
		return connector.EnableAccount
	case connector.EnableAccount:
		return connector.DisableAccount
	case connector.CreateAccount:
		return connector.DeleteAccount
	case connector.UpdateAccount, connector.DeleteAccount, connector.EndSessions:
	}
	return ""
}
