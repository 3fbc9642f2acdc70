package mine

// maxBare is how many cells a move may bare that it then has to mend.
const maxBare = 12

// evictRow takes a row out of a role and covers what that bares otherwise.
func (a *annealing) evictRow() {
	r := a.rng.IntN(len(a.g.rows))
	roles := a.rowRoles[r]
	i := int(roles[a.rng.IntN(len(roles))])
	if a.rowNeeds[i][r] > maxBare {
		return
	}
	a.bare = a.bare[:0]
	for p := range a.roles[i].cols.each {
		if a.at(r, p).n == 1 {
			a.bare = append(a.bare, edge{int32(r), int32(p)})
		}
	}
	before := a.cost
	a.dropRow(i, r)
	a.mend(i, before)
}

// evictCol takes a column out of a role and covers what that bares otherwise.
func (a *annealing) evictCol() {
	p := a.rng.IntN(len(a.g.cols))
	roles := a.colRoles[p]
	i := int(roles[a.rng.IntN(len(roles))])
	if a.colNeeds[i][p] > maxBare {
		return
	}
	a.bare = a.bare[:0]
	for r := range a.roles[i].rows.each {
		if a.at(r, p).n == 1 {
			a.bare = append(a.bare, edge{int32(r), int32(p)})
		}
	}
	before := a.cost
	a.dropCol(i, p)
	a.mend(i, before)
}

// mend covers bare cells one after the other in the cheapest way that leaves the role from
// which they were taken alone; where there is none, the move costs too much.
func (a *annealing) mend(from, before int) {
	a.rng.Shuffle(len(a.bare), func(i, j int) { a.bare[i], a.bare[j] = a.bare[j], a.bare[i] })
	for _, e := range a.bare {
		if a.at(int(e.row), int(e.col)).n > 0 {
			continue
		}
		if !a.coverCell(from, int(e.row), int(e.col)) || float64(a.cost-before) > a.limit+4 {
			a.back()
			return
		}
	}
	for _, s := range a.journal[1:] { // what was added may make other things needless
		if !s.in {
			continue
		}
		if s.col {
			a.trimCol(int(s.role), int(s.at))
		} else {
			a.trimRow(int(s.role), int(s.at))
		}
	}
}

// coverCell puts the row into a role that has the column, or the column into a role that
// has the row.
func (a *annealing) coverCell(from, r, p int) bool {
	best, col, ties := -1, false, 0
	least := 1 << 30
	consider := func(j, cost int, asCol bool) {
		if cost > least {
			return
		}
		if cost < least {
			least, ties = cost, 0
		}
		if ties++; ties == 1 || a.rng.IntN(ties) == 0 {
			best, col = j, asCol
		}
	}
	if w := a.g.wRow[r]; w <= a.g.wCol[p] || len(a.rowRoles[r]) == 0 {
		for _, j := range a.colRoles[p] {
			if int(j) != from && a.roles[j].cols.within(a.g.rows[r]) {
				consider(int(j), w, false)
			}
		}
	}
	if w := a.g.wCol[p]; w <= least {
		for _, j := range a.rowRoles[r] {
			if int(j) != from && a.roles[j].rows.within(a.g.cols[p]) {
				consider(int(j), w, true)
			}
		}
	}
	if best < 0 && a.g.wRow[r] > a.g.wCol[p] {
		for _, j := range a.colRoles[p] {
			if int(j) != from && a.roles[j].cols.within(a.g.rows[r]) {
				consider(int(j), a.g.wRow[r], false)
			}
		}
	}
	switch {
	case best < 0:
		return false
	case col:
		a.addCol(best, p)
	default:
		a.addRow(best, r)
	}
	return true
}
