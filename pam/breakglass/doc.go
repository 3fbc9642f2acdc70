// Package breakglass is the way to privileged accounts that is left when approvers, the
// identity provider, the database and every node are gone: kits that were sealed before,
// opened by several people together, with a record that is merged on return.
//
// Vocabulary. A kit is a file with what some secrets were when it was made, sealed for its
// holders; an edition of it is one such file. A holder has one share. A record is what an
// opening leaves behind: a chain of signed entries. A break is an opening as Writ knows it
// afterwards. A drill opens a kit, signs in with what is in it, and shows nothing. A kit is
// stale once it can no longer be relied on.
//
// Invariants:
//  1. A kit opens for enough shares of different holders, or a hardware token that it was
//     sealed to, and for nobody else: not for the node that made it, nor for whoever has the
//     database.
//  2. A kit that the installation did not make, or that was changed since, is told before
//     its first secret is used: each share names the installation's key.
//  3. Whoever makes a kit holds no share of it, and each share is shown once, to its holder.
//  4. Nothing is shown before its entry is on disk. An entry that cannot be written shows
//     nothing, then or later.
//  5. A record that was changed, cut in the middle, or signed by anything but an opened
//     kit is refused, with the entry that is wrong.
//  6. Merging takes each entry once, whatever comes between. What a record claims, as when
//     it was, is kept as claimed.
//  7. What was shown is due for another value as after an incident; of a record without an
//     end, all that the kit holds is. Everybody who has to know is told, and the review ends
//     only with the word, and a comment, of somebody who did not open it.
//  8. A new edition needs no holder, and every share opens it.
//
// Limits: whoever has a kit and enough shares can open it by a program of their own, which
// writes no record, or one that says less than was done. The end of a record can be cut off;
// then it counts as one without an end.
//
// Sources: RFC 9180 (HPKE); C2SP signed-note; Shamir (1979) and Feldman (1987), see package
// share; RFC 8032 (Ed25519); NIST SP 800-53 AC-2(2) and CP-2.
//
// What it does not do: it changes no secret where that opens something, and knows no
// target: rotation and the systems' connectors do.
package breakglass
