// Package tries counts what somebody may do a few times, and then once a minute: to guess a
// code, to ask for what is not theirs.
//
// Invariants:
//  1. Whoever has no try left gets one a minute, and all of them after having done nothing
//     for as many minutes.
//  2. What is kept does not grow with how many try.
package tries
