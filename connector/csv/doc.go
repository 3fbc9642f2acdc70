// Package csv reads flat files: an HR file as a source of identities, and a folder
// of files as a system, for everything that has an export but no interface.
//
// Vocabulary: a system's folder has system.json and resources.csv,
// entitlements.csv, accounts.csv, credentials.csv and grants.csv, each with a
// header line; docs/how-to/csv.md has the columns. A column map says which header
// of an HR file is which attribute.
//
// Invariants:
//  1. A row that cannot be read is a Reject with file and line; the others count.
//  2. A file that cannot be trusted as a whole (wrong encoding, no such column, cut
//     off in a quoted field) is one error that says what to do, and no row of it.
//  3. Memory does not grow with the files.
//  4. The order is resources, entitlements, accounts, credentials, grants.
//
// Sources: RFC 4180 (CSV), RFC 3339 (dates), Unicode TR 36 (encodings).
//
// What it does not do: it guesses no encoding beyond a byte order mark, and it
// writes nothing.
package csv
