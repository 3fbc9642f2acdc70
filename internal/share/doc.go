// Package share splits a random key among people, so that some of them together have it
// and fewer know nothing of it.
//
// Vocabulary: a sharing is how a key was split, and is no secret. A share is what one
// person keeps, written so that it can be printed and typed. A form is how the shares of
// one use are written: those of another use are none of it.
//
// Invariants:
//  1. A share is told by itself from one that was mistyped, is of another sharing, or was
//     made up: the sharing's commitments say so.
//  2. Fewer shares than the threshold say nothing of the key.
//  3. A share is a secret.Secret in each of its forms.
//
// Sources: Shamir, How to share a secret (1979); Feldman, A practical scheme for
// non-interactive verifiable secret sharing (1987); RFC 9496 (ristretto255).
//
// What it does not do: it knows no people and no use of a key, and keeps nothing.
package share
