package testkit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// Passkey is a passkey in software: it signs what a browser would have it sign. What it is
// and says can be changed, for what a server must not take.
type Passkey struct {
	Key    *ecdsa.PrivateKey
	Handle string // whom it is of, as the server said
	Origin string
	Flags  byte // of every answer

	tb    testing.TB
	id    []byte
	rp    string
	count uint32
}

// What a passkey says of itself.
const (
	UserPresent  = 0x01
	UserVerified = 0x04
	hasKey       = 0x40
)

// NewPasskey makes one for a server of an origin, which names itself rp.
func NewPasskey(tb testing.TB, origin, rp string) *Passkey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	a := &Passkey{tb: tb, Key: key, id: make([]byte, 16), rp: rp, Origin: origin, Flags: UserPresent | UserVerified}
	_, _ = rand.Read(a.id)
	return a
}

// Copy is one that knows everything that the other does.
func (a *Passkey) Copy() *Passkey {
	twin := *a
	return &twin
}

// passkeyAsked is what of a browser's options matters here.
type passkeyAsked struct {
	Challenge string `json:"challenge"`
	User      struct {
		ID string `json:"id"`
	} `json:"user"`
}

func (a *Passkey) read(options json.RawMessage) (o passkeyAsked) {
	a.tb.Helper()
	if err := json.Unmarshal(options, &o); err != nil || o.Challenge == "" {
		a.tb.Fatalf("options %s: %v", options, err)
	}
	return o
}

func (a *Passkey) client(what, challenge string) []byte {
	text, err := json.Marshal(map[string]any{"type": what, "challenge": challenge, "origin": a.Origin, "crossOrigin": false})
	if err != nil {
		a.tb.Fatal(err)
	}
	return text
}

func (a *Passkey) data(flags byte) []byte {
	rp := sha256.Sum256([]byte(a.rp))
	return binary.BigEndian.AppendUint32(append(rp[:], flags), a.count)
}

// Register makes the key known.
func (a *Passkey) Register(options json.RawMessage) json.RawMessage {
	a.tb.Helper()
	o := a.read(options)
	a.Handle = o.User.ID
	public, err := a.Key.PublicKey.Bytes()
	if err != nil {
		a.tb.Fatal(err)
	}
	cose, err := webauthncbor.Marshal(webauthncose.EC2PublicKeyData{
		PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.EllipticKey), Algorithm: int64(webauthncose.AlgES256)},
		Curve:         int64(webauthncose.P256), XCoord: public[1:33], YCoord: public[33:],
	})
	if err != nil {
		a.tb.Fatal(err)
	}
	data := append(a.data(a.Flags|hasKey), make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id))) //nolint:gosec // 16
	data = append(append(data, a.id...), cose...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		a.tb.Fatal(err)
	}
	return a.answer(map[string]any{"clientDataJSON": b64(a.client("webauthn.create", o.Challenge)), "attestationObject": b64(object)})
}

// Sign answers a challenge, and counts it.
func (a *Passkey) Sign(options json.RawMessage) json.RawMessage {
	a.tb.Helper()
	a.count++
	client := a.client("webauthn.get", a.read(options).Challenge)
	data := a.data(a.Flags)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte(nil), data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.Key, sum[:])
	if err != nil {
		a.tb.Fatal(err)
	}
	return a.answer(map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": a.Handle,
	})
}

func (a *Passkey) answer(response map[string]any) json.RawMessage {
	text, err := json.Marshal(map[string]any{
		"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{},
	})
	if err != nil {
		a.tb.Fatal(err)
	}
	return text
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
