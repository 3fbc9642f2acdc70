// Package lease makes an account for one use, gives its secret to whoever asked for it,
// once, and takes the account away with all that it left.
//
// Vocabulary: a template says what an account that is made is given, in which system, for
// how long at most and on which terms; a right in it says who may use it. A lease is one
// account that was made, or is to be. It is waiting for others to agree, making, active,
// ending, ended, refused or failed; only what was seen gone from its system has ended. An
// orphan is an account that a system has with Writ's mark and that no open lease is of.
//
// Invariants:
//  1. The row of a lease, with the name and the mark of its account, is committed before its
//     system is asked for anything. Whatever a node had begun when it died is taken away.
//  2. A value is in memory alone, and is given once, to whoever asked: an answer that was
//     lost is a lease to give back, and another to ask for.
//  3. One leases only what one may by the store and the live graph, and what is leased ends
//     when that is not so any more.
//  4. A lease ends by the store's clock, on any node, and is never renewed beyond what its
//     terms let it last from its start.
//  5. What is over is taken away until it is seen gone, however often that fails. One node
//     at a time takes away in a system, and one that slept through its turn changes nothing.
//  6. What an account owns is handed over, never dropped.
//  7. Nothing of another installation, and nothing without a mark, is taken away.
//  8. How many leases there are makes no difference to a node's memory.
//  9. An account that its system does not answer for keeps no other one waiting, there or
//     elsewhere, as long as fewer than a handful hang there at once.
//
// Sources: HashiCorp Vault issues 4079 and 7018 (leases held in memory), CVE-2026-39946
// (quoting in what revokes).
//
// What it does not do: it speaks no system's protocol, knows no SQL, and signs nothing. A
// person's own account is put into a group for a time by package elevate.
package lease
