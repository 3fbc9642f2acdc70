// Package canary looks for secrets where none may be: in databases, logs, exports, dumps
// and answers, raw and as they are usually written.
//
// Invariants:
//  1. What a form of a value looks like is computed from the value alone: the search finds
//     it wherever it begins.
//  2. What is packed is searched unpacked as well.
//  3. A test of this package plants every form and every packing and finds it: a search
//     that finds nothing has looked.
//
// What it does not do: it knows no product and no place. Whoever searches says where, and
// what; a value of fewer than eight bytes is too common to be looked for.
package canary
