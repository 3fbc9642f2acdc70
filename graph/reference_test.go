package graph

import (
	"maps"
	"math/big"
	"slices"

	"github.com/writhq/writ/access"
)

// The reference answers the same questions from the world's maps by the
// documented rules, as plainly as possible and without regard to cost: one list
// of edges, and walks over it.

type node struct {
	ref  access.Ref
	hold Right // for systems: which kind of hold on it
}

// Right is what a hold on a system is.
type Right = access.Right

type link struct {
	from, to node
	kind     StepKind
	mode     access.Mode
	resource access.ResourceID
}

func plain(ref access.Ref) node { return node{ref: ref} }

// links lists every edge whose ends are there, each different one once.
func (w *world) links(escalation bool) []link {
	all := map[link]bool{}
	put := func(l link) {
		if w.there(l.from.ref) && w.there(l.to.ref) && (escalation || !l.kind.escalates()) {
			all[l] = true
		}
	}
	for id, n := range w.accounts {
		for _, owner := range n.Identities {
			if n.Status == access.Enabled {
				put(link{from: plain(owner.Ref()), to: plain(id.Ref()), kind: ByAccount})
			}
		}
		for _, hold := range []Right{access.Impersonate, access.BypassControls} {
			put(link{from: node{n.System.Ref(), hold}, to: plain(id.Ref()), kind: ByImpersonate})
		}
	}
	for _, o := range w.openings {
		if w.accounts[o.Account].Status == access.Enabled {
			put(link{from: plain(o.By.Ref()), to: plain(o.Account.Ref()), kind: ByOpening})
		}
	}
	for _, g := range w.grants {
		kind := ByGrant
		if g.Holder.Kind == access.KindEntitlement {
			kind = ByNesting
		}
		put(link{plain(g.Holder), plain(g.Entitlement.Ref()), kind, g.Mode, g.Resource})
	}
	for _, a := range w.assignments {
		put(link{from: plain(a.Identity.Ref()), to: plain(a.Role.Ref()), kind: ByRole})
	}
	for id, n := range w.roles {
		for _, p := range n.Parents {
			put(link{from: plain(id.Ref()), to: plain(p.Ref()), kind: ByInclusion})
		}
		for _, e := range n.Entitlements {
			put(link{from: plain(id.Ref()), to: plain(e.Ref()), kind: ByRoleGives})
		}
	}
	for id, n := range w.entitlements {
		put(link{from: node{n.System.Ref(), access.GrantAccess}, to: plain(id.Ref()), kind: ByGrantAccess})
		put(link{from: node{n.System.Ref(), access.BypassControls}, to: plain(id.Ref()), kind: ByHost})
		for _, c := range n.Capabilities {
			w.capabilityLink(id, c, put)
		}
	}
	for id, n := range w.systems {
		put(link{from: node{n.RunsOn.Ref(), access.BypassControls}, to: node{id.Ref(), access.BypassControls}, kind: ByHost})
	}
	return slices.Collect(maps.Keys(all))
}

func (w *world) capabilityLink(id access.EntitlementID, c access.Capability, put func(link)) {
	kinds := map[Right]StepKind{access.GrantAccess: ByGrantAccess, access.Impersonate: ByImpersonate, access.BypassControls: ByHost}
	kind, leads := kinds[c.Right]
	if !leads {
		return
	}
	to := plain(c.On)
	switch c.On.Kind {
	case access.KindSystem:
		to.hold = c.Right
	case access.KindEntitlement:
		if c.Right == access.BypassControls {
			return
		}
	case access.KindAccount:
		if c.Right != access.Impersonate {
			return
		}
	default:
		return
	}
	put(link{from: plain(id.Ref()), to: to, kind: kind})
}

// hits says whether a link ends a path to a target.
func (w *world) hits(target access.Ref) func(l link) bool {
	if !w.there(target) {
		return func(link) bool { return false }
	}
	contains := func(r access.ResourceID) bool {
		seen := map[access.ResourceID]bool{}
		for r != 0 && !seen[r] && w.there(r.Ref()) {
			if r.Ref() == target || target.Kind == access.KindSystem && w.resources[r].System.Ref() == target {
				return true
			}
			seen[r] = true
			r = w.resources[r].Parent
		}
		return false
	}
	return func(l link) bool {
		if l.to.ref == target {
			return true
		}
		if target.Kind != access.KindResource && target.Kind != access.KindSystem {
			return false
		}
		if l.to.ref.Kind == access.KindEntitlement {
			n := w.entitlements[access.EntitlementID(l.to.ref.Key)]
			return contains(n.Resource) || contains(l.resource) || n.System.Ref() == target
		}
		return target.Kind == access.KindResource && l.to.hold != "" && l.to.hold != access.Impersonate &&
			w.resources[access.ResourceID(target.Key)].System.Ref() == l.to.ref
	}
}

func wanted(q Question, m access.Mode) bool { return q.Modes == 0 || q.Modes&(1<<m) != 0 }

// walkState is where a walk has come to.
type walkState struct {
	node      node
	mode      access.Mode
	escalated bool
}

// walks returns every state that a walk from a holder can be in, and every link
// that it can take last together with the state then.
func (w *world) walks(holder access.Ref, q Question) map[walkState]map[link]bool {
	links := w.links(q.Escalation)
	found := map[walkState]map[link]bool{}
	if !w.there(holder) {
		return found
	}
	todo := []walkState{{node: plain(holder)}}
	seen := map[walkState]bool{todo[0]: true}
	for len(todo) > 0 {
		s := todo[0]
		todo = todo[1:]
		for _, l := range links {
			if l.from != s.node {
				continue
			}
			next := walkState{l.to, weakest(s.mode, l.mode), s.escalated || l.kind.escalates()}
			if found[next] == nil {
				found[next] = map[link]bool{}
			}
			found[next][l] = true
			if !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return found
}

func (w *world) effective(holder access.Ref, q Question) []Held {
	type key struct {
		e access.EntitlementID
		r access.ResourceID
	}
	held := map[key]*Held{}
	for s, by := range w.walks(holder, q) {
		if s.node.ref.Kind != access.KindEntitlement || !wanted(q, s.mode) {
			continue
		}
		for l := range by {
			k := key{access.EntitlementID(s.node.ref.Key), l.resource}
			h := held[k]
			if h == nil {
				h = &Held{Entitlement: k.e, Resource: k.r, Escalated: true}
				held[k] = h
			}
			h.Modes |= 1 << s.mode
			h.Escalated = h.Escalated && s.escalated
		}
	}
	for k, h := range held {
		h.Direct = w.holdsDirectly(holder, k.e, k.r, q)
	}
	list := []Held{}
	for _, h := range held {
		list = append(list, *h)
	}
	slices.SortFunc(list, func(a, b Held) int {
		if a.Entitlement != b.Entitlement {
			return int(a.Entitlement - b.Entitlement)
		}
		return int(a.Resource - b.Resource)
	})
	return list
}

func (w *world) holdsDirectly(holder access.Ref, e access.EntitlementID, r access.ResourceID, q Question) bool {
	for _, g := range w.grants {
		if g.Entitlement != e || g.Resource != r || !wanted(q, g.Mode) || !w.there(g.Holder) {
			continue
		}
		if g.Holder == holder {
			return true
		}
		if g.Holder.Kind == access.KindAccount {
			a := w.accounts[access.AccountID(g.Holder.Key)]
			if a.Status == access.Enabled && slices.ContainsFunc(a.Identities, func(i access.IdentityID) bool { return i.Ref() == holder }) {
				return true
			}
		}
	}
	return false
}

func (w *world) reaches(holder, target access.Ref, q Question) bool {
	hits := w.hits(target)
	for s, by := range w.walks(holder, q) {
		for l := range by {
			if hits(l) && wanted(q, s.mode) {
				return true
			}
		}
	}
	return false
}

func (w *world) whoCan(target access.Ref, q Question) (identities []access.IdentityID, orphans []access.AccountID) {
	for _, id := range slices.Sorted(maps.Keys(w.identities)) {
		if w.reaches(id.Ref(), target, q) {
			identities = append(identities, id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.accounts)) {
		n := w.accounts[id]
		owned := slices.ContainsFunc(n.Identities, func(i access.IdentityID) bool { return w.there(i.Ref()) })
		if !owned && n.Status == access.Enabled && w.reaches(id.Ref(), target, q) {
			orphans = append(orphans, id)
		}
	}
	return identities, orphans
}

// why counts the walks of each length until some reach the target.
func (w *world) why(holder, target access.Ref, q Question) (length int, count *big.Int) {
	count = new(big.Int)
	if !w.there(holder) {
		return 0, count
	}
	links, hits := w.links(q.Escalation), w.hits(target)
	type where struct {
		node node
		mode access.Mode
	}
	now := map[where]*big.Int{{node: plain(holder)}: big.NewInt(1)}
	for length = 1; length < 200; length++ {
		next := map[where]*big.Int{}
		for at, n := range now {
			for _, l := range links {
				if l.from != at.node {
					continue
				}
				to := where{l.to, weakest(at.mode, l.mode)}
				if hits(l) && wanted(q, to.mode) {
					count.Add(count, n)
				}
				if next[to] == nil {
					next[to] = new(big.Int)
				}
				next[to].Add(next[to], n)
			}
		}
		if count.Sign() > 0 {
			return length, count
		}
		now = next
		if len(now) == 0 {
			break
		}
	}
	return 0, count
}

// distances returns how far each entitlement is from the nearest seed.
func (w *world) distances(seeds []access.EntitlementID, escalation bool) map[access.EntitlementID]int {
	links := w.links(escalation)
	far := map[node]int{}
	for _, id := range seeds {
		if w.there(id.Ref()) {
			far[plain(id.Ref())] = 0
		}
	}
	for d := 1; ; d++ {
		grown := false
		for _, l := range links {
			if to, ok := far[l.to]; ok && to == d-1 {
				if _, known := far[l.from]; !known {
					far[l.from] = d
					grown = true
				}
			}
		}
		if !grown {
			break
		}
	}
	found := map[access.EntitlementID]int{}
	for n, d := range far {
		if n.ref.Kind == access.KindEntitlement {
			found[access.EntitlementID(n.ref.Key)] = d
		}
	}
	return found
}

// cycles finds entitlements and roles that reach themselves, grouped by mutual
// reach; accounts that open each other are no cycle of what is held.
func (w *world) cycles() [][]access.Ref {
	links := w.links(false)
	reach := map[access.Ref]map[access.Ref]bool{}
	for _, ref := range w.objects() {
		reach[ref] = map[access.Ref]bool{}
		todo := []access.Ref{ref}
		for len(todo) > 0 {
			at := todo[0]
			todo = todo[1:]
			for _, l := range links {
				if l.from.ref == at && l.to.ref.Kind == at.Kind && !reach[ref][l.to.ref] {
					reach[ref][l.to.ref] = true
					todo = append(todo, l.to.ref)
				}
			}
		}
	}
	var groups [][]access.Ref
	for _, ref := range w.objects() {
		if ref.Kind == access.KindAccount || !reach[ref][ref] || slices.ContainsFunc(groups, func(g []access.Ref) bool { return slices.Contains(g, ref) }) {
			continue
		}
		var group []access.Ref
		for _, other := range w.objects() {
			if reach[ref][other] && reach[other][ref] {
				group = append(group, other)
			}
		}
		groups = append(groups, group)
	}
	return groups
}
