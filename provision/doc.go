// Package provision makes what is justified so in real systems: it plans operations,
// carries them out, reads back what each did, and keeps what came of it.
//
// Vocabulary: an operation is one write in one system; a run is what one planning step
// brought for one system. What is observed is what the last sync saw or, where no sync
// has come since, what was verified. A work item is an operation that a person carries
// out. The guard holds a run that would take away more than a set share.
//
// Invariants:
//  1. The plan is a function of facts. Of the same facts nothing more follows once their
//     plan is kept: killed anywhere, it starts over and repeats nothing.
//  2. One cause (a beginning or end of what is justified, a version of a target) brings
//     an operation once. What differs afterwards is drift, for a person to decide.
//  3. What was never justified is never taken away.
//  4. An operation is verified by asking the system, never by what was sent; one that a
//     person carries out, only by a sync that began later.
//  5. An operation that is under way belongs to whoever has the lease of its system; what
//     others report of it is refused.
//  6. An account's mark and its first credential are kept before the system is touched.
//  7. What one system does not do holds up nothing of another.
//
// Sources: the reconciliation loop of Kubernetes controllers (level-triggered, from
// observed state) and the saga of Garcia-Molina and Salem (1987), for taking back.
//
// What it does not do: it knows no rule, role or attribute of an identity, and decides
// nothing about who should have what.
package provision
