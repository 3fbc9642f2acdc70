package connector

import "testing"

// TestNamesOfOtherDomains: a partner's people are not the directory's for having the
// same name, neither where no domain is known to be the directory's.
func TestNamesOfOtherDomains(t *testing.T) {
	for _, c := range []struct{ domains, name, own, other string }{
		{"", "ana", "ana", ""},
		{"", "ana@example.test", "", "example.test"},
		{"example.test, EXAMPLE", "ana", "ana", ""},
		{"example.test, EXAMPLE", "ana@Example.Test", "ana", ""},
		{"example.test, EXAMPLE", `example\ana`, "ana", ""},
		{"example.test, EXAMPLE", "domain users@example.test", "domain users", ""},
		{"example.test, EXAMPLE", "ana@partner.example.test", "", "partner.example.test"},
		{"example.test, EXAMPLE", `PARTNER\ana`, "", "PARTNER"},
		{"example.test, EXAMPLE", `PARTNER\ana@example.test`, "", "PARTNER"},
		{"example.test, EXAMPLE", "ana@partner@example.test", "", "partner@example.test"},
		{" ,", "ana@", "", ""},
	} {
		own, other := ParseDomains(c.domains).Own(c.name)
		if own != c.own || other != c.other {
			t.Errorf("%q of %q is %q, of another domain %q", c.name, c.domains, own, other)
		}
	}
}
