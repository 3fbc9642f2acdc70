package postgres

import (
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

// TestRulesOfSeveralDirectories: who signs in with the password of another LDAP server
// is not the directory's, and which is, is not guessed.
func TestRulesOfSeveralDirectories(t *testing.T) {
	const (
		corp    = "host all ana all ldap ldapserver=dc1.test ldapport=389 ldapbasedn=dc=example,dc=test\n"
		suffix  = "host all ana all ldap ldapserver=DC1.test ldapprefix=uid= ldapsuffix=,ou=people,DC=example,DC=test\n"
		tls     = "host all ana all ldap ldapserver=dc1.test ldapport=636 ldapbasedn=dc=example,dc=test\n"
		partner = "host all ben all ldap ldapserver=dc9.test ldapbasedn=dc=example,dc=test\n"
		tunnel  = "host all ben all ldap ldapserver=dc1.test ldapport=1389 ldapbasedn=dc=example,dc=test\n"
		other   = "host all ben all ldap ldapserver=dc1.test ldapbasedn=dc=partner,dc=test\n"
		domain  = "host all ben all ldap ldapserver=dc1.test ldapprefix=PARTNER\\\n"
		alike   = "host all ben all ldap ldapserver=dc1.test ldapbasedn=dc=badexample,dc=test\n"
	)
	for _, tt := range []struct {
		name, rules, option string
		ana, ben            bool
	}{
		{"one server", corp + suffix + tls, "", true, false},
		{"two servers", corp + partner, "", false, false},
		{"two ports", corp + tunnel, "", false, false},
		{"two bases", corp + other, "", false, false},
		{"a base and a domain", corp + domain, "", false, false},
		{"a base that ends alike", corp + alike, "", false, false},
		{"the option names one server", corp + suffix + partner, "dc1.test", true, false},
		{"the option names both", corp + partner, "dc1.test; dc9.test", true, true},
		{"the option names a server, with all its bases", corp + domain, "DC1.test", true, true},
		{"the option names a base", corp + suffix + other, "dc1.test/dc=example, dc=test", true, false},
		{"the option names a port", corp + tunnel, "dc1.test:1389", false, true},
		{"the option names none of them", corp, "dc2.test", false, false},
	} {
		c := &Cluster{directory: "corp"}
		c.places, _ = parsePlaces(tt.option)
		for role, want := range map[string]bool{"ana": tt.ana, "ben": tt.ben} {
			who, notes := let(c, tt.rules, role)
			if got := slices.Equal(who, []string{"corp/" + role}); got != want || len(who) > 1 {
				t.Errorf("%s: %s is opened by %q, want it to be the directory's: %v", tt.name, role, who, want)
			}
			if said := strings.Contains(strings.Join(notes, " "), "ldap_server"); said == want && strings.Contains(tt.rules, role) {
				t.Errorf("%s: of %s is noted %q", tt.name, role, notes)
			}
		}
	}
	if _, why := parsePlaces("ldaps://dc1.test"); why == "" {
		t.Error("an address is taken for a server's name")
	}
	if _, err := Open(t.Context(), connector.Config{Name: "x", Address: "postgres://writ@db.test/x", Options: map[string]string{"ldap_server": "dc1"}}); err == nil {
		t.Error("servers of no directory are taken")
	}
}

// TestServersAsTheServerShowsThem: what a rule says of the LDAP server is understood
// as PostgreSQL shows it, however it is written.
func TestServersAsTheServerShowsThem(t *testing.T) {
	p := testkit.NewPostgres(t)
	p.Exec(t, "postgres", "create role ana login", "create role ben login", "create role cho login")
	lines := []string{
		"host all all 127.0.0.1/32 trust",
		`host all ana 192.0.2.0/24 ldap ldapserver=dc1.test ldapprefix="uid=" ldapsuffix=",ou=people,dc=example,dc=test"`,
		`host all ben 192.0.2.0/24 ldap ldapurl="ldap://dc1.test/dc=example,dc=test?uid?sub"`,
	}
	options := map[string]string{"directory": "corp"}
	check := func(ana, ben, cho string) {
		t.Helper()
		letIn(t, p, lines...)
		_, opened := openersIn(t, p, options)
		for role, want := range map[string]string{"ana": ana, "ben": ben, "cho": cho} {
			if got := strings.Join(opened[role], " "); got != want {
				t.Errorf("%s is opened by %q, want %q", role, got, want)
			}
		}
	}
	check("corp/ana", "corp/ben", "")
	lines = append(lines, `host all cho 192.0.2.0/24 ldap ldapurl="ldap://dc9.test/dc=example,dc=test?uid?sub"`)
	check("", "", "")
	options["ldap_server"] = "dc1.test"
	check("corp/ana", "corp/ben", "")
}
