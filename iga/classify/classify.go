package classify

import (
	"fmt"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
)

// RulesVersion names the shipped rules; it is kept with every classification.
const RulesVersion = "v1.1"

// Reason says why an entitlement has a tier: the rule, the tier that it calls for,
// in words, and for an inherited tier the way to what it is inherited from.
type Reason struct {
	Rule string       `json:"rule"`
	Tier access.Tier  `json:"tier"`
	Text string       `json:"text"`
	Path []graph.Step `json:"path,omitempty"`
	From access.Ref   `json:"from,omitzero"`
}

// Classification is one entitlement's. Reasons has a person's override first, then
// what it leads to, and last what its own capabilities call for.
type Classification struct {
	Entitlement access.EntitlementID
	Tier, Own   access.Tier
	Facts       access.Tier // the own tier that the facts alone give
	Overridden  bool        // Own is a person's decision
	Reasons     []Reason
}

// Disciplines says which of the two jobs an entitlement of a tier needs.
func Disciplines(t access.Tier) string {
	if t.Privileged() {
		return "governance and privilege"
	}
	return "governance"
}

// setting is what the rules look at beside the right itself.
type setting struct {
	right      access.Right
	whole      bool // the right is on a whole system
	production bool
	control    bool // the system controls others
	sensitive  bool
}

// rule gives a tier to a right in its context.
type rule struct {
	id      string
	tier    access.Tier
	text    string
	applies func(c setting) bool
}

// rules are asked in order: the first that applies gives the tier.
var rules = []rule{
	{"control-system", access.Tier0, "%s on a whole system that controls others", func(c setting) bool {
		return c.whole && c.production && c.control && c.right != access.ReadSensitive
	}},
	{"sensitive-data", access.Tier1, "%s of confidential or restricted data in production", func(c setting) bool {
		return c.right == access.ReadSensitive && c.production && c.sensitive
	}},
	{"production-system", access.Tier1, "%s on a whole production system", func(c setting) bool {
		return c.whole && c.production && c.right != access.DestroyData
	}},
	{"production-data", access.Tier2, "%s in production", func(c setting) bool {
		return c.production && c.right != access.ReadSensitive && c.right != access.Impersonate
	}},
	{"other-system", access.Tier2, "%s on a whole system that is not production", func(c setting) bool {
		return c.whole && c.right != access.ReadSensitive && c.right != access.DestroyData
	}},
}

var rightWords = map[access.Right]string{
	access.ChangeConfig: "changing the configuration", access.ReadSensitive: "reading", access.MoveLaterally: "moving on to other systems",
	access.GrantAccess: "granting access", access.BypassControls: "bypassing controls", access.Impersonate: "becoming somebody else",
	access.DestroyData: "destroying data",
}

// own classifies an entitlement by its own capabilities.
func own(v *graph.View, e graph.EntitlementNode) (access.Tier, Reason) {
	tier := access.Tier3
	reason := Reason{Rule: "ordinary", Tier: tier, Text: "none of its capabilities calls for more"}
	for _, can := range e.Capabilities {
		c, ok := settingOf(v, e, can)
		if !ok {
			continue
		}
		for _, r := range rules {
			if r.tier >= tier {
				break // nothing further down is worse
			}
			if r.applies(c) {
				tier, reason = r.tier, Reason{Rule: r.id, Tier: r.tier, Text: fmt.Sprintf(r.text, rightWords[can.Right]), From: can.On}
				break
			}
		}
	}
	return tier, reason
}

// settingOf looks up where a right is; a right on an account or an entitlement is
// escalation's to follow. A system that is not known is taken for production.
func settingOf(v *graph.View, e graph.EntitlementNode, can access.Capability) (c setting, ok bool) {
	c.right = can.Right
	system := e.System
	var class access.DataClass
	switch can.On.Kind {
	case access.KindSystem:
		c.whole, system = true, access.SystemID(can.On.Key)
	case access.KindResource:
		class = classOf(v, access.ResourceID(can.On.Key))
	default:
		return c, false
	}
	s, _ := v.System(system)
	if class == "" {
		class = s.DataClass
	}
	c.production = access.System{Environment: s.Environment}.IsProduction()
	c.control = s.Criticality == access.CriticalityControl
	c.sensitive = class.Sensitive()
	return c, true
}

const maxDepth = 32 // of resources inside each other; more is a cycle

// classOf is a resource's data class, else that of the nearest one around it.
func classOf(v *graph.View, id access.ResourceID) access.DataClass {
	for range maxDepth {
		r, ok := v.Resource(id)
		if !ok {
			return ""
		}
		if r.DataClass != "" {
			return r.DataClass
		}
		id = r.Parent
	}
	return ""
}

// All classifies every entitlement, under the overrides that are in force, in the
// order of keys.
func All(v *graph.View, overrides map[access.EntitlementID]Override) []Classification {
	var list []Classification
	index := map[access.EntitlementID]int{}
	seeds := make([][]access.EntitlementID, access.Tier3)
	for e := range v.Entitlements() {
		c := alone(v, e, overrides)
		index[e.ID] = len(list)
		list = append(list, c)
		if c.Own < access.Tier3 {
			seeds[c.Own] = append(seeds[c.Own], e.ID)
		}
	}
	ranking := v.Rank(seeds, true)
	for id, rank := range ranking.All() {
		if c := &list[index[id]]; c.Tier > access.Tier(rank) {
			c.leadsTo(access.Tier(rank), ranking.Path(id))
		}
	}
	return list
}

// alone classifies an entitlement without what it leads to.
func alone(v *graph.View, e graph.EntitlementNode, overrides map[access.EntitlementID]Override) Classification {
	tier, reason := own(v, e)
	c := Classification{Entitlement: e.ID, Tier: tier, Own: tier, Facts: tier, Reasons: []Reason{reason}}
	if o, ok := overrides[e.ID]; ok {
		c.Own, c.Overridden = o.own(tier)
		c.Tier = c.Own
		c.Reasons = []Reason{o.explain(c.Overridden), reason}
	}
	return c
}

// leadsTo gives an entitlement the tier of what a path ends at.
func (c *Classification) leadsTo(tier access.Tier, path []graph.Step) {
	r := Reason{Rule: "leads-to", Tier: tier, Text: fmt.Sprintf("leads to tier %d", tier), Path: path}
	if len(path) > 0 {
		r.From = path[len(path)-1].To
	}
	c.Tier = tier
	c.Reasons = slices.Insert(c.Reasons, len(c.Reasons)-1, r)
}
