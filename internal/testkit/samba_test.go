package testkit_test

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

func TestSambaKeepsWhatIsAdded(t *testing.T) {
	s := testkit.NewSamba(t)
	password := string(s.Password().Reveal())
	out, err := ldapsearch(t, s, s.URL(), s.BindDN(), password, "-s", "base", "objectClass")
	if err != nil || !strings.Contains(out, "dn: "+s.BaseDN()+"\n") {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := ldapsearch(t, s, s.URL(), s.BindDN(), "wrong"); err == nil {
		t.Errorf("it takes any password: %s", out)
	}

	s.Tool(t, "user", "create", "ana", "a", "--given-name=Ana", "--mail-address=ana@example.test")
	s.Tool(t, "group", "add", "ops")
	s.Tool(t, "group", "add", "all")
	s.Tool(t, "group", "addmembers", "ops", "ana")
	s.Tool(t, "group", "addmembers", "all", "ops")
	if out := s.Tool(t, "group", "listmembers", "ops"); out != "ana\n" {
		t.Errorf("members of ops: %q", out)
	}
	ana := "CN=Ana,CN=Users," + s.BaseDN()
	for filter, want := range map[string]string{
		"(sAMAccountName=ana)": "memberOf: CN=ops,CN=Users," + s.BaseDN(),
		"(sAMAccountName=all)": "member: CN=ops,CN=Users," + s.BaseDN(),
		"(memberOf:1.2.840.113556.1.4.1941:=CN=all,CN=Users," + s.BaseDN() + ")": "dn: " + ana, // in all through ops
	} {
		if out := s.Search(t, filter, "member", "memberOf"); !strings.Contains(out, want+"\n") {
			t.Errorf("%s finds no %q: %s", filter, want, out)
		}
	}
	if out, err := ldapsearch(t, s, s.URL(), ana, "a", "(sAMAccountName=ana)", "mail"); err != nil || !strings.Contains(out, "mail: ana@example.test\n") {
		t.Errorf("ana cannot sign in with a short password: %v: %s", err, out)
	}

	s.Add(t, "dn: OU=people,"+s.BaseDN()+"\nobjectClass: organizationalUnit\n")
	s.Modify(t, "dn: "+ana+"\nchangetype: modify\nreplace: title\ntitle: Operator\n")
	s.Stop(t)
	if out, err := ldapsearch(t, s, s.URL(), s.BindDN(), password); err == nil {
		t.Errorf("a stopped server answers: %s", out)
	}
	s.Start(t)
	if out := s.Search(t, "(|(title=Operator)(ou=people))", "dn"); strings.Count(out, "dn: ") != 2 {
		t.Errorf("the changes did not outlive the restart: %s", out)
	}
}

func TestSambasHaveAddressesOfTheirOwn(t *testing.T) {
	a, b := testkit.Samba(t), testkit.NewSamba(t)
	if a.URL() == b.URL() {
		t.Fatalf("two controllers at %s", a.URL())
	}
	name := rand.Text()[:20] // the shared one may have seen this test before, and Windows names end there
	a.Tool(t, "user", "create", name, "a")
	if out := a.Search(t, "(sAMAccountName="+name+")", "dn"); !strings.Contains(out, name) {
		t.Errorf("no account %s: %s", name, out)
	}
	if out := b.Search(t, "(sAMAccountName="+name+")", "dn"); strings.Contains(out, name) {
		t.Errorf("an account of one controller is seen in another: %s", out)
	}
}

// TestSambaListensOnItsAddressOnly reads the kernel's own list, so that a port
// nobody thought of is seen too.
func TestSambaListensOnItsAddressOnly(t *testing.T) {
	s := testkit.Samba(t)
	ip := net.ParseIP(host(s)).To4()
	want := fmt.Sprintf("%02X%02X%02X%02X:", ip[3], ip[2], ip[1], ip[0])
	listeners := listenersOf(t, sambaPID(t, s))
	if len(listeners) < 10 {
		t.Errorf("only %q are seen to listen", listeners)
	}
	for _, at := range listeners {
		if !strings.HasPrefix(at, want) {
			t.Errorf("it listens on %s, not only on %s (%s)", at, host(s), want)
		}
	}
}

// listenersOf returns the local addresses, as the kernel writes them, of a
// process's sockets that take connections or datagrams.
func listenersOf(t *testing.T, pid string) (found []string) {
	t.Helper()
	argv := testkit.AsRoot("sh", "-c", `for fd in /proc/"$1"/fd/*; do readlink "$fd" || true; done`, "sh", pid)
	open, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).Output() //nolint:gosec // a fixed script
	if err != nil {
		t.Fatal(err)
	}
	const local, state, inode = 1, 3, 9
	for table, takes := range map[string]string{"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"} {
		text, err := os.ReadFile(filepath.Join("/proc", pid, "net", table))
		if err != nil && !os.IsNotExist(err) { // a kernel may be without IPv6
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if f[state] == takes && strings.Contains(string(open), "socket:["+f[inode]+"]\n") {
				found = append(found, f[local])
			}
		}
	}
	return found
}

func TestSambaLeavesNothing(t *testing.T) {
	var dir string
	var others []string
	t.Run("server", func(t *testing.T) {
		s := testkit.NewSamba(t)
		dir = filepath.Dir(s.CA())
		others = []string{sambaLock(s), "/proc/" + sambaPID(t, s)}
		for _, path := range others {
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
		}
	})
	if dir == "" {
		t.Skip("no server was started")
	}
	leavesNothing(t, dir)
	for _, path := range others {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
}

// TestSambaEndsWithAKilledTest runs the test that waits in a process of its own
// and kills that.
func TestSambaEndsWithAKilledTest(t *testing.T) {
	if os.Getenv(waitsForDeath) != "" {
		_, _ = fmt.Fprintln(os.Stdout, "folder", filepath.Dir(testkit.Samba(t).CA()))
		<-t.Context().Done()
	}
	killedTestLeavesNothing(t, "TestSambaEndsWithAKilledTest")
}

// sambaPID reads the server's own note, because it takes another title than its
// command line, and only root sees where a process of root stands.
func sambaPID(t *testing.T, s *testkit.SambaServer) string {
	t.Helper()
	pid, err := os.ReadFile(filepath.Join(filepath.Dir(s.CA()), "run", "samba.pid"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(pid))
}

// sambaLock is the file that holds a controller's address for it.
func sambaLock(s *testkit.SambaServer) string {
	return "/run/writ-samba-" + host(s) + ".lock"
}

func host(s *testkit.SambaServer) string {
	return strings.TrimSuffix(strings.TrimPrefix(s.URL(), "ldaps://"), ":636")
}
