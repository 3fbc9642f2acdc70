package share

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/secretsharing"

	"github.com/writhq/writ/internal/secret"
)

// What can be wrong. Whoever uses a form says it in the words of their use.
var (
	ErrCount   = errors.New("of 2 to 50 shares at least 2 open it, and not more than there are")
	ErrText    = errors.New("it is no share, or was mistyped")
	ErrForeign = errors.New("the share is of another sharing")
	ErrWrong   = errors.New("the share is not one of those that were made")
	ErrSharing = errors.New("the sharing cannot be read")
	ErrFew     = errors.New("there are not enough shares")
)

const (
	checkSize  = 4
	scalarSize = 32
	least      = 2
	most       = 50
	dashed     = 8 // characters between dashes
	mostText   = 300
)

// Form is how the shares of one use are written.
type Form struct {
	Prefix string // that each begins with
	Check  string // what their checksum begins with
	ID     int    // how long the id of a sharing is
}

// Sharing is how a key was split.
type Sharing struct {
	ID          []byte   `json:"sharing"`
	Shares      int      `json:"shares"`
	Threshold   int      `json:"threshold"`
	Commitments [][]byte `json:"commitments"`
}

// Share is one that was read.
type Share struct {
	Index byte
	value secretsharing.Share
}

// Forget overwrites what it is.
func (s Share) Forget() { s.value.Value.SetUint64(0) }

// theGroup is the one that keys are of: its arithmetic takes the same time for all.
func theGroup() group.Group { return group.Ristretto255 }

var alphabet = base32.NewEncoding("abcdefghjkmnpqrstuvwxyz023456789").WithPadding(base32.NoPadding)

// Split makes a random key and shares it. What name returns for the sharing without its id
// is the id: what depends on the key can be bound to it.
func (f Form) Split(n, threshold int, name func(p Sharing, key []byte) ([]byte, error)) (p Sharing, key []byte, told []secret.Secret, err error) {
	if threshold < least || threshold > n || n > most {
		return p, nil, nil, ErrCount
	}
	p = Sharing{Shares: n, Threshold: threshold}
	shared := theGroup().RandomNonZeroScalar(rand.Reader)
	defer shared.SetUint64(0)
	split := secretsharing.New(rand.Reader, uint(threshold-1), shared)
	for _, c := range split.CommitSecret() {
		b, err := c.MarshalBinaryCompress()
		if err != nil {
			return p, nil, nil, err
		}
		p.Commitments = append(p.Commitments, b)
	}
	if key, err = shared.MarshalBinary(); err != nil {
		return p, nil, nil, err
	}
	if p.ID, err = name(p, key); err == nil && len(p.ID) != f.ID {
		err = ErrSharing
	}
	if err != nil {
		clear(key)
		return p, nil, nil, err
	}
	for i, s := range split.Share(uint(n)) {
		text, err := f.text(p, byte(i+1), s) //nolint:gosec // there are few
		if err != nil {
			clear(key)
			return p, nil, nil, err
		}
		told = append(told, text)
	}
	return p, key, told, nil
}

// Label is what each share of a sharing begins with, as it is written.
func (f Form) Label(p Sharing) string {
	text := alphabet.EncodeToString(p.ID)
	return f.Prefix + text[:min(dashed, len(text))]
}

// text is a share as its holder keeps it.
func (f Form) text(p Sharing, index byte, s secretsharing.Share) (secret.Secret, error) {
	value, err := s.Value.MarshalBinary()
	if err != nil {
		return secret.Secret{}, err
	}
	defer clear(value)
	b := append(append(bytes.Clone(p.ID), index), value...)
	b = append(b, f.checked(b)...)
	defer clear(b)
	text := alphabet.AppendEncode(nil, b)
	defer clear(text)
	out := []byte(f.Prefix)
	for i := 0; i < len(text); i += dashed {
		if i > 0 {
			out = append(out, '-')
		}
		out = append(out, text[i:min(i+dashed, len(text))]...)
	}
	defer clear(out)
	return secret.New(out), nil
}

func (f Form) checked(b []byte) []byte {
	sum := sha256.Sum256(append([]byte(f.Check), b...))
	return sum[:checkSize]
}

// Read reads a share that somebody gives, and says what is wrong with it.
func (f Form) Read(p Sharing, given secret.Secret) (s Share, err error) {
	commitment, err := f.commitment(p)
	if err != nil {
		return s, err
	}
	if len(given.Reveal()) > mostText {
		return s, ErrText
	}
	text := strings.ToLower(strings.Join(strings.Fields(string(given.Reveal())), ""))
	text, ok := strings.CutPrefix(text, f.Prefix)
	b, err := alphabet.DecodeString(strings.ReplaceAll(text, "-", ""))
	defer clear(b)
	whole := f.ID + 1 + scalarSize
	if !ok || err != nil || len(b) != whole+checkSize || !bytes.Equal(f.checked(b[:whole]), b[whole:]) {
		return s, ErrText
	}
	if !bytes.Equal(b[:f.ID], p.ID) {
		return s, ErrForeign
	}
	s.Index = b[f.ID]
	s.value = secretsharing.Share{ID: theGroup().NewScalar().SetUint64(uint64(s.Index)), Value: theGroup().NewScalar()}
	if err := s.value.Value.UnmarshalBinary(b[f.ID+1 : whole]); err != nil || s.Index == 0 || int(s.Index) > p.Shares {
		return s, ErrWrong
	}
	if !secretsharing.Verify(uint(p.Threshold-1), s.value, commitment) { //nolint:gosec // it is small
		return s, ErrWrong
	}
	return s, nil
}

// Valid reports why a sharing cannot be one of this form, or nil.
func (f Form) Valid(p Sharing) error {
	_, err := f.commitment(p)
	return err
}

func (f Form) commitment(p Sharing) (list secretsharing.SecretCommitment, err error) {
	if len(p.ID) != f.ID || p.Threshold < least || p.Threshold > p.Shares || p.Shares > most || len(p.Commitments) != p.Threshold {
		return nil, ErrSharing
	}
	for _, b := range p.Commitments {
		e := theGroup().NewElement()
		if err := e.UnmarshalBinary(b); err != nil {
			return nil, errors.Join(ErrSharing, err)
		}
		list = append(list, e)
	}
	return list, nil
}

// Join makes the key of enough shares, each of another index. Whoever asked overwrites it.
func Join(p Sharing, list []Share) (key []byte, err error) {
	if len(list) < p.Threshold {
		return nil, ErrFew
	}
	values := make([]secretsharing.Share, len(list))
	for i, s := range list {
		values[i] = s.value
	}
	shared, err := secretsharing.Recover(uint(p.Threshold-1), values) //nolint:gosec // it is small
	if err != nil {
		return nil, err
	}
	defer shared.SetUint64(0)
	return shared.MarshalBinary()
}
