package mine

import (
	"cmp"
	"slices"
	"strings"

	"github.com/writhq/writ/internal/fault"
)

// What is refused, because it would not fit into memory: the pairs as they are read, and
// the cells that are left when users and permissions that are alike have become one.
const (
	MaxPairs = 20_000_000
	MaxCells = 64 << 20
	maxSide  = 1_000_000
)

// ErrTooLarge says that a matrix is beyond what is mined in one piece.
var ErrTooLarge = fault.New(fault.Invalid, "role-mining-too-large", "the assignments are too many to mine in one piece: mine one system or one unit at a time")

// A Matrix says which user has which permission. Users and permissions are numbered from
// 0, in the order of their names, so that two matrices of the same pairs are the same.
type Matrix struct {
	Users, Permissions []string
	rows               [][]int32 // of each user, ascending
	pairs              int
}

// Pairs counts the assignments.
func (m Matrix) Pairs() int { return m.pairs }

// Row lists what a user has, ascending. It is the matrix's own: read it only.
func (m Matrix) Row(user int) []int32 { return m.rows[user] }

// Has says whether a user has a permission.
func (m Matrix) Has(user, permission int32) bool {
	_, ok := slices.BinarySearch(m.rows[user], permission)
	return ok
}

// A Builder collects pairs in any order, and as often as they are said.
type Builder struct {
	users, permissions numbering
	pairs              [][2]int32
}

type numbering struct {
	of    map[string]int32
	names []string
	last  int32 // asked for, which is often asked for again
}

func (n *numbering) number(name string) int32 {
	if len(n.names) > 0 && n.names[n.last] == name {
		return n.last
	}
	if i, ok := n.of[name]; ok {
		n.last = i
		return i
	}
	if n.of == nil {
		n.of = map[string]int32{}
	}
	name = strings.Clone(name) // it may be a piece of a whole file
	i := int32(len(n.names))
	n.of[name] = i
	n.names = append(n.names, name)
	return i
}

func (n *numbering) knows(name string) bool {
	_, ok := n.of[name]
	return ok
}

// Add says that a user has a permission.
func (b *Builder) Add(user, permission string) error {
	if len(b.pairs) >= MaxPairs {
		return ErrTooLarge.With("more than %d pairs: mine one system or one unit at a time", MaxPairs)
	}
	b.pairs = append(b.pairs, [2]int32{b.users.number(user), b.permissions.number(permission)})
	if len(b.users.names) > maxSide || len(b.permissions.names) > maxSide {
		return ErrTooLarge.With("more than %d users or permissions: mine one system or one unit at a time", maxSide)
	}
	return nil
}

// User makes a user known who may have nothing.
func (b *Builder) User(name string) { b.users.number(name) }

// Matrix is what has been added.
func (b *Builder) Matrix() Matrix {
	users, userAt := b.users.sorted()
	permissions, permissionAt := b.permissions.sorted()
	m := Matrix{Users: users, Permissions: permissions, rows: make([][]int32, len(users))}
	pairs := make([]edge, len(b.pairs))
	for i, p := range b.pairs {
		pairs[i] = edge{userAt[p[0]], permissionAt[p[1]]}
	}
	return m.with(pairs)
}

// with fills the rows with pairs, some of which may be said twice.
func (m Matrix) with(pairs []edge) Matrix {
	sizes := make([]int, len(m.Users))
	for _, e := range pairs {
		sizes[e.row]++
	}
	for u, n := range sizes {
		m.rows[u] = make([]int32, 0, n)
	}
	for _, e := range pairs {
		m.rows[e.row] = append(m.rows[e.row], e.col)
	}
	m.pairs = 0
	for u := range m.rows {
		slices.Sort(m.rows[u])
		m.rows[u] = slices.Compact(m.rows[u])
		m.pairs += len(m.rows[u])
	}
	return m
}

// sorted returns the names in order, and where each number's name has come to.
func (n *numbering) sorted() (names []string, at []int32) {
	order := make([]int32, len(n.names))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(n.names[a], n.names[b]) })
	names, at = make([]string, len(order)), make([]int32, len(order))
	for i, old := range order {
		names[i], at[old] = n.names[old], int32(i)
	}
	return names, at
}
