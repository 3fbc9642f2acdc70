package finding

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// standingPrivilege: a human's account has a privileged entitlement now, without
// activating it: one that can do the damage itself, or hand it out. What everybody
// has is public-grant's, what takes becoming somebody else is escalation-path's.
func (c *checker) standingPrivilege() {
	public := c.public()
	hands := c.handsOut()
	tier := func(e graph.EntitlementNode) access.Tier {
		if public[e.ID] {
			return access.Tier3
		}
		if t, ok := hands[e.ID]; ok {
			return min(t, c.ownTier(e))
		}
		return c.ownTier(e)
	}
	targets := c.tiered(access.Tier1, tier)
	q := graph.Question{Modes: standingOnly}
	for a := range c.holders(targets, q) {
		if _, human := c.human(a); !human {
			continue
		}
		d := Draft{Subject: a.ID.Ref(), System: a.System, Owner: c.technical(a.System)}
		for _, h := range c.privileged(a, q, tier) {
			if h.tier == access.Tier0 {
				d.Severity = access.Critical
			}
			d.Evidence = append(d.Evidence, say(fmt.Sprintf("holds {} (tier %d) all the time", h.tier), h.id.Ref()))
		}
		c.found(d)
	}
}

// public is what every account of a system has.
func (c *checker) public() map[access.EntitlementID]bool {
	public := map[access.EntitlementID]bool{}
	for e := range c.v.Entitlements() {
		for g := range c.v.DirectHolders(e.ID) {
			if g.Flags&access.Implicit == 0 {
				continue
			}
			public[e.ID] = true
			for _, h := range c.v.Effective(e.ID.Ref(), graph.Question{Modes: standingOnly}) {
				public[h.Entitlement] = true
			}
			break
		}
	}
	return public
}

// handsOut gives entitlements the tier of what their holders may give to anybody.
func (c *checker) handsOut() map[access.EntitlementID]access.Tier {
	hands := map[access.EntitlementID]access.Tier{}
	for e := range c.v.Entitlements() {
		for _, can := range e.Capabilities {
			if can.Right != access.GrantAccess || can.On.Kind != access.KindEntitlement {
				continue
			}
			given, ok := c.v.Entitlement(access.EntitlementID(can.On.Key))
			if t, had := hands[e.ID]; ok && (!had || effective(given) < t) {
				hands[e.ID] = effective(given)
			}
		}
	}
	return hands
}

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
func (c *checker) privilegeByNesting() {
	targets := c.tiered(access.Tier1, c.ownTier)
	q := graph.Question{Modes: standingOnly}
	for a := range c.holders(targets, q) {
		var evidence []Evidence
		for _, h := range c.v.Effective(a.ID.Ref(), q) {
			e, ok := c.v.Entitlement(h.Entitlement)
			if !ok || h.Direct || !c.ownTier(e).Privileged() {
				continue
			}
			why := c.v.Why(a.ID.Ref(), e.ID.Ref(), q)
			if why.Length > nestedSteps && len(why.First) > 0 {
				evidence = append(evidence, chain(why.First[0], c.ownTier(e)))
			}
		}
		if len(evidence) > 0 {
			c.account(a, evidence...)
		}
	}
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

// escalationPath: an account that can get privileged access in a system where its
// person has none as powerful. Control of a host is control of what runs on it;
// what one has anyway is no escalation.
func (c *checker) escalationPath() {
	targets := c.tiered(access.Tier1, c.ownTier)
	q := graph.Question{Escalation: true}
	for a := range c.holders(targets, q) {
		if a.Kind == access.BuiltInAccount {
			continue
		}
		has := c.best(a, graph.Question{})
		for _, id := range a.Identities {
			for _, other := range c.v.AccountsOf(id) {
				if o, ok := c.v.Account(other); ok && other != a.ID && c.usable(o) {
					for system, t := range c.best(o, graph.Question{}) {
						has.take(system, t)
					}
				}
			}
		}
		could := c.best(a, q)
		var evidence []Evidence
		for _, t := range could.inOrder() {
			if had, ok := has[t.system]; ok && had.power() <= t.power() {
				continue
			}
			if why := c.v.Why(a.ID.Ref(), t.id.Ref(), q); len(why.First) > 0 {
				evidence = append(evidence, chain(why.First[0], t.tier))
			}
		}
		if len(evidence) > 0 {
			c.account(a, evidence...)
		}
	}
}

// reached is the most powerful entitlement that somebody reaches in each system,
// of those that are privileged by themselves.
type reached map[access.SystemID]reachedTier

type reachedTier struct {
	tieredEntitlement
	system  access.SystemID
	control bool // it controls the whole system, and does not only read or change it
}

// power orders by tier, control of a system before any other access to it; less
// is more.
func (t reachedTier) power() int {
	if t.control {
		return 2 * int(t.tier)
	}
	return 2*int(t.tier) + 1
}

func (r reached) take(system access.SystemID, t reachedTier) {
	if had, ok := r[system]; !ok || t.power() < had.power() {
		r[system] = t
	}
}

func (r reached) inOrder() []reachedTier {
	list := slices.Collect(maps.Values(r))
	slices.SortFunc(list, func(a, b reachedTier) int { return cmp.Or(cmp.Compare(a.tier, b.tier), cmp.Compare(a.id, b.id)) })
	return list
}

func (c *checker) best(a graph.AccountNode, q graph.Question) reached {
	r := reached{}
	for _, h := range c.v.Effective(a.ID.Ref(), q) {
		e, ok := c.v.Entitlement(h.Entitlement)
		if ok && c.ownTier(e).Privileged() {
			control := slices.ContainsFunc(e.Capabilities, func(can access.Capability) bool {
				return can.On == e.System.Ref() && (can.Right == access.BypassControls || can.Right == access.GrantAccess)
			})
			r.take(e.System, reachedTier{tieredEntitlement{e.ID, c.ownTier(e)}, e.System, control})
		}
	}
	return r
}

// toxicCombination: a human effectively holds two entitlements that their system
// declares in conflict.
func (c *checker) toxicCombination() {
	var pairs [][2]access.EntitlementID
	for e := range c.v.Entitlements() {
		for _, other := range e.Conflicts {
			pair := [2]access.EntitlementID{min(e.ID, other), max(e.ID, other)}
			if !slices.Contains(pairs, pair) {
				pairs = append(pairs, pair)
			}
		}
	}
	found := map[access.IdentityID][]Evidence{}
	var order []access.IdentityID
	for i, n := range c.v.Both(pairs, graph.Question{}) {
		if n == 0 {
			continue
		}
		for _, id := range c.v.PairHolders(pairs[i][0], pairs[i][1], graph.Question{}) {
			if found[id] == nil {
				order = append(order, id)
			}
			found[id] = append(found[id], say("holds {} together with {}", pairs[i][0].Ref(), pairs[i][1].Ref()))
		}
	}
	slices.Sort(order)
	for _, id := range order {
		if i, ok := c.v.Identity(id); ok && i.Kind == access.Human {
			c.found(Draft{Subject: id.Ref(), Owner: i.Manager, Evidence: found[id]})
		}
	}
}

// overprivilegedAgent: an agent that has privileged access, or access that it is
// known never to have used.
func (c *checker) overprivilegedAgent() {
	for i := range c.v.Identities() {
		if i.Kind != access.Agent {
			continue
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
}

// nopasswdSudo: a privileged entitlement that somebody may use without a password.
func (c *checker) nopasswdSudo() {
	for e := range c.v.Entitlements() {
		if !effective(e).Privileged() {
			continue
		}
		var evidence []Evidence
		for g := range c.v.DirectHolders(e.ID) {
			if g.Flags&access.NoPassword != 0 {
				evidence = append(evidence, say("{} may use it without a password", g.Holder))
			}
		}
		if len(evidence) > 0 {
			c.found(Draft{Subject: e.ID.Ref(), System: e.System, Owner: c.technical(e.System), Evidence: evidence})
		}
	}
}

// publicGrant: something that can do anything at all is given to everybody. What
// only lets one connect or look up names has no capability and is harmless.
func (c *checker) publicGrant() {
	for e := range c.v.Entitlements() {
		if len(e.Capabilities) == 0 {
			continue
		}
		everybody := false
		for g := range c.v.DirectHolders(e.ID) {
			if g.Holder.Kind == access.KindEntitlement {
				holder, _ := c.v.Entitlement(access.EntitlementID(g.Holder.Key))
				everybody = everybody || holder.Kind == publicKind
			}
			everybody = everybody || g.Flags&access.Implicit != 0
		}
		if everybody {
			c.found(Draft{Subject: e.ID.Ref(), System: e.System, Owner: c.technical(e.System), Evidence: []Evidence{say("every account of {} has it", e.System.Ref())}})
		}
	}
}

// publicKind is the kind of entitlement that connectors give to what everybody is
// a member of.
const publicKind = "public"

// directGrant: a person's account holds what a group or role of the system gives.
// Being in a group that is in another group is no direct grant, nor being in one
// that is a directory's: that membership was given there.
func (c *checker) directGrant() {
	giver := map[access.EntitlementID]access.Ref{}
	container := map[access.EntitlementID]bool{} // it gives things itself: a group or role
	for e := range c.v.Entitlements() {
		for g := range c.v.DirectGrants(e.ID.Ref()) {
			container[e.ID] = true
			given, _ := c.v.Entitlement(g.Entitlement)
			if g.Mode == access.Standing && giver[g.Entitlement].IsZero() && given.System == e.System {
				giver[g.Entitlement] = g.Holder
			}
		}
	}
	for a := range c.enabled() {
		if _, human := c.human(a); !human {
			continue
		}
		var evidence []Evidence
		for g := range c.v.DirectGrants(a.ID.Ref()) {
			if by := giver[g.Entitlement]; g.Flags&access.Implicit == 0 && !by.IsZero() && !container[g.Entitlement] {
				evidence = append(evidence, say("holds {} directly, which {} gives", g.Entitlement.Ref(), by))
			}
		}
		if len(evidence) > 0 {
			c.account(a, evidence...)
		}
	}
}
