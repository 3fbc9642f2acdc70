package sampleload

import (
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

// Domain starts a private Active Directory domain controller with what the sample
// says of a system.
func Domain(tb testing.TB, dir, system string) Served {
	tb.Helper()
	f := read(tb, dir, system)
	s := testkit.NewSamba(tb)
	d := &domain{tb: tb, f: f, SambaServer: s, dns: map[string]string{}}
	s.Tool(tb, "user", "delete", "dns-dc1") // the account of a name server that is not here
	d.find()
	d.accounts()
	d.groups()
	d.times()
	return Served{
		Address: s.URL() + "/" + s.BaseDN(), Credential: s.Password().Reveal(),
		Options: map[string]string{"bind_dn": s.BindDN(), "ca": s.CA(), "server_name": "dc1.example.test"},
	}
}

type domain struct {
	*testkit.SambaServer
	tb  testing.TB
	f   files
	dns map[string]string // of accounts and groups by id, of people by number
}

// find looks up what the domain brings along.
func (d *domain) find() {
	for block := range strings.SplitSeq(d.Search(d.tb, "(|(objectClass=group)(objectClass=user))", "dn", "sAMAccountName", "objectClass"), "\n\n") {
		var dn, name string
		group := false
		for line := range strings.Lines(block) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			switch key {
			case "dn":
				dn = value
			case "sAMAccountName":
				name = value
			case "objectClass":
				group = group || value == "group"
			}
		}
		if group {
			name = GroupID(name)
		}
		if name != "" {
			d.dns[name] = dn
		}
	}
}

// What userAccountControl says ([MS-ADTS] 2.2.16): a normal account that needs no
// password yet; one that is disabled.
const (
	normalAccount   = "544"
	disabledAccount = "546"
)

// noEnd is the accountExpires of an account that never does.
const noEnd = "9223372036854775807"

func (d *domain) accounts() {
	var b strings.Builder
	for _, a := range d.f.accounts {
		id := a["id"]
		if builtIn(a) {
			continue
		}
		if a["kind"] != "" && a["kind"] != "service" || a["interactive"] != "true" {
			d.tb.Fatalf("%s: account %s: of a user the domain knows that it is a service's, and no more", d.f.name, id)
		}
		control, end, principal := normalAccount, noEnd, ""
		switch a["status"] {
		case "enabled":
		case "disabled":
			control = disabledAccount
		case "expired":
			end = filetime(d.tb, a["expires"])
		default:
			d.tb.Fatalf("%s: account %s: one that is %s is not built", d.f.name, id, a["status"])
		}
		if a["expires"] != "" && a["status"] != "expired" {
			end = filetime(d.tb, a["expires"])
		}
		if a["kind"] == "service" {
			principal = "HTTP/" + id
		}
		d.dns[id] = "CN=" + id + ",CN=Users," + d.BaseDN()
		if a["number"] != "" && d.dns[number+a["number"]] == "" {
			d.dns[number+a["number"]] = d.dns[id]
		}
		writeEntry(&b, d.dns[id], "objectClass", "user", "sAMAccountName", id, "displayName", a["display_name"], "mail", a["email"], "employeeNumber", a["number"],
			"userAccountControl", control, "accountExpires", end, "servicePrincipalName", principal)
	}
	d.Add(d.tb, b.String())
}

const (
	usersGroup = "group:domain-users"
	usersRID   = "513"
)

// primary are the groups that an account may have as its primary one, with their
// RIDs ([MS-DTYP] 2.4.2.4).
var primary = map[string]string{"group:domain-admins": "512"}

func (d *domain) groups() {
	var b strings.Builder
	for _, e := range d.f.entitlements {
		if d.dns[e["id"]] != "" {
			continue // the domain's own, with the capabilities that these have
		}
		if e["capabilities"] != "" {
			d.tb.Fatalf("%s: %s: no group but the domain's own has capabilities", d.f.name, e["id"])
		}
		name := groupName(d.tb, d.f, e)
		d.dns[e["id"]] = "CN=" + name + ",CN=Users," + d.BaseDN()
		owner := ""
		if e["owner"] != "" {
			if owner = d.dns[number+e["owner"]]; owner == "" {
				d.tb.Fatalf("%s: the owner of %s has no account, so that no entry can be named", d.f.name, e["id"])
			}
		}
		writeEntry(&b, d.dns[e["id"]], "objectClass", "group", "sAMAccountName", name, "description", e["description"], "managedBy", owner)
	}
	d.Add(d.tb, b.String())
	d.members()
}

// members puts accounts and groups into groups. Everybody's primary group is Domain
// Users, but of those whom the sample does not have in it.
func (d *domain) members() {
	var b strings.Builder
	change := func(dn, what, attribute, value string) {
		writeEntry(&b, dn, "changetype", "modify", what, attribute, attribute, value)
	}
	in := membersOf(d.tb, d.f)
	for _, e := range d.f.entitlements {
		if e["id"] == usersGroup {
			continue
		}
		for _, m := range in[e["id"]] {
			if !d.has(e["id"], m) {
				change(d.dns[e["id"]], "add", "member", d.dns[m])
			}
		}
	}
	for _, a := range d.f.accounts {
		if builtIn(a) || slices.Contains(in[usersGroup], a["id"]) {
			continue
		}
		rid := ""
		for group, r := range primary {
			if slices.Contains(in[group], a["id"]) {
				rid = r
			}
		}
		if rid == "" {
			d.tb.Fatalf("%s: account %s has no primary group", d.f.name, a["id"])
		}
		change(d.dns[a["id"]], "replace", "primaryGroupID", rid)
		change(d.dns[usersGroup], "delete", "member", d.dns[a["id"]])
	}
	d.Modify(d.tb, b.String())
}

// has reports what the domain brings along: its Administrator, and Domain Admins
// among the Administrators.
func (d *domain) has(group, member string) bool {
	return member == "Administrator" || group == "group:administrators" && member == "group:domain-admins"
}

// times are the domain's own to say, unless its library is told otherwise: when a
// password was set, when an account was made and last used.
func (d *domain) times() {
	changed := passwords(d.tb, d.f)
	args := []string{}
	for _, a := range d.f.accounts {
		if builtIn(a) {
			continue
		}
		if changed[a["id"]] == "" {
			d.tb.Fatalf("%s: account %s has no password, which every user of a domain has", d.f.name, a["id"])
		}
		created := ""
		if a["created"] != "" {
			created = day(d.tb, a["created"]).Format("20060102150405.0Z")
		}
		args = append(args, d.dns[a["id"]]+"|"+filetime(d.tb, changed[a["id"]])+"|"+filetime(d.tb, a["last_used"])+"|"+created)
	}
	d.Script(d.tb, putTimes, args...)
}

// putTimes takes "DN|pwdLastSet|lastLogonTimestamp|whenCreated" for each account.
const putTimes = `/usr/bin/python3 - "$SMB_CONF" "$@" <<'END'
import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

lp = LoadParm()
lp.load(sys.argv[1])
db = SamDB(session_info=system_session(), lp=lp)
LAST_SET = "local_oid:1.3.6.1.4.1.7165.4.3.20:0"


def put(dn, name, value, control):
    if value:
        db.modify_ldif("dn: %s\nchangetype: modify\nreplace: %s\n%s: %s\n" % (dn, name, name, value), control)


db.transaction_start()
for account in sys.argv[2:]:
    dn, changed, used, created = account.split("|")
    put(dn, "pwdLastSet", changed, [LAST_SET])
    put(dn, "lastLogonTimestamp", used, [])
    put(dn, "whenCreated", created, ["relax:0"])
db.transaction_commit()
END
`
