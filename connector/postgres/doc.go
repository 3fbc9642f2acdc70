// Package postgres reads a PostgreSQL cluster as a system: its roles, who is in
// them, and every privilege that they have in every database. It can also grant
// and revoke, let roles log in or not, and make, change and delete them.
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
//	a rule of pg_hba.conf          the accounts of the host (peer, pam) or of the directory (ldap,
//	                               gss, sspi) with which one signs in as a role open its account
//	a rule without proof (trust)   sign_in:trust, which PUBLIC holds, or sign_in:trust:host where
//	                               only the server's own machine can come from, which accounts
//	                               hold that the host's open
//	a password among the options   resource embedded:KIND:db.NAME, of kind embedded_secret: that it is
//	of a user mapping, a foreign   there, never what it is
//	server, or a subscription
//	option group_roles             grant of role:NAME to a group of the directory
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
//	sign_in:trust, …:host          impersonate on each account that the rules name
//
// CONNECT, TEMPORARY, USAGE, REFERENCES, EXECUTE, CREATEDB and everything on a
// sequence or a future object can do nothing by itself.
//
// Invariants:
//  1. Catalogs are only read, in one read-only transaction per database; password
//     hashes are never selected. A plain login role that may connect to every
//     database suffices; how the server lets people in it reads only if it was
//     granted that, and claims nothing else. One that it may not connect to is an error until option
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
//  6. A role that Writ makes is there with its mark, or not at all: one transaction. The
//     mark is the comment on it, alone; a comment that people wrote makes a role theirs.
//  7. A password leaves as a SCRAM verifier that is made here: statements are logged
//     (SECURITY.md, 13).
//  8. Nothing that a role owns is dropped or handed over: what there is stops its
//     deletion, and is named.
//  9. A password is tried by a sign-in in which the server asks for it, on one database, and
//     which does nothing. That it is wrong is 28P01 and nothing else, of a role that may log
//     in and whose password has not ended.
//
// The server keeps no record of logins, so last use is never known. VALID UNTIL
// limits passwords only; it is taken as the end of the account all the same, unless
// a rule of pg_hba.conf is known to let it in without its own password. A
// role that loses LOGIN is no account any longer. pg_database_owner's privileges
// are given to the owner of each database, its only member.
//
// Of pg_hba.conf the first rule that matches connection, database, role and address
// decides. It is read as the file is now, which the server may not have loaded yet.
// That several rules together leave nothing to a later one is not noticed, nor that
// a role may not connect to the database that a rule names; a word such as all that
// stands in quotes, where it is a name, is taken for the word. A rule that asks for
// the password of the role itself (scram-sha-256, md5, password), for a certificate
// or of a RADIUS server says nothing here. What ldap asks beyond the name (a filter)
// is not asked: a warning says so. Rules that look people up in several places (LDAP
// servers or bases) are the directory's only where option ldap_server says so.
//
// What it does not do: it reads no row security policies, large
// objects, tablespaces, types, languages, foreign servers, parameters, template
// databases or the server's own schemas, and looks into no function; of
// functions, it lists those whose privileges somebody set or that run as their
// owner. It ends no session when it takes LOGIN away; that is a change of its own.
// PostgreSQL knows no password that must be changed, so that a first one is good once
// only by its end, VALID UNTIL, which stays when its holder chooses another: somebody
// has to lift it. A verifier does not say whose choice it was, so a role that is made
// again gets the first password of the last attempt. Revoking a privilege on a
// table takes the same privilege on its columns too, as PostgreSQL does.
//
// Passwords that it sets or tries are printable ASCII, which SASLprep leaves as it is: what
// clients and server make of other characters differs. What a statement carries, and a log
// or pg_stat_statements may keep, is a verifier: as good as what lies in pg_authid, and no
// better than the password is long.
//
// Sources: PostgreSQL 15 and 17 manuals, chapters Client Authentication, Database Roles, Privileges
// (table 5.1 and 5.2), Predefined Roles, System Catalogs, GRANT, REVOKE; RFC 5802,
// 5803 and 7677 (SCRAM-SHA-256).
package postgres
