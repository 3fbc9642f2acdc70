package mariadb

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// buildMySQL makes a server with every kind of privilege that the connector knows.
func buildMySQL(t *testing.T) *testkit.MySQLServer {
	t.Helper()
	m := testkit.NewMySQL(t)
	m.Exec(t,
		"install plugin auth_socket soname 'auth_socket.so'",
		"create user writ identified by '"+canary+"'", "grant all on *.* to writ with grant option",
		"create database shop", "create table shop.customer (id int, name text, iban text)", "create table shop.invoice (id int)",
		"create procedure shop.pay() select 1",
		"create role readers, writers, seniors, everybody, local@localhost, `PUBLIC`",
		"create user ana identified by 'of ana' default role seniors", "create user ben@localhost identified by 'x'", "create user cho@'10.0.%' identified by 'x' account lock",
		"create user svc_app identified with sha256_password by 'x'", "create user "+quote(hostile)+" identified by 'x'", "create user open_door identified by ''",
		"create user host_root identified with auth_socket as 'root'", "create user late identified by 'x' password expire", "create user chief identified by 'x'",
		"grant readers to seniors", "grant `PUBLIC` to cho@'10.0.%'", "grant seniors, writers to ana with admin option", "set default role seniors to ana", "grant chief, local@localhost to ben@localhost",
		"grant select on shop.* to readers", "grant insert, update on shop.customer to writers", "grant select (name), update (iban) on shop.customer to svc_app",
		"grant delete on `shop\\_%`.* to chief", "grant execute on procedure shop.pay to svc_app", "grant create user, process, show databases on *.* to ben@localhost",
		"grant role_admin on *.* to ben@localhost with grant option", "grant backup_admin, flush_tables, session_variables_admin on *.* to readers",
		"grant update on mysql.user to svc_app", "insert into mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor) values ('10.0.%', 'cho', '%', 'ana', 0, '')", "flush privileges",
		"set persist mandatory_roles = '`everybody`@`%`'")
	return m
}

func mySQLConfig(m *testkit.MySQLServer) connector.Config {
	return connector.Config{Name: "shop-db", Address: m.URL("writ"), Credential: secret.New([]byte(canary + "\n"))}
}

func openKeeper(t *testing.T, cfg connector.Config) keeper {
	t.Helper()
	c, err := openMySQL(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c.(keeper)
}

// One server is enough for all that needs one: what each test makes has a name of its own.
func TestMySQL(t *testing.T) {
	m := buildMySQL(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *testkit.MySQLServer)
	}{
		{"Yielded", whatIsYieldedOfMySQL},
		{"Conformance", mySQLConformance},
		{"Opens", mySQLOpensOnlyByProof},
		{"Lesson13_NoPasswordIsSeen", noPasswordOfMySQLIsSeen},
		{"OwnAccount", ownAccountOfMySQL},
		{"SecondPassword", noSecondPasswordOpens},
		{"NotTaken", mySQLDoesNotTake},
		{"InTheClear", inTheClear},
		{"Encrypted", encryptedMySQL},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, m) })
	}
}

func whatIsYieldedOfMySQL(t *testing.T, m *testkit.MySQLServer) {
	cfg := mySQLConfig(m)
	cfg.Options = map[string]string{optHost: "db1"}
	y := yields(t, openKeeper(t, cfg))
	y.gives(t, map[string]access.GrantFlags{
		"ana@% > role:seniors":                                   access.AdminOption,
		"ana@% > role:writers":                                   access.AdminOption | access.NoInherit,
		"ana@% > role:PUBLIC":                                    access.Implicit,
		"role:seniors > role:readers":                            0,
		"cho@10.0.% > role:PUBLIC@%":                             access.NoInherit,
		"role:PUBLIC > role:everybody":                           0,
		"ben@localhost > role:chief":                             access.NoInherit,
		"ben@localhost > role:local@localhost":                   access.NoInherit,
		`chief@% > databases:shop\x5c_%:DELETE`:                  0,
		`role:chief > databases:shop\x5c_%:DELETE`:               0,
		"role:readers > database:shop:SELECT":                    0,
		"role:readers > global:BACKUP_ADMIN":                     0,
		"role:writers > table:shop.customer:INSERT":              0,
		"svc_app@% > column:shop.customer.name:SELECT":           0,
		"svc_app@% > procedure:shop.pay:EXECUTE":                 0,
		"svc_app@% > table:mysql.user:UPDATE":                    0,
		"ben@localhost > global:CREATE USER":                     0,
		"ben@localhost > global:ROLE_ADMIN":                      access.AdminOption,
		"cho@10.0.% > proxy:ana@%":                               0,
		"role:PUBLIC > sign_in:without_password":                 0,
		accountName{hostile, everywhere}.id() + " > role:PUBLIC": access.Implicit,
	})
	for entitlement, want := range map[string]string{
		"global:CREATE USER": "grant_access system ", "global:ROLE_ADMIN": "grant_access system ", "global:BACKUP_ADMIN": "read_sensitive system ",
		"global:FLUSH_TABLES": "", "global:SESSION_VARIABLES_ADMIN": "change_config system ", "table:mysql.user:UPDATE": "grant_access system ",
		"sign_in:without_password": "impersonate account open_door@%", "proxy:ana@%": "impersonate account ana@%", "database:shop:SELECT": "read_sensitive resource database:shop",
	} {
		if got := y.can[entitlement]; !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%s can %q, not %q", entitlement, got, want)
		}
	}
	for id, want := range map[string]access.AccountStatus{"ana@%": access.Enabled, "cho@10.0.%": access.Disabled, "chief@%": access.Enabled, "readers@%": "", "local@localhost": ""} {
		if a := y.accounts[id]; (a == nil) != (want == "") || a != nil && a.Status != want {
			t.Errorf("account %s: %+v", id, a)
		}
	}
	if a := y.accounts["late@%"]; a == nil || a.Attributes["password"] != "expired" {
		t.Errorf("whoever has to choose another: %+v", a)
	}
	if a := y.accounts["host_root@%"]; a == nil || len(a.OpenedBy) != 1 || a.OpenedBy[0].ID != "root" || a.OpenedBy[0].System != "db1" || y.credentials["host_root@%"] != "" {
		t.Errorf("whom the host lets in: %+v", a)
	}
	if a := y.accounts["mysql.sys@localhost"]; a == nil || a.Kind != access.BuiltInAccount {
		t.Errorf("the server's own: %+v", a)
	}
	if y.credentials["ana@%"] != cachingSHA2 || y.credentials["svc_app@%"] != "sha256_password" || y.credentials["open_door@%"] != "" {
		t.Errorf("kept are %v", y.credentials)
	}
}

func mySQLConformance(t *testing.T, m *testkit.MySQLServer) {
	good := mySQLConfig(m)
	good.Options = map[string]string{"data_class.shop": "confidential", "data_class.shop.customer": "restricted", optHost: "db1"}
	wrong, nobody, none := good, good, good
	wrong.Credential = secret.New([]byte("wrong"))
	nobody.Address = m.URL("nobody")
	none.Credential = secret.Secret{}
	verifier := ask(t, mySQLAdmin(t, m), `select hex(authentication_string) from mysql.user where User = 'writ'`)
	if verifier == "" {
		t.Fatal("the server keeps nothing of Writ's password")
	}
	var kept []connectortest.Kept
	for name, plugin := range map[string]string{"kept": cachingSHA2, "kept2": "sha256_password"} {
		m.Exec(t, "create user "+name+" identified with "+plugin+" by 'x'")
		kept = append(kept, connectortest.Kept{
			Kind: connector.Password, Account: name + "@%", Absent: "nobody at all@%",
			SignsIn: func(t *testing.T, value secret.Secret) bool { return lets(t, m, name, value) },
			Without: []connector.Config{{Name: "shop-db", Address: m.URL("plain"), Credential: secret.New([]byte("of plain"))}},
		})
	}
	m.Exec(t, "create user plain identified by 'of plain'")
	connectortest.Run(t, connectortest.Suite{
		Spec: MySQLSpec(), Config: good, Addr: net.JoinHostPort("127.0.0.1", fmt.Sprint(m.Port)),
		Through: func(cfg connector.Config, addr string) connector.Config {
			cfg.Address = "mysql://writ@" + addr
			cfg.Options = map[string]string{optTimeout: "3"}
			return cfg
		},
		Hasty: func(cfg connector.Config) connector.Config {
			cfg.Options = map[string]string{optTimeout: "1"}
			return cfg
		},
		Wrong: []connector.Config{wrong, nobody, none}, Canaries: []string{canary, verifier},
		Keeps: kept,
	})
}

func mySQLAdmin(t *testing.T, m *testkit.MySQLServer) *sql.DB {
	t.Helper()
	db, err := m.Open("tester", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// lets reports whether the server lets in somebody who is not the connector.
func lets(t *testing.T, m *testkit.MySQLServer, user string, value secret.Secret) bool {
	t.Helper()
	db, err := m.Open(user, string(value.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // nothing is left to say
	err = db.PingContext(t.Context())
	if err != nil && codeOf(err) != codeDenied {
		t.Fatal(err)
	}
	return err == nil
}

func mySQLOpensOnlyByProof(t *testing.T, m *testkit.MySQLServer) {
	m.Exec(t, "create user good identified by 'right'", "create user elsewhere@'10.9.9.9' identified by 'right'", "create user twice identified by 'of any'",
		"create user twice@'127.0.0.1' identified by 'right'", "create user certified identified by 'right' require x509", "create user sealed identified by 'right' require ssl",
		"create user shut identified by 'right' account lock", "create user overdue identified by 'right' password expire",
		"create user often identified by 'right' failed_login_attempts 1 password_lock_time 1")
	if lets(t, m, "good", secret.New([]byte("wrong"))) {
		t.Fatal("the server asks for no password")
	}
	db, err := m.Open("often", "wrong")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()                //nolint:errcheck // nothing is left to say
	_ = db.PingContext(t.Context()) // from now on the right one opens nothing
	opensAs(t, openKeeper(t, mySQLConfig(m)), `mysql "shop-db"`, []proof{
		{"good@%", "right", true, nil, ""},
		{"good@%", "wrong", false, nil, ""},
		{"elsewhere@10.9.9.9", "right", false, connector.ErrUnsupported, "from here"},
		{"twice@%", "right", false, connector.ErrUnsupported, "from here"},
		{"twice@127.0.0.1", "right", true, nil, ""},
		{"twice@127.0.0.1", "of any", false, nil, ""},
		{"sealed@%", "right", false, connector.ErrUnsupported, "encrypted"},
		{"certified@%", "right", false, connector.ErrUnsupported, "certificate"},
		{"shut@%", "right", false, connector.ErrUnsupported, "locked"},
		{"overdue@%", "right", false, connector.ErrUnsupported, "expired"},
		{"often@%", "right", false, connector.ErrUnsupported, "whatever its password"},
		{"host_root@%", "right", false, connector.ErrUnsupported, "keeps passwords of"},
		{"role:readers", "right", false, connector.ErrUnsupported, "no account"},
		{"readers@%", "right", false, connector.ErrUnsupported, "no account"},
	})
}

// noPasswordOfMySQLIsSeen: a server that logs and keeps every statement has seen no password.
func noPasswordOfMySQLIsSeen(t *testing.T, m *testkit.MySQLServer) {
	m.Exec(t, "set global general_log = on", "update performance_schema.setup_consumers set enabled = 'YES'")
	defer m.Exec(t, "set global general_log = off")
	k := openKeeper(t, mySQLConfig(m))
	for _, account := range []string{"ana@%", "svc_app@%", accountName{hostile, everywhere}.id()} {
		if err := k.SetSecret(t.Context(), newPassword(account)); err != nil {
			t.Fatalf("%s: %v", account, err)
		}
		for _, value := range []string{keptPassword, "wrong-" + keptPassword} {
			if is, err := k.Opens(t.Context(), account, connector.Password, secret.New([]byte(value))); err != nil || is != (value == keptPassword) {
				t.Errorf("%s opens as %v, %v", account, is, err)
			}
		}
	}
	log, err := os.ReadFile(m.Log())
	if err != nil {
		t.Fatal(err)
	}
	kept := ask(t, mySQLAdmin(t, m), `select concat_ws('; ', (select group_concat(coalesce(SQL_TEXT, '')) from performance_schema.events_statements_history_long),
		(select group_concat(coalesce(QUERY_SAMPLE_TEXT, '')) from performance_schema.events_statements_summary_by_digest))`)
	for what, text := range map[string]string{"the log": string(log), "what the server keeps of statements": kept} {
		if !strings.Contains(strings.ToLower(text), "identified with") {
			t.Errorf("%s does not have the statements, so nothing is tested", what)
		}
		for _, part := range []string{"canary $2", canary} {
			if strings.Contains(text, part) {
				t.Errorf("%s has %s", what, part)
			}
		}
	}
}

// ownAccountOfMySQL: an account without any privilege on accounts changes its own, where it
// has to say what it had.
func ownAccountOfMySQL(t *testing.T, m *testkit.MySQLServer) {
	m.Exec(t, "create user self identified by 'old one' password require current", "grant select on mysql.user to self", "grant select on mysql.global_grants to self")
	cfg := connector.Config{Name: "shop-db", Address: m.URL("self"), Credential: secret.New([]byte("old one"))}
	n := newPassword("self@%")
	if err := openKeeper(t, cfg).SetSecret(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if err := openKeeper(t, cfg).SetSecret(t.Context(), n); !errors.Is(err, connector.ErrCredentials) {
		t.Errorf("with what it was: %v", err)
	}
	cfg.Credential = n.Value
	if err := openKeeper(t, cfg).SetSecret(t.Context(), n); err != nil {
		t.Errorf("again, with what it is: %v", err)
	}
	if !lets(t, m, "self", n.Value) || lets(t, m, "self", secret.New([]byte("old one"))) {
		t.Error("the server says otherwise")
	}
}

// noSecondPasswordOpens: what somebody kept for a time of change opens no more.
func noSecondPasswordOpens(t *testing.T, m *testkit.MySQLServer) {
	m.Exec(t, "create user pair identified by 'first'", "alter user pair identified by 'second' retain current password")
	first := secret.New([]byte("first"))
	if !lets(t, m, "pair", first) {
		t.Fatal("the server keeps no second one")
	}
	n := newPassword("pair@%")
	if err := openKeeper(t, mySQLConfig(m)).SetSecret(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"first", "second"} {
		if lets(t, m, "pair", secret.New([]byte(value))) {
			t.Errorf("%s opens it still", value)
		}
	}
	if !lets(t, m, "pair", n.Value) {
		t.Error("the new one does not open it")
	}
	// Whoever may not take the second one away changes nothing, and is told.
	m.Exec(t, "create user alone identified by 'first'", "alter user alone identified by 'second' retain current password", "grant select on mysql.user to alone", "grant select on mysql.global_grants to alone")
	cfg := connector.Config{Name: "shop-db", Address: m.URL("alone"), Credential: secret.New([]byte("second"))}
	if err := openKeeper(t, cfg).SetSecret(t.Context(), newPassword("alone@%")); !errors.Is(err, connector.ErrPrivilege) {
		t.Errorf("without the privilege: %v", err)
	}
	if !lets(t, m, "alone", cfg.Credential) || !lets(t, m, "alone", first) || lets(t, m, "alone", n.Value) {
		t.Error("something was changed")
	}
}

// mySQLDoesNotTake: what the server refuses is said, and why; a server that writes passwords
// down is given none.
func mySQLDoesNotTake(t *testing.T, m *testkit.MySQLServer) {
	m.Exec(t, "create user strict identified by 'x' password history 3")
	k, n := openKeeper(t, mySQLConfig(m)), newPassword("strict@%")
	if err := k.SetSecret(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if err := k.SetSecret(t.Context(), n); !errors.Is(err, connector.ErrUnsupported) || strings.Contains(fmt.Sprintf("%+v", errors.Unwrap(err)), "canary $2") {
		t.Errorf("one that was there before: %v", err)
	}
	m.Exec(t, "set global log_raw = on")
	defer m.Exec(t, "set global log_raw = off")
	if err := k.SetSecret(t.Context(), newPassword("ana@%")); !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "log_raw") {
		t.Errorf("where passwords are logged as they come: %v", err)
	}
}

// inTheClear: no password is sent where others can read the line. That this one is such a line
// is said for the test: there is no other but to this machine.
func inTheClear(t *testing.T, m *testkit.MySQLServer) {
	k := openKeeper(t, mySQLConfig(m))
	k.s.line.near = false
	if err := k.SetSecret(t.Context(), newPassword("ana@%")); !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "tls=on") {
		t.Errorf("over a line in the clear: %v", err)
	}
}

func TestVersionsOfMySQL(t *testing.T) {
	for version, want := range map[string]bool{
		"8.0.13": false, "8.0.14": true, "8.0.46-0ubuntu0.22.04.5": true, "8.4.0": true, "9.7.4-2": true, "8.0.11-TiDB-v8.5.0": false, "5.7.44": false, "11.4.2-MariaDB": false,
	} {
		var major, minor int
		if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
			t.Fatal(err)
		}
		if got := (mySQL{}).reads(version, major*100+minor); got != want {
			t.Errorf("%s is read: %v", version, got)
		}
	}
}

func encryptedMySQL(t *testing.T, m *testkit.MySQLServer) {
	m.Exec(t, "create user secured identified by 'right' require ssl")
	cfg := mySQLConfig(m)
	cfg.Options = map[string]string{optCA: m.CA()}
	for value, want := range map[string]bool{"right": true, "wrong": false} {
		if is, err := openKeeper(t, cfg).Opens(t.Context(), "secured@%", connector.Password, secret.New([]byte(value))); is != want || err != nil {
			t.Errorf("with %s: %v, %v", value, is, err)
		}
	}
}

// Neither is taken for the other, whatever somebody calls it.
func TestOneIsNotTheOther(t *testing.T) {
	maria, my := testkit.NewMariaDB(t), testkit.NewMySQL(t)
	as := func(kind, address string) string {
		_, rest, _ := strings.Cut(address, "://")
		return kind + "://" + rest
	}
	for _, tt := range []struct {
		spec    connector.Spec
		address string
		says    string
	}{
		{MySQLSpec(), as(MySQLKind, maria.URL("tester")), "not MySQL 8.0.14 or newer"},
		{Spec(), as(Kind, my.URL("tester")), "not MariaDB 10.6 or newer"},
		{MySQLSpec(), maria.URL("tester"), "must begin with mysql://"},
	} {
		c, err := tt.spec.Open(t.Context(), connector.Config{Name: "shop-db", Address: tt.address})
		if err == nil {
			_, err = c.Describe(t.Context())
		}
		if !errors.Is(err, connector.ErrInput) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s at %s: %v", tt.spec.Kind, tt.address, err)
		}
	}
}

func TestMandatoryRolesAreRead(t *testing.T) {
	for text, want := range map[string]accountName{
		"a": {"a", "%"}, " `a`@`%` ": {"a", "%"}, "'a'@'localhost'": {"a", "localhost"}, `"a"@x`: {"a", "x"}, "": {"", "%"},
	} {
		if got, ok := mandatory(text); got != want || ok != (want.User != "") {
			t.Errorf("%q is %v, %v", text, got, ok)
		}
	}
}
