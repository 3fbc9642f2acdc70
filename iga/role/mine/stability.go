package mine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Stability says how alike the roles are when one in a hundred assignments is another: of
// each role the Jaccard similarity to the permissions of its best match, on average.
type Stability struct {
	Runs     int     // that ended before the time was over
	Forward  float64 // of the roles found, among those found anew
	Backward float64 // of those found anew, among the roles found
	Fewest   int     // roles of a run
	Most     int
}

// Mean of both directions.
func (s *Stability) Mean() float64 { return (s.Forward + s.Backward) / 2 }

// changedShare of the assignments is taken away, half of it, or added, the other half.
const changedShare = 0.01

// stability mines perturbed matrices in the time that is left, each for its share of it and
// no longer than a few times what the first took: less of it can be reduced.
func (w *work) stability(ctx context.Context, r Result) (*Stability, error) {
	s := &Stability{}
	took := time.Duration(0)
	for _, p := range w.phases {
		took += p.Took
	}
	o := w.o
	o.Stability, o.Attributes, o.Progress = 0, nil, nil
	for run := range w.o.Stability {
		if ctx.Err() != nil {
			break
		}
		rng := rand.New(rand.NewPCG(w.o.Seed, uint64(run)+1000)) //nolint:gosec // a perturbation that can be repeated, no secret
		once, done := share(ctx, 1/float64(w.o.Stability-run))
		once, over := context.WithTimeout(once, max(5*took, 10*time.Second))
		again, err := Mine(once, w.m.perturbed(rng), o)
		over()
		done()
		if err != nil {
			return nil, fmt.Errorf("mining a perturbed matrix: %w", err)
		}
		s.count(r.Roles, again.Roles)
	}
	if s.Runs > 0 {
		s.Forward /= float64(s.Runs)
		s.Backward /= float64(s.Runs)
	}
	return s, nil
}

func (s *Stability) count(one, two []Role) {
	if s.Runs++; s.Runs == 1 {
		s.Fewest, s.Most = len(two), len(two)
	}
	s.Fewest, s.Most = min(s.Fewest, len(two)), max(s.Most, len(two))
	s.Forward += Similarity(one, two)
	s.Backward += Similarity(two, one)
}

// Similarity is the mean over the first roles of the best Jaccard similarity of their
// permissions to one of the second. Both number permissions alike.
func Similarity(one, two []Role) float64 {
	if len(one) == 0 {
		return 1
	}
	in := map[int32][]int{}
	for j, r := range two {
		for _, p := range r.Permissions {
			in[p] = append(in[p], j)
		}
	}
	total := 0.0
	common := map[int]int{}
	for _, r := range one {
		clear(common)
		for _, p := range r.Permissions {
			for _, j := range in[p] {
				common[j]++
			}
		}
		best := 0.0
		for j, n := range common {
			best = max(best, float64(n)/float64(len(r.Permissions)+len(two[j].Permissions)-n))
		}
		total += best
	}
	return total / float64(len(one))
}

// perturbed is the matrix with one in two hundred of its assignments taken away and as
// many put where there was none.
func (m Matrix) perturbed(rng *rand.Rand) Matrix {
	n := max(1, int(float64(m.pairs)*changedShare/2))
	p := Matrix{Users: m.Users, Permissions: m.Permissions, rows: make([][]int32, len(m.rows)), pairs: m.pairs}
	var all []edge
	has := map[edge]bool{}
	for u, row := range m.rows {
		for _, x := range row {
			all = append(all, edge{int32(u), x})
		}
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	free := len(m.Users)*len(m.Permissions) - len(all)
	all = all[min(n, len(all)):]
	for added := min(n, free/2); added > 0; {
		e := edge{int32(rng.IntN(len(m.Users))), int32(rng.IntN(len(m.Permissions)))}
		if has[e] || m.Has(e.row, e.col) {
			continue
		}
		has[e] = true
		all = append(all, e)
		added--
	}
	return p.with(all)
}
