package ldap

import (
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// lockedForGood is what the password policy writes for a lock that no time ends.
const lockedForGood = "000001010000Z"

// noShells are the shells that let nobody in.
var noShells = map[string]bool{"nologin": true, "false": true, "true": true, "sync": true, "halt": true, "shutdown": true}

func openLDAPAccount(e *goldap.Entry, id string, now time.Time) *connector.Account {
	a := &connector.Account{
		ID: id, Login: first(e, "uid", "cn"), DisplayName: first(e, "displayName", "cn"), Email: first(e, "mail"), Number: first(e, "employeeNumber"),
		Status: openLDAPStatus(e, now), Interactive: true, Created: timestamp(e.GetEqualFoldAttributeValue("createTimestamp")),
		Attributes: map[string]string{"dn": clean(e.DN)},
	}
	if a.Login == "" {
		a.Login = clean(e.DN)
	}
	for name, attribute := range map[string]string{"uidNumber": "uidNumber", "gidNumber": "gidNumber", "home": "homeDirectory", "shell": "loginShell"} {
		if v := first(e, attribute); v != "" {
			a.Attributes[name] = v
		}
	}
	switch {
	case isPerson(e):
	case hasClass(e, "posixAccount"):
		a.Kind, a.KindReason = access.ServiceAccount, "a posixAccount of no person"
	default:
		a.Kind, a.KindReason = access.ServiceAccount, "an entry with a password that is no person"
	}
	if shell := a.Attributes["shell"]; shell != "" {
		a.Interactive = !noShells[shell[strings.LastIndexByte(shell, '/')+1:]]
	}
	if n, ok := days(first(e, "shadowExpire")); ok {
		a.Expires = dayTime(n)
	}
	// Only a directory that keeps them has the attributes, one of slapo-lastbind and
	// one of slapd's own lastbind; their absence says nothing.
	used := max(timestamp(e.GetEqualFoldAttributeValue("authTimestamp")), timestamp(e.GetEqualFoldAttributeValue("pwdLastSuccess")))
	if used != 0 {
		a.UsageKnown, a.LastUsed = true, used
	}
	return a
}

// isPerson reports whether an entry is of class person or of one below it. An entry
// need not list what its classes are below, and anybody may make classes; but a
// person has a surname, and nothing else that counts as an account may have one.
func isPerson(e *goldap.Entry) bool {
	return hasClass(e, "person", "organizationalPerson", "inetOrgPerson") || first(e, "sn") != ""
}

func openLDAPStatus(e *goldap.Entry, now time.Time) access.AccountStatus {
	locked := e.GetEqualFoldAttributeValue("pwdAccountLockedTime")
	expire, ok := days(first(e, "shadowExpire"))
	switch {
	case locked == lockedForGood:
		return access.Disabled
	case ok && expire == shadowDisabled:
		return access.Disabled
	case ok && expire <= now.Unix()/int64(day/time.Second):
		return access.Expired
	case locked != "":
		return access.Locked
	}
	return access.Enabled
}

// shadowDisabled is the day in 1970 that disables an account, as usermod -e 1 does.
const shadowDisabled = 1

// openLDAPCredentials never ask for userPassword: who may read it may read hashes.
// That there is one shows in when it was changed, or in the class that demands it.
func openLDAPCredentials(e *goldap.Entry, id string) (list []*connector.Credential) {
	changed := timestamp(e.GetEqualFoldAttributeValue("pwdChangedTime"))
	if n, ok := days(first(e, "shadowLastChange")); ok && changed == 0 {
		changed = dayTime(n)
	}
	if changed != 0 || hasClass(e, "simpleSecurityObject") {
		c := &connector.Credential{Account: id, Kind: access.Password, Changed: changed}
		if strings.EqualFold(e.GetEqualFoldAttributeValue("pwdReset"), "TRUE") {
			c.Options = "must be changed at the next sign-in"
		}
		list = append(list, c)
	}
	return append(list, keys(e, id)...)
}
