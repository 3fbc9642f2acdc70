// Package server is Writ over HTTP: one listener, one chain that every request goes
// through, and what each feature mounts on it.
//
// Vocabulary. The door (package signin) tells who calls. The chain gives a request
// its number, its limits and its headers, asks the door, and counts. The console is
// the files that a browser is given; the API is everything under /v1/.
//
// Invariants:
//  1. Everything before sign-in has a deadline, a size cap and a rate; a connection
//     that says nothing holds nothing for long, and one address holds few.
//  2. No page may be framed, run inline code, or load from elsewhere. No request from
//     another site changes anything.
//  3. What a handler panics about is one request's problem, and is logged with it.
//  4. Stopping lets requests that have begun end, and ends those that do not.
//  5. A path, a query and a body are read in one way or not at all: nothing is cleaned
//     and nothing is unpacked.
//  6. Metrics are on a listener of their own. The log and traces name routes, never what
//     a caller wrote into one.
//  7. A request that comes again under its key is done once; see internal/once.
//  8. The manual and the reference run no script and hold nothing of the organisation's.
//  9. The server starts with a configuration that it has checked, or says what is
//     wrong with it and does not start.
//
// Sources: OWASP Secure Headers, Fetch Metadata (Sec-Fetch-Site) as net/http's
// CrossOriginProtection reads it, RFC 6797 (HSTS).
//
// What it does not do: it knows no feature's rules and no SQL.
package server
