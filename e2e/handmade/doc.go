// Package handmade is a company that was put together by hand, with stock tools
// and a list of what is wrong with it that was written before any rule ran. It
// keeps the rules honest where the generated sample, which the same hands wrote
// as the rules, cannot.
//
// Vocabulary: README.md tells what was done and why, and shows what the servers
// themselves say; expected.csv is the list; differs.csv is what Writ finds besides
// and is wrong about, with the reason.
//
// Invariants:
//  1. What README.md shows of a server is what the server says: a test runs it.
//  2. expected.csv is changed only where README.md says why, never to make a rule
//     look right.
//  3. A line of differs.csv goes when Writ no longer finds it.
//  4. The scripts are fixed; nothing of a test reaches them but a port or a name.
//
// What it does not do: it runs no rule.
package handmade
