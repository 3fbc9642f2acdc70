package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/seal"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/provision"
)

// owner is the work on one system by this node.
type owner struct {
	db     *DB
	system access.SystemID
	lease  *lease
}

// busySystems and waitingUnits read what is under way: partial indexes hold no more.
const busySystems = `
select distinct o.system_id from operation o
 where o.state in ('planned', 'failed', 'running') and (o.state = 'running' or o.due_at <= $1)
union
select distinct o.system_id from operation o
 where o.state = 'waiting' and o.code = 'asked' and o.due_at <= $1`

// Busy implements provision.WorkStore.
func (s Provision) Busy(ctx context.Context) (list []access.SystemID, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.each(ctx, busySystems, []any{at}, func(scan func(...any) error) error {
			var id access.SystemID
			defer func() { list = append(list, id) }()
			return scan(&id)
		})
	})
	return list, err
}

// Own implements provision.WorkStore. What whoever had the system before left running is
// tried again: whether it was done, the next attempt asks first.
func (s Provision) Own(ctx context.Context, id access.SystemID, ttl time.Duration) (provision.Owner, error) {
	l, err := s.db.takeLease(ctx, "provision:"+id.String(), ttl)
	if err != nil {
		return nil, err
	}
	o := &owner{s.db, id, l}
	return o, s.db.bookkeep(ctx, func(t *tx) error {
		if err := l.hold(ctx, t); err != nil {
			return err
		}
		_, err := t.exec(ctx, `update operation set state = 'failed', code = 'interrupted', due_at = 0 where system_id = $1 and state = 'running' and fence <> $2`, id, l.fence)
		return err
	})
}

// Limits implements provision.Owner.
func (o *owner) Limits(ctx context.Context) (l provision.Limits, err error) {
	err = o.db.read(ctx, func(q *query) error {
		l, err = q.limitsOf(ctx, o.system)
		return err
	})
	return l, err
}

// Keep implements provision.Owner.
func (o *owner) Keep(ctx context.Context) error {
	return o.db.bookkeep(ctx, func(t *tx) error { return o.lease.hold(ctx, t) })
}

// End implements provision.Owner.
func (o *owner) End(ctx context.Context) error {
	return o.db.bookkeep(ctx, func(t *tx) error { return o.lease.end(ctx, t) })
}

const (
	dueOperations = `
select ` + operationColumns + ` from operation o
 where o.system_id = $1 and o.state in ('planned', 'failed', 'running') and o.due_at <= $2
 order by o.urgent desc, o.rank, o.id limit $3`
	askedOperations = `
select ` + operationColumns + ` from operation o
 where o.system_id = $1 and o.state = 'waiting' and o.code = 'asked' and o.due_at <= $2 order by o.due_at, o.id limit $3`
	claimOperation = `
update operation set state = 'running', attempts = attempts + 1, tried_at = $2, fence = $3
 where id = $1 and state in ('planned', 'failed', 'waiting')`
	// claimWindow is how far behind what cannot be taken now is looked for something that can.
	claimWindow = 200
)

// subject is whom an operation is about: of one, one operation is carried out at a time.
type subject struct {
	identity access.IdentityID
	target   access.TargetID
}

func workOn(o *provision.Operation) subject {
	if o.Identity != 0 {
		return subject{identity: o.Identity}
	}
	return subject{target: o.Target}
}

// Claim implements provision.Owner.
func (o *owner) Claim(ctx context.Context, n int) (jobs []provision.Job, err error) {
	err = o.db.bookkeep(ctx, func(t *tx) error {
		jobs = jobs[:0]
		if err := o.lease.hold(ctx, t); err != nil {
			return err
		}
		if t.At, err = o.db.storeTime(ctx, &t.query); err != nil {
			return err
		}
		due, err := o.due(ctx, t)
		if err != nil {
			return err
		}
		busy := map[subject]bool{}
		for i := range due {
			if due[i].State == provision.Running {
				busy[workOn(&due[i])] = true
			}
		}
		for i := range due {
			op := &due[i]
			if len(jobs) >= n || op.State == provision.Running || busy[workOn(op)] {
				continue
			}
			j, ok, err := o.claim(ctx, t, op)
			if err != nil {
				return fmt.Errorf("%s: %w", op.ID, err)
			}
			if ok {
				busy[workOn(op)] = true
				jobs = append(jobs, j)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("taking operations: %w", err)
	}
	return jobs, nil
}

func (o *owner) due(ctx context.Context, t *tx) (list []provision.Operation, err error) {
	for _, text := range []string{dueOperations, askedOperations} {
		err = t.each(ctx, text, []any{o.system, t.At, claimWindow}, func(scan func(...any) error) error {
			var op provision.Operation
			err := scanOperation(scan, &op)
			list = append(list, op)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// claim takes one operation, unless what caused it is not so any more: then planning, which
// is on its way, ends it.
func (o *owner) claim(ctx context.Context, t *tx, op *provision.Operation) (j provision.Job, ok bool, err error) {
	j = provision.Job{Operation: *op, Fence: o.lease.fence}
	if ok, err = t.stillWanted(ctx, op); err != nil || !ok {
		return j, false, err
	}
	if err := t.job(ctx, &j); err != nil {
		return j, false, err
	}
	if j.Native == "" && j.Mark == "" && j.Kind != connector.CreateAccount {
		_, err := t.exec(ctx, `update operation set state = 'waiting', code = 'no-account' where id = $1`, op.ID)
		return j, false, err
	}
	j.State, j.Attempts, j.Tried = provision.Running, op.Attempts+1, t.At
	n, err := t.exec(ctx, claimOperation, op.ID, t.At, o.lease.fence)
	return j, n > 0, err
}

const justifiedNow = `
select exists (select 1 from justification j
 where j.holder_kind = 1 and j.holder_id = $1 and j.entitlement_id = $2 and j.resource_id = $3 and j.until_set = 0
   and j.starts_at <= $4 and (j.ends_at = 0 or j.ends_at > $4))`

// stillWanted reports whether what caused an operation is still so.
func (t *tx) stillWanted(ctx context.Context, o *provision.Operation) (is bool, err error) {
	switch {
	case o.Undo:
		return true, nil
	case o.Kind == connector.AddGrant || o.Kind == connector.RemoveGrant:
		err = t.row(ctx, justifiedNow, o.Identity, o.Entitlement, o.Resource, t.At).Scan(&is)
		return is == (o.Kind == connector.AddGrant), err
	}
	err = t.readTargets(ctx, `x.id = $1`, []any{o.Target}, func(y access.Target) error {
		is = provision.Fits(y, o.Kind, t.At)
		return nil
	})
	return is, err
}

const (
	nativeOfAccount = `select native_id from account where id = $1 order by from_set desc limit 1`
	nativeOfOther   = `select coalesce((select native_id from entitlement where id = $1 order by from_set desc limit 1), ''),
       coalesce((select native_id from resource where id = $2 order by from_set desc limit 1), '')`
	madeFor = `select mark, native_id from account_made where target_id = $1`
)

// job reads what a connector has to be told of an operation.
func (t *tx) job(ctx context.Context, j *provision.Job) error {
	one := func(text string, args []any, into ...any) error {
		err := t.row(ctx, text, args...).Scan(into...)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	}
	if j.Target != 0 {
		err := t.readTargets(ctx, `x.id = $1`, []any{j.Target}, func(y access.Target) error {
			j.Login, j.Recipient = y.Login, y.Recipient
			if j.Account == 0 {
				j.Account = y.Account
			}
			if j.Kind == connector.CreateAccount {
				j.Set = y.Attributes
			}
			return nil
		})
		if err == nil {
			err = one(madeFor, []any{j.Target}, &j.Mark, &j.Native)
		}
		if err != nil {
			return err
		}
	}
	if j.Account != 0 {
		if err := one(nativeOfAccount, []any{j.Account}, &j.Native); err != nil {
			return err
		}
	}
	return one(nativeOfOther, []any{j.Operation.Entitlement, j.Operation.Resource}, &j.Entitlement, &j.Resource)
}

func firstCredentialPlace(row int64) seal.Place {
	return seal.Place{Table: "first_credential", Column: "sealed", Row: row}
}

const (
	keepMark = `insert into account_made (target_id, system_id, mark) values ($1, $2, $3) on conflict (target_id) do nothing`
	// A credential is given again where it stays good for an hour at least.
	keptCredential = `select id, sealed, ends_at from first_credential where target_id = $1 and recipient_id = $2 and sealed is not null and ends_at > $3`
	dropCredential = `delete from first_credential where target_id = $1`
	newCredential  = `insert into first_credential (target_id, recipient_id, ends_at) values ($1, $2, $3) returning id`
	keepSealed     = `update first_credential set sealed = $2 where id = $1`
)

// Prepare implements provision.Owner.
func (o *owner) Prepare(ctx context.Context, j *provision.Job, fresh func() (secret.Secret, error), lasts time.Duration) error {
	e := audit.Event{Action: "provision.prepare", Object: j.ID.Ref(), Facts: map[string]string{"system": j.System.String(), "target": j.Target.String()}}
	err := o.db.change(ctx, e, func(t *tx) error {
		if err := o.lease.hold(ctx, t); err != nil {
			return err
		}
		if _, err := t.exec(ctx, keepMark, j.Target, j.System, rand.Text()); err != nil {
			return err
		}
		if err := t.row(ctx, madeFor, j.Target).Scan(&j.Mark, &j.Native); err != nil {
			return err
		}
		if j.Recipient == 0 || fresh == nil {
			return nil
		}
		t.Event.Facts["recipient"] = j.Recipient.String()
		return t.credentialOf(ctx, j, fresh, lasts)
	})
	if err != nil {
		return fmt.Errorf("preparing an account: %w", err)
	}
	return nil
}

func (t *tx) credentialOf(ctx context.Context, j *provision.Job, fresh func() (secret.Secret, error), lasts time.Duration) error {
	var row int64
	var sealed []byte
	err := t.row(ctx, keptCredential, j.Target, j.Recipient, t.At+micros(time.Hour)).Scan(&row, &sealed, &j.Ends)
	if err == nil {
		j.Credential, err = t.db.sealer.Open(sealed, firstCredentialPlace(row))
		return err
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	plain, err := fresh()
	if err != nil {
		return err
	}
	j.Credential, j.Fresh, j.Ends = plain, true, t.At+micros(lasts)
	if _, err := t.exec(ctx, dropCredential, j.Target); err != nil {
		return err
	}
	if err := t.row(ctx, newCredential, j.Target, j.Recipient, j.Ends).Scan(&row); err != nil {
		return err
	}
	if sealed, err = t.db.sealer.Seal(plain, firstCredentialPlace(row)); err != nil {
		return err
	}
	_, err = t.exec(ctx, keepSealed, row, sealed)
	return err
}

const (
	verifyOperation = `
update operation set state = 'verified', code = $4, error = '', ended_at = $3, failing_since = 0, set_values = $5, account_id = $6, target_id = $7
 where id = $1 and state = 'running' and fence = $2`
	keepMade = `update account_made set native_id = $2, made_at = $3, account_id = 0 where target_id = $1`
	// What was made is whose credential can be picked up.
	keptIsGood = `update first_credential set kept_at = $2 where target_id = $1 and sealed is not null`
)

func (o *owner) event(action string, j *provision.Job) audit.Event {
	f := map[string]string{"kind": string(j.Kind), "system": j.System.String(), "attempt": strconv.Itoa(j.Attempts), "run": j.Run.String()}
	for name, id := range map[string]string{"target": j.Target.String(), "account": j.Account.String(), "entitlement": j.Operation.Entitlement.String(), "resource": j.Operation.Resource.String()} {
		if id != "" {
			f[name] = id
		}
	}
	e := audit.Event{Action: action, Object: j.ID.Ref(), Facts: f}
	if j.Identity != 0 {
		e.Subjects, f["identity"] = []access.IdentityID{j.Identity}, j.Identity.String()
	}
	return e
}

// Verified implements provision.Owner.
func (o *owner) Verified(ctx context.Context, j *provision.Job) (ended bool, err error) {
	set, err := marshalSet(j.Set)
	if err != nil {
		return false, err
	}
	err = o.db.change(ctx, o.event("provision.verified", j), func(t *tx) error {
		if err := o.lease.hold(ctx, t); err != nil {
			return err
		}
		n, err := t.exec(ctx, verifyOperation, j.ID, j.Fence, t.At, j.Code, set, j.Account, j.Target)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrFenced.With("%s is somebody else's by now", j.ID)
		}
		if j.Kind == connector.CreateAccount {
			if _, err := t.exec(ctx, keepMade, j.Target, j.Native, t.At); err != nil {
				return err
			}
			if _, err := t.exec(ctx, keptIsGood, j.Target, t.At); err != nil {
				return err
			}
			if err := t.planAgain(ctx, j); err != nil {
				return err
			}
		}
		return o.after(ctx, t, j, &ended)
	})
	return ended, err
}

// planAgain has planning look at whom an operation is about.
func (t *tx) planAgain(ctx context.Context, j *provision.Job) error {
	if j.Identity != 0 {
		return t.changed(ctx, j.Identity.Ref())
	}
	return t.changed(ctx, j.Target.Ref())
}

// after ends the run that an attempt was the last of, and has planning look again where
// what caused it was ended meanwhile.
func (o *owner) after(ctx context.Context, t *tx, j *provision.Job, ended *bool) error {
	n, err := t.exec(ctx, endRunOf, j.ID, t.At)
	if err != nil {
		return err
	}
	*ended = n > 0
	is, err := t.stillWanted(ctx, &j.Operation)
	if err == nil && !is {
		err = t.planAgain(ctx, j)
	}
	return err
}

const failOperation = `
update operation set state = $3, code = $4, error = $5, due_at = $6, failing_since = case when $3 = 'waiting' then 0 when failing_since = 0 or code <> $4 then $7 else failing_since end,
       ended_at = case when $3 = 'dead' then $7 else 0 end, account_id = $8, target_id = $9
 where id = $1 and state = 'running' and fence = $2`

// Failed implements provision.Owner.
func (o *owner) Failed(ctx context.Context, j *provision.Job, f provision.Failure) (ended bool, err error) {
	e := o.event("provision."+string(f.State), j)
	e.Facts["code"] = f.Code
	if f.Error != "" {
		e.Personal = map[string]string{"error": f.Error}
	}
	err = o.db.change(ctx, e, func(t *tx) error {
		if err := o.lease.hold(ctx, t); err != nil {
			return err
		}
		n, err := t.exec(ctx, failOperation, j.ID, j.Fence, string(f.State), f.Code, f.Error, t.At+micros(f.After), t.At, j.Account, j.Target)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrFenced.With("%s is somebody else's by now", j.ID)
		}
		return o.after(ctx, t, j, &ended)
	})
	return ended, err
}
