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
	"github.com/writhq/writ/signin"
)

const (
	sweepChallenges = `delete from passkey_challenge where ends_at <= $1`
	insertChallenge = `
insert into passkey_challenge (hash, purpose, signin_id, client_key, asked, ends_at, after_at) values ($1, $2, $3, $4, $5, $6, $7)`
	// boundChallenges takes the oldest away where there are too many of a sign-in, or of those
	// who are signing in: a flood of questions fills no disk.
	boundChallenges = `
delete from passkey_challenge where hash in (
  select hash from passkey_challenge where signin_id = $1 order by ends_at desc, hash limit $3 offset $2)`
	takeChallenge = `
delete from passkey_challenge where hash = $1 and purpose = $2 and ends_at > $3
returning signin_id, client_key, asked, after_at`
)

// KeepChallenge implements signin.PasskeyStore.
func (s Signin) KeepChallenge(ctx context.Context, c signin.Challenge) error {
	asked, err := json.Marshal(c.Asked)
	if err != nil {
		return err
	}
	return s.db.bookkeep(ctx, func(t *tx) error {
		at, err := s.db.storeTime(ctx, &t.query)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, sweepChallenges, at); err != nil {
			return err
		}
		if err := t.row(ctx, lastTime).Scan(&c.After); err != nil {
			return err
		}
		_, err = t.exec(ctx, insertChallenge, c.Hash[:], string(c.Purpose), c.Signin, c.Key, string(asked), at+micros(signin.ChallengeLasts), c.After)
		if err != nil {
			return err
		}
		most := signin.MaxChallenges
		if c.Signin != 0 {
			most = signin.MaxOwnChallenges
		}
		_, err = t.exec(ctx, boundChallenges, c.Signin, most, boundAtOnce)
		return err
	})
}

// boundAtOnce is how many rows too many are taken away when one comes.
const boundAtOnce = 100

// TakeChallenge implements signin.PasskeyStore.
func (s Signin) TakeChallenge(ctx context.Context, h signin.Hash, p signin.Purpose) (c signin.Challenge, err error) {
	c.Hash, c.Purpose = h, p
	err = s.db.bookkeep(ctx, func(t *tx) error {
		at, err := s.db.storeTime(ctx, &t.query)
		if err != nil {
			return err
		}
		var asked []byte
		err = t.row(ctx, takeChallenge, h[:], string(p), at).Scan(&c.Signin, &c.Key, &asked, &c.After)
		if errors.Is(err, sql.ErrNoRows) {
			return signin.ErrChallenge
		}
		if err != nil {
			return err
		}
		return json.Unmarshal(asked, &c.Asked)
	})
	return c, err
}

const (
	selectPasskey = `select p.id, p.identity_id, p.credential, p.name, p.added_at, p.used_at, p.locked_at from passkey p` //nolint:gosec // no secret: public keys
	ownPasskeys   = selectPasskey + ` where p.identity_id = $1 order by p.id`
	byCredential  = selectPasskey + ` where p.credential_id = $1`
)

func scanPasskey(scan func(...any) error) (p signin.Passkey, err error) {
	var credential []byte
	if err := scan(&p.ID, &p.Identity, &credential, &p.Name, &p.Added, &p.Used, &p.Locked); err != nil {
		return p, err
	}
	return p, json.Unmarshal(credential, &p.Credential)
}

// Passkeys implements signin.PasskeyStore.
func (s Signin) Passkeys(ctx context.Context, of access.IdentityID) (list []signin.Passkey, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, ownPasskeys, []any{of}, func(scan func(...any) error) error {
			p, err := scanPasskey(scan)
			list = append(list, p)
			return err
		})
	})
	return list, err
}

// PasskeyBy implements signin.PasskeyStore.
func (s Signin) PasskeyBy(ctx context.Context, credential []byte) (p signin.Passkey, err error) {
	err = s.db.read(ctx, func(q *query) error {
		p, err = scanPasskey(q.row(ctx, byCredential, credential).Scan)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return p, signin.ErrPasskey
	}
	return p, err
}

const insertPasskey = `
insert into passkey (id, identity_id, credential_id, credential, counter, name, added_at) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (credential_id) do nothing`

// AddPasskey implements signin.PasskeyStore.
func (s Signin) AddPasskey(ctx context.Context, p signin.Passkey, by access.SigninID) (signin.Passkey, error) {
	text, err := json.Marshal(p.Credential)
	if err != nil {
		return p, fmt.Errorf("writing a passkey: %w", err)
	}
	e := audit.Event{
		Action: "passkey.add", Subjects: []access.IdentityID{p.Identity}, Personal: map[string]string{"name": p.Name},
		Facts: map[string]string{"identity": p.Identity.String(), "signin": by.String()},
	}
	err = s.db.change(ctx, e, func(t *tx) error {
		if err := t.worksHere(ctx, p.Identity); err != nil {
			return err
		}
		key, err := t.newKeys(ctx, access.KindPasskey, 1)
		if err != nil {
			return err
		}
		p.ID, p.Added = access.PasskeyID(key), t.At
		t.Event.Object = p.ID.Ref()
		counter := int64(p.Credential.Authenticator.SignCount)
		n, err := t.exec(ctx, insertPasskey, key, p.Identity, p.Credential.ID, string(text), counter, p.Name, p.Added)
		switch {
		case err != nil:
			return err
		case n == 0:
			return signin.ErrPasskeyKnown
		}
		return t.confirm(ctx, by)
	})
	return p, err
}

const (
	// countedPasskey makes the answers of one passkey wait for each other.
	countedPasskey = `select counter, used_at, locked_at from passkey where id = $1 and identity_id = $2` //nolint:gosec // no secret
	usePasskey     = `update passkey set counter = $2, credential = $3, used_at = $4 where id = $1`
)

// usePasskey keeps inside a change that a passkey was used, once for each count.
func (t *tx) usePasskey(ctx context.Context, of access.IdentityID, p signin.PasskeyUse) error {
	var counted uint32
	var used, locked access.Time
	err := t.row(ctx, countedPasskey+t.d.forUpdate, p.ID, of).Scan(&counted, &used, &locked)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return signin.ErrPasskey
	case err != nil:
		return err
	case locked != 0:
		return signin.ErrLocked
	}
	if err := p.Follows(counted, used); err != nil {
		return err
	}
	text, err := json.Marshal(p.Credential)
	if err != nil {
		return err
	}
	t.fact("passkey", p.ID.String())
	_, err = t.exec(ctx, usePasskey, p.ID, int64(p.Count), string(text), t.At)
	return err
}

const lockPasskey = `update passkey set locked_at = $3 where id = $1 and identity_id = $2 and locked_at = 0` //nolint:gosec // no secret

// LockPasskey implements signin.PasskeyStore.
func (s Signin) LockPasskey(ctx context.Context, p signin.Passkey, why signin.Reason) error {
	e := audit.Event{
		Action: "passkey.lock", Object: p.ID.Ref(), Subjects: []access.IdentityID{p.Identity},
		Facts: map[string]string{"identity": p.Identity.String(), "reason": string(why)},
	}
	return s.db.change(ctx, e, func(t *tx) error {
		n, err := t.exec(ctx, lockPasskey, p.ID, p.Identity, t.At)
		switch {
		case err != nil:
			return err
		case n == 0:
			return signin.ErrLocked
		}
		n, err = t.exec(ctx, endSignins, p.Identity)
		t.fact("ended", strconv.FormatInt(n, 10))
		return err
	})
}

const (
	// lockIdentity makes those who remove passkeys of one identity wait for each other.
	lockIdentity  = `select count(*) from (select id from identity where id = $1 and until_set = 0`
	otherPasskeys = `select count(*) from passkey where identity_id = $1 and id <> $2 and locked_at = 0` //nolint:gosec // no secret
	removePasskey = `delete from passkey where id = $1 and identity_id = $2 returning name`
)

// RemovePasskey implements signin.PasskeyStore.
func (s Signin) RemovePasskey(ctx context.Context, of access.IdentityID, id access.PasskeyID, last bool) error {
	e := audit.Event{
		Action: "passkey.remove", Object: id.Ref(), Subjects: []access.IdentityID{of},
		Facts: map[string]string{"identity": of.String()},
	}
	return s.db.change(ctx, e, func(t *tx) error {
		var others int
		if err := t.row(ctx, lockIdentity+t.d.forUpdate+`) i`, of).Scan(&others); err != nil {
			return err
		}
		if err := t.row(ctx, otherPasskeys, of, id).Scan(&others); err != nil {
			return err
		}
		if others == 0 && !last {
			return signin.ErrLastPasskey
		}
		var name string
		err := t.row(ctx, removePasskey, id, of).Scan(&name)
		if errors.Is(err, sql.ErrNoRows) {
			return signin.ErrNoPasskey
		}
		t.personal("name", name)
		return err
	})
}
