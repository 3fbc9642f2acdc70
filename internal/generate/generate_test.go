package generate

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"pgregory.net/rapid"
)

func TestRulesThatNoGoodPasswordFollows(t *testing.T) {
	for name, r := range map[string]Rules{
		"short":                {Length: 7},
		"long":                 {Length: 257},
		"an unknown class":     {Classes: []Class{"runes"}},
		"a class twice":        {Classes: []Class{Lower, Lower}},
		"nothing left":         {Classes: []Class{Digits}, Refuse: "23456789", Length: 40},
		"guessed soon":         {Classes: []Class{Digits}, Length: 8},
		"symbols with a space": {Symbols: "- "},
		"symbols of one kind":  {Classes: []Class{Symbols}, Symbols: "--------", Length: 200},
	} {
		if _, err := Password(r); !errors.Is(err, ErrRules) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A password has some of each class that was asked for, nothing of what is refused, and is
// never the same twice.
func TestPasswordsFollowTheirRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Rules{
			Length:  rapid.IntRange(16, 64).Draw(t, "length"),
			Classes: rapid.Permutation(Classes).Draw(t, "classes")[:rapid.IntRange(2, 4).Draw(t, "n")],
			Refuse:  rapid.StringMatching(`[a-z0-9@%]{0,6}`).Draw(t, "refuse"),
		}
		if r.Validate() != nil {
			return
		}
		p, err := Password(r)
		if err != nil {
			t.Fatal(err)
		}
		text := string(p.Reveal())
		if len(text) != r.Length || strings.ContainsAny(text, r.Refuse) {
			t.Fatalf("%d characters for %+v", len(text), r)
		}
		for _, c := range Classes {
			has, asked := strings.ContainsAny(text, characters[c]), false
			for _, x := range r.Classes {
				asked = asked || x == c
			}
			if has != asked {
				t.Fatalf("%+v: %s is there: %t", r, c, has)
			}
		}
		again, err := Password(r)
		if err != nil || again.Equal(p) {
			t.Fatalf("the same twice, or %v", err)
		}
	})
}

func TestKeysForSSHAreRead(t *testing.T) {
	private, public, err := SSHKey("ledger")
	if err != nil {
		t.Fatal(err)
	}
	if _, comment, _, _, err := ssh.ParseAuthorizedKey([]byte(public)); err != nil || comment != "ledger" {
		t.Errorf("%q: %v", comment, err)
	}
	if got := PublicOf(private); got == "" || !strings.HasPrefix(public, got) {
		t.Errorf("the public half of the private one is %q, not %q", got, public)
	}
}
