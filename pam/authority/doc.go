// Package authority signs: SSH user and host certificates, short X.509 client
// certificates, and tokens, each with an end.
//
// Vocabulary. An authority signs one kind of thing. Its keys are next, signing, trusted or
// retired. A certificate profile says what an authority signs for whom, and on which terms.
// A certificate is what was signed, whichever kind it is; it ends, or is revoked before.
//
// Invariants:
//  1. What signs is an authority's own raw key. A certificate is never taken as a key to be
//     signed, nor as one to sign with.
//  2. An authority's private key lies sealed for its place, is opened in memory only, and is
//     wiped where the vault is sealed.
//  3. A certificate leaves once the row that says so, and its record, are committed.
//  4. Whom a certificate is for comes from its profile, or from what accounts whoever asks
//     has by the live graph. None is refused, when signing and when verifying.
//  5. What is not known is refused: an option, an extension, a kind of key, a claim.
//  6. A certificate ends within what its profile says. Renewing one is for the key that it
//     was for.
//  7. One profile's right is nobody's but theirs who have it by the live graph at that
//     moment. What they were signed ends with their being somebody here.
//  8. A key that is to sign is published before, and one that signed stays trusted until
//     what it signed is over.
//
// Limits: whom a right reaches is by the graph as it is at that moment, some milliseconds
// behind what is committed; the right itself, the profile, the key and whoever asks are
// looked at in the transaction. Overwriting a private key reaches what its library lets go
// of, and not the library's own copies. A token is on no list of what is revoked.
//
// Sources: OpenSSH PROTOCOL.certkeys and PROTOCOL.krl; RFC 5280 (X.509 and revocation lists);
// RFC 7517, 7519 and 8725 (keys and tokens in JSON).
//
// What it does not do: it puts no key on any system, and opens no connection.
package authority
