// Package archtest guards the architecture: what may import what, and a few
// habits that keep the code readable. It is only tests and the rules that they
// apply.
//
// Vocabulary: a rank is a package's place in the order in which imports point
// down. A violation says where, what, and why it is not allowed.
//
// Invariants:
//  1. Every package has a rank; one in a new folder fails until it is given one.
//  2. Every prohibition carries its reason.
//  3. Exceptions are in one list, and one that is no longer needed fails.
//  4. Each rule is shown to fail on a synthetic package that breaks it.
//
// What it does not do: it judges no names and no design; the linters in
// .golangci.yml look inside functions.
package archtest
