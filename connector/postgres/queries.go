package postgres

import "github.com/writhq/writ/connector"

// Every query names its columns in the order of the row type beside it, reads the
// system catalogs only, and takes values as parameters. The search path is
// pg_catalog alone. Nothing here reads pg_authid, where passwords are.

const queryVersion = `select current_setting('server_version_num')::int, current_setting('server_version'),
	(select rolsuper from pg_roles where rolname = current_user)`

// roleRow is a role. ValidUntil is microseconds since 1970, 0 for no end.
type roleRow struct {
	OID                                                              uint32
	Name                                                             string
	Super, Inherit, CreateRole, CreateDB, Login, Replication, Bypass bool
	Limit                                                            int32
	ValidUntil                                                       int64
	Comment                                                          string
}

// isAccount reports whether the role is an account: it logs in, or it was one that did,
// and was disabled. A group is not held to a number of connections, and has no mark.
func (r *roleRow) isAccount() bool {
	return r.Login || r.Limit >= 0 || connector.Signed(r.Comment) != ""
}

// barred reports whether the role lets nobody in: it does not log in, or no connection is
// left to it.
func (r *roleRow) barred() bool { return !r.Login || r.Limit == 0 && !r.Super }

const roleColumns = `oid, rolname::text, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
	rolconnlimit,
	case when rolvaliduntil is null or rolvaliduntil = 'infinity' then 0
		when rolvaliduntil < '1970-01-02' then 1
		else (least(extract(epoch from rolvaliduntil), 253402300799) * 1000000)::bigint end,
	coalesce(left(shobj_description(oid, 'pg_authid'), 1000), '')`

const queryRoles = `select ` + roleColumns + `
	from pg_roles order by rolname collate "C"`

// memberRow says that a role is in another.
type memberRow struct {
	Role, Member   uint32
	Admin, Inherit bool
}

// Until version 15 a role inherits from all that it is in, or from none.
const (
	queryMembers15 = `select m.roleid, m.member, bool_or(m.admin_option), bool_or(r.rolinherit)
	from pg_auth_members m join pg_roles r on r.oid = m.member group by 1, 2 order by 1, 2`
	queryMembers = `select roleid, member, bool_or(admin_option), bool_or(inherit_option) from pg_auth_members group by 1, 2 order by 1, 2`
)

type databaseRow struct {
	OID                  uint32
	Name                 string
	Owner                uint32
	Connectable, Allowed bool
}

const queryDatabases = `select oid, datname::text, datdba, datallowconn, has_database_privilege(oid, 'CONNECT')
	from pg_database where not datistemplate order by datname collate "C"`

// privilegeRow is one privilege on the object with that OID. Grantee 0 is PUBLIC.
type privilegeRow struct {
	Object, Grantee uint32
	Privilege       string
	Grantable       bool
}

const queryDatabasePrivileges = `select d.oid, a.grantee, a.privilege_type, bool_or(a.is_grantable)
	from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
	where not d.datistemplate group by 1, 2, 3 order by 1, 2, 3`

// allPrivilegesRow is a privilege that owners of a kind of object begin with.
type allPrivilegesRow struct{ Kind, Privilege string }

const queryAllPrivileges = `select k, a.privilege_type from unnest(array['d', 'n', 'r', 's', 'f']) k,
	aclexplode(acldefault(k::"char", 10::oid)) a where a.grantee = 10`

// objectRow is a schema, a relation or a function. Custom says that its
// privileges are not the ones that it was born with.
type objectRow struct {
	OID, Schema uint32
	Name, Kind  string
	Owner       uint32
	Custom      bool
}

const ownSchemas = `(select oid from pg_namespace where left(nspname, 3) <> 'pg_' and nspname <> 'information_schema')`

const querySchemas = `select oid, oid, nspname::text, 'n', nspowner, nspacl is not null from pg_namespace
	where oid in ` + ownSchemas + ` order by nspname collate "C"`

const querySchemaPrivileges = `select n.oid, a.grantee, a.privilege_type, bool_or(a.is_grantable)
	from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
	where n.oid in ` + ownSchemas + ` group by 1, 2, 3 order by 1, 2, 3`

const queryRelations = `select oid, relnamespace, relname::text, relkind::text, relowner, relacl is not null from pg_class
	where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and relnamespace in ` + ownSchemas + ` order by relname collate "C", oid`

// What an owner holds of an untouched relation is all of it, and said by the owner.
const queryRelationPrivileges = `select c.oid, a.grantee, a.privilege_type, bool_or(a.is_grantable)
	from pg_class c, aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) a
	where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relnamespace in ` + ownSchemas + `
		and (a.grantee <> c.relowner or c.relacl is not null)
	group by 1, 2, 3 order by 1, 2, 3`

type columnRow struct {
	Table     uint32
	Column    string
	Grantee   uint32
	Privilege string
	Grantable bool
}

const queryColumnPrivileges = `select c.oid, t.attname::text, a.grantee, a.privilege_type, bool_or(a.is_grantable)
	from pg_attribute t join pg_class c on c.oid = t.attrelid, aclexplode(t.attacl) a
	where not t.attisdropped and t.attacl is not null and a.grantee <> c.relowner and c.relnamespace in ` + ownSchemas + `
	group by 1, 2, 3, 4 order by 1, 2, 3, 4`

// A function counts once somebody set who may run it, or where it runs as its owner.
const functionFilter = `p.pronamespace in ` + ownSchemas + ` and (p.proacl is not null or p.prosecdef)`

const queryFunctions = `select p.oid, p.pronamespace, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
	case when p.prosecdef then 'definer' else '' end, p.proowner, p.proacl is not null
	from pg_proc p where ` + functionFilter + ` order by p.proname collate "C", p.oid`

const queryFunctionPrivileges = `select p.oid, a.grantee, a.privilege_type, bool_or(a.is_grantable)
	from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where ` + functionFilter + ` group by 1, 2, 3 order by 1, 2, 3`

// defaultRow is a privilege that objects made later by a role will have.
type defaultRow struct {
	Grantor   uint32
	Schema    string
	Type      string
	Grantee   uint32
	Privilege string
	Grantable bool
}

const queryDefaults = `select d.defaclrole, coalesce(n.nspname::text, ''), d.defaclobjtype::text, a.grantee, a.privilege_type, bool_or(a.is_grantable)
	from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
	where a.grantee <> d.defaclrole group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5`

const queryRole = `select ` + roleColumns + ` from pg_roles where rolname = $1::text`

// How many roles are in a role, and how many sessions it has open but for this one.
const (
	queryMembersOf = `select count(*)::int from pg_auth_members where roleid = $1`
	querySessions  = `select count(*)::int from pg_stat_activity where usesysid = $1 and pid <> pg_backend_pid()`
	queryTerminate = `select count(*) filter (where pg_terminate_backend(pid))::int from pg_stat_activity where usesysid = $1 and pid <> pg_backend_pid()`
)

// dependRow is something that a role owns or has a privilege on. What lies in another
// database has no name here.
type dependRow struct {
	Database string // "" is the cluster itself
	Owns     bool
	Name     string
}

const queryDepends = `select coalesce(d.datname::text, ''), s.deptype = 'o',
	case when s.dbid = 0 or d.datname = current_database() then left(pg_describe_object(s.classid, s.objid, s.objsubid), 200) else '' end
	from pg_shdepend s left join pg_database d on d.oid = s.dbid
	where s.refclassid = 'pg_authid'::regclass and s.refobjid = $1 order by s.deptype = 'o' desc, 1, 3 limit 10000`

// queryLeft lists where a role owns something or was given something.
const queryLeft = `select distinct coalesce(d.datname::text, ''), false, ''
	from pg_shdepend s left join pg_database d on d.oid = s.dbid
	where s.refclassid = 'pg_authid'::regclass and s.refobjid = $1 order by 1`

// queryLent lists the roles whose comment begins with a text.
const queryLent = `select r.rolname::text, d.description from pg_shdescription d join pg_roles r on r.oid = d.objoid
	where d.classoid = 'pg_authid'::regclass and starts_with(d.description, $1::text) and length(d.description) < 100 order by r.rolname collate "C"`

// realOwner is a role as a holder of access: pg_database_owner stands for the
// owner of the database that one is in.
func realOwner(role string) string {
	return `case when ` + role + ` = (select oid from pg_roles where rolname = 'pg_database_owner')
		then (select datdba from pg_database where datname = current_database()) else ` + role + ` end`
}

// queryObject finds what a change is about and its owner; a role has none.
var queryObject = map[string]string{
	"role":     `select oid, 0::oid from pg_roles where rolname = $1::text`,
	"database": `select oid, datdba from pg_database where datname = $1::text`,
	"schema":   `select oid, ` + realOwner("nspowner") + ` from pg_namespace where nspname = $1::text`,
	"table": `select c.oid, ` + realOwner("c.relowner") + ` from pg_class c join pg_namespace n on n.oid = c.relnamespace
	where n.nspname = $1::text and c.relname = $2::text and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
}

// queryGranted lists who granted a privilege on an object to a role.
var queryGranted = map[string]string{
	"database": `select g.rolname::text, a.grantor = o.datdba, a.is_grantable, true
	from pg_database o, aclexplode(coalesce(o.datacl, acldefault('d', o.datdba))) a join pg_roles g on g.oid = a.grantor
	where o.oid = $1 and ` + realOwner("a.grantee") + ` = $2 and a.privilege_type = $3`,
	"schema": `select g.rolname::text, a.grantor = o.nspowner, a.is_grantable, true
	from pg_namespace o, aclexplode(coalesce(o.nspacl, acldefault('n', o.nspowner))) a join pg_roles g on g.oid = a.grantor
	where o.oid = $1 and ` + realOwner("a.grantee") + ` = $2 and a.privilege_type = $3`,
	"table": `select g.rolname::text, a.grantor = o.relowner, a.is_grantable, true
	from pg_class o, aclexplode(coalesce(o.relacl, acldefault('r', o.relowner))) a join pg_roles g on g.oid = a.grantor
	where o.oid = $1 and ` + realOwner("a.grantee") + ` = $2 and a.privilege_type = $3`,
}

// queryMembership lists who put a role into another.
const (
	queryMembership15 = `select coalesce(g.rolname::text, ''), false, m.admin_option, true
	from pg_auth_members m left join pg_roles g on g.oid = m.grantor where m.roleid = $1 and m.member = $2`
	queryMembership = `select coalesce(g.rolname::text, ''), false, m.admin_option, m.inherit_option
	from pg_auth_members m left join pg_roles g on g.oid = m.grantor where m.roleid = $1 and m.member = $2`
)

// queryMayRead reports whether the role that Writ uses may read what the server
// makes of its files: both the view and the function behind it, which nobody but
// superusers may unless somebody said so in this database. Version 15 brought the
// second pair.
const (
	queryMayReadHBA = `select has_table_privilege('pg_hba_file_rules', 'SELECT') and has_function_privilege('pg_hba_file_rules()', 'EXECUTE')`
	queryMayReadMap = `select has_table_privilege('pg_ident_file_mappings', 'SELECT') and has_function_privilege('pg_ident_file_mappings()', 'EXECUTE')`
)

// Passwords may stand among the options: only those that are looked at leave the server.
const hbaColumns = `coalesce(line_number, 0), coalesce(type, ''), coalesce(database, '{}'), coalesce(user_name, '{}'), coalesce(address, ''),
	coalesce(netmask, ''), coalesce(auth_method, ''), array(select o from unnest(options) o
		where split_part(o, '=', 1) in ('map', 'include_realm', 'krb_realm', 'ldapserver', 'ldapport', 'ldapbasedn', 'ldapprefix', 'ldapsuffix',
			'ldapsearchattribute', 'ldapsearchfilter')),
	case when error is null then '' else 'unreadable' end from pg_hba_file_rules`

// Since version 16 a line may come from a file that another one names.
const (
	queryHBA15 = `select ` + hbaColumns + ` order by line_number`
	queryHBA   = `select ` + hbaColumns + ` order by rule_number nulls last`
)

const queryMaps = `select map_name, sys_name, pg_username from pg_ident_file_mappings where error is null`

const queryOpenDatabases = `select datname::text from pg_database where datallowconn order by datname collate "C"`

// VALID UNTIL by the server's own clock.
const queryHasEnded = `select coalesce(rolvaliduntil < now(), false) from pg_roles where oid = $1`
