package postgres

import (
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// change is a connector.Change with the server's own names in place of ids.
type change struct {
	asked     connector.Change
	kind      connector.ChangeKind
	holder    string // the role that gets, loses, or is disabled
	public    bool   // the holder is PUBLIC
	of        string // role, database, schema or table; "" for accounts
	names     []string
	word      string // the privilege
	option    bool   // with admin option, with grant option
	noInherit bool
}

// privilegeWords are the privileges that can be changed, so that no text of an id
// ever is a statement's.
var privilegeWords = map[string][]string{
	"database": {"CONNECT", "CREATE", "TEMPORARY"},
	"schema":   {"USAGE", "CREATE"},
	"table":    {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"},
}

// parts is how many names say which object of a kind is meant.
var parts = map[string]int{"database": 1, "schema": 2, "table": 3}

// parse takes the names out of a change.
func (c *Cluster) parse(x connector.Change) (change, error) {
	no := func(why string) (change, error) {
		return change{}, connector.ErrUnsupported.With("postgres %q: %s", c.name, why)
	}
	r := change{asked: x, kind: x.Kind}
	var ok bool
	if x.Kind != connector.AddGrant && x.Kind != connector.RemoveGrant {
		if r.holder, ok = restore(x.Account); !ok {
			return no("the account's name cannot be one")
		}
		return r, nil
	}
	g := x.Grant
	r.option, r.noInherit = g.Flags&access.AdminOption != 0, g.Flags&access.NoInherit != 0
	name, isRole := strings.CutPrefix(g.Holder.ID, "role:")
	switch {
	case g.Holder.Kind == connector.OnAccount:
		r.holder, ok = restore(g.Holder.ID)
	case g.Holder.Kind == connector.OnEntitlement && g.Holder.ID == publicID:
		r.public, ok = true, true
	case g.Holder.Kind == connector.OnEntitlement && isRole:
		r.holder, ok = restore(name)
	}
	if !ok {
		return no("only a role can get or lose access")
	}
	kind, rest, _ := strings.Cut(g.Entitlement, ":")
	if kind == "role" {
		role, ok := restore(rest)
		if !ok || rest == publicRole || r.public {
			return no("nobody can be put into PUBLIC or taken out of it, and PUBLIC cannot be put into a role")
		}
		r.of, r.names = "role", []string{role}
		return r, nil
	}
	thing, word, _ := strings.Cut(rest, ":")
	for _, known := range privilegeWords[kind] {
		if known == word {
			r.word = known
		}
	}
	if r.names, ok = restoreAll(thing); r.word == "" || !ok || len(r.names) != parts[kind] {
		return no("only memberships of roles and privileges on databases, schemas and tables can be changed")
	}
	if r.public && r.option {
		return no("PUBLIC cannot be given a grant option")
	}
	r.of = kind
	return r, nil
}

// database is where the change is made; "" is the database of the address.
func (r change) database() string {
	if r.of == "schema" || r.of == "table" {
		return r.names[0]
	}
	return ""
}

// object names what a privilege is on, quoted.
func (r change) object() string {
	if r.of == "database" {
		return "database " + pgx.Identifier(r.names).Sanitize()
	}
	return r.of + " " + pgx.Identifier(r.names[1:]).Sanitize()
}

// to names the holder, quoted. PUBLIC is a word there, not a name.
func (r change) to() string {
	if r.public {
		return "public"
	}
	return quote(r.holder)
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
