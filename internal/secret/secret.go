// Package secret holds values that must never be seen: passwords, keys, tokens.
//
// Invariants:
//  1. Every way of printing or encoding a Secret yields "[redacted]".
//  2. The bytes leave only through Reveal, so a search for it is the audit.
package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a value that prints as [redacted]. The zero value is "no secret".
type Secret struct{ b []byte }

// New takes a copy of b.
func New(b []byte) Secret { return Secret{b: append([]byte(nil), b...)} }

// Reveal hands out the plaintext for one use; callers must not keep it.
func (s Secret) Reveal() []byte { return s.b }

// Empty reports whether there is no secret.
func (s Secret) Empty() bool { return len(s.b) == 0 }

// Equal compares in constant time.
func (s Secret) Equal(o Secret) bool { return subtle.ConstantTimeCompare(s.b, o.b) == 1 }

// Wipe overwrites the bytes; the Secret is empty afterwards.
func (s *Secret) Wipe() {
	clear(s.b)
	s.b = nil
}

// String redacts.
func (s Secret) String() string { return redacted }

// GoString redacts for %#v.
func (s Secret) GoString() string { return redacted }

// Format redacts for every verb, so that %x and %q cannot leak either.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue redacts for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText redacts for JSON, XML and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
