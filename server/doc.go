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
//  5. The server starts with a configuration that it has checked, or says what is
//     wrong with it and does not start.
//
// Sources: OWASP Secure Headers, Fetch Metadata (Sec-Fetch-Site) as net/http's
// CrossOriginProtection reads it, RFC 6797 (HSTS).
//
// What it does not do: it knows no feature's rules and no SQL.
package server
