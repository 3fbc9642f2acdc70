package signin

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
)

// ErrKey is returned for what is no key that could prove anything.
var ErrKey = fault.New(fault.Invalid, "bad-key", "the key must be a public one, P-256 or Ed25519, as a JSON Web Key")

// Key is a client's own key, whose proofs go with its requests.
type Key struct {
	private    jose.JSONWebKey
	signer     jose.Signer
	thumbprint string
}

// NewKey makes a key.
func NewKey() (*Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return newKey(jose.JSONWebKey{Key: private, Algorithm: string(jose.EdDSA)})
}

func newKey(private jose.JSONWebKey) (k *Key, err error) {
	k = &Key{private: private}
	public := private.Public()
	if !fits(&public, private.Algorithm) {
		return nil, ErrKey
	}
	if k.thumbprint, err = thumbprintOf(&public); err != nil {
		return nil, err
	}
	k.signer, err = jose.NewSigner(
		jose.SigningKey{Algorithm: jose.SignatureAlgorithm(private.Algorithm), Key: private.Key},
		(&jose.SignerOptions{EmbedJWK: true}).WithType(proofType))
	return k, err
}

// ParseKey reads what Private wrote.
func ParseKey(s secret.Secret) (*Key, error) {
	var private jose.JSONWebKey
	if err := json.Unmarshal(s.Reveal(), &private); err != nil || private.IsPublic() || !private.Valid() {
		return nil, ErrKey
	}
	return newKey(private)
}

// Private is the key as a JSON Web Key, for its owner to keep.
func (k *Key) Private() (secret.Secret, error) {
	text, err := k.private.MarshalJSON()
	defer clear(text)
	return secret.New(text), err
}

// Public is the public half as a JSON Web Key, for whoever binds a token to it.
func (k *Key) Public() ([]byte, error) { return k.private.Public().MarshalJSON() }

// Thumbprint names the key (RFC 7638).
func (k *Key) Thumbprint() string { return k.thumbprint }

// Prove makes the proof for one request; url is without query.
func (k *Key) Prove(method, url string, at time.Time, shown secret.Secret) (string, error) {
	text, err := json.Marshal(proof{ID: rand.Text(), Method: method, URL: url, At: float64(at.Unix()), Hash: tokenHash(shown)})
	if err != nil {
		return "", err
	}
	signed, err := k.signer.Sign(text)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// PublicHalf is the public half of a JSON Web Key, whichever half it is: the other one is
// for nobody but its owner.
func PublicHalf(s secret.Secret) ([]byte, error) {
	if k, err := ParseKey(s); err == nil {
		return k.Public()
	}
	text := bytes.Clone(s.Reveal())
	_, err := publicKey(text)
	return text, err
}

// publicKey reads a public key that somebody binds a token to, and names it.
func publicKey(text []byte) (thumbprint string, err error) {
	var k jose.JSONWebKey
	if len(text) > maxProof || json.Unmarshal(text, &k) != nil || !k.IsPublic() || !k.Valid() {
		return "", ErrKey
	}
	if !fits(&k, string(jose.ES256)) && !fits(&k, string(jose.EdDSA)) {
		return "", ErrKey
	}
	return thumbprintOf(&k)
}
