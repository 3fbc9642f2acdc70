// Package approval is the engine by which others agree before something privileged
// happens. It says who may decide a case now, when enough of them have agreed, and what
// exactly each of them had before their eyes.
//
// Vocabulary: a case is what is asked for, as those who decide are shown it. A request is
// a case with how far it has come: it is at one stage at a time. A decision is one
// person's verdict, perhaps in the place of somebody who has delegated that to them. A
// seat is the place of an approver in a stage that names it. A voice is whom a decision
// counts for.
//
// Invariants:
//  1. Nobody decides on their own access by any way: package policy decides that, once, for
//     whoever decides and for whoever they decide in the place of.
//  2. One person counts once in a request, for themself or in somebody's place, and a voice
//     is given once.
//  3. A stage is passed by its quorum of those who might decide when they did. Where it is
//     to be distinct, each of them has a seat of their own.
//  4. One refusal ends a request, and so does a stage whose time is over.
//  5. What is delegated is what the delegator may decide themself at that moment: never
//     what was delegated to them.
//  6. A decision names the version of what was shown and its digest, and counts for nothing
//     where the case shows something else by now. Decisions are only ever added.
//  7. A request ends once, together with what it is about.
//
// Sources: NIST SP 800-53 AC-3(2) (dual authorization) and AC-5; bipartite matching by
// augmenting paths (Kuhn, 1955).
//
// What it does not do: it opens no request by itself (a feature does, in its own
// transaction), does not know what follows from one, and holds no facts: those of the
// moment of the decision come from package policy.
package approval
