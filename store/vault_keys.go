package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/vault/keys"
)

// VaultKeys keeps the vault's keys.
type VaultKeys struct{ db *DB }

// VaultKeys is the part of the store that keeps the vault's keys.
func (db *DB) VaultKeys() VaultKeys { return VaultKeys{db} }

const theVault = `select instance, root, next_root, seal, next_seal, epoch from vault where id = 1`

// Vault implements keys.Store.
func (s VaultKeys) Vault(ctx context.Context) (v keys.Vault, err error) {
	err = s.db.read(ctx, func(q *query) error {
		v, err = q.vault(ctx, "")
		return err
	})
	return v, err
}

func (q *query) vault(ctx context.Context, lock string) (v keys.Vault, err error) {
	err = q.row(ctx, theVault+lock).Scan(&v.Instance, &v.Root, &v.NextRoot, &v.Seal, &v.NextSeal, &v.Epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return v, keys.ErrNoVault
	}
	if err != nil {
		return v, fmt.Errorf("reading the vault: %w", err)
	}
	err = q.each(ctx, `select id, kind, params, made_at from vault_seal order by id`, nil, func(scan func(...any) error) error {
		var x keys.SealRow
		defer func() { v.Seals = append(v.Seals, x) }()
		return scan(&x.ID, &x.Kind, &x.Params, &x.MadeAt)
	})
	if err != nil {
		return v, err
	}
	return v, q.each(ctx, `select generation, seal, sealed from vault_root order by generation, seal`, nil, func(scan func(...any) error) error {
		var x keys.RootRow
		defer func() { v.Roots = append(v.Roots, x) }()
		return scan(&x.Generation, &x.Seal, &x.Sealed)
	})
}

const (
	safeKeyOf = `
select k.safe, k.generation, k.root, k.wrapped from vault v join vault_safe_key k on k.root = v.root
 where v.id = 1 and k.safe = $1 and k.generation = $2`
	safeKeyNow = `
select k.safe, k.generation, k.root, k.wrapped from vault v, vault_safe s, vault_safe_key k
 where v.id = 1 and s.safe = $1 and k.safe = s.safe and k.generation = s.generation and k.root = v.root`
)

// SafeKey implements keys.Store.
func (s VaultKeys) SafeKey(ctx context.Context, safe access.SafeID, generation int64) (k keys.SafeKey, err error) {
	err = s.db.read(ctx, func(q *query) error {
		text, args := safeKeyNow, []any{safe}
		if generation != 0 {
			text, args = safeKeyOf, append(args, generation)
		}
		return q.row(ctx, text, args...).Scan(&k.Safe, &k.Generation, &k.Root, &k.Wrapped)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return k, keys.ErrNoSafeKey
	}
	return k, err
}

// Init implements keys.Store.
func (s VaultKeys) Init(ctx context.Context, v keys.Vault, reason string) error {
	e := audit.Event{Action: "vault.init", Personal: map[string]string{"reason": reason}, Facts: map[string]string{"seal": sealFact(string(v.Seals[0].Kind))}}
	return s.db.change(ctx, e, func(t *tx) error {
		n, err := t.exec(ctx, `insert into vault (id, instance, root, seal, epoch) values (1, $1, $2, $3, $4) on conflict do nothing`, v.Instance, v.Root, v.Seal, v.Epoch)
		if err != nil {
			return err
		}
		if n == 0 {
			return keys.ErrVaultThere
		}
		if err := t.putSeal(ctx, v.Seals[0]); err != nil {
			return err
		}
		if err := t.putRoot(ctx, v.Roots[0]); err != nil {
			return err
		}
		return t.markVault(ctx)
	})
}

func (t *tx) putSeal(ctx context.Context, s keys.SealRow) error {
	_, err := t.exec(ctx, `insert into vault_seal (id, kind, params, made_at) values ($1, $2, $3, $4)`, s.ID, string(s.Kind), s.Params, t.At)
	return err
}

func (t *tx) putRoot(ctx context.Context, r keys.RootRow) error {
	_, err := t.exec(ctx, `insert into vault_root (generation, seal, sealed) values ($1, $2, $3)`, r.Generation, r.Seal, r.Sealed)
	return err
}

// markVault leaves what nodes know an older database by. Every transaction that writes in
// the vault does.
func (t *tx) markVault(ctx context.Context) error {
	mark := make([]byte, 8)
	_, _ = rand.Read(mark) // it never fails
	_, err := t.exec(ctx, `insert into vault_mark (set_id, mark) values ($1, $2) on conflict do nothing`, t.Set, mark)
	return err
}

// putSafeKey keeps the first key of a new safe. Where the root key was changed since it was
// made, it is keys.ErrKeyRetired: whoever asked makes another.
func (t *tx) putSafeKey(ctx context.Context, k keys.SafeKey) error {
	if err := t.rootStays(ctx, k.Root); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `insert into vault_safe (safe, generation) values ($1, $2)`, k.Safe, k.Generation); err != nil {
		return err
	}
	if err := t.insertSafeKey(ctx, k); err != nil {
		return err
	}
	return t.markVault(ctx)
}

func (t *tx) insertSafeKey(ctx context.Context, k keys.SafeKey) error {
	_, err := t.exec(ctx, `insert into vault_safe_key (safe, generation, root, wrapped) values ($1, $2, $3, $4) on conflict do nothing`, k.Safe, k.Generation, k.Root, k.Wrapped)
	return err
}

// rootStays holds the root key that is in force until the transaction ends, and refuses
// where it is another one.
func (t *tx) rootStays(ctx context.Context, root int64) error {
	var now int64
	err := t.row(ctx, `select root from vault where id = 1`+t.d.forShare).Scan(&now)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return keys.ErrNoVault
	case err != nil:
		return err
	case now != root:
		return keys.ErrKeyRetired
	}
	return nil
}

// putSealed keeps a version of a secret, or a key of an authority, as it was sealed, in the transaction that adds the
// version, or that seals it anew. Where the safe's key was changed since, it is
// keys.ErrKeyRetired: whoever asked seals it again (keys.Ring.Again).
func (t *tx) putSealed(ctx context.Context, at keys.Place, s keys.Sealed) error {
	var now int64
	err := t.row(ctx, `select generation from vault_safe where safe = $1`+t.d.forShare, at.Safe).Scan(&now)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return keys.ErrNoSafeKey
	case err != nil:
		return err
	case now != s.Generation:
		return keys.ErrKeyRetired
	}
	_, err = t.exec(ctx, `
insert into vault_sealed (version, safe, secret, authority, generation, data_key, ciphertext) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (version) do update set safe = excluded.safe, secret = excluded.secret, authority = excluded.authority, generation = excluded.generation, data_key = excluded.data_key, ciphertext = excluded.ciphertext`,
		at.Version, at.Safe, at.Secret, at.Authority, s.Generation, s.Key, s.Text)
	if err != nil {
		return err
	}
	return t.markVault(ctx)
}

// sealed reads a version of a secret as it was sealed. One that was destroyed is
// sql.ErrNoRows. The place is whoever asks's to know, not the row's to say.
func (q *query) sealed(ctx context.Context, version access.VersionID) (s keys.Sealed, err error) {
	err = q.row(ctx, `select generation, data_key, ciphertext from vault_sealed where version = $1`, version).Scan(&s.Generation, &s.Key, &s.Text)
	return s, err
}

// dropSealed destroys a version of a secret.
func (t *tx) dropSealed(ctx context.Context, version access.VersionID) error {
	if _, err := t.exec(ctx, `delete from vault_sealed where version = $1`, version); err != nil {
		return err
	}
	return t.markVault(ctx)
}
