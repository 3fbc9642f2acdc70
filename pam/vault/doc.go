// Package vault is safes and the secrets in them: who may use one without seeing it, who
// may see what it is, and who has it out until when.
//
// Vocabulary. A safe holds secrets, and has an owner, terms, and rights. A right is to use
// what is in a safe, or to reveal it; it is somebody's, or that of whoever holds an
// entitlement or a role. A version is one value that a secret had: pending, current,
// previous, deleted or destroyed. Whoever has seen a value is kept, and whoever thought of
// it. A check-out is having a secret for a time, exclusive or shared. A secret that is due
// has to get another value.
//
// Invariants:
//  1. A value leaves only to who has that right in the safe at that moment, by the live
//     graph: no function stands for a right, nor does owning the safe, nor the node.
//  2. That somebody sees a value is recorded, and kept, in the transaction after which it
//     leaves; without the record it does not leave.
//  3. A value is in no record, log, error, URL or argument, nor anywhere in the database but
//     sealed for its place.
//  4. What the terms ask for is met before anything is used. Where others have to agree, or
//     one at a time has it, it is seen in a check-out only.
//  5. One who has an exclusive secret out has it alone.
//  6. A check-out ends by the store's clock, and with the right that it was made by.
//  7. What is destroyed is overwritten, and stays destroyed. A row says that it was there.
//  8. Whoever changes a value names the version that they have seen, if they wish; two
//     never write over each other unseen.
//  9. Nobody gives themself a right.
//  10. After a restore, nothing that opens an account is given to anybody before it was
//     signed in with (rotation does), or a person has put what it is.
//  11. What is remembered of a secret, to show it to somebody again, is decided on anew, and
//     shown only where the transaction with the record sees that nothing that is followed was
//     changed since it was read. A refusal is never remembered.
//
// What it does not do: it changes no secret where that opens something (rotation does), and
// knows no key (package keys does).
package vault
