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
	primary           func(*goldap.Entry) []string
	account           func(e *goldap.Entry, id string, now time.Time) *connector.Account
	credentials       func(e *goldap.Entry, id string) []*connector.Credential
	primaryOf         func(*goldap.Entry) string // which primary group an account is in
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
		primary: func(e *goldap.Entry) []string {
			if gid := first(e, "gidNumber"); gid != "" && hasClass(e, "posixGroup") {
				return []string{gid}
			}
			return nil
		},
		primaryOf: func(e *goldap.Entry) string { return first(e, "gidNumber") },
		account:   openLDAPAccount, credentials: openLDAPCredentials,
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
		primary: func(e *goldap.Entry) []string {
			if rid, domain := relative(sid(rawFirst(e, "objectSid"))); strings.HasPrefix(domain, domainPrefix) {
				return []string{strconv.FormatUint(rid, 10)}
			}
			return nil
		},
		primaryOf: func(e *goldap.Entry) string { return first(e, "primaryGroupID") },
		account:   adAccount, credentials: adCredentials,
	}
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
