package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/onboard"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
)

const (
	takenItems = `select i.account_id, i.kind, i.secret_id, i.state from onboarding_item i where i.onboarding_id = $1 and i.state in ('waiting', 'taken') order by i.account_id, i.kind`
	anyVersion = `select exists (select 1 from secret_version v where v.secret_id = $1)`
)

// Release implements onboard.Store.
func (s Onboard) Release(ctx context.Context, id access.OnboardingID, accounts []access.AccountID, reason string) (n int, err error) {
	e := audit.Event{Action: "onboarding.release", Object: id.Ref(), Personal: map[string]string{"reason": reason}, Facts: map[string]string{}}
	err = s.db.change(ctx, e, func(t *tx) error {
		n = 0
		if _, err := t.onboarding(ctx, id, t.d.forUpdate); err != nil {
			return err
		}
		var items []onboard.Item
		err := t.each(ctx, takenItems, []any{id}, func(scan func(...any) error) error {
			var x onboard.Item
			defer func() { items = append(items, x) }()
			return scan(&x.Account, &x.Kind, &x.Secret, &x.State)
		})
		if err != nil {
			return err
		}
		for _, x := range items {
			if len(accounts) > 0 && !slices.Contains(accounts, x.Account) {
				continue
			}
			let, err := t.releaseItem(ctx, id, x)
			if err != nil {
				return err
			}
			if let {
				n++
			}
		}
		if n == 0 {
			return onboard.ErrBegun
		}
		t.Event.Facts["released"] = strconv.Itoa(n)
		return nil
	})
	return n, err
}

// releaseItem releases an item whose secret has no value, so that none can have been set: rotation
// keeps one before it sets it, and finds the secret destroyed from now on.
func (t *tx) releaseItem(ctx context.Context, id access.OnboardingID, x onboard.Item) (bool, error) {
	if x.Secret != 0 {
		_, err := t.liveSecret(ctx, x.Secret)
		if errors.Is(err, vault.ErrSecretGone) || errors.Is(err, vault.ErrNoSecret) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		var begun bool
		if err := t.row(ctx, anyVersion, x.Secret).Scan(&begun); err != nil || begun {
			return false, err
		}
		kept, err := scanSecret(t.row(ctx, oneSecret, x.Secret).Scan)
		if err != nil {
			return false, err
		}
		if err := t.stepSecret(ctx, kept, vault.Destroy); err != nil {
			return false, err
		}
		for _, text := range []string{dropSchedule, dropBeside} {
			if _, err := t.exec(ctx, text, x.Secret); err != nil {
				return false, err
			}
		}
	}
	_, err := t.exec(ctx, releasedItem, id, x.Account, string(x.Kind))
	return err == nil, err
}

const (
	dropSchedule = `delete from rotation_schedule where secret_id = $1`
	dropBeside   = `delete from rotation_beside where secret_id = $1`
	besideOf     = `select x.account_id from rotation_beside b join secret x on x.id = b.secret_id and x.until_set = 0 where b.secret_id = $1`
)

// Account implements onboard.Store.
func (s Onboard) Account(ctx context.Context, id access.SecretID) (account access.AccountID, err error) {
	err = s.db.read(ctx, func(q *query) error { return q.row(ctx, besideOf, id).Scan(&account) })
	if errors.Is(err, sql.ErrNoRows) {
		err = onboard.ErrNotBeside
	}
	return account, err
}

// Alone implements onboard.Store.
func (s Onboard) Alone(ctx context.Context, id access.SecretID, reason string) error {
	e := audit.Event{Action: "onboarding.alone", Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		if _, err := t.liveSecret(ctx, id); err != nil {
			return err
		}
		n, err := t.exec(ctx, dropBeside, id)
		if err == nil && n == 0 {
			err = onboard.ErrNotBeside
		}
		if err != nil {
			return err
		}
		if err := t.dueFor(ctx, id, rotate.OnDemand, t.At); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
}
