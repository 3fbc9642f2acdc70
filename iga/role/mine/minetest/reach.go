package minetest

import (
	"math/rand/v2"

	"github.com/writhq/writ/iga/role/mine"
)

// A Reach is like what a firewall lets through: each rule lets groups of sources, which are
// zones in zones, reach groups of targets. Its rows contain and overlap each other much more
// than those of a Shape.
type Reach struct {
	Name               string
	Users, Permissions int
	Rules              int
	From, To           [2]int // zones of a rule on each side, from and to
	Depth              [2]int // how deep a zone of users lies, from and to: each has three in it
	Depths             [2]int // the same of permissions
}

// Make returns the matrix.
func (s Reach) Make(seed uint64) mine.Matrix {
	rng := rand.New(rand.NewPCG(seed, 13)) //nolint:gosec // data that can be made again, no secret
	var b mine.Builder
	for range s.Rules {
		users, permissions := zones(rng, s.Users, s.From, s.Depth), zones(rng, s.Permissions, s.To, s.Depths)
		for u := range users {
			for p := range permissions {
				must(b.Add(user(u), permission(p)))
			}
		}
	}
	return b.Matrix()
}

// zones is who is in some zones, each of which is a third, somewhat, of the one that it is
// in.
func zones(rng *rand.Rand, all int, count, depth [2]int) map[int]bool {
	in := map[int]bool{}
	for range between(rng, count) {
		from, to := 0, all
		for range between(rng, depth) {
			third := (to - from) / 3
			from += third * rng.IntN(3)
			if to = min(to, from+third+(to-from)%3); to-from < 3 {
				break
			}
		}
		for x := from; x < max(to, from+1); x++ {
			in[x] = true
		}
	}
	return in
}

// Reaches are of the sizes of what has been published of firewalls and of a hospital.
var Reaches = []Reach{
	{Name: "like healthcare", Users: 46, Permissions: 46, Rules: 18, From: [2]int{1, 3}, To: [2]int{1, 3}, Depth: [2]int{1, 4}, Depths: [2]int{1, 4}},
	{Name: "like firewall1", Users: 365, Permissions: 709, Rules: 90, From: [2]int{1, 4}, To: [2]int{1, 4}, Depth: [2]int{2, 6}, Depths: [2]int{3, 6}},
	{Name: "like firewall2", Users: 325, Permissions: 590, Rules: 12, From: [2]int{1, 4}, To: [2]int{1, 4}, Depth: [2]int{1, 4}, Depths: [2]int{2, 5}},
	{Name: "like americas small", Users: 3477, Permissions: 1587, Rules: 220, From: [2]int{1, 5}, To: [2]int{1, 4}, Depth: [2]int{4, 7}, Depths: [2]int{5, 7}},
}
