package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// userSchemas leaves the server's own schemas out: what everybody may read there
// is how PostgreSQL works.
const userSchemas = `n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'`

// objects are the queries of owned objects: name, owner.
var objects = []struct{ kind, parent, text string }{
	{"schema", "database", `select n.nspname, n.nspowner, '' from pg_namespace n where ` + userSchemas + ` order by 1`},
	{"table", "schema", `select n.nspname || '.' || c.relname, c.relowner, n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and ` + userSchemas + ` order by 1`},
}

// acls are the queries of privileges: name, grantee, privilege, grant option. A
// null list means the owner's alone, but for functions, where PUBLIC may call
// what nobody has restricted.
var acls = []struct{ kind, at, text string }{
	{"schema", "schema", `select n.nspname, a.grantee, a.privilege_type, a.is_grantable from pg_namespace n, lateral aclexplode(n.nspacl) a
 where a.grantee <> n.nspowner and ` + userSchemas + ` order by 1, 2, 3`},
	{"table", "table", `select n.nspname || '.' || c.relname, a.grantee, a.privilege_type, a.is_grantable
  from pg_class c join pg_namespace n on n.oid = c.relnamespace, lateral aclexplode(c.relacl) a
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and a.grantee <> c.relowner and ` + userSchemas + ` order by 1, 2, 3`},
	{"column", "table", `select n.nspname || '.' || c.relname || '.' || t.attname, a.grantee, a.privilege_type, a.is_grantable
  from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace, lateral aclexplode(t.attacl) a
 where a.grantee <> c.relowner and not t.attisdropped and ` + userSchemas + ` order by 1, 2, 3`},
	{"sequence", "", `select n.nspname || '.' || c.relname, a.grantee, a.privilege_type, a.is_grantable
  from pg_class c join pg_namespace n on n.oid = c.relnamespace, lateral aclexplode(c.relacl) a
 where c.relkind = 'S' and a.grantee <> c.relowner and ` + userSchemas + ` order by 1, 2, 3`},
	{"function", "", `select n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', a.grantee, a.privilege_type, a.is_grantable
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace, lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
 where a.grantee <> p.proowner and (p.proacl is not null or p.prosecdef) and ` + userSchemas + ` order by 1, 2, 3`},
}

// defaults are privileges that objects made later will have.
const defaults = `select coalesce(n.nspname, '*') || ':' || r.rolname || ':' ||
       case d.defaclobjtype when 'r' then 'table' when 'S' then 'sequence' when 'f' then 'function' when 'T' then 'type' else 'schema' end,
       a.grantee, a.privilege_type, a.is_grantable
  from pg_default_acl d join pg_roles r on r.oid = d.defaclrole left join pg_namespace n on n.oid = d.defaclnamespace, lateral aclexplode(d.defaclacl) a
 where a.grantee <> d.defaclrole order by 1, 2, 3`

// readDatabase reads one database of the cluster over a connection of its own.
func (k *catalog) readDatabase(ctx context.Context, name string) error {
	conn, err := k.c.connect(ctx, name)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is left to say
	err = readOnly(ctx, conn, func(tx pgx.Tx) error {
		for _, o := range objects {
			if err := k.readObjects(ctx, tx, name, o.kind, o.parent, o.text); err != nil {
				return err
			}
		}
		for _, a := range acls {
			rows, err := tx.Query(ctx, a.text)
			if err != nil {
				return err
			}
			if err := k.privileges(rows, a.kind, name+".", a.at); err != nil {
				return err
			}
		}
		rows, err := tx.Query(ctx, defaults)
		if err != nil {
			return err
		}
		return k.privileges(rows, "default", name+".", "")
	})
	return k.c.explain(err, "reading database "+clean(name))
}

func (k *catalog) readObjects(ctx context.Context, tx pgx.Tx, database, kind, parentKind, text string) error {
	rows, err := tx.Query(ctx, text)
	if err != nil {
		return err
	}
	var name, schema string
	var owner uint32
	_, err = pgx.ForEachRow(rows, []any{&name, &owner, &schema}, func() error {
		parent := "database:" + database
		if parentKind == "schema" {
			parent = "schema:" + database + "." + schema
		}
		full := database + "." + name
		k.owns(owner, full, k.resource(kind+":"+full, kind, full, clean(parent)))
		return nil
	})
	return err
}
