// Package postgres reads a PostgreSQL cluster as a system: its roles, who is in
// them, and every privilege that they have in every database. It can also grant
// and revoke.
//
// What becomes what:
//
//	role with LOGIN                account, id its name; the bootstrap superuser is built_in
//	role without LOGIN, or with    entitlement role:NAME, of kind role; PUBLIC is role:PUBLIC of
//	members                        kind public, which every account holds implicitly
//	membership                     grant of role:NAME, with admin option; no_inherit where the
//	                               member has to SET ROLE
//	SUPERUSER, CREATEROLE,         entitlement attr:superuser, … ; never inherited, so a role's
//	CREATEDB, REPLICATION,         members have to SET ROLE to use it
//	BYPASSRLS
//	privilege                      KIND:NAME:PRIVILEGE, such as table:db.schema.table:SELECT or
//	                               column:db.schema.table.column:UPDATE
//	ownership                      owner:NAME
//	default privilege              default:db.schema:GRANTOR:TYPE:PRIVILEGE
//
// What can do what:
//
//	superuser                      bypass_controls, grant_access and read_sensitive on the system
//	CREATEROLE                     grant_access on the system
//	BYPASSRLS, REPLICATION         read_sensitive on the system
//	pg_execute_server_program,     bypass_controls on the system
//	pg_write_server_files
//	pg_read_server_files,          read_sensitive on the system
//	pg_read_all_data
//	pg_write_all_data              change_config on the system
//	SELECT                         read_sensitive on the table or column
//	INSERT, UPDATE, CREATE         change_config on what it is on
//	DELETE, TRUNCATE               destroy_data on the table
//	ownership                      read_sensitive, change_config and destroy_data on the object
//	role:NAME of a role that can   impersonate on the account
//	log in
//
// Invariants:
//  1. Catalogs are only read, in one read-only transaction per database; password
//     hashes are never selected. A plain login role suffices.
//  2. What the owner of an object may do as its owner is said once, by owner:NAME.
//  3. Names reach a statement as identifiers quoted by the driver, or as parameters.
//  4. An address holds no password, and a connection that leaves this machine is
//     encrypted unless the option tls=off says otherwise.
//
// The server keeps no record of logins, so last use is never known. VALID UNTIL
// limits passwords only; it is taken as the end of the account all the same.
//
// What it does not do: it reads no pg_hba.conf, no row security policies and no
// large objects, and looks into no function.
//
// Sources: PostgreSQL 15 and 17 manuals, chapters Database Roles, Privileges
// (table 5.1 and 5.2), Predefined Roles, System Catalogs.
package postgres
