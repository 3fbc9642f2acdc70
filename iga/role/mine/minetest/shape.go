package minetest

import (
	"fmt"
	"math/rand/v2"

	"github.com/writhq/writ/iga/role/mine"
)

// A Shape says what a matrix is made of.
type Shape struct {
	Name               string
	Users, Permissions int
	Roles              int
	RoleSize           [2]int  // permissions of a role, from and to
	UserRoles          [2]int  // roles of a user
	Blocks             int     // departments: a role and its users stay in one, mostly
	Nested             float64 // share of roles that contain an earlier one of their block
	Single             float64 // share of users who have something of their own
	Ruled              float64 // share of roles that follow the attributes of users, mostly
	Heavy              bool    // a few roles have most of the members
	Together           float64 // share of roles that the holders of another one have, mostly
	Everybody          int     // permissions that all have
	Powerful           int     // users who have nearly everything
	Twins              float64 // share of users who have what another one has
}

// Make returns the matrix and, of each role that somebody has, its permissions.
func (s Shape) Make(seed uint64) (mine.Matrix, [][]string) {
	rows, roles, _ := s.rows(seed)
	var b mine.Builder
	for u, row := range rows {
		for p := range row {
			must(b.Add(user(u), permission(p)))
		}
	}
	names := make([][]string, len(roles))
	for i, role := range roles {
		for p := range role {
			names[i] = append(names[i], permission(p))
		}
	}
	if s.Everybody > 0 {
		all := make([]string, s.Everybody)
		for p := range all {
			all[p] = permission(s.Permissions + p)
		}
		names = append(names, all)
	}
	return b.Matrix(), names
}

// Planted is what the roles and the exceptions that the matrix was made from cost.
func (s Shape) Planted(seed uint64) int {
	_, _, cost := s.rows(seed)
	return cost
}

func user(u int) string       { return fmt.Sprintf("u%05d", u) }
func permission(p int) string { return fmt.Sprintf("p%05d", p) }

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func between(rng *rand.Rand, span [2]int) int { return span[0] + rng.IntN(span[1]-span[0]+1) }

func (s Shape) rows(seed uint64) (rows, roles []map[int]bool, cost int) {
	rng := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // data that can be made again, no secret
	blocks := max(1, s.Blocks)
	roles = make([]map[int]bool, s.Roles)
	for i := range roles {
		roles[i] = map[int]bool{}
		if i >= blocks && rng.Float64() < s.Nested {
			for p := range roles[i%blocks+blocks*rng.IntN(i/blocks)] {
				roles[i][p] = true
			}
		}
		width := s.Permissions / blocks
		for n := between(rng, s.RoleSize); n > 0; n-- {
			p := i%blocks*width + rng.IntN(width)
			if rng.IntN(20) == 0 {
				p = rng.IntN(s.Permissions)
			}
			roles[i][p] = true
		}
	}
	rows = make([]map[int]bool, s.Users)
	for _, role := range roles {
		cost += 1 + len(role)
	}
	own := map[int]bool{}
	for u := range rows {
		rows[u] = map[int]bool{}
		has := map[int]bool{}
		for n := between(rng, s.UserRoles); n > 0; n-- {
			i := s.drawn(rng)
			if !s.Heavy && rng.IntN(10) != 0 {
				i = u%blocks + blocks*rng.IntN(max(1, (s.Roles-u%blocks+blocks-1)/blocks))
			}
			if i = min(i, s.Roles-1); i < s.ruled() && !s.meets(u, i) && rng.IntN(20) != 0 {
				continue
			}
			has[i] = true
			for p := range roles[i] {
				rows[u][p] = true
			}
		}
		s.companions(rng, has, roles, rows[u])
		for i := range s.ruled() {
			if s.meets(u, i) && rng.IntN(20) != 0 && !has[i] {
				has[i] = true
				for p := range roles[i] {
					rows[u][p] = true
				}
			}
		}
		cost += len(has)
		if rng.Float64() < s.Single {
			for n := 1 + rng.IntN(3); n > 0; n-- {
				p := rng.IntN(s.Permissions)
				if cost++; !own[p] {
					cost += 2
				}
				rows[u][p], own[p] = true, true
			}
		}
	}
	cost += s.special(rng, rows)
	return rows, roles, cost
}

// Shapes are like what organisations publish of themselves, in size and density.
var Shapes = []Shape{
	{Name: "small dense", Users: 46, Permissions: 46, Roles: 14, RoleSize: [2]int{4, 20}, UserRoles: [2]int{3, 8}, Nested: 0.5},
	{Name: "small sparse", Users: 79, Permissions: 231, Roles: 20, RoleSize: [2]int{2, 12}, UserRoles: [2]int{1, 3}, Blocks: 4},
	{Name: "few users, many permissions", Users: 35, Permissions: 3046, Roles: 40, RoleSize: [2]int{5, 200}, UserRoles: [2]int{1, 4}, Blocks: 2, Single: 0.9},
	{Name: "dense hierarchy", Users: 365, Permissions: 709, Roles: 70, RoleSize: [2]int{2, 60}, UserRoles: [2]int{1, 6}, Nested: 0.7},
	{Name: "dense blocks", Users: 325, Permissions: 590, Roles: 12, RoleSize: [2]int{20, 120}, UserRoles: [2]int{1, 5}, Nested: 0.3},
	{Name: "sparse wide", Users: 2044, Permissions: 1164, Roles: 500, RoleSize: [2]int{1, 6}, UserRoles: [2]int{1, 2}, Blocks: 60, Single: 0.05},
	{Name: "many users", Users: 10021, Permissions: 277, Roles: 300, RoleSize: [2]int{1, 3}, UserRoles: [2]int{1, 4}, Blocks: 3, Nested: 0.1},
	{Name: "large, few roles", Users: 3477, Permissions: 1587, Roles: 190, RoleSize: [2]int{2, 40}, UserRoles: [2]int{1, 4}, Blocks: 8, Nested: 0.5},
	{Name: "large, many roles", Users: 3485, Permissions: 10127, Roles: 420, RoleSize: [2]int{3, 100}, UserRoles: [2]int{1, 3}, Blocks: 12, Nested: 0.3, Single: 0.03},
}

// Published are of the sizes, densities and numbers of roles of data sets that are often
// measured with.
var Published = []Shape{
	{Name: "like domino", Users: 79, Permissions: 231, Roles: 20, RoleSize: [2]int{2, 14}, UserRoles: [2]int{1, 2}, Blocks: 1, Nested: 0.1},
	{Name: "like emea", Users: 35, Permissions: 3046, Roles: 34, RoleSize: [2]int{5, 400}, UserRoles: [2]int{1, 2}, Blocks: 2},
	{Name: "like apj", Users: 2044, Permissions: 1164, Roles: 470, RoleSize: [2]int{1, 4}, UserRoles: [2]int{1, 2}, Blocks: 40},
	{Name: "like customer", Users: 10021, Permissions: 277, Roles: 280, RoleSize: [2]int{1, 2}, UserRoles: [2]int{1, 5}, Blocks: 3, Nested: 0.1},
}
