// Package generate draws secrets that nobody has thought of: passwords by the rules of what
// they open, and keys.
//
// Vocabulary: a class is a group of characters that a password has some of each of.
//
// Invariants:
//  1. Only crypto/rand is asked, and every character of what is allowed is equally likely.
//  2. No place in a password says which class stands there.
//  3. Rules that leave less than 64 bits to guess are refused.
//
// Sources: NIST SP 800-63B section 5.1.1 (no more than what a target asks for), RFC 8032.
//
// What it does not do: it keeps nothing.
package generate
