package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
)

// Look implements vault.Store.
func (s Vault) Look(ctx context.Context, q vault.Query) (l vault.Looked, err error) {
	err = s.db.read(ctx, func(r *query) error {
		l, err = r.look(ctx, q, s.db)
		return err
	})
	return l, err
}

func (q *query) look(ctx context.Context, ask vault.Query, db *DB) (l vault.Looked, err error) {
	if ask.In != "" {
		if l.Safe, err = q.safeCalled(ctx, ask.In); err != nil {
			return l, err
		}
		l.Secret, err = scanSecret(q.row(ctx, secretCalled, l.Safe.ID, ask.Name).Scan)
	} else {
		l.Secret, err = scanSecret(q.row(ctx, oneSecret, ask.ID).Scan)
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return l, vault.ErrNoSecret
	case err != nil:
		return l, err
	}
	if ask.In == "" {
		if l.Safe, err = q.safe(ctx, l.Secret.Safe, ""); err != nil {
			return l, err
		}
	}
	at, err := db.storeTime(ctx, q)
	if err != nil {
		return l, err
	}
	l.Rights, err = q.rights(ctx, rightsIn, l.Safe.ID, at)
	return l, err
}

// Known implements vault.Store. Only where changes wait for one another does what is known
// stay so until the record of its use is committed: on PostgreSQL they commit side by side.
func (s Vault) Known(ctx context.Context, in, name string, at access.Rev) (k vault.Known, ok bool, err error) {
	if s.db.groups == nil {
		return k, false, nil
	}
	err = s.db.read(ctx, func(q *query) error {
		var changed, unproven bool
		if err := q.row(ctx, loudAfter, at).Scan(&changed); err != nil || changed {
			return err
		}
		k.At = at
		if k.Looked, err = q.look(ctx, vault.Query{In: in, Name: name}, s.db); err != nil {
			return err
		}
		if err := q.row(ctx, isUnproven, k.Secret.ID).Scan(&unproven); err != nil || unproven || k.Secret.State != vault.Live {
			return err
		}
		var out int
		if err := q.row(ctx, anyoneOut, k.Secret.ID).Scan(&out); err != nil || out > 0 {
			return err
		}
		if k.Version, err = q.version(ctx, openCurrent, k.Secret.ID); err != nil {
			return err
		}
		k.Sealed, err = q.sealed(ctx, k.Version.ID)
		ok = err == nil
		return err
	})
	return k, ok, err
}

const anyoneOut = `select count(*) from checkout c where c.secret_id = $1 and c.state = 'out'`

// OpenKnown implements vault.Store.
func (s Vault) OpenKnown(ctx context.Context, k vault.Known, o vault.Opening, open vault.Opener) (plain secret.Secret, err error) {
	e := openingEvent(o)
	opened(e, k.Version)
	if plain, err = open(keys.Place{Safe: k.Safe.ID, Secret: k.Secret.ID, Version: k.Version.ID}, k.Sealed); err != nil {
		return secret.Secret{}, err
	}
	err = s.db.note(ctx, e, func(t *tx) error {
		if !t.db.ClockTrusted() {
			return vault.ErrClock
		}
		changed, err := t.changedAfter(ctx, k.At)
		switch {
		case err != nil:
			return err
		case changed, o.Right.Ends != 0 && o.Right.Ends <= t.At:
			return vault.ErrMoved
		}
		return nil
	}, nil)
	if err != nil {
		plain.Wipe()
		return secret.Secret{}, err
	}
	return plain, nil
}
