package ldap

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

func markOf(t testing.TB, list []connector.Record) string {
	t.Helper()
	last := list[len(list)-1]
	if last.Mark == nil {
		t.Fatalf("the last record is no mark: %+v", last)
	}
	return last.Mark.Text
}

func followed(t testing.TB, cfg connector.Config, mark string, again ...string) (list []connector.Record) {
	t.Helper()
	d, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range d.Changes(t.Context(), mark, again) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// toldOf are the holders that an entitlement is said to have, all of them.
func toldOf(list []connector.Record, entitlement string) (holders []string, told bool) {
	within := false
	for _, r := range list {
		switch {
		case r.Grant != nil && within:
			holders = append(holders, r.Grant.Holder.ID)
		case r.Grant == nil:
			within = r.All != nil && r.All.Entitlement == entitlement
			told = told || within
		}
	}
	return holders, told
}

// What changes while changes are read shows at the latest from the mark that they
// end with.
func TestOpenLDAPChangesWhileFollowing(t *testing.T) {
	s := openLDAPServer(t)
	cfg := with(config(s), optPage, "1")
	list := discover(t, cfg)
	a, g := ids(list)
	s.Modify(t, "dn: cn=seniors,ou=groups,dc=example,dc=test\nchangetype: modify\nadd: member\nmember: uid=ana,ou=people,dc=example,dc=test\n")
	d, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var first []connector.Record
	for r, err := range d.Changes(t.Context(), markOf(t, list), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if first = append(first, r); len(first) == 1 {
			s.Modify(t, "dn: cn=ops,ou=groups,dc=example,dc=test\nchangetype: modify\nadd: member\nmember: uid=dee,ou=people,dc=example,dc=test\n")
			s.Modify(t, "dn: uid=ben,ou=people,dc=example,dc=test\nchangetype: modrdn\nnewrdn: uid=benno\ndeleteoldrdn: 1\n")
		}
	}
	if holders, told := toldOf(first, g["seniors"]); !told || !slices.Contains(holders, a["ana"]) {
		t.Errorf("seniors: %v %v", told, holders)
	}
	second := followed(t, cfg, markOf(t, first))
	if holders, told := toldOf(second, g["ops"]); !told || !slices.Contains(holders, a["dee"]) {
		t.Errorf("ops: %v %v", told, holders)
	}
	renamed := slices.ContainsFunc(second, func(r connector.Record) bool {
		return r.Account != nil && r.Account.ID == a["ben"] && r.Account.Login == "benno"
	})
	if !renamed {
		t.Error("the rename is not told")
	}
}

// Sign-ins and locks are told; who may be unlocked is read again when asked for.
func TestOpenLDAPFollowsSignIns(t *testing.T) {
	s := testkit.NewSlapd(t, testkit.SlapdConfig{
		NoMemberOf: true, LDIF: strings.NewReader(tree(t)),
		Lines: lpk + "lastbind on\noverlay ppolicy\nppolicy_default \"cn=policy,dc=example,dc=test\"\n",
	})
	s.Add(t, "dn: cn=policy,dc=example,dc=test\nobjectClass: device\nobjectClass: pwdPolicy\ncn: policy\npwdAttribute: userPassword\npwdLockout: TRUE\npwdMaxFailure: 1\n")
	list := discover(t, config(s))
	mark := markOf(t, list)
	a, _ := ids(list)
	signIn := func(uid, password string) error {
		cfg := with(config(s), optBindDN, "uid="+uid+",ou=people,dc=example,dc=test")
		cfg.Credential = secret.New([]byte(password))
		d, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Describe(t.Context())
		return err
	}
	if err := signIn("ana", canary); errors.Is(err, connector.ErrCredentials) {
		t.Fatal(err)
	}
	find := func(list []connector.Record) (found *connector.Account) {
		for _, r := range list {
			if r.Account != nil && r.Account.ID == a["ana"] {
				found = r.Account
			}
		}
		return found
	}
	list = followed(t, config(s), mark)
	if got := find(list); got == nil || !got.UsageKnown || time.Since(got.LastUsed.Time()) > time.Minute || got.Status != access.Enabled {
		t.Fatalf("signed in: %+v", got)
	}
	if err := signIn("ana", "wrong"); !errors.Is(err, connector.ErrCredentials) {
		t.Fatal(err)
	}
	if got := find(followed(t, config(s), mark)); got == nil || got.Status != access.Locked {
		t.Fatalf("locked: %+v", got)
	}
	if got := find(followed(t, config(s), mark, a["ana"], a["ben"])); got == nil {
		t.Fatal("asked for and not told")
	}
}

// What AD says of an account: the day of its password, its service principal names,
// adminCount, the flags; and a deleted one is told from one that moved.
func TestADAccountsAreTrue(t *testing.T) {
	s := testkit.Samba(t)
	s.Add(t, "dn: OU=facts,"+s.BaseDN()+"\nobjectClass: organizationalUnit\n")
	s.Tool(t, "user", "create", "fact", canary+"-1A", "--userou=OU=facts")
	s.Add(t, "dn: CN=leaver,OU=facts,"+s.BaseDN()+"\nobjectClass: user\nsAMAccountName: leaver\n")
	s.Modify(t, "dn: CN=fact,OU=facts,"+s.BaseDN()+"\nchangetype: modify\nreplace: servicePrincipalName\nservicePrincipalName: HTTP/a.example.test\nservicePrincipalName: MSSQLSvc/b.example.test\n-\nreplace: adminCount\nadminCount: 1\n-\nreplace: userAccountControl\nuserAccountControl: 66048\n")
	cfg := with(adConfig(s), optUsers, "OU=facts,"+s.BaseDN(), optGroups, "OU=facts,"+s.BaseDN())
	list := discover(t, cfg)
	a, _ := ids(list)
	for _, r := range list {
		if x := r.Account; x != nil && x.Login == "fact" {
			if x.Kind != access.ServiceAccount || x.Attributes["servicePrincipalName"] != "HTTP/a.example.test, MSSQLSvc/b.example.test" || x.Attributes["adminCount"] != "1" || x.Attributes["flags"] != "password never expires" {
				t.Errorf("fact: %+v", x)
			}
		}
		if c := r.Credential; c != nil && c.Account == a["fact"] && (c.Kind != access.Password || time.Since(c.Changed.Time()) > time.Hour || c.Options != "never expires") {
			t.Errorf("its password: %+v", c)
		}
	}
	s.Modify(t, "dn: CN=leaver,OU=facts,"+s.BaseDN()+"\nchangetype: delete\n")
	d, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	where, err := d.Whereabouts(t.Context(), []string{a["leaver"], a["fact"]})
	if err != nil || where[a["leaver"]].State != connector.Deleted || where[a["fact"]].State != connector.OutOfSight || a["leaver"] == "" {
		t.Errorf("%+v, %v", where, err)
	}
	if left, _ := ids(discover(t, cfg)); left["leaver"] != "" || left["fact"] == "" {
		t.Errorf("a tombstone is read: %v", left)
	}
}

// OpenLDAP ends with the ids of all where it has no log of deletions; with one it does
// not, and a search says who is there. A group is told in full either way, whether its
// members are few or many.
func TestOpenLDAPTellsWhoIsThere(t *testing.T) {
	for lines, synced := range map[string]bool{lpk: true, lpk + "syncprov-sessionlog 100\n": false} {
		s := testkit.NewSlapd(t, testkit.SlapdConfig{NoMemberOf: true, Lines: lines, LDIF: strings.NewReader(tree(t))})
		b := &strings.Builder{}
		for i := range lookupLimit + 1 {
			b.WriteString("dn: uid=m" + strconv.Itoa(i) + ",ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: m" + strconv.Itoa(i) + "\ncn: m\nsn: m\n\n")
		}
		s.Add(t, b.String())
		list := discover(t, config(s))
		a, g := ids(list)
		members := &strings.Builder{}
		for i := range lookupLimit + 1 {
			members.WriteString("member: uid=m" + strconv.Itoa(i) + ",ou=people,dc=example,dc=test\n")
		}
		s.Modify(t, "dn: cn=ops,ou=groups,dc=example,dc=test\nchangetype: modify\nadd: member\n"+members.String())
		s.Delete(t, "uid=cy,ou=people,dc=example,dc=test")
		changes := followed(t, config(s), markOf(t, list))
		there := map[string]bool{}
		for _, r := range changes {
			if r.Present != nil {
				there[r.Present.ID] = true
			}
		}
		if want := len(a) + len(g) - 1; len(there) != want || there[a["cy"]] || !there[g["ops"]] {
			t.Errorf("%d are there, want %d", len(there), want)
		}
		if holders, _ := toldOf(changes, g["ops"]); len(holders) != lookupLimit+1+3 {
			t.Errorf("ops has %d", len(holders))
		}
		d, err := Open(config(s))
		if err != nil {
			t.Fatal(err)
		}
		c, err := d.connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		was, _ := parseStanding(markOf(t, list))
		f := &following{reading: &reading{session: c, k: c.kindOf(), yield: func(connector.Record, error) bool { return true }}, was: was}
		if ok, err := f.present(); ok != synced || err != nil {
			t.Errorf("%q: told %v, %v", lines, ok, err)
		}
		c.end()
	}
}
