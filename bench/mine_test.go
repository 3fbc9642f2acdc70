package bench

import (
	"context"
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
	converged := 0.0
	if r.Converged {
		converged = 1
	}
	b.ReportMetric(converged, "converged")
	b.ReportMetric(float64(r.Complexity()), "wsc")
	b.ReportMetric(float64(len(r.Roles))/float64(len(plain.Roles)), "roles/greedy")
	b.ReportMetric(float64(r.Complexity())/float64(plain.Complexity()), "wsc/greedy")
}

// BenchmarkMineNoise says how many of 300 planted roles are found again under noise, by
// their exact permissions and by nearly those, and how many roles are none of them.
func BenchmarkMineNoise(b *testing.B) {
	s := minetest.Shape{Users: 10_000, Permissions: 5_000, Roles: 300, RoleSize: [2]int{10, 40}, UserRoles: [2]int{1, 4}}
	m, planted := s.Make(1)
	for _, n := range minetest.Noises {
		b.Run(n.Name, func(b *testing.B) {
			spoilt, off, on := minetest.Spoil(m, n, 2)
			for b.Loop() {
				ctx, done := context.WithTimeout(b.Context(), mineTime)
				began := time.Now()
				// The error that is allowed is the noise and a tenth more.
				r, err := mine.Mine(ctx, spoilt, mine.Options{Seed: 1, Error: 1.1 * float64(off+on) / float64(spoilt.Pairs())})
				took := time.Since(began)
				done()
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(took.Seconds(), "s")
				b.ReportMetric(float64(off), "off")
				b.ReportMetric(float64(on), "on")
				b.ReportMetric(float64(len(planted)), "planted")
				b.ReportMetric(float64(len(r.Roles)), "roles")
				b.ReportMetric(float64(minetest.Found(spoilt, r.Roles, planted, 1)), "found")
				b.ReportMetric(float64(minetest.Found(spoilt, r.Roles, planted, 0.8)), "found-0.8")
				b.ReportMetric(float64(len(r.Roles)-minetest.Like(spoilt, r.Roles, planted, 0.8)), "spurious")
			}
		})
	}
}
