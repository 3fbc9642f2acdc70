// Command writ is all of Writ in one binary: it reads systems and keeps what they say, it
// answers questions about it on the command line, and it serves the console and the API.
//
// This package turns flags and a configuration into calls, and wires the features together:
// one file for each group of commands, server.go for what is served, node.go for what goes on
// in the background.
//
// Vocabulary. The app is one run of a command. A node is a server's process: it gives
// revisions, follows them, and reads systems when they are due; several may share a
// PostgreSQL database.
//
// Invariants:
//  1. No rule lies here: what may be done is decided by package policy, what is right by the
//     features.
//  2. A command exits with 0 when it worked, 1 when it failed, 2 for wrong usage, 3 when it
//     was denied.
//  3. What a system said reaches a terminal without its control characters, and a secret
//     reaches nothing but the one answer that is its place.
//  4. Every answer has a shape that docs/schemas describes, and every operation a rule that
//     a test asks as each function.
//  5. A command on the data directory acts as the operator of the node, one that calls a
//     server as whoever has signed in there; no request can claim to be an operator.
//
// What it does not do: it has no SQL, decides nothing, and keeps nothing between two runs but
// the login of 'writ login'.
package main
