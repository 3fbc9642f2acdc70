// Package httpapi is what every feature's operations over HTTP have in common: how
// one is registered, how an error becomes a problem document, and how pages and
// versions are written.
//
// Vocabulary. A guard decides before an operation runs whether whoever calls may;
// its rule is published with the operation. A problem is an error as RFC 9457
// writes it. A cursor says where the next page begins; only who made it reads it.
// A tag is the version of an object, as ETag and If-Match carry it.
//
// Invariants:
//  1. No operation without a guard: one cannot be registered, and one that forgets
//     to decide does not compile.
//  2. The guard is asked after the input was checked and before anything else runs.
//  3. An error that is no fault becomes 500 with the request's number and no text.
//  4. A cursor is input like any other: what does not parse is refused.
//
// Sources: RFC 9457 (problem documents), RFC 9110 sections 8.8.3 and 13.1.1 (ETag,
// If-Match), OpenAPI 3.1.
//
// What it does not do: it decides nothing and knows no word of the model.
package httpapi
