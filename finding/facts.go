package finding

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// facts are what rules need beside the object that they look at, worked out once
// for a view from its entitlements: never from everybody who holds them.
type facts struct {
	ledger
	own   map[access.EntitlementID]access.Tier // by an entitlement's own capabilities
	drift map[access.IdentityID][]Drift
	Outside

	systems   map[access.SystemID]systemTotals
	public    map[access.EntitlementID]bool        // what every account of a system has
	hands     map[access.EntitlementID]access.Tier // the tier of what holders may give to anybody
	conflicts *Conflicts
	targets   []target // what is privileged by itself
	ways      ways

	// Accounts that a rule about reach can find anything of.
	standing, nesting, escalation *roaring.Bitmap
	toxic                         *roaring.Bitmap // identities who may hold conflicts; nil is any

	leads  *roaring.Bitmap // entitlements that lead, by escalation too, to what those rules look for
	agents *roaring.Bitmap // entitlements that lead to what is privileged in the end
}

// systemTotals add up a system's entitlements.
type systemTotals struct {
	entitlements, grants, open int
	owned                      bool // one of them has an owner, there or not
	worst                      access.Tier
}

// factsOf works out the facts of a view. What leads where is taken over from before
// where nothing that matters to it changed.
func factsOf(v *graph.View, l ledger, own map[access.EntitlementID]access.Tier) *facts {
	f := &facts{ledger: l, own: own, conflicts: &Conflicts{}, systems: map[access.SystemID]systemTotals{}, public: map[access.EntitlementID]bool{}, hands: map[access.EntitlementID]access.Tier{}}
	var inTheEnd []access.EntitlementID
	for e := range v.Entitlements() {
		f.total(e)
		f.conflicts.add(e)
		f.gives(v, e)
		if t := l.of(e.ID); t.implicit > 0 {
			f.public[e.ID] = true
			for _, h := range v.Effective(e.ID.Ref(), standingOnly) {
				f.public[h.Entitlement] = true
			}
		}
		if tier := f.ownTier(e); tier.Privileged() {
			f.targets = append(f.targets, targetOf(e, tier))
		}
		if effective(e).Privileged() {
			inTheEnd = append(inTheEnd, e.ID)
		}
	}
	f.agents = v.Leading(inTheEnd, false)
	f.reach(v)
	return f
}

// reach finds who may be found by rules about reach.
func (f *facts) reach(v *graph.View) {
	var all []access.EntitlementID
	var standing, targets []access.Ref
	for _, t := range f.targets {
		targets, all = append(targets, t.id.Ref()), append(all, t.id)
	}
	for e := range v.Entitlements() {
		if f.standingTier(e).Privileged() {
			standing, all = append(standing, e.ID.Ref()), append(all, e.ID)
		}
	}
	f.leads = v.Leading(all, true)
	f.standing = v.Members(standing, standingOnly).Accounts
	f.nesting = v.Members(targets, standingOnly).Accounts
	f.escalation = v.Members(targets, graph.Question{Escalation: true}).Accounts
}

func (f *facts) total(e graph.EntitlementNode) {
	n, had := f.systems[e.System]
	t := f.of(e.ID)
	n.entitlements++
	n.grants += t.grants
	n.open += t.open
	n.owned = n.owned || e.Owner != 0
	if tier := effective(e); !had || tier < n.worst {
		n.worst = tier
	}
	f.systems[e.System] = n
}

// gives finds what an entitlement's holders may give to anybody.
func (f *facts) gives(v *graph.View, e graph.EntitlementNode) {
	for _, can := range e.Capabilities {
		if can.Right != access.GrantAccess || can.On.Kind != access.KindEntitlement {
			continue
		}
		given, ok := v.Entitlement(access.EntitlementID(can.On.Key))
		if t, had := f.hands[e.ID]; ok && (!had || effective(given) < t) {
			f.hands[e.ID] = effective(given)
		}
	}
}

func (f *facts) ownTier(e graph.EntitlementNode) access.Tier {
	if t, ok := f.own[e.ID]; ok {
		return t
	}
	return access.Tier3
}

// standingTier is what it means to have an entitlement all the time.
func (f *facts) standingTier(e graph.EntitlementNode) access.Tier {
	if f.public[e.ID] {
		return access.Tier3
	}
	if t, ok := f.hands[e.ID]; ok {
		return min(t, f.ownTier(e))
	}
	return f.ownTier(e)
}
