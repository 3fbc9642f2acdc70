package e2e

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/ldap"
	"github.com/writhq/writ/connector/mariadb"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// What the page on PostgreSQL lets a role do is enough to keep another's password, and not a
// superuser's.
func TestHowToPostgresKeeps(t *testing.T) {
	server := testkit.NewPostgres(t)
	server.Exec(t, "postgres", append(page(t, "postgres").blocks(t, "sql", "keep"), `create role payroll_app login`, `create role dba login superuser`,
		`do $$ begin execute format('copy (select unnest(array[''host all postgres,writ_keep 127.0.0.1/32 trust'', ''host all all 127.0.0.1/32 scram-sha-256''])) to %L', current_setting('hba_file')); end $$`,
		`select pg_reload_conf()`)...)
	for { // the server reads it in its own time
		conn, err := pgx.Connect(t.Context(), strings.Replace(server.URL("postgres"), "postgres@", "payroll_app@", 1))
		if err != nil {
			break
		}
		_ = conn.Close(t.Context())
	}
	cfg := connector.Config{Name: "payroll", Address: strings.Replace(server.URL("postgres"), "postgres@", "writ_keep@", 1)}
	keepThrough(t, postgres.Spec(), cfg, "payroll_app", "dba")
}

// What the page on MariaDB lets accounts do is enough to read as much as an administrator, to
// live an account through, and to keep passwords.
func TestHowToMariaDB(t *testing.T) {
	server := testkit.NewMariaDB(t)
	server.Exec(t, "create user payroll_app identified by 'x'", "create role readers", "grant readers to payroll_app")
	p := page(t, "mariadb")
	run := func(kind, as string) {
		for _, block := range p.blocks(t, "sql", kind) {
			for _, statement := range strings.Split(strings.NewReplacer("192.0.2.10", "127.0.0.1", "writ@", as+"@").Replace(block), ";\n") {
				if strings.TrimSpace(statement) != "" && (kind != "target" || as == "writ" || strings.HasPrefix(statement, "grant")) {
					server.Exec(t, statement)
				}
			}
		}
	}
	config := func(account, password string) connector.Config {
		return connector.Config{Name: "shop", Address: server.URL(account), Credential: secret.New([]byte(password))}
	}
	run("target", "writ")
	run("change", "writ_change")
	run("target", "writ_change")
	run("keep", "writ_keep")
	got, want := recordsOf(t, mariadb.Spec(), config("writ", "choose-a-long-one")), recordsOf(t, mariadb.Spec(), config("tester", ""))
	if got == 0 || got != want {
		t.Errorf("the page's account reads %d records, an administrator %d", got, want)
	}
	liveThrough(t, mariadb.Spec(), config("writ_change", "choose-another-long-one"), nil)
	keepThrough(t, mariadb.Spec(), config("writ_keep", "choose-one-more-long-one"), "payroll_app@%", "")
}

// What the page on MySQL lets accounts do is enough to read as much as an administrator, and
// to keep passwords.
func TestHowToMySQL(t *testing.T) {
	server := testkit.NewMySQL(t)
	server.Exec(t, "create user payroll_app identified by 'x'", "create role readers", "grant readers to payroll_app")
	p := page(t, "mysql")
	for _, block := range append(p.blocks(t, "sql", "target"), p.blocks(t, "sql", "keep")...) {
		for statement := range strings.SplitSeq(strings.ReplaceAll(block, "192.0.2.10", "127.0.0.1"), ";\n") {
			if strings.TrimSpace(statement) != "" {
				server.Exec(t, statement)
			}
		}
	}
	config := func(account, password string) connector.Config {
		return connector.Config{Name: "shop", Address: server.URL(account), Credential: secret.New([]byte(password))}
	}
	got, want := recordsOf(t, mariadb.MySQLSpec(), config("writ", "choose-a-long-one")), recordsOf(t, mariadb.MySQLSpec(), config("tester", ""))
	if got == 0 || got != want {
		t.Errorf("the page's account reads %d records, an administrator %d", got, want)
	}
	keepThrough(t, mariadb.MySQLSpec(), config("writ_keep", "choose-one-more-long-one"), "payroll_app@%", "")
}

func recordsOf(t *testing.T, spec connector.Spec, cfg connector.Config) (n int) {
	t.Helper()
	c, err := spec.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // nothing is left to say
	for _, err := range c.Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// What the page on directories lets an account do is enough to keep the passwords of what is
// below one container, and no others.
func TestHowToOpenLDAPKeeps(t *testing.T) {
	const writ, password = "cn=writ-keep,ou=services,dc=example,dc=test", "of-the-service"
	person := func(uid, at string) string {
		return "dn: uid=" + uid + "," + at + "dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: " + uid + "\ncn: x\nsn: x\n\n"
	}
	s := testkit.NewSlapd(t, testkit.SlapdConfig{
		Lines: "overlay ppolicy\n" + strings.ReplaceAll(strings.Join(page(t, "ldap").blocks(t, "conf", "keep"), ""), "dc=com", "dc=test"),
		LDIF: strings.NewReader("dn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n\n" + person("app", "ou=people,") + person("boss", "") +
			"dn: ou=services,dc=example,dc=test\nobjectClass: organizationalUnit\nou: services\n\n" +
			"dn: " + writ + "\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: writ-keep\nuserPassword: " + password + "\n"),
	})
	cfg := connector.Config{
		Name: "corp", Address: s.TLSURL() + "/" + s.BaseDN(), Credential: secret.New([]byte(password)), Options: map[string]string{"bind_dn": writ, "ca": s.CA()},
	}
	keepThrough(t, ldap.Spec(), cfg, id(t, ldap.Spec(), cfg, "app"), id(t, ldap.Spec(), cfg, "boss"))
}

// keepThrough sets one account's secret and tries it, and is not let set the other's.
func keepThrough(t *testing.T, spec connector.Spec, cfg connector.Config, account, other string) {
	t.Helper()
	c, err := spec.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // nothing is left to say
	k, ok := c.(connector.Keeper)
	if !ok {
		t.Fatalf("%s keeps no secrets", spec.Kind)
	}
	for _, value := range []string{"First-Password-1", "Second-Password-2"} {
		n := connector.NewSecret{Account: account, Kind: connector.Password, Value: secret.New([]byte(value))}
		if err := k.SetSecret(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if is, err := k.Opens(t.Context(), account, connector.Password, n.Value); !is || err != nil {
			t.Errorf("%s opens as %v, %v", value, is, err)
		}
		if n.Account = other; other == "" {
			continue
		}
		if err := k.SetSecret(t.Context(), n); !errors.Is(err, connector.ErrPrivilege) {
			t.Errorf("another's: %v", err)
		}
	}
	if is, err := k.Opens(t.Context(), account, connector.Password, secret.New([]byte("First-Password-1"))); is || err != nil {
		t.Errorf("what was there before opens as %v, %v", is, err)
	}
}

// id is the native id of a login.
func id(t *testing.T, spec connector.Spec, cfg connector.Config, login string) string {
	t.Helper()
	c, err := spec.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // nothing is left to say
	f, err := c.(connector.Maker).Find(t.Context(), login)
	if err != nil || f == nil {
		t.Fatalf("%s: %v, %v", login, f, err)
	}
	return f.ID
}
