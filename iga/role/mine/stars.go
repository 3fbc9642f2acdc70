package mine

// stars covers edges by whole rows and whole columns, as few of both as possible: a least
// vertex cover of the bipartite graph, found by a largest matching (König's theorem). Where
// assignments look random nothing is much better.
type stars struct {
	next    [][]int32 // the columns of each row
	rowOf   []int32   // whom a column is matched with, -1 nobody
	colOf   []int32
	rowSeen []bool
	colSeen []bool
	seen    []int32 // columns, by one search
	passed  []int   // how many of a row's columns are known to be matched
}

// starsOf returns the classes of the edges and how many there are.
func starsOf(edges []edge) (class []int32, n int) {
	rows, cols := map[int32]int32{}, map[int32]int32{}
	s := &stars{}
	number := func(at map[int32]int32, x int32) int32 {
		i, ok := at[x]
		if !ok {
			i = int32(len(at))
			at[x] = i
		}
		return i
	}
	local := make([]edge, len(edges))
	for i, e := range edges {
		r, c := number(rows, e.row), number(cols, e.col)
		local[i] = edge{r, c}
		if int(r) == len(s.next) {
			s.next = append(s.next, nil)
			s.colOf = append(s.colOf, -1)
		}
		if int(c) == len(s.rowOf) {
			s.rowOf = append(s.rowOf, -1)
		}
		s.next[r] = append(s.next[r], c)
	}
	s.passed = make([]int, len(rows))
	s.rowSeen, s.colSeen = make([]bool, len(rows)), make([]bool, len(cols))
	s.match()
	return s.classes(local)
}

func (s *stars) match() {
	for r := range s.next {
		// What a search has seen in vain leads nowhere ever after.
		if s.seen = s.seen[:0]; s.augment(int32(r)) {
			for _, c := range s.seen {
				s.colSeen[c] = false
			}
		}
	}
}

// augment finds the row a column, by way of other rows that can take another one.
func (s *stars) augment(r int32) bool {
	// A column that is free is taken at once; one that was matched stays so.
	for ahead := s.next[r][s.passed[r]:]; len(ahead) > 0; ahead = ahead[1:] {
		s.passed[r]++
		if c := ahead[0]; s.rowOf[c] < 0 {
			s.rowOf[c], s.colOf[r] = r, c
			return true
		}
	}
	for _, c := range s.next[r] {
		if s.colSeen[c] {
			continue
		}
		s.colSeen[c] = true
		s.seen = append(s.seen, c)
		if s.augment(s.rowOf[c]) {
			s.rowOf[c], s.colOf[r] = r, c
			return true
		}
	}
	return false
}

// reach follows unmatched edges to columns and matched ones back to rows.
func (s *stars) reach(r int32) {
	if s.rowSeen[r] {
		return
	}
	s.rowSeen[r] = true
	for _, c := range s.next[r] {
		if !s.colSeen[c] {
			s.colSeen[c] = true
			s.reach(s.rowOf[c])
		}
	}
}

func (s *stars) classes(edges []edge) (class []int32, n int) {
	clear(s.colSeen)
	for r, c := range s.colOf {
		if c < 0 {
			s.reach(int32(r))
		}
	}
	class = make([]int32, len(edges))
	known := map[int32]int32{}
	for i, e := range edges {
		key := e.row
		if s.rowSeen[e.row] { // then the column is in the cover
			key = -1 - e.col
		}
		k, ok := known[key]
		if !ok {
			k = int32(len(known))
			known[key] = k
		}
		class[i] = k
	}
	return class, len(known)
}
