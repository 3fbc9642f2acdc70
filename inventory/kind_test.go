package inventory

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// What is looked for before a pattern is tried never hides what it would match.
func TestKindIsThatOfTheFirstPattern(t *testing.T) {
	words := []string{
		"break-glass", "BG_1", "emergency", "FireCall", "svc", "Srv", "sa", "app", "bot", "adm", "Admin", "a", "t0", "shared", "team", "ſhared",
		"ops", "dbadmin", "deploy2", "helpdesk", "reports", "oncall7", "guest", "test", "-", "_", ".", "$", "ana", "person1", "é", "1", "",
	}
	rapid.Check(t, func(t *rapid.T) {
		var login string
		for _, w := range rapid.SliceOfN(rapid.SampledFrom(words), 1, 3).Draw(t, "words") {
			login += w
		}
		want := access.PersonAccount
		for _, p := range kindPatterns {
			if p.login.MatchString(login) {
				want = p.kind
				break
			}
		}
		if got, _ := kindOf(&connector.Account{Login: login}); got != want {
			t.Fatalf("%q is %s, want %s", login, got, want)
		}
	})
}
