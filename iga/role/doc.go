// Package role is the catalog of roles: named sets of entitlements that people are
// assigned by a request, a decision or a birthright rule, each with an owner, and with
// versions that somebody else than their author has reviewed.
//
// Vocabulary. A business role is what somebody does here; it contains technical roles,
// other business roles and entitlements. A technical role is a bundle of entitlements for
// one purpose. What a role contains are its parts. A parametric role has parameters, each
// with the values that it may have, and parts that are given for some values only; a
// variant is such a role with one value for each of its parameters, and is what people are
// assigned; a birthright rule may choose, for each person, the variants that fit them. A
// draft is what a role is to become: it is written (draft), looked at by somebody else
// (review), and published as the role's next version. A role is retired once nobody has it.
// Impact is what publishing a draft would change for people. The report on explosion says
// which roles are one too many. A mining run looks for roles in who holds what now; what it
// found are candidates, until somebody adopts or rejects them.
//
// Invariants:
//  1. A role never contains itself, a technical one never a business one, and inheritance
//     is at most MaxDepth deep.
//  2. What was published was reviewed, as it was published, by somebody who wrote none of
//     it.
//  3. Whoever would gain access by a draft, or answers for a service that would, does not
//     review it.
//  4. A role has at most one open draft.
//  5. A role that somebody has, that another contains or that a rule gives is not retired;
//     a value that somebody was assigned does not go.
//  6. Variants are published with their role: what one gives is always what the newest
//     version says for its values.
//  7. Impact is exact: it says of everybody what desired state, computed before and after,
//     says, also of whom rules choose variants for.
//  8. A migration to a role changes what nobody should have or has, and its record proves
//     so; otherwise it does not happen.
//  9. The report on explosion compares only roles that share something rare: its work does
//     not grow with the square of the number of roles. Variants count as their role.
//  10. A mining run reads no more than whoever asked for it may, and is seen by whoever may
//     read all that it has read.
//  11. A node mines one run at a time, of MaxMined pairs for MaxMining at most, and MaxWaiting
//     wait; a run ends with its node.
//  12. What was rejected is not proposed while it gives the same, and a candidate becomes a
//     draft once.
//
// Sources: INCITS 359 (RBAC) for hierarchies; S. Chaudhuri, V. Ganti, R. Kaushik, A
// primitive operator for similarity joins in data cleaning, ICDE 2006, and R. J. Bayardo,
// Y. Ma, R. Srikant, Scaling up all pairs similarity search, WWW 2007, for finding the
// pairs that overlap.
//
// What it does not do: it writes to no system, evaluates no birthright rule, and decides on
// no candidate. How roles are found is package mine's.
package role
