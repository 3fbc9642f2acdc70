// Package postgres reads a PostgreSQL cluster as a system: its roles, who is in
// them, and every privilege that they have in every database. It can also grant
// and revoke, and let roles log in or not.
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
// A role that logs in and has members is an account and an entitlement, and both
// hold the same. A backslash, a byte that is not text, and within names that dots
// divide also a dot or a colon, is written \xNN.
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
//	pg_write_all_data              change_config and destroy_data on the system
//	pg_create_subscription,        change_config on the system
//	pg_maintain
//	SELECT                         read_sensitive on the table (of a column, too)
//	INSERT, UPDATE, TRIGGER,       change_config on what it is on
//	MAINTAIN, CREATE
//	DELETE, TRUNCATE               destroy_data on the table
//	ownership of a table           read_sensitive, change_config, destroy_data and grant_access on it
//	ownership of a schema,         change_config, destroy_data and grant_access on it
//	or a database
//	role:NAME of a role that can   impersonate on the account
//	log in
//
// CONNECT, TEMPORARY, USAGE, REFERENCES, EXECUTE, CREATEDB and everything on a
// sequence or a future object can do nothing by itself.
//
// Invariants:
//  1. Catalogs are only read, in one read-only transaction per database; password
//     hashes are never selected. A plain login role that may connect to every
//     database suffices. One that it may not connect to is an error until option
//     exclude names it: half a cluster is never a cluster.
//  2. What the owner of an object may do as its owner is said once, by owner:NAME.
//     What owners took from themselves they can give back; the description of
//     owner:NAME lists it.
//  3. Names reach a statement as identifiers quoted by the driver, or as
//     parameters, and the search path holds the server's own schema only
//     (SECURITY.md, 15).
//  4. An address holds no password. A connection that leaves this machine verifies
//     the server unless sslmode=require says otherwise, and is encrypted unless
//     the option tls=off does. No file and no setting of this machine's is read.
//  5. A snapshot is read whole before its first record goes out.
//
// The server keeps no record of logins, so last use is never known. VALID UNTIL
// limits passwords only; it is taken as the end of the account all the same. A
// role that loses LOGIN is no account any longer. pg_database_owner's privileges
// are given to the owner of each database, its only member.
//
// What it does not do: it reads no pg_hba.conf, row security policies, large
// objects, tablespaces, types, languages, foreign servers, parameters, template
// databases or the server's own schemas, and looks into no function; of
// functions, it lists those whose privileges somebody set or that run as their
// owner. It ends no session when it takes LOGIN away. Revoking a privilege on a
// table takes the same privilege on its columns too, as PostgreSQL does.
//
// Sources: PostgreSQL 15 and 17 manuals, chapters Database Roles, Privileges
// (table 5.1 and 5.2), Predefined Roles, System Catalogs, GRANT, REVOKE.
package postgres
