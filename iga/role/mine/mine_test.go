package mine_test

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/iga/role/mine"
	"github.com/writhq/writ/iga/role/mine/minetest"
)

// drawn is a small matrix; names decides what its users and permissions are called.
type drawn struct{ pairs [][2]int }

func draw(t *rapid.T, users, permissions int) drawn {
	d := drawn{}
	for u := range rapid.IntRange(1, users).Draw(t, "users") {
		for _, p := range rapid.SliceOfNDistinct(rapid.IntRange(0, permissions-1), 0, permissions, rapid.ID).Draw(t, "row") {
			d.pairs = append(d.pairs, [2]int{u, p})
		}
	}
	return d
}

func (d drawn) matrix(t rapid.TB, user, permission func(int) string) mine.Matrix {
	var b mine.Builder
	for _, p := range d.pairs {
		if err := b.Add(user(p[0]), permission(p[1])); err != nil {
			t.Fatal(err)
		}
	}
	return b.Matrix()
}

func plain(prefix string) func(int) string {
	return func(i int) string { return fmt.Sprintf("%s%03d", prefix, i) }
}

func mined(t rapid.TB, m mine.Matrix, o mine.Options) mine.Result {
	o.Effort = 1
	r, err := mine.Mine(context.Background(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Invariants 1 and 2: exact, and never fewer than the bound.
func TestRolesGiveExactlyWhatTheMatrixSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := draw(t, 12, 10).matrix(t, plain("u"), plain("p"))
		for _, objective := range []mine.Objective{mine.FewestRoles, mine.FewestEdges} {
			r := mined(t, m, mine.Options{Objective: objective, Seed: rapid.Uint64().Draw(t, "seed")})
			if err := mine.Verify(m, r.Roles); err != nil {
				t.Fatal(err)
			}
			if len(r.Roles) < r.Lower || r.Proven != (len(r.Roles) == r.Lower) || r.Missing+r.Extra != 0 {
				t.Fatalf("%s: %d roles, lower bound %d, proven %v, %d missing, %d extra", objective, len(r.Roles), r.Lower, r.Proven, r.Missing, r.Extra)
			}
		}
	})
}

// least is the least number of roles, by trying: over all sets of edges, the fewest
// maximal bicliques that cover one.
func (d drawn) least() int {
	var rows [16]int // permissions of each user
	for _, p := range d.pairs {
		rows[p[0]] |= 1 << p[1]
	}
	index := map[[2]int]int{}
	for i, p := range d.pairs {
		index[p] = i
	}
	var roles []int
	for users := 1; users < 1<<8; users++ {
		common := -1
		for u := range 8 {
			if users>>u&1 != 0 {
				common &= rows[u]
			}
		}
		if common == 0 {
			continue
		}
		covers := 0
		for p, i := range index {
			if rows[p[0]]&common == common && common>>p[1]&1 != 0 {
				covers |= 1 << i
			}
		}
		roles = append(roles, covers)
	}
	slices.Sort(roles)
	roles = slices.Compact(roles)
	all := 1<<len(d.pairs) - 1
	reached := map[int]bool{0: true}
	for n := 0; ; n++ {
		if reached[all] {
			return n
		}
		next := map[int]bool{}
		for have := range reached {
			first := bits.TrailingZeros(^uint(have)) // some role must cover the first edge that is left
			for _, r := range roles {
				if r>>first&1 != 0 {
					next[have|r] = true
				}
			}
		}
		reached = next
	}
}

// Invariant 3: what is called proven is minimal, and small ones are always proven.
func TestTheNumberIsMinimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t, 6, 5)
		if len(d.pairs) > 18 {
			d.pairs = d.pairs[:18]
		}
		r := mined(t, d.matrix(t, plain("u"), plain("p")), mine.Options{})
		if want := d.least(); len(r.Roles) != want || !r.Proven {
			t.Fatalf("%d roles, proven %v; the least is %d", len(r.Roles), r.Proven, want)
		}
	})
}

// Invariant 4: the same pairs, in whatever order, and the same seed give the same.
func TestTheSameInputGivesTheSameRoles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t, 12, 10)
		seed := rapid.Uint64().Draw(t, "seed")
		one := mined(t, d.matrix(t, plain("u"), plain("p")), mine.Options{Seed: seed})
		d.pairs = rapid.Permutation(d.pairs).Draw(t, "order")
		two := mined(t, d.matrix(t, plain("u"), plain("p")), mine.Options{Seed: seed})
		one.Phases, two.Phases = nil, nil
		if !reflect.DeepEqual(one, two) {
			t.Fatalf("%+v\nand\n%+v", one, two)
		}
	})
}

// However users and permissions are called, as many roles are needed, at the same cost.
func TestNamesDoNotChangeTheNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t, 7, 6)
		one := mined(t, d.matrix(t, plain("u"), plain("p")), mine.Options{})
		users := rapid.Permutation([]string{"a", "b", "c", "d", "e", "f", "g"}).Draw(t, "users")
		permissions := rapid.Permutation([]string{"a", "b", "c", "d", "e", "f"}).Draw(t, "permissions")
		two := mined(t, d.matrix(t, func(i int) string { return users[i] }, func(i int) string { return permissions[i] }), mine.Options{})
		if len(one.Roles) != len(two.Roles) || one.Complexity() != two.Complexity() {
			t.Fatalf("%d roles costing %d, and %d costing %d", len(one.Roles), one.Complexity(), len(two.Roles), two.Complexity())
		}
	})
}

// Invariant 5: whoever stops it gets roles that are exact.
func TestStoppedItGivesWhatItHas(t *testing.T) {
	m, _ := minetest.Shapes[3].Make(1)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	for _, o := range []mine.Options{{}, {Objective: mine.FewestEdges}, {Error: 0.05}} {
		r, err := mine.Mine(ctx, m, o)
		if err != nil {
			t.Fatal(err)
		}
		if r.Converged || r.CostProven {
			t.Error("it says that it ended by itself, or that nothing is cheaper")
		}
		if err := mine.Verify(m, r.Roles); err != nil && o.Error == 0 {
			t.Error(err)
		}
		if wrong := float64(r.Missing + r.Extra); wrong > o.Error*float64(m.Pairs()) {
			t.Errorf("%v of %d are wrong", wrong, m.Pairs())
		}
	}
}

// What is made of planted roles is mined with no more of them, at no higher cost, than the
// plainest way, and edges alone cost no more than with the fewest roles.
func TestMiningIsWorthIt(t *testing.T) {
	for _, s := range minetest.Shapes[:2] {
		t.Run(s.Name, func(t *testing.T) {
			m, _ := s.Make(1)
			simple, err := mine.Greedy(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			r := mined(t, m, mine.Options{})
			if len(r.Roles) > len(simple.Roles) || r.Complexity() > simple.Complexity() || !r.Proven {
				t.Errorf("%d roles of %d, plainly %d of %d; proven %v", len(r.Roles), r.Complexity(), len(simple.Roles), simple.Complexity(), r.Proven)
			}
			free := mined(t, m, mine.Options{Objective: mine.FewestEdges})
			if free.Complexity() > s.Planted(1) || free.Complexity() > r.Complexity() {
				t.Errorf("complexity %d, planted %d, with the fewest roles %d", free.Complexity(), s.Planted(1), r.Complexity())
			}
		})
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	m, _ := minetest.Shapes[0].Make(1)
	for _, o := range []mine.Options{{Objective: "both"}, {Error: -0.1}, {Error: 1}, {Stability: -1}, {Stability: 1000}, {Prefer: -1}, {Prefer: 2}} {
		if _, err := mine.Mine(t.Context(), m, o); !errors.Is(err, mine.ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// The verifier finds every single change of a right answer.
func TestTheVerifierSeesEachChange(t *testing.T) {
	m, _ := minetest.Shapes[1].Make(1)
	r := mined(t, m, mine.Options{})
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		roles := slices.Clone(r.Roles)
		x := &roles[rng.IntN(len(roles))]
		switch rng.IntN(3) {
		case 0:
			x.Members = x.Members[1:]
		case 1:
			x.Permissions = x.Permissions[1:]
		case 2:
			p := int32(rng.IntN(len(m.Permissions)))
			if m.Has(x.Members[0], p) {
				continue
			}
			x.Permissions = append(slices.Clone(x.Permissions), p)
		}
		if err := mine.Verify(m, roles); !errors.Is(err, mine.ErrNotExact) {
			t.Fatalf("it did not see it: %v", err)
		}
	}
}
