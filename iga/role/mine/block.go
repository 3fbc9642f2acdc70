package mine

// growRows puts every row of one role into another that has room for it. A role that holds
// another one's permissions beside its own is split so, in one move: row by row, nothing
// would be gained before the last.
func (a *annealing) growRows() {
	i, j := a.pair()
	if i == j {
		return
	}
	mark := len(a.journal)
	for r := range a.roles[j].rows.each {
		if !a.roles[i].rows.has(r) && a.roles[i].cols.within(a.g.rows[r]) {
			a.addRow(i, r)
		}
	}
	if len(a.journal) == mark {
		return
	}
	for p := range a.roles[i].cols.each {
		a.trimColAt(i, p)
	}
	end := len(a.journal)
	for _, s := range a.journal[mark:end] {
		if !s.col && s.in {
			a.trimRowAt(i, int(s.at))
		}
	}
	for _, s := range a.journal[mark:end] {
		if !s.col && s.in && a.freeRow(i, int(s.at)) {
			a.dropRow(i, int(s.at))
		}
	}
}

// growCols puts every column of one role into another that has room for it.
func (a *annealing) growCols() {
	i, j := a.pair()
	if i == j {
		return
	}
	mark := len(a.journal)
	for p := range a.roles[j].cols.each {
		if !a.roles[i].cols.has(p) && a.roles[i].rows.within(a.g.cols[p]) {
			a.addCol(i, p)
		}
	}
	if len(a.journal) == mark {
		return
	}
	for r := range a.roles[i].rows.each {
		a.trimRowAt(i, r)
	}
	end := len(a.journal)
	for _, s := range a.journal[mark:end] {
		if s.col && s.in {
			a.trimColAt(i, int(s.at))
		}
	}
	for _, s := range a.journal[mark:end] {
		if s.col && s.in && a.freeCol(i, int(s.at)) {
			a.dropCol(i, int(s.at))
		}
	}
}

// pair chooses two roles that have something to do with each other.
func (a *annealing) pair() (i, j int) {
	r := a.rng.IntN(len(a.g.rows))
	p := a.rowOf[r][a.rng.IntN(len(a.rowOf[r]))]
	of := a.rowRoles[r]
	i = int(of[a.rng.IntN(len(of))])
	with := a.colRoles[p]
	j = int(with[a.rng.IntN(len(with))])
	if a.rng.IntN(2) == 0 {
		i, j = j, i
	}
	return i, j
}

// trimRowAt drops a row from the roles but one in which it is needless.
func (a *annealing) trimRowAt(but, r int) {
	for n := len(a.rowRoles[r]) - 1; n >= 0; n-- {
		if i := int(a.rowRoles[r][n]); i != but && a.freeRow(i, r) {
			a.dropRow(i, r)
		}
	}
}

// trimColAt drops a column from the roles but one in which it is needless.
func (a *annealing) trimColAt(but, p int) {
	for n := len(a.colRoles[p]) - 1; n >= 0; n-- {
		if i := int(a.colRoles[p][n]); i != but && a.freeCol(i, p) {
			a.dropCol(i, p)
		}
	}
}
