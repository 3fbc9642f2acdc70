// Package store is the truth: all SQL on Writ's own database, SQLite by default
// and PostgreSQL beyond one node, one file per feature over one query layer.
//
// Vocabulary: a change set is one transaction, or one staged bulk operation. A
// versioned row is never overwritten: from_set and until_set name the change sets
// that began and ended it. A change set is open until it is flipped; what an open
// set began or ended does not count yet. The sequencer gives closed sets their
// revision.
//
// Invariants:
//  1. No change without its record: the only ways to write what counts are change
//     and, for bulk operations, flip; both write the audit record and the change set
//     themselves. What has no record is bookkeeping: revisions, leases, keys, rows
//     that are staged and their undoing, up to where something was looked at that
//     had not changed, and that a mail was tried.
//  2. A bulk operation is invisible until its flip, which is one row deleted; a
//     kill before it leaves nothing that counts, and the next run sweeps it up.
//  3. Revisions have no gaps, are given in commit order, and readers who follow
//     them skip nothing.
//  4. No write transaction on SQLite holds the writer longer than a batch does.
//  5. A database newer than this binary is refused and left untouched.
//  6. The store's clock never runs below the last time that it recorded.
//  7. A system's credential reaches the database sealed only, and what is sealed
//     opens in its own row, whose number is never given again.
//
// What it does not do: it knows no rule of any feature; preconditions reach it as
// SQL or as a function that is called under the lock.
package store
