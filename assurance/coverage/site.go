package coverage

import (
	"cmp"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// site is everything about an entitlement that the states of controls depend on.
type site struct {
	system    access.SystemID
	tier      access.Tier
	owned     bool // somebody answers for it
	unowned   bool // it is accepted that nobody does
	declares  bool // its system says what nobody should hold together
	everybody standing
}

func (c *circumstances) site(e graph.EntitlementNode, declares map[access.SystemID]bool) site {
	return site{
		system: e.System, tier: tierOf(e), owned: c.owned(e), unowned: c.accepted(unownedEntitlement, ownedAs(e)),
		declares: declares[e.System], everybody: c.gap(publicGrant, e.ID.Ref()),
	}
}

func (c *circumstances) owned(e graph.EntitlementNode) bool {
	return c.there(c.ownerOf(e))
}

// ownerOf is who answers for an entitlement: its own owner, else its system's.
func (c *circumstances) ownerOf(e graph.EntitlementNode) access.IdentityID {
	if e.Owner != 0 {
		return e.Owner
	}
	s, _ := c.v.System(e.System)
	return cmp.Or(s.BusinessOwner, s.TechnicalOwner)
}

// state says whether a control is there for a grant, were all facts fresh.
func (s site) state(control access.Control, p profile) access.ControlState {
	switch control {
	case access.ControlOwner:
		return shown(s.owned && p.has(answered), (s.owned || s.unowned) && p.has(answeredOrKnown))
	case access.ControlSoD: // that nothing is declared is nobody's exception
		return shown(s.declares && !p.has(clashes), p.has(clashesKnown))
	case access.ControlExpiry:
		return shown(p.has(ends), false)
	case access.ControlRotate:
		if s.tier.Privileged() {
			return rotated(p.has(rotatedPrivileged), p.has(oldPrivileged), p.has(oldPrivilegedKnown))
		}
		return rotated(p.has(rotatedOther), p.has(oldOther), p.has(oldOtherKnown))
	case access.ControlElevate:
		return shown(!p.has(allTheTime), s.elevationAccepted(p))
	case access.ControlVault:
		return shown(p.has(vaulted), false)
	case access.ControlReview, access.ControlIsolate, access.ControlRecord, access.ControlEnforce:
	}
	return access.Missing
}

func shown(there, accepted bool) access.ControlState {
	switch {
	case there:
		return access.InPlace
	case accepted:
		return access.Excepted
	}
	return access.Missing
}

func rotated(all, old, accepted bool) access.ControlState {
	if all || old {
		return shown(all, accepted)
	}
	return access.Unknown
}

// elevationAccepted: one of the findings that can say why a grant should be
// elevated is accepted, and none is open.
func (s site) elevationAccepted(p profile) bool {
	if s.everybody == openGap || p.has(privilegeOpen) {
		return false
	}
	return s.everybody == acceptedGap || p.has(privilegeFound)
}

func (n *Counts) add(s access.ControlState, by int64) {
	n.Required += by
	switch s {
	case access.InPlace:
		n.InPlace += by
	case access.Unknown:
		n.Unknown += by
	case access.Excepted:
		n.Excepted += by
	case access.Missing:
		n.Missing += by
	}
}
