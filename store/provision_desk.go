package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/provision"
)

// quoted are constants of a package as a list of SQL.
func quoted[T ~string](list []T) string {
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = "'" + strings.ReplaceAll(string(x), "'", "") + "'"
	}
	return strings.Join(parts, ", ")
}

// inSystems is the condition that a row is of one of some systems.
func inSystems(alias string, list []access.SystemID) string {
	if list == nil {
		return ""
	}
	if len(list) == 0 {
		return " and 1 = 0"
	}
	return " and " + alias + ".system_id in (" + keyList(list) + ")"
}

// Operations implements provision.DeskStore.
func (s Provision) Operations(ctx context.Context, q provision.Query) (list []provision.Operation, err error) {
	where := "o.id < $1" + inSystems("o", q.Systems)
	if q.Before == 0 {
		q.Before = 1<<63 - 1
	}
	if len(q.States) > 0 {
		where += " and o.state in (" + quoted(q.States) + ")"
	}
	if q.ByHand {
		where += " and o.by_hand"
	}
	args := []any{q.Before}
	if q.Run != 0 {
		args = append(args, q.Run)
		where += fmt.Sprintf(" and o.run_id = $%d", len(args))
	}
	if q.Identity != 0 {
		args = append(args, q.Identity)
		where += fmt.Sprintf(" and o.identity_id = $%d", len(args))
	}
	if q.From != 0 {
		args = append(args, q.From)
		where += fmt.Sprintf(" and o.planned_at >= $%d", len(args))
	}
	if q.Until != 0 {
		args = append(args, q.Until)
		where += fmt.Sprintf(" and o.planned_at < $%d", len(args))
	}
	args = append(args, q.First)
	text := `select ` + operationColumns + ` from operation o where ` + where + fmt.Sprintf(" order by o.id desc limit $%d", len(args))
	err = s.db.read(ctx, func(qu *query) error {
		err := qu.eachMade(ctx, text, args, func(scan func(...any) error) error {
			var o provision.Operation
			err := scanOperation(scan, &o)
			list = append(list, o)
			return err
		})
		if err != nil {
			return err
		}
		return qu.asked(ctx, list)
	})
	return list, err
}

// Operation implements provision.DeskStore.
func (s Provision) Operation(ctx context.Context, id access.OperationID) (o provision.Operation, err error) {
	err = s.db.read(ctx, func(q *query) error {
		if o, err = q.operation(ctx, id, ""); err != nil {
			return err
		}
		one := []provision.Operation{o}
		err := q.asked(ctx, one)
		o = one[0]
		return err
	})
	return o, err
}

func (q *query) operation(ctx context.Context, id access.OperationID, lock string) (o provision.Operation, err error) {
	err = scanOperation(q.row(ctx, `select `+operationColumns+` from operation o where o.id = $1`+lock, id).Scan, &o)
	if errors.Is(err, sql.ErrNoRows) {
		return o, provision.ErrNotFound.With("there is no operation %s", id)
	}
	return o, err
}

const runColumnsOfProvisioning = `r.id, r.system_id, r.state, r.urgent, r.planned_at, r.destructive, r.held_because, r.approved_by, r.approved_at, r.ended_at`

// Runs implements provision.DeskStore.
func (s Provision) Runs(ctx context.Context, q provision.RunQuery) (list []provision.Run, err error) {
	where := "r.id < $1" + inSystems("r", q.Systems)
	if q.Before == 0 {
		q.Before = 1<<63 - 1
	}
	if q.State != "" {
		where += " and r.state in (" + quoted([]provision.RunState{q.State}) + ")"
	}
	err = s.db.read(ctx, func(qu *query) error {
		list, err = qu.runs(ctx, where, q.Before, q.First)
		return err
	})
	return list, err
}

func (q *query) runs(ctx context.Context, where string, args ...any) (list []provision.Run, err error) {
	text := `select ` + runColumnsOfProvisioning + ` from provisioning_run r where ` + where + fmt.Sprintf(" order by r.id desc limit $%d", len(args))
	err = q.eachMade(ctx, text, args, func(scan func(...any) error) error {
		r := provision.Run{Counts: map[provision.State]int64{}}
		defer func() { list = append(list, r) }()
		return scan(&r.ID, &r.System, &r.State, &r.Urgent, &r.Planned, &r.Destructive, &r.HeldBecause, &r.ApprovedBy, &r.ApprovedAt, &r.Ended)
	})
	if err != nil || len(list) == 0 {
		return list, err
	}
	ids := make([]access.ProvisioningID, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	err = q.eachListed(ctx, `select run_id, state, count(*) from operation where run_id in (%s) group by run_id, state`, keyList(ids), nil, func(scan func(...any) error) error {
		var id access.ProvisioningID
		var state provision.State
		var n int64
		err := scan(&id, &state, &n)
		if i := slices.Index(ids, id); i >= 0 {
			list[i].Counts[state] = n
		}
		return err
	})
	return list, err
}

// Run implements provision.DeskStore.
func (s Provision) Run(ctx context.Context, id access.ProvisioningID) (r provision.Run, err error) {
	err = s.db.read(ctx, func(q *query) error {
		list, err := q.runs(ctx, "r.id = $1", id, 1)
		if err == nil && len(list) == 0 {
			err = provision.ErrNotFound.With("there is no provisioning run %s", id)
		}
		if err == nil {
			r = list[0]
		}
		return err
	})
	return r, err
}

const (
	runAbout = `select distinct identity_id from operation where run_id = $1 and identity_id <> 0 order by identity_id`
	// runCauses are who caused what a run would do, also by what lifecycle did for them. What
	// has no set of its own nobody did.
	runCauses = `
select c.actor from operation o join change_set c on c.id = o.since_set where o.run_id = $1
 union select l.actor from operation o join lifecycle_cause l on l.set_id = o.since_set where o.run_id = $1 order by 1`
)

// Subjects implements provision.DeskStore.
func (s Provision) Subjects(ctx context.Context, id access.ProvisioningID) (about []access.IdentityID, causes []string, err error) {
	err = s.db.read(ctx, func(q *query) error {
		err := q.each(ctx, runAbout, []any{id}, func(scan func(...any) error) error {
			var x access.IdentityID
			defer func() { about = append(about, x) }()
			return scan(&x)
		})
		if err == nil {
			causes, err = q.causes(ctx, id)
		}
		return err
	})
	return about, causes, err
}

func (q *query) causes(ctx context.Context, id access.ProvisioningID) (list []string, err error) {
	err = q.each(ctx, runCauses, []any{id}, func(scan func(...any) error) error {
		var x string
		defer func() { list = append(list, x) }()
		return scan(&x)
	})
	return list, err
}

const (
	approveRun = `update provisioning_run set state = 'open', approved_by = $2, approved_at = $3 where id = $1 and state = 'held'`
	goOnByHand = `update operation set state = 'waiting', code = 'by-hand' where run_id = $1 and state = 'held' and by_hand`
	goOnHeld   = `update operation set state = 'planned', code = '' where run_id = $1 and state = 'held'`
)

// Approve implements provision.DeskStore.
func (s Provision) Approve(ctx context.Context, id access.ProvisioningID, reason string) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	e := audit.Event{Action: "provision.approve", Object: id.Ref(), Facts: map[string]string{}, Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		causes, err := t.causes(ctx, id)
		if err != nil {
			return err
		}
		if slices.Contains(causes, actor.String()) {
			return provision.ErrOwnRun
		}
		n, err := t.exec(ctx, approveRun, id, actor.String(), t.At)
		if err != nil {
			return err
		}
		if n == 0 {
			if list, err := t.runs(ctx, "r.id = $1", id, 1); err != nil || len(list) == 0 {
				return errors.Join(err, provision.ErrNotFound.With("there is no provisioning run %s", id))
			}
			return provision.ErrState.With("%s is not held: there is nothing to approve", id)
		}
		hand, err := t.exec(ctx, goOnByHand, id)
		if err != nil {
			return err
		}
		n, err = t.exec(ctx, goOnHeld, id)
		t.Event.Facts["operations"] = fmt.Sprint(n + hand)
		return err
	})
}

// Resume implements provision.DeskStore.
func (s Provision) Resume(ctx context.Context, id access.OperationID, reason string) error {
	return s.db.change(ctx, audit.Event{Action: "provision.resume", Object: id.Ref(), Facts: map[string]string{}, Personal: map[string]string{"reason": reason}}, func(t *tx) error {
		o, err := t.operation(ctx, id, t.d.forUpdate)
		if err != nil {
			return err
		}
		t.Event.Facts["was"] = string(o.State)
		if o.ByHand || o.State != provision.Dead && o.State != provision.Failed && o.State != provision.Waiting {
			return provision.ErrState.With("%s is %s: only what is dead, has failed or waits for its system is resumed", id, o.State)
		}
		if _, err := t.exec(ctx, `update operation set state = 'planned', code = '', error = '', due_at = 0, failing_since = 0, ended_at = 0 where id = $1`, id); err != nil {
			return err
		}
		_, err = t.exec(ctx, `update provisioning_run set state = 'open', ended_at = 0 where id = $1 and state = 'done'`, o.Run)
		return err
	})
}

const cancelOperation = `update operation set state = 'cancelled', code = 'cancelled', ended_at = $2 where id = $1 and state in ('planned', 'held', 'waiting', 'failed', 'dead')`

// sameChange are the operations that one planning step brought for an identity, or for a
// target of nobody.
const (
	sameChange = `select ` + operationColumns + ` from operation o join provisioning_run r on r.id = o.run_id
 where r.set_id = (select set_id from provisioning_run where id = $2) and not o.undo and `
	sameIdentity = sameChange + `o.identity_id = $1 order by o.rank desc, o.id desc`
	sameTarget   = sameChange + `o.target_id = $1 and o.identity_id = 0 order by o.rank desc, o.id desc`
)

// Cancel implements provision.DeskStore.
func (s Provision) Cancel(ctx context.Context, id access.OperationID, reason string, undo bool) (undone int, err error) {
	e := audit.Event{Action: "provision.cancel", Object: id.Ref(), Facts: map[string]string{}, Personal: map[string]string{"reason": reason}}
	err = s.db.change(ctx, e, func(t *tx) error {
		undone = 0
		o, err := t.operation(ctx, id, t.d.forUpdate)
		if err != nil {
			return err
		}
		n, err := t.exec(ctx, cancelOperation, id, t.At)
		if err != nil {
			return err
		}
		if n == 0 {
			return provision.ErrState.With("%s is %s: what is under way or over is not cancelled", id, o.State)
		}
		if o.Identity != 0 {
			t.Event.Subjects = []access.IdentityID{o.Identity}
		}
		if _, err := t.exec(ctx, endRunOf, id, t.At); err != nil || !undo {
			return err
		}
		undone, err = t.undo(ctx, o)
		t.Event.Facts["undone"] = fmt.Sprint(undone)
		return err
	})
	return undone, err
}

// undo takes back what was done of the change that an operation was a part of, last things
// first, and ends what was not.
func (t *tx) undo(ctx context.Context, of provision.Operation) (undone int, err error) {
	var list []provision.Operation
	text, whose := sameIdentity, int64(of.Identity)
	if of.Identity == 0 {
		text, whose = sameTarget, int64(of.Target)
	}
	err = t.each(ctx, text, []any{whose, of.Run}, func(scan func(...any) error) error {
		var o provision.Operation
		err := scanOperation(scan, &o)
		list = append(list, o)
		return err
	})
	if err != nil {
		return 0, err
	}
	runs := map[access.SystemID]access.ProvisioningID{}
	for _, o := range list {
		if _, err := t.exec(ctx, cancelOperation, o.ID, t.At); err != nil {
			return 0, err
		}
		if _, err := t.exec(ctx, endRunOf, o.ID, t.At); err != nil {
			return 0, err
		}
		kind := inverse(o.Kind)
		if kind == "" || o.Code == provision.CodeSeen || o.State != provision.Verified && o.Attempts == 0 {
			continue
		}
		back := provision.Operation{
			Kind: kind, System: o.System, Identity: o.Identity, Target: o.Target, Account: o.Account, Entitlement: o.Entitlement, Resource: o.Resource,
			Since: t.Set, Undo: true, ByHand: o.ByHand, Urgent: o.Urgent, State: provision.Planned,
		}
		if back.ByHand {
			back.State, back.Code = provision.Waiting, "by-hand"
		}
		if back.Run = runs[o.System]; back.Run == 0 {
			if back.Run, err = t.newRun(ctx, o.System); err != nil {
				return 0, err
			}
			runs[o.System] = back.Run
		}
		n, err := t.put(ctx, &back)
		if err != nil {
			return 0, err
		}
		undone += int(n)
	}
	return undone, nil
}

func (t *tx) newRun(ctx context.Context, system access.SystemID) (access.ProvisioningID, error) {
	key, err := t.newKeys(ctx, access.KindProvisioning, 1)
	if err != nil {
		return 0, err
	}
	_, err = t.exec(ctx, `insert into provisioning_run (id, system_id, set_id, planned_at, state) values ($1, $2, $3, $4, 'open')`, key, system, t.Set, t.At)
	return access.ProvisioningID(key), err
}

// LimitsOf implements provision.DeskStore.
func (s Provision) LimitsOf(ctx context.Context, id access.SystemID) (l provision.Limits, err error) {
	err = s.db.read(ctx, func(q *query) error {
		l, err = q.limitsOf(ctx, id)
		return err
	})
	return l, err
}

const keepLimits = `
insert into provision_limits (system_id, share, count, at_once, per_minute) values ($1, $2, $3, $4, $5)
on conflict (system_id) do update set share = $2, count = $3, at_once = $4, per_minute = $5`

// SetLimits implements provision.DeskStore.
func (s Provision) SetLimits(ctx context.Context, id access.SystemID, l provision.Limits) error {
	e := audit.Event{Action: "provision.limits", Object: id.Ref(), Facts: map[string]string{
		"share": fmt.Sprint(l.Share), "count": fmt.Sprint(l.Count), "at_once": fmt.Sprint(l.AtOnce), "per_minute": fmt.Sprint(l.PerMinute),
	}}
	return s.db.change(ctx, e, func(t *tx) error {
		var n int
		if err := t.row(ctx, `select count(*) from system s where s.id = $1 and `+now("s"), id).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return policy.ErrNoObject
		}
		_, err := t.exec(ctx, keepLimits, id, l.Share, l.Count, l.AtOnce, l.PerMinute)
		return err
	})
}

// PutOrphan implements provision.DeskStore.
func (s Provision) PutOrphan(ctx context.Context, id access.AccountID, state access.TargetState, deleteAt access.Time, reason string) (access.TargetID, error) {
	e := audit.Event{Action: "provision.orphan", Object: id.Ref(), Facts: map[string]string{"state": string(state)}, Personal: map[string]string{"reason": reason}}
	var y access.Target
	err := s.db.change(ctx, e, func(t *tx) error {
		y = access.Target{Account: id, State: state, DeleteAt: deleteAt, Reason: reason}
		err := t.row(ctx, `select a.system_id, a.login from account a where a.id = $1 and `+now("a"), id).Scan(&y.System, &y.Login)
		if errors.Is(err, sql.ErrNoRows) {
			return provision.ErrNotFound.With("there is no account %s", id)
		}
		if err != nil {
			return err
		}
		var whose int
		if err := t.row(ctx, `select count(*) from account_link where account_id = $1 and until_set = 0 and identity_id <> 0 and state in ('confirmed', 'manual')`, id).Scan(&whose); err != nil {
			return err
		}
		if whose > 0 {
			return provision.ErrState.With("%s is somebody's: what becomes of it follows from what is known of them", id)
		}
		err = t.readTargets(ctx, `x.identity_id = 0 and x.account_id = $1`, []any{id}, func(was access.Target) error {
			y.ID = was.ID
			return nil
		})
		if err != nil {
			return err
		}
		return t.putTarget(ctx, &y)
	})
	return y.ID, err
}

// Decide implements provision.DeskStore.
func (s Provision) Decide(ctx context.Context, e audit.Event, d provision.Decision) error {
	return s.db.change(ctx, e, func(t *tx) error {
		if err := t.unjustify(ctx, d.End); err != nil {
			return err
		}
		if err := t.justify(ctx, d.Begin); err != nil {
			return err
		}
		for _, y := range d.Targets {
			if err := t.putTarget(ctx, y); err != nil {
				return err
			}
		}
		return nil
	})
}
