package mariadb

import (
	"fmt"
	"hash/fnv"
	"testing"

	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// lending is what the kit lends. A table has no owner there: what an account made is whose
// the account is, and once it is gone nobody's but the heir's, who may use the database.
func lending(t *testing.T, m *testkit.MariaDBServer) *connectortest.Lending {
	db := admin(t, m)
	ask(t, db, "select 1") // its connection is there before anything is counted
	can := func(t *testing.T, login string, value secret.Secret, statement string) bool {
		t.Helper()
		as, err := m.Open(login, string(value.Reveal()))
		if err != nil {
			t.Fatal(err)
		}
		defer as.Close() //nolint:errcheck // nothing is left to say
		_, err = as.ExecContext(t.Context(), statement)
		return err == nil
	}
	exists := func(t *testing.T, login string) bool {
		t.Helper()
		return ask(t, db, `select count(*) from mysql.global_priv where User = ?`, login) == "1"
	}
	return &connectortest.Lending{
		Entitlements: []string{"role:readers", "database:shop_eu:CREATE"},
		May: func(t *testing.T, login string, value secret.Secret) bool {
			return can(t, login, value, "select * from shop.customer")
		},
		SignsIn: func(t *testing.T, login string, value secret.Secret) bool { return can(t, login, value, "select 1") },
		Works: func(t *testing.T, login string, value secret.Secret) (func() bool, func() string) {
			t.Helper()
			as, err := m.Open(login, string(value.Reveal()))
			if err != nil {
				t.Fatal(err)
			}
			conn, err := as.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = conn.Close()
				_ = as.Close()
			})
			sum := fnv.New32()
			_, _ = sum.Write([]byte(login))
			table := fmt.Sprintf("made_%x", sum.Sum32())
			if _, err := conn.ExecContext(t.Context(), "create table shop_eu."+table+" (id int)"); err != nil {
				t.Fatal(err)
			}
			owner := func() string {
				if ask(t, db, `select count(*) from information_schema.tables where table_name = ?`, table) != "1" {
					return "nobody"
				}
				if exists(t, login) {
					return login
				}
				return "ana"
			}
			return func() bool { return conn.PingContext(t.Context()) == nil }, owner
		},
		Successor: "ana@%", Heir: "ana",
		Exists:   exists,
		Stranger: func(t *testing.T, login string) { m.Exec(t, "create user "+quote(login)+" identified by 'x'") },
		Nasty:    []string{"`; drop user writ; --", `quo"te'd`, `slash\back`, "with@sign"},
	}
}
