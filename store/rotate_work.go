package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
)

// rotating is the work on one secret by this node.
type rotating struct {
	Rotate
	id      access.SecretID
	safe    access.SafeID
	account access.AccountID // of a pair; zero is the only one
	since   access.Time      // what it was due for when the attempt began
	lease   *lease
}

// Own implements rotate.Store.
func (s Rotate) Own(ctx context.Context, id access.SecretID, ttl time.Duration) (rotate.Owner, error) {
	l, err := s.db.takeLease(ctx, "rotate:"+id.String(), ttl)
	if err != nil {
		return nil, err
	}
	return &rotating{Rotate: s, id: id, lease: l}, nil
}

// Keep implements rotate.Owner.
func (o *rotating) Keep(ctx context.Context) error {
	return o.db.bookkeep(ctx, func(t *tx) error { return o.lease.hold(ctx, t) })
}

// End implements rotate.Owner.
func (o *rotating) End(ctx context.Context) error {
	return o.db.bookkeep(ctx, func(t *tx) error { return o.lease.end(ctx, t) })
}

const (
	dueSecret = `
select ` + dueColumns + `, x.safe_id, x.name, x.kind, x.system_id, x.account_id, x.rules,
       exists (select 1 from rotation_beside b where b.secret_id = x.id), coalesce((select b.instead from rotation_beside b where b.secret_id = x.id), '')
  from secret_due d join secret x on x.id = d.secret_id and x.until_set = 0 and x.state = 'live'
 where d.secret_id = $1`
	nativeOf = `select a.native_id from account a where a.id = $1 and a.system_id = $2 order by a.from_set desc limit 1`
	heldRows = `
select v.id, v.made_at, v.state, k.generation, k.data_key, k.ciphertext
  from secret_version v join vault_sealed k on k.version = v.id
 where v.secret_id = $1`
	heldValues = heldRows + ` and v.state in ('pending', 'current') order by v.number desc`
	// heldOf is that of one account of a pair. What it opened with before a switch is previous.
	heldOf = heldRows + ` and v.account_id = $2
   and (v.state in ('pending', 'current', 'standby')
    or v.id = (select o.id from secret_version o where o.secret_id = $1 and o.account_id = $2 and o.state = 'previous' order by o.number desc limit 1))
 order by v.number desc`
)

// secretKinds are the kinds of secret that a target can be given.
var secretKinds = map[vault.Kind]connector.SecretKind{vault.Password: connector.Password, vault.SSHKey: connector.SSHKey}

// Job implements rotate.Owner.
func (o *rotating) Job(ctx context.Context) (j rotate.Job, err error) {
	err = o.db.read(ctx, func(q *query) error {
		account, err := o.due(ctx, q, &j)
		if err != nil {
			return err
		}
		if account, err = o.turn(ctx, q, &j, account); err != nil {
			return err
		}
		err = q.row(ctx, nativeOf, account, j.System).Scan(&j.Account)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return o.holds(ctx, q, &j)
	})
	if err != nil {
		for i := range j.Held {
			j.Held[i].Value.Wipe()
		}
		return rotate.Job{}, err
	}
	return j, nil
}

// due reads what the secret is due for, and the account that it has.
func (o *rotating) due(ctx context.Context, q *query, j *rotate.Job) (account access.AccountID, err error) {
	var kind vault.Kind
	var rules string
	err = q.row(ctx, dueSecret, o.id).Scan(&j.Secret, &j.Cause, &j.State, &j.Since, &j.Next, &j.Attempts, &j.Failing, &j.Code, &j.Error,
		&o.safe, &j.Name, &kind, &j.System, &account, &rules, &j.Beside, &j.Instead)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, rotate.ErrNotDue
	}
	if err != nil {
		return 0, err
	}
	j.Kind, o.since = secretKinds[kind], j.Since
	if err := json.Unmarshal([]byte(rules), &j.Rules); err != nil {
		return 0, fmt.Errorf("the rules of %s: %w", o.id, err)
	}
	return account, nil
}

// turn is the account that the attempt is on, where two take turns.
func (o *rotating) turn(ctx context.Context, q *query, j *rotate.Job, only access.AccountID) (access.AccountID, error) {
	p, is, err := q.paired(ctx, o.id)
	if err != nil || !is {
		return only, err
	}
	at, err := o.db.storeTime(ctx, q)
	if err != nil {
		return 0, err
	}
	var live, idle int
	if err := q.row(ctx, pendingOf, o.id, p.Live).Scan(&live); err != nil {
		return 0, err
	}
	if err := q.row(ctx, pendingOf, o.id, p.Idle()).Scan(&idle); err != nil {
		return 0, err
	}
	o.account = p.Turn(j.Cause, live > 0, idle > 0)
	if ripe := p.Ripe(o.account, j.Cause); ripe > at {
		j.Rests = ripe
	}
	return o.account, nil
}

// holds opens the values that the account may open with.
func (o *rotating) holds(ctx context.Context, q *query, j *rotate.Job) error {
	text, args := heldValues, []any{o.id}
	if o.account != 0 {
		text, args = heldOf, append(args, o.account)
	}
	seen := false // to open, as far as is known
	return q.each(ctx, text, args, func(scan func(...any) error) error {
		h, err := o.held(ctx, scan)
		if !h.Pending {
			h.Current, seen = !seen, true
		}
		j.Held = append(j.Held, h)
		return err
	})
}

func (o *rotating) held(ctx context.Context, scan func(...any) error) (h rotate.Held, err error) {
	var state vault.State
	var sealed keys.Sealed
	if err := scan(&h.Version, &h.At, &state, &sealed.Generation, &sealed.Key, &sealed.Text); err != nil {
		return h, err
	}
	h.Pending = state == vault.Pending
	h.Value, err = o.ring.Open(ctx, keys.Place{Safe: o.safe, Secret: o.id, Version: h.Version}, sealed)
	return h, err
}

// mine runs fn in a change while the secret is this node's.
func (o *rotating) mine(ctx context.Context, action string, fn func(t *tx) error) error {
	e := audit.Event{Action: action, Object: o.id.Ref(), Facts: map[string]string{}}
	return o.db.change(ctx, e, func(t *tx) error {
		if err := o.lease.hold(ctx, t); err != nil {
			return err
		}
		return fn(t)
	})
}

// Pend implements rotate.Owner.
func (o *rotating) Pend(ctx context.Context, value secret.Secret, public string) (h rotate.Held, err error) {
	err = o.ring.Again(o.safe, func() error {
		h, err = o.pend(ctx, value, public)
		return err
	})
	return h, err
}

func (o *rotating) pend(ctx context.Context, value secret.Secret, public string) (h rotate.Held, err error) {
	err = o.mine(ctx, "rotation.pend", func(t *tx) error {
		if _, err := t.liveSecret(ctx, o.id); err != nil {
			return err
		}
		var last int
		if err := t.row(ctx, lastVersion, o.id).Scan(&last); err != nil {
			return err
		}
		seal := func(at keys.Place) (keys.Sealed, error) { return o.ring.Seal(ctx, at, value) }
		v, err := t.putVersion(ctx, vault.Secret{ID: o.id, Safe: o.safe}, last+1, vault.Value{Public: public, Pending: true, Account: o.account}, seal)
		if err != nil {
			return err
		}
		h = rotate.Held{Version: v.ID, At: v.At, Pending: true}
		n, err := t.exec(ctx, `update secret_due set attempts = attempts + 1 where secret_id = $1`, o.id)
		if err == nil && n == 0 {
			err = rotate.ErrNotDue
		}
		return err
	})
	return h, err
}

// Settle implements rotate.Owner. What the secret became due for meanwhile stays to be done:
// that the value opens meets a doubt, and nothing else.
func (o *rotating) Settle(ctx context.Context) error {
	err := o.mine(ctx, "rotation.settle", func(t *tx) error {
		var since access.Time
		var cause rotate.Cause
		err := t.row(ctx, dueSince+t.d.forUpdate, o.id).Scan(&since, &cause)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return errNothingDue
		case err != nil:
			return err
		case since != o.since, cause != rotate.InDoubt && cause != rotate.Restored:
			return errNothingDue
		}
		if _, err := t.exec(ctx, retireValues, o.id, o.account); err != nil {
			return err
		}
		if err := t.remains(ctx, o.id, false); err != nil {
			return err
		}
		if err := t.proved(ctx, o.id, 0); err != nil {
			return err
		}
		return t.changed(ctx, o.id.Ref())
	})
	if errors.Is(err, errNothingDue) {
		return nil
	}
	return err
}

// Rest implements rotate.Owner. What it became due for meanwhile does not rest.
func (o *rotating) Rest(ctx context.Context, until access.Time) error {
	return o.db.bookkeep(ctx, func(t *tx) error {
		if err := o.lease.hold(ctx, t); err != nil {
			return err
		}
		_, err := t.exec(ctx, `update secret_due set next_at = $2, state = 'due' where secret_id = $1 and since = $3`, o.id, until, o.since)
		return err
	})
}

const failDue = `
update secret_due set state = $2, code = $3, error = $4, next_at = $5,
       failing_since = case when failing_since = 0 or code <> $3 then $6 else failing_since end
 where secret_id = $1 and since = $7`

// Failed implements rotate.Owner. What it became due for meanwhile is tried without a pause.
func (o *rotating) Failed(ctx context.Context, f rotate.Failure) error {
	return o.mine(ctx, "rotation.fail", func(t *tx) error {
		t.Event.Facts["state"], t.Event.Facts["code"] = string(f.State), f.Code
		_, err := t.exec(ctx, failDue, o.id, string(f.State), f.Code, f.Error, t.At+access.Time(f.After.Microseconds()), t.At, o.since)
		return err
	})
}

const systemHeld = `
select v.id, v.made_at, v.state, k.generation, k.data_key, k.ciphertext, x.safe_id
  from secret x
  join system s on s.id = x.system_id and s.until_set = 0 and s.name = $2
  join secret_version v on v.secret_id = x.id and v.state in ('pending', 'current')
  join vault_sealed k on k.version = v.id
 where x.id = $1 and x.until_set = 0 and x.state = 'live' and x.account_id <> 0
 order by case when v.state = 'current' then 0 else 1 end, v.number desc`

// SystemSecret is what Writ itself signs in to a system with: the current value, and behind
// it those that attempts have left whose end nobody knows.
func (s Rotate) SystemSecret(ctx context.Context, id access.SecretID, system string) (list []rotate.Held, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, systemHeld, []any{id, system}, func(scan func(...any) error) error {
			o := rotating{Rotate: s, id: id}
			h, err := o.held(ctx, func(into ...any) error { return scan(append(into, &o.safe)...) })
			list = append(list, h)
			return err
		})
	})
	if err == nil && len(list) == 0 {
		err = vault.ErrNoVersion.With("the vault has no secret of an account of %s that Writ could sign in with: give it with 'writ secret put', or another credential with 'writ system set'", system)
	}
	return list, err
}
