package analytics

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
)

// crowd is a random population with who has what.
func crowd(t *rapid.T) (*population, []holding) {
	n := rapid.IntRange(1, 60).Draw(t, "people")
	p := &population{people: roaring.New(), byName: map[string]*column{}}
	names := []string{"unit", "title", "site"}
	for key := uint32(1); key <= uint32(n); key++ { //nolint:gosec // few
		p.people.Add(key)
		for _, name := range names {
			if v := rapid.IntRange(0, 3).Draw(t, name); v > 0 {
				p.column(name).put(key, fmt.Sprint(v))
			}
		}
	}
	var held []holding
	for e := range rapid.IntRange(1, 6).Draw(t, "entitlements") {
		h := holding{entitlement: access.EntitlementID(e + 1), people: roaring.New()}
		for key := range each(p.people) {
			if rapid.IntRange(0, 2).Draw(t, "has") == 0 {
				h.people.Add(key)
			}
		}
		if !h.people.IsEmpty() {
			held = append(held, h)
		}
	}
	return p, held
}

// plainBits says who has what, each told from their group without themself, one by one.
func plainBits(p *population, of func(uint32) []uint32, held []holding) (bits float64) {
	for _, h := range held {
		share := float64(h.people.GetCardinality()) / float64(p.people.GetCardinality())
		for key := range each(p.people) {
			others, have := 0.0, 0.0
			for _, o := range of(key) {
				if o == key {
					continue
				}
				others++
				if h.people.Contains(o) {
					have++
				}
			}
			likely := (have + share) / (others + 1)
			if h.people.Contains(key) {
				bits -= math.Log2(likely)
			} else {
				bits -= math.Log2(1 - likely)
			}
		}
	}
	return bits
}

// What is saved is what saying it one by one saves, but for groups of which nobody has
// something: there the logarithm is replaced by its slope.
func TestSavedIsTheDifferenceInBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, held := crowd(t)
		if len(held) == 0 || len(p.columns) < 2 {
			return
		}
		least := rapid.IntRange(1, 8).Draw(t, "least")
		coarse := everybody(p)
		if rapid.Bool().Draw(t, "divided") {
			coarse = coarse.refine(p, p.columns[0], 1)
		}
		fine := coarse.refine(p, p.columns[1], least)
		members := func(g *grouping, n uint32) (list []uint32) {
			for key := range each(p.people) {
				if g.of[key] == n {
					list = append(list, key)
				}
			}
			return list
		}
		both := func(own bool) func(uint32) []uint32 {
			return func(key uint32) []uint32 {
				switch n := fine.of[key]; {
				case n != 0 && own:
					return members(fine, n)
				case coarse.of[key] != 0:
					return members(coarse, coarse.of[key])
				}
				return nil
			}
		}
		want := plainBits(p, both(false), held) - plainBits(p, both(true), held)
		got := saved(coarse, fine, held, int(p.people.GetCardinality())) //nolint:gosec // few
		slack := 0.0                                                     // of log2(1-x) beside its slope, per group and entitlement
		for _, h := range held {
			share := float64(h.people.GetCardinality()) / float64(p.people.GetCardinality())
			for n := 1; n < len(fine.sizes); n++ {
				size := float64(fine.sizes[n])
				slack += math.Abs(-size*math.Log2(1-min(share/size, 0.999999)) - untold(share))
				c := float64(coarse.sizes[coarse.of[fine.member[n]]])
				slack += math.Abs(-size*math.Log2(1-min(share/c, 0.999999)) - size/c*untold(share))
			}
		}
		if math.IsNaN(got) || math.Abs(got-want) > slack+1e-6 {
			t.Fatalf("%v bits, plainly %v (within %v)", got, want, slack)
		}
	})
}

// Invariant 5, and that each grouping lies within the one before it.
func TestGroupsAreNestedAndNotTooSmall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, held := crowd(t)
		if len(held) == 0 {
			return
		}
		least := rapid.IntRange(1, 8).Draw(t, "least")
		chain := choose(p, held, least)
		for i, g := range chain[1:] {
			sizes := make([]int, len(g.sizes))
			within := map[uint32]uint32{}
			for key := range each(p.people) {
				n := g.of[key]
				if n == 0 {
					continue
				}
				sizes[n]++
				c := chain[i].of[key]
				if before, known := within[n]; c == 0 || known && before != c {
					t.Fatalf("group %d of grouping %d lies in %d and %d", n, i+1, before, c)
				}
				within[n] = c
			}
			if !slices.Equal(sizes, g.sizes) || slices.ContainsFunc(sizes[1:], func(n int) bool { return n < least }) {
				t.Fatalf("sizes %v, counted %v, least %d", g.sizes, sizes, least)
			}
		}
	})
}

// The attribute that says who has what is chosen, and one that says nothing is not.
func TestTheAttributeThatExplainsIsChosen(t *testing.T) {
	p := &population{people: roaring.New(), byName: map[string]*column{}}
	held := []holding{{entitlement: 1, people: roaring.New()}, {entitlement: 2, people: roaring.New()}}
	for key := uint32(1); key <= 400; key++ {
		p.people.Add(key)
		p.column("desk").put(key, fmt.Sprint(key)) // everybody's own
		p.column("shoes").put(key, fmt.Sprint(key*7919%13))
		p.column("unit").put(key, fmt.Sprint(key%4))
		if key%4 < 2 {
			held[key%2].people.Add(key)
		}
	}
	chain := choose(p, held, 10)
	if len(chain) != 2 || chain[1].columns[0].name != "unit" || chain[1].explained < 0.8 || chain[1].explained > 1 {
		for _, g := range chain[1:] {
			t.Errorf("%s explains %.3f", g.columns[len(g.columns)-1].name, g.explained)
		}
	}
}
