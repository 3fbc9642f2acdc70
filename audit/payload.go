package audit

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
)

// ErrPayload is returned for a payload that is not what its leaf committed to.
var ErrPayload = fault.New(fault.Invalid, "audit-payload", "the payload is not what the record committed to")

const maxPayload = 1 << 16

// Payload is what a record says beside the log. The salt of its commitment is
// kept inside it, so that whoever cannot open it can test no guess against the
// leaf.
type Payload struct {
	Salt     []byte            `json:"salt"`
	Personal map[string]string `json:"personal"`
}

// NewPayload returns nil for nothing personal.
func NewPayload(personal map[string]string) (*Payload, error) {
	if len(personal) == 0 {
		return nil, nil
	}
	p := &Payload{Salt: make([]byte, sha256.Size), Personal: personal}
	_, _ = rand.Read(p.Salt) // it never fails
	if len(p.Text().Reveal()) > maxPayload {
		return nil, ErrPayload.With("the personal part of an audit event is larger than %d bytes", maxPayload)
	}
	return p, nil
}

// Text is the form that is encrypted; a nil payload has none.
func (p *Payload) Text() secret.Secret {
	b, err := json.Marshal(p)
	if err != nil || p == nil { // it is a map of strings: there is always a form
		return secret.Secret{}
	}
	return secret.New(b)
}

// Commitment is what the leaf says of the payload; a nil payload has none.
func (p *Payload) Commitment() []byte {
	if p == nil {
		return nil
	}
	b, err := json.Marshal(p.Personal)
	if err != nil {
		return nil
	}
	m := hmac.New(sha256.New, p.Salt)
	m.Write([]byte("writ.payload.1\x00"))
	m.Write(b)
	return m.Sum(nil)
}

// OpenPayload reads a decrypted payload and checks it against a commitment.
func OpenPayload(text secret.Secret, commitment []byte) (*Payload, error) {
	var p Payload
	if err := json.Unmarshal(text.Reveal(), &p); err != nil {
		return nil, ErrPayload
	}
	if !hmac.Equal(p.Commitment(), commitment) {
		return nil, ErrPayload
	}
	return &p, nil
}
