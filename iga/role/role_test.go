package role

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

func gives(kind Kind, name string, parts ...Part) Definition {
	return Definition{Name: name, Kind: kind, Parts: parts}
}

// company is a catalog: mail and erp are technical, clerk contains both, office is
// parametric with one variant, which desk contains.
func company() *Catalog {
	office := gives(Business, "office", Part{Entitlement: 1}, Part{Entitlement: 5, When: Values{"region": "emea"}}, Part{Entitlement: 6, When: Values{"region": "apac"}})
	office.Parameters = []Parameter{{Name: "region", Values: []string{"apac", "emea"}}}
	variant := gives(Business, "office (region=emea)", Part{Entitlement: 1}, Part{Entitlement: 5})
	return NewCatalog([]Role{
		{ID: 1, Number: 1, Definition: gives(Technical, "mail", Part{Entitlement: 1})},
		{ID: 2, Number: 1, Definition: gives(Technical, "erp", Part{Entitlement: 2}, Part{Entitlement: 3})},
		{ID: 3, Number: 1, Definition: gives(Business, "clerk", Part{Role: 1}, Part{Role: 2}, Part{Entitlement: 4})},
		{ID: 4, Number: 1, Definition: office},
		{ID: 5, Number: 1, Definition: variant, Of: 4, Bound: Values{"region": "emea"}},
		{ID: 6, Number: 1, Definition: gives(Business, "desk", Part{Role: 5})},
	})
}

// Invariant 1. What a role must not be is refused with what to do.
func TestRolesThatAreRefused(t *testing.T) {
	many := make([]Part, MaxParts+1)
	for i := range many {
		many[i].Entitlement = access.EntitlementID(i + 1)
	}
	parametric := func(name string, values ...string) Definition {
		d := gives(Business, "new", Part{Entitlement: 1})
		d.Parameters = []Parameter{{Name: name, Values: values}}
		return d
	}
	tests := []struct {
		name string
		id   access.RoleID
		d    Definition
		want *fault.Error
	}{
		{"as it should be", 9, gives(Business, "new", Part{Role: 3}, Part{Role: 5}, Part{Entitlement: 9}), nil},
		{"one that has no id yet", 0, gives(Business, "new", Part{Role: 3}, Part{Role: 5}, Part{Entitlement: 9}), nil},
		{"no name", 9, gives(Business, " ", Part{Entitlement: 1}), ErrName},
		{"a name that turns the line round", 9, gives(Business, "a\u202eb", Part{Entitlement: 1}), ErrName},
		{"a long name", 9, gives(Business, strings.Repeat("a", 101), Part{Entitlement: 1}), ErrName},
		{"another's name", 9, gives(Business, "clerk", Part{Entitlement: 1}), ErrTaken},
		{"no kind", 9, gives("", "new", Part{Entitlement: 1}), ErrKind},
		{"nothing in it", 9, gives(Business, "new"), ErrEmpty},
		{"too much in it", 9, gives(Business, "new", many...), ErrSize},
		{"a part that is nothing", 9, gives(Business, "new", Part{}), ErrPart},
		{"a part that is two things", 9, gives(Business, "new", Part{Entitlement: 1, Role: 1}), ErrPart},
		{"a role that is not there", 9, gives(Business, "new", Part{Role: 77}), ErrPart},
		{"a parametric role as a part", 9, gives(Business, "new", Part{Role: 4}), ErrPart},
		{"a technical role with a business role", 9, gives(Technical, "new", Part{Role: 3}), ErrContains},
		{"a business role below a technical one", 1, gives(Business, "mail", Part{Entitlement: 1}), nil},
		{"a role with itself", 3, gives(Business, "clerk", Part{Role: 3}), ErrCycle},
		{"a circle", 3, gives(Business, "clerk", Part{Role: 6}), nil},
		{"a circle by a variant", 4, func() Definition {
			d := gives(Business, "office", Part{Role: 6})
			d.Parameters = []Parameter{{Name: "region", Values: []string{"emea"}}}
			return d
		}(), ErrCycle},
		{"without a value that another contains", 4, gives(Business, "office", Part{Entitlement: 1}), ErrInUse},
		{"parameters for what others contain", 1, func() Definition {
			d := gives(Technical, "mail", Part{Entitlement: 1})
			d.Parameters = []Parameter{{Name: "region", Values: []string{"emea"}}}
			return d
		}(), ErrParameter},
		{"a parameter without values", 9, parametric("region"), ErrParameter},
		{"a parameter with an odd name", 9, parametric("Region!", "emea"), ErrParameter},
		{"a value on two lines", 9, parametric("region", "em\nea"), ErrParameter},
		{"a condition on no parameter", 9, gives(Business, "new", Part{Entitlement: 1, When: Values{"region": "emea"}}), ErrParameter},
		{"a change of a variant", 5, gives(Business, "new", Part{Entitlement: 1}), ErrPart},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := company().Become(tt.id, tt.d)
			if tt.want == nil && err != nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%v, not %v", err, tt.want)
			}
		})
	}
}

// Invariant 1. Roles are MaxDepth deep at most, also where the depth comes from above or
// by a variant.
func TestRolesAreNotTooDeep(t *testing.T) {
	chain := func(n int) []Role {
		var list []Role
		for i := 1; i <= n; i++ {
			d := gives(Business, fmt.Sprint("r", i), Part{Entitlement: 1})
			if i > 1 {
				d.Parts = append(d.Parts, Part{Role: access.RoleID(i - 1)})
			}
			list = append(list, Role{ID: access.RoleID(i), Definition: d})
		}
		return list
	}
	full := NewCatalog(chain(MaxDepth))
	if _, err := full.Become(MaxDepth, gives(Business, "top", Part{Role: MaxDepth - 1})); err != nil {
		t.Errorf("as deep as roles may be: %v", err)
	}
	if _, err := full.Become(20, gives(Business, "top", Part{Role: MaxDepth})); !errors.Is(err, ErrDepth) {
		t.Errorf("one more above: %v", err)
	}
	below := NewCatalog(append(chain(MaxDepth), Role{ID: 20, Definition: gives(Business, "low", Part{Entitlement: 1})}))
	if _, err := below.Become(1, gives(Business, "r1", Part{Role: 20})); !errors.Is(err, ErrDepth) {
		t.Errorf("one more below: %v", err)
	}
}

// Invariant 6. A variant gives what the role says for its values; a value that goes takes
// its variant with it.
func TestVariantsFollowTheirRole(t *testing.T) {
	c := company()
	if got := c.Given(5); !slices.Equal(got, []access.EntitlementID{1, 5}) {
		t.Errorf("the variant gives %v", got)
	}
	office, _ := c.Role(4)
	d := office.Definition
	d.Name = "branch"
	d.Parts = append(slices.Clone(d.Parts), Part{Entitlement: 7, When: Values{"region": "emea"}})
	ch, err := c.Become(4, d)
	if err != nil {
		t.Fatal(err)
	}
	next := ch.After(c)
	if got := next.Given(5); !slices.Equal(got, []access.EntitlementID{1, 5, 7}) {
		t.Errorf("the variant then gives %v", got)
	}
	if r, ok := next.Named("branch (region=emea)"); !ok || r.ID != 5 {
		t.Errorf("the variant is called otherwise: %+v", r)
	}
	if _, stale := next.Named("office (region=emea)"); stale {
		t.Error("the old name is still there")
	}
	d.Parameters = []Parameter{{Name: "region", Values: []string{"apac"}}}
	d.Parts = []Part{{Entitlement: 1}}
	delete(c.roles, 6) // which contains the variant
	if ch, err = c.Become(4, d); err != nil || len(ch.Gone) != 1 || ch.Gone[0].ID != 5 || len(ch.Variants) != 0 {
		t.Errorf("%+v, %v", ch, err)
	}
	for _, v := range []Values{{}, {"region": "mars"}, {"region": "emea", "more": "x"}, {"more": "x"}} {
		if err := office.bind(v); !errors.Is(err, ErrValues) {
			t.Errorf("%v: %v", v, err)
		}
	}
	if err := office.bind(Values{"region": "apac"}); err != nil {
		t.Error(err)
	}
}

// Invariant 2. Whoever wrote some of a draft does not review it, and nothing is published
// that was changed after the review.
func TestDrafts(t *testing.T) {
	c := company()
	d := Draft{Role: 3, Base: 1}.edited("ana", gives(Business, "clerk", Part{Entitlement: 9}))
	d = d.edited("ben", d.Definition)
	if _, err := d.reviewed("cleo", true, ""); !errors.Is(err, ErrNotReview) {
		t.Errorf("reviewed before it was submitted: %v", err)
	}
	if err := d.publishable(c); !errors.Is(err, ErrUnread) {
		t.Errorf("published unread: %v", err)
	}
	d, err := d.submitted()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.submitted(); !errors.Is(err, ErrInReview) {
		t.Errorf("submitted twice: %v", err)
	}
	for _, author := range []string{"ana", "ben"} {
		if _, err := d.reviewed(author, true, ""); !errors.Is(err, ErrAuthor) {
			t.Errorf("%s reviews their own: %v", author, err)
		}
	}
	if _, err := d.reviewed("cleo", false, ""); !errors.Is(err, ErrReason) {
		t.Errorf("sent back without a reason: %v", err)
	}
	back, err := d.reviewed("cleo", false, "too much")
	if err != nil || back.State != Written || back.Note != "too much" {
		t.Errorf("%+v, %v", back, err)
	}
	approved, err := d.reviewed("cleo", true, "")
	if err != nil || approved.publishable(c) != nil {
		t.Fatalf("%+v, %v", approved, err)
	}
	changed := approved.edited("cleo", gives(Business, "clerk", Part{Entitlement: 8}))
	if err := changed.publishable(c); !errors.Is(err, ErrUnread) {
		t.Errorf("changed after the review: %v", err)
	}
	forged := approved
	forged.Reviewer = "ana"
	if err := forged.publishable(c); !errors.Is(err, ErrAuthor) {
		t.Errorf("a row that says an author has reviewed it: %v", err)
	}
	approved.Base = 0
	if err := approved.publishable(c); !errors.Is(err, ErrOutdated) {
		t.Errorf("another version was published: %v", err)
	}
}

func drawSets(t *rapid.T) [][]uint32 {
	sets := make([][]uint32, rapid.IntRange(0, 6).Draw(t, "n"))
	for i := range sets {
		m := map[uint32]bool{}
		for range rapid.IntRange(0, 7).Draw(t, "size") {
			m[rapid.Uint32Range(1, 9).Draw(t, "element")] = true
		}
		sets[i] = slices.Sorted(maps.Keys(m))
	}
	return sets
}

func always(int, int) bool { return true }

// Invariant 9. What is found without comparing all with all is what comparing all finds.
func TestPairsAreAllThatThereAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sets := drawSets(t)
		share := rapid.SampledFrom([]float64{0.5, 0.8, 1}).Draw(t, "share")
		alike, below := map[[2]int]bool{}, map[[2]int]bool{}
		for i, a := range sets {
			for j, b := range sets {
				if i < j && len(a) > 0 && jaccard(a, b) >= share {
					alike[[2]int{i, j}] = true
				}
				if i != j && len(a) > 0 && common(a, b) == len(a) && (len(a) < len(b) || i < j) {
					below[[2]int{i, j}] = true
				}
			}
		}
		for name, c := range map[string]struct {
			got  func(func([2]int) bool)
			want map[[2]int]bool
		}{"similar": {similar(sets, share, always), alike}, "subsets": {subsets(sets, always), below}} {
			got := map[[2]int]bool{}
			for p := range c.got {
				if got[p] {
					t.Fatalf("%s: %v twice", name, p)
				}
				got[p] = true
			}
			if !maps.Equal(got, c.want) {
				t.Fatalf("%s of %v from %v: %v, not %v", name, sets, share, got, c.want)
			}
		}
	})
}

// A thousand times the same role is told of each five times at most.
func TestManyDuplicatesAreToldBriefly(t *testing.T) {
	sets := make([][]uint32, 1000)
	for i := range sets {
		sets[i] = []uint32{1, 2, 3}
	}
	n := 0
	for range subsets(sets, always) {
		n++
	}
	if n == 0 || n > mostPairs*len(sets) {
		t.Errorf("%d pairs", n)
	}
}

// Invariant 9. The work for twice as many roles is told as a ratio: near 2, not 4.
func BenchmarkPairs(b *testing.B) {
	for _, n := range []int{2_000, 4_000, 8_000} {
		r := rand.New(rand.NewPCG(1, 1))
		sets := make([][]uint32, n)
		for i := range sets {
			m := map[uint32]bool{1: true, 2: true} // everybody has mail
			for range 10 + r.IntN(30) {
				m[uint32(r.IntN(n*5))] = true
			}
			sets[i] = slices.Sorted(maps.Keys(m))
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				for range subsets(sets, always) {
				}
				for range similar(sets, overlapFrom, always) {
				}
			}
		})
	}
}
