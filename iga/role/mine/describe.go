package mine

import (
	"cmp"
	"slices"
)

const (
	nearShare = 0.8 // of a role that somebody holds nearly all of
	maxNear   = 50  // of them that a candidate names
)

// describe says of each role who holds it, who nearly does, and what it replaces.
func (w *work) describe(r *Result) {
	holders := w.m.holders()
	held := make([]int32, len(w.m.Users))
	member := make([]bool, len(w.m.Users))
	for i := range r.Roles {
		x := &r.Roles[i]
		clear(held)
		for _, p := range x.Permissions {
			for _, u := range holders[p] {
				held[u]++
			}
		}
		clear(member)
		x.Covers = 0
		for _, u := range x.Members {
			member[u] = true
			x.Covers += int(held[u])
		}
		x.Fit = ratio(x.Covers, len(x.Members)*len(x.Permissions))
		w.near(x, held, member)
	}
	w.alone(r)
	r.Hierarchy = hierarchy(r.Roles, len(w.m.Permissions))
	w.o.Attributes.explain(w.m, r)
	for i := range r.Roles {
		if r.Roles[i].Name == "" {
			r.Roles[i].Name = w.m.nameOf(r.Roles[i].Permissions)
		}
	}
}

// ratio is 1 where there is nothing to miss.
func ratio(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

func (m Matrix) holders() [][]int32 {
	list := make([][]int32, len(m.Permissions))
	for u, row := range m.rows {
		for _, p := range row {
			list[p] = append(list[p], int32(u))
		}
	}
	return list
}

// near counts who holds all, and names who holds nearly all.
func (w *work) near(x *Role, held []int32, member []bool) {
	n := len(x.Permissions)
	x.Support = 0
	x.Nearly = nil
	for u, h := range held {
		switch {
		case int(h) == n:
			x.Support++
		case !member[u] && h > 1 && float64(h) >= nearShare*float64(n):
			x.Nearly = append(x.Nearly, Near{User: int32(u)})
		}
	}
	slices.SortStableFunc(x.Nearly, func(a, b Near) int { return cmp.Compare(held[b.User], held[a.User]) })
	x.Nearly = x.Nearly[:min(len(x.Nearly), maxNear)]
	for i := range x.Nearly {
		y := &x.Nearly[i]
		for _, p := range x.Permissions {
			if !w.m.Has(y.User, p) {
				y.Missing = append(y.Missing, p)
			}
		}
	}
}

// alone counts the assignments that one role makes redundant and no other, and what the
// roles get wrong.
func (w *work) alone(r *Result) {
	of := make([][]int32, len(w.m.Users))
	for i, x := range r.Roles {
		r.Roles[i].Alone = 0
		for _, u := range x.Members {
			of[u] = append(of[u], int32(i))
		}
	}
	r.Missing, r.Extra = 0, 0
	times := make([]int32, len(w.m.Permissions))
	for u, roles := range of {
		for _, i := range roles {
			for _, p := range r.Roles[i].Permissions {
				if times[p]++; times[p] == 1 {
					r.Extra++
				}
			}
		}
		for _, p := range w.m.rows[u] {
			if times[p] == 0 {
				r.Missing++
			} else {
				r.Extra--
				times[p] = -times[p] // it is an assignment of the input
			}
		}
		for _, i := range roles {
			for _, p := range r.Roles[i].Permissions {
				if times[p] == -1 {
					r.Roles[i].Alone++
				}
			}
		}
		for _, i := range roles {
			for _, p := range r.Roles[i].Permissions {
				times[p] = 0
			}
		}
	}
}

// hierarchy lists which role contains which other, without what follows from the rest.
func hierarchy(roles []Role, permissions int) [][2]int {
	sets := newSets(len(roles), permissions)
	order := make([]int, len(roles))
	for i, r := range roles {
		order[i] = i
		for _, p := range r.Permissions {
			sets[i].add(int(p))
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(roles[b].Permissions), len(roles[a].Permissions)) })
	var edges [][2]int
	for at, senior := range order {
		first := len(edges)
		for _, junior := range order[at+1:] {
			if len(roles[junior].Permissions) == len(roles[senior].Permissions) || !sets[junior].within(sets[senior]) {
				continue
			}
			if !slices.ContainsFunc(edges[first:], func(e [2]int) bool { return sets[junior].within(sets[e[1]]) }) {
				edges = append(edges, [2]int{senior, junior})
			}
		}
	}
	slices.SortFunc(edges, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return edges
}
