package keys

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

// sealing seals with a service's key, and returns what opens it: at a place, or not.
func sealing(t *testing.T, at string) func(instance []byte, seal int64) error {
	t.Helper()
	k, err := NewKeyService(at)
	if err != nil {
		t.Fatal(err)
	}
	r, instance := &Ring{kms: k}, []byte(rand.Text())
	o := newOpened(instance)
	t.Cleanup(o.close)
	made, params, err := r.newKMS(t.Context(), o, 1)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := made.seal([]byte("the root key"), []byte("its place"))
	if err != nil {
		t.Fatal(err)
	}
	return func(other []byte, seal int64) error {
		if other == nil {
			other = instance
		}
		o := newOpened(other)
		defer o.close()
		l, err := r.openKMS(t.Context(), o, SealRow{ID: seal, Kind: KMS, Params: params})
		if err != nil {
			return err
		}
		if got, err := l.open(sealed, []byte("its place")); err != nil || string(got) != "the root key" {
			t.Errorf("it opens as %q: %v", got, err)
		}
		return nil
	}
}

// What a service encrypted opens for its vault and its seal alone, though the service would
// open it for any.
func atItsPlace(t *testing.T, s *testkit.KeyService, at string) {
	t.Helper()
	opens := sealing(t, at)
	if err := opens(nil, 1); err != nil {
		t.Error(err)
	}
	if err := opens([]byte("another vault of theirs"), 1); !errors.Is(err, ErrTampered) {
		t.Errorf("another vault: %v", err)
	}
	if err := opens(nil, 2); !errors.Is(err, ErrTampered) {
		t.Errorf("another seal: %v", err)
	}
	s.Away(true)
	err := opens(nil, 1)
	if !errors.Is(err, ErrSealAway) || strings.Contains(err.Error(), s.Token) {
		t.Errorf("the service is away: %v", err)
	}
	s.Away(false)
	if err := opens(nil, 1); err != nil {
		t.Error(err)
	}
}

func TestKeyServiceOpensAtItsPlace(t *testing.T) {
	s := testkit.Transit(t, "writ")
	t.Setenv("BAO_ADDR", "")
	t.Setenv("BAO_TOKEN", "")
	t.Setenv("VAULT_ADDR", s.URL)
	t.Setenv("VAULT_TOKEN", s.Token)
	atItsPlace(t, s, "hashivault://writ")
	t.Setenv("VAULT_TOKEN", "somebody else's")
	k, err := NewKeyService("hashivault://writ")
	if err != nil {
		t.Fatal(err)
	}
	o := newOpened([]byte("a vault"))
	defer o.close()
	if _, _, err := (&Ring{kms: k}).newKMS(t.Context(), o, 1); !errors.Is(err, ErrSealAway) {
		t.Errorf("with somebody else's token: %v", err)
	}
}

func TestKeyServiceURL(t *testing.T) {
	t.Setenv("VAULT_ADDR", "http://127.0.0.1:1")
	for _, text := range []string{
		"", "writ", "http://kms.example.com/writ", "file:///etc/passwd", "base64key://", "%zz://",
		"hashivault://", "hashivault://writ/../sys", "hashivault://writ?engines=x", "hashivault://writ?engine=a&engine=b", "hashivault://token:hunter2@writ",
		"awskms://", "awskms:///alias/writ?anonymous=true", "gcpkms://projects/p/keyRings/r", "azurekeyvault://example.com/keys/writ",
	} {
		_, err := NewKeyService(text)
		if !errors.Is(err, ErrSeal) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	}
	k, err := NewKeyService("hashivault://writ?engine=transit/second")
	if err != nil || k.String() != "hashivault://writ" {
		t.Errorf("%v, %v", k, err)
	}
	t.Setenv("VAULT_ADDR", "")
	t.Setenv("BAO_ADDR", "")
	if _, err := NewKeyService("hashivault://writ"); !errors.Is(err, ErrSeal) {
		t.Errorf("nothing says where it is: %v", err)
	}
}
