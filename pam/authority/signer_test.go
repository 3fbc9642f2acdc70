package authority

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"errors"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
)

// Invariant 2: a key that is open is overwritten with the vault's, is opened again after
// that, and signs nothing where the vault was sealed while it was being opened.
func TestKeysAreWipedWithTheVault(t *testing.T) {
	a, o := made(t, SSHUser)
	der, err := x509.MarshalPKCS8PrivateKey(o.Signer)
	if err != nil {
		t.Fatal(err)
	}
	errSealed := errors.New("sealed")
	var sealed error
	fetched := 0
	r := &ring{keys: map[access.VersionID]*opened{}, usable: func() error { return sealed }}
	r.fetch = func(context.Context, *Authority, Key) (secret.Secret, error) {
		fetched++
		return secret.New(der), nil
	}
	var key ed25519.PrivateKey
	use := func() error {
		return r.with(t.Context(), a, a.Keys[0], func(o *opened) error {
			key = o.Signer.(ed25519.PrivateKey)
			return nil
		})
	}
	for range 2 {
		if err := use(); err != nil || fetched != 1 {
			t.Fatalf("it was opened %d times: %v", fetched, err)
		}
	}
	r.wipe()
	if !bytes.Equal(key, make([]byte, len(key))) {
		t.Error("the vault is sealed, and the key lies in memory")
	}
	sealed = errSealed
	if err := use(); !errors.Is(err, errSealed) || fetched != 1 {
		t.Errorf("the vault is sealed, and the key is opened: %v", err)
	}
	sealed = nil
	if err := use(); err != nil || fetched != 2 {
		t.Errorf("it was opened %d times: %v", fetched, err)
	}
	r.wipe()
	fetch := r.fetch
	r.fetch = func(ctx context.Context, a *Authority, k Key) (secret.Secret, error) {
		r.wipe()
		return fetch(ctx, a, k)
	}
	if err := use(); !errors.Is(err, ErrChanged) || len(r.keys) != 0 {
		t.Errorf("it was sealed while a key was opened, and %d are open: %v", len(r.keys), err)
	}
}
