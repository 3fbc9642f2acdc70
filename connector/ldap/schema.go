package ldap

import (
	"strconv"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// kind is how a family of servers says things.
type kind struct {
	groups, accounts  string // filters
	groupAttributes   []string
	accountAttributes []string
	idAttribute       string
	owner             string   // the attribute of a group that names who answers for it
	numbers           []string // attributes of a person's number, the first with a value counts
	id                func(*goldap.Entry) string
	byID              func(id string) string // a filter, or "" where the id is none
	groupName         func(*goldap.Entry) string
	primary           func(*goldap.Entry) []string
	account           func(e *goldap.Entry, id string, now time.Time) *connector.Account
	credentials       func(e *goldap.Entry, id string) []*connector.Credential
	primaryOf         func(*goldap.Entry) string // which primary group an account is in
	primaryAttributes []string                   // what primaryOf looks at
	primaryFilter     func(group string) string  // for the accounts of a primary group; others may come too
}

func (s *session) kindOf() kind {
	if s.root.ad {
		return activeDirectory()
	}
	return openLDAP()
}

const groupClasses = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup)(objectClass=groupOfMembers))"

func openLDAP() kind {
	return kind{
		groups:          groupClasses,
		groupAttributes: []string{"entryUUID", "objectClass", "cn", "ou", "description", "owner", "member", "uniqueMember", "memberUid", "gidNumber"},
		accounts:        "(|(objectClass=person)(objectClass=posixAccount)(objectClass=account)(objectClass=simpleSecurityObject))",
		accountAttributes: []string{
			"entryUUID", "objectClass", "uid", "cn", "sn", "displayName", "mail", "employeeNumber", "uidNumber", "gidNumber", "homeDirectory", "loginShell",
			"createTimestamp", "pwdChangedTime", "pwdAccountLockedTime", "pwdReset", "shadowExpire", "shadowLastChange", "authTimestamp", "pwdLastSuccess", "sshPublicKey", "userCertificate",
		},
		idAttribute: "entryUUID", owner: "owner", numbers: []string{"employeeNumber"},
		id: entryUUID, byID: byEntryUUID,
		groupName: func(e *goldap.Entry) string { return first(e, "cn", "ou") },
		primary: func(e *goldap.Entry) []string {
			if gid := first(e, "gidNumber"); gid != "" && hasClass(e, "posixGroup") {
				return []string{gid}
			}
			return nil
		},
		primaryOf:         func(e *goldap.Entry) string { return first(e, "gidNumber") },
		primaryAttributes: []string{"gidNumber"},
		primaryFilter:     func(gid string) string { return "gidNumber=" + goldap.EscapeFilter(gid) },
		account:           openLDAPAccount, credentials: openLDAPCredentials,
	}
}

func entryUUID(e *goldap.Entry) string {
	if id := strings.ToLower(e.GetEqualFoldAttributeValue("entryUUID")); isUUID(id) {
		return id
	}
	return ""
}

func byEntryUUID(id string) string {
	if !isUUID(id) {
		return ""
	}
	return "(entryUUID=" + id + ")"
}

// Entries in the recycle bin and tombstones are shown only to who asks for them
// with a control; the filter says it again. Groups of groups for mail have no
// SID-bearing rights, but are groups all the same.
func activeDirectory() kind {
	return kind{
		groups:          "(&(objectClass=group)(!(isDeleted=TRUE)))",
		groupAttributes: []string{"objectGUID", "objectSid", "objectClass", "cn", "name", "sAMAccountName", "description", "groupType", "managedBy", "member", "gidNumber"},
		accounts:        "(&(|(objectClass=user)(objectClass=foreignSecurityPrincipal))(!(isDeleted=TRUE)))",
		accountAttributes: []string{
			"objectGUID", "objectSid", "objectClass", "cn", "sAMAccountName", "userPrincipalName", "displayName", "mail", "employeeID", "employeeNumber", "servicePrincipalName",
			"userAccountControl", "msDS-User-Account-Control-Computed", "accountExpires", "lockoutTime", "pwdLastSet", "lastLogonTimestamp", "whenCreated", "adminCount",
			"primaryGroupID", "userCertificate", "sshPublicKey", "altSecurityIdentities",
		},
		idAttribute: "objectGUID", owner: "managedBy", numbers: []string{"employeeID", "employeeNumber"},
		id:   func(e *goldap.Entry) string { return guid(rawFirst(e, "objectGUID")) },
		byID: byObjectGUID,
		// A cn is unique in its container only, and whoever administers one can have
		// it be another group's; hosts too go by sAMAccountName.
		groupName: func(e *goldap.Entry) string { return first(e, "sAMAccountName", "cn", "name") },
		primary: func(e *goldap.Entry) []string {
			if security, domain := domainOf(e); domain != "" {
				return []string{security}
			}
			return nil
		},
		primaryOf:         adPrimaryOf,
		primaryAttributes: []string{"objectSid", "primaryGroupID"},
		primaryFilter: func(group string) string {
			rid, _ := relative(group)
			return "primaryGroupID=" + strconv.FormatUint(rid, 10)
		},
		account: adAccount, credentials: adCredentials,
	}
}

// adPrimaryOf is the SID of an account's primary group: the number that the account
// has is one of its own domain, and other domains use the same.
func adPrimaryOf(e *goldap.Entry) string {
	rid := first(e, "primaryGroupID")
	_, domain := domainOf(e)
	if rid == "" || domain == "" {
		return ""
	}
	return domain + "-" + rid
}

// domainOf is an entry's SID, and the domain that it is of; "" where it is of none.
func domainOf(e *goldap.Entry) (security, domain string) {
	security = sid(rawFirst(e, "objectSid"))
	if _, domain = relative(security); !strings.HasPrefix(domain, domainPrefix) {
		return security, ""
	}
	return security, domain
}

func byObjectGUID(id string) string {
	b := guidBytes(id)
	if b == nil {
		return ""
	}
	return "(objectGUID=" + escapeBytes(b) + ")"
}

// escapeBytes writes every byte as \XX (RFC 4515 3).
func escapeBytes(b []byte) string {
	const hex = "0123456789abcdef"
	text := make([]byte, 0, 3*len(b))
	for _, x := range b {
		text = append(text, '\\', hex[x>>4], hex[x&15])
	}
	return string(text)
}
