// Package access is the model: the words of the glossary as types, and the rules
// that need nothing but them. Reading it is learning Writ.
//
// Vocabulary: an identity (human, service or agent) is correlated to accounts in
// systems. A grant says that a holder (identity, account, or entitlement where
// nested) has an entitlement, perhaps on one resource. A grant's observed side is
// apart from its justifications. A tier says which controls a grant must have.
//
// Invariants:
//  1. Validate needs no I/O and returns the first broken rule as a *fault.Error.
//  2. A zero ID means "none"; a zero Time means "not known" or "without end", as
//     the field says.
//  3. Times are integer microseconds UTC.
//  4. Enumerations are closed: Validate refuses a value that is not listed.
//
// What it does not do: it stores nothing, decides nothing, and knows no system.
package access
