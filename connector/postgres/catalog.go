package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// role is one row of pg_roles.
type role struct {
	OID                                                              uint32
	Name                                                             string
	Super, Inherit, CreateRole, CreateDB, Login, Replication, Bypass bool
	Until                                                            *time.Time
	members                                                          bool
}

// entitlementID says whether, and as what, the role is an entitlement.
func (r *role) entitlementID() string {
	if r.Login && !r.members {
		return ""
	}
	return "role:" + clean(r.Name)
}

// catalog is what one cluster says, as records.
type catalog struct {
	c            *Cluster
	roles        map[uint32]*role
	order        []*role
	resources    []connector.Record
	entitlements []connector.Record
	seen         map[string]bool
	grants       map[connector.Target][]connector.Grant
}

const publicID = "role:PUBLIC"

// read reads the whole cluster. Catalogs are small beside data: it is all in
// memory before the first record goes out, so half a cluster is never seen.
func (c *Cluster) read(ctx context.Context) (*catalog, error) {
	k := &catalog{c: c, roles: map[uint32]*role{}, seen: map[string]bool{}, grants: map[connector.Target][]connector.Grant{}}
	conn, err := c.connect(ctx, "")
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is left to say
	var databases []string
	err = readOnly(ctx, conn, func(tx pgx.Tx) error {
		if err := k.readRoles(ctx, tx); err != nil {
			return err
		}
		if err := k.readMembers(ctx, tx, version(conn.PgConn().ParameterStatus("server_version")) >= 16); err != nil {
			return err
		}
		k.describeRoles()
		databases, err = k.readDatabases(ctx, tx)
		return err
	})
	if err != nil {
		return nil, c.explain(err, "reading roles")
	}
	for _, name := range databases {
		if err := k.readDatabase(ctx, name); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func readOnly(ctx context.Context, conn *pgx.Conn, fn func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{AccessMode: pgx.ReadOnly, IsoLevel: pgx.RepeatableRead}, fn)
}

func (k *catalog) readRoles(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `select oid, rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
       case when isfinite(rolvaliduntil) then rolvaliduntil end from pg_roles order by rolname`)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[role])
	for _, r := range list {
		k.roles[r.OID] = r
		k.order = append(k.order, r)
	}
	return err
}

type member struct {
	role, member   uint32
	admin, inherit bool
}

func (k *catalog) readMembers(ctx context.Context, tx pgx.Tx, own bool) error {
	inherit := "m.rolinherit"
	if own { // since version 16 each membership says for itself
		inherit = "a.inherit_option"
	}
	rows, err := tx.Query(ctx, `select a.roleid, a.member, bool_or(a.admin_option), bool_or(`+inherit+`)
  from pg_auth_members a join pg_roles m on m.oid = a.member group by 1, 2 order by 1, 2`)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m member, err error) {
		return m, row.Scan(&m.role, &m.member, &m.admin, &m.inherit)
	})
	if err != nil {
		return err
	}
	for _, m := range list {
		if r := k.roles[m.role]; r != nil {
			r.members = true
		}
	}
	for _, m := range list {
		r := k.roles[m.role]
		if r == nil {
			continue
		}
		var flags access.GrantFlags
		if m.admin {
			flags |= access.AdminOption
		}
		if !m.inherit {
			flags |= access.NoInherit
		}
		k.grant(m.member, r.entitlementID(), flags)
	}
	return nil
}

// grant records that a role has an entitlement: its account, its entitlement, or
// both. Role 0 is PUBLIC.
func (k *catalog) grant(holder uint32, entitlement string, flags access.GrantFlags) {
	add := func(t connector.Target) {
		k.grants[t] = append(k.grants[t], connector.Grant{Holder: t, Entitlement: entitlement, Flags: flags})
	}
	if holder == 0 {
		add(connector.Target{Kind: connector.OnEntitlement, ID: publicID})
		return
	}
	r := k.roles[holder]
	if r == nil {
		return // dropped between two reads
	}
	if r.Login {
		add(connector.Target{Kind: connector.OnAccount, ID: clean(r.Name)})
	}
	if id := r.entitlementID(); id != "" {
		if strings.HasPrefix(entitlement, "attr:") {
			flags |= access.NoInherit
		}
		add(connector.Target{Kind: connector.OnEntitlement, ID: id})
	}
}

// entitlement records an entitlement once.
func (k *catalog) entitlement(id, kind, resource string, can ...connector.Capability) string {
	id = clean(id)
	if !k.seen[id] {
		k.seen[id] = true
		_, name, _ := strings.Cut(id, ":")
		k.entitlements = append(k.entitlements, connector.Record{Entitlement: &connector.Entitlement{ID: id, Kind: kind, Name: name, Resource: resource, Capabilities: can}})
	}
	return id
}

func onSystem(rights ...access.Right) []connector.Capability {
	return on(connector.Target{Kind: connector.OnSystem}, rights...)
}

func on(t connector.Target, rights ...access.Right) []connector.Capability {
	var can []connector.Capability
	for _, r := range rights {
		can = append(can, connector.Capability{Right: r, On: t})
	}
	return can
}

// predefined are the roles of the server's own that carry power.
var predefined = map[string][]access.Right{
	"pg_execute_server_program": {access.BypassControls},
	"pg_write_server_files":     {access.BypassControls},
	"pg_read_server_files":      {access.ReadSensitive},
	"pg_read_all_data":          {access.ReadSensitive},
	"pg_write_all_data":         {access.ChangeConfig},
	"pg_create_subscription":    {access.ChangeConfig},
	"pg_maintain":               {access.ChangeConfig},
}

var attributes = []struct {
	id  string
	has func(*role) bool
	can []access.Right
}{
	{"attr:superuser", func(r *role) bool { return r.Super }, []access.Right{access.BypassControls, access.GrantAccess, access.ReadSensitive}},
	{"attr:createrole", func(r *role) bool { return r.CreateRole && !r.Super }, []access.Right{access.GrantAccess}},
	{"attr:createdb", func(r *role) bool { return r.CreateDB && !r.Super }, nil},
	{"attr:replication", func(r *role) bool { return r.Replication && !r.Super }, []access.Right{access.ReadSensitive}},
	{"attr:bypassrls", func(r *role) bool { return r.Bypass && !r.Super }, []access.Right{access.ReadSensitive}},
}

// describeRoles makes entitlements of roles and of what they can do by themselves.
func (k *catalog) describeRoles() {
	k.entitlement(publicID, "public", "")
	for _, r := range k.order {
		if id := r.entitlementID(); id != "" {
			can := onSystem(predefined[r.Name]...)
			if r.Login {
				can = append(can, on(connector.Target{Kind: connector.OnAccount, ID: clean(r.Name)}, access.Impersonate)...)
			}
			k.entitlement(id, "role", "", can...)
		}
		if r.Login {
			t := connector.Target{Kind: connector.OnAccount, ID: clean(r.Name)}
			k.grants[t] = append(k.grants[t], connector.Grant{Holder: t, Entitlement: publicID, Flags: access.Implicit})
		}
	}
	for _, a := range attributes {
		for _, r := range k.order {
			if a.has(r) {
				k.grant(r.OID, k.entitlement(a.id, "attribute", "", onSystem(a.can...)...), 0)
			}
		}
	}
}

const bootstrapOID = 10

func (k *catalog) account(r *role) connector.Account {
	a := connector.Account{ID: clean(r.Name), Login: clean(r.Name), Status: access.Enabled, Interactive: true}
	if r.OID == bootstrapOID {
		a.Kind, a.KindReason = access.BuiltInAccount, "it is the bootstrap superuser"
	}
	if r.Until != nil {
		a.Expires = access.TimeOf(*r.Until)
	}
	return a
}

func (k *catalog) resource(id, kind, name, parent string) string {
	id, name = clean(id), clean(name)
	k.resources = append(k.resources, connector.Record{Resource: &connector.Resource{
		ID: id, Kind: kind, Name: name, Parent: parent, DataClass: access.DataClass(k.c.cfg.Options["data_class."+name]),
	}})
	return id
}

func (k *catalog) readDatabases(ctx context.Context, tx pgx.Tx) (open []string, err error) {
	rows, err := tx.Query(ctx, `select d.datname, d.datdba, has_database_privilege(d.datname, 'CONNECT') from pg_database d where d.datallowconn and not d.datistemplate order by 1`)
	if err != nil {
		return nil, err
	}
	var name string
	var owner uint32
	var may bool
	_, err = pgx.ForEachRow(rows, []any{&name, &owner, &may}, func() error {
		id := k.resource("database:"+name, "database", name, "")
		k.owns(owner, name, id)
		if may {
			open = append(open, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	rows, err = tx.Query(ctx, `select d.datname, a.grantee, a.privilege_type, a.is_grantable
  from pg_database d, lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
 where d.datallowconn and not d.datistemplate and a.grantee <> d.datdba order by 1, 2, 3`)
	if err != nil {
		return nil, err
	}
	return open, k.privileges(rows, "database", "", "database")
}

// owns says that a role owns an object.
func (k *catalog) owns(owner uint32, name, resource string) {
	can := on(connector.Target{Kind: connector.OnResource, ID: resource}, access.ReadSensitive, access.ChangeConfig, access.DestroyData)
	k.grant(owner, k.entitlement("owner:"+name, "ownership", resource, can...), 0)
}

var privilegeRights = map[string]access.Right{
	"SELECT": access.ReadSensitive, "INSERT": access.ChangeConfig, "UPDATE": access.ChangeConfig, "CREATE": access.ChangeConfig,
	"DELETE": access.DestroyData, "TRUNCATE": access.DestroyData, "MAINTAIN": access.ChangeConfig,
}

// privileges takes rows of object name, grantee, privilege and grant option. The
// resource that they are on is of kind at, named by as many parts of the name.
func (k *catalog) privileges(rows pgx.Rows, kind, prefix, at string) error {
	var name, privilege string
	var grantee uint32
	var grantable bool
	_, err := pgx.ForEachRow(rows, []any{&name, &grantee, &privilege, &grantable}, func() error {
		name := prefix + name
		resource := clean(at + ":" + name)
		if kind == "column" {
			resource = clean(at + ":" + name[:strings.LastIndexByte(name, '.')])
		}
		if at == "" {
			resource = ""
		}
		var can []connector.Capability
		if right, ok := privilegeRights[privilege]; ok && resource != "" && kind != "sequence" {
			can = on(connector.Target{Kind: connector.OnResource, ID: resource}, right)
		}
		var flags access.GrantFlags
		if grantable {
			flags = access.AdminOption
		}
		k.grant(grantee, k.entitlement(fmt.Sprintf("%s:%s:%s", kind, name, privilege), "privilege", resource, can...), flags)
		return nil
	})
	return err
}
