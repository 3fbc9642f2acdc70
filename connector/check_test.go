package connector

import (
	"errors"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/secret"
)

func TestCheck(t *testing.T) {
	spec := Spec{Kind: "thing", FirstPassword: true, Changes: []ChangeKind{CreateAccount, UpdateAccount, DeleteAccount}, Settable: []Setting{
		{Name: "name", Required: true}, {Name: "home", Fixed: true}, {Name: "title"},
	}}
	made := func(edit func(*NewAccount)) Change {
		n := NewAccount{Login: "ana", Mark: "a1", Values: map[string]string{"name": "Ana Sol"}}
		edit(&n)
		return Change{Kind: CreateAccount, New: &n}
	}
	set := func(name, value string) Change {
		return Change{Kind: UpdateAccount, Set: map[string]string{name: value}}
	}
	for name, c := range map[string]struct {
		c    Change
		says string
	}{
		"good":              {made(func(*NewAccount) {}), ""},
		"update":            {set("title", ""), ""},
		"unknown kind":      {Change{Kind: EndSessions}, "not known"},
		"nothing":           {Change{Kind: CreateAccount}, "nothing is said"},
		"no login":          {made(func(n *NewAccount) { n.Login = "" }), "login"},
		"login with breaks": {made(func(n *NewAccount) { n.Login = "ana\nroot" }), "login"},
		"login around":      {made(func(n *NewAccount) { n.Login = "ana " }), "login"},
		"no mark":           {made(func(n *NewAccount) { n.Mark = "" }), "mark"},
		"odd mark":          {made(func(n *NewAccount) { n.Mark = "a,b" }), "mark"},
		"mark of a change":  {Change{Kind: DeleteAccount, Account: "a", Mark: "x y"}, "mark"},
		"password in lines": {made(func(n *NewAccount) { n.Credential = secret.New([]byte("a\nroot:b")) }), "ASCII"},
		"long password":     {made(func(n *NewAccount) { n.Credential = secret.New([]byte(strings.Repeat("x", 257))) }), "ASCII"},
		"required":          {made(func(n *NewAccount) { n.Values = nil }), "without name"},
		"unknown attribute": {set("shoe", "42"), `"shoe"`},
		"fixed":             {set("home", "/x"), "fixed"},
		"taken away":        {set("name", ""), "cannot be taken away"},
		"line break":        {set("title", "a\r\nb"), "title"},
		"not text":          {set("title", "\xff"), "title"},
		"long":              {set("title", strings.Repeat("x", 1025)), "title"},
	} {
		err := spec.Check("x1", c.c)
		if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), `thing "x1"`)) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}

// A first password that nobody would be given is refused, and not forgotten.
func TestCheckWithoutPasswords(t *testing.T) {
	spec := Spec{Kind: "thing", Changes: []ChangeKind{CreateAccount}}
	x := Change{Kind: CreateAccount, New: &NewAccount{Login: "ana", Mark: "a1", Credential: secret.New([]byte("hunter2-canary"))}}
	if err := spec.Check("x1", x); !errors.Is(err, ErrUnsupported) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

// Whose an account is, is said by its whole mark: not by a part of it, and not by
// nothing.
func TestOwned(t *testing.T) {
	for _, c := range []struct {
		want, has string
		taken     bool
	}{
		{"a1", "a1", false},
		{"a1", "a2", true},
		{"a1", "A1", true},
		{"a1", "", true},
		{"", "a2", false},
	} {
		if got := errors.Is(Change{Account: "ana", Mark: c.want}.Owned("thing", "x1", c.has), ErrTaken); got != c.taken {
			t.Errorf("meant %q, is %q: taken %v", c.want, c.has, got)
		}
	}
	for text, mark := range map[string]string{"writ=a1": "a1", " writ=a1\n": "a1", "writ=": "", "a1": "", "see writ=a1": "", "writ=a1, b": "", Sign("x-1"): "x-1"} {
		if got := Signed(text); got != mark {
			t.Errorf("%q is signed %q, not %q", text, got, mark)
		}
	}
}
