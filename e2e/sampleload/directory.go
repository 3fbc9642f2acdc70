package sampleload

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/internal/testkit"
)

// Served is a system that runs, as Writ is told of it.
type Served struct {
	Name       string
	Address    string
	Options    map[string]string
	Credential []byte
	Directory  *testkit.SlapdServer // where it is one that hosts can take people from
}

const directoryBase = "dc=lindquell,dc=example"

// Directory starts a private OpenLDAP directory with what the sample says of a
// system. Its tree is loaded before it runs: when things happened is otherwise the
// server's own to say.
func Directory(tb testing.TB, dir, system string) Served {
	tb.Helper()
	f := read(tb, dir, system)
	t := &tree{tb: tb, f: f, base: "ou=company," + directoryBase, dns: map[string]string{}, lent: lentBy(tb, dir, system)}
	t.write()
	s := testkit.NewSlapd(tb, testkit.SlapdConfig{BaseDN: directoryBase, NoMemberOf: true, Lines: "lastbind on\n", LDIF: strings.NewReader(t.text.String())})
	return Served{
		Name: system, Directory: s, Address: s.TLSURL() + "/" + t.base, Credential: s.ReaderPassword().Reveal(),
		Options: map[string]string{"bind_dn": s.ReaderDN(), "ca": s.CA(), "admins": t.admins()},
	}
}

// tree is the directory as LDIF.
type tree struct {
	tb   testing.TB
	f    files
	base string
	text strings.Builder
	dns  map[string]string // of accounts and groups by id, of people by number
	lent lent
	gid  int
}

// firstGID is that of the first group without members; no account is in any.
const firstGID = 7000

func (t *tree) write() {
	t.entry(t.base, "objectClass", "organizationalUnit", "ou", "company")
	for _, ou := range []string{"people", "services", "groups"} {
		t.entry("ou="+ou+","+t.base, "objectClass", "organizationalUnit", "ou", ou)
	}
	changed := passwords(t.tb, t.f)
	for _, a := range t.f.accounts {
		t.account(a, changed[a["id"]])
	}
	members := membersOf(t.tb, t.f)
	for _, e := range t.f.entitlements {
		t.dns[e["id"]] = "cn=" + groupName(t.tb, t.f, e) + ",ou=groups," + t.base
	}
	for _, e := range t.f.entitlements {
		t.group(e, members[e["id"]])
	}
}

// entry writes attributes, name by value; one with an empty value is left out.
func (t *tree) entry(dn string, attributes ...string) { writeEntry(&t.text, dn, attributes...) }

// writeEntry writes an entry of LDIF: every value in base64, so that none can be
// taken for anything else (RFC 2849), and those of one attribute together.
func writeEntry(b *strings.Builder, dn string, attributes ...string) {
	values := map[string][]string{"dn": {dn}}
	order := []string{"dn"}
	for pair := range slices.Chunk(attributes, 2) {
		name, value := pair[0], pair[1]
		if value == "" {
			continue
		}
		if values[name] == nil {
			order = append(order, name)
		}
		values[name] = append(values[name], value)
	}
	for _, name := range order {
		for _, value := range values[name] {
			b.WriteString(name + ":: " + base64.StdEncoding.EncodeToString([]byte(value)) + "\n")
		}
	}
	b.WriteString("\n")
}

func (t *tree) account(a row, changed string) {
	created := stampOf(t.tb, a["created"])
	used := stampOf(t.tb, a["last_used"])
	if a["expires"] != "" || a["status"] != "enabled" && a["status"] != "disabled" {
		t.tb.Fatalf("%s: account %s: one that expires or is locked is not built", t.f.name, a["id"])
	}
	end := ""
	if a["status"] == "disabled" {
		end = "1"
	}
	common := []string{
		"objectClass", "shadowAccount", "uid", a["id"], "shadowExpire", end, "createTimestamp", created, "pwdChangedTime", stampOf(t.tb, changed), "pwdLastSuccess", used,
	}
	if a["kind"] == "service" {
		if a["interactive"] != "true" || a["email"] != "" || a["number"] != "" || a["display_name"] == "" || changed == "" {
			t.tb.Fatalf("%s: account %s: a service that has an address or a number, or no name or password, is not built", t.f.name, a["id"])
		}
		t.dns[a["id"]] = "uid=" + a["id"] + ",ou=services," + t.base
		t.entry(t.dns[a["id"]], append(common, "objectClass", "applicationProcess", "objectClass", "simpleSecurityObject",
			"cn", a["display_name"], "userPassword", "{CRYPT}*")...)
		return
	}
	if a["kind"] != "" || a["interactive"] != "true" {
		t.tb.Fatalf("%s: account %s: of people's accounts a directory knows no kind, and all are interactive", t.f.name, a["id"])
	}
	t.dns[a["id"]] = "uid=" + a["id"] + ",ou=people," + t.base
	if a["number"] != "" && t.dns[number+a["number"]] == "" {
		t.dns[number+a["number"]] = t.dns[a["id"]]
	}
	common = append(common, t.lent.posix(t.tb, a["id"], hostName(a["display_name"]))...)
	t.entry(t.dns[a["id"]], append(common, "objectClass", "inetOrgPerson", "cn", orElse(a["display_name"], a["id"]), "sn", orElse(a["display_name"], a["id"]),
		"displayName", a["display_name"], "mail", a["email"], "employeeNumber", a["number"])...)
}

// number stands before the numbers of people among the names of accounts.
const number = "number "

func (t *tree) group(e row, members []string) {
	attributes := []string{"cn", e["name"], "description", e["description"]}
	if gid := t.lent.gid[e["name"]]; gid != 0 {
		attributes = append(attributes, "objectClass", "posixGroup", "gidNumber", fmt.Sprint(gid))
		for _, m := range members {
			attributes = append(attributes, "memberUid", m)
		}
		if e["owner"] != "" {
			t.tb.Fatalf("%s: %s: a group that hosts know cannot have an owner", t.f.name, e["id"])
		}
		t.entry(t.dns[e["id"]], attributes...)
		return
	}
	if len(members) == 0 { // a groupOfNames must have a member, and its own would be one
		t.gid++
		attributes = append(attributes, "objectClass", "posixGroup", "gidNumber", fmt.Sprint(firstGID+t.gid))
		if e["owner"] != "" {
			t.tb.Fatalf("%s: %s: a group with an owner and without a member is not built", t.f.name, e["id"])
		}
	} else {
		attributes = append(attributes, "objectClass", "groupOfNames")
	}
	if e["owner"] != "" {
		owner := t.dns[number+e["owner"]]
		if owner == "" {
			t.tb.Fatalf("%s: the owner of %s has no account, so that no entry can be named", t.f.name, e["id"])
		}
		attributes = append(attributes, "owner", owner)
	}
	for _, m := range members {
		attributes = append(attributes, "member", t.dns[m])
	}
	t.entry(t.dns[e["id"]], attributes...)
}

// admins is the one group that may have capabilities: those of whoever administers
// the directory, which Writ is told.
func (t *tree) admins() (dn string) {
	for _, e := range t.f.entitlements {
		if e["capabilities"] == "" {
			continue
		}
		if dn != "" {
			t.tb.Fatalf("%s: a second group has capabilities: %s", t.f.name, e["id"])
		}
		dn = t.dns[e["id"]]
	}
	return dn
}

// groupName is the name of what must be a group that a directory can have.
func groupName(tb testing.TB, f files, e row) string {
	tb.Helper()
	if e["kind"] != "group" || e["resource"] != "" || e["conflicts"] != "" || GroupID(e["name"]) != e["id"] {
		tb.Fatalf("%s: %v: only groups are built, under their names", f.name, e)
	}
	return e["name"]
}

// GroupID is the id that a sample gives to a directory's group of that name.
func GroupID(name string) string {
	return "group:" + strings.ReplaceAll(strings.ToLower(name), " ", "-")
}

// membersOf are accounts and groups by the id of the group that they are in.
func membersOf(tb testing.TB, f files) map[string][]string {
	tb.Helper()
	members := map[string][]string{}
	for _, g := range f.grants {
		if g["mode"] != "standing" || g["flags"] != "" || g["resource"] != "" || g["start"] != "" || g["end"] != "" || g["usage_known"] == "true" {
			tb.Fatalf("%s: %v: a directory knows members and nothing of them", f.name, g)
		}
		members[g["entitlement"]] = append(members[g["entitlement"]], g["holder"])
	}
	return members
}

// passwords are when they were changed, by account.
func passwords(tb testing.TB, f files) map[string]string {
	tb.Helper()
	changed := map[string]string{}
	for _, c := range f.credentials {
		if c["kind"] != "password" || c["changed"] == "" || c["last_used"] != "" || c["algorithm"] != "" || c["options"] != "" {
			tb.Fatalf("%s: %v: only passwords with an age are built", f.name, c)
		}
		changed[c["account"]] = c["changed"]
	}
	return changed
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// stampOf is a date as a directory writes it.
func stampOf(tb testing.TB, date string) string {
	tb.Helper()
	if date == "" {
		return ""
	}
	return day(tb, date).Format("20060102150405Z")
}

func day(tb testing.TB, date string) time.Time {
	tb.Helper()
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		tb.Fatal(err)
	}
	return at
}

// filetime is a date as Windows counts: hundreds of nanoseconds since 1601.
func filetime(tb testing.TB, date string) string {
	tb.Helper()
	if date == "" {
		return ""
	}
	const since1601 = 11_644_473_600
	return fmt.Sprint((day(tb, date).Unix() + since1601) * 10_000_000)
}
