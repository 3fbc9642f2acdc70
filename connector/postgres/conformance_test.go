package postgres

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/connectortest"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// canary is the password that Writ uses; its hash lies in the server.
const canary = "correct-horse-canary"

// protect makes the server ask role writ for its password.
func protect(t *testing.T, p *testkit.PostgresServer) (hash string) {
	t.Helper()
	p.Exec(t, "postgres", `set password_encryption = 'scram-sha-256'; create role writ login superuser password '`+canary+`'`)
	letIn(t, p, "host all postgres,plain 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256")
	type row struct{ Hash string }
	return ask[row](t, p.URL("postgres"), `select rolpassword from pg_authid where rolname = 'writ'`)[0].Hash
}

// letIn makes lines the server's pg_hba.conf.
func letIn(t *testing.T, p *testkit.PostgresServer, lines ...string) {
	t.Helper()
	rewrite(t, p, "hba_file", lines...)
}

// rewrite makes lines the file that a setting of the server names.
func rewrite(t *testing.T, p *testkit.PostgresServer, setting string, lines ...string) {
	t.Helper()
	p.Exec(t, "postgres", fmt.Sprintf(`do $$ begin execute format('copy (select unnest(array[''%s''])) to %%L', current_setting('%s')); end $$`, strings.Join(lines, "'', ''"), setting),
		`select pg_reload_conf()`)
}

func at(address, host string) string {
	u, _ := url.Parse(address)
	u.Host = host
	return u.String()
}

func TestConformance(t *testing.T) {
	p := build(t)
	enrich(t, p)
	hash := protect(t, p)
	addr := net.JoinHostPort("127.0.0.1", fmt.Sprint(p.Port))
	good := connector.Config{
		Name: "shop-db", Address: strings.Replace(p.URL("postgres"), "postgres@", "writ@", 1), Credential: secret.New([]byte(canary + "\n")),
		Options: map[string]string{"data_class.shop": "confidential", "data_class.shop.sales.customer": "restricted", "exclude": "closed", "directory": "corp", "host": "db1", "group_roles": "readers=cn=readers,dc=x"},
	}
	wrong, nobody, none := good, good, good
	wrong.Credential = secret.New([]byte("wrong"))
	nobody.Address = strings.Replace(good.Address, "writ@", "nobody@", 1)
	none.Credential = secret.Secret{}
	connectortest.Run(t, connectortest.Suite{
		Spec: Spec(), Config: good, Addr: addr,
		Through: func(cfg connector.Config, addr string) connector.Config {
			cfg.Address = at(cfg.Address, addr)
			cfg.Options = map[string]string{"timeout": "3"}
			return cfg
		},
		Wrong: []connector.Config{wrong, nobody, none}, Canaries: []string{canary, hash},
		Steps: steps(), Gone: gone(),
		Accounts: newAna(p),
		Keeps:    keptRole(t, p),
		Lends:    lendsIn(t, p),
	})
}

func holderRole(name string) connector.Target {
	return connector.Target{Kind: connector.OnEntitlement, ID: "role:" + name}
}

// give is a grant and its revocation.
func give(holder connector.Target, entitlement string, flags access.GrantFlags) connectortest.Step {
	g := connector.Grant{Holder: holder, Entitlement: entitlement, Flags: flags}
	return connectortest.Step{Do: connector.Change{Kind: connector.AddGrant, Grant: g}, Undo: connector.Change{Kind: connector.RemoveGrant, Grant: g}}
}

// take is a revocation and what restores it.
func take(holder connector.Target, entitlement string, flags access.GrantFlags) connectortest.Step {
	s := give(holder, entitlement, flags)
	return connectortest.Step{Do: s.Undo, Undo: s.Do}
}

const hostile = `Odd "name"; drop table x; --`

func steps() []connectortest.Step {
	return []connectortest.Step{
		give(account("eternal"), "role:readers", 0),
		give(account("eternal"), "role:readers", access.AdminOption),
		give(holderRole("readers"), "role:pg_monitor", 0),
		give(account(hostile), "table:shop.sales.customer:SELECT", 0),
		give(account(hostile), "role:readers", 0),
		give(account("ana"), "database:shop:CREATE", access.AdminOption),
		give(account("dotted.name"), `schema:odd\x2edb.a\x2eb:USAGE`, 0),
		give(account("PUBLIC"), `table:odd\x2edb.a.b\x2ec:DELETE`, 0),
		give(connector.Target{Kind: connector.OnEntitlement, ID: publicID}, "schema:shop.sales:CREATE", 0),
		take(connector.Target{Kind: connector.OnEntitlement, ID: publicID}, "table:shop.public.note:INSERT", 0),
		take(account("ana"), "role:seniors", access.AdminOption),
		take(account("half"), "role:lead", 0),
		take(holderRole("writers"), "table:shop.sales.customer:INSERT", 0),
		{Do: connector.Change{Kind: connector.DisableAccount, Account: "ana"}, Undo: connector.Change{Kind: connector.EnableAccount, Account: "ana"}},
		{Do: connector.Change{Kind: connector.DisableAccount, Account: hostile}, Undo: connector.Change{Kind: connector.EnableAccount, Account: hostile}},
	}
}

func gone() (list []connector.Change) {
	for _, s := range []connectortest.Step{
		give(account("who left"), "role:readers", 0), give(account("ana"), "role:never was", 0), give(account("ana"), "table:shop.sales.nothing:SELECT", 0),
		give(account("ana"), "table:shop.nowhere.nothing:SELECT", 0), give(account("ana"), "table:no_database.a.b:SELECT", 0), give(account("ana"), "table:shop.sales.invoice:SELECT", 0),
	} {
		list = append(list, s.Undo)
	}
	return append(list, connector.Change{Kind: connector.DisableAccount, Account: "who left"})
}
