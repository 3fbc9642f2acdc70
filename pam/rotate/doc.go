// Package rotate gives secrets another value where they open something: on a schedule, when
// one comes back, when somebody who saw it leaves, after an incident, or because somebody
// asks for it.
//
// Vocabulary. A secret is due, for a cause. An attempt keeps a new value as pending, sets it
// on the target, signs in with it, and promotes it. A value is held while the vault has it.
// A secret is stray where none of the values that the vault holds opens its account. A
// consumer is a service that uses a secret; it is told of another value by a hook, or reads it,
// and confirms the version that it uses. A pair is two accounts that take turns under one
// secret: one is live, the other idle, or the former one while somebody may use it still.
//
// Invariants:
//  1. A value is in the vault before the target is given it, and stays there: whatever a
//     target took, at any time, from whichever attempt, the vault holds.
//  2. A value is promoted only after a real sign-in with it, by the node that has the secret
//     then, in the transaction that ends what was due.
//  3. Each attempt has a value of its own: one that may be half set is not set again, but is
//     looked for first.
//  4. What a target says of a write counts for nothing; what it lets in does.
//  5. One node at a time works on a secret, and one that slept through its turn changes
//     nothing in the vault. It may have changed the target: then the secret is looked at again.
//  6. What Writ cannot change waits for a person, who is told why, and never goes away by
//     itself.
//  7. A value that somebody saw who has left is due at once, without regard to windows; but
//     where a service uses it that has no second account, on a day that those are told of who
//     look after it.
//  8. Of a pair, the account that is live is not touched, nor is the former one until all
//     consumers have confirmed, their grace is over, or there is an incident. Who had not
//     confirmed then is shown.
//  9. Consumers are told in their order, of the current version alone; one of a later place
//     once all before it have confirmed. A call has no value in it.
//
// Sources: HashiCorp Vault issues 21857 and 28989 (rotation that drifted out of step).
//
// What it does not do: it knows no key and no SQL, and no protocol of a target; it decides
// nothing about who may see a value; it runs and calls nothing but what the node's own
// configuration declares (package hook).
package rotate
