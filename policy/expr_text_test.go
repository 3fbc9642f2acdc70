package policy

import (
	"errors"
	"strings"
	"testing"
)

func TestTextFunctions(t *testing.T) {
	env := Env{"name": StringVar}
	for _, x := range []struct{ source, name, want string }{
		{`name.words().join(".")`, "Ana María Sól", "ana.maria.sol"},
		{`name.spelled().words()[0]`, "Jörg Müller", "joerg"},
		{`name.words()[0].substring(0, 1) + name.words()[name.words().size() - 1]`, "Anne-Marie d'Arc", "aarc"},
		{`name.plain()`, "Łódź 李", "lodz 李"},
		{`name.words().join("-")`, "", ""},
	} {
		e, err := Compile(x.source, env)
		if err != nil {
			t.Errorf("%s: %v", x.source, err)
			continue
		}
		if got, err := e.Text(map[string]any{"name": x.name}); err != nil || got != x.want {
			t.Errorf("%s of %q: %q, %v", x.source, x.name, got, err)
		}
	}
	e, err := Compile(`name.words()[3]`, env)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Ana Sol", strings.Repeat("x ", maxFolded)} {
		if got, err := e.Text(map[string]any{"name": name}); !errors.Is(err, ErrEvaluation) {
			t.Errorf("%q, %v", got, err)
		}
	}
	if _, err := Compile(`words(name)`, env); !errors.Is(err, ErrExpression) {
		t.Errorf("%v", err)
	}
}
