// Package connectortest is the kit that every connector must pass, run against
// the system's real server: what a connector promises, as tests.
//
// Vocabulary: a Suite says how to reach the server; a canary is a secret of the
// server that must never be seen; a step is a change with the one that undoes it. Accounts are
// what a Maker makes, changes and deletes here, over lines that break too; Kept are the
// accounts whose secrets a Keeper sets and tries.
//
// Invariants:
//  1. Every invariant of package connector that can be seen from outside is tested.
//  2. The server is real and the faults are between it and the connector.
//  3. A suite leaves the server as it was, but for the secrets of what is Kept.
//  4. Nothing waits without a deadline, and nothing of a connector is left running.
//
// What it does not do: it knows no kind of system, and cannot tell whether what a
// connector says of a system is true; each connector's own tests compare that with
// the system's own answers.
package connectortest
