package mine_test

import (
	"math/bits"
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/iga/role/mine"
)

// times says how many have the same name but for a number.
type times struct{ users, permissions []int }

func drawTimes(t *rapid.T) times {
	return times{rapid.SliceOfN(rapid.IntRange(1, 5), 5, 5).Draw(t, "as many users"), rapid.SliceOfN(rapid.IntRange(1, 5), 4, 4).Draw(t, "as many permissions")}
}

// of makes as many pairs of each.
func (n times) of(d drawn) (all drawn) {
	for _, p := range d.pairs {
		for u := range n.users[p[0]] {
			for i := range n.permissions[p[1]] {
				all.pairs = append(all.pairs, [2]int{p[0]*10 + u, p[1]*10 + i})
			}
		}
	}
	return all
}

// cheapest is the least that roles cost which cover all pairs, by trying: each costs so
// much by itself, and one for each member and permission.
func (d drawn) cheapest(each int, n times) int {
	var has [8]int // permissions of each user
	for _, p := range d.pairs {
		has[p[0]] |= 1 << p[1]
	}
	type role struct{ covers, cost int }
	of := make([][]role, len(d.pairs)) // the roles that cover each pair
	for users := 1; users < 1<<5; users++ {
		common := 1<<4 - 1
		for u := range 5 {
			if users>>u&1 != 0 {
				common &= has[u]
			}
		}
		for some := common; some > 0; some = (some - 1) & common {
			r := role{cost: each}
			for u, n := range n.users {
				r.cost += n * (users >> u & 1)
			}
			for p, n := range n.permissions {
				r.cost += n * (some >> p & 1)
			}
			for i, p := range d.pairs {
				if users>>p[0]&(some>>p[1])&1 != 0 {
					r.covers |= 1 << i
				}
			}
			for i := range d.pairs {
				if r.covers>>i&1 != 0 {
					of[i] = append(of[i], r)
				}
			}
		}
	}
	least := make([]int, 1<<len(d.pairs)) // that covers these pairs at least
	for i := range least[1:] {
		least[i+1] = 1 << 30
	}
	for have := range least[:len(least)-1] {
		cost := least[have]
		for _, r := range of[bits.TrailingZeros(^uint(have))] {
			least[have|r.covers] = min(least[have|r.covers], cost+r.cost)
		}
	}
	return least[len(least)-1]
}

// Invariant 8: the cost of small ones is minimal, by as few roles as possible and by any
// number of them, and is said to be.
func TestTheCostIsMinimal(t *testing.T) {
	const many = 1000 // a role more costs more than all edges
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t, 5, 4)
		if len(d.pairs) > 13 {
			d.pairs = d.pairs[:13]
		}
		n := drawTimes(t)
		m := n.of(d).matrix(t, plain("u"), plain("p"))
		r := mined(t, m, mine.Options{})
		if got, want := many*len(r.Roles)+r.Edges(), d.cheapest(many, n); got != want || !r.CostProven {
			t.Errorf("%d roles with %d edges, proven %v; the least is %d with %d", len(r.Roles), r.Edges(), r.CostProven, want/many, want%many)
		}
		r = mined(t, m, mine.Options{Objective: mine.FewestEdges})
		if got, want := r.Complexity(), d.cheapest(1, n); got != want || !r.CostProven {
			t.Errorf("complexity %d, proven %v; the least is %d", got, r.CostProven, want)
		}
	})
}

// What shares neither users nor permissions costs together what it costs apart.
func TestPiecesCostWhatTheyCostApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := mine.Options{Objective: rapid.SampledFrom([]mine.Objective{mine.FewestRoles, mine.FewestEdges}).Draw(t, "objective")}
		var all drawn
		number, cost := 0, 0
		for i := range 3 {
			d := draw(t, 6, 5)
			r := mined(t, d.matrix(t, plain("u"), plain("p")), o)
			number += len(r.Roles)
			cost += r.Complexity()
			for _, p := range d.pairs {
				all.pairs = append(all.pairs, [2]int{p[0]*3 + i, p[1]*3 + i})
			}
		}
		r := mined(t, all.matrix(t, plain("u"), plain("p")), o)
		if r.Complexity() != cost || !r.CostProven || o.Objective == mine.FewestRoles && len(r.Roles) != number {
			t.Errorf("%d roles of %d, proven %v; apart %d of %d", len(r.Roles), r.Complexity(), r.CostProven, number, cost)
		}
	})
}
