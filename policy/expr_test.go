package policy

import (
	"errors"
	"strings"
	"testing"
)

var accountEnv = Env{
	"account.login": StringVar, "account.age": IntVar, "account.interactive": BoolVar,
	"account.groups": StringsVar, "account.attributes": MapVar,
}

func accountVars() map[string]any {
	return map[string]any{
		"account.login": "adm-ana.sol", "account.age": 400, "account.interactive": true,
		"account.groups": []string{"wheel", "staff"}, "account.attributes": map[string]string{"unit": "Platform"},
	}
}

func TestExpressions(t *testing.T) {
	tests := []struct {
		source string
		want   bool
	}{
		{`account.login.startsWith("adm-")`, true},
		{`account.login.matches("^svc[-_]")`, false},
		{`account.age > 365 && account.interactive`, true},
		{`"wheel" in account.groups && !account.groups.exists(g, g == "root")`, true},
		{`account.attributes["unit"].lowerAscii() == "platform"`, true},
		{`has(account.attributes.cost) && account.attributes.cost == "1"`, false},
	}
	for _, tt := range tests {
		x, err := Compile(tt.source, accountEnv)
		if err != nil {
			t.Errorf("%s: %v", tt.source, err)
			continue
		}
		for range 2 {
			if got, err := x.Bool(accountVars()); err != nil || got != tt.want {
				t.Errorf("%s: %v, %v", tt.source, got, err)
			}
		}
		if _, err := x.Text(accountVars()); !errors.Is(err, ErrEvaluation) {
			t.Errorf("%s as text: %v", tt.source, err)
		}
	}
	x, err := Compile(`account.login.replace("adm-", "")`, accountEnv)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := x.Text(accountVars()); err != nil || got != "ana.sol" || x.String() == "" {
		t.Fatalf("%q, %v", got, err)
	}
	n, err := Compile(`size(account.groups) * 10`, accountEnv)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := n.Int(accountVars()); err != nil || got != 20 {
		t.Fatalf("%d, %v", got, err)
	}
}

func TestExpressionsAreRefusedWithTheirPlace(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"unknown variable", `account.login == account.logon`, "1:18: undeclared reference"},
		{"second line", "account.interactive &&\n  nobody", "2:3: undeclared reference"},
		{"wrong type", `account.login > 3`, "1:15: found no matching overload"},
		{"does not parse", `account.login ==`, "1:17: Syntax error"},
		{"not a value for a rule", `account.groups`, "1:1: the expression yields a list(string)"},
		{"back reference", `account.login.matches("(a)\\1")`, "1:23: invalid matches argument"},
		{"unknown function", `account.login.reverse_it()`, "1:25: undeclared reference"},
		{"too long", strings.Repeat(" ", maxExpression+1), "the expression is longer"},
		{"too deep", strings.Repeat("(", 1_000) + "true" + strings.Repeat(")", 1_000), ""},
		{"empty", " \n", "1:1: the expression is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x, err := Compile(tt.source, accountEnv)
			if x != nil || !errors.Is(err, ErrExpression) || !strings.HasPrefix(err.Error(), tt.want) {
				t.Fatalf("%v", err)
			}
		})
	}
	if _, err := Compile("true", Env{"x": "number"}); err == nil {
		t.Fatal("a variable of no type")
	}
}

// An expression that would take long is stopped, and missing variables are errors.
func TestExpressionsEnd(t *testing.T) {
	many := make([]string, 2_000)
	x, err := Compile(`account.groups.all(a, account.groups.all(b, account.groups.all(c, a + b + c != "x")))`, accountEnv)
	if err != nil {
		t.Fatal(err)
	}
	vars := accountVars()
	vars["account.groups"] = many
	if _, err := x.Bool(vars); !errors.Is(err, ErrEvaluation) {
		t.Fatal(err)
	}
	y, err := Compile(`account.interactive`, accountEnv)
	if err != nil {
		t.Fatal(err)
	}
	for _, vars := range []map[string]any{nil, {}, {"account.interactive": "yes"}} {
		if got, err := y.Bool(vars); got || !errors.Is(err, ErrEvaluation) {
			t.Fatalf("%v: %v, %v", vars, got, err)
		}
	}
	var none *Expr
	if _, err := none.Bool(nil); !errors.Is(err, ErrEvaluation) {
		t.Fatal(err)
	}
}

func FuzzExpression(f *testing.F) {
	f.Add(`account.groups.exists(g, g.matches("^(a|b)+$")) ? "x" : account.login`)
	f.Add(`account.age / 0 > 1`)
	f.Fuzz(func(t *testing.T, source string) {
		x, err := Compile(source, accountEnv)
		if err != nil {
			return
		}
		_, _ = x.Bool(accountVars())
		_, _ = x.Text(accountVars())
		_, _ = x.Int(accountVars())
	})
}

func BenchmarkExpr(b *testing.B) {
	x, err := Compile(`account.login.startsWith("adm-") && account.age > 365`, accountEnv)
	if err != nil {
		b.Fatal(err)
	}
	vars := accountVars()
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := x.Bool(vars); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
