package sampleload

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/internal/testkit"
)

// Postgres starts a private cluster with what the sample says of a system and
// returns its address, as its superuser.
func Postgres(tb testing.TB, dir, system string) (dsn string) {
	tb.Helper()
	f := read(tb, dir, system)
	p := testkit.NewPostgres(tb)
	loadCluster(tb, f, p)
	return p.URL("postgres")
}

// runner is a server that runs statements.
type runner interface {
	Exec(tb testing.TB, database string, statements ...string)
}

func loadCluster(tb testing.TB, f files, p runner) {
	tb.Helper()
	c := &cluster{tb: tb, inside: map[string][]string{}}
	c.roles(f)
	c.databases(f)
	for _, g := range f.grants {
		c.grant(g)
	}
	p.Exec(tb, "postgres", c.cluster...)
	for _, db := range c.names {
		p.Exec(tb, db, c.inside[db]...)
	}
	p.Exec(tb, "postgres", c.last...)
}

// cluster collects statements: for the cluster, and inside each database.
type cluster struct {
	tb      testing.TB
	cluster []string
	last    []string // what must come after everything else
	inside  map[string][]string
	names   []string
	owners  map[string]string // by owner:… id
}

func (c *cluster) always(statement string) { c.cluster = append(c.cluster, statement) }

func quoted(parts ...string) string { return pgx.Identifier(parts).Sanitize() }

// roles makes what is no account NOLOGIN. Roles that a server brings along stay.
func (c *cluster) roles(f files) {
	for _, e := range f.entitlements {
		name, is := strings.CutPrefix(e["id"], "role:")
		if is && name != "PUBLIC" && !strings.HasPrefix(name, "pg_") {
			c.always("create role " + quoted(name) + " nologin")
		}
	}
	for _, a := range f.accounts {
		if a["id"] == "postgres" {
			continue
		}
		if a["status"] != "enabled" || a["expires"] != "" {
			c.tb.Fatalf("%s: account %s: a role that is disabled or expires is not built", f.name, a["id"])
		}
		c.always("create role " + quoted(a["id"]) + " login")
	}
}

func (c *cluster) databases(f files) {
	c.owners = map[string]string{}
	for _, g := range f.grants {
		if strings.HasPrefix(g["entitlement"], "owner:") {
			c.owners[g["entitlement"]] = holder(g)
		}
	}
	owner := func(thing string) string {
		o := c.owners["owner:"+thing]
		if o == "" {
			c.tb.Fatalf("%s: %s has no owner", f.name, thing)
		}
		return o
	}
	for _, r := range f.resources {
		_, thing, _ := strings.Cut(r["id"], ":")
		part := strings.Split(thing, ".")
		switch r["kind"] {
		case "database":
			c.names = append(c.names, thing)
			c.always("create database " + quoted(thing) + " owner " + owner(thing))
			c.always("revoke all on database " + quoted(thing) + " from public")
		case "schema":
			c.in(part[0], "create schema "+quoted(part[1])+" authorization "+owner(thing))
		case "table":
			c.in(part[0], "create table "+quoted(part[1:]...)+" (id bigint primary key, name text, amount numeric)",
				"alter table "+quoted(part[1:]...)+" owner to "+owner(thing))
		default:
			c.tb.Fatalf("%s: a resource of kind %q is not built", f.name, r["kind"])
		}
	}
}

func (c *cluster) in(db string, statements ...string) {
	c.inside[db] = append(c.inside[db], statements...)
}

// holder is the role of a grant, quoted; PUBLIC is a word, not a name.
func holder(g row) string {
	name := strings.TrimPrefix(g["holder"], "role:")
	if name == "PUBLIC" {
		return "public"
	}
	return quoted(name)
}

// attributes of roles that a grant can stand for.
var attributes = map[string]string{
	"superuser": "superuser", "createrole": "createrole", "createdb": "createdb", "replication": "replication", "bypassrls": "bypassrls",
}

// privileges that a grant can stand for; they are words, so that no text of the
// sample becomes one.
var privileges = map[string]string{
	"CONNECT": "connect", "CREATE": "create", "TEMPORARY": "temporary", "USAGE": "usage", "SELECT": "select", "INSERT": "insert",
	"UPDATE": "update", "DELETE": "delete", "TRUNCATE": "truncate", "REFERENCES": "references", "TRIGGER": "trigger",
}

func (c *cluster) grant(g row) {
	kind, rest, _ := strings.Cut(g["entitlement"], ":")
	thing, right, _ := strings.Cut(rest, ":")
	part := strings.Split(thing, ".")
	to, word := " to "+holder(g), privileges[right]
	switch {
	case g["holder_system"] != "" && kind == "role": // what option group_roles says
	case g["mode"] != "standing":
		c.tb.Fatalf("%v: PostgreSQL has standing grants only", g)
	case kind == "role" && thing == "PUBLIC", kind == "owner":
	case kind == "attr" && g["holder"] == "postgres":
	case kind == "role":
		option := ""
		if strings.Contains(g["flags"], "admin_option") {
			option = " with admin option"
		}
		c.last = append(c.last, "grant "+quoted(thing)+to+option)
	case kind == "attr" && attributes[thing] != "":
		c.last = append(c.last, "alter role "+holder(g)+" "+attributes[thing])
	case kind == "database" && word != "":
		c.last = append(c.last, "grant "+word+" on database "+quoted(thing)+to)
	case kind == "schema" && word != "":
		c.in(part[0], "grant "+word+" on schema "+quoted(part[1])+to)
	case kind == "table" && word != "":
		c.in(part[0], "grant "+word+" on table "+quoted(part[1:]...)+to)
	default:
		c.tb.Fatalf("%v: no such grant is built", g)
	}
}
