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
//  7. PostgreSQL clusters, Linux hosts, the corporate directory and the Windows
//     domain hold only what a real one can, so that e2e can build them for real. Ids
//     are those that their connectors give; in directories, where those are random,
//     logins and the names of groups.
//
// What the answer key takes the rules to mean (oracle_test.go says the same as
// code). Periods are wide, so that any usual policy gives the same answer: what is
// in use was used within 60 days, what is dormant at least 240 days ago; what is
// fresh was changed within 60 days, what is stale at least 1200 days ago.
//   - standing-privilege: a human's enabled account whose standing access, nested
//     groups followed, has tier 0 or 1. What can grant tier 0 is tier 0, so an
//     account under escalation-path that holds such access is in the key twice.
//   - escalation-path: gets more power in a system than its person has there, by
//     impersonating, granting, or controlling the host: a better tier, or control of
//     a whole system instead of other access to it. Built-in accounts are not counted.
//   - privilege-by-nesting: two groups or more lie between the account and what is
//     itself tier 0 or 1; one group or role between is ordinary.
//   - direct-grant-outside-role: in any mode; the other holder is an entitlement, and
//     what is held gives nothing else: it is no group or role itself.
//   - public-grant: PUBLIC has a right on a table. CONNECT and the like are no finding.
//   - unowned-nonhuman: no owner, or one who has left while there is no deputy.
//   - overprivileged-agent: tier 0 or 1, or a grant that is known to be never used.
//   - break-glass-unsealed: last used after its password was last changed.
//   - adoption-backlog: one for each system, since a first reading approves nothing.
//   - Signing in with one account to another counts as a step, and so does holding by a
//     group of another system. Whoever administers the directory may be anybody who
//     is in its groups, and has what other systems give to these.
//   - payroll-db is of criticality control, because it holds the HR master: its
//     superuser is tier 0, and so is root on db1, on which it runs.
//
// Sources: RFC 4180 (CSV), RFC 2606 (names for examples), RFC 4253 (key format).
//
// What it does not do: it reads nothing back, and decides nothing about what it
// planted; a stale system cannot be said in flat files and is not planted.
package sample
