// Package lifecycle works out what everybody should have, over their whole life, from what
// is known of an identity, by rules that people can read; and brings what justifies access,
// and which accounts should be, behind it.
//
// Vocabulary. A birthright rule is a condition over an identity's attributes and what
// whoever meets it is given: roles and entitlements. Its members are the identities that
// meet it. A choice is a parametric role that a rule gives: in each person's case the variants
// that fit them. Desired state is who should have which entitlement, by rules and by the roles
// that somebody was assigned; it follows from these and is not kept. The crowd is what is
// known of all identities, an attribute at a time. A holding is what is kept of one
// identity's access, and a step what changes about it. A mapping says how somebody's account
// in one system follows from who they are; a target is an account that should be. A hold is
// a step that would take too much and waits for a person. An event is ordered by a person,
// or seen in what sources say; its outcome is what somebody gains and loses by it. An
// exception keeps something, or goes without it, until a day.
//
// Invariants:
//  1. Desired state computed anew is the same as desired state that was followed.
//  2. A rule that cannot be evaluated for somebody gives them nothing new and takes
//     nothing from them, and they are named: doubt changes nothing.
//  3. Whoever has left, or is yet to come, is a member of no rule.
//  4. Only an enforced rule gives; an observing one is counted, and gives nothing.
//  5. A rule is evaluated once for all who are alike in what it looks at.
//  6. Everything that somebody should have names each rule and role that it comes from.
//  7. Reconciling compares, and never relies on having seen a change: killed anywhere and
//     run again, it ends the same and repeats nothing. One node does it at a time, and what
//     a lost turn still wants to write is refused.
//  8. It begins and ends justifications of the origins birthright and role only.
//  9. A step that takes from more than a share and a count of people, with those from whom
//     something was taken in the hour before, changes nothing for any of its people until
//     somebody else than who caused it lets it; an emergency passes. Who caused it does not
//     loosen the guard for it either.
//  10. A login that was ever somebody's is never given to somebody else.
//  11. A mapping that fails for one person changes nothing for that person, and is noted.
//  12. Nobody makes a rule count that gives to themself, makes an exception for themself, or
//     orders what happens in their own life.
//  13. What is ordered counts above sources for the state alone, until they agree or it is
//     cancelled.
//  14. What an order would bring is worked out as what it brings is, and changes nothing.
//  15. Whoever meets a rule that chooses variants has exactly what those give that have, of
//     each parameter, a value of theirs; a value that no variant has gives nothing and is
//     told.
//  16. Looking at a file runs what loading it runs, over what only reads: it tells what
//     loading it then does, and changes nothing.
//
// Sources: INCITS 359 (RBAC) for roles and their inheritance; CEL for conditions; the IANA
// time zone database for when something that was ordered happens.
//
// What it does not do: it writes to no system (package provision does), and approves
// nothing.
package lifecycle
