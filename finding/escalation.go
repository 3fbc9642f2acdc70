package finding

import (
	"cmp"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// escalationPath: an account that can get privileged access in a system where its
// person has none as powerful. Control of a host is control of what runs on it;
// what one has anyway is no escalation.
func (c *checker) escalationPath(a graph.AccountNode) {
	if a.Kind == access.BuiltInAccount || !c.f.escalation.Contains(uint32(a.ID)) {
		return
	}
	has := c.best(a)
	for _, id := range a.Identities {
		for _, other := range c.v.AccountsOf(id) {
			if o, ok := c.v.Account(other); ok && other != a.ID && c.usable(o) {
				for _, t := range c.best(o) {
					has.take(t)
				}
			}
		}
	}
	var evidence []Evidence
	for _, t := range c.could(a).inOrder() {
		if had, ok := has[t.system]; ok && had.power <= t.power {
			continue
		}
		if way := c.v.Way(a.ID.Ref(), t.id.Ref(), graph.Question{Escalation: true}); len(way) > 0 {
			evidence = append(evidence, chain(way, t.tier))
		}
	}
	if len(evidence) > 0 {
		c.account(a, evidence...)
	}
}

// reached is the most powerful entitlement that somebody reaches in each system,
// of those that are privileged by themselves.
type reached map[access.SystemID]target

// target is a privileged entitlement. Its power orders by tier, control of a whole
// system before any other access to it; less is more.
type target struct {
	tieredEntitlement
	system access.SystemID
	power  int
}

func targetOf(e graph.EntitlementNode, tier access.Tier) target {
	t := target{tieredEntitlement{e.ID, tier}, e.System, 2*int(tier) + 1}
	if slices.ContainsFunc(e.Capabilities, func(can access.Capability) bool {
		return can.On == e.System.Ref() && (can.Right == access.BypassControls || can.Right == access.GrantAccess)
	}) {
		t.power--
	}
	return t
}

func (r reached) take(t target) {
	if had, ok := r[t.system]; !ok || t.power < had.power || t.power == had.power && t.id < had.id {
		r[t.system] = t
	}
}

func (r reached) inOrder() []target {
	list := slices.Collect(maps.Values(r))
	slices.SortFunc(list, func(a, b target) int { return cmp.Or(cmp.Compare(a.tier, b.tier), cmp.Compare(a.id, b.id)) })
	return list
}

// best is what an account has.
func (c *checker) best(a graph.AccountNode) reached {
	r := reached{}
	for _, h := range c.v.Effective(a.ID.Ref(), graph.Question{}) {
		if e, ok := c.v.Entitlement(h.Entitlement); ok && c.f.ownTier(e).Privileged() {
			r.take(targetOf(e, c.f.ownTier(e)))
		}
	}
	return r
}

// could is what an account could get. Walking there from each account would walk
// through the same hosts and directories again and again, so the ways are worked
// out once from their ends.
func (c *checker) could(a graph.AccountNode) reached {
	r := reached{}
	for _, as := range c.v.Through(a.ID) {
		for g := range c.v.DirectGrants(as.Ref()) {
			for _, t := range c.f.ways[g.Entitlement] {
				r.take(t)
			}
		}
	}
	return r
}

// ways says, for each entitlement that leads to privileged ones, to which: of those
// of one system that are as powerful as each other, to the first by key.
type ways map[access.EntitlementID][]target

func waysOf(v *graph.View, targets []target) ways {
	type class struct {
		system access.SystemID
		power  int
	}
	classes := map[class][]target{}
	for _, t := range targets {
		k := class{t.system, t.power}
		classes[k] = append(classes[k], t)
	}
	w := ways{}
	for _, list := range classes {
		slices.SortFunc(list, func(a, b target) int { return cmp.Compare(a.id, b.id) })
		ranks := make([][]access.EntitlementID, len(list))
		for i, t := range list {
			ranks[i] = []access.EntitlementID{t.id}
		}
		for from, rank := range v.Rank(ranks, true).All() {
			w[from] = append(w[from], list[rank])
		}
	}
	return w
}
