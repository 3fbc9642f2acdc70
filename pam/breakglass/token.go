package breakglass

import (
	"crypto/ecdh"
	"crypto/hpke"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
)

// ErrToken is returned where a hardware token cannot be used, or opens another kit.
var ErrToken = fault.New(fault.Invalid, "break-glass-token", "the hardware token cannot be used, or the kit was not sealed to it")

// Token is a hardware token that opens a kit alone, and whose it is. It counts as all the
// shares that open it, so that who has it is chosen like nobody else.
type Token struct {
	Holder
	Public  []byte `json:"public"`  // of its key, on P-256, uncompressed
	Wrapped []byte `json:"wrapped"` // what is shared, for it
}

// tokenKEM encrypts to the key of a token: on a curve that tokens have.
func tokenKEM() hpke.KEM { return hpke.DHKEM(ecdh.P256()) }

func (h *Head) tokenInfo() []byte { return append([]byte("writ.break-glass.token.1\x00"), h.Public...) }

// wrap seals what is shared to each token, once. Editions after it keep that.
func (h *Head) wrap(shared []byte) error {
	for i := range h.Tokens {
		t := &h.Tokens[i]
		to, err := tokenKEM().NewPublicKey(t.Public)
		if err != nil {
			return ErrToken.With("this is no key of a hardware token: 'writ break-glass token' says what is").Because(err)
		}
		if t.Wrapped, err = hpke.Seal(to, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), h.tokenInfo(), shared); err != nil {
			return err
		}
	}
	return nil
}

// OpenWith opens the kit with the key of a token, which stays in it.
func (k *Kit) OpenWith(x ecdh.KeyExchanger) (*Opened, error) {
	for _, t := range k.Tokens {
		if string(t.Public) != string(x.PublicKey().Bytes()) {
			continue
		}
		key, err := hpke.NewDHKEMPrivateKey(x)
		if err != nil {
			return nil, ErrToken.Because(err)
		}
		shared, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), k.tokenInfo(), t.Wrapped)
		if err != nil {
			return nil, ErrToken.Because(err)
		}
		defer clear(shared)
		return k.opened(shared, []int{t.Place})
	}
	return nil, ErrToken.With("the kit was not sealed to this hardware token")
}

// Hardware is where the key of a token is, as whoever has it says on the day.
type Hardware struct {
	Module string // the path of the PKCS #11 library
	Label  string // of the token
	Key    string // label of the key in it
	PIN    secret.Secret
}
