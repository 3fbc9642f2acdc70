package minetest

import (
	"fmt"

	"github.com/writhq/writ/iga/role/mine"
)

// What there is of each attribute; the unit of a user is the block.
const (
	titles = 5
	cities = 4
)

// Attributes are what is known of a shape's users: their unit, title, place, and a number
// that says nothing.
func (s Shape) Attributes() *mine.Attributes {
	a := &mine.Attributes{}
	for u := range s.Users {
		a.Add(user(u), "unit", fmt.Sprintf("unit %d", s.unit(u)))
		a.Add(user(u), "title", fmt.Sprintf("title %d", title(u)))
		a.Add(user(u), "city", fmt.Sprintf("city %d", city(u)))
		a.Add(user(u), "number", fmt.Sprint(u))
	}
	return a
}

func (s Shape) unit(u int) int { return u % max(1, s.Blocks) }
func title(u int) int          { return u * 2654435761 >> 8 % titles }
func city(u int) int           { return u * 40503 >> 6 % cities }

// ruled is how many roles follow a rule: the first ones.
func (s Shape) ruled() int { return int(s.Ruled * float64(s.Roles)) }

// meets says whether a user meets the rule of a role: a unit and a title, a unit and a
// place, a unit, or a title.
func (s Shape) meets(u, role int) bool {
	unit := s.unit(u) == role%max(1, s.Blocks)
	switch n := role / max(1, s.Blocks); n % 8 {
	case 7:
		return unit
	case 6:
		return title(u) == role%titles
	case 4, 5:
		return unit && city(u) == n%cities
	default:
		return unit && title(u) == n%titles
	}
}

// Ruled are shapes many of whose roles follow the attributes of their users.
var Ruled = []Shape{
	{Name: "ruled, small", Users: 200, Permissions: 150, Roles: 24, RoleSize: [2]int{3, 12}, UserRoles: [2]int{0, 2}, Blocks: 3, Nested: 0.4, Ruled: 0.7},
	{Name: "ruled, nested", Users: 800, Permissions: 400, Roles: 60, RoleSize: [2]int{3, 15}, UserRoles: [2]int{0, 2}, Blocks: 4, Nested: 0.7, Single: 0.05, Ruled: 0.6},
	{Name: "ruled, large", Users: 3000, Permissions: 1500, Roles: 200, RoleSize: [2]int{2, 25}, UserRoles: [2]int{0, 2}, Blocks: 10, Nested: 0.5, Single: 0.03, Ruled: 0.5},
}
