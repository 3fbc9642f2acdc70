package coverage

import (
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/graph"
)

// Gap is a finding that is not resolved.
type Gap struct {
	Rule    string
	Subject access.Ref
	Until   access.Time // it is accepted until then; zero is open
}

// gapKey is what makes a gap one gap.
type gapKey struct {
	rule    string
	subject access.Ref
}

// The rules whose findings say that a control is missing: accepting such a finding
// is an exception from that control, and from no other.
const (
	unownedEntitlement = "unowned-entitlement" // owner
	unownedNonhuman    = "unowned-nonhuman"    // owner
	toxicCombination   = "toxic-combination"   // sod
	notRotated         = "stale-credential"    // rotate
	standingPrivilege  = "standing-privilege"  // elevate
	escalationPath     = "escalation-path"     // elevate
	publicGrant        = "public-grant"        // elevate
)

var gapRules = []string{
	unownedEntitlement, unownedNonhuman, toxicCombination, notRotated,
	standingPrivilege, escalationPath, publicGrant,
}

// excepted reports whether somebody has accepted, until a time still to come, that
// a control is missing for a grant: everything that makes it missing, not a part.
func (c *counter) excepted(control access.Control, h holder, g graph.GrantEdge, e graph.EntitlementNode) bool {
	switch control {
	case access.ControlOwner:
		return (c.entitlementOwned(e) || c.accepted(unownedEntitlement, ownedAs(e))) &&
			(c.holderOwned(h) || c.accepted(unownedNonhuman, h.subject())) && c.sponsored(h)
	case access.ControlSoD: // that nothing is declared is nobody's exception
		return h.identity != nil && c.toxic[h.identity.ID][e.System] && c.accepted(toxicCombination, h.identity.ID.Ref())
	case access.ControlRotate:
		return c.accepted(notRotated, h.account.ID.Ref()) && c.allStale(h, e)
	case access.ControlElevate:
		return c.privilegeAccepted(h, g)
	case access.ControlReview, access.ControlExpiry, access.ControlVault, access.ControlIsolate, access.ControlRecord, access.ControlEnforce:
	}
	return false
}

func (c *counter) accepted(rule string, subject access.Ref) bool {
	return c.gaps[gapKey{rule, subject}] > c.now
}

// ownedAs is what unowned-entitlement is found of: an entitlement that had an owner
// of its own, otherwise its system, once for all.
func ownedAs(e graph.EntitlementNode) access.Ref {
	if e.Owner != 0 {
		return e.ID.Ref()
	}
	return e.System.Ref()
}

// subject is what a finding about a holder who is no human is of.
func (h holder) subject() access.Ref {
	if h.identity != nil {
		return h.identity.ID.Ref()
	}
	return h.account.ID.Ref()
}

// allStale reports whether each credential that keeps a grant from being rotated is
// old enough for stale-credential too. The control's period is shorter where the
// grant is privileged, and what that rule does not find nobody has accepted; it does
// not find one of unknown age either.
func (c *counter) allStale(h holder, e graph.EntitlementNode) bool {
	return !slices.ContainsFunc(h.credential, func(k graph.CredentialEdge) bool {
		limit := finding.DefaultLimits.Password
		if k.Kind == access.SSHKey || k.Kind == access.Certificate {
			limit = finding.DefaultLimits.Key
		}
		return k.Changed == 0 || (c.tooOld(k, periodOf(e)) && !c.tooOld(k, limit))
	})
}

// privilegeAccepted: one of the findings that can say why a grant should be
// elevated is accepted, and none is open. What everybody has is accepted for
// everybody or not at all.
func (c *counter) privilegeAccepted(h holder, g graph.GrantEdge) bool {
	gaps := []gapKey{{publicGrant, g.Entitlement.Ref()}}
	if h.account != nil && g.Flags&access.Implicit == 0 {
		gaps = append(gaps, gapKey{standingPrivilege, h.account.ID.Ref()}, gapKey{escalationPath, h.account.ID.Ref()})
	}
	some := false
	for _, key := range gaps {
		until, found := c.gaps[key]
		if found && until <= c.now {
			return false
		}
		some = some || found
	}
	return some
}
