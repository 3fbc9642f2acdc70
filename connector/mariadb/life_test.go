package mariadb

import (
	"errors"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

func create(login, mark string) connector.Change {
	return connector.Change{Kind: connector.CreateAccount, New: &connector.NewAccount{Login: login, Mark: mark, Credential: secret.New([]byte(firstPassword))}}
}

// markStays: whoever chooses their own password keeps it, and the account stays Writ's.
func markStays(t *testing.T, m *testkit.MariaDBServer) {
	s := openServer(t, config(m))
	x := create("chooser", "acc_9")
	if err := s.Apply(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	db, err := m.Open("chooser", firstPassword)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // nothing is left to say
	if _, err := db.ExecContext(t.Context(), "select 1"); codeOf(err) != codeMustChoose {
		t.Errorf("with the first password it does anything: %v", err)
	}
	if _, err := db.ExecContext(t.Context(), "set password = password('of my own choice')"); err != nil {
		t.Fatal(err)
	}
	if f, err := s.Find(t.Context(), "chooser"); err != nil || f == nil || f.Mark != "acc_9" {
		t.Fatalf("its holder chose a password, and it is %+v, %v", f, err)
	}
	if err := s.Apply(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	if !stock(t, m, "chooser", secret.New([]byte("of my own choice"))) {
		t.Error("made again, its holder's choice does not open it")
	}
}

// loginsAreNeverStatements: accounts with names that would be statements are made, given a
// role, shut and deleted.
func loginsAreNeverStatements(t *testing.T, m *testkit.MariaDBServer) {
	s := openServer(t, config(m))
	for i, login := range []string{"`; drop user writ; --", "' or '1'='1", `double"quote`, "back`tick@10.0.%", "%", "_", "üñî", `with\x40at`, "writ`@`localhost"} {
		x := create(login, "acc_n")
		if err := s.Apply(t.Context(), x); err != nil {
			t.Errorf("%d %q: %v", i, login, err)
			continue
		}
		f, err := s.Find(t.Context(), login)
		if err != nil || f == nil || f.Login != login {
			t.Errorf("%q was made and is %+v, %v", login, f, err)
			continue
		}
		g := connector.Grant{Holder: connector.Target{Kind: connector.OnAccount, ID: f.ID}, Entitlement: "role:readers"}
		for _, c := range []connector.Change{
			{Kind: connector.AddGrant, Grant: g}, {Kind: connector.DisableAccount, Account: f.ID, Mark: "acc_n"}, {Kind: connector.DeleteAccount, Account: f.ID, Mark: "acc_n"},
		} {
			if err := s.Apply(t.Context(), c); err != nil {
				t.Errorf("%s of %q: %v", c.Kind, login, err)
			}
			if done, err := s.ReadBack(t.Context(), c); c.Kind != connector.AddGrant && (err != nil || !done) {
				t.Errorf("%s of %q reads back %v, %v", c.Kind, login, done, err)
			}
		}
	}
}

// refusedLives: what would lock Writ or the server out is refused.
func refusedLives(t *testing.T, m *testkit.MariaDBServer) {
	s := openServer(t, config(m))
	for what, x := range map[string]connector.Change{
		"itself":            {Kind: connector.DisableAccount, Account: "writ@%"},
		"itself, for good":  {Kind: connector.DeleteAccount, Account: "writ@%"},
		"the server's":      {Kind: connector.DeleteAccount, Account: "mariadb.sys@localhost"},
		"nobody's name":     create("@10.0.%", "acc_1"),
		"PUBLIC":            create("PUBLIC", "acc_1"),
		"a limit of none":   {Kind: connector.UpdateAccount, Account: "ana@%", Set: map[string]string{setLimit: "0"}},
		"a role to PUBLIC":  {Kind: connector.AddGrant, Grant: connector.Grant{Holder: holderRole("PUBLIC"), Entitlement: "role:readers"}},
		"a proxy":           {Kind: connector.AddGrant, Grant: connector.Grant{Holder: holder("ana"), Entitlement: "proxy:ben@localhost"}},
		"words":             {Kind: connector.AddGrant, Grant: connector.Grant{Holder: holder("ana"), Entitlement: "global:ALL PRIVILEGES ON *.* TO x; --"}},
		"a grant to nobody": {Kind: connector.AddGrant, Grant: connector.Grant{Holder: holder("never was"), Entitlement: "global:SELECT"}},
		"no such role":      {Kind: connector.AddGrant, Grant: connector.Grant{Holder: holder("ana"), Entitlement: "role:never was"}},
		"admin of a level":  {Kind: connector.AddGrant, Grant: connector.Grant{Holder: holder("ana"), Entitlement: "global:SELECT", Flags: access.AdminOption}},
	} {
		if err := s.Apply(t.Context(), x); !errors.Is(err, connector.ErrUnsupported) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := s.Apply(t.Context(), create("readers", "acc_1")); err != nil {
		t.Errorf("an account that is called as a role is: %v", err)
	}
}

// definers: what runs as an account keeps it, and is named.
func definers(t *testing.T, m *testkit.MariaDBServer) {
	s := openServer(t, config(m))
	m.Exec(t, "create user author identified by 'x'", "create definer = author@'%' view shop.names as select name from shop.customer",
		"create definer = author@'%' procedure shop.refund() select 2")
	x := connector.Change{Kind: connector.DeleteAccount, Account: "author@%"}
	err := s.Apply(t.Context(), x)
	if !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "procedure shop.refund, view shop.names") {
		t.Errorf("deleting whom others run as: %v", err)
	}
	m.Exec(t, "drop view shop.names", "drop procedure shop.refund")
	if err := s.Apply(t.Context(), x); err != nil {
		t.Error(err)
	}
}

// onlyItsOwnSessions: of two accounts of one name one is ended.
func onlyItsOwnSessions(t *testing.T, m *testkit.MariaDBServer) {
	s := openServer(t, config(m))
	m.Exec(t, "create user twin identified by 'x'", "create user twin@'127.0.0.1' identified by 'x'")
	db, err := m.Open("twin", "x")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // nothing is left to say
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // see above
	for _, tt := range []struct {
		account string
		stays   bool
	}{{"twin@%", true}, {"twin@127.0.0.1", false}} {
		if err := s.Apply(t.Context(), connector.Change{Kind: connector.EndSessions, Account: tt.account}); err != nil {
			t.Fatal(err)
		}
		if is := conn.PingContext(t.Context()) == nil; is != tt.stays {
			t.Errorf("after the sessions of %s were ended, one of twin@127.0.0.1 is there: %v", tt.account, is)
		}
	}
	m.Exec(t, "create user few identified by 'x'", "grant select on mysql.* to few", "grant create user on *.* to few")
	cfg := connector.Config{Name: "shop-db", Address: m.URL("few"), Credential: secret.New([]byte("x"))}
	if err := openServer(t, cfg).Apply(t.Context(), connector.Change{Kind: connector.EndSessions, Account: "twin@%"}); !errors.Is(err, connector.ErrPrivilege) {
		t.Errorf("who may not see sessions ends them: %v", err)
	}
}

// activeRoles: the first role that an account is given is active when it signs in, also where
// an earlier attempt got only half through; one that is to be asked for is not.
func activeRoles(t *testing.T, m *testkit.MariaDBServer) {
	s, db := openServer(t, config(m)), admin(t, m)
	m.Exec(t, "create user actor identified by 'x'", "grant readers to actor")
	for _, step := range []struct {
		kind  connector.ChangeKind
		role  string
		flags access.GrantFlags
		want  string
	}{
		{connector.AddGrant, "readers", access.NoInherit, ""},
		{connector.AddGrant, "readers", 0, "readers"},
		{connector.AddGrant, "writers", 0, "readers"},
		{connector.RemoveGrant, "readers", 0, ""},
		{connector.AddGrant, "writers", 0, "writers"},
		{connector.RemoveGrant, "writers", 0, ""},
	} {
		g := connector.Grant{Holder: holder("actor"), Entitlement: "role:" + step.role, Flags: step.flags}
		if err := s.Apply(t.Context(), connector.Change{Kind: step.kind, Grant: g}); err != nil {
			t.Fatal(err)
		}
		if got := ask(t, db, `select json_value(Priv, '$.default_role') from mysql.global_priv where User = 'actor'`); got != step.want {
			t.Errorf("after %s of %s %q is active, want %q", step.kind, step.role, got, step.want)
		}
	}
}
