package postgres

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/testkit"
)

// enrich adds what is rare: chains that inherit and that do not, roles of the
// server's own, owners who took from themselves, grants by several grantors, names
// that look like something else, schemas that belong to the owner of a database.
func enrich(t *testing.T, p *testkit.PostgresServer) {
	t.Helper()
	p.Exec(t, "postgres",
		`create role mid noinherit`, `create role outer_role`, `create role deep login`, `create role half login`,
		`grant readers to mid`, `grant mid to deep`, `grant outer_role to mid`, `grant lead to half`,
		`create role "PUBLIC" login`, `create role "dotted.name" login`, `create role "back\slash" login`, `create role "ünï code" login`,
		`create role scribe login`, `grant pg_write_all_data to scribe`, `create role shop_admin login`, `grant app_owner to shop_admin`,
		`create role expired login valid until '-infinity'`, `create role eternal login valid until 'infinity'`, `create role full login connection limit 0`,
		`create database "odd.db" owner shop_admin`, `create database closed allow_connections false`)
	p.Exec(t, "shop",
		`create table public.note (id int)`, `grant insert on public.note to public`, `grant create on schema public to readers`,
		`create table sales.secret (id int)`, `alter table sales.secret owner to app_owner`, `revoke select, delete on sales.secret from app_owner`,
		`create table sales.empty (id int)`, `alter table sales.empty owner to lead`, `revoke all on sales.empty from lead`,
		`create materialized view sales.frozen as select 1 as x`, `grant select on sales.frozen to mid`,
		`create table sales.parted (id int) partition by range (id)`, `create table sales.part1 partition of sales.parted for values from (0) to (9)`,
		`grant select on sales.parted to outer_role`, `grant truncate, references, trigger on sales.part1 to "dotted.name"`,
		`grant select on sales.customer to deep with grant option`,
		`grant usage on schema sales to deep`, `set role deep; grant select on sales.customer to half; reset role; grant select on sales.customer to half`,
		`grant select on sales.customer to pg_database_owner, app_owner`)
	p.Exec(t, "odd.db",
		`create schema "a.b"`, `create table "a.b".c (id int)`, `create schema a`, `create table a."b.c" (id int)`,
		`grant select on "a.b".c to ana`, `grant select on a."b.c" to ben`, `grant usage on schema "a.b" to "PUBLIC"`)
}

// What the connector's grants imply is what the server says, for every login
// role, table and privilege, for every schema, and for every membership.
func TestTruthAgainstTheServer(t *testing.T) {
	p := build(t)
	enrich(t, p)
	records := discover(t, p.URL("postgres"))
	owners := map[string]string{} // owner:… and what it took from itself
	held := map[string]map[string]bool{}
	for _, rec := range records {
		if rec.Account != nil {
			held[rec.Account.Login] = implied(records, rec.Account.ID)
		}
		if rec.Entitlement != nil {
			owners[rec.Entitlement.ID] = strings.TrimPrefix(rec.Entitlement.Description, selfRevoked)
		}
	}
	checked := 0
	for _, db := range []string{"shop", "postgres", "odd.db"} {
		checked += compareTables(t, p.URL(db), db, held, owners)
		checked += compareSchemas(t, p.URL(db), db, held, owners)
	}
	checked += compareRoles(t, p.URL("postgres"), held)
	if checked < 2500 || len(held) < 15 {
		t.Fatalf("only %d questions were asked about %d accounts", checked, len(held))
	}
}

// has says whether what is held implies a privilege.
func has(held map[string]bool, owners map[string]string, owner, privilege string, grants ...string) bool {
	if held["attr:superuser"] {
		return true
	}
	if held[owner] && !strings.Contains(", "+owners[owner]+",", ", "+privilege+",") {
		return true
	}
	for _, g := range grants {
		if held[g] {
			return true
		}
	}
	return false
}

// everywhere are roles that give a privilege on every table.
var everywhere = map[string]string{
	"SELECT": "role:pg_read_all_data", "INSERT": "role:pg_write_all_data", "UPDATE": "role:pg_write_all_data", "DELETE": "role:pg_write_all_data",
}

func ask[T any](t *testing.T, url, query string) []T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is left to say
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func compareTables(t *testing.T, url, db string, held map[string]map[string]bool, owners map[string]string) int {
	t.Helper()
	type answer struct {
		Login, Schema, Table, Privilege string
		Has                             bool
	}
	list := ask[answer](t, url, `select r.rolname, n.nspname, c.relname, p, has_table_privilege(r.oid, c.oid, p)
		from pg_roles r, pg_class c join pg_namespace n on n.oid = c.relnamespace,
			unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
		where r.rolcanlogin and c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`)
	for _, q := range list {
		name := part(db) + "." + part(q.Schema) + "." + part(q.Table)
		got := has(held[q.Login], owners, "owner:"+name, q.Privilege, "table:"+name+":"+q.Privilege, everywhere[q.Privilege])
		if got != q.Has {
			t.Errorf("%s %s on %s: the connector implies %v, the server says %v", q.Login, q.Privilege, name, got, q.Has)
		}
	}
	return len(list)
}

func compareSchemas(t *testing.T, url, db string, held map[string]map[string]bool, owners map[string]string) int {
	t.Helper()
	type answer struct {
		Login, Schema, Privilege string
		Has                      bool
	}
	list := ask[answer](t, url, `select r.rolname, n.nspname, p, has_schema_privilege(r.oid, n.oid, p)
		from pg_roles r, pg_namespace n, unnest(array['USAGE', 'CREATE']) p
		where r.rolcanlogin and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
		union all select r.rolname, '', p, has_database_privilege(r.oid, d.oid, p)
		from pg_roles r, pg_database d, unnest(array['CONNECT', 'CREATE', 'TEMPORARY']) p where r.rolcanlogin and d.datname = current_database()`)
	for _, q := range list {
		name, kind := part(db), "database"
		if q.Schema != "" {
			name, kind = name+"."+part(q.Schema), "schema"
		}
		grants := []string{kind + ":" + name + ":" + q.Privilege}
		if q.Privilege == "USAGE" {
			grants = append(grants, "role:pg_read_all_data", "role:pg_write_all_data")
		}
		if got := has(held[q.Login], owners, "owner:"+name, q.Privilege, grants...); got != q.Has {
			t.Errorf("%s %s on %s: the connector implies %v, the server says %v", q.Login, q.Privilege, name, got, q.Has)
		}
	}
	return len(list)
}

func compareRoles(t *testing.T, url string, held map[string]map[string]bool) int {
	t.Helper()
	type answer struct {
		Login, Role string
		Has         bool
	}
	list := ask[answer](t, url, `select r.rolname, g.rolname, pg_has_role(r.oid, g.oid, 'USAGE') from pg_roles r, pg_roles g
		where r.rolcanlogin and g.rolname <> 'pg_database_owner'`)
	for _, q := range list {
		got := held[q.Login]["attr:superuser"] || held[q.Login]["role:"+roleName(q.Role)] || q.Login == q.Role
		if got != q.Has {
			t.Errorf("%s in %s: the connector implies %v, the server says %v", q.Login, q.Role, got, q.Has)
		}
	}
	return len(list)
}

// Names that look like other ones stay apart, and each role has the state that
// the server would let it have.
func TestNamesAndStates(t *testing.T) {
	p := build(t)
	enrich(t, p)
	letIn(t, p, "host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256")
	ids, states := map[string]bool{}, map[string]access.AccountStatus{}
	for _, rec := range discover(t, p.URL("postgres")) {
		if rec.Resource != nil {
			ids[rec.Resource.ID] = true
		}
		if rec.Account != nil {
			states[rec.Account.ID] = rec.Account.Status
		}
		if rec.Grant != nil {
			ids[rec.Grant.Holder.ID+" > "+rec.Grant.Entitlement] = true
		}
	}
	for _, id := range []string{
		`table:odd\x2edb.a\x2eb.c`, `table:odd\x2edb.a.b\x2ec`, `\x50UBLIC > schema:odd\x2edb.a\x2eb:USAGE`, "dotted.name > role:PUBLIC",
		"role:app_owner > owner:shop.public", "database:closed",
	} {
		if !ids[id] {
			t.Errorf("%s is missing", id)
		}
	}
	for id, want := range map[string]access.AccountStatus{
		"expired": access.Expired, "cho": access.Expired, "eternal": access.Enabled, "full": access.Disabled, "ana": access.Enabled,
		`back\x5cslash`: access.Enabled, "ünï code": access.Enabled,
	} {
		if states[id] != want {
			t.Errorf("%s is %q, not %q", id, states[id], want)
		}
	}
}

// What an id is made of comes back, whatever the name.
func TestNamesComeBack(t *testing.T) {
	for _, name := range []string{"a", "a.b", `a\b`, "a:b", "\xff\xfe", "a\nb", `\x41`, `x"; drop table y; --`, "ü", "PUBLIC"} {
		if got, ok := restore(part(name)); !ok || got != name {
			t.Errorf("%q came back as %q, %v", name, got, ok)
		}
		if got, ok := restore(roleName(name)); !ok || got != name {
			t.Errorf("%q came back as %q, %v", name, got, ok)
		}
	}
	for _, id := range []string{"", `\`, `\x4`, `\q41`, `\xzz`, `\x00`} {
		if name, ok := restore(id); ok {
			t.Errorf("%q came back as %q", id, name)
		}
	}
}
