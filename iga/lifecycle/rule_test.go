package lifecycle

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/policy"
)

// What a rule breaks is said, with what to do.
func TestRulesThatAreRefused(t *testing.T) {
	good := Rule{Name: "everybody", When: `identity.kind == "human"`, Roles: []access.RoleID{1}, Mode: policy.Enforce}
	tests := []struct {
		name string
		edit func(*Rule)
		want *fault.Error
	}{
		{"as it should be", func(*Rule) {}, nil},
		{"a name with spaces", func(r *Rule) { r.Name = "All people" }, ErrRuleName},
		{"no name", func(r *Rule) { r.Name = "" }, ErrRuleName},
		{"a long name", func(r *Rule) { r.Name = strings.Repeat("a", 65) }, ErrRuleName},
		{"nothing to give", func(r *Rule) { r.Roles = nil }, ErrRuleEmpty},
		{"no such mode", func(r *Rule) { r.Mode = 9 }, ErrRuleMode},
		{"no condition", func(r *Rule) { r.When = " " }, policy.ErrExpression},
		{"a condition that is text", func(r *Rule) { r.When = `identity.unit` }, ErrRuleKind},
		{"a condition on what nobody has", func(r *Rule) { r.When = `identity.shoe_size > 40` }, policy.ErrExpression},
		{"a condition on the account", func(r *Rule) { r.When = `account.login == "root"` }, policy.ErrExpression},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := good
			tt.edit(&r)
			_, err := NewDesired(NewCrowd(), []Rule{r}, nil)
			if tt.want == nil && err != nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%v, not %v", err, tt.want)
			}
		})
	}
}

// Invariant 2: a feed that loses a column takes nothing from anybody, and says about whom
// it cannot be told; when the column is back, what changed meanwhile counts.
func TestAColumnThatDisappearsTakesNothing(t *testing.T) {
	person := func(id access.IdentityID, site string) Person {
		p := Person{ID: id, State: access.Active, Values: map[string]string{"identity.unit": "IT"}}
		if site != "" {
			p.Values["identity.attributes.site"] = site
		}
		return p
	}
	crowd := NewCrowd()
	crowd.Put(person(1, "Bern"))
	crowd.Put(person(2, "Bern"))
	crowd.Put(person(3, "Oslo"))
	rule := Rule{Name: "bern", When: `identity.attributes.site == "Bern"`, Entitlements: []access.EntitlementID{7}, Mode: policy.Enforce}
	d, err := NewDesired(crowd, []Rule{rule}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if changes := d.Follow([]Person{person(1, ""), person(2, ""), person(3, "")}, nil); len(changes) > 0 {
		t.Errorf("the column is gone, and %v", changes)
	}
	if members, doubtful := d.Members("bern"); len(members) != 0 || !slices.Equal(doubtful, []access.IdentityID{1, 2, 3}) {
		t.Errorf("members %v, doubtful %v", members, doubtful)
	}
	changes := d.Follow([]Person{person(1, "Bern"), person(2, "Oslo"), person(3, "Oslo")}, nil)
	if want := (Change{Identity: 1, Gains: []access.EntitlementID{7}}); len(changes) < 2 || !equal(changes[0], want) {
		t.Errorf("%v, not first %v", changes, want)
	}
	if want := (Change{Identity: 2, Loses: []access.EntitlementID{7}}); !equal(changes[1], want) {
		t.Errorf("%v, not second %v", changes, want)
	}
}

func equal(a, b Change) bool {
	return a.Identity == b.Identity && slices.Equal(a.Gains, b.Gains) && slices.Equal(a.Loses, b.Loses)
}
