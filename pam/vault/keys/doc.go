// Package keys is the key hierarchy of the vault: the root key, which a seal locks; a key
// for each safe; a key for each version of a secret; and what these encrypt.
//
// Vocabulary: a ring is the keys that are open in this process. A place is what a
// ciphertext belongs to. A generation is which key of a safe, or which root key. A seal is
// what the root key is locked with; opening the vault is having the ring. A mark is what a
// write leaves, by which a node knows an older database.
//
// Invariants:
//  1. What is encrypted or wrapped opens at its own place only: the vault, the level, the
//     safe, the secret or the authority, the version and the generation are in its
//     associated data.
//  2. A key lies in the database wrapped by the one above it; the root key sealed.
//  3. A sealed vault opens nothing, and makes nothing, for anybody.
//  4. Nobody starts, feeds, ends or changes a seal without being known and permitted.
//  5. A share that is wrong, of another sharing, there already or mistyped is told at once,
//     and spoils nothing.
//  6. Re-keying loses nothing wherever it ends: what is under the key before stays until
//     all is under the next, and asking again goes on.
//  7. A database that is older than what this node has seen lends nothing until somebody
//     accepts it.
//  8. A seal that is configured and cannot be used, or is not in force, refuses to start.
//     A key service that is away leaves the vault sealed, and is asked again, unless
//     somebody has sealed it.
//  9. Keys lie in memory that is not swapped out where the platform has such, and are
//     overwritten when the vault is sealed or the process stops.
//
// Limits: the cipher's own copy of a key lies in ordinary memory while it is used, and so
// does a secret between being opened and being wiped.
//
// Sources: Tink, AEAD with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha); RFC 9106 (Argon2);
// RFC 5869 (HKDF); Shamir, How to share a secret (1979); Feldman, A practical scheme for
// non-interactive verifiable secret sharing (1987); PKCS #11 version 2.40.
//
// What it does not do: it knows no safe's owner, rights or terms, nor what a secret is.
package keys
