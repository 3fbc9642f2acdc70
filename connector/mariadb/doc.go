// Package mariadb reads a MariaDB server as a system: its accounts and roles, who is in
// which, and every privilege that they have. It can also grant and revoke, shut accounts and
// open them, make, change and delete them, keep their passwords, and lend accounts. Of MySQL,
// which speaks the same protocol and keeps other tables, it reads the same and keeps the
// passwords (mysql.go); what the two have each in its own way is a dialect.
//
// Vocabulary: an account is a name with a host, the pattern of where it may come from; a way
// is one of the plugins by which one signs in to it; a verifier is what the server keeps of a
// password; a pattern names databases as LIKE does.
//
// What becomes what:
//
//	account                     account, id NAME@HOST; its login is NAME where the host is %
//	role                        entitlement role:NAME; PUBLIC is role:PUBLIC of kind public, which
//	                            every account holds implicitly, and so is what the server gives to
//	                            an empty name
//	membership                  grant of role:NAME, with admin option; no_inherit for an account of
//	                            which it is not the default role, since one is active at a time
//	privilege on everything     global:PRIVILEGE
//	… on a database, a pattern  database:DB:PRIVILEGE, databases:PATTERN:PRIVILEGE
//	… on a table, a column      table:DB.TABLE:PRIVILEGE, column:DB.TABLE.COLUMN:PRIVILEGE
//	… on a routine              procedure:DB.NAME:PRIVILEGE, function:…, package:…, package_body:…
//	grant option                the privilege GRANT OPTION of its level, as it counts for all of it
//	proxy                       proxy:NAME@HOST
//	no password                 sign_in:without_password, which PUBLIC holds
//	unix_socket, pam            the accounts of the host (option host) that open the account
//
// A backslash, a byte that is not text, the @ of an account's name or host, and within names
// that dots divide also a dot or a colon, is written \xNN.
//
// What can do what: a privilege is a right on what it is on (SELECT reads, DELETE and DROP
// destroy, INSERT, UPDATE and what makes or alters things change, GRANT OPTION grants).
// On everything, and on the database mysql, it is one on the system: who writes the tables
// that say who may do what can grant access. SUPER, SET USER, FILE and the privileges on the
// binary log bypass controls. proxy:… and sign_in:… impersonate. EXECUTE, REFERENCES, LOCK
// TABLES, SHOW VIEW and CREATE TEMPORARY TABLES can do nothing by themselves.
//
// Of MySQL a role has a host, too: role:NAME, or role:NAME@HOST where that is not %. An account
// that is given to others is an account and a role.
//
// Invariants:
//  1. Tables of grants are only read, and what they keep of passwords is never selected.
//  2. Names reach a statement in backticks, where only a backtick means anything, or as
//     parameters; what stands in quotes is of alphabets without one (SECURITY.md, 15). No
//     statement of Writ's makes an account in passing (NO_AUTO_CREATE_USER).
//  3. An address holds no password. A connection that leaves this machine is encrypted and
//     verifies the server unless option tls=off says otherwise. No option file is read.
//  4. An account that Writ makes is there with its mark, or not at all: one statement. The
//     mark is the name of an account of the host that there cannot be, in a second way of
//     signing in (unix_socket): the server keeps no comment on an account, and a mark in
//     another table would outlive the account and vouch for the next of its name.
//  5. A password leaves as a verifier that is made here: statements are logged, and
//     replicated (SECURITY.md, 13). To MySQL it leaves as it is, since the server alone makes
//     what it keeps of one, and only where it writes none down (log_raw).
//  6. A password is tried by a sign-in that says who one then is. That it is wrong is the
//     server's refusal of an account that from here is surely the one meant, may sign in, and
//     has one way of doing so.
//  7. What runs as an account (DEFINER) stops its deletion and is named. It is handed to
//     nobody: it would do with the successor's rights what the account's holder wrote.
//
// The server keeps no record of sign-ins, so last use is never known, and has no snapshot of
// its own tables: what changes in the moment of a reading may be seen by half. It ends no
// account and no password at an instant: a first password has to be changed but does not
// end, and what is lent ends when Writ takes it away. An account whose password has expired
// is let in to choose another, unless disconnect_on_expired_password says otherwise.
//
// What it does not do: it looks into no view, routine, trigger or event, gives no PROXY, and
// sets no default role but the first. On MySQL it changes passwords and nothing else, and
// counts a privilege on everything as one on everything, whatever partial_revokes takes out.
//
// Sources: MariaDB's documentation, on Account Management SQL Commands, mysql.global_priv,
// Roles, Authentication Plugins (mysql_native_password, ed25519, unix_socket) and Troubleshooting
// Connection Issues; the MySQL 8.4 Reference Manual, 6.2 (privileges, grant tables, roles,
// password management) and 8.1.2.3 (passwords and logging).
package mariadb
