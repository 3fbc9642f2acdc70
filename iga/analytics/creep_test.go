package analytics

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/policy"
)

func TestPositions(t *testing.T) {
	hired := ago(2000)
	tests := []struct {
		name string
		list []Affiliation
		want string // units with how many days ago they began
	}{
		{"one, since they were hired", []Affiliation{{Unit: "A", From: ago(100), Start: hired}}, "A 2000"},
		{"one, of unknown date", []Affiliation{{Unit: "A", From: ago(100)}}, "A -"},
		{"a move", []Affiliation{{Unit: "A", From: ago(100), Until: ago(40), Start: hired}, {Unit: "B", From: ago(40), Start: hired}}, "A 2000, B 40"},
		{"another title is no move", []Affiliation{{Unit: "A", Title: "x", From: ago(100), Until: ago(40)}, {Unit: "A", Title: "y", From: ago(40)}}, "A -"},
		{"there and back", []Affiliation{{Unit: "A", From: ago(100), Until: ago(40)}, {Unit: "B", From: ago(40), Until: ago(9)}, {Unit: "A", From: ago(9)}}, "A -, B 40, A 9"},
		{"told later than it was", []Affiliation{{Unit: "A", From: ago(100), Until: ago(40), Start: hired}, {Unit: "B", From: ago(40), Start: ago(50)}}, "A 2000, B 50"},
		{"told before it was", []Affiliation{{Unit: "A", From: ago(100), Until: ago(40), Start: hired}, {Unit: "A", From: ago(40), Start: hired, End: ago(10)}, {Seq: 1, Unit: "B", From: ago(40), Start: ago(10)}}, "A 2000, B 10"},
		{"two at once", []Affiliation{{Unit: "A", From: ago(100)}, {Seq: 1, Unit: "B", From: ago(100)}}, "A -"},
		{"none", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, p := range positions(tt.list) {
				days := "-"
				if p.Since != 0 {
					days = fmt.Sprint((ago(0) - p.Since) / days1)
				}
				got = append(got, p.Unit+" "+days)
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("%q, not %q", strings.Join(got, ", "), tt.want)
			}
		})
	}
}

const days1 = access.Time(24 * 3600 * 1_000_000)

// moved is the company with somebody who went from Platform to Treasury 40 days ago, and
// kept 3 (engineers') and 1 (everybody's), and was given 2 (clerks').
func moved() *world {
	w := company()
	w.person(200, "Treasury", "Clerk", 1, 2, 3)
	w.movers = []Mover{{
		ID:           200,
		Affiliations: []Affiliation{{Unit: "Platform", Title: "Engineer", From: ago(400), Until: ago(40)}, {Unit: "Treasury", Title: "Clerk", From: ago(40)}},
		Grants: []Had{
			{Entitlement: 1, From: ago(400)},
			{Entitlement: 3, From: ago(400), Until: ago(200)},
			{Entitlement: 3, From: ago(200)},
			{Entitlement: 2, From: ago(39)},
			{Entitlement: 4, From: ago(300), Until: ago(20)},
		},
	}}
	return w
}

func TestCreep(t *testing.T) {
	page, err := moved().service(t).Creep(t.Context(), CreepFilter{Reach: everywhere})
	if err != nil || page.All != 1 || page.Moved != 1 {
		t.Fatalf("%+v %v", page, err)
	}
	got := page.People[0]
	if got.Identity != 200 || got.CreepCount.Held != 3 || got.CreepCount.Kept != 1 || got.Usual != 1 || got.Tiers != [4]int{0, 1, 0, 0} || got.Weight != 4 {
		t.Errorf("%+v", got.CreepCount)
	}
	if i := slices.IndexFunc(got.Creep.Kept, func(k Kept) bool { return k.Entitlement == 3 }); got.Creep.Kept[i].Since != ago(400) || got.Positions[got.Creep.Kept[i].Position].Unit != "Platform" {
		t.Errorf("%+v", got.Creep)
	}
	// In the last month but one nothing was kept yet; then 3 and 4; 4 has gone since. What
	// is usual today, 1, is not counted in the past either.
	var kept []int
	for _, p := range page.Trend {
		if p.Unit != "Treasury" {
			t.Errorf("%+v", p)
		}
		kept = append(kept, p.Kept)
	}
	if !slices.Equal(kept, []int{2, 1}) { // on the first of November, and now
		t.Errorf("the trend is %v: %+v", kept, page.Trend)
	}
}

func TestCreepOfOnePerson(t *testing.T) {
	s := moved().service(t)
	x, _, err := s.CreepOf(t.Context(), 200, everywhere)
	if err != nil || x.CreepCount.Kept != 1 || len(x.Positions) != 2 || len(x.Creep.Kept) != 2 {
		t.Errorf("%+v %v", x, err)
	}
	x, _, err = s.CreepOf(t.Context(), 1, everywhere)
	if err != nil || x.CreepCount.Kept != 0 || x.Identity != 1 {
		t.Errorf("who never moved: %+v %v", x, err)
	}
}

// Invariant 4.
func TestLesson14_CreepKeepsToTheReach(t *testing.T) {
	s := moved().service(t)
	for system, want := range map[access.SystemID]int{1: 0, 2: 1, 3: 0} {
		reach := policy.Reach{Systems: map[access.SystemID]bool{system: true}}
		page, err := s.Creep(t.Context(), CreepFilter{Reach: reach})
		if err != nil || page.All != want {
			t.Errorf("system %d: %+v %v", system, page, err)
		}
		for _, p := range page.Trend {
			if system != 2 {
				t.Errorf("system %d: %+v", system, p)
			}
		}
		x, _, err := s.CreepOf(t.Context(), 200, reach)
		if err != nil || x.CreepCount.Kept != want || slices.ContainsFunc(x.Creep.Kept, func(k Kept) bool { return k.System != system }) {
			t.Errorf("system %d: %+v %v", system, x, err)
		}
	}
}
