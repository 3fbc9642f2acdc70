package finding

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// standingPrivilege: a human's account has a privileged entitlement now, without
// activating it: one that can do the damage itself, or hand it out. What everybody
// has is public-grant's, what takes becoming somebody else is escalation-path's.
func (c *checker) standingPrivilege(a graph.AccountNode) {
	if !c.f.standing.Contains(uint32(a.ID)) {
		return
	}
	if _, human := c.human(a); !human {
		return
	}
	d := Draft{Subject: a.ID.Ref(), System: a.System, Owner: c.technical(a.System)}
	for _, h := range c.privileged(a, standingOnly, c.f.standingTier) {
		if h.tier == access.Tier0 {
			d.Severity = access.Critical
		}
		d.Evidence = append(d.Evidence, say(fmt.Sprintf("holds {} (tier %d) all the time", h.tier), h.id.Ref()))
	}
	c.found(d)
}

var standingOnly = graph.Question{Modes: 1 << access.Standing}

type tieredEntitlement struct {
	id   access.EntitlementID
	tier access.Tier
}

// privileged lists the tier 0 and 1 entitlements that an account has, worst first.
func (c *checker) privileged(a graph.AccountNode, q graph.Question, tier func(graph.EntitlementNode) access.Tier) []tieredEntitlement {
	var list []tieredEntitlement
	for _, h := range c.v.Effective(a.ID.Ref(), q) {
		e, ok := c.v.Entitlement(h.Entitlement)
		if ok && tier(e).Privileged() && !slices.ContainsFunc(list, func(t tieredEntitlement) bool { return t.id == e.ID }) {
			list = append(list, tieredEntitlement{e.ID, tier(e)})
		}
	}
	slices.SortFunc(list, func(x, y tieredEntitlement) int { return cmp.Or(cmp.Compare(x.tier, y.tier), cmp.Compare(x.id, y.id)) })
	return list
}

// nestedSteps is how many grants may lie between an account and what can do
// damage before nobody sees it any more: one for the group, one for what it gives.
const nestedSteps = 2

// privilegeByNesting: what makes it privileged is further away than the group that
// was given.
func (c *checker) privilegeByNesting(a graph.AccountNode) {
	if !c.f.nesting.Contains(uint32(a.ID)) {
		return
	}
	var evidence []Evidence
	for _, h := range c.v.Effective(a.ID.Ref(), standingOnly) {
		e, ok := c.v.Entitlement(h.Entitlement)
		if !ok || h.Direct || !c.f.ownTier(e).Privileged() {
			continue
		}
		way := c.v.Way(a.ID.Ref(), e.ID.Ref(), standingOnly)
		if len(way) > nestedSteps && !c.seenBefore(way, c.f.ownTier(e)) {
			evidence = append(evidence, chain(way, c.f.ownTier(e)))
		}
	}
	if len(evidence) > 0 {
		c.account(a, evidence...)
	}
}

// seenBefore reports whether a path to something of a tier passes something that is
// as privileged by itself: what lies behind that takes nothing further away.
func (c *checker) seenBefore(path []graph.Step, tier access.Tier) bool {
	return slices.ContainsFunc(path[:len(path)-1], func(s graph.Step) bool {
		e, ok := c.v.Entitlement(access.EntitlementID(s.To.Key))
		return s.To.Kind == access.KindEntitlement && ok && c.f.ownTier(e) <= tier
	})
}

// chain tells a path by what lies on it.
func chain(path []graph.Step, tier access.Tier) Evidence {
	e := Evidence{Text: fmt.Sprintf("tier %d by way of {}", tier), Refs: []access.Ref{path[0].To}}
	for _, s := range path[1:] {
		e.Text += " → {}"
		e.Refs = append(e.Refs, s.To)
	}
	return e
}

// toxicCombination: a human effectively holds two entitlements that their system
// declares in conflict.
func (c *checker) toxicCombination(i graph.IdentityNode) {
	if i.Kind != access.Human || c.f.toxic != nil && !c.f.toxic.Contains(uint32(i.ID)) {
		return
	}
	var evidence []Evidence
	var told [][2]access.EntitlementID
	for _, p := range c.f.conflicts.Held(c.v, i.ID) {
		pair := [2]access.EntitlementID{min(p.Declared, p.Other), max(p.Declared, p.Other)}
		if !slices.Contains(told, pair) {
			told = append(told, pair)
			evidence = append(evidence, say("holds {} together with {}", pair[0].Ref(), pair[1].Ref()))
		}
	}
	if len(evidence) > 0 {
		c.found(Draft{Subject: i.ID.Ref(), Owner: i.Manager, Evidence: evidence})
	}
}

// overprivilegedAgent: an agent that has privileged access, or access that it is
// known never to have used.
func (c *checker) overprivilegedAgent(i graph.IdentityNode) {
	if i.Kind != access.Agent {
		return
	}
	var evidence []Evidence
	for _, acc := range c.v.AccountsOf(i.ID) {
		a, ok := c.v.Account(acc)
		if !ok || !c.usable(a) {
			continue
		}
		for _, h := range c.privileged(a, graph.Question{}, effective) {
			evidence = append(evidence, say(fmt.Sprintf("has {} (tier %d)", h.tier), h.id.Ref()))
		}
		for g := range c.v.DirectGrants(acc.Ref()) {
			if g.UsageKnown && g.LastUsed == 0 {
				evidence = append(evidence, say("has {} and has never used it", g.Entitlement.Ref()))
			}
		}
	}
	if len(evidence) > 0 {
		c.found(Draft{Subject: i.ID.Ref(), Owner: i.Owner, Evidence: evidence})
	}
}

// nopasswdSudo: a privileged entitlement that somebody may use without a password.
func (c *checker) nopasswdSudo(e graph.EntitlementNode) {
	without := c.f.of(e.ID).nopassword
	if len(without) == 0 || !effective(e).Privileged() {
		return
	}
	var evidence []Evidence
	for _, h := range without {
		for range h.n {
			evidence = append(evidence, say("{} may use it without a password", h.ref))
		}
		if len(evidence) >= c.limits.Evidence+refsKept {
			break
		}
	}
	c.foundSome(Draft{Subject: e.ID.Ref(), System: e.System, Owner: c.technical(e.System), Evidence: evidence}, without.total())
}

// publicGrant: something that can do anything at all is given to everybody. What
// only lets one connect or look up names has no capability and is harmless.
func (c *checker) publicGrant(e graph.EntitlementNode) {
	if len(e.Capabilities) == 0 {
		return
	}
	t := c.f.of(e.ID)
	everybody := t.implicit > 0 || slices.ContainsFunc(t.nested, func(h counted) bool {
		holder, _ := c.v.Entitlement(access.EntitlementID(h.ref.Key))
		return holder.Kind == publicKind
	})
	if everybody {
		c.found(Draft{Subject: e.ID.Ref(), System: e.System, Owner: c.technical(e.System), Evidence: []Evidence{say("every account of {} has it", e.System.Ref())}})
	}
}

// publicKind is the kind of entitlement that connectors give to what everybody is
// a member of.
const publicKind = "public"

// directGrant: a person's account holds what a group or role of the system gives.
// Being in a group that is in another group is no direct grant, nor being in one
// that is a directory's: that membership was given there.
func (c *checker) directGrant(a graph.AccountNode) {
	if _, human := c.human(a); !human {
		return
	}
	var evidence []Evidence
	for g := range c.v.DirectGrants(a.ID.Ref()) {
		if by := c.f.giver(c.v, g.Entitlement); g.Flags&access.Implicit == 0 && !by.IsZero() {
			evidence = append(evidence, say("holds {} directly, which {} gives", g.Entitlement.Ref(), by))
		}
	}
	if len(evidence) > 0 {
		c.account(a, evidence...)
	}
}
