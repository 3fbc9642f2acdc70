// Package driver keeps secrets in kinds of system that have no connector of their own: by a
// program of the node, or by a server that somebody writes for it (kinds "script" and "http").
//
// Both are asked the same, in JSON, on the program's standard input or as the body of a POST:
//
//	describe   {}                                   {"version": "...", "warnings": ["..."]}
//	accounts   {}                                   {"accounts": [{"id", "login", "name", "disabled"}]}
//	set        {"account", "value", "old"}          {}
//	verify     {"account", "value"}                 {"opens": true}
//
// A program is told what to do in "do", and a server by the last part of the path. What is
// true for every keeper is for them to do: set is idempotent, and verify signs in.
//
// Native ids: an account's is what "id" says.
//
// Privileges: those of the program, which runs as the node does, or of the server. A call
// carries the system's credential as a bearer's token.
//
// Invariants:
//  1. Which program is run is said on the node alone: over the API it is named as the node's
//     configuration declares it. It gets nothing of Writ's environment.
//  2. A secret is in a program's input or in a body that TLS protects, never in an argument, a
//     URL or an error.
//
// What it cannot see: entitlements, grants, when an account was used, and anything that a
// driver does not tell.
package driver
