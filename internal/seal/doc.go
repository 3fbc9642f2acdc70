// Package seal encrypts what has to lie in the database but must not be readable
// there: keys of subjects, credentials of systems. The node's key does it, which
// lies in the data directory and never in the database.
//
// Vocabulary: a place is the table, column and row that a sealed value belongs to.
//
// Invariants:
//  1. A sealed value opens only at the place that it was sealed for.
//  2. The key file is readable by its owner only, or it is refused.
//  3. A key that is there but cannot be used is an error, never a reason to make
//     another one.
//
// Sources: Tink, AEAD with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha).
package seal
