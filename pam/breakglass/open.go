package breakglass

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/share"
)

const (
	keySize = ed25519.PublicKeySize
	padTo   = 4096 // so that the length of a kit says nothing of a password's
)

// kem makes keys of what is shared, and encrypts to them.
func kem() hpke.KEM { return hpke.DHKEM(ecdh.X25519()) }

// info binds what is sealed to all that the kit says of itself.
func info(head []byte) []byte { return append([]byte("writ.break-glass.kit.1\x00"), head...) }

// private is the key that a kit's contents are decrypted with.
func private(shared []byte) (hpke.PrivateKey, error) {
	ikm, err := hkdf.Key(sha256.New, shared, nil, "writ.break-glass.key.1", 32)
	if err != nil {
		return nil, err
	}
	defer clear(ikm)
	return kem().DeriveKeyPair(ikm)
}

// ShareOut gives a new kit its key, and shares it out. The key is then nowhere: only what is
// encrypted to it stays. There are as many shares as holders, in their order.
func (h *Head) ShareOut(threshold int, by Signer) (told []secret.Secret, err error) {
	h.Verifier = by.Verifier()
	var key []byte
	h.Sharing, key, told, err = shareForm.Split(len(h.Holders), threshold, func(p share.Sharing, key []byte) ([]byte, error) {
		k, err := private(key)
		if err != nil {
			return nil, err
		}
		h.Public = k.PublicKey().Bytes()
		return sharingID(h, p), h.wrap(key)
	})
	clear(key)
	if errors.Is(err, share.ErrCount) {
		err = ErrPlan.With("at least two holders open a kit together, and not more than there are")
	}
	return told, err
}

// Value is what a secret is, and where it opens something.
type Value struct {
	Secret  access.SecretID
	Address string
	Value   secret.Secret
}

// contents is what is sealed.
type contents struct {
	Seed    []byte `json:"seed"` // of the key that signs records
	Secrets []held `json:"secrets"`
}

type held struct {
	Secret  access.SecretID `json:"secret"`
	Address string          `json:"address,omitempty"`
	Value   []byte          `json:"value"`
}

func (c *contents) wipe() {
	clear(c.Seed)
	for _, x := range c.Secrets {
		clear(x.Value)
	}
}

// Seal makes an edition of a kit of what its secrets are now. It takes nobody's share.
func Seal(h Head, values []Value, by Signer) (*Kit, error) {
	c := contents{Seed: make([]byte, ed25519.SeedSize)}
	defer c.wipe()
	_, _ = rand.Read(c.Seed)
	signs, _ := ed25519.NewKeyFromSeed(c.Seed).Public().(ed25519.PublicKey)
	h.Record = signs
	for _, v := range values {
		c.Secrets = append(c.Secrets, held{v.Secret, v.Address, append([]byte(nil), v.Value.Reveal()...)})
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	k := &Kit{Head: h}
	var err error
	if k.head, err = json.Marshal(h); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	padded := make([]byte, (len(plain)/padTo+1)*padTo)
	defer clear(padded)
	for i := copy(padded, plain); i < len(padded); i++ {
		padded[i] = ' '
	}
	to, err := kem().NewPublicKey(h.Public)
	if err != nil {
		return nil, fmt.Errorf("reading the key of the kit: %w", err)
	}
	if k.sealed, err = hpke.Seal(to, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info(k.head), padded); err != nil {
		return nil, fmt.Errorf("sealing the kit: %w", err)
	}
	return k, k.sign(by)
}

// Shares are those that were given so far to open a kit.
type Shares struct {
	kit   *Kit
	given []share.Share
}

// Begin begins to open a kit.
func (k *Kit) Begin() *Shares { return &Shares{kit: k} }

// Give takes one share, and says what is wrong with it: that spoils nothing. It returns
// whose it is.
func (s *Shares) Give(text secret.Secret) (Holder, error) {
	got, err := shareForm.Read(s.kit.Sharing, text)
	if err != nil {
		return Holder{}, s.kit.wrong(err)
	}
	for _, x := range s.given {
		if x.Index == got.Index {
			return Holder{}, ErrShareThere
		}
	}
	h, ok := s.kit.holder(int(got.Index))
	if !ok {
		return Holder{}, ErrShareWrong
	}
	s.given = append(s.given, got)
	return h, nil
}

// Missing is how many are needed still.
func (s *Shares) Missing() int { return max(0, s.kit.Threshold-len(s.given)) }

// Forget overwrites what was given.
func (s *Shares) Forget() {
	for _, x := range s.given {
		x.Forget()
	}
	s.given = nil
}

// Opened is a kit that was opened. What is in it comes out through a Journal only.
type Opened struct {
	*Kit
	places []int // whose shares opened it
	inside contents
}

// Open opens the kit, once there are enough.
func (s *Shares) Open() (*Opened, error) {
	if s.Missing() > 0 {
		return nil, ErrQuorum.With("%d more holders have to give their shares: the kit stays sealed", s.Missing())
	}
	shared, err := share.Join(s.kit.Sharing, s.given)
	if err != nil {
		return nil, ErrShareWrong.Because(err)
	}
	defer clear(shared)
	var places []int
	for _, x := range s.given {
		places = append(places, int(x.Index))
	}
	return s.kit.opened(shared, places)
}

// opened is the kit, opened with what was shared, by the holders of some places.
func (k *Kit) opened(shared []byte, places []int) (*Opened, error) {
	key, err := private(shared)
	if err != nil {
		return nil, err
	}
	plain, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info(k.head), k.sealed)
	if err != nil {
		return nil, ErrKit.Because(err)
	}
	defer clear(plain)
	o := &Opened{Kit: k, places: places}
	if err := json.Unmarshal(plain, &o.inside); err != nil || len(o.inside.Seed) != ed25519.SeedSize {
		return nil, ErrKit.Because(err)
	}
	return o, nil
}

// Close overwrites what is in it.
func (o *Opened) Close() { o.inside.wipe() }

// value is what a secret is.
func (o *Opened) value(id access.SecretID) (Value, bool) {
	for _, x := range o.inside.Secrets {
		if x.Secret == id {
			return Value{id, x.Address, secret.New(x.Value)}, true
		}
	}
	return Value{}, false
}
