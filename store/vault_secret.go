package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
)

const (
	keptColumns = `x.id, x.from_set, x.safe_id, x.name, x.kind, x.description, x.labels, x.system_id, x.account_id, x.sharing, x.rules, x.state,
       coalesce(v.number, 0), coalesce(v.made_at, 0), coalesce((select max(l.number) from secret_version l where l.secret_id = x.id), 0), coalesce(d.since, 0), coalesce(d.cause, '')`
	fromSecrets = ` from secret x
  left join secret_version v on v.secret_id = x.id and v.state = 'current'
  left join secret_due d on d.secret_id = x.id
 where x.until_set = 0`
	allSecrets   = `select ` + keptColumns + fromSecrets + ` order by x.safe_id, x.name, x.id`
	secretsIn    = `select ` + keptColumns + fromSecrets + ` and x.safe_id = $1 order by x.name, x.id`
	secretCalled = `select ` + keptColumns + fromSecrets + ` and x.safe_id = $1 and x.name = $2 and x.state <> 'destroyed'`
	oneSecret    = `select ` + keptColumns + fromSecrets + ` and x.id = $1`
	lockKept     = `select x.from_set, x.state from secret x where x.id = $1 and x.until_set = 0`
	accountKept  = `
select (select count(*) from secret o where o.account_id = $1 and o.account_id <> 0 and o.kind = $2 and o.id <> $3 and o.until_set = 0 and o.state <> 'destroyed')
     + (select count(*) from secret_pair p where p.other_id = $1 and p.secret_id <> $3)`
	nameThere     = `select count(*) from secret x where x.safe_id = $1 and x.name = $2 and x.until_set = 0 and x.state <> 'destroyed' and x.id <> $3`
	insertSecret  = `insert into secret (id, from_set, safe_id, name, kind, description, labels, system_id, account_id, sharing, rules, state) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
	endSecret     = `update secret set until_set = $1 where id = $2 and until_set = 0`
	lastVersion   = `select coalesce(max(v.number), 0) from secret_version v where v.secret_id = $1`
	currentNumber = `select coalesce(max(v.number), 0) from secret_version v where v.secret_id = $1 and v.state = 'current'`
	insertVersion = `
insert into secret_version (id, secret_id, number, state, made_by, made_at, public, account_id)
values ($1, $2, $3, $4, $5, $6, $7, case when cast($8 as bigint) <> 0 then cast($8 as bigint) else coalesce((select p.live_id from secret_pair p where p.secret_id = $2), 0) end)`
	retireCurrent = `update secret_version set state = 'previous' where secret_id = $1 and state = 'current'`
	insertSeen    = `insert into secret_seen (secret_id, version_id, identity_id, how, at, checkout_id) values ($1, $2, $3, $4, $5, $6)`
	doneDue       = `delete from secret_due where secret_id = $1`
	loginOf       = `coalesce((select a.login from account a where a.id = v.account_id order by a.from_set desc limit 1), '')`
	versionsOf    = `select v.id, v.number, v.state, v.made_by, v.made_at, v.ended_at, v.public, ` + loginOf + ` from secret_version v where v.secret_id = $1 order by v.number desc`
	seenOf        = `select n.id, n.secret_id, n.version_id, v.number, v.state, n.identity_id, n.how, n.at, n.checkout_id, n.share_id, coalesce(h.recipient, '') from secret_seen n join secret_version v on v.id = n.version_id left join share h on h.id = n.share_id where n.secret_id = $1 and n.id < $2 order by n.id desc limit $3`
	seenBy        = `select n.id, n.secret_id, n.version_id, v.number, v.state, n.identity_id, n.how, n.at, n.checkout_id, n.share_id, coalesce(h.recipient, '') from secret_seen n join secret_version v on v.id = n.version_id left join share h on h.id = n.share_id where n.identity_id = $1 and n.id < $2 order by n.id desc limit $3`
)

func scanSecret(scan func(...any) error) (x vault.Secret, err error) {
	err = scan(&x.ID, &x.Version, &x.Safe, &x.Name, &x.Kind, &x.Description, asJSON{&x.Labels}, &x.System, &x.Account, &x.Sharing, asJSON{&x.Rules}, &x.State,
		&x.Number, &x.Since, &x.Last, &x.Due, &x.Cause)
	return x, err
}

// Secrets implements vault.Store.
func (s Vault) Secrets(ctx context.Context, q vault.Query) (list []vault.Secret, err error) {
	text, args := allSecrets, []any(nil)
	switch {
	case q.ID != 0:
		text, args = oneSecret, []any{q.ID}
	case q.Safe != 0 && q.Name != "":
		text, args = secretCalled, []any{q.Safe, q.Name}
	case q.Safe != 0:
		text, args = secretsIn, []any{q.Safe}
	}
	err = s.db.read(ctx, func(r *query) error {
		return r.each(ctx, text, args, func(scan func(...any) error) error {
			x, err := scanSecret(scan)
			list = append(list, x)
			return err
		})
	})
	return list, err
}

// Versions implements vault.Store.
func (s Vault) Versions(ctx context.Context, id access.SecretID) (list []vault.Version, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, versionsOf, []any{id}, func(scan func(...any) error) error {
			var v vault.Version
			defer func() { list = append(list, v) }()
			return scan(&v.ID, &v.Number, &v.State, &v.By, &v.At, &v.Ended, &v.Public, &v.Login)
		})
	})
	return list, err
}

// Seen implements vault.Store.
func (s Vault) Seen(ctx context.Context, q vault.SeenQuery) (list []vault.Seen, next int64, err error) {
	text, of := seenBy, int64(q.By)
	if q.Secret != 0 {
		text, of = seenOf, int64(q.Secret)
	}
	before := q.Before
	if before == 0 {
		before = 1<<63 - 1
	}
	err = s.db.read(ctx, func(r *query) error {
		return r.each(ctx, text, []any{of, before, q.First + 1}, func(scan func(...any) error) error {
			var x vault.Seen
			var row int64
			if err := scan(&row, &x.Secret, &x.Version, &x.Number, &x.State, &x.By, &x.How, &x.At, &x.Checkout, &x.Share, &x.Outsider); err != nil {
				return err
			}
			if len(list) == q.First {
				next = before
				return nil
			}
			list, before = append(list, x), row
			return nil
		})
	})
	return list, next, err
}

// secretFacts are what the log keeps of a secret for ever.
func secretFacts(x vault.Secret) map[string]string {
	return map[string]string{"safe": x.Safe.String(), "kind": string(x.Kind), "system": x.System.String(), "account": x.Account.String()}
}

// putSecret writes a row of a secret.
func (t *tx) putSecret(ctx context.Context, x vault.Secret) error {
	var taken int
	if err := t.row(ctx, nameThere, x.Safe, x.Name, x.ID).Scan(&taken); err != nil {
		return err
	}
	if taken > 0 && x.State != vault.Destroyed {
		return vault.ErrSecretName
	}
	if x.Account != 0 && x.State != vault.Destroyed {
		if err := t.row(ctx, accountKept, x.Account, string(x.Kind), x.ID).Scan(&taken); err != nil {
			return err
		}
		if taken > 0 {
			return vault.ErrAccountKept
		}
	}
	if x.Labels == nil {
		x.Labels = map[string]string{}
	}
	labels, err := json.Marshal(x.Labels)
	if err != nil {
		return err
	}
	rules, err := json.Marshal(x.Rules)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, insertSecret, x.ID, t.Set, x.Safe, x.Name, string(x.Kind), x.Description, string(labels), x.System, x.Account, string(x.Sharing), string(rules), string(x.State)); err != nil {
		return err
	}
	return t.changed(ctx, x.ID.Ref())
}

// AddSecret implements vault.Store.
func (s Vault) AddSecret(ctx context.Context, x vault.Secret, v vault.Value, seal vault.Sealer) (access.SecretID, error) {
	e := audit.Event{Action: "secret.add", Facts: secretFacts(x), Personal: map[string]string{"name": x.Name}}
	var err error
	err = s.db.change(ctx, e, func(t *tx) error {
		x.ID, err = t.addSecret(ctx, x, v, seal)
		t.Event.Object = x.ID.Ref()
		return err
	})
	return x.ID, err
}

func (t *tx) addSecret(ctx context.Context, x vault.Secret, v vault.Value, seal vault.Sealer) (access.SecretID, error) {
	if _, err := t.safe(ctx, x.Safe, t.d.forUpdate); err != nil {
		return 0, err
	}
	key, err := t.newKeys(ctx, access.KindSecret, 1)
	if err != nil {
		return 0, err
	}
	x.ID, x.State = access.SecretID(key), vault.Live
	if err := t.putSecret(ctx, x); err != nil {
		return 0, err
	}
	_, err = t.putVersion(ctx, x, 1, v, seal)
	return x.ID, err
}

// AddSecrets implements vault.Store.
func (s Vault) AddSecrets(ctx context.Context, in access.SafeID, list []vault.New) error {
	e := audit.Event{Action: "secret.import", Object: in.Ref(), Facts: map[string]string{"secrets": strconv.Itoa(len(list))}}
	return s.db.change(ctx, e, func(t *tx) error {
		for _, x := range list {
			if x.Secret.Safe != in {
				return vault.ErrNoSafe
			}
			if _, err := t.addSecret(ctx, x.Secret, x.Value, x.Seal); err != nil {
				return err
			}
		}
		return nil
	})
}

// Put implements vault.Store.
func (s Vault) Put(ctx context.Context, x vault.Secret, v vault.Value, seal vault.Sealer) (made vault.Version, err error) {
	e := audit.Event{Action: "secret.put", Object: x.ID.Ref(), Facts: map[string]string{"safe": x.Safe.String()}}
	err = s.db.change(ctx, e, func(t *tx) error {
		if _, err := t.liveSecret(ctx, x.ID); err != nil {
			return err
		}
		var last, current int
		if err := t.row(ctx, lastVersion, x.ID).Scan(&last); err != nil {
			return err
		}
		if err := t.row(ctx, currentNumber, x.ID).Scan(&current); err != nil {
			return err
		}
		if v.Base > 0 && v.Base != current || v.Base < 0 && current != 0 {
			return vault.ErrSecretStale.With("the current version of the secret is %d by now: look at it again, then decide", current)
		}
		made, err = t.putVersion(ctx, x, last+1, v, seal)
		if err != nil {
			return err
		}
		return t.changed(ctx, x.ID.Ref())
	})
	return made, err
}

// liveSecret locks a secret, and refuses one that is deleted or destroyed. It returns its
// row.
func (t *tx) liveSecret(ctx context.Context, id access.SecretID) (row int64, err error) {
	var state vault.State
	err = t.row(ctx, lockKept+t.d.forUpdate, id).Scan(&row, &state)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, vault.ErrNoSecret
	case err == nil && state != vault.Live:
		return 0, vault.ErrSecretGone
	}
	return row, err
}

// putVersion seals a value for its place and keeps it.
func (t *tx) putVersion(ctx context.Context, x vault.Secret, number int, v vault.Value, seal vault.Sealer) (made vault.Version, err error) {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return made, err
	}
	key, err := t.newKeys(ctx, access.KindVersion, 1)
	if err != nil {
		return made, err
	}
	made = vault.Version{ID: access.VersionID(key), Number: number, State: vault.Current, By: actor.String(), At: t.At, Public: v.Public}
	if v.Pending {
		made.State = vault.Pending
	} else if err := t.newCurrent(ctx, x.ID); err != nil {
		return made, err
	}
	at := keys.Place{Safe: x.Safe, Secret: x.ID, Version: made.ID}
	sealed, err := seal(at)
	if err != nil {
		return made, err
	}
	if err := t.putSealed(ctx, at, sealed); err != nil {
		return made, err
	}
	if _, err := t.exec(ctx, insertVersion, made.ID, x.ID, number, string(made.State), made.By, t.At, made.Public, v.Account); err != nil {
		return made, err
	}
	if number > 1 && !v.Pending {
		if _, err := t.exec(ctx, tellOf, x.ID, made.ID, t.At); err != nil {
			return made, err
		}
	}
	t.Event.Facts["version"], t.Event.Facts["number"] = made.ID.String(), strconv.Itoa(number)
	t.Event.Facts["state"] = string(made.State)
	if v.Written && actor.Identity != 0 {
		t.Event.Facts["written"] = "true"
		_, err = t.exec(ctx, insertSeen, x.ID, made.ID, actor.Identity, string(vault.Wrote), t.At, 0)
	}
	return made, err
}

// formerDue keeps an account due that was live before a switch.
const formerDue = `
insert into secret_due (secret_id, since, cause, urgency, next_at)
select p.secret_id, cast($2 as bigint), 'switch', 0, p.former_until from secret_pair p where p.secret_id = $1 and p.former_until <> 0`

// newCurrent makes room for another current version: that it was due has been met.
func (t *tx) newCurrent(ctx context.Context, id access.SecretID) error {
	if _, err := t.exec(ctx, retireCurrent, id); err != nil {
		return err
	}
	if _, err := t.exec(ctx, doneDue, id); err != nil {
		return err
	}
	if _, err := t.exec(ctx, proofPut, id); err != nil {
		return err
	}
	_, err := t.exec(ctx, formerDue, id, t.At)
	return err
}

// ChangeSecret implements vault.Store.
func (s Vault) ChangeSecret(ctx context.Context, x vault.Secret) error {
	e := audit.Event{Action: "secret.change", Object: x.ID.Ref(), Facts: secretFacts(x), Personal: map[string]string{"name": x.Name}}
	return s.db.change(ctx, e, func(t *tx) error {
		row, err := t.liveSecret(ctx, x.ID)
		if err != nil {
			return err
		}
		if x.Version != 0 && x.Version != row {
			return vault.ErrSecretStale
		}
		p, paired, err := t.paired(ctx, x.ID)
		if err == nil && paired && x.Account != p.First {
			err = rotate.ErrPaired
		}
		if err != nil {
			return err
		}
		x.State = vault.Live
		return t.nextSecret(ctx, x)
	})
}

// nextSecret has a row of a secret take the place of the one before.
func (t *tx) nextSecret(ctx context.Context, x vault.Secret) error {
	if n, err := t.exec(ctx, endSecret, t.Set, x.ID); err != nil || n == 0 {
		return errors.Join(err, vault.ErrNoSecret)
	}
	return t.putSecret(ctx, x)
}

// stepActions are how the log names the steps.
var stepActions = map[vault.Step]string{vault.Delete: "secret.delete", vault.Undelete: "secret.undelete", vault.Destroy: "secret.destroy", vault.Promote: "secret.promote"}

// Step implements vault.Store. What is destroyed leaves the write-ahead log too.
func (s Vault) Step(ctx context.Context, x vault.Secret, number int, step vault.Step, reason string) error {
	e := audit.Event{
		Action: stepActions[step], Object: x.ID.Ref(), Personal: map[string]string{"reason": reason},
		Facts: map[string]string{"safe": x.Safe.String(), "number": strconv.Itoa(number)},
	}
	err := s.db.change(ctx, e, func(t *tx) error {
		var row int64
		var state vault.State
		err := t.row(ctx, lockKept+t.d.forUpdate, x.ID).Scan(&row, &state)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return vault.ErrNoSecret
		case err != nil:
			return err
		case row != x.Version:
			return vault.ErrSecretStale
		case state == vault.Destroyed:
			return vault.ErrSecretGone
		}
		if number != 0 {
			err = t.stepVersion(ctx, x.ID, number, step)
		} else {
			err = t.stepSecret(ctx, x, step)
		}
		if err != nil {
			return err
		}
		return t.changed(ctx, x.ID.Ref())
	})
	if err == nil && step == vault.Destroy {
		err = s.db.flushWAL(ctx)
	}
	return err
}

// stepSecret is a step of a secret with all of its versions.
func (t *tx) stepSecret(ctx context.Context, x vault.Secret, step vault.Step) error {
	from := map[vault.Step]vault.State{vault.Delete: vault.Live, vault.Undelete: vault.Deleted, vault.Destroy: x.State}[step]
	if from == "" || x.State != from {
		return vault.ErrVersionState.With("a secret that is %s cannot be %s", x.State, done[step])
	}
	switch step {
	case vault.Delete:
		x.State = vault.Deleted
	case vault.Undelete:
		x.State = vault.Live
	case vault.Destroy, vault.Promote:
		x.State = vault.Destroyed
		if err := t.dropVersions(ctx, versionKeys, x.ID); err != nil {
			return err
		}
		if _, err := t.exec(ctx, destroyAll, x.ID, t.At); err != nil {
			return err
		}
		for _, text := range []string{doneDue, `delete from secret_pair where secret_id = $1`, `delete from secret_consumer where secret_id = $1`} {
			if _, err := t.exec(ctx, text, x.ID); err != nil {
				return err
			}
		}
	}
	return t.nextSecret(ctx, x)
}

var done = map[vault.Step]string{vault.Delete: "deleted", vault.Undelete: "brought back", vault.Destroy: "destroyed", vault.Promote: "made the current one"}

const (
	deleteVersion   = `update secret_version set was = state, state = 'deleted', ended_at = $3 where secret_id = $1 and number = $2 and state in ('pending', 'current', 'previous')`
	undeleteVersion = `
update secret_version set state = case when was <> 'current' then was when exists (select 1 from secret_version o where o.secret_id = $1 and o.state = 'current') then 'previous' else 'current' end, was = '', ended_at = 0
 where secret_id = $1 and number = $2 and state = 'deleted'`
	destroyVersion = `update secret_version set state = 'destroyed', was = '', ended_at = $3, public = '' where secret_id = $1 and number = $2 and state <> 'destroyed'`
	destroyAll     = `update secret_version set state = 'destroyed', was = '', ended_at = $2, public = '' where secret_id = $1 and state <> 'destroyed'`
	promoteVersion = `update secret_version set state = 'current' where secret_id = $1 and number = $2 and state = 'pending'`
)

const (
	versionKeys = `select v.id from secret_version v where v.secret_id = $1 and v.state <> 'destroyed'`
	versionKey  = `select v.id from secret_version v where v.secret_id = $1 and v.number = $2 and v.state <> 'destroyed'`
)

// dropVersions destroys what versions are sealed as.
func (t *tx) dropVersions(ctx context.Context, text string, args ...any) error {
	var list []access.VersionID
	err := t.each(ctx, text, args, func(scan func(...any) error) error {
		var id access.VersionID
		defer func() { list = append(list, id) }()
		return scan(&id)
	})
	for _, id := range list {
		err = errors.Join(err, t.dropSealed(ctx, id))
	}
	return err
}

func (t *tx) stepVersion(ctx context.Context, id access.SecretID, number int, step vault.Step) error {
	text, args := "", []any{id, number}
	switch step {
	case vault.Delete:
		text, args = deleteVersion, append(args, t.At)
	case vault.Undelete:
		text = undeleteVersion
	case vault.Destroy:
		text, args = destroyVersion, append(args, t.At)
		if err := t.dropVersions(ctx, versionKey, id, number); err != nil {
			return err
		}
	case vault.Promote:
		text = promoteVersion
		if err := t.newCurrent(ctx, id); err != nil {
			return err
		}
	}
	n, err := t.exec(ctx, text, args...)
	if err == nil && n == 0 {
		err = vault.ErrVersionState.With("the secret has no version %d that can be %s", number, done[step])
	}
	if err == nil && step == vault.Promote {
		err = t.tellNumber(ctx, id, number)
	}
	if err != nil {
		return fmt.Errorf("version %d: %w", number, err)
	}
	return nil
}

// tellNumber has those told who use a secret that a version is the current one.
func (t *tx) tellNumber(ctx context.Context, id access.SecretID, number int) error {
	var version access.VersionID
	if err := t.row(ctx, `select v.id from secret_version v where v.secret_id = $1 and v.number = $2`, id, number).Scan(&version); err != nil {
		return err
	}
	_, err := t.exec(ctx, tellOf, id, version, t.At)
	return err
}
