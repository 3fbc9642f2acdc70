// Package ldap reads a directory as a system: OpenLDAP and its like (RFC 4511,
// 2307, 2798), and Active Directory. It also changes who is in which group, and
// disables and enables accounts; and it is a source of people.
//
// What becomes what:
//
//	group                       entitlement of kind group: groupOfNames, groupOfUniqueNames,
//	                            posixGroup; in AD every group, those for mail as
//	                            distribution_list
//	member, uniqueMember,       grant of the group; a group in a group holds it
//	memberUid
//	gidNumber, primaryGroupID   grant of the primary group
//	person, posixAccount,       account; in AD users, computers, managed service accounts
//	account, simpleSecurity-    and foreign security principals
//	Object
//	owner; in AD managedBy      owner of the group, by the number of the entry named
//	sshPublicKey,               credential, by its fingerprint
//	userCertificate
//
// Native ids: entryUUID, and in AD objectGUID, which outlive a rename and a move.
// The DN, uidNumber, sAMAccountName and SID by which other systems name an account
// are its attributes; those of a group stand in its description.
//
// What can do what. In AD the groups that are well known by their SID, never by
// their name: Administrators, Domain and Enterprise Admins control everything;
// Account Operators give access and set passwords; Backup and Server Operators and
// Domain Controllers can become everybody; Schema Admins, Group Policy Creator
// Owners and Print Operators change settings; Key Admins write keys to sign in
// with. Elsewhere the group that option admins names.
//
// Invariants:
//  1. userPassword and other secrets are never asked for. Who may read nothing else
//     than that suffices; every entry's id must be readable, or the sync ends.
//  2. A password leaves only over TLS with a verified certificate, unless the
//     option tls=none says otherwise.
//  3. Of a group's members one short digest each is kept while the directory is
//     read; of accounts, one page. The answer that holds a group's members is in
//     memory whole where the server has no ranges, as OpenLDAP has none.
//  4. References to other servers are named by Describe and never followed.
//  5. Values reach a filter escaped, and names compare as RFC 4514 parses them.
//  6. Who is read is read as of then; what changed meanwhile is read again, so
//     that somebody who moved does not seem to have lost all groups.
//
// The server's marks between pages end with the connection, so resuming reads the
// part before the cursor again, checks that it is what it was, and yields what
// comes behind it. A member who is gone, or lies where the sync does not look, is
// a warning with a count. An account that moves out of the base is gone for this
// sync, as a deleted one is.
//
// What it does not do: it reads no access control lists (nTSecurityDescriptor,
// olcAccess), so rights over single objects are unknown; no DnsAdmins, whose SID
// differs everywhere; no dynamic groups (memberURL), Group Policy, trusts or
// password policies. adminCount is shown and proves nothing, it stays when the
// groups have gone. Disabling by shadowExpire forgets the day that stood there.
//
// Sources: RFC 2307, 2696, 2798, 4511 to 4517, 4530; [MS-ADTS] 2.2.16, 3.1.1.3.1.3.3,
// [MS-DTYP] 2.3.4 and 2.4.2; Microsoft Learn, Security identifiers, Appendix B and
// C of the best practices for securing Active Directory; slapo-ppolicy(5).
package ldap
