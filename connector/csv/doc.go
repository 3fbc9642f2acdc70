// Package csv reads flat files: an HR file as a source of identities, and a folder
// of files as a system, for everything that has an export but no interface. What is to
// be changed there is written down in another folder, for people or programs to do.
//
// Vocabulary: a system's folder has system.json and resources.csv,
// entitlements.csv, accounts.csv, credentials.csv and grants.csv, each with a
// header line; docs/how-to/csv.md has the columns. A column map says which header
// of an HR file is which attribute.
//
// Invariants:
//  1. A row that cannot be read is a Reject with file and line; the others count.
//  2. A file that cannot be trusted as a whole ends the reading with one error that
//     names it and says what to do: bytes that its encoding does not have, wherever
//     they stand, a missing column or one that is there twice, a quote that leaves
//     open where rows begin.
//  3. A file that ends in the middle of a row or a character, or that changes while
//     it is read, is incomplete, and so is a folder of which a file was replaced
//     meanwhile. A good last row needs no line end.
//  4. Memory does not grow with the files: a row has a limit, and so has what
//     messages repeat of a file.
//  5. The order is resources, entitlements, accounts, credentials, grants.
//  6. What a field holds is data, formulas and control characters too; only NUL and
//     overlong fields are rejected. Whoever shows a value makes it harmless.
//  7. A cursor is of one state of the files; of another state, all is read again.
//  8. A change is written down once, as a line of changes.csv, which is there whole or not
//     at all. It is done when files that were written since show it: neither by being
//     asked for, nor by what was true before. What was asked and is not seen yet counts:
//     what takes it back is written down too.
//  9. Of what is written down, a spreadsheet runs nothing. No password is in it.
//
// Sources: RFC 4180 (CSV), RFC 3339 (dates), Unicode TR 36 (encodings).
//
// What it does not do: it guesses no encoding beyond a byte order mark, it does not
// judge whether two rows of one id contradict each other, and it changes none of them. It
// does not ask a second time for what is written down: who takes a line out of changes.csv
// has it asked for again.
package csv
