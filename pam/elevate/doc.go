// Package elevate is just-in-time elevation: nobody holds privileged access while not
// using it. Whoever may activates it for minutes, and it is gone at its end.
//
// Vocabulary: an eligibility says that somebody, or whoever has a role or an entitlement,
// may activate an entitlement, on which terms. An elevation is one activation. It is
// waiting for others to agree, scheduled, starting, active, ending, ended, refused or
// failed; only what was read back on the target is active, and only what was seen gone
// there has ended. A conversion makes standing grants eligible, and can be taken back.
//
// Invariants:
//  1. What an elevation gives is a justification with an end: provisioning puts the grant
//     on the target and takes it off, and the store's clock ends it, on any node.
//  2. One activates only what one may oneself, by the store and the live graph. What
//     waited is decided again before it begins, and again at each revision while it lasts.
//  3. One elevation is open per identity, entitlement and resource, until its grant is off.
//  4. Active is what was read back. What could not be put on in time has failed, and is
//     taken off as if it had been.
//  5. Nothing lasts longer than its terms say, extensions included.
//  6. A ticket system that does not answer, or says anything but yes, lets nobody in.
//  7. A clock that jumped begins nothing; it ends what is over.
//
// Sources: NIST SP 800-207 (per-session access), NIST SP 800-53 AC-6(2) and AC-2(6).
//
// What it does not do: it writes to no target, and knows no secret. Who agrees to a stage
// is package approval's.
package elevate
