// Package coverage measures which control each access needs and has: a matrix of
// control by tier by system by kind of identity, computed from facts.
//
// Vocabulary: what is counted is one grant that a usable account, or an identity
// directly, holds; a group's own grants count through its members' grants of the
// group, whose effective tier says what it leads to. A cell counts, of the grants
// that require its control, how many have it.
//
// A profile is everything about a holder and a grant that the states of controls
// depend on; a site is the same of an entitlement.
//
// How each control is known today:
//
//	owner    somebody who is still there answers for the entitlement (its owner,
//	         else its system's), for a service or agent also for itself, and for
//	         a third party its sponsor
//	review   no review has been run yet: missing
//	sod      the system declares what nobody should hold together, and the holder
//	         holds no such pair; where nothing is declared, nobody has looked: missing
//	expiry   the grant, the account or the contract has an end
//	vault    all that opens the account lies in a safe, and Writ signed in with it
//	         within 90 days
//	rotate   every credential of the account was changed within its tier's period,
//	         or Writ changes it on a schedule within that, which is kept; unknown
//	         where neither is known
//	elevate  the grant is eligible or active, not standing
//	isolate, record, enforce
//	         nothing of Writ's or anybody's is known to do it: missing
//
// A control that is missing is excepted where somebody has accepted the findings
// that say so, until a time still to come:
//
//	owner    unowned-entitlement, and of services and agents unowned-nonhuman
//	sod      toxic-combination
//	rotate   stale-credential, where each credential is old enough for it
//	elevate  standing-privilege, escalation-path, public-grant; none of them open
//
// No other rule's finding says that a control is missing: who accepts that access
// from before Writ has no approval has not accepted that it is never reviewed.
//
// Invariants:
//  1. No cell is typed in; every count follows from the graph.
//  2. in_place + missing + unknown + excepted = required.
//  3. Facts older than the observation cycle of their tier never count as in place,
//     nor as excepted: they are unknown.
//  4. An acceptance that has reached its end counts for nothing, whether or not its
//     finding has been opened again.
//  5. What is counted by following what changed is what is counted by starting anew.
//  6. A day, in UTC, has one matrix, brought up to the last revision of it that was
//     measured.
//
// Its operations over HTTP show the matrix, its trend, and the grants behind a cell;
// each is registered with a guard, and counts only what its caller may reach.
//
// What it does not do: it opens no findings and keeps no opinions.
package coverage
