package ldap

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

// ldif takes ldapsearch's output apart: attributes by DN.
func ldif(text string) map[string]map[string][]string {
	all := map[string]map[string][]string{}
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		entry := map[string][]string{}
		for line := range strings.Lines(block) {
			name, value, ok := strings.Cut(strings.TrimRight(line, "\n"), ":")
			if !ok || strings.HasPrefix(line, "#") {
				continue
			}
			if coded, is := strings.CutPrefix(value, ": "); is {
				b, _ := base64.StdEncoding.DecodeString(coded)
				value = string(b)
			}
			entry[name] = append(entry[name], strings.TrimSpace(value))
		}
		if dn := entry["dn"]; len(dn) == 1 {
			all[strings.ToLower(dn[0])] = entry
		}
	}
	return all
}

// grants are HOLDER > GROUP by entryUUID or objectGUID.
func grants(list []connector.Record) (out []string) {
	for _, r := range list {
		if r.Grant != nil {
			out = append(out, r.Grant.Holder.ID+" > "+r.Grant.Entitlement)
		}
	}
	slices.Sort(out)
	return out
}

// What Discover says of memberships is what ldapsearch shows, put together by
// another program and another way of comparing names.
func TestOpenLDAPMembershipsAreTrue(t *testing.T) {
	s := openLDAPServer(t)
	all := ldif(s.Search(t, "(objectClass=*)", "*", "+"))
	uuid := func(dn string) string {
		dn = strings.ToLower(strings.NewReplacer(", ", ",", `\28`, "(", `\29`, ")").Replace(dn))
		if e := all[dn]; e != nil {
			return e["entryUUID"][0]
		}
		return ""
	}
	want := map[string]bool{}
	for _, g := range all {
		for _, dn := range append(slices.Clone(g["member"]), g["uniqueMember"]...) {
			if m := uuid(dn); m != "" {
				want[m+" > "+g["entryUUID"][0]] = true
			}
		}
		for _, e := range all {
			uid := append(e["uid"], "")[0]
			isPrimary := slices.Contains(g["objectClass"], "posixGroup") && e["homeDirectory"] != nil && e["gidNumber"][0] == g["gidNumber"][0]
			if uid != "" && slices.Contains(g["memberUid"], uid) || isPrimary {
				want[e["entryUUID"][0]+" > "+g["entryUUID"][0]] = true
			}
		}
	}
	got := grants(discover(t, config(s)))
	if len(want) < 70 {
		t.Fatalf("ldapsearch shows only %d memberships", len(want))
	}
	for _, g := range got {
		if !want[g] {
			t.Errorf("%s is not so", g)
		}
		delete(want, g)
	}
	for g := range want {
		t.Errorf("%s is missing", g)
	}
}

func TestOpenLDAPAccountsAreTrue(t *testing.T) {
	s := openLDAPServer(t)
	list := discover(t, config(s))
	byLogin := map[string]*connector.Account{}
	credentials := map[string][]string{}
	warned := false
	for _, r := range list {
		if r.Account != nil {
			byLogin[r.Account.Login] = r.Account
		}
		if c := r.Credential; c != nil {
			credentials[c.Account] = append(credentials[c.Account], string(c.Kind))
		}
		warned = warned || r.Reject != nil && strings.Contains(r.Reject.Where, "cn=dangling") && strings.HasPrefix(r.Reject.Reason, "1 of")
	}
	if !warned {
		t.Error("no warning of the member who left")
	}
	if a := byLogin["ana"]; a == nil || a.Number != "1001" || a.Email != "ana@example.test" || a.Attributes["dn"] != "uid=ana,ou=people,dc=example,dc=test" || a.Created == 0 {
		t.Errorf("ana: %+v", a)
	}
	if a := byLogin["cy"]; a == nil || a.Status != access.Expired || a.Interactive {
		t.Errorf("cy: %+v", a)
	}
	if a := byLogin["ben"]; a == nil || a.Status != access.Enabled || !a.Interactive || a.Attributes["uidNumber"] != "2001" || !slices.Contains(credentials[a.ID], "password") {
		t.Errorf("ben: %+v", a)
	}
	if a := byLogin["backup"]; a == nil || a.Kind != access.ServiceAccount {
		t.Errorf("backup: %+v", a)
	}
	if a := byLogin["dee"]; a == nil || !slices.Equal(credentials[a.ID], []string{"ssh_key"}) {
		t.Errorf("dee: %+v, %v", a, credentials)
	}
}

// A rename and a move change the name and not the id, and a move takes no group
// away where the server keeps the names of members up to date.
func TestOpenLDAPIdentifiersOutliveARename(t *testing.T) {
	s := openLDAPServer(t)
	before, _ := ids(discover(t, config(s)))
	s.Modify(t, "dn: uid=ana,ou=people,dc=example,dc=test\nchangetype: modrdn\nnewrdn: uid=anna\ndeleteoldrdn: 1\nnewsuperior: ou=services,dc=example,dc=test\n")
	after, _ := ids(discover(t, config(s)))
	if before["ana"] == "" || after["anna"] != before["ana"] || after["ana"] != "" {
		t.Errorf("ana was %s, anna is %s", before["ana"], after["anna"])
	}
}

// A change while a page is being read shows in the same sync.
func TestOpenLDAPChangesUnderTheSync(t *testing.T) {
	s := openLDAPServer(t)
	d, err := Open(with(config(s), optPage, "1"))
	if err != nil {
		t.Fatal(err)
	}
	var list []connector.Record
	changed := false
	for r, err := range d.Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if list = append(list, r); r.Account != nil && !changed {
			changed = true
			s.Modify(t, "dn: cn=ops,ou=groups,dc=example,dc=test\nchangetype: modify\nadd: member\nmember: uid=dee,ou=people,dc=example,dc=test\nmember: cn=ring-a,ou=groups,dc=example,dc=test\n")
			s.Add(t, "dn: cn=late,ou=groups,dc=example,dc=test\nobjectClass: groupOfNames\ncn: late\nmember: uid=ana,ou=people,dc=example,dc=test\n")
		}
	}
	a, g := ids(list)
	got := grants(list)
	for _, want := range []string{a["dee"] + " > " + g["ops"], g["ring-a"] + " > " + g["ops"], a["ana"] + " > " + g["late"], a["ana"] + " > " + g["ops"]} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestOpenLDAPReferralsAreNamedAndNotFollowed(t *testing.T) {
	s := openLDAPServer(t)
	s.Referral(t, "ou=loop", s.URL()+"/ou=loop,"+s.BaseDN())
	s.Referral(t, "ou=far", "ldap://127.0.0.1:1/ou=far,"+s.BaseDN())
	d, err := Open(config(s))
	if err != nil {
		t.Fatal(err)
	}
	said, err := d.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(said.Warnings, "\n")
	if !strings.Contains(text, "127.0.0.1:1/") || !strings.Contains(text, "ou=loop") {
		t.Errorf("no warning: %s", text)
	}
	discover(t, config(s))
}

// largeGroup writes a tree with a group of n people.
func largeGroup(n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, "dn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n\n")
		for i := range n {
			_, _ = fmt.Fprintf(w, "dn: uid=u%07d,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: u%07d\ncn: u\nsn: u\n\n", i, i)
		}
		_, _ = io.WriteString(w, "dn: cn=all,dc=example,dc=test\nobjectClass: groupOfNames\ncn: all\n")
		for i := range n {
			_, _ = fmt.Fprintf(w, "member: uid=u%07d,ou=people,dc=example,dc=test\n", i)
		}
		_ = w.Close()
	}()
	return r
}

func TestOpenLDAPLargeGroup(t *testing.T) {
	const members = 100_000
	s := testkit.NewSlapd(t, testkit.SlapdConfig{NoMemberOf: true, NoSyncProvider: true, LDIF: largeGroup(members)})
	d, err := Open(with(config(s), optPage, "1000"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for r, err := range d.Discover(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if r.Grant != nil {
			n++
		}
	}
	if n != members {
		t.Errorf("%d grants, want %d", n, members)
	}
}
