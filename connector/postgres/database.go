package postgres

import (
	"context"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// object is something that has an owner and privileges.
type object struct {
	kind, name string // as in ids
	resource   string // native id of what it is, or is in
	owner      uint32
	custom     bool // its privileges are not the ones that it was born with
	owned      *connector.Entitlement
}

// relationKinds are the kinds of relation as resources.
var relationKinds = map[string]string{"r": "table", "p": "table", "v": "view", "m": "materialized view", "f": "foreign table"}

// readDatabase reads one database of the cluster over a connection of its own.
func (k *catalog) readDatabase(ctx context.Context) error {
	s, err := k.connect(ctx, k.database.Name)
	if err != nil {
		return err
	}
	defer s.end()
	return s.readOnly(ctx, func() error {
		schemas, err := k.readSchemas(ctx, s)
		if err != nil {
			return err
		}
		if err := k.readRelations(ctx, s, schemas); err != nil {
			return err
		}
		if err := k.readFunctions(ctx, s, schemas); err != nil {
			return err
		}
		if err := k.readDefaults(ctx, s); err != nil {
			return err
		}
		return k.readEmbedded(ctx, s)
	})
}

func (k *catalog) readSchemas(ctx context.Context, s *session) (map[uint32]*object, error) {
	rows, err := list[objectRow](ctx, s, "reading schemas", querySchemas)
	if err != nil {
		return nil, err
	}
	db := part(k.database.Name)
	schemas := map[uint32]*object{}
	for _, row := range rows {
		o := &object{kind: "schema", name: db + "." + part(row.Name), owner: row.Owner, custom: row.Custom}
		o.resource = k.resource("schema", o.name, connector.CapID("database:"+db))
		schemas[row.OID] = o
		k.owns(o)
	}
	privileges, err := list[privilegeRow](ctx, s, "reading privileges on schemas", querySchemaPrivileges)
	if err != nil {
		return nil, err
	}
	k.privileges(schemas, privileges, "n")
	return schemas, nil
}

func (k *catalog) readRelations(ctx context.Context, s *session, schemas map[uint32]*object) error {
	rows, err := list[objectRow](ctx, s, "reading tables", queryRelations)
	if err != nil {
		return err
	}
	tables, sequences := map[uint32]*object{}, map[uint32]*object{}
	for _, row := range rows {
		schema := schemas[row.Schema]
		if schema == nil {
			continue // made after the schemas were listed
		}
		o := &object{kind: "table", name: schema.name + "." + part(row.Name), owner: row.Owner, custom: row.Custom, resource: schema.resource}
		if row.Kind == "S" {
			o.kind, sequences[row.OID] = "sequence", o
		} else {
			o.resource, tables[row.OID] = k.resourceAs("table", relationKinds[row.Kind], o.name, schema.resource), o
		}
		k.owns(o)
	}
	privileges, err := list[privilegeRow](ctx, s, "reading privileges on tables", queryRelationPrivileges)
	if err != nil {
		return err
	}
	k.privileges(tables, privileges, "r")
	k.privileges(sequences, privileges, "s")
	columns, err := list[columnRow](ctx, s, "reading privileges on columns", queryColumnPrivileges)
	if err != nil {
		return err
	}
	for _, row := range columns {
		if o := tables[row.Table]; o != nil {
			k.privilege("column", o.name+"."+part(row.Column), o.resource, row.Grantee, row.Privilege, row.Grantable)
		}
	}
	return nil
}

func (k *catalog) readFunctions(ctx context.Context, s *session, schemas map[uint32]*object) error {
	rows, err := list[objectRow](ctx, s, "reading functions", queryFunctions)
	if err != nil {
		return err
	}
	functions := map[uint32]*object{}
	for _, row := range rows {
		if schema := schemas[row.Schema]; schema != nil {
			functions[row.OID] = &object{kind: "function", name: schema.name + "." + part(row.Name), owner: row.Owner, custom: row.Custom, resource: schema.resource}
			k.owns(functions[row.OID])
		}
	}
	privileges, err := list[privilegeRow](ctx, s, "reading privileges on functions", queryFunctionPrivileges)
	if err != nil {
		return err
	}
	k.privileges(functions, privileges, "f")
	return nil
}

// objectTypes are what default privileges are for.
var objectTypes = map[string]string{"r": "table", "S": "sequence", "f": "function", "T": "type", "n": "schema", "L": "large_object"}

func (k *catalog) readDefaults(ctx context.Context, s *session) error {
	rows, err := list[defaultRow](ctx, s, "reading default privileges", queryDefaults)
	if err != nil {
		return err
	}
	for _, row := range rows {
		grantor := k.roles[row.Grantor]
		if grantor == nil {
			continue
		}
		where, resource := part(k.database.Name), "database:"+part(k.database.Name)
		if row.Schema != "" {
			where += "." + part(row.Schema)
			resource = "schema:" + where
		}
		id := connector.CapID(strings.Join([]string{"default", where, part(grantor.Name), objectTypes[row.Type], row.Privilege}, ":"))
		k.grant(row.Grantee, k.entitlement(id, "default_privilege", connector.CapID(resource)), flag(row.Grantable, access.AdminOption))
	}
	return nil
}

// owns says who owns an object.
func (k *catalog) owns(o *object) {
	can := on(connector.Target{Kind: connector.OnResource, ID: o.resource}, ownerRights[o.kind]...)
	id := connector.CapID("owner:" + o.name)
	if !k.seen[id] {
		k.entitlement(id, "ownership", o.resource, can...)
		o.owned = k.entitlements[len(k.entitlements)-1]
	}
	k.grant(o.owner, id, 0)
}

// selfRevoked begins the description of what an owner took from itself.
const selfRevoked = "the owner has taken from itself, and can give back: "

// privileges takes what the objects' lists say. What an owner has as such is said
// by its ownership; what it took from itself is noted there.
func (k *catalog) privileges(objects map[uint32]*object, rows []privilegeRow, kind string) {
	has := map[uint32][]string{}
	for _, row := range rows {
		o := objects[row.Object]
		switch {
		case o == nil:
		case row.Grantee == o.owner:
			has[row.Object] = append(has[row.Object], row.Privilege)
		default:
			k.privilege(o.kind, o.name, o.resource, row.Grantee, row.Privilege, row.Grantable)
		}
	}
	for oid, o := range objects {
		if !o.custom || o.owned == nil {
			continue
		}
		missing := slices.DeleteFunc(slices.Clone(k.all[kind]), func(p string) bool { return slices.Contains(has[oid], p) })
		if slices.Sort(missing); len(missing) > 0 {
			o.owned.Description = selfRevoked + strings.Join(missing, ", ")
		}
	}
}

// privilege records one privilege on an object.
func (k *catalog) privilege(kind, name, resource string, grantee uint32, privilege string, grantable bool) {
	id := connector.CapID(kind + ":" + name + ":" + privilege)
	var can []connector.Capability
	if right, ok := privilegeRights[privilege]; ok && !powerless[kind] {
		can = on(connector.Target{Kind: connector.OnResource, ID: resource}, right)
	}
	k.grant(grantee, k.entitlement(id, "privilege", resource, can...), flag(grantable, access.AdminOption))
}
