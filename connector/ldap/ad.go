package ldap

import (
	"strconv"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// What userAccountControl says ([MS-ADTS] 2.2.16).
const (
	uacDisabled        = 0x2
	uacLocked          = 0x10
	uacNoPassword      = 0x20
	uacNormal          = 0x200
	uacTrust           = 0x800
	uacController      = 0x2000
	uacNeverExpires    = 0x10000
	uacSmartcard       = 0x40000
	uacDelegation      = 0x80000
	uacNoPreAuth       = 0x400000
	uacPasswordExpired = 0x800000
)

// uacWords are what of it stands in an account's attributes.
var uacWords = []struct {
	bit  uint64
	word string
}{
	{uacNoPassword, "needs no password"},
	{uacNeverExpires, "password never expires"},
	{uacSmartcard, "needs a smart card"},
	{uacDelegation, "may act as whoever signs in to it"},
	{uacNoPreAuth, "needs no preauthentication"},
	{uacPasswordExpired, "password expired"},
}

// builtIn are accounts of every domain by the RID that is the same in all of them.
var builtIn = map[uint64]string{500: "Administrator", 501: "Guest", 502: "krbtgt", 503: "DefaultAccount"}

func adAccount(e *goldap.Entry, id string, now time.Time) *connector.Account {
	uac := adFlags(e)
	security := sid(rawFirst(e, "objectSid"))
	a := &connector.Account{
		ID: id, Login: first(e, "sAMAccountName", "cn"), DisplayName: first(e, "displayName", "cn"), Email: first(e, "mail"),
		Number: first(e, "employeeID", "employeeNumber"), Status: access.Enabled, Created: timestamp(e.GetEqualFoldAttributeValue("whenCreated")),
		Attributes: map[string]string{"dn": clean(e.DN), "sid": security},
	}
	if a.Login == "" {
		a.Login = clean(e.DN)
	}
	for _, name := range []string{"sAMAccountName", "userPrincipalName", "adminCount"} {
		if v := first(e, name); v != "" {
			a.Attributes[name] = v
		}
	}
	if names := values(e, "servicePrincipalName"); len(names) > 0 {
		a.Attributes["servicePrincipalName"] = clean(strings.Join(names, ", "))
	}
	a.Kind, a.KindReason = adKind(e, security, uac)
	if hasClass(e, "foreignSecurityPrincipal") {
		return a // who it is, and whether it may be used, is kept in another domain
	}
	a.Expires = filetime(first(e, "accountExpires"))
	switch {
	case uac&uacDisabled != 0:
		a.Status = access.Disabled
	case a.Expires != 0 && a.Expires <= access.TimeOf(now):
		a.Status = access.Expired
	case uac&uacLocked != 0:
		a.Status = access.Locked
	}
	a.Interactive = a.Kind != access.ServiceAccount || hasClass(e, "user") && !hasClass(e, "computer")
	a.UsageKnown, a.LastUsed = true, filetime(first(e, "lastLogonTimestamp"))
	var words []string
	for _, f := range uacWords {
		if uac&f.bit != 0 {
			words = append(words, f.word)
		}
	}
	if len(words) > 0 {
		a.Attributes["flags"] = strings.Join(words, ", ")
	}
	return a
}

// adFlags puts together what is stored and what the server computes: that the
// time of a lock has passed, or a password's, shows only in the latter.
func adFlags(e *goldap.Entry) uint64 {
	stored := number(first(e, "userAccountControl"))
	if computed := first(e, "msDS-User-Account-Control-Computed"); computed != "" {
		return stored&^(uacLocked|uacPasswordExpired) | number(computed)&(uacLocked|uacPasswordExpired)
	}
	if number(first(e, "lockoutTime")) != 0 {
		stored |= uacLocked
	}
	return stored
}

// number reads a 32 bit number that may be written as signed.
func number(s string) uint64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return uint64(n) //nolint:gosec // bits
}

// adKind says what is certain. adminCount is not: it stays when somebody has left
// the groups that set it; what an account can do, its groups say.
func adKind(e *goldap.Entry, security string, uac uint64) (access.AccountKind, string) {
	rid, domain := relative(security)
	inDomain := strings.HasPrefix(domain, domainPrefix)
	switch {
	case hasClass(e, "foreignSecurityPrincipal") && !inDomain:
		return access.BuiltInAccount, "a well-known principal, which stands for whoever is one"
	case hasClass(e, "foreignSecurityPrincipal"):
		return "", ""
	case inDomain && builtIn[rid] != "":
		return access.BuiltInAccount, "RID " + strconv.FormatUint(rid, 10) + ", the domain's own " + builtIn[rid]
	case uac&uacController != 0:
		return access.BuiltInAccount, "a domain controller, which is the domain itself"
	case uac&uacTrust != 0:
		return access.BuiltInAccount, "the account of a trust between domains"
	case hasClass(e, "msDS-GroupManagedServiceAccount", "msDS-ManagedServiceAccount"):
		return access.ServiceAccount, "a managed service account"
	case hasClass(e, "computer"):
		return access.BuiltInAccount, "the account of a computer, which sets its own password"
	case first(e, "servicePrincipalName") != "":
		return access.ServiceAccount, "it has a servicePrincipalName: whoever can sign in may ask for a ticket and try its password on it"
	}
	return "", ""
}

func adCredentials(e *goldap.Entry, id string) (list []*connector.Credential) {
	if hasClass(e, "foreignSecurityPrincipal") {
		return nil
	}
	c := &connector.Credential{Account: id, Kind: access.Password, Changed: filetime(first(e, "pwdLastSet"))}
	uac := adFlags(e)
	switch {
	case first(e, "pwdLastSet") == "0":
		c.Options = "must be changed at the next sign-in"
	case uac&uacPasswordExpired != 0:
		c.Options = "expired"
	case uac&uacNeverExpires != 0:
		c.Options = "never expires"
	}
	return append([]*connector.Credential{c}, keys(e, id)...)
}

// adGroupKind tells groups that give access from lists for mail.
func adGroupKind(e *goldap.Entry) string {
	if number(first(e, "groupType"))&0x80000000 == 0 {
		return "distribution_list"
	}
	return "group"
}
