package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/writhq/writ/iga/role/mine"
	"github.com/writhq/writ/iga/role/mine/minetest"
)

// mineTime is how long each shape is mined.
const mineTime = 60 * time.Second

// BenchmarkMineShapes mines made-up matrices of many shapes beside the plain greedy way.
func BenchmarkMineShapes(b *testing.B) {
	for _, s := range minetest.Shapes {
		for _, objective := range []mine.Objective{mine.FewestRoles, mine.FewestEdges} {
			b.Run(s.Name+"/"+string(objective), func(b *testing.B) {
				m, _ := s.Make(1)
				for b.Loop() {
					mineShape(b, m, mine.Options{Objective: objective, Seed: 1})
				}
				b.ReportMetric(float64(s.Planted(1)), "planted-wsc")
			})
		}
	}
}

// BenchmarkMineLike mines what is of the sizes of data sets that are often measured with.
func BenchmarkMineLike(b *testing.B) {
	for _, objective := range []mine.Objective{mine.FewestRoles, mine.FewestEdges} {
		for _, s := range minetest.Published {
			b.Run(s.Name+"/"+string(objective), func(b *testing.B) {
				m, _ := s.Make(1)
				for b.Loop() {
					mineShape(b, m, mine.Options{Objective: objective, Seed: 1})
				}
			})
		}
		for _, s := range minetest.Reaches {
			b.Run(s.Name+"/"+string(objective), func(b *testing.B) {
				m := s.Make(1)
				for b.Loop() {
					mineShape(b, m, mine.Options{Objective: objective, Seed: 1})
				}
			})
		}
	}
}

func mineShape(b *testing.B, m mine.Matrix, o mine.Options) {
	b.Helper()
	ctx, done := context.WithTimeout(b.Context(), mineTime)
	defer done()
	began := time.Now()
	r, err := mine.Mine(ctx, m, o)
	took := time.Since(began)
	if err != nil {
		b.Fatal(err)
	}
	plain, err := mine.Greedy(b.Context(), m)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took.Seconds(), "s")
	b.ReportMetric(float64(len(r.Roles)), "roles")
	b.ReportMetric(float64(r.Lower), "lower")
	b.ReportMetric(yes(r.Converged), "converged")
	b.ReportMetric(yes(r.CostProven), "cost-proven")
	b.ReportMetric(float64(r.Complexity()), "wsc")
	b.ReportMetric(float64(len(r.Roles))/float64(len(plain.Roles)), "roles/greedy")
	b.ReportMetric(float64(r.Complexity())/float64(plain.Complexity()), "wsc/greedy")
}

func yes(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// BenchmarkMineStability says how alike the roles are when one in a hundred assignments is
// another, in five runs.
func BenchmarkMineStability(b *testing.B) {
	for _, s := range minetest.Shapes {
		b.Run(s.Name, func(b *testing.B) {
			m, _ := s.Make(1)
			for b.Loop() {
				ctx, done := context.WithTimeout(b.Context(), mineTime)
				r, err := mine.Mine(ctx, m, mine.Options{Seed: 1, Stability: 5})
				done()
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(r.Stability.Runs), "runs")
				b.ReportMetric(r.Stability.Mean(), "mean")
				b.ReportMetric(r.Stability.Forward, "forward")
				b.ReportMetric(float64(r.Stability.Most)/float64(len(r.Roles)), "most/roles")
			}
		})
	}
}

// BenchmarkMineExplained says what share of the roles attributes explain, and what that
// costs beside mining without them.
func BenchmarkMineExplained(b *testing.B) {
	for _, s := range minetest.Ruled {
		for seed := range uint64(3) {
			b.Run(fmt.Sprintf("%s/%d", s.Name, seed), func(b *testing.B) {
				m, _ := s.Make(seed)
				for b.Loop() {
					free := mineExplained(b, m, mine.Options{Attributes: s.Attributes()})
					r := mineExplained(b, m, mine.Options{Attributes: s.Attributes(), Prefer: 0.01})
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(free.Explained(), "explained-free")
					b.ReportMetric(r.Explained(), "explained")
					b.ReportMetric(float64(r.Complexity())/float64(free.Complexity()), "wsc/free")
				}
			})
		}
	}
}

func mineExplained(b *testing.B, m mine.Matrix, o mine.Options) mine.Result {
	b.Helper()
	ctx, done := context.WithTimeout(b.Context(), mineTime/4)
	defer done()
	r, err := mine.Mine(ctx, m, o)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// BenchmarkMineNoise says how many of 300 planted roles are found again under noise, by
// their exact permissions and by nearly those, and how many roles are none of them; then
// the same for roles that are hard to tell apart.
func BenchmarkMineNoise(b *testing.B) {
	apart := minetest.Shape{Name: "large", Users: 10_000, Permissions: 5_000, Roles: 300, RoleSize: [2]int{10, 40}, UserRoles: [2]int{1, 4}}
	for _, s := range append([]minetest.Shape{apart}, minetest.Crowded...) {
		m, planted := s.Make(1)
		for _, n := range minetest.Noises {
			b.Run(s.Name+"/"+n.Name, func(b *testing.B) {
				spoilt, off, on := minetest.Spoil(m, n, 2)
				for b.Loop() {
					mineNoise(b, spoilt, planted, off, on)
				}
			})
		}
	}
}

func mineNoise(b *testing.B, spoilt mine.Matrix, planted [][]string, off, on int) {
	b.Helper()
	ctx, done := context.WithTimeout(b.Context(), mineTime)
	defer done()
	began := time.Now()
	// The error that is allowed is the noise and a tenth more.
	r, err := mine.Mine(ctx, spoilt, mine.Options{Seed: 1, Error: 1.1 * float64(off+on) / float64(spoilt.Pairs())})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(time.Since(began).Seconds(), "s")
	b.ReportMetric(float64(off), "off")
	b.ReportMetric(float64(on), "on")
	b.ReportMetric(float64(len(planted)), "planted")
	b.ReportMetric(float64(len(r.Roles)), "roles")
	b.ReportMetric(float64(minetest.Found(spoilt, r.Roles, planted, 1)), "found")
	b.ReportMetric(float64(minetest.Found(spoilt, r.Roles, planted, 0.8)), "found-0.8")
	b.ReportMetric(float64(len(r.Roles)-minetest.Like(spoilt, r.Roles, planted, 0.8)), "spurious")
}
