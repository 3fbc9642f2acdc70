// Package graph is the index that answers who can do what, and why: effective
// access both ways, shortest paths, set algebra for separation of duties, and
// what one access lets its holder become. It lives in memory and can always be
// thrown away and rebuilt from its Source, which the store implements.
//
// Vocabulary. Identities have accounts and roles; an account opens another, mostly
// of another system, where whoever signs in with the one is let in as the other;
// identities, accounts and entitlements hold entitlements by grants, perhaps on one resource; roles
// include roles and give entitlements. A path is a walk over such edges; its
// access mode is the weakest on it: any eligible step makes it eligible, else any
// active step makes it active, else it is standing. Escalation adds the edges of
// what a holder could become: impersonate leads to the account, grant_access to
// what can be given, bypass_controls to everything of a system and of the systems
// that run on it.
//
// A snapshot is the whole index at one revision. Its arrays (columns) consist of
// small sheets that snapshots share until one writes, so that following costs
// what changed, readers never wait, and a source that fails leaves nothing
// half-applied. Grants are kept twice: at the holder, whole, as bytes (lists);
// at the entitlement, as a set of holders for each access mode.
//
// Invariants:
//  1. Following any changes gives the same answers as loading afresh.
//  2. A published snapshot is never written; every answer of a view is at its
//     revision.
//  3. An edge counts only while both of its ends are there; one that dangles
//     counts again when the object returns.
//  4. An account that is disabled, locked or expired gives its identity nothing,
//     and nobody is said to reach anything through it, nor is it opened by
//     another; asked for by itself it shows what it would have. Impersonation ignores that: whoever controls a
//     host can use a locked account too.
//  5. An identity's state is not looked at: a leaver whose account still works
//     has access, and that is the finding.
//  6. Cycles of entitlements, roles, resources or hosts do no harm and are reported.
//  7. Answers are in the order of keys and do not depend on the order of arrival.
//  8. Work grows with what a question touches, never with the square of it: "all
//     entitlements of a system" is one vertex.
//
// Grants to everybody (PUBLIC) are grants and count. A grant that names a
// resource is on that resource; one that does not is on what the entitlement
// itself says. Reaching a resource means a right on it or on anything inside it.
// Under escalation, control of a system is reaching every resource in it.
//
// What it does not do: it keeps no names and no history, decides nothing, and
// follows no capability on a resource or an identity.
//
// Sources: R. Tarjan, Depth-first search and linear graph algorithms (1972), for
// cycles; D. Lemire et al., Roaring bitmaps (2016), for the sets.
package graph
