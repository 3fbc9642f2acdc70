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

// Noises are the kinds that are measured: as many assignments put anywhere as are taken
// away, only put, and as many of the empty cells as of the others, which is far more.
var Noises = []Noise{
	{Name: "5 % off, as many on", Off: 0.05, On: 0.05},
	{Name: "5 % on", On: 0.05},
	{Name: "5 % of all cells", Off: 0.05, On: 0.05, Cells: true},
}

// Found counts the planted roles to which some mined one has this Jaccard similarity of
// permissions at least.
func Found(m mine.Matrix, roles []mine.Role, planted [][]string, similarity float64) int {
	return like(numbered(m, planted), roles, similarity)
}

// Like counts the mined roles to which some planted one has it.
func Like(m mine.Matrix, roles []mine.Role, planted [][]string, similarity float64) int {
	return like(roles, numbered(m, planted), similarity)
}

func like(one, two []mine.Role, similarity float64) (n int) {
	for _, x := range one {
		if mine.Similarity([]mine.Role{x}, two) >= similarity {
			n++
		}
	}
	return n
}

// numbered makes roles of names; what nobody has any more is in none.
func numbered(m mine.Matrix, planted [][]string) []mine.Role {
	at := map[string]int32{}
	for i, name := range m.Permissions {
		at[name] = int32(i)
	}
	roles := make([]mine.Role, len(planted))
	for i, names := range planted {
		for _, name := range names {
			if p, ok := at[name]; ok {
				roles[i].Permissions = append(roles[i].Permissions, p)
			}
		}
	}
	return roles
}
