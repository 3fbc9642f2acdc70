// Package onboard finds what opens privileged and shared accounts and lies in no safe, and
// takes it over: another value is set that nobody has seen, and proved by signing in.
//
// Vocabulary. A candidate is an account, with a kind of secret that opens it and that no safe
// has, or a place where a secret lies embedded in a system. An onboarding is candidates that
// are taken over together, each an item of it. An item is released where its secret has
// opened nothing yet.
//
// Invariants:
//  1. Candidates are worked out from what is known, and kept nowhere: none is there whose
//     secret a safe has.
//  2. A person's own account is never taken, nor one that Writ itself signs in with.
//  3. What a preview says would be taken is what starting takes, if nothing has changed.
//  4. A secret is made together with that it is due and with its item, or not at all: rotation
//     does the rest, and there is no other way to set one.
//  5. A secret that is taken over has no value before rotation has kept one.
//  6. Releasing leaves the account as it was: it is refused once a value may be set.
//  7. A key takes the place of the one that was known; others that open the account stay until
//     somebody asks for it to be alone.
//  8. Of an embedded secret only the place is known.
//
// What it does not do: it reaches no system, knows no value, and decides nothing about who
// may use what was taken over.
package onboard
