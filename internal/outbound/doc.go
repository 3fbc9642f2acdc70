// Package outbound is the one way out of Writ. Whoever calls another server over HTTP
// names the URL that somebody configured, and gets a client that goes where that
// points to and nowhere that a name or an answer would lead it astray; whoever speaks
// something else to a system gets a dialer that decides alike. A system that is called over
// HTTP is dialled as others are (Config.System).
//
// Invariants:
//  1. What is decided on is the address that is dialled, after the name was resolved:
//     a name that means another address a moment later gains nothing.
//  2. Link-local, metadata, multicast and unspecified addresses are never dialled, in
//     whichever way IPv6 spells them.
//  3. This machine is dialled only where the configured URL names it, where whoever
//     calls is a person's own command, and for a system, which may be on it.
//  4. A redirect stays on its host and scheme.
//  5. Everything has a time-out, and no answer is read beyond the cap, after unpacking.
//
// Sources: OWASP Server-Side Request Forgery Prevention; RFC 6890 (special addresses),
// RFC 6052 and 3056 (IPv4 addresses inside IPv6 ones).
//
// What it does not do: it uses no proxy, and retries nothing.
package outbound
