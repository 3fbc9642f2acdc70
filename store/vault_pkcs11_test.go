//go:build pkcs11 && cgo

package store

import (
	"errors"
	"testing"

	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/pam/vault/keys"
)

func TestHardwareTokenOpensTheVault(t *testing.T) {
	hsm := testkit.SoftHSM(t)
	v, what := filled(t, emptySQLite(t), 1, 2)
	token := func(pin, key string) *keys.Ring {
		r, err := keys.New(keys.Config{Store: v.db.VaultKeys(), Dir: v.cfg.Dir, Token: &keys.Token{Module: hsm.Module, Label: hsm.Label, Key: key, PIN: secret.New([]byte(pin))}})
		v.must(err)
		t.Cleanup(r.Wipe)
		return r
	}
	if _, err := v.ring.RekeySeal(v.ctx, keys.Request{Kind: keys.PKCS11}, "a test"); !errors.Is(err, keys.ErrSeal) {
		t.Fatalf("no token is configured: %v", err)
	}
	if err := token("00000000", "vault").OpenItself(v.ctx); err != nil {
		t.Fatal(err) // the file still opens it
	}
	r := token("12345678", "vault")
	v.must(r.OpenItself(v.ctx))
	_, err := r.RekeySeal(v.ctx, keys.Request{Kind: keys.PKCS11}, "a test")
	v.must(err)
	_, err = r.RekeyRoot(v.ctx, "a test")
	v.must(err)
	v.holdsAll(r, what)
	r.Wipe()
	again := token("12345678", "vault")
	v.must(again.OpenItself(v.ctx))
	v.holdsAll(again, what)
	again.Wipe()

	// Lesson 20: a token that cannot be used, or is another one, refuses.
	if err := token("12345678", "other").OpenItself(v.ctx); !errors.Is(err, keys.ErrSeal) {
		t.Errorf("another key: %v", err)
	}
	if err := token("11111111", "vault").OpenItself(v.ctx); !errors.Is(err, keys.ErrSeal) {
		t.Errorf("a wrong PIN: %v", err)
	}
	if err := v.newRing().OpenItself(v.ctx); !errors.Is(err, keys.ErrSeal) {
		t.Errorf("no token: %v", err)
	}
}
