package ldap

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

func opened(t testing.TB, cfg connector.Config) *Directory {
	t.Helper()
	d, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Who has moved out of sight is still a member, and still enabled: nothing of that is
// done, and it is said where they are.
func TestOutOfSightIsNotDone(t *testing.T) {
	s := openLDAPServer(t)
	cfg := with(config(s), optUsers, "ou=people,dc=example,dc=test", optGroups, "ou=groups,dc=example,dc=test")
	a, g := ids(discover(t, cfg))
	s.Modify(t, "dn: uid=ben,ou=people,dc=example,dc=test\nchangetype: modrdn\nnewrdn: uid=ben\ndeleteoldrdn: 1\nnewsuperior: ou=elsewhere,dc=example,dc=test\n\n"+
		"dn: cn=seniors,ou=groups,dc=example,dc=test\nchangetype: modrdn\nnewrdn: cn=seniors\ndeleteoldrdn: 1\nnewsuperior: ou=elsewhere,dc=example,dc=test\n")
	d := opened(t, cfg)
	for name, x := range map[string]connector.Change{
		"a holder":       give(account(a["ben"]), g["unix"]).Undo,
		"a group":        give(account(a["dee"]), g["seniors"]).Undo,
		"a nested group": give(holderGroup(g["seniors"]), g["ops"]).Undo,
		"an account":     {Kind: connector.DisableAccount, Account: a["ben"]},
	} {
		err := d.Apply(t.Context(), x)
		if !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "ou=elsewhere") {
			t.Errorf("%s: %v", name, err)
		}
		if done, err := d.ReadBack(t.Context(), x); done || err == nil {
			t.Errorf("%s reads back %v, %v", name, done, err)
		}
	}
	s.Delete(t, "uid=ben,ou=elsewhere,dc=example,dc=test")
	if err := d.Apply(t.Context(), connector.Change{Kind: connector.DisableAccount, Account: a["ben"]}); err != nil {
		t.Errorf("deleted: %v", err)
	}
}

// Where not all can be seen, nobody says that what is not found is gone.
func TestWhereaboutsUnknownIsNotDone(t *testing.T) {
	d := opened(t, newLiar(t, func(asked) []byte { return nil }).config())
	x := connector.Change{Kind: connector.DisableAccount, Account: anID}
	ends(t, "unknown", d.Apply(t.Context(), x), connector.ErrPrivilege, "what it has is unknown")
	if done, err := d.ReadBack(t.Context(), x); done || err == nil {
		t.Errorf("reads back %v, %v", done, err)
	}
}

// A group names an account by any of its uids.
func TestEveryUIDIsTakenOut(t *testing.T) {
	s := openLDAPServer(t)
	s.Modify(t, "dn: uid=dee,ou=people,dc=example,dc=test\nchangetype: modify\nreplace: uid\nuid: first\nuid: dee\nuid: third\n\n"+
		"dn: cn=unix,ou=groups,dc=example,dc=test\nchangetype: modify\nadd: memberUid\nmemberUid: third\n")
	list := discover(t, config(s))
	_, g := ids(list)
	holder := ""
	for _, r := range list {
		if r.Account != nil && strings.HasPrefix(r.Account.DisplayName, "Dee") {
			holder = r.Account.ID
		}
	}
	x := give(account(holder), g["unix"]).Undo
	d := opened(t, config(s))
	if done, err := d.ReadBack(t.Context(), x); done || err != nil {
		t.Errorf("before: %v, %v", done, err)
	}
	if err := d.Apply(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(grants(discover(t, config(s))), holder+" > "+g["unix"]) {
		t.Error("revoked, and still a member")
	}
}

// Who may not see a group's members cannot say that somebody is none.
func TestHiddenMembersAreNotRevoked(t *testing.T) {
	const group, person = "10112233-4455-6677-8899-aabbccddeeff", anID
	l := newLiar(t, func(q asked) []byte {
		switch {
		case !q.isSearch():
			return nil
		case bytes.Contains(q.body, []byte("groupOfNames")):
			return append(found(q.id, "cn=g,dc=x", "entryUUID", group, "objectClass", "groupOfNames"), done(q.id, 0)...)
		}
		return append(found(q.id, "cn=ana,dc=x", "entryUUID", person, "objectClass", "person"), done(q.id, 0)...)
	})
	d := opened(t, l.config())
	ends(t, "hidden", d.Apply(t.Context(), give(account(person), group).Undo), connector.ErrPrivilege, "let it read member")
}

// memberUid is compared exactly, whether a directory is read or followed.
func TestOpenLDAPFollowsUIDsExactly(t *testing.T) {
	s := openLDAPServer(t)
	list := discover(t, config(s))
	a, g := ids(list)
	s.Modify(t, "dn: cn=unix,ou=groups,dc=example,dc=test\nchangetype: modify\nadd: memberUid\nmemberUid: ANA\n")
	holders, told := toldOf(followed(t, config(s), markOf(t, list)), g["unix"])
	if !told || slices.Contains(holders, a["ana"]) || !slices.Contains(holders, a["dee"]) {
		t.Errorf("told %v: %v, ana is %s", told, holders, a["ana"])
	}
	if slices.Contains(grants(discover(t, config(s))), a["ana"]+" > "+g["unix"]) {
		t.Error("a complete reading takes ANA for ana")
	}
}

// Names with letters that are not ASCII are the same however they are written: in
// options, by the server and by groups.
func TestOpenLDAPNamesBeyondASCII(t *testing.T) {
	s := testkit.NewSlapd(t, testkit.SlapdConfig{NoMemberOf: true})
	const base = "dc=example,dc=test"
	s.Add(t, "dn:: "+coded("ou=Bücher,"+base)+"\nobjectClass: organizationalUnit\n\n"+
		"dn:: "+coded("cn=Anna Maier,ou=Bücher,"+base)+"\nobjectClass: inetOrgPerson\nsn: x\n\n"+
		"dn:: "+coded("cn=Prüfer,"+base)+"\nobjectClass: groupOfNames\nmember:: "+coded("cn=Anna Maier,ou=Bücher,"+base)+"\n")
	cfg := with(config(s), optUsers, "ou=Bücher,"+base, optAdmins, "cn=Prüfer, "+base)
	list := discover(t, cfg)
	a, g := ids(list)
	if !slices.ContainsFunc(list, func(r connector.Record) bool {
		return r.Entitlement != nil && r.Entitlement.Name == "Prüfer" && len(r.Entitlement.Capabilities) > 0
	}) {
		t.Error("the group of option admins is not known again")
	}
	s.Modify(t, "dn:: "+coded("cn=Prüfer,"+base)+"\nchangetype: modify\nreplace: description\ndescription: x\n")
	if holders, told := toldOf(followed(t, cfg, markOf(t, list)), g["Prüfer"]); !told || !slices.Equal(holders, []string{a["Anna Maier"]}) {
		t.Errorf("followed: %v, %v", told, holders)
	}
}

// In AD a group goes by the name that hosts see, whatever its cn is.
func TestADGroupsGoBySAMAccountName(t *testing.T) {
	s := testkit.Samba(t)
	s.Add(t, "dn: OU=delegated,"+s.BaseDN()+"\nobjectClass: organizationalUnit\n\n"+
		"dn: CN=linux-admins,OU=delegated,"+s.BaseDN()+"\nobjectClass: group\nsAMAccountName: harmless\n")
	_, g := ids(discover(t, with(adConfig(s), optGroups, "OU=delegated,"+s.BaseDN())))
	if g["harmless"] == "" || g["linux-admins"] != "" {
		t.Errorf("%v", g)
	}
}
