package ldap

import (
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

// owners are the owners of groups by their names.
func owners(list []connector.Record) map[string]string {
	all := map[string]string{}
	for _, r := range list {
		if r.Entitlement != nil {
			all[r.Entitlement.Name] = r.Entitlement.Owner
		}
	}
	return all
}

func TestWhoAnswersForAGroup(t *testing.T) {
	s := openLDAPServer(t)
	s.Modify(t, `dn: cn=ops,ou=groups,dc=example,dc=test
changetype: modify
add: owner
owner: UID=Ana, ou=people,dc=example,dc=test

dn: cn=seniors,ou=groups,dc=example,dc=test
changetype: modify
add: owner
owner: uid=who-left,ou=people,dc=example,dc=test
owner: uid=ben,ou=people,dc=example,dc=test
`)
	got := owners(discover(t, config(s)))
	if got["ops"] != "1001" || got["seniors"] != "" || got["unique"] != "" {
		t.Errorf("%v", got) // of seniors, one owner is gone and the other has no number
	}
}

func TestWhoAnswersForAGroupInAD(t *testing.T) {
	s := testkit.Samba(t)
	s.Tools(t, []string{"user", "create", "boss", canary + "-1A"}, []string{"group", "add", "owned"})
	s.Modify(t, "dn: CN=boss,CN=Users,"+s.BaseDN()+"\nchangetype: modify\nadd: employeeID\nemployeeID: 1001\n\n"+
		"dn: CN=owned,CN=Users,"+s.BaseDN()+"\nchangetype: modify\nadd: managedBy\nmanagedBy: CN=boss,CN=Users,"+s.BaseDN()+"\n")
	list := discover(t, adConfig(s))
	if got := owners(list); got["owned"] != "1001" || got["Domain Admins"] != "" {
		t.Errorf("%v", got)
	}
	for _, r := range list {
		if r.Account != nil && r.Account.Login == "DC1$" && r.Account.Kind != access.BuiltInAccount {
			t.Errorf("the domain controller is %q", r.Account.Kind)
		}
	}
}

// slapd's own lastbind keeps another attribute than the overlay of that name.
func TestSlapdsLastBindIsUse(t *testing.T) {
	s := testkit.NewSlapd(t, testkit.SlapdConfig{Lines: "lastbind on\n"})
	list := discover(t, with(config(s), optBindDN, s.BindDN()))
	if a := accountNamed(t, list, "reader"); a.UsageKnown {
		t.Errorf("never used, and yet known: %+v", a)
	}
	cfg := with(config(s), optBindDN, s.ReaderDN())
	cfg.Credential = s.ReaderPassword()
	discover(t, cfg)
	a := accountNamed(t, discover(t, config(s)), "reader")
	if !a.UsageKnown || time.Since(a.LastUsed.Time()) > time.Hour {
		t.Errorf("it has just signed in: %+v", a)
	}
}

// An entry lists its own class, and not what that is below.
func TestPeopleByTheirClasses(t *testing.T) {
	s := testkit.NewSlapd(t, testkit.SlapdConfig{Lines: `objectclass ( 1.3.6.1.4.1.99999.1 NAME 'tideStaff' SUP inetOrgPerson STRUCTURAL )
`})
	const base = ",dc=example,dc=test"
	s.Add(t, "dn: uid=ana"+base+"\nobjectClass: inetOrgPerson\nuid: ana\ncn: Ana\nsn: Example\n\n"+
		"dn: uid=ben"+base+"\nobjectClass: tideStaff\nuid: ben\ncn: Ben\nsn: Example\n\n"+
		"dn: uid=cups"+base+"\nobjectClass: account\nobjectClass: simpleSecurityObject\nuid: cups\nuserPassword: {CRYPT}*\n")
	list := discover(t, config(s))
	for login, want := range map[string]access.AccountKind{"ana": "", "ben": "", "cups": access.ServiceAccount} {
		if a := accountNamed(t, list, login); a.Kind != want {
			t.Errorf("%s is %q, want %q", login, a.Kind, want)
		}
	}
}

func accountNamed(t *testing.T, list []connector.Record, login string) *connector.Account {
	t.Helper()
	for _, r := range list {
		if r.Account != nil && r.Account.Login == login {
			return r.Account
		}
	}
	t.Fatalf("no account %s", login)
	return nil
}
