package mine

// cover is a set of roles on the grid while it is being changed. It knows of each cell how
// many roles cover it and, where that is one, which; and of each row and column in a role
// how many cells only this role covers there. One that covers none alone can be dropped.
type cover struct {
	g        *grid
	roles    []biclique
	rowRoles []list // the roles that a row is in
	colRoles []list
	cells    []cell
	rowNeeds [][]int32 // of each role, by row: cells that no other role covers
	colNeeds [][]int32
	size     []extent
	cost     int
	each     int // what a role costs by itself
	journal  []step
}

// cell is one that is set in the grid: by how many roles it is covered, and the numbers of
// those, all exclusive-or'ed, which is the one role's where there is one.
type cell struct{ n, who uint16 }

type extent struct{ rows, cols int32 }

// step is one change, which can be taken back.
type step struct {
	role, at int32
	col, in  bool
}

// list is a short list of roles in no order.
type list []int32

func (l *list) add(x int32) { *l = append(*l, x) }

func (l *list) drop(x int32) {
	for i, y := range *l {
		if y == x {
			(*l)[i] = (*l)[len(*l)-1]
			*l = (*l)[:len(*l)-1]
			return
		}
	}
}

// maxRoles is as many as a cell can name, and no more than memory is meant for.
func (g *grid) maxRoles() int {
	return min(1<<16-2, maxCover/(5*(len(g.rows)+len(g.cols))+1))
}

// maxCover is what the roles of one cover may take in memory; its cells take up to 256 MB.
const maxCover = 200 << 20

func newCover(g *grid, roles []biclique) *cover {
	c := &cover{g: g, rowRoles: make([]list, len(g.rows)), colRoles: make([]list, len(g.cols)), cells: make([]cell, g.cells()), each: 1}
	for _, r := range roles {
		c.append(r)
	}
	return c
}

// append adds a role; its number is the last.
func (c *cover) append(b biclique) int {
	i := c.blank()
	for r := range b.rows.each {
		c.addRow(i, r)
	}
	for p := range b.cols.each {
		c.addCol(i, p)
	}
	return i
}

func (c *cover) blank() int {
	i := len(c.roles)
	c.roles = append(c.roles, biclique{newSet(len(c.g.rows)), newSet(len(c.g.cols))})
	c.rowNeeds = append(c.rowNeeds, make([]int32, len(c.g.rows)))
	c.colNeeds = append(c.colNeeds, make([]int32, len(c.g.cols)))
	c.size = append(c.size, extent{})
	return i
}

func (c *cover) at(r, p int) *cell { return &c.cells[r*len(c.g.cols)+p] }

// gain and lose count one role more and less on a cell.
func (c *cover) gain(i, r, p int) {
	x := c.at(r, p)
	switch x.n++; x.n {
	case 1:
		c.rowNeeds[i][r]++
		c.colNeeds[i][p]++
	case 2:
		one := int(x.who) - 1
		c.rowNeeds[one][r]--
		c.colNeeds[one][p]--
	}
	x.who ^= uint16(i + 1)
}

func (c *cover) lose(i, r, p int) {
	x := c.at(r, p)
	x.who ^= uint16(i + 1)
	switch x.n--; x.n {
	case 0:
		c.rowNeeds[i][r]--
		c.colNeeds[i][p]--
	case 1:
		one := int(x.who) - 1
		c.rowNeeds[one][r]++
		c.colNeeds[one][p]++
	}
}

func (c *cover) addRow(i, r int) {
	c.roles[i].rows.add(r)
	c.rowRoles[r].add(int32(i))
	c.grew(i, c.g.wRow[r], 1, 0)
	for p := range c.roles[i].cols.each {
		c.gain(i, r, p)
	}
	c.journal = append(c.journal, step{int32(i), int32(r), false, true})
}

func (c *cover) dropRow(i, r int) {
	c.roles[i].rows.drop(r)
	c.rowRoles[r].drop(int32(i))
	c.grew(i, -c.g.wRow[r], -1, 0)
	for p := range c.roles[i].cols.each {
		c.lose(i, r, p)
	}
	c.journal = append(c.journal, step{int32(i), int32(r), false, false})
}

func (c *cover) addCol(i, p int) {
	c.roles[i].cols.add(p)
	c.colRoles[p].add(int32(i))
	c.grew(i, c.g.wCol[p], 0, 1)
	for r := range c.roles[i].rows.each {
		c.gain(i, r, p)
	}
	c.journal = append(c.journal, step{int32(i), int32(p), true, true})
}

func (c *cover) dropCol(i, p int) {
	c.roles[i].cols.drop(p)
	c.colRoles[p].drop(int32(i))
	c.grew(i, -c.g.wCol[p], 0, -1)
	for r := range c.roles[i].rows.each {
		c.lose(i, r, p)
	}
	c.journal = append(c.journal, step{int32(i), int32(p), true, false})
}

// grew keeps the cost: a role costs from its first row or column on.
func (c *cover) grew(i, weight, rows, cols int) {
	was := c.size[i] != extent{}
	c.size[i].rows += int32(rows)
	c.size[i].cols += int32(cols)
	c.cost += weight
	switch is := c.size[i] != (extent{}); {
	case is && !was:
		c.cost += c.each
	case was && !is:
		c.cost -= c.each
	}
}

// back takes back all steps in the journal.
func (c *cover) back() {
	for n := len(c.journal) - 1; n >= 0; n-- {
		s := c.journal[n]
		switch {
		case s.col && s.in:
			c.dropCol(int(s.role), int(s.at))
		case s.col:
			c.addCol(int(s.role), int(s.at))
		case s.in:
			c.dropRow(int(s.role), int(s.at))
		default:
			c.addRow(int(s.role), int(s.at))
		}
	}
	c.journal = c.journal[:0]
}

// snapshot copies the roles that give anybody anything.
func (c *cover) snapshot() []biclique {
	var roles []biclique
	for i, b := range c.roles {
		if c.size[i].rows == 0 || c.size[i].cols == 0 {
			continue
		}
		roles = append(roles, biclique{append(set(nil), b.rows...), append(set(nil), b.cols...)})
	}
	return roles
}
