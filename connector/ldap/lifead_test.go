package ldap

import (
	"errors"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// An account that is half made is disabled, whatever the last attempt came to; the next
// one goes on with it. What its holder chose is left alone.
func TestADHalfMade(t *testing.T) {
	s := testkit.Samba(t)
	cfg := adConfig(s)
	d := opened(t, cfg)
	dn := "CN=zoe,CN=Users," + s.BaseDN()
	s.Add(t, "dn: "+dn+"\nobjectClass: user\nsAMAccountName: zoe\nuserAccountControl: 514\nadminDescription: writ=acc_1\n")
	t.Cleanup(func() { s.Tool(t, "user", "delete", "zoe") })
	x := create("zoe", "acc_1", value("container", "CN=Users,"+s.BaseDN()))
	if done, err := d.ReadBack(t.Context(), x); done || err != nil {
		t.Errorf("half made reads back %v, %v", done, err)
	}
	if f := find(t, d, "zoe"); f.Status == "enabled" || f.Mark != "acc_1" {
		t.Errorf("half made it is %+v", f)
	}
	mustApply(t, d, x)
	if out := s.Search(t, "(sAMAccountName=zoe)", "pwdLastSet", "userAccountControl"); !strings.Contains(out, "pwdLastSet: 0\n") || !strings.Contains(out, "userAccountControl: 512\n") {
		t.Errorf("made: %s", out)
	}
	if err := bind(t, cfg, "zoe", firstPassword); err != nil {
		t.Error(err)
	}
	s.Tool(t, "user", "setpassword", "zoe", "--newpassword=her-Own-1")
	mustApply(t, d, x)
	if err := bind(t, cfg, "zoe", "her-Own-1"); err != nil {
		t.Errorf("what she chose was overwritten: %v", err)
	}
}

// Without a first password an account has one that nobody knows, and lies where the domain
// makes its accounts.
func TestADWithoutPassword(t *testing.T) {
	s := testkit.Samba(t)
	cfg := adConfig(s)
	d := opened(t, cfg)
	t.Cleanup(func() { s.Tool(t, "user", "delete", "yan") })
	mustApply(t, d, create("yan", "acc_1", func(n *connector.NewAccount) { n.Credential = secret.Secret{} }))
	if f := find(t, d, "yan"); f.Values["container"] != "CN=Users,"+s.BaseDN() || f.Status != "enabled" {
		t.Errorf("it is %+v", f)
	}
	for _, password := range []string{"x", firstPassword} {
		if err := bind(t, cfg, "yan", password); err == nil {
			t.Errorf("%q lets in", password)
		}
	}
	if out := s.Search(t, "(sAMAccountName=yan)", "userAccountControl", "userPrincipalName"); !strings.Contains(out, "userAccountControl: 512\n") || !strings.Contains(out, "yan@example.test") {
		t.Errorf("made: %s", out)
	}
}

func TestADLivesThatCannotBe(t *testing.T) {
	s := testkit.Samba(t)
	d := opened(t, adConfig(s))
	gone := func(login string) connector.Change {
		return connector.Change{Kind: connector.DeleteAccount, Account: find(t, d, login).ID}
	}
	for name, tt := range map[string]struct {
		x    connector.Change
		want error
	}{
		"too long":     {create(strings.Repeat("x", 21), "acc_1"), connector.ErrUnsupported},
		"a domain":     {create(`OTHER\ana`, "acc_1"), connector.ErrUnsupported},
		"a dot behind": {create("ana.", "acc_1"), connector.ErrUnsupported},
		"a group's":    {create("Domain Admins", "acc_1"), connector.ErrTaken},
		"a computer's": {create("DC1$", "acc_1"), connector.ErrTaken},
		"Writ itself":  {gone("Administrator"), connector.ErrUnsupported},
		"the domain's": {gone("krbtgt"), connector.ErrUnsupported},
		"Guest":        {gone("Guest"), connector.ErrUnsupported},
		"no container": {create("xia", "acc_1", value("container", "OU=none,"+s.BaseDN())), connector.ErrUnsupported},
		"the Guest":    {create("guest", "acc_1"), connector.ErrTaken},
	} {
		if err := d.Apply(t.Context(), tt.x); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), `"domain"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
