package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
)

// Vault is the store of package vault.
type Vault struct{ db *DB }

// Vault returns the store of package vault.
func (db *DB) Vault() Vault { return Vault{db} }

var _ vault.Store = Vault{}

const (
	safeColumns = `f.id, f.from_set, f.name, f.description, f.scope_id, f.owner_id, f.deputy_id, f.terms, f.sharing, f.rotates, f.outside`
	selectSafes = `select ` + safeColumns + ` from safe f where f.until_set = 0 order by f.name`
	selectSafe  = `select ` + safeColumns + ` from safe f where f.id = $1 and f.until_set = 0`
	safeByName  = `select ` + safeColumns + ` from safe f where f.name = $1 and f.until_set = 0`
	safeCalled  = `select count(*) from safe f where f.name = $1 and f.until_set = 0 and f.id <> $2`
	insertSafe  = `insert into safe (id, from_set, name, description, scope_id, owner_id, deputy_id, terms, sharing, rotates, outside) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	endSafe     = `update safe set until_set = $1 where id = $2 and until_set = 0 and ($3 = 0 or from_set = $3)`

	rightColumns = `r.safe_id, r.holder_kind, r.holder_id, r.level, r.ends_at, r.reason, s.at`
	selectRights = `select ` + rightColumns + ` from safe_right r join change_set s on s.id = r.from_set where r.until_set = 0 and (r.ends_at = 0 or r.ends_at > $1) order by r.safe_id, r.level, r.holder_kind, r.holder_id`
	rightsIn     = `select ` + rightColumns + ` from safe_right r join change_set s on s.id = r.from_set where r.safe_id = $1 and r.until_set = 0 and (r.ends_at = 0 or r.ends_at > $2) order by r.level, r.holder_kind, r.holder_id`
	rightThere   = `select r.ends_at from safe_right r where r.safe_id = $1 and r.holder_kind = $2 and r.holder_id = $3 and r.level = $4 and r.until_set = 0`
	insertRight  = `insert into safe_right (safe_id, holder_kind, holder_id, level, from_set, ends_at, reason) values ($1, $2, $3, $4, $5, $6, $7)`
	endRight     = `update safe_right set until_set = $1 where safe_id = $2 and holder_kind = $3 and holder_id = $4 and level = $5 and until_set = 0`
)

func scanSafe(scan func(...any) error) (s vault.Safe, err error) {
	var outside int64
	err = scan(&s.ID, &s.Version, &s.Name, &s.Description, &s.Scope, &s.Owner, &s.Deputy, asJSON{&s.Terms}, &s.Sharing, &s.Rotates, &outside)
	s.Outside = time.Duration(outside) * time.Microsecond
	return s, err
}

// Safes implements vault.Store.
func (s Vault) Safes(ctx context.Context) (list []vault.Safe, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, selectSafes, nil, func(scan func(...any) error) error {
			x, err := scanSafe(scan)
			list = append(list, x)
			return err
		})
	})
	return list, err
}

// Safe implements vault.Store.
func (s Vault) Safe(ctx context.Context, id access.SafeID) (x vault.Safe, err error) {
	err = s.db.read(ctx, func(q *query) error {
		x, err = q.safe(ctx, id, "")
		return err
	})
	return x, err
}

// SafeCalled implements vault.Store.
func (s Vault) SafeCalled(ctx context.Context, name string) (x vault.Safe, err error) {
	err = s.db.read(ctx, func(q *query) error {
		x, err = q.safeCalled(ctx, name)
		return err
	})
	return x, err
}

func (q *query) safeCalled(ctx context.Context, name string) (vault.Safe, error) {
	x, err := scanSafe(q.row(ctx, safeByName, name).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return x, vault.ErrNoSafe
	}
	return x, err
}

func (q *query) safe(ctx context.Context, id access.SafeID, lock string) (vault.Safe, error) {
	x, err := scanSafe(q.row(ctx, selectSafe+lock, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return x, vault.ErrNoSafe
	}
	return x, err
}

// NewSafeID implements vault.Store.
func (s Vault) NewSafeID(ctx context.Context) (id access.SafeID, err error) {
	err = s.db.bookkeep(ctx, func(t *tx) error {
		key, err := t.newKeys(ctx, access.KindSafe, 1)
		id = access.SafeID(key)
		return err
	})
	return id, err
}

// safeFacts are what the log keeps of a safe for ever.
func safeFacts(x vault.Safe) map[string]string {
	return map[string]string{
		"owner": x.Owner.String(), "deputy": x.Deputy.String(), "scope": x.Scope.String(), "sharing": string(x.Sharing),
		"rotates": strconv.FormatBool(x.Rotates), "stages": strconv.Itoa(len(x.Terms.Stages)), "mfa": strconv.FormatBool(x.Terms.MFA), "most": strconv.FormatInt(x.Terms.Most.Microseconds(), 10),
		"outside": strconv.FormatInt(x.Outside.Microseconds(), 10),
	}
}

// AddSafe implements vault.Store.
func (s Vault) AddSafe(ctx context.Context, x vault.Safe, key keys.SafeKey, reason string) error {
	e := audit.Event{Action: "safe.add", Object: x.ID.Ref(), Facts: safeFacts(x), Personal: map[string]string{"name": x.Name, "reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		if err := t.putSafe(ctx, x); err != nil {
			return err
		}
		return t.putSafeKey(ctx, key)
	})
}

// ChangeSafe implements vault.Store.
func (s Vault) ChangeSafe(ctx context.Context, x vault.Safe, reason string) error {
	e := audit.Event{Action: "safe.change", Object: x.ID.Ref(), Facts: safeFacts(x), Personal: map[string]string{"name": x.Name, "reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		if _, err := t.safe(ctx, x.ID, t.d.forUpdate); err != nil {
			return err
		}
		if n, err := t.exec(ctx, endSafe, t.Set, x.ID, x.Version); err != nil || n == 0 {
			return errors.Join(err, vault.ErrSafeStale)
		}
		return t.putSafe(ctx, x)
	})
}

func (t *tx) putSafe(ctx context.Context, x vault.Safe) error {
	var taken int
	if err := t.row(ctx, safeCalled, x.Name, x.ID).Scan(&taken); err != nil {
		return err
	}
	if taken > 0 {
		return vault.ErrSafeName
	}
	if err := t.safePeople(ctx, x); err != nil {
		return err
	}
	terms, err := json.Marshal(x.Terms)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, insertSafe, x.ID, t.Set, x.Name, x.Description, x.Scope, x.Owner, x.Deputy, string(terms), string(x.Sharing), x.Rotates, x.Outside.Microseconds()); err != nil {
		return err
	}
	return t.changed(ctx, x.ID.Ref())
}

var worksHere = `select i.state, i.kind from identity i where i.id = $1 and ` + now("i")

// mayAct is nil where somebody may hold access, as this transaction sees it.
func (t *tx) mayAct(ctx context.Context, id access.IdentityID, otherwise error, kinds ...access.IdentityKind) error {
	var state access.IdentityState
	var kind access.IdentityKind
	err := t.row(ctx, worksHere, id).Scan(&state, &kind)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return otherwise
	case err != nil:
		return err
	case !state.MayHoldAccess(), len(kinds) > 0 && kind != kinds[0]:
		return otherwise
	}
	return nil
}

// safePeople refuses who could not answer for a safe, and a scope that is not there.
func (t *tx) safePeople(ctx context.Context, x vault.Safe) error {
	for _, id := range []access.IdentityID{x.Owner, x.Deputy} {
		if id == 0 {
			continue
		}
		if err := t.mayAct(ctx, id, vault.ErrSafe.With("the owner of a safe, and the deputy, is a person who works here"), access.Human); err != nil {
			return err
		}
	}
	if x.Scope == 0 {
		return nil
	}
	var there int
	if err := t.row(ctx, scopeThere, x.Scope).Scan(&there); err != nil {
		return err
	}
	if there == 0 {
		return vault.ErrSafe.With("there is no scope %s", x.Scope)
	}
	return nil
}

// Rights implements vault.Store.
func (s Vault) Rights(ctx context.Context, in access.SafeID) (list []vault.Right, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		text, args := selectRights, []any{at}
		if in != 0 {
			text, args = rightsIn, []any{in, at}
		}
		list, err = q.rights(ctx, text, args...)
		return err
	})
	return list, err
}

func (q *query) rights(ctx context.Context, text string, args ...any) (list []vault.Right, err error) {
	err = q.each(ctx, text, args, func(scan func(...any) error) error {
		var r vault.Right
		defer func() { list = append(list, r) }()
		return scan(&r.Safe, &r.Holder.Kind, &r.Holder.Key, &r.Level, &r.Ends, &r.Reason, &r.Since)
	})
	return list, err
}

// rightEvent is what the log keeps of a right that is given or taken.
func rightEvent(action string, r vault.Right, reason string) audit.Event {
	e := audit.Event{
		Action: action, Object: r.Safe.Ref(), Personal: map[string]string{"reason": reason},
		Facts: map[string]string{"holder": r.Holder.String(), "right": string(r.Level)},
	}
	if r.Holder.Kind == access.KindIdentity {
		e.Subjects = []access.IdentityID{access.IdentityID(r.Holder.Key)}
	}
	return e
}

// Grant implements vault.Store.
func (s Vault) Grant(ctx context.Context, r vault.Right) error {
	e := rightEvent("safe.grant", r, r.Reason)
	e.Facts["until"] = strconv.FormatInt(int64(r.Ends), 10)
	return s.db.change(ctx, e, func(t *tx) error {
		if err := r.Validate(t.At); err != nil {
			return err
		}
		if _, err := t.safe(ctx, r.Safe, t.d.forUpdate); err != nil {
			return err
		}
		var ends access.Time
		err := t.row(ctx, rightThere, r.Safe, r.Holder.Kind, r.Holder.Key, string(r.Level)).Scan(&ends)
		switch {
		case err == nil && (ends == 0 || ends > t.At):
			return vault.ErrRightHeld
		case err == nil:
			if _, err := t.exec(ctx, endRight, t.Set, r.Safe, r.Holder.Kind, r.Holder.Key, string(r.Level)); err != nil {
				return err
			}
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if _, err := t.exec(ctx, insertRight, r.Safe, r.Holder.Kind, r.Holder.Key, string(r.Level), t.Set, r.Ends, r.Reason); err != nil {
			return err
		}
		if err := t.due(ctx, r.Safe.Ref(), r.Ends); err != nil {
			return err
		}
		return t.changed(ctx, r.Safe.Ref())
	})
}

// Revoke implements vault.Store.
func (s Vault) Revoke(ctx context.Context, r vault.Right, reason string) error {
	return s.db.change(ctx, rightEvent("safe.revoke", r, reason), func(t *tx) error {
		n, err := t.exec(ctx, endRight, t.Set, r.Safe, r.Holder.Kind, r.Holder.Key, string(r.Level))
		if err != nil {
			return err
		}
		if n == 0 {
			return vault.ErrNoRight
		}
		return t.changed(ctx, r.Safe.Ref())
	})
}
