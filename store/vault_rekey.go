package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/pam/vault/keys"
)

// vaultEvent is a record of what was done to the vault's keys, by somebody.
func vaultEvent(what, reason string) audit.Event {
	e := audit.Event{Action: "vault.rekey", Facts: map[string]string{"what": what}}
	if reason != "" {
		e.Personal = map[string]string{"reason": reason}
	}
	return e
}

// sealFact is a kind of seal as a word: the log takes no other.
func sealFact(kind string) string {
	if kind == string(keys.PKCS11) {
		return "token"
	}
	return kind
}

// Record implements keys.Store.
func (s VaultKeys) Record(ctx context.Context, action string, facts map[string]string, reason string) error {
	e := audit.Event{Action: "vault.seal"}
	if action == "unseal" {
		e = audit.Event{Action: "vault.unseal"}
	}
	if kind, ok := facts["seal"]; ok {
		facts["seal"] = sealFact(kind)
	}
	e.Facts, e.Personal = facts, map[string]string{"reason": reason}
	return s.db.change(ctx, e, func(*tx) error { return nil })
}

// Count implements keys.Store.
func (s VaultKeys) Count(ctx context.Context) (safes, wrapped int64, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.row(ctx, `
select (select count(*) from vault_safe), (select count(*) from vault v join vault_safe_key k on k.root = v.next_root where v.id = 1)`).Scan(&safes, &wrapped)
	})
	return safes, wrapped, err
}

// BeginRoot implements keys.Store.
func (s VaultKeys) BeginRoot(ctx context.Context, from int64, next keys.RootRow, reason string) error {
	return s.db.change(ctx, vaultEvent("root-begun", reason), func(t *tx) error {
		n, err := t.exec(ctx, `update vault set next_root = $1 where id = 1 and root = $2 and next_root = 0 and next_seal = 0 and seal = $3`, next.Generation, from, next.Seal)
		if err != nil {
			return err
		}
		if n == 0 {
			return keys.ErrSealBusy
		}
		if err := t.putRoot(ctx, next); err != nil {
			return err
		}
		return t.markVault(ctx)
	})
}

const safeKeysUnder = `
select k.safe, k.generation, k.root, k.wrapped from vault_safe_key k
 where k.root = $1 and not exists (select 1 from vault_safe_key n where n.safe = k.safe and n.generation = k.generation and n.root = $2)
 order by k.safe, k.generation limit $3`

// SafeKeysUnder implements keys.Store.
func (s VaultKeys) SafeKeysUnder(ctx context.Context, root, next int64, most int) (list []keys.SafeKey, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, safeKeysUnder, []any{root, next, most}, func(scan func(...any) error) error {
			var k keys.SafeKey
			defer func() { list = append(list, k) }()
			return scan(&k.Safe, &k.Generation, &k.Root, &k.Wrapped)
		})
	})
	return list, err
}

// KeepSafeKeys implements keys.Store.
func (s VaultKeys) KeepSafeKeys(ctx context.Context, next int64, list []keys.SafeKey) error {
	e := audit.Event{Action: "vault_keys.wrap", Facts: map[string]string{"root": strconv.FormatInt(next, 10), "keys": strconv.Itoa(len(list))}}
	return s.db.change(ctx, e, func(t *tx) error {
		var now int64
		if err := t.row(ctx, `select next_root from vault where id = 1`+t.d.forShare).Scan(&now); err != nil {
			return err
		}
		if now != next {
			return keys.ErrKeyRetired
		}
		for _, k := range list {
			if err := t.insertSafeKey(ctx, k); err != nil {
				return err
			}
		}
		return t.markVault(ctx)
	})
}

const notWrapped = `
select exists (select 1 from vault_safe_key k
 where k.root = $1 and not exists (select 1 from vault_safe_key n where n.safe = k.safe and n.generation = k.generation and n.root = $2))`

// SwitchRoot implements keys.Store.
func (s VaultKeys) SwitchRoot(ctx context.Context, next int64, reason string) error {
	return s.db.change(ctx, vaultEvent("root", reason), func(t *tx) error {
		t.Event.Facts["generation"] = strconv.FormatInt(next, 10)
		v, err := t.vault(ctx, t.d.forUpdate)
		if err != nil {
			return err
		}
		if v.NextRoot != next {
			return keys.ErrSealBusy.With("the root key was changed meanwhile: look at 'writ vault status'")
		}
		var missing bool
		if err := t.row(ctx, notWrapped, v.Root, next).Scan(&missing); err != nil {
			return err
		}
		if missing {
			return keys.ErrKeyRetired
		}
		if _, err := t.exec(ctx, `update vault set root = $1, next_root = 0 where id = 1`, next); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `delete from vault_root where generation < $1`, next); err != nil {
			return err
		}
		return t.markVault(ctx)
	})
}

const (
	leftOver      = `select coalesce((select min(k.root) from vault_safe_key k), v.root) < v.root from vault v where v.id = 1`
	dropSafeKeys  = `delete from vault_safe_key where (safe, generation, root) in (` + overSafeKeys + `)`
	overSafeKeys  = `select k.safe, k.generation, k.root from vault_safe_key k where k.root < (select root from vault where id = 1) limit $1`
	oneGeneration = `
select s.generation, (select min(k.generation) from vault_safe_key k where k.safe = s.safe) from vault_safe s where s.safe = $1`
	unfinishedSafes = `select safe from vault_unfinished order by safe limit $1`
)

// DropSafeKeys implements keys.Store.
func (s VaultKeys) DropSafeKeys(ctx context.Context, most int) (n int64, err error) {
	var some bool
	err = s.db.read(ctx, func(q *query) error { return q.row(ctx, leftOver).Scan(&some) })
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil || !some {
		return 0, err
	}
	e := audit.Event{Action: "vault_keys.drop", Facts: map[string]string{}}
	err = s.db.change(ctx, e, func(t *tx) error {
		if n, err = t.exec(ctx, dropSafeKeys, most); err != nil {
			return err
		}
		t.Event.Facts["keys"] = strconv.FormatInt(n, 10)
		return t.markVault(ctx)
	})
	return n, err
}

// Generations implements keys.Store.
func (s VaultKeys) Generations(ctx context.Context, safe access.SafeID) (now, oldest int64, err error) {
	err = s.db.read(ctx, func(q *query) error { return q.row(ctx, oneGeneration, safe).Scan(&now, &oldest) })
	if errors.Is(err, sql.ErrNoRows) {
		err = keys.ErrNoSafeKey
	}
	return now, oldest, err
}

// Unfinished implements keys.Store.
func (s VaultKeys) Unfinished(ctx context.Context, most int) (list []access.SafeID, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, unfinishedSafes, []any{most}, func(scan func(...any) error) error {
			var id access.SafeID
			defer func() { list = append(list, id) }()
			return scan(&id)
		})
	})
	return list, err
}

// NextSafeKey implements keys.Store.
func (s VaultKeys) NextSafeKey(ctx context.Context, k keys.SafeKey, reason string) error {
	return s.db.change(ctx, vaultEvent("safe-begun", reason), func(t *tx) error {
		t.Event.Object = k.Safe.Ref()
		t.Event.Facts["generation"] = strconv.FormatInt(k.Generation, 10)
		if err := t.rootStays(ctx, k.Root); err != nil {
			return err
		}
		n, err := t.exec(ctx, `update vault_safe set generation = $1 where safe = $2 and generation = $1 - 1`, k.Generation, k.Safe)
		if err != nil {
			return err
		}
		if n == 0 {
			return keys.ErrSealBusy
		}
		if _, err := t.exec(ctx, `insert into vault_unfinished (safe) values ($1) on conflict do nothing`, k.Safe); err != nil {
			return err
		}
		if err := t.insertSafeKey(ctx, k); err != nil {
			return err
		}
		return t.markVault(ctx)
	})
}

const sealedBefore = `
select version, secret, authority, generation, data_key from vault_sealed where safe = $1 and generation < $2 order by generation, version limit $3`

// SealedBefore implements keys.Store.
func (s VaultKeys) SealedBefore(ctx context.Context, safe access.SafeID, generation int64, most int) (list []keys.Wrapped, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, sealedBefore, []any{safe, generation, most}, func(scan func(...any) error) error {
			w := keys.Wrapped{At: keys.Place{Safe: safe}}
			defer func() { list = append(list, w) }()
			return scan(&w.At.Version, &w.At.Secret, &w.At.Authority, &w.Generation, &w.Key)
		})
	})
	return list, err
}

// Rewrap implements keys.Store.
func (s VaultKeys) Rewrap(ctx context.Context, safe access.SafeID, generation int64, list []keys.Wrapped) error {
	e := audit.Event{Action: "vault_keys.wrap", Object: safe.Ref(), Facts: map[string]string{"generation": strconv.FormatInt(generation, 10), "keys": strconv.Itoa(len(list))}}
	return s.db.change(ctx, e, func(t *tx) error {
		for _, w := range list {
			// One that was sealed anew, moved or destroyed since is none of ours.
			_, err := t.exec(ctx, `update vault_sealed set generation = $1, data_key = $2 where version = $3 and safe = $4 and secret = $5 and authority = $6 and generation = $7`,
				generation, w.Key, w.At.Version, safe, w.At.Secret, w.At.Authority, w.Generation)
			if err != nil {
				return err
			}
		}
		return t.markVault(ctx)
	})
}

// DropGenerations implements keys.Store.
func (s VaultKeys) DropGenerations(ctx context.Context, safe access.SafeID, generation int64) error {
	return s.db.change(ctx, vaultEvent("safe", ""), func(t *tx) error {
		t.Event.Object = safe.Ref()
		t.Event.Facts["generation"] = strconv.FormatInt(generation, 10)
		var needed bool
		if err := t.row(ctx, `select exists (select 1 from vault_sealed where safe = $1 and generation < $2)`, safe, generation).Scan(&needed); err != nil {
			return err
		}
		if needed {
			return keys.ErrKeyRetired
		}
		if _, err := t.exec(ctx, `delete from vault_safe_key where safe = $1 and generation < $2`, safe, generation); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `delete from vault_unfinished where safe = $1`, safe); err != nil {
			return err
		}
		return t.markVault(ctx)
	})
}

// ChangeSeal implements keys.Store.
func (s VaultKeys) ChangeSeal(ctx context.Context, from int64, x keys.SealRow, root keys.RootRow, confirm bool, reason string) error {
	what := "seal"
	if confirm {
		what = "seal-begun"
	}
	return s.db.change(ctx, vaultEvent(what, reason), func(t *tx) error {
		t.Event.Facts["seal"] = sealFact(string(x.Kind))
		v, err := t.vault(ctx, t.d.forUpdate)
		switch {
		case err != nil:
			return err
		case v.NextRoot != 0:
			return keys.ErrSealBusy
		case v.Seal != from || v.Root != root.Generation || v.NextSeal >= x.ID:
			return keys.ErrKeyRetired
		}
		if err := t.dropSeal(ctx, v.NextSeal); err != nil {
			return err
		}
		if err := t.putSeal(ctx, x); err != nil {
			return err
		}
		if err := t.putRoot(ctx, root); err != nil {
			return err
		}
		if confirm {
			_, err = t.exec(ctx, `update vault set next_seal = $1 where id = 1`, x.ID)
		} else if err = t.dropSeal(ctx, from); err == nil {
			_, err = t.exec(ctx, `update vault set seal = $1, next_seal = 0 where id = 1`, x.ID)
		}
		if err != nil {
			return err
		}
		return t.markVault(ctx)
	})
}

func (t *tx) dropSeal(ctx context.Context, id int64) error {
	if _, err := t.exec(ctx, `delete from vault_root where seal = $1`, id); err != nil {
		return err
	}
	_, err := t.exec(ctx, `delete from vault_seal where id = $1`, id)
	return err
}

// ConfirmSeal implements keys.Store.
func (s VaultKeys) ConfirmSeal(ctx context.Context, id int64, reason string) error {
	return s.db.change(ctx, vaultEvent("seal", reason), func(t *tx) error {
		v, err := t.vault(ctx, t.d.forUpdate)
		switch {
		case err != nil:
			return err
		case v.NextSeal != id:
			return keys.ErrNothingToConfirm
		}
		if err := t.dropSeal(ctx, v.Seal); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `update vault set seal = $1, next_seal = 0 where id = 1`, id); err != nil {
			return err
		}
		return t.markVault(ctx)
	})
}

// CancelSeal implements keys.Store.
func (s VaultKeys) CancelSeal(ctx context.Context, reason string) error {
	return s.db.change(ctx, vaultEvent("seal-cancelled", reason), func(t *tx) error {
		v, err := t.vault(ctx, t.d.forUpdate)
		switch {
		case err != nil:
			return err
		case v.NextSeal == 0:
			return keys.ErrNothingToConfirm
		}
		if err := t.dropSeal(ctx, v.NextSeal); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `update vault set next_seal = 0 where id = 1`); err != nil {
			return err
		}
		return t.markVault(ctx)
	})
}

// Newest implements keys.Store.
func (s VaultKeys) Newest(ctx context.Context) (x keys.Seen, err error) {
	err = s.db.read(ctx, func(q *query) error {
		err := q.row(ctx, `
select v.instance, v.epoch, m.set_id, m.mark from vault v, vault_mark m where v.id = 1 and m.set_id = (select max(set_id) from vault_mark)`).
			Scan(&x.Instance, &x.Epoch, &x.Set, &x.Mark)
		if err != nil {
			return err
		}
		return q.row(ctx, treeSize).Scan(&x.Log)
	})
	return x, err
}

// Has implements keys.Store.
func (s VaultKeys) Has(ctx context.Context, x keys.Seen) (has bool, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.row(ctx, `select exists (select 1 from vault_mark where set_id = $1 and mark = $2)`, x.Set, x.Mark).Scan(&has)
	})
	return has, err
}

// AcceptRollback implements keys.Store.
func (s VaultKeys) AcceptRollback(ctx context.Context, above int64, reason string) error {
	e := audit.Event{Action: "vault.accept_rollback", Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		n, err := t.exec(ctx, `update vault set epoch = case when epoch < $1 then $1 else epoch end + 1 where id = 1`, above)
		if err != nil {
			return err
		}
		if n == 0 {
			return keys.ErrNoVault
		}
		if err := t.markVault(ctx); err != nil {
			return err
		}
		return t.unprove(ctx)
	})
}
