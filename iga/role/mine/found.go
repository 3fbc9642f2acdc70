package mine

// Moves that make and dissolve roles, for where their number is free.

// foundUnion makes a role of what two roles give together, for those who have both.
func (a *annealing) foundUnion() {
	i, j := a.pair()
	if i == j {
		return
	}
	n := a.empty()
	for r := range a.roles[i].rows.each {
		if a.roles[j].rows.has(r) {
			a.addRow(n, r)
		}
	}
	if a.size[n].rows < 2 {
		a.back()
		return
	}
	for _, k := range [2]int{i, j} {
		for p := range a.roles[k].cols.each {
			if !a.roles[n].cols.has(p) {
				a.addCol(n, p)
			}
		}
	}
	a.settle(n)
}

// foundCommon makes a role of what two roles have in common, for those who have either.
func (a *annealing) foundCommon() {
	i, j := a.pair()
	if i == j {
		return
	}
	n := a.empty()
	for p := range a.roles[i].cols.each {
		if a.roles[j].cols.has(p) {
			a.addCol(n, p)
		}
	}
	if a.size[n].cols < 1 {
		a.back()
		return
	}
	for _, k := range [2]int{i, j} {
		for r := range a.roles[k].rows.each {
			if !a.roles[n].rows.has(r) {
				a.addRow(n, r)
			}
		}
	}
	a.settle(n)
}

// foundShared makes a role of what two rows share, for all who have it.
func (a *annealing) foundShared() {
	r := a.rng.IntN(len(a.g.rows))
	p := a.rowOf[r][a.rng.IntN(len(a.rowOf[r]))]
	s := int(a.colOf[p][a.rng.IntN(len(a.colOf[p]))])
	if r == s {
		return
	}
	n := a.empty()
	for p := range a.g.rows[r].each {
		if a.g.rows[s].has(p) {
			a.addCol(n, p)
		}
	}
	for _, s := range a.colOf[p] {
		if a.roles[n].cols.within(a.g.rows[s]) {
			a.addRow(n, int(s))
		}
	}
	a.settle(n)
}

// settle drops what a new role makes needless, and of itself what is needless then.
func (a *annealing) settle(n int) {
	for p := range a.roles[n].cols.each {
		a.trimColAt(n, p)
	}
	for r := range a.roles[n].rows.each {
		a.trimRowAt(n, r)
	}
	for r := range a.roles[n].rows.each {
		if a.freeRow(n, r) {
			a.dropRow(n, r)
		}
	}
	for p := range a.roles[n].cols.each {
		if a.freeCol(n, p) {
			a.dropCol(n, p)
		}
	}
}

// maxDissolved is how many cells a role may cover alone that is dissolved.
const maxDissolved = 60

// dissolve takes a role away and covers what that bares by the others.
func (a *annealing) dissolve() {
	r := a.rng.IntN(len(a.g.rows))
	of := a.rowRoles[r]
	i := int(of[a.rng.IntN(len(of))])
	bare := 0
	for r := range a.roles[i].rows.each {
		if bare += int(a.rowNeeds[i][r]); bare > maxDissolved {
			return
		}
	}
	a.bare = a.bare[:0]
	before := a.cost
	for r := range a.roles[i].rows.each {
		for p := range a.roles[i].cols.each {
			if a.at(r, p).n == 1 {
				a.bare = append(a.bare, edge{int32(r), int32(p)})
			}
		}
		a.dropRow(i, r)
	}
	for p := range a.roles[i].cols.each {
		a.dropCol(i, p)
	}
	a.mend(i, before)
}

// empty is a role without anything, made where there is none.
func (a *annealing) empty() int {
	for len(a.vacant) > 0 {
		n := a.vacant[len(a.vacant)-1]
		a.vacant = a.vacant[:len(a.vacant)-1]
		if a.size[n] == (extent{}) {
			return int(n)
		}
	}
	for i := range a.size {
		if a.size[i] == (extent{}) {
			a.vacant = append(a.vacant, int32(i))
		}
	}
	if len(a.vacant) == 0 {
		return a.blank()
	}
	return a.empty()
}
