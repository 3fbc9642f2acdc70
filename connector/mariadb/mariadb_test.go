package mariadb

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// canary is the password that Writ uses; its verifier lies in the server.
const canary = "correct-horse-canary"

const hostile = "Odd `name`'; drop user x; --"

// build makes a server with every kind of privilege that the connector knows.
func build(t *testing.T) *testkit.MariaDBServer {
	t.Helper()
	m := testkit.NewMariaDB(t)
	m.Exec(t,
		"create user writ identified by '"+canary+"'", "grant all on *.* to writ with grant option",
		"create database shop", "create database shop_eu", "create database `odd.db`",
		"create table shop.customer (id int, name text, iban text)", "create table shop.invoice (id int)", "create table `odd.db`.`a:b` (id int)",
		"create procedure shop.pay() select 1", "create function shop.rate() returns int return 1",
		"create role readers", "create role writers", "create role seniors", "create role `odd role`",
		"create user ana identified via ed25519 using password('ana''s own')", "create user ben@localhost identified by 'x'", "create user cho@'10.0.%' identified by 'x' account lock",
		"create user svc_app identified by 'x'", "create user "+quote(hostile)+" identified by 'x'", "create user open_door", "create user ''@'10.%' identified by 'x'",
		"create user host_root identified via unix_socket using 'root' or mysql_native_password using 'invalid'", "create user late identified by 'x' password expire",
		"create user many with max_user_connections 3", "create user `at@sign` identified by 'x'", "create user `back\\slash` identified by 'x'",
		"grant readers to writ with admin option", "grant writers to writ with admin option",
		"grant seniors to writ with admin option", "grant `odd role` to writ with admin option", "grant readers to seniors", "grant seniors to ana with admin option", "set default role seniors for ana", "grant writers to ana", "grant writers to ben@localhost",
		"grant select on shop.* to readers", "grant insert, update on shop.customer to writers", "grant select (name), update (iban) on shop.customer to svc_app",
		"grant select on `shop\\_%`.* to svc_app", "grant delete on `shop_eu`.* to svc_app with grant option", "grant execute on procedure shop.pay to svc_app",
		"grant execute, alter routine on function shop.rate to writers", "grant process, create user, binlog monitor on *.* to ben@localhost", "grant file on *.* to `odd role`",
		"grant drop on `odd.db`.`a:b` to "+quote(hostile), "grant update on mysql.global_priv to svc_app", "grant select on shop.invoice to public",
		"insert into mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor) values ('10.0.%', 'cho', '%', 'ana', 0, '')", "flush privileges")
	return m
}

func config(m *testkit.MariaDBServer) connector.Config {
	return connector.Config{Name: "shop-db", Address: m.URL("writ"), Credential: secret.New([]byte(canary + "\n"))}
}

func openServer(t *testing.T, cfg connector.Config) *Server {
	t.Helper()
	c, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c.(*Server)
}

func discover(t *testing.T, cfg connector.Config) (list []connector.Record) {
	t.Helper()
	for r, err := range openServer(t, cfg).Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// One server is enough for all that needs one: what each test makes has a name of its own.
func TestMariaDB(t *testing.T) {
	m := build(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *testkit.MariaDBServer)
	}{
		{"Yielded", whatIsYielded},
		{"Truth", truthAgainstTheServer},
		{"Conformance", conformance},
		{"Verifiers", verifiersAreTheServers},
		{"Opens", opensOnlyByProof},
		{"NotTaken", notTaken},
		{"Lesson13_NoPasswordIsSeen", noPasswordIsSeen},
		{"OwnAccount", ownAccount},
		{"Encrypted", encrypted},
		{"MarkStays", markStays},
		{"Lesson15_LoginsAreNeverStatements", loginsAreNeverStatements},
		{"Refused", refusedLives},
		{"Definers", definers},
		{"ActiveRoles", activeRoles},
		{"Sessions", onlyItsOwnSessions},
		{"Lend", lendsForOneUse},
		{"LendDefiner", definerStaysLocked},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, m) })
	}
}

// yielded is what a connector said, by what it is of.
type yielded struct {
	grants      map[string]access.GrantFlags // HOLDER > ENTITLEMENT
	can         map[string]string            // what entitlements permit
	accounts    map[string]*connector.Account
	credentials map[string]string // the algorithm, by account
}

func yields(t *testing.T, c connector.Connector) yielded {
	t.Helper()
	y := yielded{map[string]access.GrantFlags{}, map[string]string{}, map[string]*connector.Account{}, map[string]string{}}
	for r, err := range c.Discover(t.Context(), "") {
		switch {
		case err != nil:
			t.Fatal(err)
		case r.Grant != nil:
			y.grants[r.Grant.Holder.ID+" > "+r.Grant.Entitlement] = r.Grant.Flags
		case r.Entitlement != nil:
			for _, c := range r.Entitlement.Capabilities {
				y.can[r.Entitlement.ID] += string(c.Right) + " " + string(c.On.Kind) + " " + c.On.ID + ";"
			}
		case r.Account != nil:
			y.accounts[r.Account.ID] = r.Account
		case r.Credential != nil:
			y.credentials[r.Credential.Account] = r.Credential.Algorithm
		}
	}
	return y
}

// gives expects grants, with their flags.
func (y yielded) gives(t *testing.T, all map[string]access.GrantFlags) {
	t.Helper()
	for want, flags := range all {
		if got, is := y.grants[want]; !is || got != flags {
			t.Errorf("%s is there: %v, flags %d, not %d", want, is, got, flags)
		}
	}
}

func whatIsYielded(t *testing.T, m *testkit.MariaDBServer) {
	cfg := config(m)
	cfg.Options = map[string]string{optHost: "db1"}
	y := yields(t, openServer(t, cfg))
	y.gives(t, map[string]access.GrantFlags{
		"ana@% > role:seniors":                            access.AdminOption,
		"ana@% > role:writers":                            access.NoInherit,
		"ben@localhost > role:writers":                    access.NoInherit,
		"role:seniors > role:readers":                     0,
		"role:readers > database:shop:SELECT":             0,
		"role:writers > table:shop.customer:INSERT":       0,
		"svc_app@% > column:shop.customer.name:SELECT":    0,
		`svc_app@% > databases:shop\x5c_%:SELECT`:         0,
		"svc_app@% > databases:shop_eu:DELETE":            0,
		"svc_app@% > databases:shop_eu:GRANT OPTION":      0,
		"svc_app@% > procedure:shop.pay:EXECUTE":          0,
		"role:writers > function:shop.rate:ALTER ROUTINE": 0,
		"ben@localhost > global:CREATE USER":              0,
		"ben@localhost > global:BINLOG MONITOR":           0,
		"role:odd role > global:FILE":                     0,
		"svc_app@% > table:mysql.global_priv:UPDATE":      0,
		"role:PUBLIC > table:shop.invoice:SELECT":         0,
		"ana@% > role:PUBLIC":                             access.Implicit,
		"cho@10.0.% > proxy:ana@%":                        0,
		"role:PUBLIC > " + openID:                         0,
		hostile + `@% > table:odd\x2edb.a\x3ab:DROP`:      0,
	})
	for id, want := range map[string]string{
		"global:CREATE USER":               "grant_access system ;",
		"database:shop:SELECT":             "read_sensitive resource database:shop;",
		`databases:shop\x5c_%:SELECT`:      "read_sensitive resource database:shop_eu;",
		"table:mysql.global_priv:UPDATE":   "change_config resource table:mysql.global_priv;grant_access system ;",
		"proxy:ana@%":                      "impersonate account ana@%;",
		openID:                             "impersonate account many@%;impersonate account open_door@%;impersonate account root@127.0.0.1;impersonate account root@::1;impersonate account root@localhost;impersonate account tester@127.0.0.1;",
		"procedure:shop.pay:EXECUTE":       "",
		"column:shop.customer.name:SELECT": "read_sensitive resource table:shop.customer;",
	} {
		if y.can[id] != want {
			t.Errorf("%s can %q, want %q", id, y.can[id], want)
		}
	}
	for id, want := range map[string]access.AccountStatus{"cho@10.0.%": access.Disabled, "late@%": access.Enabled, "@10.%": access.Enabled, `at\x40sign@%`: access.Enabled} {
		if a := y.accounts[id]; a == nil || a.Status != want {
			t.Errorf("%s is %+v", id, a)
		}
	}
	if a := y.accounts["root@localhost"]; a == nil || a.Kind != access.BuiltInAccount {
		t.Errorf("root is %+v", a)
	}
	if a := y.accounts["host_root@%"]; a == nil || len(a.OpenedBy) != 1 || a.OpenedBy[0].ID != "root" || a.OpenedBy[0].System != "db1" {
		t.Errorf("who is let in by the host's word is %+v", a)
	}
	if a := y.accounts["ana@%"]; a == nil || a.Login != "ana" || a.UsageKnown {
		t.Errorf("ana is %+v", a)
	}
	if y.credentials["ana@%"] != ed25519Plugin || y.credentials["svc_app@%"] != nativePassword || y.credentials["open_door@%"] != "" {
		t.Errorf("credentials: %v", y.credentials)
	}
}

// What the connector says of privileges is what the server's own views say of them.
func truthAgainstTheServer(t *testing.T, m *testkit.MariaDBServer) {
	m.Exec(t, "create user may_all", "grant all on *.* to may_all", "grant all on shop.* to may_all", "grant all on shop.customer to may_all")
	defer m.Exec(t, "drop user may_all")
	said := map[string]bool{}
	names := map[string]string{}
	records := discover(t, config(m))
	for _, r := range records {
		if r.Account != nil {
			name, ok := parseAccount(r.Account.ID)
			if !ok {
				t.Fatalf("%s names nothing", r.Account.ID)
			}
			names[r.Account.ID] = "'" + name.User + "'@'" + name.Host + "'"
		}
	}
	for _, r := range records {
		if r.Grant == nil || names[r.Grant.Holder.ID] == "" || r.Grant.Holder.Kind != connector.OnAccount {
			continue
		}
		of, parts, word, ok := parseEntitlement(r.Grant.Entitlement)
		if !ok || of == "role" || word == grantOption || routineOf(of) {
			continue
		}
		if of == onDatabase {
			parts[0] = pattern(parts[0])
		}
		said[names[r.Grant.Holder.ID]+" "+strings.Join(parts, ".")+" "+word] = true
	}
	db := admin(t, m)
	theirs := map[string]bool{}
	for _, query := range []string{
		`select grantee, '', privilege_type from information_schema.user_privileges where privilege_type <> 'USAGE'`,
		`select grantee, table_schema, privilege_type from information_schema.schema_privileges`,
		`select grantee, concat(table_schema, '.', table_name), privilege_type from information_schema.table_privileges`,
		`select grantee, concat(table_schema, '.', table_name, '.', column_name), privilege_type from information_schema.column_privileges`,
	} {
		rows, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close() //nolint:errcheck // Err has it
		for rows.Next() {
			var who, what, word string
			if err := rows.Scan(&who, &what, &word); err != nil {
				t.Fatal(err)
			}
			if word = strings.ReplaceAll(word, "DELETE VERSIONING ROWS", "DELETE HISTORY"); known(names, who) {
				theirs[who+" "+what+" "+word] = true
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if len(theirs) < 100 {
		t.Fatalf("the server shows %d privileges, so little is compared", len(theirs))
	}
	for x := range theirs {
		if !said[x] {
			t.Errorf("the server says, and the connector does not: %s", x)
		}
	}
	for x := range said {
		if !theirs[x] {
			t.Errorf("the connector says, and the server does not: %s", x)
		}
	}
}

func routineOf(kind string) bool {
	for _, k := range routineKinds {
		if k == kind {
			return true
		}
	}
	return false
}

func known(names map[string]string, grantee string) bool {
	for _, n := range names {
		if n == grantee {
			return true
		}
	}
	return false
}

// admin is a connection that may do everything.
func admin(t *testing.T, m *testkit.MariaDBServer) *sql.DB {
	t.Helper()
	db, err := m.Open("tester", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func ask(t *testing.T, db *sql.DB, query string, args ...any) (answer string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var text sql.NullString
	if err := db.QueryRowContext(ctx, query, args...).Scan(&text); err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatalf("%s: %v", query, err)
	}
	return text.String
}

// An address says where the server is, and never goes there in the clear unasked.
func TestAddress(t *testing.T) {
	for address, says := range map[string]string{
		"mariadb://writ:secret@db1":             "give it as the credential",
		"mariadb://db1":                         "names no account",
		"postgres://writ@db1":                   "begin with mariadb",
		"mariadb://writ@db1/shop":               "nothing else",
		"mariadb://writ@db1,db2":                "nothing else",
		"mariadb://writ@db1:0":                  "port",
		"mariadb://writ@db1?tls=skip":           "only socket",
		"mariadb://writ@?socket=relative":       "only socket",
		"mariadb://writ@db1?socket=/run/x.sock": "one host, or one socket",
		"mariadb://%zz":                         "not a URL",
	} {
		_, err := Open(t.Context(), connector.Config{Name: "db", Address: address})
		if !errors.Is(err, connector.ErrInput) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, tt := range []struct {
		address, tls string
		encrypted    bool
	}{
		{"mariadb://writ@db1.example.com", "", true},
		{"mariadb://writ@db1.example.com", "on", true},
		{"mariadb://writ@db1.example.com", "off", false},
		{"mariadb://writ@127.0.0.1:3307", "", false},
		{"mariadb://writ@localhost", "on", true},
		{"mariadb://writ@?socket=/run/mysqld/mysqld.sock", "", false},
	} {
		s := openServer(t, connector.Config{Name: "db", Address: tt.address, Options: map[string]string{optTLS: tt.tls}})
		switch config := s.line.config.TLS; {
		case (config != nil) != tt.encrypted:
			t.Errorf("%s with tls=%s is encrypted: %v", tt.address, tt.tls, config != nil)
		case config != nil && (config.InsecureSkipVerify || config.ServerName == ""):
			t.Errorf("%s with tls=%s believes whoever answers", tt.address, tt.tls)
		}
	}
	for name, value := range map[string]string{"tls": "maybe", "timeout": "0", "data_class.a.b.c": "internal", "data_class.a": "secret", "nonsense": "x", "lend_host": "", "ca": "-----BEGIN NOTHING"} {
		if _, err := Open(t.Context(), connector.Config{Name: "db", Address: "mariadb://writ@db1", Options: map[string]string{name: value}}); !errors.Is(err, connector.ErrInput) {
			t.Errorf("option %s=%s: %v", name, value, err)
		}
	}
}

// Who signs in is who the server takes them for.
func TestWhoIsMeant(t *testing.T) {
	for _, tt := range []struct {
		hosts  []string
		client string
		want   string // "?" is not sure
	}{
		{[]string{"%"}, "127.0.0.1", "%"},
		{[]string{"%", "localhost"}, "localhost", "localhost"},
		{[]string{"%", "localhost"}, "127.0.0.1", "%"},
		{[]string{"10.%", "10.0.%", "%"}, "10.0.0.7", "10.0.%"},
		{[]string{"10.0.0.0/255.255.255.0", "%"}, "10.0.0.7", "10.0.0.0/255.255.255.0"},
		{[]string{"10.0.0.0/255.255.255.0"}, "10.0.1.7", "?"},
		{[]string{"%.example.com", "%"}, "db.example.com", "?"},
		{[]string{"127.0.0.1", "%"}, "localhost", "?"},
		{[]string{"DB.example.com", "%"}, "db.EXAMPLE.com", "DB.example.com"},
		{[]string{"10.0.0.7"}, "10.0.0.8", "?"},
	} {
		var list []accountName
		for _, h := range tt.hosts {
			list = append(list, accountName{"ana", h}, accountName{"ben", "10.0.0.7"})
		}
		may, sure := meant(list, comer{"ana", tt.client})
		if sure != (tt.want != "?") || sure && may[0].Host != tt.want {
			t.Errorf("%v from %s: %v, %v", tt.hosts, tt.client, may, sure)
		}
	}
	if _, sure := meant([]accountName{{"ana", "%"}, {"", "localhost"}}, comer{"ana", "localhost"}); sure {
		t.Error("somebody without a name may be meant, too")
	}
}

// FuzzNames: whatever a name is, its id is one name's, and its quote is one word.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"", "a", "`", "``; drop user x; --", `\`, `\x40`, "a@b", "ünï", "\x00", "\xff", "a.b:c", "'\"", `\' or 1=1`} {
		f.Add(s, "%")
		f.Add("x", s)
	}
	f.Fuzz(func(t *testing.T, user, host string) {
		a := accountName{user, host}
		back, ok := parseAccount(a.id())
		if len(a.id()) < connector.MaxID && a.nameable() && (!ok || back != a) {
			t.Errorf("%q became %q, which is %+v", a, a.id(), back)
		}
		q := quote(user)
		if inner := q[1 : len(q)-1]; q[0] != '`' || q[len(q)-1] != '`' || strings.ReplaceAll(inner, "``", "") != strings.ReplaceAll(user, "`", "") {
			t.Errorf("%q is quoted as %s", user, q)
		}
		if name, one := database(pattern(user)); !one || name != user {
			t.Errorf("the pattern of %q names %q, %v", user, name, one)
		}
		if !like(pattern(user), user) {
			t.Errorf("the pattern of %q does not fit it", user)
		}
	})
}
