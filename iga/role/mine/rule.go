package mine

import (
	"cmp"
	"slices"
	"strings"
)

const (
	maxConditions = 3  // of a rule
	rulesAhead    = 12 // of which longer ones are made
	maxLacking    = 50 // who are named of those whom a rule covers and who are no members
)

// explain finds for each role the rule that fits its members best, and names it by that.
func (a *Attributes) explain(m Matrix, r *Result) {
	if a == nil || len(a.conditions) == 0 {
		return
	}
	e := newExplaining(a, m)
	for i := range r.Roles {
		e.role(&r.Roles[i])
	}
}

// explaining has of each condition who fulfils it.
type explaining struct {
	conditions []Condition
	who        []set
	members    set
}

func newExplaining(a *Attributes, m Matrix) *explaining {
	order := make([]int, len(a.conditions))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int {
		return cmp.Or(cmp.Compare(a.conditions[x].Attribute, a.conditions[y].Attribute), cmp.Compare(a.conditions[x].Value, a.conditions[y].Value))
	})
	at := make([]int, len(order))
	for i, old := range order {
		at[old] = i
	}
	count := make([]int, len(order))
	for _, name := range m.Users {
		for _, c := range a.has[name] {
			count[at[c]]++
		}
	}
	e := &explaining{members: newSet(len(m.Users))}
	place := make([]int, len(order))
	for i, old := range order {
		// What is true of one person only explains nobody else.
		if place[i] = -1; count[i] > 1 {
			place[i] = len(e.conditions)
			e.conditions = append(e.conditions, a.conditions[old])
			e.who = append(e.who, newSet(len(m.Users)))
		}
	}
	for u, name := range m.Users {
		for _, c := range a.has[name] {
			if i := place[at[c]]; i >= 0 {
				e.who[i].add(u)
			}
		}
	}
	return e
}

// ruling is a rule while it is made longer.
type ruling struct {
	Rule
	who  set
	last int // number of the last condition
}

func (e *explaining) role(x *Role) {
	e.members.clear()
	for _, u := range x.Members {
		e.members.add(int(u))
	}
	var best *ruling
	ahead := []ruling{{last: -1}}
	for range maxConditions {
		var next []ruling
		for _, from := range ahead {
			for c := from.last + 1; c < len(e.conditions); c++ {
				if y, ok := e.longer(from, c, len(x.Members)); ok {
					next = append(next, y)
				}
			}
		}
		slices.SortFunc(next, func(a, b ruling) int { return byValue(a.Rule, b.Rule) })
		// A longer rule has to be worth its length.
		if len(next) > 0 && (best == nil || next[0].value() > best.value()+0.01) {
			best = &next[0]
		}
		// What covers most members is worth narrowing, too.
		wide := slices.Clone(next)
		slices.SortStableFunc(wide, func(a, b ruling) int { return cmp.Compare(b.Recall, a.Recall) })
		ahead = append(slices.Clone(next[:min(len(next), rulesAhead)]), wide[:min(len(wide), rulesAhead)]...)
	}
	if best == nil {
		return
	}
	x.Rule = &best.Rule
	if best.Explains() {
		x.Name = best.name()
	}
	for u := range best.who.each {
		if !e.members.has(u) && len(x.Lacking) < maxLacking && best.Precision >= explains {
			x.Lacking = append(x.Lacking, int32(u))
		}
	}
}

// longer adds a condition, where that still covers two members at least.
func (e *explaining) longer(from ruling, c, members int) (ruling, bool) {
	y := ruling{last: c, who: e.who[c]}
	if from.who != nil {
		y.who = append(set(nil), from.who...)
		y.who.and(e.who[c])
	}
	hits := y.who.countAnd(e.members)
	if hits == 0 || (hits == 1 && members > 1) {
		return y, false
	}
	y.Conditions = append(slices.Clone(from.Conditions), e.conditions[c])
	y.Covers = y.who.count()
	y.Precision, y.Recall = ratio(hits, y.Covers), ratio(hits, members)
	return y, true
}

func (r ruling) name() string {
	values := make([]string, len(r.Conditions))
	for i, c := range r.Conditions {
		values[i] = c.Value
	}
	return strings.Join(values, ", ")
}
