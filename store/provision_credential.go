package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/provision"
)

const (
	credentialsFor = `
select c.target_id, x.system_id, x.identity_id, c.recipient_id, x.login, c.ends_at
  from first_credential c join account_target x on x.id = c.target_id and x.until_set = 0
 where c.recipient_id = $1 and c.sealed is not null and c.kept_at <> 0 and c.ends_at > $2 and x.state = 'enabled' order by c.id`
	pickUp = `update first_credential set sealed = null, picked_at = $2 where id = $1 and sealed is not null`
	ended  = `update first_credential set sealed = null where sealed is not null and ends_at <= $1`
)

// Credentials implements provision.CredentialStore.
func (s Provision) Credentials(ctx context.Context, recipient access.IdentityID) (list []provision.FirstCredential, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		list, err = q.credentialsFor(ctx, recipient, at)
		return err
	})
	return list, err
}

func (q *query) credentialsFor(ctx context.Context, recipient access.IdentityID, at access.Time) (list []provision.FirstCredential, err error) {
	if recipient == 0 {
		return nil, nil
	}
	err = q.each(ctx, credentialsFor, []any{recipient, at}, func(scan func(...any) error) error {
		var c provision.FirstCredential
		defer func() { list = append(list, c) }()
		return scan(&c.Target, &c.System, &c.Identity, &c.Recipient, &c.Login, &c.Ends)
	})
	return list, err
}

// PickUp implements provision.CredentialStore. What is returned is destroyed in the same
// change: of two who ask at once, one gets it.
func (s Provision) PickUp(ctx context.Context, target access.TargetID, recipient access.IdentityID) (c provision.FirstCredential, plain secret.Secret, err error) {
	e := audit.Event{Action: "provision.pick_up", Object: target.Ref(), Facts: map[string]string{"recipient": recipient.String()}}
	if recipient != 0 {
		e.Subjects = []access.IdentityID{recipient}
	}
	err = s.db.change(ctx, e, func(t *tx) error {
		list, err := t.credentialsFor(ctx, recipient, t.At)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(c provision.FirstCredential) bool { return c.Target == target })
		if i < 0 {
			return provision.ErrCredential
		}
		c = list[i]
		var row int64
		var sealed []byte
		err = t.row(ctx, `select id, sealed from first_credential where target_id = $1 and sealed is not null`+t.d.forUpdate, target).Scan(&row, &sealed)
		if errors.Is(err, sql.ErrNoRows) {
			return provision.ErrCredential
		}
		if err != nil {
			return err
		}
		if plain, err = t.db.sealer.Open(sealed, firstCredentialPlace(row)); err != nil {
			return err
		}
		n, err := t.exec(ctx, pickUp, row, t.At)
		if err == nil && n == 0 {
			err = provision.ErrCredential
		}
		return err
	})
	if err != nil {
		return c, secret.Secret{}, err
	}
	return c, plain, s.db.flushWAL(ctx)
}

// EndCredentials implements provision.CredentialStore.
func (s Provision) EndCredentials(ctx context.Context) (n int64, err error) {
	err = s.db.change(ctx, audit.Event{Action: "provision.end_credentials"}, func(t *tx) error {
		if n, err = t.exec(ctx, ended, t.At); err != nil {
			return err
		}
		if n == 0 {
			return errNothingDue
		}
		t.Event.Facts = map[string]string{"credentials": fmt.Sprint(n)}
		return nil
	})
	if err == errNothingDue { //nolint:errorlint // it is returned as it is
		return 0, nil
	}
	if err == nil {
		err = s.db.flushWAL(ctx)
	}
	return n, err
}
