package mine

// freeRow and freeCol say whether a role's row or column covers nothing alone.
func (c *cover) freeRow(i, r int) bool { return c.rowNeeds[i][r] == 0 }

func (c *cover) freeCol(i, p int) bool { return c.colNeeds[i][p] == 0 }

// trim drops what covers nothing alone, until nothing does.
func (c *cover) trim() {
	for again := true; again; {
		again = false
		for i := range c.roles {
			for p := range c.roles[i].cols.each {
				if c.freeCol(i, p) {
					c.dropCol(i, p)
					again = true
				}
			}
			for r := range c.roles[i].rows.each {
				if c.freeRow(i, r) {
					c.dropRow(i, r)
					again = true
				}
			}
		}
	}
	c.journal = c.journal[:0]
}
