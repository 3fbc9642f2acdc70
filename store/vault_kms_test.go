package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/pam/vault/keys"
)

// kms is a ring of a node whose configuration names a key service.
func (v *vaultOf) kms(url string) *keys.Ring {
	v.Helper()
	service, err := keys.NewKeyService(url)
	v.must(err)
	r, err := keys.New(keys.Config{Store: v.db.VaultKeys(), Dir: v.cfg.Dir, KMS: service})
	v.must(err)
	v.Cleanup(r.Wipe)
	return r
}

func transit(t *testing.T) *testkit.KeyService {
	t.Helper()
	s := testkit.Transit(t, "writ")
	for _, name := range []string{"ADDR", "TOKEN", "TOKEN_FILE", "NAMESPACE", "CACERT"} {
		t.Setenv("BAO_"+name, "")
		t.Setenv("VAULT_"+name, "")
	}
	t.Setenv("VAULT_ADDR", s.URL)
	t.Setenv("VAULT_TOKEN", s.Token)
	return s
}

func TestKeyServiceOpensTheVault(t *testing.T) {
	s := transit(t)
	v, what := filled(t, emptySQLite(t), 2, 2)
	v.sealedBy(s, what, "hashivault://writ")
	again := v.kms("hashivault://writ")
	v.must(again.OpenItself(v.ctx))

	// The way back, and to a key that the service does not have.
	_, err := again.RekeySeal(v.ctx, keys.Request{Kind: keys.File}, "a test")
	v.must(err)
	file := v.kms("hashivault://other")
	v.must(file.OpenItself(v.ctx))
	v.holdsAll(file, what)
	if _, err := file.RekeySeal(v.ctx, keys.Request{Kind: keys.KMS}, "a test"); !errors.Is(err, keys.ErrSealAway) {
		t.Errorf("the service has no such key: %v", err)
	}
	v.holdsAll(file, what)
}

// sealedBy seals the vault with a service, and looks at what another start finds.
func (v *vaultOf) sealedBy(s *testkit.KeyService, what map[keys.Place]string, url string) {
	v.Helper()
	if _, err := v.ring.RekeySeal(v.ctx, keys.Request{Kind: keys.KMS}, "a test"); !errors.Is(err, keys.ErrSeal) {
		v.Fatalf("no key service is configured: %v", err)
	}
	r := v.kms(url)
	v.must(r.OpenItself(v.ctx)) // the file still opens it
	_, err := r.RekeySeal(v.ctx, keys.Request{Kind: keys.KMS}, "a test")
	v.must(err)
	before := s.Opened()
	_, err = r.RekeyRoot(v.ctx, "a test")
	v.must(err)
	v.holdsAll(r, what)
	r.Wipe()
	again := v.kms(url)
	v.must(again.OpenItself(v.ctx))
	v.holdsAll(again, what)
	if n := s.Opened() - before; n != 1 {
		v.Errorf("the service was asked %d times to open the vault once", n)
	}
	if err := v.newRing().OpenItself(v.ctx); !errors.Is(err, keys.ErrSeal) {
		v.Errorf("a node without it: %v", err)
	}
}

func TestVaultOpensOnceItsKeyServiceIsBack(t *testing.T) {
	s := transit(t)
	v, what := filled(t, emptySQLite(t), 1, 1)
	v.sealedBy(s, what, "hashivault://writ")
	s.Away(true)
	r := v.kms("hashivault://writ")
	if err := r.OpenItself(v.ctx); !errors.Is(err, keys.ErrSealAway) {
		t.Fatalf("the service is away: %v", err)
	}
	status, err := r.Status(v.ctx)
	v.must(err)
	if status.State != keys.VaultSealed || status.AwaySince == "" || !strings.Contains(status.Away, "503") || strings.Contains(status.Away, s.Token) {
		t.Errorf("%+v", status)
	}
	if err := r.Usable(); !errors.Is(err, keys.ErrVaultSealed) {
		t.Error(err)
	}
	s.Away(false)
	ctx, end := context.WithCancel(v.ctx)
	ran := make(chan error)
	go func() { ran <- r.Run(ctx, func(error) {}) }()
	for look := time.NewTicker(10 * time.Millisecond); r.Usable() != nil; {
		select {
		case <-look.C:
		case err := <-ran:
			t.Fatalf("it stopped looking: %v", err)
		}
	}
	v.holdsAll(r, what)
	if status, err = r.Status(v.ctx); err != nil || status.Away != "" {
		t.Errorf("%+v, %v", status, err)
	}

	end()
	v.must(<-ran)

	// Whoever seals it wants it so: nothing is asked again.
	s.Away(true)
	if err := r.OpenItself(v.ctx); !errors.Is(err, keys.ErrSealAway) {
		t.Fatal(err)
	}
	v.must(r.Shut(v.ctx, "a test"))
	if status, err = r.Status(v.ctx); err != nil || status.State != keys.VaultSealed || status.Away != "" {
		t.Errorf("%+v, %v", status, err)
	}
}

func TestKeyServiceOpensAtItsPlaceAlone(t *testing.T) {
	s := transit(t)
	v, what := filled(t, emptySQLite(t), 1, 1)
	v.sealedBy(s, what, "hashivault://writ")
	other, _ := filled(t, emptySQLite(t), 1, 1)
	r := other.kms("hashivault://writ")
	other.must(r.OpenItself(other.ctx))
	_, err := r.RekeySeal(other.ctx, keys.Request{Kind: keys.KMS}, "a test")
	other.must(err)

	// The other vault's, which the service opens as gladly; then one that nothing encrypted.
	var params string
	other.must(other.db.w.QueryRowContext(other.ctx, `select params from vault_seal where kind = 'kms'`).Scan(&params))
	_, err = v.db.w.ExecContext(v.ctx, `update vault_seal set params = $1 where kind = 'kms'`, params)
	v.must(err)
	if err := v.kms("hashivault://writ").OpenItself(v.ctx); !errors.Is(err, keys.ErrTampered) {
		t.Errorf("the seal of another vault: %v", err)
	}
	_, err = v.db.w.ExecContext(v.ctx, `update vault_seal set params = '{"key":"hashivault://writ","sealed":"AAAA"}' where kind = 'kms'`)
	v.must(err)
	if err := v.kms("hashivault://writ").OpenItself(v.ctx); !errors.Is(err, keys.ErrSealAway) {
		t.Errorf("what nothing encrypted: %v", err)
	}
	if err := v.kms("hashivault://another").OpenItself(v.ctx); !errors.Is(err, keys.ErrSeal) {
		t.Errorf("another key: %v", err)
	}
}
