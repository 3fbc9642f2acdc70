package minetest

import (
	"maps"
	"math"
	"math/rand/v2"
)

// drawn is a role: any, or mostly one of the first where few have most members.
func (s Shape) drawn(rng *rand.Rand) int {
	if !s.Heavy {
		return rng.IntN(s.Roles)
	}
	return int(math.Pow(rng.Float64(), 2.5) * float64(s.Roles))
}

// companions adds the roles that come with those that somebody has: the last ones, each
// with another.
func (s Shape) companions(rng *rand.Rand, has map[int]bool, roles []map[int]bool, row map[int]bool) {
	n := int(s.Together * float64(s.Roles))
	for i := s.Roles - n; i < s.Roles; i++ {
		if has[i-n] && !has[i] && rng.IntN(20) < 17 {
			has[i] = true
			for p := range roles[i] {
				row[p] = true
			}
		}
	}
}

// special makes some users powerful and some alike, gives everybody what all have, and
// returns what that costs.
func (s Shape) special(rng *rand.Rand, rows []map[int]bool) (cost int) {
	for range int(s.Twins * float64(s.Users)) {
		maps.Copy(rows[rng.IntN(s.Users)], rows[rng.IntN(s.Users)])
	}
	for range s.Powerful {
		row := rows[rng.IntN(s.Users)]
		for p := range s.Permissions {
			if rng.IntN(10) != 0 {
				row[p] = true
				cost++
			}
		}
	}
	if s.Everybody == 0 {
		return cost
	}
	for _, row := range rows {
		for p := range s.Everybody {
			row[s.Permissions+p] = true
		}
	}
	return cost + 1 + s.Users + s.Everybody
}

// Crowded are shapes whose roles are hard to tell apart under noise.
var Crowded = []Shape{
	{Name: "apart", Users: 2000, Permissions: 1000, Roles: 80, RoleSize: [2]int{8, 30}, UserRoles: [2]int{1, 4}},
	{Name: "one in another", Users: 2000, Permissions: 1000, Roles: 80, RoleSize: [2]int{6, 20}, UserRoles: [2]int{1, 4}, Blocks: 8, Nested: 0.6},
	{Name: "mostly together", Users: 2000, Permissions: 1000, Roles: 80, RoleSize: [2]int{8, 30}, UserRoles: [2]int{1, 3}, Together: 0.3},
	{Name: "few have most", Users: 2000, Permissions: 1000, Roles: 80, RoleSize: [2]int{4, 40}, UserRoles: [2]int{1, 4}, Heavy: true},
	{Name: "everybody and some with everything", Users: 2000, Permissions: 1000, Roles: 80, RoleSize: [2]int{8, 30}, UserRoles: [2]int{1, 4}, Everybody: 12, Powerful: 10, Twins: 0.1},
	{Name: "small roles", Users: 2000, Permissions: 600, Roles: 100, RoleSize: [2]int{3, 8}, UserRoles: [2]int{1, 5}, Heavy: true, Single: 0.1},
	{Name: "all of it", Users: 2000, Permissions: 1000, Roles: 100, RoleSize: [2]int{4, 30}, UserRoles: [2]int{1, 4}, Blocks: 6, Nested: 0.4, Single: 0.05, Together: 0.15, Everybody: 8, Powerful: 5, Twins: 0.05},
}
