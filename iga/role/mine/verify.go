package mine

import (
	"slices"

	"github.com/writhq/writ/internal/fault"
)

// ErrNotExact is a defect of ours: roles that are called exact are not.
var ErrNotExact = fault.New(fault.Internal, "roles-not-exact", "the roles that were found do not give everybody exactly what they have: this is a defect of Writ, please report it")

// Verify multiplies who is in which role by what is in it, and holds the product against
// the matrix, cell by cell. It shares nothing with the search but the matrix.
func Verify(m Matrix, roles []Role) error {
	in := make([][]int32, len(m.Users))
	for i, r := range roles {
		for _, u := range r.Members {
			if int(u) >= len(in) || u < 0 {
				return ErrNotExact.With("role %d has a member who does not exist: this is a defect of Writ, please report it", i+1)
			}
			in[u] = append(in[u], int32(i))
		}
	}
	var has []int32
	for u := range m.Users {
		has = has[:0]
		for _, i := range in[u] {
			has = append(has, roles[i].Permissions...)
		}
		slices.Sort(has)
		has = slices.Compact(has)
		if !slices.Equal(has, m.rows[u]) {
			return ErrNotExact.With("by the roles that were found, %q has %d permissions or others than the %d of the input: this is a defect of Writ, please report it", m.Users[u], len(has), len(m.rows[u]))
		}
	}
	return nil
}
