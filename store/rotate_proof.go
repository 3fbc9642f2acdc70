package store

import (
	"context"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/rotate"
)

const (
	// unproveKept is of what can be signed in with: the other secrets open nothing that Writ
	// knows of.
	unproveKept = `
insert into secret_proof (secret_id, since, state, at)
select x.id, cast($1 as bigint), 'unproven', 0 from secret x
 where x.until_set = 0 and x.state = 'live' and x.account_id <> 0 and x.kind in ('password', 'ssh_key')
on conflict (secret_id) do update set since = excluded.since, state = 'unproven', at = 0`

	// What is due for another cause gets another value in any case: it is tried at once.
	restoredDue = `
insert into secret_due (secret_id, since, cause, urgency, next_at)
select p.secret_id, cast($1 as bigint), 'restore', cast($2 as smallint), cast($1 as bigint) from secret_proof p where p.state = 'unproven'
on conflict (secret_id) do update
   set state = 'due', next_at = excluded.next_at, failing_since = 0, code = '', error = '', attempts = 0`

	// A value that was drawn after the restore is the one that was set for it.
	proofSeen = `
insert into secret_proof (secret_id, since, state, at) values ($1, 0, 'opened', $3)
on conflict (secret_id) do update
   set at = excluded.at, state = case when secret_proof.state <> 'unproven' then secret_proof.state when secret_proof.since <= $2 then 'renewed' else 'opened' end`
	proofPut   = `update secret_proof set state = case when state = 'unproven' then 'put' else state end, at = 0 where secret_id = $1`
	isUnproven = `select exists (select 1 from secret_proof p where p.secret_id = $1 and p.state = 'unproven')`

	proofCounts = `select p.state, count(*) from secret_proof p where p.since <> 0 group by p.state`
	unproven    = `
select p.secret_id, p.state, p.since, p.at, coalesce(d.state, ''), coalesce(d.next_at, 0), coalesce(d.attempts, 0), coalesce(d.code, ''), coalesce(d.error, '')
  from secret_proof p left join secret_due d on d.secret_id = p.secret_id
 where p.state = 'unproven' order by p.secret_id limit $1`
)

// unprove has everything that opens an account signed in with, before it is given to
// anybody again.
func (t *tx) unprove(ctx context.Context) error {
	n, err := t.exec(ctx, unproveKept, t.At)
	if err != nil {
		return err
	}
	if t.Event.Facts == nil {
		t.Event.Facts = map[string]string{}
	}
	t.Event.Facts["secrets"] = strconv.FormatInt(n, 10)
	_, err = t.exec(ctx, restoredDue, t.At, urgency(rotate.Restored))
	return err
}

// proved keeps that a secret was signed in with, with a value that was drawn at a time.
func (t *tx) proved(ctx context.Context, id access.SecretID, made access.Time) error {
	_, err := t.exec(ctx, proofSeen, id, made, t.At)
	return err
}

// Verify implements rotate.DeskStore.
func (s Rotate) Verify(ctx context.Context, reason string) error {
	return s.db.change(ctx, audit.Event{Action: "vault.verify", Personal: map[string]string{"reason": reason}}, func(t *tx) error { return t.unprove(ctx) })
}

// Proofs implements rotate.DeskStore.
func (s Rotate) Proofs(ctx context.Context, most int) (p rotate.Proofs, err error) {
	err = s.db.read(ctx, func(q *query) error {
		err := q.each(ctx, proofCounts, nil, func(scan func(...any) error) error {
			var state rotate.ProofState
			var n int
			if err := scan(&state, &n); err != nil {
				return err
			}
			p.Count(state, n)
			return nil
		})
		if err != nil {
			return err
		}
		return q.each(ctx, unproven, []any{most}, func(scan func(...any) error) error {
			var x rotate.Proof
			defer func() { p.Left = append(p.Left, x) }()
			return scan(&x.Secret, &x.State, &x.Since, &x.At, &x.Due, &x.Next, &x.Attempts, &x.Code, &x.Error)
		})
	})
	return p, err
}
