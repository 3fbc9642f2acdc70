package finding

import (
	"fmt"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// answers reports whether an identity can answer for something.
func (c *checker) answers(id access.IdentityID) bool {
	i, ok := c.v.Identity(id)
	return ok && i.Kind == access.Human && i.State != access.Terminated
}

// unownedNonhuman: a service or agent without a human who is still there.
func (c *checker) unownedNonhuman(i graph.IdentityNode) {
	if i.Kind == access.Human || i.State == access.Terminated {
		return
	}
	switch {
	case i.Owner == 0:
		c.found(Draft{Subject: i.ID.Ref(), Evidence: []Evidence{say("it has no owner")}})
	case !c.answers(i.Owner):
		c.found(Draft{Subject: i.ID.Ref(), Evidence: []Evidence{say("its owner {} has left", i.Owner.Ref())}})
	}
}

// unownedService: a service account that is not even a known service's.
func (c *checker) unownedService(a graph.AccountNode) {
	if a.Kind == access.ServiceAccount && len(a.Identities) == 0 && !a.Disputed {
		c.account(a, say("it is a service's account, and no registered service or agent has it"))
	}
}

func (c *checker) thirdPartyExpired(i graph.IdentityNode) {
	const untilMidnight = access.Time(24 * time.Hour / time.Microsecond) // a contract holds on its last day
	if !i.ThirdParty || i.ContractEnd == 0 || !i.State.MayHoldAccess() || !c.reached(i.ContractEnd+untilMidnight) {
		return
	}
	evidence := []Evidence{say("the contract ended on " + day(i.ContractEnd))}
	for _, acc := range c.v.AccountsOf(i.ID) {
		if a, ok := c.v.Account(acc); ok && c.usable(a) {
			evidence = append(evidence, say("{} works", acc.Ref()))
		}
	}
	c.found(Draft{Subject: i.ID.Ref(), Owner: i.Sponsor, Evidence: evidence})
}

// unownedEntitlement: an owner who left.
func (c *checker) unownedEntitlement(e graph.EntitlementNode) {
	if e.Owner != 0 && !c.answers(e.Owner) {
		s, _ := c.v.System(e.System)
		c.found(Draft{Subject: e.ID.Ref(), System: e.System, Owner: s.BusinessOwner, Evidence: []Evidence{say("its owner {} has left", e.Owner.Ref())}})
	}
}

// unownedSystem: one where nobody answers for anything. It stands for all of its
// entitlements.
func (c *checker) unownedSystem(s graph.SystemNode) {
	n := c.f.systems[s.ID]
	if !n.owned && n.entitlements > 0 && !c.answers(s.BusinessOwner) && !c.answers(s.TechnicalOwner) {
		c.found(Draft{Subject: s.ID.Ref(), System: s.ID, Evidence: []Evidence{say(fmt.Sprintf("neither the system nor any of its %d entitlements has an owner", n.entitlements))}})
	}
}

// systemStale: facts that are older than the cycle of the worst that a system can
// give, or could not be renewed. A draft has none yet, and of one in maintenance it is
// known why.
func (c *checker) systemStale(s graph.SystemNode) {
	if s.Draft || s.Paused != 0 && !c.reached(s.Paused) {
		return
	}
	tier := access.Tier3
	if n := c.f.systems[s.ID]; n.entitlements > 0 {
		tier = n.worst
	}
	cycle := tier.Cycle(time.Duration(s.Cycle) * time.Microsecond)
	d := Draft{Subject: s.ID.Ref(), System: s.ID, Owner: c.technical(s.ID)}
	switch {
	case s.Synced == 0:
		d.Evidence = []Evidence{say("it has never been read completely")}
	case s.Failed > s.Synced:
		d.Evidence = []Evidence{say(fmt.Sprintf("it was last read on %s; it could not be read on %s", day(s.Synced), day(s.Failed)))}
	case c.older(s.Synced, cycle):
		d.Evidence = []Evidence{say(fmt.Sprintf("it was last read on %s, and should be every %s", moment(s.Synced), cycle))}
	default:
		return
	}
	c.found(d)
}

// unapprovedGrant: what appeared after a system's baseline without an approval,
// one by one, and the worse the more it can do.
func (c *checker) unapprovedGrant(g graph.GrantEdge) {
	if !unapproved(g) {
		return
	}
	e, _ := c.v.Entitlement(g.Entitlement)
	d := Draft{Subject: g.ID.Ref(), System: e.System, Owner: c.ownerOf(e), Evidence: []Evidence{
		say("{} has {}, which appeared after the system's baseline; no role, request or elevation gives it", g.Holder, e.ID.Ref()),
	}}
	switch tier := effective(e); {
	case tier == access.Tier0:
		d.Severity = access.Critical
	case tier.Privileged():
		d.Severity = access.High
	}
	c.found(d)
}

// unapproved: what a system gives to everybody is public-grant's to find.
func unapproved(g graph.GrantEdge) bool {
	return !g.Justified && g.Late && g.Flags&access.Implicit == 0
}

// ownerOf is who answers for an entitlement.
func (c *checker) ownerOf(e graph.EntitlementNode) access.IdentityID {
	if e.Owner != 0 {
		return e.Owner
	}
	s, _ := c.v.System(e.System)
	return s.BusinessOwner
}

// adoptionBacklog: the grants of a system's baseline that nothing justifies, as one
// finding to work off in reviews, not as one each.
func (c *checker) adoptionBacklog(s graph.SystemNode) {
	if n := c.f.systems[s.ID]; n.open > 0 {
		backlog := Evidence{Text: fmt.Sprintf("%d of %d grants have no approval; a review clears them", n.open, n.grants), Count: n.open}
		c.found(Draft{Subject: s.ID.Ref(), System: s.ID, Owner: s.BusinessOwner, Evidence: []Evidence{backlog}})
	}
}
