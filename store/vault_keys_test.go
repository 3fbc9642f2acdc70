package store

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault/keys"
)

// vaultOf is a store with a vault in it, as the vault itself uses both.
type vaultOf struct {
	*testing.T
	db   *DB
	ring *keys.Ring
	ctx  context.Context
	cfg  Config
}

func newVault(t *testing.T, cfg Config) *vaultOf {
	t.Helper()
	v := &vaultOf{T: t, db: openStore(t, cfg), ctx: asTester(t.Context()), cfg: cfg}
	v.ring = v.newRing()
	if _, err := v.ring.Init(v.ctx, keys.Request{Kind: keys.File}, "a test"); err != nil {
		t.Fatal(err)
	}
	return v
}

// newRing is the ring of one more process.
func (v *vaultOf) newRing() *keys.Ring {
	v.Helper()
	r, err := keys.New(keys.Config{Store: v.db.VaultKeys(), Dir: v.cfg.Dir})
	if err != nil {
		v.Fatal(err)
	}
	v.Cleanup(r.Wipe)
	return r
}

func (v *vaultOf) must(err error) {
	v.Helper()
	if err != nil {
		v.Fatal(err)
	}
}

// addSafe adds a safe as the vault does.
func (v *vaultOf) addSafe(r *keys.Ring, safe access.SafeID) error {
	return r.Again(safe, func() error {
		k, err := r.NewSafe(v.ctx, safe)
		if err != nil {
			return err
		}
		return v.db.change(v.ctx, audit.Event{Action: "test.safe"}, func(t *tx) error { return t.putSafeKey(v.ctx, k) })
	})
}

// put keeps a version as the vault does.
func (v *vaultOf) put(r *keys.Ring, at keys.Place, text string) error {
	return r.Again(at.Safe, func() error {
		s, err := r.Seal(v.ctx, at, secret.New([]byte(text)))
		if err != nil {
			return err
		}
		return v.db.change(v.ctx, audit.Event{Action: "test.put"}, func(t *tx) error { return t.putSealed(v.ctx, at, s) })
	})
}

// read opens a version as the vault does.
func (v *vaultOf) read(r *keys.Ring, at keys.Place) (text string, err error) {
	err = r.Again(at.Safe, func() error {
		var s keys.Sealed
		err := v.db.read(v.ctx, func(q *query) (err error) {
			s, err = q.sealed(v.ctx, at.Version)
			return err
		})
		if err != nil {
			return err
		}
		plain, err := r.Open(v.ctx, at, s)
		text = string(plain.Reveal())
		return err
	})
	return text, err
}

func (v *vaultOf) holds(r *keys.Ring, at keys.Place, want string) {
	v.Helper()
	if got, err := v.read(r, at); err != nil || got != want {
		v.Fatalf("%v: %q, not %q: %v", at, got, want, err)
	}
}

func TestWhatTheVaultSealsOpensInEveryProcess(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		v := newVault(t, fresh(t))
		at := keys.Place{Safe: 1, Secret: 2, Version: 3}
		if err := v.put(v.ring, at, "hunter2"); !errors.Is(err, keys.ErrNoSafeKey) {
			t.Fatalf("a safe without a key: %v", err)
		}
		v.must(v.addSafe(v.ring, 1))
		v.must(v.put(v.ring, at, "hunter2"))
		v.holds(v.ring, at, "hunter2")

		other := v.newRing()
		if _, err := v.read(other, at); !errors.Is(err, keys.ErrVaultSealed) {
			t.Fatalf("a sealed vault: %v", err)
		}
		if err := v.addSafe(other, 9); !errors.Is(err, keys.ErrVaultSealed) {
			t.Fatalf("a sealed vault makes a safe: %v", err)
		}
		if err := v.put(other, at, "x"); !errors.Is(err, keys.ErrVaultSealed) {
			t.Fatalf("a sealed vault takes a secret: %v", err)
		}
		v.must(other.OpenItself(v.ctx))
		v.holds(other, at, "hunter2")
		other.Wipe()
		if _, err := v.read(other, at); !errors.Is(err, keys.ErrVaultSealed) {
			t.Fatalf("a vault that was sealed again: %v", err)
		}
		if _, err := other.Init(v.ctx, keys.Request{Kind: keys.File}, "again"); !errors.Is(err, keys.ErrVaultThere) {
			t.Fatalf("a second vault: %v", err)
		}
		v.must(v.db.change(v.ctx, audit.Event{Action: "test.drop"}, func(t *tx) error { return t.dropSealed(v.ctx, 3) }))
		if _, err := v.read(v.ring, at); err == nil {
			t.Fatal("what was destroyed opens")
		}
	})
}

// Invariant 1: rows that were changed, or moved to another place, do not open there.
func TestTamperedRowsDoNotOpen(t *testing.T) {
	v := newVault(t, emptySQLite(t))
	for _, safe := range []access.SafeID{1, 2} {
		v.must(v.addSafe(v.ring, safe))
	}
	at := keys.Place{Safe: 1, Secret: 2, Version: 3}
	v.must(v.put(v.ring, at, "hunter2"))
	v.must(v.put(v.ring, keys.Place{Safe: 1, Secret: 2, Version: 4}, "other version"))
	v.must(v.put(v.ring, keys.Place{Safe: 1, Secret: 5, Version: 6}, "other secret"))
	v.must(v.put(v.ring, keys.Place{Safe: 2, Secret: 7, Version: 8}, "other safe"))
	for name, edit := range map[string]string{
		"ciphertext of another version":  `update vault_sealed set ciphertext = (select ciphertext from vault_sealed where version = 4) where version = 3`,
		"data key of another version":    `update vault_sealed set data_key = (select data_key from vault_sealed where version = 4) where version = 3`,
		"both of another version":        `update vault_sealed set (data_key, ciphertext) = (select data_key, ciphertext from vault_sealed where version = 4) where version = 3`,
		"both of another secret":         `update vault_sealed set (data_key, ciphertext) = (select data_key, ciphertext from vault_sealed where version = 6) where version = 3`,
		"both of another safe":           `update vault_sealed set (data_key, ciphertext) = (select data_key, ciphertext from vault_sealed where version = 8) where version = 3`,
		"a bit of the ciphertext":        `update vault_sealed set ciphertext = cast(case substr(ciphertext, 1, 1) when x'00' then x'01' else x'00' end || substr(ciphertext, 2) as blob) where version = 3`,
		"a bit of the data key":          `update vault_sealed set data_key = cast(case substr(data_key, 1, 1) when x'00' then x'01' else x'00' end || substr(data_key, 2) as blob) where version = 3`,
		"the key of another safe":        `update vault_safe_key set wrapped = (select wrapped from vault_safe_key where safe = 2) where safe = 1`,
		"a key of another root":          `update vault set root = 2; update vault_safe_key set root = 2; update vault_root set generation = 2`,
		"a root under another seal":      `update vault set seal = 2; update vault_seal set id = 2; update vault_root set seal = 2`,
		"another generation of the safe": `update vault_safe_key set generation = 2; update vault_safe set generation = 2; update vault_sealed set generation = 2`,
		"another vault":                  `update vault set instance = x'00112233445566778899aabbccddeeff'`,
		"nothing":                        ``,
	} {
		t.Run(name, func(t *testing.T) {
			v.keep()
			_, err := v.db.w.ExecContext(v.ctx, edit)
			v.must(err)
			r := v.newRing()
			err = r.OpenItself(v.ctx)
			var got string
			if err == nil {
				got, err = v.read(r, at)
			}
			if name == "nothing" {
				v.must(err)
			} else if !errors.Is(err, keys.ErrTampered) || got != "" {
				t.Errorf("%q: %v", got, err)
			}
			v.putBack()
		})
	}
}

// keep keeps the rows of the vault's tables, for putBack to put back.
func (v *vaultOf) keep() {
	v.Helper()
	for _, table := range vaultTables {
		_, err := v.db.w.ExecContext(v.ctx, `create table kept_`+table+` as select * from `+table)
		v.must(err)
	}
}

func (v *vaultOf) putBack() {
	v.Helper()
	for _, table := range vaultTables {
		_, err := v.db.w.ExecContext(v.ctx, `delete from `+table+`; insert into `+table+` select * from kept_`+table+`; drop table kept_`+table)
		v.must(err)
	}
}

var vaultTables = []string{"vault", "vault_seal", "vault_root", "vault_safe", "vault_safe_key", "vault_sealed"}

func TestNothingOfTheVaultIsReadableInTheDatabase(t *testing.T) {
	v := newVault(t, emptySQLite(t))
	v.must(v.addSafe(v.ring, 1))
	v.must(v.put(v.ring, keys.Place{Safe: 1, Secret: 2, Version: 3}, "hunter2-canary"))
	var key, text []byte
	v.must(v.db.w.QueryRowContext(v.ctx, `select data_key, ciphertext from vault_sealed`).Scan(&key, &text))
	if bytes.Contains(text, []byte("canary")) || len(key) < 32+40 {
		t.Fatalf("%x", key)
	}
}
