// Package lifecycle works out what everybody should have, over their whole life: from
// what is known of an identity, by rules that people can read.
//
// Vocabulary. A birthright rule is a condition over an identity's attributes and what
// whoever meets it is given: roles and entitlements. Its members are the identities that
// meet it. Desired state is who should have which entitlement, by rules and by the roles
// that somebody was assigned; it follows from these and is not kept. The crowd is what is
// known of all identities, an attribute at a time.
//
// Invariants:
//  1. Desired state computed anew is the same as desired state that was followed.
//  2. A rule that cannot be evaluated for somebody gives them nothing new and takes
//     nothing from them, and they are named: doubt changes nothing.
//  3. Whoever has left, or is yet to come, is a member of no rule.
//  4. Only an enforced rule gives; an observing one is counted, and gives nothing.
//  5. A rule is evaluated once for all who are alike in what it looks at.
//  6. Everything that somebody should have names each rule and role that it comes from.
//
// Sources: INCITS 359 (RBAC) for roles and their inheritance; CEL for conditions.
//
// What it does not do: it writes to no system (package provision does), and approves
// nothing.
package lifecycle
