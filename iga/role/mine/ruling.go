package mine

import (
	"cmp"
	"slices"
	"strings"
)

const (
	maxConditions = 3  // of a rule
	rulesAhead    = 12 // of which longer ones are made
	maxChoice     = 60 // conditions that longer rules are made of, best and widest ones each
)

// explaining has of each condition who fulfils it, and looks for rules.
type explaining struct {
	conditions []Condition
	who        []set
	covers     []int
	of         [][]int32 // the conditions of each user
	members    set       // of the role at hand
	could      set       // who holds all of it, members and others
	hits       []int     // scratch, by condition
}

func newExplaining(a *Attributes, m Matrix) *explaining {
	order := make([]int, len(a.conditions))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return compareConditions(a.conditions[x], a.conditions[y]) })
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
	e := &explaining{members: newSet(len(m.Users)), could: newSet(len(m.Users)), of: make([][]int32, len(m.Users))}
	place := make([]int, len(order))
	for i, old := range order {
		// What is true of one person only explains nobody else.
		if place[i] = -1; count[i] > 1 {
			place[i] = len(e.conditions)
			e.conditions = append(e.conditions, a.conditions[old])
			e.who = append(e.who, newSet(len(m.Users)))
			e.covers = append(e.covers, count[i])
		}
	}
	for u, name := range m.Users {
		for _, c := range a.has[name] {
			if i := place[at[c]]; i >= 0 {
				e.who[i].add(u)
				e.of[u] = append(e.of[u], int32(i))
			}
		}
	}
	e.hits = make([]int, len(e.conditions))
	return e
}

func compareConditions(a, b Condition) int {
	return cmp.Or(cmp.Compare(a.Attribute, b.Attribute), cmp.Compare(a.Value, b.Value))
}

// ruling is a rule while it is made longer.
type ruling struct {
	Rule
	who  set
	hits int // members among them
	last int // place of the last condition
}

// rules yields the rules of one, two, three conditions that are worth looking at for the
// members at hand, the best of each length first.
func (e *explaining) rules(members []int32, yield func(ruling)) {
	choice := e.choice(members)
	ahead := []ruling{{last: -1}}
	for range maxConditions {
		var next []ruling
		for _, from := range ahead {
			for i := from.last + 1; i < len(choice); i++ {
				if y, ok := e.longer(from, i, choice[i], len(members)); ok {
					next = append(next, y)
				}
			}
		}
		slices.SortFunc(next, func(a, b ruling) int { return byValue(a.Rule, b.Rule) })
		for _, x := range next {
			yield(x)
		}
		// What covers most members is worth narrowing, too.
		wide := slices.Clone(next)
		slices.SortStableFunc(wide, func(a, b ruling) int { return cmp.Compare(b.Recall, a.Recall) })
		ahead = append(slices.Clone(next[:min(len(next), rulesAhead)]), wide[:min(len(wide), rulesAhead)]...)
	}
}

// choice lists the conditions that say something of the members: of many, those that do so
// best and those that most members fulfil.
func (e *explaining) choice(members []int32) []int32 {
	clear(e.hits)
	for _, u := range members {
		for _, c := range e.of[u] {
			e.hits[c]++
		}
	}
	var list []int32
	for c, n := range e.hits {
		if n > 1 || n == 1 && len(members) == 1 {
			list = append(list, int32(c))
		}
	}
	if len(list) <= 2*maxChoice {
		return list
	}
	value := func(c int32) float64 {
		return Rule{Precision: ratio(e.hits[c], e.covers[c]), Recall: ratio(e.hits[c], len(members))}.value()
	}
	slices.SortStableFunc(list, func(a, b int32) int { return cmp.Compare(value(b), value(a)) })
	rest := list[maxChoice:]
	slices.SortStableFunc(rest, func(a, b int32) int { return cmp.Compare(e.hits[b], e.hits[a]) })
	list = list[:2*maxChoice]
	slices.Sort(list)
	return list
}

// longer adds a condition, where that still covers two members at least.
func (e *explaining) longer(from ruling, at int, c int32, members int) (ruling, bool) {
	y := ruling{last: at, who: e.who[c]}
	if from.who != nil {
		y.who = append(set(nil), from.who...)
		y.who.and(e.who[c])
	}
	y.hits = y.who.countAnd(e.members)
	if y.hits == 0 || (y.hits == 1 && members > 1) {
		return y, false
	}
	y.Conditions = append(slices.Clone(from.Conditions), e.conditions[c])
	y.Covers = y.who.count()
	y.Precision, y.Recall = ratio(y.hits, y.Covers), ratio(y.hits, members)
	return y, true
}

func (r ruling) name() string {
	values := make([]string, len(r.Conditions))
	for i, c := range r.Conditions {
		values[i] = c.Value
	}
	return strings.Join(values, ", ")
}
