// Package bench holds the benchmarks that need the whole product or the large
// company, and prints ratios taken in one run: ours beside the bare driver, the
// bare library, or the same question in SQL. RESULTS.md has what was seen last.
//
// Vocabulary: the large company is `writ sample --size large`, 1,000,000 identities
// and 10,000,000 grants. Its store is made once and kept in the folder that
// WRIT_BENCH_DATA names, else in the user's cache (4 GB); a benchmark works on a
// copy. WRIT_BENCH_SIZE may name a smaller one. WRIT_BENCH_PROFILE names a file for
// the profile of what BenchmarkHTTP's server spends.
//
// Invariants:
//  1. What is compared answers the same question on the same rows, and the answers
//     are held against each other.
//  2. A figure that misses its ceiling is printed and fails nothing: machines are
//     noisy. A wrong answer fails.
//
// What it does not do: it tests nothing that `make test` ought to.
package bench
