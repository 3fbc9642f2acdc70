package policy

import (
	"regexp"
	"slices"
	"testing"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// What policies may read is what the schema lets them name.
func TestAttributesAreThoseOfTheSchema(t *testing.T) {
	field := regexp.MustCompile(`(\w+)\??:`)
	for shape, list := range map[string][]attribute{resourceShape: resourceAttributes, contextShape: contextAttributes} {
		var want, have []string
		for _, m := range field.FindAllStringSubmatch(shape, -1) {
			want = append(want, m[1])
		}
		for _, a := range list {
			have = append(have, string(a.name))
		}
		slices.Sort(want)
		slices.Sort(have)
		if !slices.Equal(want, have) {
			t.Errorf("%v, not %v", have, want)
		}
	}
}

// Invariant 3: what a policy reads is made for it, however it gets at it.
func TestLooksAt(t *testing.T) {
	all := func(list []attribute) (names []string) {
		for _, a := range list {
			names = append(names, string(a.name))
		}
		return names
	}
	tests := []struct {
		name, condition string
		want            []string
	}{
		{"nothing", ``, nil},
		{"of the principal", `when { principal.active && principal has owner }`, nil},
		{"of the resource", `when { resource.kind == "x" && resource has owner }`, []string{"kind", "owner"}},
		{"of an owner", `when { resource has owner && resource.owner has owner && resource.owner.active }`, []string{"active", "owner"}},
		{"of the principal's owner", `when { principal has owner && principal.owner.kind == "human" }`, []string{"kind"}},
		{"of the one or the other", `when { (if context.mfa then principal else resource).kind == "x" }`, []string{"kind", "mfa"}},
		{"of the context", `unless { context.mfa_age < 5 }`, []string{"mfa_age"}},
		{"the context whole", `when { [context].contains(context) }`, all(contextAttributes)},
		{"in a set", `when { ["x"].contains(resource.kind) }`, []string{"kind"}},
		{"in a record", `when { {a: resource.kind}.a == "x" }`, []string{"a", "kind"}},
		{"given to a function", `when { context has address && context.address.isLoopback() }`, []string{"address"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p cedar.Policy
			if err := p.UnmarshalCedar([]byte("permit (principal, action, resource) " + tt.condition + ";")); err != nil {
				t.Fatal(err)
			}
			names := map[cedar.String]bool{}
			looksAt(names, (*ast.Policy)(p.AST()))
			var got []string
			for name := range names {
				got = append(got, string(name))
			}
			slices.Sort(got)
			slices.Sort(tt.want)
			if !slices.Equal(got, tt.want) {
				t.Errorf("%v, not %v", got, tt.want)
			}
		})
	}
}

// Invariant 3: of a scope is left what neither the index nor the selection has proven.
func TestResidual(t *testing.T) {
	for whole, want := range map[string]string{
		`permit (principal, action, resource);`:                                                     `permit (principal, action, resource);`,
		`permit (principal == Identity::"a", action == Action::"system.read", resource is System);`: `permit (principal, action, resource);`,
		`permit (principal in Function::"iam", action in Action::"read", resource == System::"s");`: `permit (principal, action, resource);`,
		`permit (principal is Identity in Function::"iam", action in [Action::"read"], resource);`:  `permit (principal, action, resource);`,
		`permit (principal is Identity, action, resource in Scope::"s") when { context.mfa };`:      `permit (principal, action, resource in Scope::"s") when { context.mfa };`,
		`forbid (principal is System, action, resource is System in Scope::"s");`:                   `forbid (principal is System, action, resource in Scope::"s");`,
		`forbid (principal is System in Function::"iam", action, resource is System);`:              `forbid (principal is System in Function::"iam", action, resource);`,
	} {
		var p, q cedar.Policy
		if err := p.UnmarshalCedar([]byte(whole)); err != nil {
			t.Fatal(err)
		}
		if err := q.UnmarshalCedar([]byte(want)); err != nil {
			t.Fatal(err)
		}
		before := string(p.MarshalCedar())
		if got := residual(&p); string(got.MarshalCedar()) != string(q.MarshalCedar()) || got.Position() != p.Position() || string(p.MarshalCedar()) != before {
			t.Errorf("%s\nleaves %s\nnot    %s", whole, got.MarshalCedar(), q.MarshalCedar())
		}
	}
}
