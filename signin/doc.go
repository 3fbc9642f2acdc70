// Package signin is the door: it tells who is calling Writ, lets people in by a link, a
// passkey or their organisation's OpenID provider, and programs by a token or the device
// flow.
//
// Vocabulary. A sign-in is somebody being signed in, in one browser or program (never
// "session", which is a privileged one). A link signs in once; the first one makes the
// owner. A proof is what a client signs for each request with a key that it keeps
// (DPoP); a sign-in is bound to the thumbprint of that key. A passkey is a WebAuthn
// credential; a challenge is what it is asked to sign. Stepping up is confirming by a
// passkey that one is still there.
//
// Invariants:
//  1. The store has hashes of secrets, never a secret, and no URL that a server sees
//     carries one.
//  2. What is good once is good once: a link, a challenge and a code are taken by one
//     statement that gives the row to one of those who try.
//  3. A sign-in without the key that it began with is nothing, and whoever shows one is
//     noticed.
//  4. A sign-in ends with its identity, and where it is revoked: on this node at once, on
//     others with the revision.
//  5. What never was, what has ended and what was used get one answer.
//  6. A passkey unlocks by its owner (user verification), which is what makes it a second
//     factor. One that counts backwards is locked, and all sign-ins of its owner end.
//  7. Passkeys are added and removed by whoever has shown who they are within ten
//     minutes: by a second factor, or by a link.
//  8. Nobody decides here what anybody may: callers go to package policy.
//  9. Every way in and every refusal of somebody who is known has its record.
//  10. What a program is given is bound to its key, and renews once: a renewal that comes
//     twice ends the sign-in.
//  11. Whom a provider's subject is, a verified email says the first time, and the subject
//     alone from then on.
//  12. A token acts as its owner, whose state and functions count each time, within its
//     limits, networks and days; it makes no tokens, changes no sign-ins, and may end
//     itself.
//
// Sources: WebAuthn Level 3 (passkeys), RFC 9449 (DPoP), RFC 7638 (thumbprints), RFC 6265bis
// (cookie prefixes, SameSite), RFC 8628 (device flow), OpenID Connect Core, RFC 7636 (PKCE).
//
// What it does not do: passwords; and deciding, which is policy's.
package signin
