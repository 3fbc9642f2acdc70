package main

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

// authenticator is a passkey in software: it signs what a browser would have it sign.
type authenticator struct {
	t      *testing.T
	key    *ecdsa.PrivateKey
	id     []byte
	handle string
	rp     string
	origin string
	count  uint32
	flags  byte // of every answer
}

// What an authenticator says of itself.
const (
	userPresent  = 0x01
	userVerified = 0x04
	hasKey       = 0x40
)

func newAuthenticator(t *testing.T, origin, rp string) *authenticator {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authenticator{t: t, key: key, id: make([]byte, 16), rp: rp, origin: origin, flags: userPresent | userVerified}
	_, _ = rand.Read(a.id)
	return a
}

// copyOf is one that knows everything that the other does.
func (a *authenticator) copyOf() *authenticator {
	twin := *a
	return &twin
}

// asked is what of a browser's options matters here.
type asked struct {
	Challenge string `json:"challenge"`
	User      struct {
		ID string `json:"id"`
	} `json:"user"`
}

func (a *authenticator) read(options json.RawMessage) (o asked) {
	a.t.Helper()
	if err := json.Unmarshal(options, &o); err != nil || o.Challenge == "" {
		a.t.Fatalf("options %s: %v", options, err)
	}
	return o
}

func (a *authenticator) client(what, challenge string) []byte {
	text, err := json.Marshal(map[string]any{"type": what, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	if err != nil {
		a.t.Fatal(err)
	}
	return text
}

func (a *authenticator) data(flags byte) []byte {
	rp := sha256.Sum256([]byte(a.rp))
	return binary.BigEndian.AppendUint32(append(rp[:], flags), a.count)
}

// register makes the key known.
func (a *authenticator) register(options json.RawMessage) json.RawMessage {
	a.t.Helper()
	o := a.read(options)
	a.handle = o.User.ID
	public, err := a.key.PublicKey.Bytes()
	if err != nil {
		a.t.Fatal(err)
	}
	cose, err := webauthncbor.Marshal(webauthncose.EC2PublicKeyData{
		PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.EllipticKey), Algorithm: int64(webauthncose.AlgES256)},
		Curve:         int64(webauthncose.P256), XCoord: public[1:33], YCoord: public[33:],
	})
	if err != nil {
		a.t.Fatal(err)
	}
	data := append(a.data(a.flags|hasKey), make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id))) //nolint:gosec // 16
	data = append(append(data, a.id...), cose...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		a.t.Fatal(err)
	}
	return a.answer(map[string]any{"clientDataJSON": b64(a.client("webauthn.create", o.Challenge)), "attestationObject": b64(object)})
}

// sign answers a challenge, and counts it.
func (a *authenticator) sign(options json.RawMessage) json.RawMessage {
	a.t.Helper()
	a.count++
	client := a.client("webauthn.get", a.read(options).Challenge)
	data := a.data(a.flags)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte(nil), data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	if err != nil {
		a.t.Fatal(err)
	}
	return a.answer(map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": a.handle,
	})
}

func (a *authenticator) answer(response map[string]any) json.RawMessage {
	text, err := json.Marshal(map[string]any{
		"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{},
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return text
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
