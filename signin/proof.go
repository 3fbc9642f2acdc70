package signin

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"math"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
)

// What is wrong with a proof. The answer says no more: whoever makes proofs knows
// what belongs into one, and whoever steals them need not.
var (
	ErrProof      = fault.New(fault.Denied, "bad-proof", "the proof by the client's key (RFC 9449) does not hold for this request, or was used before: make a new one for the server's own address, and look at the clock")
	ErrProofsFull = fault.New(fault.Unavailable, "too-many-proofs", "too many proofs in a short time to remember them all: wait a minute")
)

const (
	proofHeader = "DPoP"
	proofType   = "dpop+jwt"
	proofAge    = time.Minute // how far its time may be from ours, either way
	maxProof    = 2 << 10
	maxProofID  = 128
)

var proofAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA}

// ProofStore remembers proofs for every node.
type ProofStore interface {
	// FirstProof keeps a proof for as long as it could be used again, or returns ErrProof
	// where it was there before.
	FirstProof(ctx context.Context, h Hash, lasts time.Duration) error
}

// proofs checks proofs: that whoever sends a request has the key that what they show
// is bound to.
type proofs struct {
	Origin string // ours, as clients write it
	Now    func() time.Time
	Store  ProofStore // for requests that change something

	// Strangers fill only what is remembered of strangers.
	known, strangers replays
}

// proof is what is signed.
type proof struct {
	ID     string  `json:"jti"`
	Method string  `json:"htm"`
	URL    string  `json:"htu"`
	At     float64 `json:"iat"`
	Hash   string  `json:"ath,omitempty"`
}

// verify returns the thumbprint of the key that proves a request. Shown is the token
// or cookie that the request shows, if it shows one: the proof must name it. Bound is
// the thumbprint that it must be; where it is empty, any key is taken, to be bound.
func (p *proofs) verify(r *http.Request, shown secret.Secret, bound string) (thumbprint string, err error) {
	given := r.Header.Values(proofHeader)
	if len(given) != 1 || len(given[0]) > maxProof {
		return "", ErrProof
	}
	thumbprint, claims, err := openProof(given[0], bound)
	if err != nil {
		return "", err
	}
	now := p.Now()
	age := float64(now.UnixMilli())/1000 - claims.At
	switch {
	case claims.ID == "" || len(claims.ID) > maxProofID,
		math.Abs(age) > proofAge.Seconds(),
		claims.Method != r.Method,
		claims.URL != p.Origin+r.URL.EscapedPath(),
		subtle.ConstantTimeCompare([]byte(claims.Hash), []byte(tokenHash(shown))) != 1:
		return "", ErrProof
	}
	if bound == "" {
		return thumbprint, p.strangers.first(proofHash(thumbprint, claims.ID), now)
	}
	return thumbprint, p.first(r, proofHash(thumbprint, claims.ID), now)
}

// first refuses a proof of somebody known that was there before: at this node, and where
// it could change something, at any. What strangers send changes only what is good once
// by itself.
func (p *proofs) first(r *http.Request, h Hash, now time.Time) error {
	if err := p.known.first(h, now); err != nil || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return err
	}
	return p.Store.FirstProof(r.Context(), h, replayLasts)
}

// proofHash names a key's proof; a thumbprint has one length.
func proofHash(thumbprint, id string) Hash { return sha256.Sum256([]byte(thumbprint + id)) }

// openProof checks that a proof is one, by the key that it names.
func openProof(text, bound string) (thumbprint string, claims proof, err error) {
	jws, err := jose.ParseSignedCompact(text, proofAlgorithms)
	if err != nil || len(jws.Signatures) != 1 {
		return "", claims, ErrProof
	}
	head := jws.Signatures[0].Protected
	if head.ExtraHeaders[jose.HeaderType] != proofType || head.JSONWebKey == nil || !fits(head.JSONWebKey, head.Algorithm) {
		return "", claims, ErrProof
	}
	if thumbprint, err = thumbprintOf(head.JSONWebKey); err != nil || bound != "" && thumbprint != bound {
		return "", claims, ErrProof
	}
	signed, err := jws.Verify(head.JSONWebKey.Key)
	if err != nil || json.Unmarshal(signed, &claims) != nil {
		return "", claims, ErrProof
	}
	return thumbprint, claims, nil
}

// fits reports whether a key is a public one of the kind that an algorithm is for.
func fits(k *jose.JSONWebKey, algorithm string) bool {
	switch key := k.Key.(type) {
	case *ecdsa.PublicKey:
		return key.Curve == elliptic.P256() && algorithm == string(jose.ES256)
	case ed25519.PublicKey:
		return algorithm == string(jose.EdDSA)
	}
	return false
}

// thumbprintOf names a key by RFC 7638.
func thumbprintOf(k *jose.JSONWebKey) (string, error) {
	sum, err := k.Thumbprint(crypto.SHA256)
	return base64.RawURLEncoding.EncodeToString(sum), err
}

// parseThumbprint refuses text that names no key.
func parseThumbprint(text string) error {
	if b, err := base64.RawURLEncoding.Strict().DecodeString(text); err != nil || len(b) != sha256.Size {
		return ErrKey
	}
	return nil
}

// tokenHash is how a proof names what is shown with it.
func tokenHash(shown secret.Secret) string {
	if shown.Empty() {
		return ""
	}
	sum := sha256.Sum256(shown.Reveal())
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
