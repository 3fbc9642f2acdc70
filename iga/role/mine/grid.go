package mine

import "encoding/binary"

// grid is the matrix as the search sees it: users who have the same are one row, and
// permissions that the same users have are one column, each with its weight. Nothing is
// lost: some best set of roles treats alike what is alike.
type grid struct {
	rows, cols   []set // a row's columns, a column's rows
	wRow, wCol   []int
	users, perms [][]int32 // what a row and a column stand for
	edges        int
}

func (g *grid) cells() int { return len(g.rows) * len(g.cols) }

// newGrid merges what is alike. Users without anything are in no row.
func newGrid(m Matrix) (*grid, error) {
	holders := make([][]int32, len(m.Permissions))
	for u, row := range m.rows {
		for _, p := range row {
			holders[p] = append(holders[p], int32(u))
		}
	}
	g := &grid{users: alike(m.rows), perms: alike(holders)}
	if len(g.users)*len(g.perms) > MaxCells {
		return nil, ErrTooLarge.With("%d different users by %d different permissions are more than %d cells: mine one system or one unit at a time", len(g.users), len(g.perms), MaxCells)
	}
	g.rows, g.cols = newSets(len(g.users), len(g.perms)), newSets(len(g.perms), len(g.users))
	column := make([]int32, len(m.Permissions))
	for c, list := range g.perms {
		for _, p := range list {
			column[p] = int32(c)
		}
		g.wCol = append(g.wCol, len(list))
	}
	for r, list := range g.users {
		g.wRow = append(g.wRow, len(list))
		for _, p := range m.rows[list[0]] {
			c := int(column[p])
			if !g.rows[r].has(c) {
				g.rows[r].add(c)
				g.cols[c].add(r)
				g.edges++
			}
		}
	}
	return g, nil
}

// alike groups the numbers whose lists are the same, in the order of the first of each.
func alike(lists [][]int32) [][]int32 {
	var groups [][]int32
	at := map[string]int{}
	var key []byte
	for i, list := range lists {
		if len(list) == 0 {
			continue
		}
		key = key[:0]
		for _, x := range list {
			key = binary.LittleEndian.AppendUint32(key, uint32(x))
		}
		n, ok := at[string(key)]
		if !ok {
			n = len(groups)
			at[string(key)] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], int32(i))
	}
	return groups
}
