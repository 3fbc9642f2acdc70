package policy

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEntitiesAreRenamed(t *testing.T) {
	upper := func(of Type, called string) (string, error) {
		if of == "Action" || of == "Function" {
			return called, nil
		}
		return strings.ToUpper(called), nil
	}
	for text, want := range map[string]string{
		``:                                   ``,
		`resource in Scope::"asia"`:          `resource in Scope::"ASIA"`,
		`System :: "a b" , Action::"x.read"`: `System :: "A B" , Action::"x.read"`,
		"// Scope::\"a\"\nScope::\"a\"":      "// Scope::\"a\"\nScope::\"A\"",
		`"say Scope::\"a\"" == Scope::"a"`:   `"say Scope::\"a\"" == Scope::"A"`,
		`"http://x" == Scope::"a" // "b`:     `"http://x" == Scope::"A" // "b`,
		`Scope::"a\"b\\c"`:                   `Scope::"A\"B\\C"`,
		`Scope::"open`:                       `Scope::"open`,
	} {
		if got, err := Rename(text, upper); got != want || err != nil {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	fails := errors.New("no")
	if got, err := Rename(`Scope::"a"`, func(Type, string) (string, error) { return "", fails }); got != "" || !errors.Is(err, fails) {
		t.Errorf("%q, %v", got, err)
	}
}

// What is called as it was is written as it was, and a name comes back as itself.
func TestRenamingBackIsWhatWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[ -~\x{e9}]{0,12}`).Draw(t, "name")
		text := `forbid (principal, action, resource in Scope::"id"); // "` + "\n"
		there, err := Rename(text, func(Type, string) (string, error) { return name, nil })
		if err != nil {
			t.Fatal(err)
		}
		back, err := Rename(there, func(_ Type, called string) (string, error) {
			if called != name {
				t.Fatalf("%q became %q", name, called)
			}
			return "id", nil
		})
		if err != nil || back != text {
			t.Fatalf("%q, %v", back, err)
		}
	})
}
