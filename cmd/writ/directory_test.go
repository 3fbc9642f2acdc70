package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

// directoryDesk is a data directory with a real directory as a system, behind a proxy.
type directoryDesk struct {
	data, dir string
	server    *testkit.SlapdServer
	proxy     *testkit.Proxy
}

func newDirectoryDesk(t *testing.T) *directoryDesk {
	t.Helper()
	b := &strings.Builder{}
	for _, ou := range []string{"people", "groups", "away"} {
		fmt.Fprintf(b, "dn: ou=%s,dc=example,dc=test\nobjectClass: organizationalUnit\nou: %s\n\n", ou, ou)
	}
	for i := range 40 {
		fmt.Fprintf(b, "dn: uid=u%02d,ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: u%02d\ncn: u\nsn: u\n\n", i, i)
	}
	b.WriteString("dn: cn=ops,ou=groups,dc=example,dc=test\nobjectClass: groupOfNames\ncn: ops\nmember: uid=u00,ou=people,dc=example,dc=test\nmember: uid=u01,ou=people,dc=example,dc=test\n")
	d := &directoryDesk{dir: t.TempDir(), server: testkit.NewSlapd(t, testkit.SlapdConfig{NoMemberOf: true, RefusePlainBinds: true, LDIF: strings.NewReader(b.String())})}
	d.data = filepath.Join(d.dir, "data")
	d.proxy = testkit.NewProxy(t, strings.TrimPrefix(d.server.TLSURL(), "ldaps://"))
	password := filepath.Join(d.dir, "password")
	if err := os.WriteFile(password, d.server.Password().Reveal(), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"system", "add", "corp=ldap=ldaps://" + d.proxy.Addr + "/" + d.server.BaseDN(), "--credential", "corp=file:" + password}
	for _, o := range []string{"bind_dn=" + d.server.BindDN(), "ca=" + d.server.CA(), "users=ou=people," + d.server.BaseDN(), "groups=ou=groups," + d.server.BaseDN(), "timeout=2", "page=10"} {
		args = append(args, "--option", "corp."+o)
	}
	d.writ(t, exitOK, args...)
	return d
}

func (d *directoryDesk) writ(t *testing.T, want int, args ...string) string {
	t.Helper()
	out, errs := writ(t, want, append([]string{"--data", d.data}, args...)...)
	return out + errs
}

func (d *directoryDesk) says(t *testing.T, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("no %q in:\n%s", pattern, text)
	}
}

// A directory is followed, --full reads all of it, and what strays is said.
func TestDirectoryIsFollowed(t *testing.T) {
	d := newDirectoryDesk(t)
	d.says(t, d.writ(t, exitOK, "system", "sync", "corp"), `corp .* read completely: it is the first time`)
	d.server.Modify(t, "dn: cn=ops,ou=groups,dc=example,dc=test\nchangetype: modify\nadd: member\nmember: uid=u02,ou=people,dc=example,dc=test\n\ndn: uid=u03,ou=people,dc=example,dc=test\nchangetype: modrdn\nnewrdn: uid=u03\ndeleteoldrdn: 1\nnewsuperior: ou=away,dc=example,dc=test\n")
	out := d.writ(t, exitOK, "system", "sync", "corp")
	d.says(t, out, `corp +0 +40 +1 +3 .* changes read, 1 out of sight`)
	d.says(t, out, `corp: 1 accounts and entitlements are no longer where the sync looks.*uid=u03,ou=away`)
	d.says(t, d.writ(t, exitOK, "system", "sync", "--full"), `read completely: it was asked for, 1 out of sight`)
	d.says(t, d.writ(t, exitOK, "system", "sync"), ` 0 +0 +0  changes read, 1 out of sight`)
	d.says(t, d.writ(t, exitOK, "system", "sync", "--accept-removals"), `corp +0 +39 `)
	d.says(t, d.writ(t, exitOK, "audit", "list", "--action", "inventory.sync", "-o", "json"), `"out_of_sight": "1"`)
	d.says(t, d.writ(t, exitOK, "audit", "verify"), "intact")
}

// After each fault one error names the system and the remedy, nothing is
// half-written, and the last good state stands, marked with its age.
func TestDirectoryFaults(t *testing.T) {
	d := newDirectoryDesk(t)
	d.writ(t, exitOK, "system", "sync")
	other := filepath.Join(d.dir, "other.pem")
	if b, err := os.ReadFile(testkit.NewSlapd(t, testkit.SlapdConfig{}).CA()); err != nil || os.WriteFile(other, b, 0o600) != nil {
		t.Fatal(err)
	}
	d.server.Referral(t, "ou=circle,ou=people", d.server.URL()+"/ou=circle,ou=people,"+d.server.BaseDN())
	through := "ldaps://" + d.proxy.Addr + "/" + d.server.BaseDN()
	plain, err := url.Parse(d.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	set := func(args ...string) func() {
		return func() { d.writ(t, exitOK, append([]string{"system", "set", "corp"}, args...)...) }
	}
	d.proxy.Break(testkit.Pass, 0)
	d.writ(t, exitOK, "system", "sync", "--full")
	total, _ := d.proxy.Total()
	for _, fault := range []struct {
		name     string
		do, undo func()
		says     string
		full     bool // shows only where all is read
	}{
		{"a page that stops half-way", func() { d.proxy.Break(testkit.Cut, total*4/5) }, nil, `corp.*stopped half-way, nothing of it counts; try again`, true},
		{"a line that breaks", func() { d.proxy.Break(testkit.Cut, 3500) }, nil, `corp.*(does not answer|stopped half-way)`, false},
		{"a server that falls silent", func() { d.proxy.Break(testkit.Hang, 3500) }, nil, `corp.*(does not answer|stopped half-way|too long)`, false},
		{"nobody answers", func() { d.proxy.Break(testkit.Refuse, 0) }, nil, `corp.*does not answer; check the address`, false},
		{"a wrong certificate", set("--option", "ca="+other), set("--option", "ca="+d.server.CA()), `corp.*certificate.*is not trusted; give option ca`, false},
		{
			"plain binds refused", set("--option", "tls=none", "--address", "ldap://"+plain.Host+"/"+d.server.BaseDN()),
			set("--option", "tls=", "--address", through), `corp.*takes no password over a line without TLS`, false,
		},
		{"another schema", set("--option", "schema=ad"), set("--option", "schema="), `corp.*the schema has no objectGUID.*option schema`, false},
	} {
		fault.do()
		for _, full := range []bool{false, true} {
			if fault.full && !full {
				continue
			}
			args := []string{"system", "sync", "corp"}
			if full {
				args = append(args, "--full")
			}
			d.says(t, d.writ(t, exitFailed, args...), fault.says)
			d.says(t, d.writ(t, exitOK, "system", "list"), `corp .* 40 +2 .* stale: \d+ \w+ old; FAILED: system corp`)
		}
		d.says(t, d.writ(t, exitOK, "findings", "--rule", "system-stale"), "corp")
		d.proxy.Break(testkit.Pass, 0)
		if fault.undo != nil {
			fault.undo()
		}
		d.says(t, d.writ(t, exitOK, "system", "sync"), `corp +0 +40 +1 +2 +0 +0 `)
		d.says(t, d.writ(t, exitOK, "system", "list"), `corp .* good`)
	}
}
