package e2e

import (
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/ldap"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// What the page on directories lets an OpenLDAP account do is enough to live one through.
func TestHowToOpenLDAPChanges(t *testing.T) {
	const writ, password = "cn=writ,ou=services,dc=example,dc=test", "of-the-service"
	here := strings.NewReplacer("dc=com", "dc=test")
	for _, lock := range []string{"shadow", "ppolicy"} {
		s := testkit.NewSlapd(t, testkit.SlapdConfig{
			Lines: "overlay ppolicy\n" + here.Replace(strings.Join(page(t, "ldap").blocks(t, "conf", "change"), "")),
			LDIF: strings.NewReader("dn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n\n" +
				"dn: ou=services,dc=example,dc=test\nobjectClass: organizationalUnit\nou: services\n\n" +
				"dn: " + writ + "\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: writ\nuserPassword: " + password + "\n"),
		})
		liveThrough(t, ldap.Spec(), connector.Config{
			Name: "corp", Address: s.TLSURL() + "/" + s.BaseDN(), Credential: secret.New([]byte(password)),
			Options: map[string]string{"bind_dn": writ, "ca": s.CA(), "users": "ou=people," + s.BaseDN(), "lock": lock},
		}, map[string]string{"surname": "Newcomer", "title": "Buyer"})
		if out := s.Search(t, "(uid=newcomer)", "dn"); strings.Contains(out, "newcomer") {
			t.Errorf("left over: %s", out)
		}
	}
}

// And so is what it lets one of Active Directory do; and another, to keep passwords.
func TestHowToADChanges(t *testing.T) {
	const password = "Of-the-service-1"
	s := testkit.NewSamba(t)
	staff := "OU=Staff," + s.BaseDN()
	s.Tool(t, "ou", "create", staff)
	s.Tools(t, []string{"user", "create", "writ", password}, []string{"user", "create", "writ-keep", password}, []string{"user", "create", "app", password, "--userou=OU=Staff"})
	here := strings.NewReplacer("DC=com", "DC=test")
	s.Script(t, "set -eu\nsamba-tool() { command samba-tool \"$@\" --configfile=\"$SMB_CONF\"; }\n"+here.Replace(strings.Join(append(page(t, "ldap").blocks(t, "sh", "change"), page(t, "ldap").blocks(t, "sh", "keep")...), "")))
	as := func(name string) connector.Config {
		return connector.Config{
			Name: "corp", Address: s.URL() + "/" + s.BaseDN(), Credential: secret.New([]byte(password)),
			Options: map[string]string{"bind_dn": "CN=" + name + ",CN=Users," + s.BaseDN(), "ca": s.CA(), "server_name": "dc1.example.test", "users": staff},
		}
	}
	liveThrough(t, ldap.Spec(), as("writ"), map[string]string{"surname": "Newcomer", "title": "Buyer"})
	keepThrough(t, ldap.Spec(), as("writ-keep"), id(t, ldap.Spec(), as("writ"), "app"), "")
}

// liveThrough makes an account, changes, disables and deletes it, with all that its kind
// says that it can do: what a page tells to allow is enough for that.
func liveThrough(t *testing.T, spec connector.Spec, cfg connector.Config, values map[string]string) {
	t.Helper()
	c, err := spec.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	m, ok := c.(connector.Maker)
	if !ok {
		t.Fatalf("%s makes no accounts", spec.Kind)
	}
	do := func(x connector.Change) {
		t.Helper()
		if err := m.Apply(t.Context(), x); err != nil {
			t.Fatalf("%s: %v", x.Kind, err)
		}
		if done, err := m.ReadBack(t.Context(), x); err != nil || !done {
			t.Fatalf("%s reads back %v, %v", x.Kind, done, err)
		}
	}
	do(connector.Change{Kind: connector.CreateAccount, New: &connector.NewAccount{Login: "newcomer", Mark: "acc_1", Values: values, Credential: secret.New([]byte("First-Password-9"))}})
	f, err := m.Find(t.Context(), "newcomer")
	if err != nil || f == nil {
		t.Fatalf("found %+v, %v", f, err)
	}
	for _, kind := range spec.Changes {
		x := connector.Change{Kind: kind, Account: f.ID, Mark: f.Mark}
		switch kind {
		case connector.DisableAccount, connector.EnableAccount, connector.EndSessions:
		case connector.UpdateAccount:
			x.Set = values
		case connector.AddGrant, connector.RemoveGrant, connector.CreateAccount, connector.DeleteAccount:
			continue
		}
		do(x)
	}
	for _, err := range m.Discover(t.Context(), "") {
		if err != nil {
			t.Fatalf("reading: %v", err)
		}
	}
	do(connector.Change{Kind: connector.DeleteAccount, Account: f.ID, Mark: f.Mark})
}
