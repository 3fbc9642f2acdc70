package ldap

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

func adConfig(s *testkit.SambaServer) connector.Config {
	return connector.Config{
		Name: "domain", Address: s.URL() + "/" + s.BaseDN(), Credential: s.Password(),
		Options: map[string]string{optBindDN: s.BindDN(), optCA: s.CA(), optPage: "40", optServerName: "dc1.example.test"},
	}
}

// adTree adds what a fresh domain lacks: nested groups, a cycle, a service
// account, a disabled one, and one whose primary group is not Domain Users.
func adTree(t testing.TB, s *testkit.SambaServer) {
	t.Helper()
	var commands [][]string
	for _, u := range []string{"ana", "ben", "svc-web", "gone"} {
		commands = append(commands, []string{"user", "create", u, canary + "-1A", "--mail-address=" + u + "@example.test"})
	}
	for _, g := range []string{"ops", "seniors", "ring-a", "ring-b"} {
		commands = append(commands, []string{"group", "add", g})
	}
	for _, m := range [][2]string{{"ops", "ana"}, {"ops", "seniors"}, {"seniors", "ben"}, {"ring-a", "ring-b"}, {"ring-b", "ring-a"}, {"Domain Admins", "ben"}, {"ops", "svc-web"}} {
		commands = append(commands, []string{"group", "addmembers", m[0], m[1]})
	}
	s.Tools(t, append(commands, []string{"spn", "add", "HTTP/web.example.test", "svc-web"}, []string{"user", "disable", "gone"})...)
}

func TestADConformance(t *testing.T) {
	s := testkit.NewSamba(t)
	adTree(t, s)
	cfg := adConfig(s)
	a, g := ids(discover(t, cfg))
	wrong := cfg
	wrong.Credential = secret.New([]byte("not the password"))
	undo := give(account(a["ana"]), g["ops"])
	connectortest.Run(t, connectortest.Suite{
		Spec: Spec(), Config: cfg, Addr: strings.TrimPrefix(s.URL(), "ldaps://"), Through: through,
		Wrong: []connector.Config{wrong}, Canaries: []string{canary},
		Steps: []connectortest.Step{
			give(account(a["ana"]), g["seniors"]), give(holderGroup(g["ring-a"]), g["ops"]),
			{Do: undo.Undo, Undo: undo.Do},
			{Do: connector.Change{Kind: connector.DisableAccount, Account: a["ana"]}, Undo: connector.Change{Kind: connector.EnableAccount, Account: a["ana"]}},
		},
		Accounts: newcomer(s.BindDN(), cfg, "CN=Users,"+s.BaseDN(), "ana.sol", "ana reyes"),
		Keeps:    keptAD(t, s, cfg),
		Gone: []connector.Change{
			give(account("who left"), g["ops"]).Undo, give(account(a["gone"]), g["ops"]).Undo,
			{Kind: connector.DisableAccount, Account: "00000000-0000-0000-0000-000000000000"},
		},
	})
}

// What Discover says of each group is what samba-tool lists of it: by account
// name, direct members and those by primary group alike.
func TestADMembershipsAreTrue(t *testing.T) {
	s := testkit.Samba(t)
	adTree(t, s)
	list := discover(t, adConfig(s))
	names := map[string]string{}
	members := map[string][]string{}
	var accounts []*connector.Account
	groups := map[string]*connector.Entitlement{}
	for _, r := range list {
		switch {
		case r.Account != nil:
			accounts = append(accounts, r.Account)
			names[r.Account.ID] = r.Account.Login
		case r.Entitlement != nil:
			names[r.Entitlement.ID] = r.Entitlement.Name
			groups[r.Entitlement.Name] = r.Entitlement
		}
	}
	for _, r := range list {
		if r.Grant != nil {
			g := names[r.Grant.Entitlement]
			members[g] = append(members[g], names[r.Grant.Holder.ID])
		}
	}
	listed := strings.Split(strings.TrimSpace(s.Tool(t, "group", "list")), "\n")
	if len(listed) < 20 || len(listed) != len(groups) {
		t.Errorf("samba-tool lists %d groups, Discover %d", len(listed), len(groups))
	}
	commands := make([][]string, len(listed))
	for i, g := range listed {
		commands[i] = []string{"group", "listmembers", g}
	}
	for i, said := range s.Tools(t, commands...) {
		g := listed[i]
		want := strings.Split(strings.TrimSpace(said), "\n")
		want = slices.DeleteFunc(want, func(x string) bool { return x == "" })
		got := members[g]
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, samba-tool says %q", g, got, want)
		}
	}
	for _, a := range accounts {
		switch a.Login {
		case "gone":
			if a.Status != access.Disabled {
				t.Errorf("gone is %s", a.Status)
			}
		case "svc-web":
			if a.Kind != access.ServiceAccount {
				t.Errorf("svc-web is %q", a.Kind)
			}
		case "Administrator", "Guest", "krbtgt":
			if a.Kind != access.BuiltInAccount {
				t.Errorf("%s is %q", a.Login, a.Kind)
			}
		}
	}
	for name, least := range map[string]access.Right{"Domain Admins": access.GrantAccess, "Administrators": access.Impersonate, "Backup Operators": access.ReadSensitive, "Schema Admins": access.ChangeConfig} {
		if g := groups[name]; g == nil || !slices.Contains(g.Capabilities, connector.Capability{Right: least, On: connector.Target{Kind: connector.OnSystem}}) {
			t.Errorf("%s: %+v", name, g)
		}
	}
	if g := groups["ops"]; g == nil || len(g.Capabilities) != 0 || !strings.Contains(g.Description, "sAMAccountName: ops") {
		t.Errorf("ops: %+v", g)
	}
}

// manyMembers are n accounts and a group of all of them, below an entry.
func manyMembers(below, name string, n int) string {
	b := &strings.Builder{}
	for i := range n {
		fmt.Fprintf(b, "dn: CN=%s%04d,%s\nobjectClass: user\nsAMAccountName: %s%04d\n\n", name, i, below, name, i)
	}
	fmt.Fprintf(b, "dn: CN=%s,%s\nobjectClass: group\nsAMAccountName: %s\n", name, below, name)
	for i := range n {
		fmt.Fprintf(b, "member: CN=%s%04d,%s\n", name, i, below)
	}
	return b.String()
}

// AD hands out the members of a group 1500 at a time, with their ids too, by which
// changes are followed.
func TestADRanges(t *testing.T) {
	const members = 1600
	s := testkit.NewSamba(t)
	s.Add(t, manyMembers("CN=Users,"+s.BaseDN(), "all", members))
	list := discover(t, adConfig(s))
	_, g := ids(list)
	n := 0
	for _, r := range list {
		if r.Grant != nil && r.Grant.Entitlement == g["all"] {
			n++
		}
	}
	if n != members {
		t.Errorf("%d members, want %d", n, members)
	}
	s.Modify(t, "dn: CN=all,CN=Users,"+s.BaseDN()+"\nchangetype: modify\ndelete: member\nmember: CN=all0007,CN=Users,"+s.BaseDN()+"\n")
	holders, told := toldOf(followed(t, adConfig(s), markOf(t, list)), g["all"])
	slices.Sort(holders)
	if holders = slices.Compact(holders); !told || len(holders) != members-1 {
		t.Errorf("followed: %d members, want %d", len(holders), members-1)
	}
}
