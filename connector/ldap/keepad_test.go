package ldap

import (
	"errors"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// adUser is a user with a password, as LDIF: samba-tool takes longer to start.
func adUser(name, container, password string) string {
	return "dn: CN=" + name + "," + container + "\nobjectClass: user\nsAMAccountName: " + name + "\nuserPrincipalName: " + name + "@example.test\nuserAccountControl: 512\nunicodePwd:: " + coded(quotedUTF16(password)) + "\n\n"
}

// A domain says why it lets nobody in only by a number: each is told from a wrong password.
// Who may reset passwords below one container, and nothing else, is enough to keep them.
func TestADKeeps(t *testing.T) {
	s := testkit.Samba(t)
	const first, resetPassword = "First-Password-1", "00299570-246d-11d0-a768-00aa006e0529"
	vaulted := "OU=Vaulted," + s.BaseDN()
	s.Add(t, "dn: "+vaulted+"\nobjectClass: organizationalUnit\n\n"+adUser("keeper", "CN=Users,"+s.BaseDN(), canary+"-1A")+adUser("taken", vaulted, first))
	policy := func(length, history, complexity, age, lockout string) {
		s.Modify(t, "dn: "+s.BaseDN()+"\nchangetype: modify\nreplace: minPwdLength\nminPwdLength: "+length+"\n-\nreplace: pwdHistoryLength\npwdHistoryLength: "+history+
			"\n-\nreplace: pwdProperties\npwdProperties: "+complexity+"\n-\nreplace: minPwdAge\nminPwdAge: "+age+"\n-\nreplace: lockoutThreshold\nlockoutThreshold: "+lockout+"\n")
	}
	policy("12", "5", "1", "-864000000000", "3")
	t.Cleanup(func() {
		policy("1", "0", "0", "0", "0")
		s.Modify(t, "dn: CN=keeper,CN=Users,"+s.BaseDN()+"\nchangetype: delete\n\ndn: CN=taken,"+vaulted+"\nchangetype: delete\n\ndn: "+vaulted+"\nchangetype: delete\n")
	})
	d := opened(t, adConfig(s))
	f := find(t, d, "keeper")
	for r, err := range d.Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if r.Account != nil && r.Account.ID == f.ID {
			s.Tool(t, "dsacl", "set", "--objectdn="+vaulted, "--sddl=(OA;CIIO;CR;"+resetPassword+";bf967aba-0de6-11d0-a285-00aa003049e2;"+r.Account.Attributes["sid"]+")")
		}
	}
	cfg := with(adConfig(s), optBindDN, "keeper@example.test", optUsers, vaulted)
	cfg.Credential = secret.New([]byte(canary + "-1A"))
	account, dn := find(t, d, "taken").ID, "CN=taken,"+vaulted
	d = opened(t, cfg)
	set := func(value string) error {
		return d.SetSecret(t.Context(), connector.NewSecret{Account: account, Kind: connector.Password, Value: secret.New([]byte(value))})
	}
	opens := func(value, says string) {
		t.Helper()
		is, err := d.Opens(t.Context(), account, connector.Password, secret.New([]byte(value)))
		if says == "" && (!is || err != nil) || says != "" && (is || !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q opens as %v, %v; want %q", value, is, err, says)
		}
	}
	for value, says := range map[string]string{"Short-1": "at least 12 characters", "nothing of the classes": "three of capitals"} {
		if err := set(value); !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), value) {
			t.Errorf("%s: got %v, want %q", value, err, says)
		}
	}
	for range 2 { // neither its age nor what it was before keeps an administrator from it
		if err := set("Second-Password-2"); err != nil {
			t.Fatal(err)
		}
	}
	opens("Second-Password-2", "")
	s.Modify(t, "dn: "+dn+"\nchangetype: modify\nreplace: pwdLastSet\npwdLastSet: 0\n")
	opens("Second-Password-2", "must be changed")
	if err := set("Third-Password-3"); err != nil {
		t.Fatal(err)
	}
	opens("Third-Password-3", "")
	for range 3 {
		_, _ = d.Opens(t.Context(), account, connector.Password, secret.New([]byte("Wrong-Password-4")))
	}
	opens("Third-Password-3", "locked")
	s.Modify(t, "dn: "+dn+"\nchangetype: modify\nreplace: lockoutTime\nlockoutTime: 0\n-\nreplace: accountExpires\naccountExpires: 116444736000000000\n")
	opens("Third-Password-3", "has ended")
}

// Writ's own account needs no privilege: everybody may change their own, who know it.
func TestADKeepsItsOwn(t *testing.T) {
	s := testkit.Samba(t)
	s.Add(t, adUser("itself", "CN=Users,"+s.BaseDN(), canary+"-1A"))
	t.Cleanup(func() { s.Modify(t, "dn: CN=itself,CN=Users,"+s.BaseDN()+"\nchangetype: delete\n") })
	cfg := with(adConfig(s), optBindDN, "itself@example.test")
	cfg.Credential = secret.New([]byte(canary + "-1A"))
	d := opened(t, cfg)
	n := connector.NewSecret{Account: find(t, d, "itself").ID, Kind: connector.Password, Value: secret.New([]byte(canary + "-2B")), Old: cfg.Credential}
	if err := d.SetSecret(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	cfg.Credential = n.Value
	d = opened(t, cfg)
	if is, err := d.Opens(t.Context(), n.Account, connector.Password, n.Value); !is || err != nil {
		t.Errorf("it opens as %v, %v", is, err)
	}
	if client(t, cfg, "CN=itself,CN=Users,"+s.BaseDN(), n.Old) {
		t.Error("what it was opens it")
	}
}
