// Package ldap reads a directory as a system: OpenLDAP and its like (RFC 4511,
// 2307, 2798), and Active Directory. It also changes who is in which group, and makes,
// changes, disables and deletes accounts; and it is a source of people.
//
// What becomes what:
//
//	group                       entitlement of kind group: groupOfNames, groupOfUniqueNames,
//	                            posixGroup; in AD every group, those for mail as
//	                            distribution_list
//	member, uniqueMember,       grant of the group; a group in a group holds it
//	memberUid
//	gidNumber, primaryGroupID   grant of the primary group, of each that has the number
//	person, posixAccount,       account; in AD users, computers, managed service accounts
//	account, simpleSecurity-    and foreign security principals
//	Object
//	owner; in AD managedBy      owner of the group, by the number of the entry named
//	sshPublicKey,               credential, by its fingerprint
//	userCertificate
//
// Native ids: entryUUID, and in AD objectGUID, which outlive a rename and a move.
// The DN, uidNumber, sAMAccountName and SID by which other systems name an account
// are its attributes; those of a group stand in its description. A group's name is
// its cn, in AD its sAMAccountName, by which hosts know it.
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
//  7. Until the sign-in a server may send 1 MiB, then 512 MiB to one request; pages
//     and ranges lead to an end. Whatever goes beyond is hung up on.
//  8. A change counts as done only where all that it is about was seen: what is out of
//     sight, or may be, is an error, and so is a group that shows no member though its
//     class demands one.
//  9. An account that is half made is disabled, and the next attempt goes on with it. Its
//     mark is a value of description, in AD adminDescription; where people may write that
//     of their own entry, a mark proves little.
//  10. A login is one account's in the whole directory. No group goes on naming an account
//     that is deleted or gets another login, and none names a new one before it is made.
//  11. Of two that take a uidNumber at once, whoever looks later takes another.
//  12. A password is tried by a bind on a line of its own. That it is wrong is result 49 and
//     nothing else: in AD with data 52e, elsewhere without a word of the password policy's
//     that says otherwise. One that must be changed first opens nothing.
//  13. Another password enables no account.
//
// The server's marks between pages end with the connection, so resuming reads the
// part before the cursor again, checks that it is what it was, and yields what
// comes behind it. A member who is gone, or lies where the sync does not look, is
// a warning with a count.
//
// A mark is the directory's own count of its changes: in AD uSNChanged, of one
// controller and one life of its database (invocationId); elsewhere contextCSN,
// which the overlay syncprov keeps. Without one, or from another server, everything
// is read. Changes reads the entries behind the mark, who is in the groups among
// them, and the ids of all that is there, as no server tells everybody for certain
// who is gone: by content synchronisation (RFC 4533) where that ends with all ids,
// by a search elsewhere. Where the count stands still it reads next to nothing. An entry that is moved takes what is
// below it along without a change of its own, so all below a changed entry is read
// again. Whereabouts looks in the whole tree, and in AD at tombstones.
//
// What changes leave no count: a restored OpenLDAP that has passed its mark again, a
// right to read that changed, what a filter asks of other entries, a password that a
// policy lets expire, in AD what lies below an account that moved. The weekly
// complete reading brings these.
//
// What it does not do: it reads no access control lists (nTSecurityDescriptor,
// olcAccess), so rights over single objects are unknown; no DnsAdmins, whose SID
// differs everywhere; no dynamic groups (memberURL), Group Policy, trusts or
// password policies. adminCount is shown and proves nothing, it stays when the
// groups have gone. Disabling by shadowExpire forgets the day that stood there. It ends no first
// password at a time: no directory knows that apart from the account's own end. Without
// ppolicy outside AD, nothing makes a first password's holder change it, and a retry sets
// it anew whoever chose the one that is there. Passwords that it sets or tries are printable
// ASCII. Where a policy remembers passwords, one that the account has already counts as set.
//
// Sources: RFC 2307, 2696, 2798, 3062, 4511 to 4517, 4530, 4533; [MS-ADTS] 2.2.16, 3.1.1.3.1.3.3, 3.1.1.3.1.5,
// 3.1.1.3.4.1.5 and 14, [MS-DTYP] 2.3.4 and 2.4.2; Microsoft Learn, Security identifiers, Appendix B and
// C of the best practices for securing Active Directory; slapo-ppolicy(5); [MS-ERREF] 2.2; draft-behera-ldap-password-policy-10.
package ldap
