package testkit_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

const people = `dn: ou=people,dc=example,dc=test
objectClass: organizationalUnit
ou: people

dn: uid=ana,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
uid: ana
cn: Ana
sn: Example

dn: cn=ops,dc=example,dc=test
objectClass: groupOfNames
cn: ops
member: uid=ana,ou=people,dc=example,dc=test
`

// directory is what any server of directory entries hands out.
type directory interface {
	BaseDN() string
	CA() string
}

// ldapsearch is the client of a stranger, who has only what the server hands out.
func ldapsearch(t *testing.T, s directory, url, dn, password string, args ...string) (string, error) {
	t.Helper()
	argv := append([]string{"-x", "-LLL", "-o", "ldif-wrap=no", "-H", url, "-D", dn, "-w", password, "-b", s.BaseDN()}, args...)
	cmd := exec.CommandContext(t.Context(), "ldapsearch", argv...)
	cmd.Env = append(os.Environ(), "LDAPTLS_CACERT="+s.CA())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestSlapdKeepsWhatIsAdded(t *testing.T) {
	s := testkit.NewSlapd(t, testkit.SlapdConfig{})
	s.Add(t, people)
	for _, url := range []string{s.URL(), s.TLSURL()} {
		out, err := ldapsearch(t, s, url, s.BindDN(), string(s.Password().Reveal()), "(uid=ana)", "cn", "memberOf")
		if err != nil || !strings.Contains(out, "memberOf: cn=ops,dc=example,dc=test") {
			t.Errorf("%s: %v: %s", url, err, out)
		}
		if out, err := ldapsearch(t, s, url, s.BindDN(), "wrong"); err == nil {
			t.Errorf("%s takes any password: %s", url, out)
		}
	}
	if out := s.Search(t, "-s", "base", "contextCSN"); !strings.Contains(out, "contextCSN:") {
		t.Errorf("changes cannot be followed: %s", out)
	}
	s.Modify(t, "dn: uid=ana,ou=people,dc=example,dc=test\nchangetype: modify\nreplace: cn\ncn: Ana Other\n")
	s.Stop(t)
	if out, err := ldapsearch(t, s, s.URL(), s.BindDN(), string(s.Password().Reveal())); err == nil {
		t.Errorf("a stopped server answers: %s", out)
	}
	s.Start(t)
	if out := s.Search(t, "(uid=ana)", "cn"); !strings.Contains(out, "cn: Ana Other") {
		t.Errorf("the change did not outlive the restart: %s", out)
	}
	s.Delete(t, "-r", "ou=people,dc=example,dc=test")
	if out := s.Search(t, "(uid=ana)"); out != "" {
		t.Errorf("deleted, and still there: %s", out)
	}
}

func TestSlapdReaderIsHeldToItsLimits(t *testing.T) {
	s := testkit.NewSlapd(t, testkit.SlapdConfig{SizeLimit: "size.soft=2 size.hard=2 size.prtotal=unlimited", RefusePlainBinds: true, NoMemberOf: true, NoSyncProvider: true})
	s.Add(t, people)
	password := string(s.ReaderPassword().Reveal())
	out, err := ldapsearch(t, s, s.URL(), s.ReaderDN(), password)
	if err == nil || !strings.Contains(out, "onfidentiality required") {
		t.Errorf("a plain bind was taken: %v: %s", err, out)
	}
	out, err = ldapsearch(t, s, s.TLSURL(), s.ReaderDN(), password)
	if err == nil || !strings.Contains(out, "Size limit exceeded") {
		t.Errorf("five entries passed a limit of two: %v: %s", err, out)
	}
	out, err = ldapsearch(t, s, s.TLSURL(), s.ReaderDN(), password, "-E", "pr=2/noprompt", "*", "memberOf", "contextCSN")
	if err != nil || strings.Count(out, "dn: ") != 5 {
		t.Errorf("paging did not bring five entries: %v: %s", err, out)
	}
	for _, no := range []string{"userPassword", "memberOf", "contextCSN"} {
		if strings.Contains(out, no) {
			t.Errorf("the reader sees %s: %s", no, out)
		}
	}
}

func TestSlapdRefers(t *testing.T) {
	s := testkit.NewSlapd(t, testkit.SlapdConfig{})
	s.Referral(t, "ou=elsewhere", "ldap://127.0.0.1:1/ou=elsewhere,dc=example,dc=test")
	if out := s.Search(t); !strings.Contains(out, "# refldap://127.0.0.1:1/") {
		t.Errorf("no referral: %s", out)
	}
}

func TestSlapdLoadsALargeGroup(t *testing.T) {
	const members = 100_000
	r, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, "dn: cn=all,dc=example,dc=test\nobjectClass: groupOfNames\ncn: all\n")
		for i := range members {
			_, _ = fmt.Fprintf(w, "member: uid=u%07d,ou=people,dc=example,dc=test\n", i)
		}
		_ = w.Close()
	}()
	s := testkit.NewSlapd(t, testkit.SlapdConfig{LDIF: r})
	if got := strings.Count(s.Search(t, "(cn=all)", "member"), "\nmember: "); got != members {
		t.Errorf("%d members, want %d", got, members)
	}
}

func TestSlapdLeavesNothing(t *testing.T) {
	var dir string
	t.Run("server", func(t *testing.T) { dir = filepath.Dir(testkit.NewSlapd(t, testkit.SlapdConfig{}).CA()) })
	if dir == "" {
		t.Skip("no server was started")
	}
	leavesNothing(t, dir)
}

// TestSlapdEndsWithAKilledTest runs the test that waits in a process of its own
// and kills that.
func TestSlapdEndsWithAKilledTest(t *testing.T) {
	if os.Getenv(waitsForDeath) != "" {
		_, _ = fmt.Fprintln(os.Stdout, "folder", filepath.Dir(testkit.Slapd(t).CA()))
		<-t.Context().Done()
	}
	killedTestLeavesNothing(t, "TestSlapdEndsWithAKilledTest")
}

// leavesNothing checks that dir is gone and no process names it or stands in it.
func leavesNothing(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("%s is still there", dir)
	}
	for _, pid := range processesOf(t, dir) {
		t.Errorf("process %s still runs", pid)
	}
}

func processesOf(t *testing.T, dir string) (found []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		line, _ := os.ReadFile(filepath.Join(p, "cmdline"))
		cwd, _ := os.Readlink(filepath.Join(p, "cwd"))
		if bytes.Contains(line, []byte(dir)) || strings.HasPrefix(cwd, dir) {
			found = append(found, fmt.Sprintf("%s %q in %s", filepath.Base(p), line, cwd))
		}
	}
	return found
}
