package role

import (
	"cmp"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/iga/role/mine"
)

// FoundRule says whom a candidate is for, by what is known of people.
type FoundRule struct {
	Text       string           `json:"text"`
	Conditions []FoundCondition `json:"conditions" doc:"All of them must hold"`
	Covers     int              `json:"covers" doc:"People for whom they do"`
	Precision  float64          `json:"precision" doc:"Share of those who are members"`
	Recall     float64          `json:"recall" doc:"Share of the members who are among them"`
	Explains   bool             `json:"explains" doc:"Both are high enough to give the role by the rule"`
}

// FoundCondition is one attribute with one value.
type FoundCondition struct {
	Attribute string `json:"attribute"`
	Value     string `json:"value"`
}

// FoundTrait is what many members of a candidate have in common.
type FoundTrait struct {
	FoundCondition
	Members   int `json:"members" doc:"Who have it, of the members"`
	Everybody int `json:"everybody" doc:"Who have it, of all who were mined"`
}

// FoundLine is a candidate without who is in it.
type FoundLine struct {
	Place       int // in its run
	ID          string
	Name        string // proposed
	Users       int
	Permissions int
	Support     int
	Fit         float64
	Redundant   int
	Alone       int
	Outliers    int
	Rule        *FoundRule
	Role        access.RoleID // whose draft it became
}

// FoundNear is somebody who holds nearly all of a candidate.
type FoundNear struct {
	Identity access.IdentityID      `json:"identity"`
	Missing  []access.EntitlementID `json:"missing"`
}

// Found is a candidate, by ids alone.
type Found struct {
	FoundLine
	Members      []access.IdentityID
	Entitlements []access.EntitlementID
	Near         []FoundNear         // no members, and hold nearly all of it
	Lacking      []access.IdentityID // the rule covers them, and they are no members
	Beyond       []access.IdentityID // members whom the rule does not cover, where it explains
	Traits       []FoundTrait        // what members have in common, the most telling first
}

// few are the first entitlements of a candidate.
func (f *Found) few() []access.EntitlementID {
	return f.Entitlements[:min(len(f.Entitlements), firstFew)]
}

const (
	maxBeyond = 50 // members beyond the rule who are named
	maxTraits = 6
)

// Found are the candidates of a result, those that make most redundant first.
func (g *Ground) Found(r *mine.Result) []Found {
	order := make([]int, len(r.Roles))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.Roles[b].Covers, r.Roles[a].Covers) })
	order = order[:min(len(order), MaxFound)]
	everybody := map[FoundCondition]int{}
	for _, values := range g.told {
		for attribute, value := range values {
			everybody[FoundCondition{attribute, value}]++
		}
	}
	list := make([]Found, len(order))
	for place, i := range order {
		list[place] = g.found(place, r.Roles[i], everybody)
	}
	return list
}

func (g *Ground) found(place int, x mine.Role, everybody map[FoundCondition]int) Found {
	f := Found{Members: named(g.Users, x.Members), Entitlements: named(g.Permissions, x.Permissions), Lacking: named(g.Users, x.Lacking)}
	f.FoundLine = FoundLine{
		Place: place, ID: CandidateID(f.Entitlements), Name: x.Name, Users: len(x.Members), Permissions: len(x.Permissions),
		Support: x.Support, Fit: x.Fit, Redundant: x.Covers, Alone: x.Alone, Rule: foundRule(x.Rule),
	}
	for _, n := range x.Nearly {
		f.Near = append(f.Near, FoundNear{g.Users[n.User], named(g.Permissions, n.Missing)})
	}
	if x.Rule.Explains() {
		for _, u := range x.Members {
			if len(f.Beyond) < maxBeyond && !g.meets(u, x.Rule.Conditions) {
				f.Beyond = append(f.Beyond, g.Users[u])
			}
		}
	}
	f.Outliers = len(f.Near) + len(f.Lacking) + len(f.Beyond)
	f.Traits = g.traits(x.Members, everybody)
	return f
}

func foundRule(r *mine.Rule) *FoundRule {
	if r == nil {
		return nil
	}
	f := &FoundRule{Text: r.String(), Covers: r.Covers, Precision: r.Precision, Recall: r.Recall, Explains: r.Explains()}
	for _, c := range r.Conditions {
		f.Conditions = append(f.Conditions, FoundCondition{c.Attribute, c.Value})
	}
	return f
}

func named[T any](names []T, numbers []int32) []T {
	list := make([]T, len(numbers))
	for i, n := range numbers {
		list[i] = names[n]
	}
	return list
}

// meets reports whether conditions hold of a user.
func (g *Ground) meets(user int32, conditions []mine.Condition) bool {
	for _, c := range conditions {
		if g.told[user][c.Attribute] != c.Value {
			return false
		}
	}
	return true
}

// traits are what at least half of the members have in common, and more of them than of
// everybody.
func (g *Ground) traits(members []int32, everybody map[FoundCondition]int) []FoundTrait {
	have := map[FoundCondition]int{}
	for _, u := range members {
		for attribute, value := range g.told[u] {
			have[FoundCondition{attribute, value}]++
		}
	}
	share := func(t FoundTrait) float64 {
		return float64(t.Members)/float64(len(members)) - float64(t.Everybody)/float64(len(g.told))
	}
	var list []FoundTrait
	for c, n := range have {
		if t := (FoundTrait{c, n, everybody[c]}); 2*n >= len(members) && share(t) > 0 {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b FoundTrait) int {
		return cmp.Or(cmp.Compare(share(b), share(a)), cmp.Compare(a.Attribute, b.Attribute), cmp.Compare(a.Value, b.Value))
	})
	return list[:min(len(list), maxTraits)]
}
