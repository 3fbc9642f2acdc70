// Package vaultapi answers the part of the HTTP API of HashiCorp Vault and OpenBao that
// their clients use most, so that those, and the tools that build on them, work with Writ.
// It translates: what may be done, the services decide that it calls.
//
// Vocabulary. A mount is the first part of a path: a safe by its name, or one of the API's
// own (sys, auth, database, ssh). What follows the engine's verb names a secret, whose name
// may have slashes; what ends before one of them is a folder. The data of a secret is its
// value as fields. An answer that has no value any more still has its metadata.
//
// Invariants:
//  1. A path is read in one way or not at all: nothing is cleaned, folded or unpacked, and
//     none leads out of the mount that it begins with.
//  2. Who calls is known by a token of Writ's, as everywhere: by the same door, with its
//     limits, networks and days. A cookie counts for nothing here.
//  3. What is not yours to see is answered like what is not there.
//  4. A value is in the one answer that asked for it, and is overwritten behind it.
//  5. What Writ does not do is refused in words, never taken and left undone.
//
// Sources: the API documentation of OpenBao (auth/token, secret/kv/kv-v2, secret/databases,
// secret/ssh, system/health, system/leases, system/mounts); RFC 7396 (merge patch).
//
// What it does not do: it keeps nothing, knows no SQL, and makes no token.
package vaultapi
