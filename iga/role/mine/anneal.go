package mine

import (
	"context"
	"math"
	"math/rand/v2"
)

// annealing makes a cover cheaper without ever leaving anything uncovered: each move puts
// one more row or column into a role that has room for it and drops what that makes
// needless, or takes one out and mends what it bared. Moves that cost more are taken by
// chance, and more rarely as the temperature falls (Kirkpatrick et al.).
type annealing struct {
	*cover
	rng    *rand.Rand
	t      float64
	limit  float64 // what this move may cost
	count  []int32 // scratch, by role
	seen   []int32
	rowOf  [][]int32 // the columns of each row as a list
	colOf  [][]int32
	bare   []edge  // scratch
	most   int     // as many roles as there may be
	free   bool    // whether the number of roles is
	vacant []int32 // roles without anything, perhaps
}

func newAnnealing(c *cover, rng *rand.Rand) *annealing {
	a := &annealing{cover: c, rng: rng, most: c.g.maxRoles(), rowOf: make([][]int32, len(c.g.rows)), colOf: make([][]int32, len(c.g.cols))}
	for r := range c.g.rows {
		a.rowOf[r] = c.g.rows[r].list()
	}
	for p := range c.g.cols {
		a.colOf[p] = c.g.cols[p].list()
	}
	return a
}

// The temperatures are in the unit of the cost, one assignment.
const (
	hot  = 1.2
	cold = 0.12
)

// cool runs so many moves from hot to cold and returns the cheapest cover seen.
func (a *annealing) cool(ctx context.Context, moves int, from float64) (best []biclique, cost int) {
	cost, best = a.cost, nil
	step := math.Pow(cold/from, 1/float64(max(1, moves/1000)))
	a.t = from
	for i := range moves {
		if i%1000 == 999 {
			a.t *= step
			if ctx.Err() != nil {
				break
			}
		}
		a.move()
		// Copying is dear while every move is better than all before: in the cold it is
		// looked at now and then, and at the end.
		if a.cost < cost && (i%4096 == 0 || ctx.Err() != nil) {
			cost, best = a.cost, a.snapshot()
		}
	}
	if a.cost < cost {
		cost, best = a.cost, a.snapshot()
	}
	return best, cost
}

func (a *annealing) move() {
	a.journal = a.journal[:0]
	a.limit = -a.t * math.Log(1-a.rng.Float64())
	before := a.cost
	if x := a.rng.IntN(64); x >= 4 || !a.free || len(a.roles) >= a.most {
		a.change()
	} else {
		a.found(x)
	}
	if float64(a.cost-before) > a.limit {
		a.back()
	}
}

func (a *annealing) change() {
	switch x := a.rng.IntN(64); {
	case x == 0:
		a.growRows()
	case x == 1:
		a.growCols()
	case x < 30:
		a.growRow()
	case x < 56:
		a.growCol()
	case x < 60:
		a.evictRow()
	default:
		a.evictCol()
	}
}

func (a *annealing) found(x int) {
	switch x {
	case 0:
		a.foundUnion()
	case 1:
		a.foundCommon()
	case 2:
		a.foundShared()
	default:
		a.dissolve()
	}
}

// growRow puts a row into one more role.
func (a *annealing) growRow() {
	r := a.rng.IntN(len(a.g.rows))
	p := a.rowOf[r][a.rng.IntN(len(a.rowOf[r]))]
	roles := a.colRoles[p]
	j := int(roles[a.rng.IntN(len(roles))])
	if a.roles[j].rows.has(r) || !a.roles[j].cols.within(a.g.rows[r]) || !a.worthRow(j, r) {
		return
	}
	a.addRow(j, r)
	a.trimRow(j, r)
}

// worthRow says whether what a row in a role would make needless can pay for it.
func (a *annealing) worthRow(j, r int) bool {
	gain := 0
	a.seen = a.seen[:0]
	for p := range a.roles[j].cols.each {
		x := a.at(r, p)
		if x.n != 1 {
			continue
		}
		i := int(x.who) - 1
		if a.colNeeds[i][p] == 1 {
			gain += a.g.wCol[p]
		}
		gain += a.counted(i, a.rowNeeds[i][r], a.g.wRow[r])
	}
	a.uncount()
	// Roles of the row that cover nothing there alone are free already.
	return float64(a.g.wRow[r]-gain) <= a.limit
}

// counted returns the weight when this was the last of what a role is needed for.
func (a *annealing) counted(i int, needs int32, weight int) int {
	for len(a.count) <= i {
		a.count = append(a.count, 0)
	}
	if a.count[i] == 0 {
		a.seen = append(a.seen, int32(i))
	}
	if a.count[i]++; a.count[i] == needs {
		return weight
	}
	return 0
}

func (a *annealing) uncount() {
	for _, i := range a.seen {
		a.count[i] = 0
	}
}

// trimRow drops what a row's being in a role has made needless.
func (a *annealing) trimRow(j, r int) {
	for n := len(a.rowRoles[r]) - 1; n >= 0; n-- {
		if i := int(a.rowRoles[r][n]); i != j && a.freeRow(i, r) {
			a.dropRow(i, r)
		}
	}
	for p := range a.roles[j].cols.each {
		for n := len(a.colRoles[p]) - 1; n >= 0; n-- {
			if i := int(a.colRoles[p][n]); a.freeCol(i, p) {
				a.dropCol(i, p)
			}
		}
	}
}

// growCol puts a column into one more role.
func (a *annealing) growCol() {
	p := a.rng.IntN(len(a.g.cols))
	r := a.colOf[p][a.rng.IntN(len(a.colOf[p]))]
	roles := a.rowRoles[r]
	j := int(roles[a.rng.IntN(len(roles))])
	if a.roles[j].cols.has(p) || !a.roles[j].rows.within(a.g.cols[p]) || !a.worthCol(j, p) {
		return
	}
	a.addCol(j, p)
	a.trimCol(j, p)
}

func (a *annealing) worthCol(j, p int) bool {
	gain := 0
	a.seen = a.seen[:0]
	for r := range a.roles[j].rows.each {
		x := a.at(r, p)
		if x.n != 1 {
			continue
		}
		i := int(x.who) - 1
		if a.rowNeeds[i][r] == 1 {
			gain += a.g.wRow[r]
		}
		gain += a.counted(i, a.colNeeds[i][p], a.g.wCol[p])
	}
	a.uncount()
	return float64(a.g.wCol[p]-gain) <= a.limit
}

func (a *annealing) trimCol(j, p int) {
	for n := len(a.colRoles[p]) - 1; n >= 0; n-- {
		if i := int(a.colRoles[p][n]); i != j && a.freeCol(i, p) {
			a.dropCol(i, p)
		}
	}
	for r := range a.roles[j].rows.each {
		for n := len(a.rowRoles[r]) - 1; n >= 0; n-- {
			if i := int(a.rowRoles[r][n]); a.freeRow(i, r) {
				a.dropRow(i, r)
			}
		}
	}
}
