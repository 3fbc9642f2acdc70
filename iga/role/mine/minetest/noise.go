package minetest

import (
	"math/rand/v2"

	"github.com/writhq/writ/iga/role/mine"
)

// Noise says how a matrix is spoilt: Off is the share of its assignments that are taken
// away; On how many are put where there was none, as a share of the assignments, or of the
// empty cells with Cells.
type Noise struct {
	Name    string
	Off, On float64
	Cells   bool
}

// Spoil returns the matrix with noise, how many assignments were taken away and how many
// were put. Who and what there is stays.
func Spoil(m mine.Matrix, n Noise, seed uint64) (spoilt mine.Matrix, off, on int) {
	rng := rand.New(rand.NewPCG(seed, 11)) //nolint:gosec // data that can be made again, no secret
	var b mine.Builder
	for _, u := range m.Users {
		b.User(u)
	}
	put := float64(m.Pairs()) * n.On / float64(len(m.Users)*len(m.Permissions)-m.Pairs())
	if n.Cells {
		put = n.On
	}
	for u := range m.Users {
		row := m.Row(u)
		for p := range m.Permissions {
			has := len(row) > 0 && int(row[0]) == p
			if has {
				row = row[1:]
			}
			switch x := rng.Float64(); {
			case has && x < n.Off:
				off++
				continue
			case !has && x < put:
				on++
			case !has:
				continue
			}
			must(b.Add(m.Users[u], m.Permissions[p]))
		}
	}
	return b.Matrix(), off, on
}
