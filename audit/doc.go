// Package audit is the tamper-evident log: what a record is, how it becomes a leaf
// of a Merkle tree, and how anybody checks that none was changed, removed or put in.
//
// Vocabulary: a record says who did what to which object. Its leaf is the text
// that the tree hashes. Facts are part of the leaf; a payload is names and free
// text beside the log, to which the leaf holds a commitment. A checkpoint is the
// signed root of the tree at a size. Evidence is whatever a log is verified from:
// the data directory or an export.
//
// Invariants:
//  1. A leaf holds ids, counts, digests and words of the glossary: never a name,
//     free text or a secret. Facts that are anything else are refused.
//  2. The same record has the same leaf bytes for ever; a new form has a new number.
//  3. Erasing a subject's key makes its payloads unreadable and changes no leaf.
//  4. Verification reads as a stream: its memory does not grow with the log.
//  5. Whatever is wrong is named: which record, what about it.
//
// Sources: RFC 6962 section 2 (hashing, proofs), C2SP tlog-checkpoint and
// signed-note, as golang.org/x/mod/sumdb/{tlog,note} implement them.
//
// Its operations over HTTP list, show, prove, export, stream and verify the log. They
// take their guards from whoever wires them, since policy lies above.
//
// What it does not do: it stores nothing, and does not say who may read.
package audit
