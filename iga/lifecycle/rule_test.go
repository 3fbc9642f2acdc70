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
		{"a choice from what nobody has", func(r *Rule) {
			r.Choices = []access.Choice{{Role: 1, From: map[string]string{"region": "identity.colour"}}}
		}, access.ErrChoice},
		{"a choice of both", func(r *Rule) {
			r.Choices = []access.Choice{{Role: 1, With: map[string]string{"region": "emea"}, From: map[string]string{"region": "identity.unit"}}}
		}, access.ErrChoice},
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

// What a choice may take values from is what conditions may look at.
func TestAttributesAreWhatConditionsLookAt(t *testing.T) {
	for name, kind := range Vars {
		if want := kind == policy.StringVar; access.IsAttribute(name) != want {
			t.Errorf("%s is an attribute: %v", name, !want)
		}
	}
	for _, name := range access.PersonAttributes {
		if Vars[name] != policy.StringVar {
			t.Errorf("conditions cannot look at %s", name)
		}
	}
	for _, name := range []string{"", "identity", "identity.attributes.", "identity.attributes. region", "account.login", "Identity.unit"} {
		if access.IsAttribute(name) {
			t.Errorf("%q is an attribute", name)
		}
	}
}

// Somebody whose value no variant is for is given nothing, and is told of; who moves has
// other variants, and who has several values several.
func TestValuesWithoutAVariantAreTold(t *testing.T) {
	person := func(id access.IdentityID, region string) Person {
		return Person{ID: id, State: access.Active, Values: map[string]string{"identity.unit": "IT", "identity.attributes.region": region}}
	}
	crowd := NewCrowd()
	for id, region := range map[access.IdentityID]string{1: "emea", 2: "emea; apac", 3: "mars", 4: "mars;apac", 5: " ;"} {
		crowd.Put(person(id, region))
	}
	reader := access.Role{
		ID: 1, Name: "reader", Parameters: []access.RoleParameter{{Name: "region", Values: []string{"apac", "emea"}, From: "identity.attributes.region"}},
		Conditional: []access.RolePart{{Entitlement: 10, When: map[string]string{"region": "emea"}}, {Entitlement: 20, When: map[string]string{"region": "apac"}}},
	}
	rule := Rule{Name: "readers", When: `identity.unit == "IT"`, Mode: policy.Enforce, Choices: []access.Choice{{Role: 1}}}
	d, err := NewDesired(crowd, []Rule{rule}, []access.Role{reader})
	if err != nil {
		t.Fatal(err)
	}
	has := func(id access.IdentityID, want ...access.EntitlementID) {
		t.Helper()
		var got []access.EntitlementID
		for _, due := range d.Of(id) {
			got = append(got, due.Entitlement)
			if len(due.Because) != 1 || due.Because[0].Rule != "readers" || due.Because[0].Role != 1 || due.Because[0].With == "" {
				t.Errorf("%d has %s because of %v", id, due.Entitlement, due.Because)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d has %v, not %v", id, got, want)
		}
	}
	has(1, 10)
	has(2, 10, 20)
	has(3)
	has(4, 20)
	has(5)
	list := d.Without("readers")
	if len(list) != 2 || list[0].Value != "mars" || !slices.Equal(list[0].People, []access.IdentityID{3, 4}) || list[1].Value != "" || !slices.Equal(list[1].People, []access.IdentityID{5}) {
		t.Errorf("told: %+v", list)
	}
	if c := d.Follow([]Person{person(1, "apac")}, nil); len(c) != 1 || !slices.Equal(c[0].Gains, []access.EntitlementID{20}) || !slices.Equal(c[0].Loses, []access.EntitlementID{10}) {
		t.Errorf("who moves: %+v", c)
	}
	has(1, 20)
	d.Follow([]Person{person(1, "venus")}, nil)
	has(1)
	if list := d.Without("readers"); len(list) != 3 {
		t.Errorf("told: %+v", list)
	}
	// A role that no longer fits gives nothing, and that is told of everybody.
	reader.Parameters = append(reader.Parameters, access.RoleParameter{Name: "project", Values: []string{"apollo"}})
	if _, err := d.Change([]Rule{rule}, []access.Role{reader}); err != nil {
		t.Fatal(err)
	}
	has(2)
	if list := d.Without("readers"); len(list) != 1 || len(list[0].People) != 5 || !strings.Contains(list[0].Why, "say what project of reader is") {
		t.Errorf("told: %+v", list)
	}
}
