// Package sample makes a company that does not exist: people, services and
// agents, the systems they work in, and realistic mess, from one seed. It is what
// `writ sample` writes, what the demo shows, and what tests measure recall and
// precision on.
//
// Vocabulary: a plant is one problem put there on purpose; the answer key lists
// every finding that a correct implementation makes of the whole company. A
// reserved person is one that a plant uses: the ordinary part of that system
// leaves the person out, and the plant writes all of it.
//
// Invariants:
//  1. The same size, seed and time give the same bytes.
//  2. The answer key is complete: what is not in it is meant to be clean.
//  3. Memory grows with the number of people (about 20 bytes each) and plants,
//     never with grants: systems are streamed.
//  4. answers.json is written last and in one step: a folder that has it is whole,
//     and a generation that was interrupted can be run again.
//  5. A folder that holds anything that this package did not write is refused.
//  6. Nothing here is a secret or a real name: people are combined from tables,
//     addresses end in .example, keys are derived from the seed and protect nothing.
//  7. PostgreSQL clusters and Linux hosts hold only what a real one can, under the
//     ids that their connectors give, so that e2e can build them for real.
//
// Sources: RFC 4180 (CSV), RFC 2606 (names for examples), RFC 4253 (key format).
//
// What it does not do: it reads nothing back, and decides nothing about what it
// planted; a stale system cannot be said in flat files and is not planted.
package sample
