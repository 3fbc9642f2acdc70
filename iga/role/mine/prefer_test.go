package mine_test

import (
	"testing"

	"github.com/writhq/writ/iga/role/mine"
	"github.com/writhq/writ/iga/role/mine/minetest"
)

// Invariants 1 and 6: of roles that give the same, those that attributes explain are
// preferred, which costs no more than allowed and gives nobody anything else.
func TestExplainedRolesArePreferred(t *testing.T) {
	s := minetest.Ruled[0]
	better := 0
	for seed := range uint64(4) {
		m, _ := s.Make(seed)
		a := s.Attributes()
		plain := mined(t, m, mine.Options{})
		free := mined(t, m, mine.Options{Attributes: a})
		last := free.Explained()
		for _, allowed := range []float64{0.01, 0.05} {
			r := mined(t, m, mine.Options{Attributes: a, Prefer: allowed})
			if err := mine.Verify(m, r.Roles); err != nil {
				t.Fatal(err)
			}
			if len(r.Roles) > len(plain.Roles) || float64(r.Complexity()) > (1+allowed)*float64(plain.Complexity()) || r.Explained() < last {
				t.Errorf("seed %d, %v allowed: %d roles of %d, %v explained; for nothing %d of %d, %v", seed, allowed, len(r.Roles), r.Complexity(), r.Explained(), len(free.Roles), free.Complexity(), free.Explained())
			}
			last = r.Explained()
		}
		if last > free.Explained() {
			better++
		}
	}
	if better < 3 {
		t.Errorf("more are explained for %d of 4 only", better)
	}
}
