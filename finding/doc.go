// Package finding keeps the gaps between what policy requires and what is. Every
// gap has one rule, one subject, one accountable function, and a due date.
//
// Vocabulary: a draft is what a rule finds now; a finding is a draft that is kept,
// with its status. A finding is open, accepted until a date, or resolved. A unit is
// an object with all drafts that are found at it; a tally is what is counted of an
// entitlement's grants, so that no rule asks each of its holders.
//
// Invariants:
//  1. Drafts follow from facts alone: the same graph gives the same drafts.
//  2. One rule makes at most one finding of one subject; its evidence lists every
//     fact that says so.
//  3. A finding closes when its cause is gone, never by being hidden: accepting it
//     has an end, and when that is reached, or the gap has grown, it is open again.
//  4. Every rule names exactly one function, a severity, and days until due.
//  5. What is found by following what changed is what is found by starting anew.
//     Where it is not known what changed, after a day, and after an error, it is
//     started anew.
//  6. A change that is written names the version that it was compared with: what
//     somebody else has done meanwhile, accepting most likely, stays done.
//  7. Different rules may find different gaps of one subject (a leaver's account
//     that is dormant too); no rule hides another's finding.
//
// Its operations over HTTP list, show, export, accept, reopen and assign findings; each
// is registered with a guard, and a list is narrowed to what its caller may reach.
//
// What it does not do: it repairs nothing and knows no names; evidence refers to
// objects, and whoever shows it looks their names up.
package finding
