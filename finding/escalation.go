package finding

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

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
		if why := c.v.Why(a.ID.Ref(), t.id.Ref(), graph.Question{Escalation: true}); len(why.First) > 0 {
			evidence = append(evidence, chain(why.First[0], t.tier))
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
	best := map[access.SystemID]*class{}
	holds := roaring.New()
	for _, as := range c.v.Through(a.ID) {
		for g := range c.v.DirectGrants(as.Ref()) {
			holds.Add(uint32(g.Entitlement))
			for _, k := range c.f.ways.to[g.Entitlement] {
				if had := best[k.system]; had == nil || k.power < had.power {
					best[k.system] = k
				}
			}
		}
	}
	r := reached{}
	for _, k := range best {
		for _, t := range k.targets {
			if len(k.targets) == 1 || c.f.ways.leading(c.v, t.id).Intersects(holds) {
				r.take(t)
				break
			}
		}
	}
	return r
}

// ways says, for each entitlement that leads to privileged ones, to which classes.
type ways struct {
	to map[access.EntitlementID][]*class

	mu   sync.Mutex
	each map[access.EntitlementID]*roaring.Bitmap // what leads to one target, as asked for
}

// class is the privileged entitlements of one system that are as powerful as each
// other, in the order of their keys.
type class struct {
	system  access.SystemID
	power   int
	targets []target
}

func waysOf(v *graph.View, targets []target) *ways {
	type key struct {
		system access.SystemID
		power  int
	}
	classes := map[key]*class{}
	for _, t := range targets {
		k := classes[key{t.system, t.power}]
		if k == nil {
			k = &class{system: t.system, power: t.power}
			classes[key{t.system, t.power}] = k
		}
		k.targets = append(k.targets, t)
	}
	w := &ways{to: map[access.EntitlementID][]*class{}, each: map[access.EntitlementID]*roaring.Bitmap{}}
	for _, k := range classes {
		ids := make([]access.EntitlementID, len(k.targets))
		for i, t := range k.targets {
			ids[i] = t.id
		}
		v.Leading(ids, true).Iterate(func(id uint32) bool {
			w.to[access.EntitlementID(id)] = append(w.to[access.EntitlementID(id)], k)
			return true
		})
	}
	return w
}

// leading is every entitlement that leads to a target.
func (w *ways) leading(v *graph.View, target access.EntitlementID) *roaring.Bitmap {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.each[target]
	if b == nil {
		b = v.Leading([]access.EntitlementID{target}, true)
		w.each[target] = b
	}
	return b
}
