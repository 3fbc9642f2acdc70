package mariadb

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

const firstPassword = "first-Password-canary-7'$"

func conformance(t *testing.T, m *testkit.MariaDBServer) {
	verifier := ask(t, admin(t, m), `select json_value(Priv, '$.authentication_string') from mysql.global_priv where User = 'writ'`)
	if verifier == "" {
		t.Fatal("the server keeps no verifier of Writ's password")
	}
	good := config(m)
	good.Options = map[string]string{"data_class.shop": "confidential", "data_class.shop.customer": "restricted", optHost: "db1"}
	wrong, nobody, none := good, good, good
	wrong.Credential = secret.New([]byte("wrong"))
	nobody.Address = m.URL("nobody")
	none.Credential = secret.Secret{}
	connectortest.Run(t, connectortest.Suite{
		Spec: Spec(), Config: good, Addr: net.JoinHostPort("127.0.0.1", fmt.Sprint(m.Port)),
		Through: func(cfg connector.Config, addr string) connector.Config {
			cfg.Address = "mariadb://writ@" + addr
			cfg.Options = map[string]string{optTimeout: "3"}
			return cfg
		},
		Hasty: func(cfg connector.Config) connector.Config {
			cfg.Options = map[string]string{optTimeout: "1"}
			return cfg
		},
		Wrong: []connector.Config{wrong, nobody, none}, Canaries: []string{canary, verifier},
		Steps: steps(), Gone: gone(),
		Accounts: newAna(m),
		Keeps:    kept(t, m),
		Lends:    lending(t, m),
	})
}

// stock reports whether the stock client is let in as an account.
func stock(t *testing.T, m *testkit.MariaDBServer, user string, value secret.Secret) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "mariadb", "--no-defaults", "-h127.0.0.1", "-P"+strconv.Itoa(m.Port), "--user="+user, "-NBe", "select current_user()")
	cmd.Env = []string{"MYSQL_PWD=" + string(value.Reveal())}
	out, err := cmd.CombinedOutput()
	if err == nil {
		return string(bytes.TrimSpace(out)) == user+"@%"
	}
	for _, refusal := range []string{"ERROR 1045", "ERROR 1698", "ERROR 4151"} {
		if strings.Contains(string(out), refusal) {
			return false
		}
	}
	t.Fatalf("the client as %s: %v %s", user, err, out)
	return false
}

// kept are accounts whose secrets the kit sets, one for each way of keeping them.
func kept(t *testing.T, m *testkit.MariaDBServer) []connectortest.Kept {
	t.Helper()
	m.Exec(t, "create user kept identified by 'x'", "create user kept2 identified via ed25519 using password('x')", "create user plain identified by 'of plain'")
	var list []connectortest.Kept
	for _, name := range []string{"kept", "kept2"} {
		list = append(list, connectortest.Kept{
			Kind: connector.Password, Account: name + "@%", Absent: "nobody at all@%",
			SignsIn: func(t *testing.T, value secret.Secret) bool { return stock(t, m, name, value) },
			Without: []connector.Config{{Name: "shop-db", Address: m.URL("plain"), Credential: secret.New([]byte("of plain"))}},
		})
	}
	return list
}

// newAna is an account that the kit makes.
func newAna(m *testkit.MariaDBServer) *connectortest.Accounts {
	return &connectortest.Accounts{
		New: connector.NewAccount{
			Login: "new.ana", Mark: "acc_1", Credential: secret.New([]byte(firstPassword)), Values: map[string]string{setLimit: "5"},
		},
		Set:   map[string]string{setLimit: "7"},
		Taken: "ana",
		SignIn: func(t *testing.T, login, password string) error {
			t.Helper()
			db, err := m.Open(login, password)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close() //nolint:errcheck // nothing is left to say
			return db.PingContext(t.Context())
		},
		Session: func(t *testing.T, login, password string) func() bool {
			t.Helper()
			db, err := m.Open(login, password)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = conn.Close()
				_ = db.Close()
			})
			return func() bool { return conn.PingContext(t.Context()) == nil }
		},
	}
}

func holderRole(name string) connector.Target {
	return connector.Target{Kind: connector.OnEntitlement, ID: "role:" + name}
}

func holder(user string) connector.Target { return accountName{user, everywhere}.target() }

// give is a grant and its revocation.
func give(to connector.Target, entitlement string, flags access.GrantFlags) connectortest.Step {
	g := connector.Grant{Holder: to, Entitlement: entitlement, Flags: flags}
	return connectortest.Step{Do: connector.Change{Kind: connector.AddGrant, Grant: g}, Undo: connector.Change{Kind: connector.RemoveGrant, Grant: g}}
}

// take is a revocation and what restores it.
func take(from connector.Target, entitlement string, flags access.GrantFlags) connectortest.Step {
	s := give(from, entitlement, flags)
	return connectortest.Step{Do: s.Undo, Undo: s.Do}
}

func steps() []connectortest.Step {
	shut := func(account string) connectortest.Step {
		return connectortest.Step{Do: connector.Change{Kind: connector.DisableAccount, Account: account}, Undo: connector.Change{Kind: connector.EnableAccount, Account: account}}
	}
	return []connectortest.Step{
		give(holder("many"), "role:readers", 0),
		give(holder("many"), "role:readers", access.AdminOption),
		give(holder("ana"), "role:readers", 0),
		give(holderRole("readers"), "role:odd role", 0),
		give(holder(hostile), "role:readers", 0),
		give(holder(hostile), "database:shop:SELECT", 0),
		give(holder(hostile), "global:PROCESS", 0),
		give(holder("ana"), "database:shop_eu:INSERT", 0),
		give(holder("ana"), `databases:shop\x5c_%:GRANT OPTION`, 0),
		give(holder("ana"), "column:shop.customer.iban:SELECT", 0),
		give(holder("ana"), "procedure:shop.pay:EXECUTE", 0),
		give(holderRole("odd role"), `table:odd\x2edb.a\x3ab:SELECT`, 0),
		give(holderRole("PUBLIC"), "database:shop_eu:SELECT", 0),
		take(holder("ana"), "role:seniors", access.AdminOption),
		take(holder("svc_app"), "databases:shop_eu:DELETE", 0),
		take(holderRole("writers"), "table:shop.customer:INSERT", 0),
		take(holder("svc_app"), "column:shop.customer.name:SELECT", 0),
		take(holderRole("writers"), "function:shop.rate:EXECUTE", 0),
		take(accountName{"ben", "localhost"}.target(), "global:BINLOG MONITOR", 0),
		shut("ana@%"), shut(holder(hostile).ID), shut("ben@localhost"),
	}
}

func gone() (list []connector.Change) {
	for _, s := range []connectortest.Step{
		give(holder("who left"), "role:readers", 0), give(holder("ana"), "role:never was", 0), give(holder("ana"), "table:shop.nothing:SELECT", 0),
		give(holder("ana"), "table:nowhere.nothing:SELECT", 0), give(holder("ana"), "procedure:shop.nothing:EXECUTE", 0), give(holder("many"), "global:SUPER", 0),
	} {
		list = append(list, s.Undo)
	}
	return slices.Concat(list, []connector.Change{{Kind: connector.DisableAccount, Account: "who left@%"}})
}
