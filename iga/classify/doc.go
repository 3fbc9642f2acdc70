// Package classify answers "governance or privilege?": it gives every entitlement
// a tier from what it can do where it can do it, and follows escalation, so that
// what leads to tier 0 is tier 0.
//
// Vocabulary: the own tier follows from an entitlement's own capabilities; the
// effective tier is the worst of its own and of everything that its holders can
// get through it (nesting, impersonation, granting, control of a host), also
// across systems. Only the effective tier decides which controls are required. An
// override is a person's decision about an own tier.
//
// The shipped rules, worst first; a system that is not known, or whose environment
// is not, is production:
//
//	tier 0  any right but reading on a whole production system that controls
//	        others (criticality control: identities, policy, backups, Writ itself)
//	tier 1  a right on a whole production system, reading all of it included, also
//	        of one that controls others; or reading confidential or restricted data
//	        of one
//	tier 2  a right on a part of a production system, destroying data of one, or a
//	        right on a whole system that is not production
//	tier 3  the rest
//
// Governance covers every tier over its life. Privilege's controls are needed as
// well for tiers 0 and 1.
//
// Invariants:
//  1. A tier is computed from facts and says why. An override changes an own tier
//     only: somebody's, with a reason; what lowers one ends within a year, and
//     before that when the facts get worse than they were.
//  2. An effective tier is never better than that of anything it leads to,
//     overridden or not.
//  3. Classifying twice writes nothing the second time.
//  4. What is remembered of the last run is used only while nothing has changed that
//     could move a tier or the way that explains one; who holds something moves
//     neither, but where somebody could become the holder.
//
// What it does not do: it decides no access, and reads no names.
//
// Sources: the tiers follow the enterprise access model (control, management and
// workload planes) and least privilege in NIST SP 800-53 AC-5 and AC-6.
package classify
