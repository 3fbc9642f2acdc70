package mine

// pieces are what of a grid no role connects, each a grid of its own.
type pieces struct {
	list         []*piece
	rowOf, colOf []int32 // the piece that each row and column of the whole is in; -1 none
	rowAt, colAt []int32 // its number there
}

type piece struct {
	g          *grid
	rows, cols []int32 // what its own are called in the whole
}

// pieces splits a grid where nothing connects it, in the order of the first rows.
func (g *grid) pieces() *pieces {
	rowOf, colOf := newAt(len(g.rows)), newAt(len(g.cols))
	n := int32(0)
	var next []int
	for first := range g.rows {
		if rowOf[first] >= 0 {
			continue
		}
		rowOf[first] = n
		for next = append(next[:0], first); len(next) > 0; {
			r := next[len(next)-1]
			next = next[:len(next)-1]
			for p := range g.rows[r].each {
				if colOf[p] >= 0 {
					continue
				}
				colOf[p] = n
				for x := range g.cols[p].each {
					if rowOf[x] < 0 {
						rowOf[x] = n
						next = append(next, x)
					}
				}
			}
		}
		n++
	}
	return g.split(rowOf, colOf, int(n))
}

func newAt(n int) []int32 {
	at := make([]int32, n)
	for i := range at {
		at[i] = -1
	}
	return at
}

// split makes a grid of each piece's rows and columns.
func (g *grid) split(rowOf, colOf []int32, n int) *pieces {
	ps := &pieces{list: make([]*piece, n), rowOf: rowOf, colOf: colOf, rowAt: newAt(len(rowOf)), colAt: newAt(len(colOf))}
	for i := range ps.list {
		ps.list[i] = &piece{g: &grid{}}
	}
	for c, of := range colOf {
		if of >= 0 {
			p := ps.list[of]
			ps.colAt[c] = int32(len(p.cols))
			p.cols = append(p.cols, int32(c))
			p.g.wCol, p.g.perms = append(p.g.wCol, g.wCol[c]), append(p.g.perms, g.perms[c])
		}
	}
	for r, of := range rowOf {
		if of >= 0 {
			p := ps.list[of]
			ps.rowAt[r] = int32(len(p.rows))
			p.rows = append(p.rows, int32(r))
			p.g.wRow, p.g.users = append(p.g.wRow, g.wRow[r]), append(p.g.users, g.users[r])
		}
	}
	for _, p := range ps.list {
		p.g.rows, p.g.cols = newSets(len(p.rows), len(p.cols)), newSets(len(p.cols), len(p.rows))
		for r, old := range p.rows {
			for c := range g.rows[old].each {
				c := int(ps.colAt[c])
				p.g.rows[r].add(c)
				p.g.cols[c].add(r)
				p.g.edges++
			}
		}
	}
	return ps
}

// roles sorts roles by the pieces that they are in, in the pieces' numbers.
func (ps *pieces) roles(roles []biclique) [][]biclique {
	of := make([][]biclique, len(ps.list))
	for _, b := range roles {
		n := int32(-1)
		for r := range b.rows.each {
			n = ps.rowOf[r]
			break
		}
		if n < 0 {
			continue
		}
		x := biclique{newSet(len(ps.list[n].rows)), newSet(len(ps.list[n].cols))}
		for r := range b.rows.each {
			x.rows.add(int(ps.rowAt[r]))
		}
		for c := range b.cols.each {
			x.cols.add(int(ps.colAt[c]))
		}
		of[n] = append(of[n], x)
	}
	return of
}

// edges sorts edges so.
func (ps *pieces) edges(list []edge) [][]edge {
	of := make([][]edge, len(ps.list))
	for _, e := range list {
		if n := ps.rowOf[e.row]; n >= 0 {
			of[n] = append(of[n], edge{ps.rowAt[e.row], ps.colAt[e.col]})
		}
	}
	return of
}

// whole says roles of a piece in the numbers of the whole.
func (ps *pieces) whole(n int, roles []biclique) []biclique {
	list := make([]biclique, len(roles))
	for i, b := range roles {
		list[i] = biclique{newSet(len(ps.rowOf)), newSet(len(ps.colOf))}
		for r := range b.rows.each {
			list[i].rows.add(int(ps.list[n].rows[r]))
		}
		for c := range b.cols.each {
			list[i].cols.add(int(ps.list[n].cols[c]))
		}
	}
	return list
}
