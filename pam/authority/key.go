package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// KeyType is a kind of public key that something is signed for.
type KeyType string

// The kinds of key. Those of hardware prove that somebody touched it.
const (
	KeyEd25519   KeyType = "ed25519"
	KeyP256      KeyType = "ecdsa_p256"
	KeyP384      KeyType = "ecdsa_p384"
	KeyRSA       KeyType = "rsa" // of 3072 bits or more
	KeySKEd25519 KeyType = "sk_ed25519"
	KeySKP256    KeyType = "sk_ecdsa_p256"
)

// KeyTypes lists them.
var KeyTypes = []KeyType{KeyEd25519, KeyP256, KeyP384, KeyRSA, KeySKEd25519, KeySKP256}

func (t KeyType) hardware() bool { return t == KeySKEd25519 || t == KeySKP256 }

const (
	leastRSA = 3072
	mostRSA  = 8192
	mostKey  = 16 << 10 // bytes of a public key, as text
)

// sshTypes are OpenSSH's names of kinds of key. What is not here is taken nowhere.
var sshTypes = map[string]KeyType{
	ssh.KeyAlgoED25519: KeyEd25519, ssh.KeyAlgoECDSA256: KeyP256, ssh.KeyAlgoECDSA384: KeyP384, ssh.KeyAlgoRSA: KeyRSA,
	ssh.KeyAlgoSKED25519: KeySKEd25519, ssh.KeyAlgoSKECDSA256: KeySKP256,
}

// parseSSH reads one raw public key, as a line of authorized_keys without options. A
// certificate is none.
func parseSSH(line string) (ssh.PublicKey, KeyType, error) {
	if len(line) > mostKey {
		return nil, "", ErrKey.With("the public key is too long")
	}
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	switch {
	case err != nil:
		return nil, "", ErrKey.With("this is no public key of SSH: give the line of a .pub file")
	case len(options) > 0 || len(strings.TrimSpace(string(rest))) > 0:
		return nil, "", ErrKey.With("give one public key, and nothing else")
	}
	if _, is := key.(*ssh.Certificate); is {
		return nil, "", ErrCertificateKey
	}
	t, ok := sshTypes[key.Type()]
	if !ok {
		return nil, "", ErrKey.With("a key of the kind %s is taken nowhere", key.Type())
	}
	if t == KeyRSA {
		plain, ok := key.(ssh.CryptoPublicKey)
		if !ok {
			return nil, "", ErrKey
		}
		if _, err := typeOf(plain.CryptoPublicKey()); err != nil {
			return nil, "", err
		}
	}
	return key, t, nil
}

// parsePublic reads one raw public key from PEM, or that of a request which its key
// signed. What else a request says counts for nothing. A certificate is no key.
func parsePublic(text string) (crypto.PublicKey, KeyType, error) {
	if len(text) > mostKey {
		return nil, "", ErrKey.With("the public key is too long")
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, "", ErrKey.With("give one public key, or one request for a certificate, as PEM")
	}
	var key crypto.PublicKey
	var err error
	switch block.Type {
	case "CERTIFICATE":
		return nil, "", ErrCertificateKey
	case "CERTIFICATE REQUEST":
		var asks *x509.CertificateRequest
		if asks, err = x509.ParseCertificateRequest(block.Bytes); err == nil {
			key, err = asks.PublicKey, asks.CheckSignature()
		}
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	default:
		return nil, "", ErrKey.With("give a public key, or a request for a certificate, as PEM")
	}
	if err != nil {
		return nil, "", ErrKey.With("the public key cannot be read").Because(err)
	}
	t, err := typeOf(key)
	return key, t, err
}

func typeOf(key crypto.PublicKey) (KeyType, error) {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return KeyEd25519, nil
	case *ecdsa.PublicKey:
		switch k.Curve.Params().Name {
		case "P-256":
			return KeyP256, nil
		case "P-384":
			return KeyP384, nil
		}
		return "", ErrKey.With("a key on the curve %s is taken nowhere", k.Curve.Params().Name)
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < leastRSA || n > mostRSA {
			return "", ErrKey.With("an RSA key has between %d and %d bits, and this has %d", leastRSA, mostRSA, n)
		}
		if k.N.Bit(0) == 0 || k.E < 3 || k.E%2 == 0 { // anybody could sign by it, or divide it
			return "", ErrKey.With("this is no RSA key that proves anything: make another")
		}
		return KeyRSA, nil
	}
	return "", ErrKey.With("a key of this kind is taken nowhere")
}

// takes refuses a kind of key that a profile does not take.
func (p *Profile) takes(t KeyType) error {
	if !slices.Contains(p.KeyTypes, t) {
		return ErrKey.With("the profile takes no key of the kind %s", t)
	}
	return nil
}

// fingerprintOf tells one key from every other, as OpenSSH writes it.
func fingerprintOf(der []byte) string {
	sum := sha256.Sum256(der)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}
