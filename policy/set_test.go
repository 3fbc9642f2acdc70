package policy

import (
	"errors"
	"strings"
	"testing"
)

// Invariant 4: one bad policy refuses the whole set, and says where.
func TestCorruptSetIsRefusedAsAWhole(t *testing.T) {
	const head = "@id(\"a.b\") @reason(\"why\")\n"
	tests := []struct{ name, text, want string }{
		{"not cedar", "permit (principal, action, resource)\nwhen { true", "house:2:12: the text ends where } should be"},
		{"no brackets", "permit everything;", "house:1:18: everything is where ( should be"},
		{"a typo in a keyword", head + "permt (principal, action, resource);", "house:2:7: "},
		{"unknown action", head + `permit (principal, action == Action::"identity.raed", resource);`, "house:1:1: "},
		{"unknown group", head + `permit (principal, action in Action::"reads", resource);`, "house:1:1: "},
		{"unknown function", head + `permit (principal in Function::"admin", action, resource);`, "house:1:1: "},
		{"a function in another case", head + `permit (principal in Function::"IAM", action, resource);`, "house:1:1: "},
		{"unknown attribute", head + `permit (principal, action, resource) when { principal.admin };`, "house:1:1: "},
		{"wrong type", head + `permit (principal, action, resource) when { principal.kind == 3 };`, "house:1:1: "},
		{"optional and not asked for", head + `forbid (principal, action, resource) when { principal.owner == principal };`, "house:1:1: "},
		{"no id", `@reason("why") permit (principal, action, resource);`, "house:1:1: "},
		{"an id in upper case", `@id("A.b") @reason("why") permit (principal, action, resource);`, "house:1:1: "},
		{"no reason", `@id("a.b") permit (principal, action, resource);`, "house:1:1: "},
		{"unknown annotation", head + `@severity("high") permit (principal, action, resource);`, "house:1:1: "},
		{"unknown mode", head + `@mode("enforced") permit (principal, action, resource);`, "house:1:1: "},
		{"unknown obligation", head + `@obligation("record, film") permit (principal, action, resource);`, "house:1:1: "},
		{"an obligation's value", head + `@obligation("max_duration=-1h") permit (principal, action, resource);`, "house:1:1: "},
		{"a forbid that obliges", head + `@obligation("record") forbid (principal, action, resource);`, "house:1:1: "},
		{"a guard's id", `@id("guard.active") @reason("why") permit (principal, action, resource);`, "house:1:1: "},
		{"twice the same id", head + "permit (principal, action, resource);\n" + head + "permit (principal, action, resource);", "house:3:1: "},
		{"too deep", head + "permit (principal, action, resource) when { " + strings.Repeat("(", 100_000) + "true", "house:2:108: "},
		{"too deep without brackets", head + "permit (principal, action, resource) when { " + strings.Repeat("if true then ", 10_000), "house:2:"},
		{"too many nodes", head + "permit (principal, action, resource) when { " + strings.Repeat("context.mfa || ", 400) + "true };", "house:1:1: "},
		{"too long", strings.Repeat(" ", maxDocument+1), "house: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			good := Document{Name: "good", Text: `@id("good") @reason("why") permit (principal, action, resource);`}
			s, err := NewSet(1, good, Document{Name: "house", Text: tt.text})
			if s != nil || !errors.Is(err, ErrPolicy) {
				t.Fatalf("set %v, error %v", s != nil, err)
			}
			if !strings.HasPrefix(err.Error(), tt.want) {
				t.Fatalf("%q does not begin with %q", err, tt.want)
			}
		})
	}
}

func TestANewPolicyStartsInObserve(t *testing.T) {
	s, err := NewSet(1, Document{Name: "house", Text: `@id("a") @reason("why") permit (principal, action, resource);`})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.Policies() {
		if (p.ID == "a") != (p.Mode == Observe) {
			t.Errorf("%s is in %s", p.ID, p.Mode)
		}
	}
}

func TestDigestFollowsTheDocuments(t *testing.T) {
	text := `@id("a") @reason("why") permit (principal, action, resource);`
	a, err := NewSet(1, Document{Name: "x", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := NewSet(2, Document{Name: "x", Text: text})
	c, _ := NewSet(2, Document{Name: "x", Text: text, Default: Enforce})
	if a.Digest != b.Digest || b.Digest == c.Digest {
		t.Fatalf("%s %s %s", a.Digest, b.Digest, c.Digest)
	}
}

// Every shipped policy says what it is for, and each action is permitted to
// somebody by one of them.
func TestShippedPoliciesCoverTheActions(t *testing.T) {
	s, err := NewSet(1, Shipped()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range Actions {
		found := false
		for _, p := range s.index[a.Name].enforced {
			found = found || p.Effect == Permit
		}
		if !found && a.Name != "audit.erase" { // an organisation decides whom it trusts with that
			t.Errorf("nobody may %s", a.Name)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add(shippedText(guards))
	f.Add(shippedText("functions"))
	f.Add(`@id("a") @reason("b") @obligation("record, approve=2, mask=x, max_duration=8h") permit (principal, action, resource) when { if context.mfa then true else [1,2].contains(1) };`)
	f.Add(`@id("a") @reason("b") forbid (principal is Identity in Scope::"scp_0000000000001", action in [Action::"read"], resource == System::"x") unless { principal has owner && "a" like "b*" };`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := NewSet(1, Document{Name: "fuzz", Text: text, Default: Enforce})
		if err != nil {
			if s != nil {
				t.Fatal("a set and an error")
			}
			return
		}
		e, err := New(Config{Set: s, Facts: func() Facts { return smallCompany() }})
		if err != nil {
			t.Fatal(err)
		}
		// Whatever the text, a guard holds.
		d := e.Decide(t.Context(), Request{Principal: rick.Ref(), Action: "approval.decide", Resource: about(rick)})
		if d.Permitted() {
			t.Fatalf("permitted one's own: %q", text)
		}
	})
}
