package mine_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/iga/role/mine"
	"github.com/writhq/writ/iga/role/mine/minetest"
)

// Planted roles are found again under each kind of noise, as they were, and little else.
func TestPlantedRolesShowThroughNoise(t *testing.T) {
	s := minetest.Shape{Users: 1500, Permissions: 600, Roles: 40, RoleSize: [2]int{8, 30}, UserRoles: [2]int{1, 3}}
	m, planted := s.Make(3)
	for _, n := range minetest.Noises {
		t.Run(n.Name, func(t *testing.T) {
			spoilt, off, on := minetest.Spoil(m, n, 4)
			r := mined(t, spoilt, mine.Options{Error: 1.1 * float64(off+on) / float64(spoilt.Pairs())})
			if float64(r.Missing+r.Extra) > 1.1*float64(off+on) {
				t.Errorf("%d missing and %d extra are more than was allowed", r.Missing, r.Extra)
			}
			found := minetest.Found(spoilt, r.Roles, planted, 1)
			if found < 38 || len(r.Roles) > 42 {
				t.Errorf("%d of %d found, by %d roles", found, len(planted), len(r.Roles))
			}
		})
	}
}

// Roles that contain others, that mostly come together, and what everybody has beside users
// who have nearly everything are told apart, most of them.
func TestCrowdedRolesShowThroughNoise(t *testing.T) {
	for _, s := range minetest.Crowded[1:] {
		s.Users, s.Permissions, s.Roles = s.Users/4, s.Permissions/2, s.Roles/4
		t.Run(s.Name, func(t *testing.T) {
			m, planted := s.Make(5)
			spoilt, _, _ := minetest.Spoil(m, minetest.Noises[0], 6)
			// So much is allowed that nothing but what shows through is looked for.
			r := mined(t, spoilt, mine.Options{Error: 0.5})
			if found := minetest.Found(spoilt, r.Roles, planted, 0.8); 2*found < len(planted) {
				t.Errorf("%d of %d found, by %d roles", found, len(planted), len(r.Roles))
			}
		})
	}
}

// A set error is never exceeded, and needs no more roles than none.
func TestAnErrorIsASetOne(t *testing.T) {
	for _, s := range minetest.Shapes[:2] {
		m, _ := s.Make(2)
		exact := mined(t, m, mine.Options{})
		last := len(exact.Roles)
		for _, allowed := range []float64{0.01, 0.05, 0.2} {
			r := mined(t, m, mine.Options{Error: allowed})
			if wrong := r.Missing + r.Extra; float64(wrong) > allowed*float64(m.Pairs()) {
				t.Errorf("%s: %d of %d wrong, %v allowed", s.Name, wrong, m.Pairs(), allowed)
			}
			if len(r.Roles) > last {
				t.Errorf("%s: %d roles with an error of %v, %d with less", s.Name, len(r.Roles), allowed, last)
			}
			last = len(r.Roles)
		}
	}
}

// Where the time is over before the search is, some of it is left for measuring stability: as
// soon as that is enough for a run, on whatever machine.
func TestStabilityHasItsShareOfTheTime(t *testing.T) {
	m, _ := minetest.Shapes[3].Make(1)
	var r mine.Result
	for lasts := 3 * time.Second; lasts <= 24*time.Second; lasts *= 2 {
		ctx, done := context.WithTimeout(t.Context(), lasts)
		var err error
		r, err = mine.Mine(ctx, m, mine.Options{Stability: 2})
		done()
		if err != nil {
			t.Fatal(err)
		}
		if r.Stability.Runs > 0 {
			break
		}
	}
	if r.Stability.Runs == 0 || r.Converged {
		t.Errorf("%d runs, converged %v", r.Stability.Runs, r.Converged)
	}
}

func TestStabilityIsMeasured(t *testing.T) {
	m, _ := minetest.Shapes[1].Make(1)
	r := mined(t, m, mine.Options{Stability: 2})
	s := r.Stability
	if s == nil || s.Runs != 2 || s.Forward <= 0 || s.Forward > 1 || s.Backward <= 0 || s.Backward > 1 || s.Most < s.Fewest {
		t.Errorf("%+v", s)
	}
	if mine.Similarity(r.Roles, r.Roles) != 1 {
		t.Error("roles are not like themselves")
	}
	other := slices.Clone(r.Roles)
	other[0].Permissions = other[0].Permissions[1:]
	if got := mine.Similarity(r.Roles, other); got >= 1 || got < 0.9 {
		t.Errorf("one permission of one role less: %v", got)
	}
}

func TestAttributesExplainRoles(t *testing.T) {
	var b mine.Builder
	var csv strings.Builder
	csv.WriteString("user,title,city,number\n")
	for i := range 40 {
		user := string(rune('a'+i/10)) + string(rune('0'+i%10))
		title, city := []string{"Analyst", "Clerk"}[i%2], []string{"Zürich", "Bern"}[i/20]
		csv.WriteString(user + "," + title + "," + city + "," + user + "\n")
		if title == "Analyst" && city == "Zürich" && i != 0 {
			for _, p := range []string{"ledger:read", "ledger:write"} {
				if err := b.Add(user, p); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := b.Add(user, "mail"); err != nil {
			t.Fatal(err)
		}
	}
	a, err := mine.ReadAttributes(strings.NewReader(csv.String()))
	if err != nil {
		t.Fatal(err)
	}
	m := b.Matrix()
	r := mined(t, m, mine.Options{Attributes: a})
	i := slices.IndexFunc(r.Roles, func(x mine.Role) bool { return len(x.Permissions) > 1 })
	if i < 0 {
		t.Fatalf("%+v", r.Roles)
	}
	x := r.Roles[i]
	if x.Rule.String() != "90 % of city=Zürich and title=Analyst" || x.Name != "Zürich, Analyst" || x.Rule.Recall != 1 || len(x.Lacking) != 1 || m.Users[x.Lacking[0]] != "a0" {
		t.Errorf("%q by %v, %+v; lacking %v", x.Name, x.Rule, x.Rule, x.Lacking)
	}
	if r.Explained() != 0.5 {
		t.Errorf("explained %v", r.Explained())
	}
}

func TestReadingAttributes(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "are empty",
		"user\nana\n":                 "has one column",
		"user,title\nana\n":           "line 2 of the attributes is no CSV",
		"user,title\nana,x\n,Clerk\n": "line 3 of the attributes names no user",
		"user,title\nana,\xff\n":      "line 2 of the attributes is not UTF-8",
	} {
		if _, err := mine.ReadAttributes(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What a candidate says of itself, on a matrix that can be counted by hand.
func TestWhatACandidateSays(t *testing.T) {
	m, err := mine.ReadPairs(strings.NewReader(`
a p1
a p2
a p3
a p4
a p5
b p1
b p2
b p3
b p4
b p5
c p1
c p2
c p3
c p4
d p5
`))
	if err != nil {
		t.Fatal(err)
	}
	r := mined(t, m, mine.Options{})
	if len(r.Roles) != 2 || !r.Proven || r.Lower != 2 || r.Complexity() != 13 {
		t.Fatalf("%+v", r)
	}
	x := r.Roles[0] // a, b, c have p1 to p4, or a, b, d have p5
	if len(x.Permissions) != 4 {
		x = r.Roles[1]
	}
	if x.Support != 3 || x.Fit != 1 || x.Covers != 12 || x.Alone != 12 || x.Name != "p1 and 3 more" {
		t.Errorf("%+v", x)
	}
	three := mined(t, m, mine.Options{Error: 0.3})
	if len(three.Roles) != 1 || three.Missing != 3 {
		t.Fatalf("%+v", three)
	}
}
