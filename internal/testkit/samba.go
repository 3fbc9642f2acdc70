package testkit

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/internal/secret"
)

var (
	//go:embed samba.sh
	sambaScript string
	//go:embed sambadomain.sh
	sambaDomainScript string
)

// The domain that every controller serves.
const (
	sambaRealm  = "EXAMPLE.TEST"
	sambaDomain = "EXAMPLE"
	sambaBase   = "DC=example,DC=test"
)

// sambaReady is how long a controller may take until the first answered bind.
const sambaReady = 2 * time.Minute

// sambaRemedy is what to do where neither root nor sudo is there.
const sambaRemedy = "a domain controller needs ports below 1024: run the tests as root (`sudo -E env PATH=\"$PATH\" go test ./...`), or allow `sudo -n bash` and `sudo -n samba-tool` without a password"

// SambaServer is a private Active Directory domain controller on a loopback
// address of its own. All of one process begin as the same domain. Plain LDAP takes no simple bind; LDAPS does. Any password
// will do for its accounts, and none grows old.
type SambaServer struct {
	dir, address string
	password     secret.Secret
	keeper       *held
}

var (
	sambaOnce   sync.Once
	sharedSamba *SambaServer
	errSamba    error

	domainOnce   sync.Once
	sharedDomain string // the folder of the domain that controllers of this process are copies of
	errDomain    error
)

// Samba returns the domain controller that the tests of one package share. It
// lives as long as the test process. Starting one takes seconds.
func Samba(tb testing.TB) *SambaServer {
	tb.Helper()
	needServers(tb)
	sambaOnce.Do(func() { sharedSamba, errSamba = startSamba() })
	if errSamba != nil {
		tb.Fatalf("starting Samba: %v", errSamba)
	}
	return sharedSamba
}

// NewSamba starts a domain controller for one test.
func NewSamba(tb testing.TB) *SambaServer {
	tb.Helper()
	needServers(tb)
	s, err := startSamba()
	if err != nil {
		tb.Fatalf("starting Samba: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.keeper.end(); err != nil {
			tb.Errorf("ending Samba: %v", err)
		}
	})
	return s
}

// URL is the address with TLS from the first byte.
func (s *SambaServer) URL() string { return "ldaps://" + s.address + ":636" }

// CA is the path of the PEM file of the authority that its certificate is from.
func (s *SambaServer) CA() string { return filepath.Join(s.dir, caFile) }

// BaseDN is the root of its tree.
func (s *SambaServer) BaseDN() string { return sambaBase }

// BindDN is its Administrator.
func (s *SambaServer) BindDN() string { return "CN=Administrator,CN=Users," + sambaBase }

// Password is the Administrator's.
func (s *SambaServer) Password() secret.Secret { return s.password }

// Tool runs samba-tool on the controller's own database, which it may do while
// the server runs, and returns what it printed.
func (s *SambaServer) Tool(tb testing.TB, args ...string) string {
	tb.Helper()
	argv := asRoot(append(append([]string{"samba-tool"}, args...), "--configfile="+filepath.Join(s.dir, "ad/etc/smb.conf"))...)
	out, err := runIn(s.dir, nil, argv[0], argv[1:]...)
	if err != nil {
		// Some failures are told on standard output.
		tb.Fatalf("samba-tool %s: %v %s", strings.Join(args, " "), err, out)
	}
	return out
}

// sambaTools runs samba-tool's own commands one after another in one process. Standard
// input is a list of lists of arguments; what each prints ends with a zero byte.
const sambaTools = `
import json, sys
from samba.netcmd import main
for args in json.load(sys.stdin):
    args.append("--configfile=" + sys.argv[1])
    try:
        code = main.samba_tool(*args) if hasattr(main, "samba_tool") else main.cmd_sambatool()._run("samba-tool", *args)
    except SystemExit as e:
        code = e.code
    if code:
        sys.exit("samba-tool " + " ".join(args[:2]) + " ended with " + str(code))
    print(end="\0", flush=True)
`

// Tools is Tool for many commands, and returns what each printed: to start samba-tool
// takes longer than what it does.
func (s *SambaServer) Tools(tb testing.TB, commands ...[]string) []string {
	tb.Helper()
	text, err := json.Marshal(commands)
	if err != nil {
		tb.Fatal(err)
	}
	argv := asRoot("/usr/bin/python3", "-c", sambaTools, filepath.Join(s.dir, "ad/etc/smb.conf"))
	out, err := runIn(s.dir, bytes.NewReader(text), argv[0], argv[1:]...)
	said := strings.Split(out, "\x00")
	if err != nil || len(said) != len(commands)+1 {
		tb.Fatalf("%d of %d commands: %v %s", len(said)-1, len(commands), err, out)
	}
	return said[:len(commands)]
}

// Script runs a shell script next to the controller, as root, and returns what it
// printed. SMB_CONF is Samba's configuration, from which samba-tool and Samba's
// Python modules find the database; both may change it while the server runs.
func (s *SambaServer) Script(tb testing.TB, script string, args ...string) string {
	tb.Helper()
	argv := asRoot(append([]string{"bash", "-c", "export SMB_CONF=\"$0\"\n" + script, filepath.Join(s.dir, "ad/etc/smb.conf")}, args...)...)
	out, err := runIn(s.dir, nil, argv[0], argv[1:]...)
	if err != nil {
		tb.Fatalf("%v %s", err, out)
	}
	return out
}

// Add adds entries, as the Administrator, over LDAPS.
func (s *SambaServer) Add(tb testing.TB, ldif string) {
	tb.Helper()
	s.run(tb, strings.NewReader(ldif), "ldapadd")
}

// Modify makes the changes that an LDIF change file says, deletions among them.
func (s *SambaServer) Modify(tb testing.TB, ldif string) {
	tb.Helper()
	s.run(tb, strings.NewReader(ldif), "ldapmodify")
}

// Search runs ldapsearch as the Administrator and returns plain, unfolded LDIF.
func (s *SambaServer) Search(tb testing.TB, args ...string) string {
	tb.Helper()
	return s.run(tb, nil, "ldapsearch", append([]string{"-LLL", "-o", "ldif-wrap=no", "-b", sambaBase}, args...)...)
}

// Stop ends the server as a crash would; its data and address stay for Start.
func (s *SambaServer) Stop(tb testing.TB) {
	tb.Helper()
	if _, err := s.keeper.ask("stop", "stopped"); err != nil {
		tb.Fatalf("stopping Samba: %v", err)
	}
}

// Start starts a stopped server again and waits until it answers.
func (s *SambaServer) Start(tb testing.TB) {
	tb.Helper()
	if err := s.start(); err != nil {
		tb.Fatalf("starting Samba again: %v", err)
	}
}

func (s *SambaServer) run(tb testing.TB, stdin io.Reader, tool string, args ...string) string {
	tb.Helper()
	out, err := s.try(stdin, tool, args...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// try runs one of ldap-utils as the Administrator.
func (s *SambaServer) try(stdin io.Reader, tool string, args ...string) (string, error) {
	all := append([]string{"-x", "-H", s.URL(), "-D", s.BindDN(), "-y", filepath.Join(s.dir, "password")}, args...)
	return runIn(s.dir, stdin, tool, all...)
}

// makeDomain makes the domain; it is kept as long as the test process lives.
func makeDomain() (string, error) {
	if err := sambaPrograms(); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "writ-samba-domain-")
	if err != nil {
		return "", err
	}
	keeper, err := hold(asRoot("bash", "-c", sambaDomainScript, "domain", dir, sambaRealm, sambaDomain)...)
	if err == nil {
		_, err = keeper.hear("made")
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

func startSamba() (s *SambaServer, err error) {
	domainOnce.Do(func() { sharedDomain, errDomain = makeDomain() })
	if errDomain != nil {
		return nil, errDomain
	}
	s = &SambaServer{}
	if s.dir, err = os.MkdirTemp("", "writ-samba-"); err != nil {
		return nil, err
	}
	argv := asRoot("bash", "-c", stopScript+sambaScript, "samba", s.dir, sharedDomain)
	if s.keeper, err = hold(argv...); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	if s.address, err = s.keeper.hear("ready"); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	if err := s.fill(); err != nil {
		return nil, errors.Join(err, s.keeper.end())
	}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, s.keeper.end())
	}
	return s, nil
}

// fill writes the certificate, now that the address is known, and reads the
// password that Samba chose.
func (s *SambaServer) fill() error {
	if err := writeCertificate(s.dir, s.address, "dc1.example.test"); err != nil {
		return err
	}
	password, err := os.ReadFile(filepath.Join(s.dir, "password"))
	s.password = secret.New(password)
	return err
}

// start returns when a bind has been answered, or the server has ended.
func (s *SambaServer) start() error {
	pid, err := s.keeper.ask("start", "started")
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(sambaReady); ; {
		_, err := s.try(nil, "ldapsearch", "-b", sambaBase, "-s", "base", "dn")
		if err == nil {
			return nil
		}
		if _, gone := os.Stat("/proc/" + pid); gone == nil && time.Now().Before(deadline) {
			continue
		}
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return fmt.Errorf("%w: %s", err, log)
	}
}

func sambaPrograms() error {
	if os.Geteuid() != 0 && exec.Command("sudo", "-n", "true").Run() != nil { //nolint:noctx // it asks nothing and waits for nothing
		return errors.New(sambaRemedy)
	}
	// Not on everybody's PATH, but on root's.
	if _, err := os.Stat("/usr/sbin/samba"); err != nil {
		return errors.New("samba-ad-dc is not installed: 'make test' installs it")
	}
	for _, tool := range []string{"samba-tool", "ldapadd"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is not installed: 'make test' installs it", tool)
		}
	}
	return nil
}
