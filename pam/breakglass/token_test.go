package breakglass

import (
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"testing"
)

// What is sealed to the key of a token opens with that, in each edition, and for no other.
func TestKitOpensForAToken(t *testing.T) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	by := newSigner(t)
	h := head()
	h.Tokens = []Token{{Holder: Holder{4, 14, "Dora Lim"}, Public: key.PublicKey().Bytes()}}
	told, err := h.ShareOut(2, by)
	if err != nil {
		t.Fatal(err)
	}
	next := h
	next.Edition++
	for _, edition := range []Head{h, next} {
		k, err := Seal(edition, values(), by)
		if err != nil {
			t.Fatal(err)
		}
		if o, err := again(t, k.Text()).OpenWith(key); err != nil || len(o.places) != 1 || o.places[0] != 4 {
			t.Errorf("edition %d: %v", edition.Edition, err)
		}
		opened(t, again(t, k.Text()), told[0], told[1])
		other, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.OpenWith(other); !errors.Is(err, ErrToken) {
			t.Errorf("another key: %v", err)
		}
	}
	h.Tokens[0].Public = []byte("no key")
	if _, err := h.ShareOut(2, by); !errors.Is(err, ErrToken) {
		t.Errorf("no key: %v", err)
	}
}
