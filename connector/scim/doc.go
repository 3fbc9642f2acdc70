// Package scim reads a SCIM 2.0 service as a system, changes who has what there, and
// makes, changes, disables and deletes its users.
//
// Vocabulary: a dialect is whose requests a service was built for. Most were built for one
// provisioning client, and refuse what that one would not send.
//
// What becomes what:
//
//	Group                        entitlement of kind group
//	members of a Group           grant of the group; a group in a group holds it
//	User                         account
//	roles, entitlements          entitlements of kind role and entitlement, and grants of
//	                             them; they are known by who has them
//	x509Certificates             credential, by its fingerprint
//
// Native ids, which outlive every rename:
//
//	account                      the User's id
//	group                        group: and the Group's id
//	role, entitlement            role: or entitlement: and the value
//
// What of a User is what of an account (enterprise: the extension of RFC 7643 section 4.3):
//
//	userName                     login
//	displayName, else name       display name, and setting name
//	emails                       email: the one of type work, else the primary, else the
//	                             first
//	active                       status: disabled where it is false
//	externalId                   attribute external_id; the mark of an account of Writ's
//	name, title, userType        attributes given_name, surname, title, type
//	enterprise employeeNumber    number
//	enterprise department,       attributes unit, employer, division, cost_centre
//	organization, division,
//	costCenter
//	enterprise manager           attributes manager (the id of a User) and manager_name
//	meta.created                 created
//	password                     nothing: where a service shows one, a warning says so
//
// The mark: an account that Writ makes has writ=MARK as its externalId, which RFC 7643
// section 3.1 gives to the client that makes a resource. It is written once, when the user
// is made. A user with another externalId is another client's and never taken for Writ's;
// where another client overwrites Writ's, a change that names the mark is refused from then
// on. Where a service keeps no externalId, what was made is taken back, and it is said.
//
// The dialects. auto is RFC 7644 as far as ServiceProviderConfig says: without patch, users
// and groups are sent as a whole; without filter, a login is looked for among all users.
// strict is RFC 7644 whatever is said. entra: the names of operations begin with capitals,
// booleans in PATCH are the texts True and False, an address is changed by a path with a
// filter, a whole user is never sent. okta: a user is sent as a whole, active alone changes
// by an operation without a path, and members say what they are called. Neither has groups
// in groups. In all of them a member is taken out by members[value eq "ID"].
//
// Invariants:
//  1. The token goes to the host of the address alone, a client's secret to that of
//     token_url alone; neither is in any error, whatever a server repeats.
//  2. A reading gives all that the service says that there is, each once, or ends with an
//     error. Pages by number begin with the last thing of the page before; what has slid is
//     read again.
//  3. Of each user and group 8 bytes are kept while a list is read, of each member of each
//     group 16 and what they belong to; never a page.
//  4. Ids are taken as they are or not at all, and reach a path or a filter escaped.
//  5. What the service answers to a change proves nothing: what it shows afterwards does.
//  6. What is not found counts as gone only where the service itself still answers.
//  7. An account is made whole in one request. Where a service lets two have one login at
//     once, Writ takes its own back.
//  8. Where the service keeps versions, a change is meant for the one that was read, and is
//     made again from what is there where that has moved on.
//
// What it does not do: it follows no changes (SCIM has none to ask for), keeps no
// checkpoints, sets no passwords, ends no sessions, makes no groups, and uses neither Bulk
// nor /Me. An account's own end is not known to SCIM. A service that pages the members of
// one group in a way of its own shows only the first of them; none says so.
//
// Sources: RFC 7643, 7644, 9865 (cursors), 6749 section 4.4, 6750; Microsoft Learn, Develop
// a SCIM endpoint, and Known issues of SCIM 2.0 compliance; Okta developer reference, Okta
// and SCIM Version 2.0.
package scim
