package coverage

import (
	"github.com/writhq/writ/access"
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

// News is a gap as it is now, or gone: resolved, or of no rule that matters here.
type News struct {
	Gap
	Gone bool
}

// gaps are the findings that are not resolved.
type gaps struct {
	open     map[gapKey]bool
	accepted map[gapKey]access.Time // until when
}

func newGaps(list []Gap) gaps {
	g := gaps{map[gapKey]bool{}, map[gapKey]access.Time{}}
	for _, x := range list {
		g.learn(News{Gap: x})
	}
	return g
}

func (g gaps) learn(n News) {
	key := gapKey{n.Rule, n.Subject}
	delete(g.open, key)
	delete(g.accepted, key)
	switch {
	case n.Gone:
	case n.Until != 0:
		g.accepted[key] = n.Until
	default:
		g.open[key] = true
	}
}

// standing is how a gap counts at a time.
type standing uint8

const (
	noGap standing = iota
	acceptedGap
	openGap
)

func (c *circumstances) gap(rule string, subject access.Ref) standing {
	key := gapKey{rule, subject}
	until, accepted := c.gaps.accepted[key]
	switch {
	case accepted && until > c.now:
		return acceptedGap
	case accepted, c.gaps.open[key]:
		return openGap
	}
	return noGap
}

func (c *circumstances) accepted(rule string, subject access.Ref) bool {
	return c.gap(rule, subject) == acceptedGap
}

// knows reports whether news are none: that a finding has other evidence now is
// nothing to a control.
func (g gaps) knows(n News) bool {
	key := gapKey{n.Rule, n.Subject}
	until, accepted := g.accepted[key]
	open := g.open[key]
	if n.Gone {
		return !accepted && !open
	}
	return n.Until != 0 && accepted && until == n.Until || n.Until == 0 && open
}

// concerned lists whom news are about, and acceptances that reach their end.
func (c *circumstances) concerned(news []News, now access.Time) []access.Ref {
	var list []access.Ref
	for _, n := range news {
		if !c.gaps.knows(n) {
			list = append(list, n.Subject)
		}
	}
	for key, until := range c.gaps.accepted {
		if c.now < until && until <= now {
			list = append(list, key.subject)
		}
	}
	return list
}

// ownedAs is what unowned-entitlement is found of: an entitlement that had an owner
// of its own, otherwise its system, once for all.
func ownedAs(e graph.EntitlementNode) access.Ref {
	if e.Owner != 0 {
		return e.ID.Ref()
	}
	return e.System.Ref()
}

// behind are the findings, open or accepted, that say why a control counts as it does
// for a grant. Controls that no rule looks at have none.
func (c *circumstances) behind(control access.Control, h holder, g graph.GrantEdge, e graph.EntitlementNode, p profile) (list []Gap) {
	look := func(subject access.Ref, rules ...string) {
		for _, rule := range rules {
			if c.gap(rule, subject) != noGap {
				list = append(list, Gap{rule, subject, c.gaps.accepted[gapKey{rule, subject}]})
			}
		}
	}
	switch control {
	case access.ControlOwner:
		look(ownedAs(e), unownedEntitlement)
		if h.identity != 0 {
			look(h.identity.Ref(), unownedNonhuman)
		} else {
			look(h.ref, unownedNonhuman)
		}
	case access.ControlSoD:
		if p.has(clashes) {
			look(h.identity.Ref(), toxicCombination)
		}
	case access.ControlRotate:
		look(h.ref, notRotated)
	case access.ControlElevate:
		if g.Flags&access.Implicit == 0 {
			look(h.ref, standingPrivilege, escalationPath)
		}
		look(e.ID.Ref(), publicGrant)
	case access.ControlReview, access.ControlExpiry, access.ControlVault, access.ControlIsolate, access.ControlRecord, access.ControlEnforce:
	}
	return list
}
