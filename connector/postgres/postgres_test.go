package postgres

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

// build makes a cluster with every kind of privilege that the connector knows.
func build(t *testing.T) *testkit.PostgresServer {
	t.Helper()
	p := testkit.NewPostgres(t)
	p.Exec(t, "postgres",
		`create role app_owner`, `create role readers`, `create role writers`, `create role seniors`, `create role dba`,
		`create role ana login`, `create role ben login noinherit`, `create role cho login valid until '2020-01-01'`,
		`create role svc_app login`, `create role root2 login superuser`, `create role boss login createrole bypassrls`,
		`create role "Odd ""name""; drop table x; --" login`,
		`create role lead login`, `grant lead to cho`, `grant readers to seniors`, `grant seniors to ana with admin option`,
		`grant writers to ben`, `grant dba to ben`, `alter role dba superuser`, `grant pg_read_all_data to svc_app`,
		`create database shop owner app_owner`)
	p.Exec(t, "shop",
		`create schema sales authorization app_owner`, `create table sales.customer (id int, name text, iban text)`,
		`create table sales.invoice (id int)`, `alter table sales.invoice owner to lead`, `create view sales.names as select name from sales.customer`,
		`create sequence sales.numbers`, `grant usage on schema sales to readers, writers, public`,
		`grant select on sales.customer to readers`, `grant select, insert, update on sales.customer to writers`,
		`grant select (name) on sales.customer to cho`, `grant delete on sales.invoice to "Odd ""name""; drop table x; --"`,
		`grant select on sales.names to public`, `grant usage on sequence sales.numbers to writers`,
		`create function sales.f() returns int language sql security definer as 'select 1'`,
		`alter default privileges in schema sales grant select on tables to readers`)
	return p
}

func discover(t *testing.T, address string) []connector.Record {
	t.Helper()
	c, err := Open(t.Context(), connector.Config{Name: "shop-db", Address: address})
	if err != nil {
		t.Fatal(err)
	}
	var list []connector.Record
	for rec, err := range c.Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rec)
	}
	return list
}

// implied follows the connector's grants from an account as the server does:
// memberships with inherit, and PUBLIC.
func implied(list []connector.Record, account string) map[string]bool {
	grants := map[connector.Target][]connector.Grant{}
	for _, rec := range list {
		if rec.Grant != nil {
			grants[rec.Grant.Holder] = append(grants[rec.Grant.Holder], *rec.Grant)
		}
	}
	held := map[string]bool{}
	queue := []connector.Target{{Kind: connector.OnAccount, ID: account}}
	for i := 0; i < len(queue); i++ {
		for _, g := range grants[queue[i]] {
			if g.Flags&access.NoInherit == 0 && !held[g.Entitlement] {
				held[g.Entitlement] = true
				queue = append(queue, connector.Target{Kind: connector.OnEntitlement, ID: g.Entitlement})
			}
		}
	}
	return held
}

func TestWhatIsYielded(t *testing.T) {
	list := discover(t, build(t).URL("postgres"))
	grants := map[string]access.GrantFlags{}
	objects := map[string]bool{}
	for _, rec := range list {
		switch {
		case rec.Grant != nil:
			g := rec.Grant
			for _, ref := range []string{"entitlement " + g.Entitlement, string(g.Holder.Kind) + " " + g.Holder.ID} {
				if g.Holder.Kind == connector.OnAccount && !objects[ref] {
					t.Errorf("%q is used before it is yielded", ref)
				}
			}
			grants[string(g.Holder.Kind)+" "+g.Holder.ID+" > "+g.Entitlement] = g.Flags
		case rec.Entitlement != nil:
			objects["entitlement "+rec.Entitlement.ID] = true
		case rec.Account != nil:
			objects["account "+rec.Account.ID] = true
		}
	}
	for want, flags := range map[string]access.GrantFlags{
		"account ana > role:seniors":                                             access.AdminOption,
		"account ben > role:writers":                                             access.NoInherit,
		"entitlement role:seniors > role:readers":                                0,
		"entitlement role:dba > attr:superuser":                                  access.NoInherit,
		"account root2 > attr:superuser":                                         0,
		"account boss > attr:createrole":                                         0,
		"account boss > attr:bypassrls":                                          0,
		"account cho > column:shop.sales.customer.name:SELECT":                   0,
		"account cho > role:lead":                                                0,
		"account lead > owner:shop.sales.invoice":                                0,
		"entitlement role:lead > owner:shop.sales.invoice":                       0,
		"entitlement role:app_owner > owner:shop":                                0,
		"entitlement role:PUBLIC > table:shop.sales.names:SELECT":                0,
		"entitlement role:PUBLIC > database:shop:CONNECT":                        0,
		"entitlement role:PUBLIC > function:shop.sales.f():EXECUTE":              0,
		"entitlement role:writers > sequence:shop.sales.numbers:USAGE":           0,
		"entitlement role:readers > default:shop.sales:postgres:table:SELECT":    0,
		`account Odd "name"; drop table x; -- > table:shop.sales.invoice:DELETE`: 0,
		"account ana > role:PUBLIC":                                              access.Implicit,
	} {
		got, ok := grants[want]
		if !ok || got != flags {
			t.Errorf("%s: there %v, flags %v, want %v", want, ok, got, flags)
		}
	}
}

// A plain login role sees the same as a superuser, once it may read how the server
// lets people in.
func TestLeastPrivilege(t *testing.T) {
	p := build(t)
	p.Exec(t, "postgres", `create role auditor login`,
		`grant execute on function pg_hba_file_rules() to auditor`, `grant select on pg_hba_file_rules to auditor`,
		`grant execute on function pg_ident_file_mappings() to auditor`, `grant select on pg_ident_file_mappings to auditor`)
	keys := func(list []connector.Record) (out []string) {
		for _, rec := range list {
			out = append(out, fmt.Sprintf("%+v %+v %+v %+v", rec.Resource, rec.Entitlement, rec.Account, rec.Grant))
		}
		slices.Sort(out)
		return out
	}
	all := keys(discover(t, p.URL("postgres")))
	some := keys(discover(t, strings.Replace(p.URL("postgres"), "postgres@", "auditor@", 1)))
	if !slices.Equal(all, some) {
		t.Fatalf("a plain role reads %d records, a superuser %d", len(some), len(all))
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	p := testkit.Postgres(t)
	tests := []struct {
		name, address string
		options       map[string]string
		want          error
	}{
		{"password in the address", "postgres://a:b@127.0.0.1/x", nil, connector.ErrInput},
		{"password as a parameter", "postgres://a@127.0.0.1/x?password=b", nil, connector.ErrInput},
		{"not a URL", "host=x", nil, connector.ErrInput},
		{"unencrypted to another machine", "postgres://a@db.example.com/x?sslmode=disable", nil, connector.ErrInput},
		{"perhaps unencrypted", "postgres://a@db.example.com/x?sslmode=prefer", nil, connector.ErrInput},
		{"unknown option", p.URL("postgres"), map[string]string{"tsl": "off"}, connector.ErrInput},
		{"no such role", strings.Replace(p.URL("postgres"), "postgres@", "nobody@", 1), nil, connector.ErrCredentials},
		{"no such database", p.URL("nothing"), nil, connector.ErrInput},
		{"nobody answers", "postgres://a@127.0.0.1:1/x?sslmode=disable", nil, connector.ErrUnreachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Open(t.Context(), connector.Config{Name: "shop-db", Address: tt.address, Options: tt.options, Credential: secret.New([]byte("hunter2"))})
			if err == nil {
				_, err = c.Describe(t.Context())
			}
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), "shop-db") || strings.Contains(err.Error(), "hunter2") {
				t.Fatalf("got %v, want %v naming the system", err, tt.want)
			}
		})
	}
}

// Ten thousand roles in one account are read, not choked on.
func TestTenThousandRoles(t *testing.T) {
	p := testkit.NewPostgres(t)
	p.Exec(t, "postgres", `create role many login`,
		`do $$ begin for i in 1..10000 loop execute format('create role r%s', i); execute format('grant r%s to many', i); end loop; end $$`)
	n := 0
	for _, rec := range discover(t, p.URL("postgres")) {
		if rec.Grant != nil && rec.Grant.Holder.ID == "many" {
			n++
		}
	}
	if n != 10001 {
		t.Fatalf("%d grants, want 10000 roles and PUBLIC", n)
	}
}
