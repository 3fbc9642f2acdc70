package postgres

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

const directoryLDIF = `dn: ou=people,dc=example,dc=test
objectClass: organizationalUnit
ou: people

`

func person(login string, number int) string {
	return fmt.Sprintf("dn: uid=%[1]s,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: %[1]s\ncn: %[1]s\nsn: x\n"+
		"uidNumber: %[2]d\ngidNumber: 100\nhomeDirectory: /home/%[1]s\nloginShell: /bin/bash\nuserPassword: secret of %[1]s\n\n", login, number)
}

// outside is a cluster on a host that takes its people from a directory. Line 1
// lets the test in, the rest are of many shapes.
func outside(t *testing.T) (p *testkit.HostPostgres, logins, roles []string) {
	t.Helper()
	s := testkit.NewSlapd(t, testkit.SlapdConfig{})
	logins = []string{"ana", "ben", "cho", "svc-app", "adm-kim", "stranger"}
	tree := directoryLDIF
	for i, login := range logins {
		tree += person(login, 30001+i)
	}
	s.Add(t, tree)
	h := testkit.NamedLinuxHost(t, "db1")
	h.UseDirectory(t, s)
	h.Script(t, "useradd -m local-one")
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL(), "ldap://"), ":")
	ldap := "ldap ldapserver=127.0.0.1 ldapport=" + port
	p = h.Postgres(t, strings.NewReplacer("BIND", ldap+` ldapprefix="uid=" ldapsuffix=",ou=people,dc=example,dc=test"`,
		"SEARCH", ldap+fmt.Sprintf(` ldapbasedn="dc=example,dc=test" ldapbinddn="%s" ldapbindpasswd="%s" ldapsearchattribute=uid`, s.ReaderDN(), s.ReaderPassword().Reveal()),
	).Replace(`local  all       postgres          peer map=admins
local  all       writ              reject
local  all       cho               reject
local  shop      ben               reject
local  all       +kims             peer map=kims
local  sameuser  app               peer map=services
local  all       all               peer
host   all       writ   127.0.0.1/32  scram-sha-256
host   all       cho    127.0.0.1/32  SEARCH
host   shop      +bound 127.0.0.1/32  BIND
host   all       postgres 127.0.0.1/32 reject
host   all       app    127.0.0.1/32  scram-sha-256
host   all       all    127.0.0.1/32  reject
host   all       all    127.0.0.1/32  trust
`), `admins   postgres       postgres
admins   root           postgres
kims     /^adm-(.*)$    \1
services svc-app        app
services /^nobody.*$    app
`)
	p.Exec(t, "postgres", "create database shop", "create database app", "create role kims", "create role bound", "create role writ login superuser password 'p'",
		"create role ana login in role bound", "create role ben login in role bound", "create role cho login", "create role kim login in role kims",
		"create role app login", `create role "local-one" login`, "create role nobody_at_all")
	return p, logins, []string{"postgres", "ana", "ben", "cho", "kim", "app", "local-one"}
}

func openOutside(t *testing.T, p *testkit.HostPostgres, options map[string]string) connector.Connector {
	t.Helper()
	c, err := Open(t.Context(), connector.Config{Name: "payroll", Address: p.URL("writ", "postgres"), Options: options, Credential: secret.New([]byte("p"))})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openedBy is who opens each role, as SYSTEM/ACCOUNT.
func openedBy(t *testing.T, c connector.Connector) map[string][]string {
	t.Helper()
	opened := map[string][]string{}
	for rec, err := range c.Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Account == nil {
			continue
		}
		opened[rec.Account.Login] = nil
		for _, by := range rec.Account.OpenedBy {
			if by.Kind != connector.OnAccount {
				t.Errorf("%s is opened by %v", rec.Account.Login, by)
			}
			opened[rec.Account.Login] = append(opened[rec.Account.Login], by.System+"/"+by.ID)
		}
	}
	return opened
}

// Who is said to sign in as a role can, and nobody else: each account of the host
// tries each role over the socket, and each of the directory with its password.
func TestOpeningsAreWhoTheServerLetsIn(t *testing.T) {
	p, logins, roles := outside(t)
	c := openOutside(t, p, map[string]string{"host": "db1", "directory": "corp"})
	said := openedBy(t, c)
	var to [][2]string
	for _, role := range roles {
		for _, database := range []string{"postgres", "shop", "app"} {
			to = append(to, [2]string{role, database})
		}
	}
	accounts := append([]string{"root", "postgres", "local-one"}, logins...)
	overSocket := map[[2]string]bool{} // account and role
	for _, account := range accounts {
		for i, who := range p.SignIns(t, account, to) {
			if role := to[i][0]; who == role {
				overSocket[[2]string{account, role}] = true
			}
		}
	}
	withPassword := func(role, password string) bool {
		for _, database := range []string{"postgres", "shop", "app"} {
			if who, err := p.SignIn("root", role, database, password); err == nil && who == role {
				return true
			}
		}
		return false
	}
	letIn := 0
	for _, role := range roles {
		for _, account := range accounts {
			can := overSocket[[2]string{account, role}]
			if got := slices.Contains(said[role], "db1/"+account); got != can {
				t.Errorf("over the socket, %s as %s: said %v, the server says %v", account, role, got, can)
			}
			if can {
				letIn++
			}
		}
		for _, login := range logins {
			can := role == login && withPassword(role, "secret of "+login)
			if got := slices.Contains(said[role], "corp/"+login); got != can {
				t.Errorf("with the directory's password, %s as %s: said %v, the server says %v", login, role, got, can)
			}
			if can {
				letIn++
			}
		}
	}
	if letIn != 10 {
		t.Errorf("%d were let in, so the rules test little: %v", letIn, said)
	}
	d, err := c.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(d.Warnings, "\n"); !strings.Contains(all, `map "services": every name that matches "/^nobody.*$"`) || strings.Contains(all, "trust") {
		t.Errorf("the warnings are %q", d.Warnings)
	}
	s, err := c.(*Cluster).connect(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.end()
	rows, err := list[hbaRow](t.Context(), s, "testing", queryHBA15)
	if err != nil || len(rows) != 14 || strings.Contains(fmt.Sprint(rows), "passwd") {
		t.Errorf("%d rules, with the password that the server binds with: %v, %v", len(rows), rows, err)
	}
}

// Without the options, and without the privilege, nothing is claimed and a warning
// names what would help; what it names does.
func TestOpeningsThatAreUnknown(t *testing.T) {
	p, _, _ := outside(t)
	c := openOutside(t, p, nil)
	for role, by := range openedBy(t, c) {
		if len(by) > 0 {
			t.Errorf("%s is opened by %v of systems that nobody named", role, by)
		}
	}
	describe := func() string {
		t.Helper()
		d, err := c.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(d.Warnings, "\n")
	}
	if all := describe(); !strings.Contains(all, "option host") || !strings.Contains(all, "option directory") {
		t.Errorf("the warnings are %q", all)
	}
	p.Exec(t, "postgres", "alter role writ nosuperuser")
	c = openOutside(t, p, map[string]string{"host": "db1", "directory": "corp"})
	for range 2 {
		all := describe()
		_, command, found := strings.Cut(all, "run `")
		command, _, _ = strings.Cut(command, "`")
		if !found || !strings.Contains(command, "pg_") {
			t.Fatalf("no warning names what would help: %q", all)
		}
		p.Exec(t, "postgres", command)
	}
	if all := describe(); strings.Contains(all, "run `") {
		t.Errorf("what the warnings named does not help: %q", all)
	}
	want := []string{"corp/ana", "db1/ana"}
	if got := openedBy(t, c)["ana"]; !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("ana is opened by %v, want %v", got, want)
	}
}

// A rule without proof is an entitlement to be anybody whom it names.
func TestRulesWithoutProof(t *testing.T) {
	h := testkit.NamedLinuxHost(t, "db1")
	p := h.Postgres(t, "local all postgres peer\nlocal all ana peer\nlocal all all trust\nhost all ana 0.0.0.0/0 trust\nhost all all 127.0.0.1/32 trust\n", "")
	p.Exec(t, "postgres", "create role ana login", "create role ben login", "create role writ superuser login")
	if who, err := p.SignIn("nobody", "ben", "postgres", ""); err != nil || who != "ben" {
		t.Fatalf("the test is wrong: nobody is %q, %v", who, err)
	}
	can, held := map[string][]string{}, map[string][]string{}
	c := openOutside(t, p, map[string]string{"host": "db1"})
	for rec, err := range c.Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if e := rec.Entitlement; e != nil && e.Kind == "sign_in" {
			for _, x := range e.Capabilities {
				can[e.ID] = append(can[e.ID], string(x.Right)+" "+x.On.ID)
			}
		}
		if g := rec.Grant; g != nil && strings.HasPrefix(g.Entitlement, "sign_in:") {
			held[g.Entitlement] = append(held[g.Entitlement], g.Holder.ID)
		}
	}
	for _, list := range can {
		slices.Sort(list)
	}
	wantCan := map[string][]string{"sign_in:trust": {"impersonate ana"}, "sign_in:trust:host": {"impersonate ben", "impersonate postgres", "impersonate writ"}}
	if !maps.EqualFunc(can, wantCan, slices.Equal) {
		t.Errorf("without proof one can be %v, want %v", can, wantCan)
	}
	wantHeld := map[string][]string{"sign_in:trust": {"role:PUBLIC"}, "sign_in:trust:host": {"ana", "postgres"}}
	if !maps.EqualFunc(held, wantHeld, slices.Equal) {
		t.Errorf("it is held by %v, want %v", held, wantHeld)
	}
	d, err := c.Describe(t.Context())
	if err != nil || !strings.Contains(strings.Join(d.Warnings, "\n"), "line 3 (trust): every account of the host") {
		t.Errorf("the warnings are %q, %v", d.Warnings, err)
	}
}

// A role whose password has ended signs in by another way all the same, and counts
// as long as that is so.
func TestEndOfAPassword(t *testing.T) {
	h := testkit.NamedLinuxHost(t, "db1")
	h.Script(t, "useradd -m late; useradd -m over")
	p := h.Postgres(t, "local all postgres,late peer\nhost all over,writ 127.0.0.1/32 scram-sha-256\n", "")
	p.Exec(t, "postgres", "create role late login password 'x' valid until '2020-01-01'", "create role over login password 'x' valid until '2020-01-01'", "create role writ superuser login password 'p'")
	want := map[string]access.AccountStatus{"late": access.Enabled, "over": access.Expired}
	_, late := p.SignIn("late", "late", "postgres", "")
	_, over := p.SignIn("over", "over", "postgres", "x")
	if late != nil || over == nil {
		t.Fatalf("the test is wrong: %v, %v", late, over)
	}
	for rec, err := range openOutside(t, p, map[string]string{"host": "db1"}).Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if a := rec.Account; a != nil && want[a.Login] != "" && (a.Status != want[a.Login] || (a.Expires == 0) != (a.Login == "late")) {
			t.Errorf("%s is %s, ends %v", a.Login, a.Status, a.Expires)
		}
	}
}

// A server that cannot read its own files is read for the rest.
func TestFilesThatTheServerCannotRead(t *testing.T) {
	h := testkit.NamedLinuxHost(t, "db1")
	p := h.Postgres(t, "local all postgres peer\nhost all writ 127.0.0.1/32 scram-sha-256\n", "")
	p.Exec(t, "postgres", "create role writ superuser login password 'p'")
	h.Script(t, "rm /var/lib/postgresql/main-*/pg_hba.conf")
	c := openOutside(t, p, map[string]string{"host": "db1"})
	if got := openedBy(t, c); len(got) != 2 || got["writ"] != nil {
		t.Errorf("got %v", got)
	}
	if d, err := c.Describe(t.Context()); err != nil || !strings.Contains(strings.Join(d.Warnings, "\n"), "cannot read pg_hba.conf") {
		t.Errorf("the warnings are %q, %v", d.Warnings, err)
	}
}

// A group of the directory holds the roles that option group_roles says it gives.
func TestGroupRoles(t *testing.T) {
	p := testkit.NewPostgres(t)
	p.Exec(t, "postgres", "create role ldap_read", "create role dba", "create role solo login")
	c, err := Open(t.Context(), connector.Config{Name: "x", Address: p.URL("postgres"), Options: map[string]string{
		"directory": "corp", "group_roles": "ldap_*;dba=cn=admins,dc=example,dc=test;solo=x;gone=y",
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got, rejected []string
	for rec, err := range c.Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if g := rec.Grant; g != nil && g.Holder.System != "" {
			got = append(got, fmt.Sprintf("%s of %s holds %s", g.Holder.ID, g.Holder.System, g.Entitlement))
		}
		if rec.Reject != nil {
			rejected = append(rejected, rec.Reject.Reason)
		}
	}
	want := []string{"admins of corp holds role:dba", "ldap_read of corp holds role:ldap_read"}
	if !slices.Equal(got, want) || len(rejected) != 2 {
		t.Errorf("got %q, rejected %q", got, rejected)
	}
	if _, err := Open(t.Context(), connector.Config{Name: "x", Address: p.URL("postgres"), Options: map[string]string{"group_roles": "a=b"}}); err == nil {
		t.Error("groups without a directory are taken")
	}
}
