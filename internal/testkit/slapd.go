package testkit

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
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

//go:embed slapd.sh
var slapdScript string

// slapdReady is how long a directory may take until the first answered bind.
const slapdReady = 30 * time.Second

// SlapdConfig says how a directory differs from the usual one: memberOf kept up
// to date, changes to be followed, plain binds taken, searches without limit.
type SlapdConfig struct {
	BaseDN           string    // dc=example,dc=test where empty; its first part must be dc
	NoMemberOf       bool      // groups do not show on their members
	NoSyncProvider   bool      // no content synchronisation, no contextCSN
	RefusePlainBinds bool      // a simple bind needs TLS
	SizeLimit        string    // what follows sizelimit in slapd.conf; unlimited where empty. The admin has no limits
	Lines            string    // further lines for the database in slapd.conf: access, limits, lastbind on, overlay ppolicy
	LDIF             io.Reader // a tree to load before the start, below the base, which is there. memberOf is not computed for it
}

// SlapdServer is a private OpenLDAP directory on loopback.
type SlapdServer struct {
	base             string
	dir              string
	port, tlsPort    int
	password, reader secret.Secret
	keeper           *held
}

var (
	slapdOnce   sync.Once
	sharedSlapd *SlapdServer
	errSlapd    error
)

// Slapd returns the directory that the tests of one package share. It lives as
// long as the test process.
func Slapd(tb testing.TB) *SlapdServer {
	tb.Helper()
	needServers(tb)
	slapdOnce.Do(func() { sharedSlapd, errSlapd = startSlapd(SlapdConfig{}) })
	if errSlapd != nil {
		tb.Fatalf("starting slapd: %v", errSlapd)
	}
	return sharedSlapd
}

// NewSlapd starts a directory for one test.
func NewSlapd(tb testing.TB, c SlapdConfig) *SlapdServer {
	tb.Helper()
	needServers(tb)
	s, err := startSlapd(c)
	if err != nil {
		tb.Fatalf("starting slapd: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.keeper.end(); err != nil {
			tb.Errorf("ending slapd: %v", err)
		}
	})
	return s
}

// URL is the address without TLS.
func (s *SlapdServer) URL() string { return fmt.Sprintf("ldap://127.0.0.1:%d", s.port) }

// TLSURL is the address with TLS from the first byte.
func (s *SlapdServer) TLSURL() string { return fmt.Sprintf("ldaps://127.0.0.1:%d", s.tlsPort) }

// CA is the path of the PEM file of the authority that its certificate is from.
func (s *SlapdServer) CA() string { return filepath.Join(s.dir, caFile) }

// BaseDN is the root of its tree.
func (s *SlapdServer) BaseDN() string { return s.base }

// BindDN is its admin, whom no limit and no access rule binds.
func (s *SlapdServer) BindDN() string { return "cn=admin," + s.base }

// Password is the admin's.
func (s *SlapdServer) Password() secret.Secret { return s.password }

// ReaderDN is an account that may read all but passwords and is held to the size limit.
func (s *SlapdServer) ReaderDN() string { return "cn=reader," + s.base }

// ReaderPassword is the reader's.
func (s *SlapdServer) ReaderPassword() secret.Secret { return s.reader }

// Add adds entries.
func (s *SlapdServer) Add(tb testing.TB, ldif string) {
	tb.Helper()
	s.run(tb, strings.NewReader(ldif), "ldapadd", "-M")
}

// Modify makes the changes that an LDIF change file says.
func (s *SlapdServer) Modify(tb testing.TB, ldif string) {
	tb.Helper()
	s.run(tb, strings.NewReader(ldif), "ldapmodify", "-M")
}

// Rewrite makes the changes of an LDIF change file to the data of the server while
// it is stopped, by which they may be to what is the server's own to say.
func (s *SlapdServer) Rewrite(tb testing.TB, ldif string) {
	tb.Helper()
	s.Stop(tb)
	if _, err := runIn(s.dir, strings.NewReader(ldif), filepath.Join(s.dir, "slapd"), "-T", "modify", "-f", "slapd.conf"); err != nil {
		tb.Fatal(err)
	}
	s.Start(tb)
}

// Delete deletes entries; with "-r" as the first argument, what is below them too.
func (s *SlapdServer) Delete(tb testing.TB, dns ...string) {
	tb.Helper()
	s.run(tb, nil, "ldapdelete", append([]string{"-M"}, dns...)...)
}

// Search runs ldapsearch as the admin and returns plain, unfolded LDIF.
func (s *SlapdServer) Search(tb testing.TB, args ...string) string {
	tb.Helper()
	return s.run(tb, nil, "ldapsearch", append([]string{"-LLL", "-o", "ldif-wrap=no", "-b", s.base}, args...)...)
}

// Script runs a shell script that finds the directory's address in URI, its admin
// in BIND_DN and the admin's password in the file PASSWORD, and returns what it
// printed.
func (s *SlapdServer) Script(tb testing.TB, script string, args ...string) string {
	tb.Helper()
	head := "export URI=\"$1\" BIND_DN=\"$2\" PASSWORD=\"$3\"\nshift 3\n"
	out, err := runIn(s.dir, nil, "bash", append([]string{"-c", head + script, "script", s.TLSURL(), s.BindDN(), filepath.Join(s.dir, "password")}, args...)...)
	if err != nil {
		tb.Fatalf("%v %s", err, out)
	}
	return out
}

// Referral adds an entry below the base, such as ou=elsewhere, that sends
// searches to another directory.
func (s *SlapdServer) Referral(tb testing.TB, rdn, url string) {
	tb.Helper()
	s.Add(tb, fmt.Sprintf("dn: %s,%s\nobjectClass: referral\nobjectClass: extensibleObject\nref: %s\n", rdn, s.base, url))
}

// Stop ends the server as a crash would; its data and ports stay for Start.
func (s *SlapdServer) Stop(tb testing.TB) {
	tb.Helper()
	if _, err := s.keeper.ask("stop", "stopped"); err != nil {
		tb.Fatalf("stopping slapd: %v", err)
	}
}

// Start starts a stopped server again on the same ports and waits until it answers.
func (s *SlapdServer) Start(tb testing.TB) {
	tb.Helper()
	if err := s.start(); err != nil {
		tb.Fatalf("starting slapd again: %v", err)
	}
}

func (s *SlapdServer) run(tb testing.TB, stdin io.Reader, tool string, args ...string) string {
	tb.Helper()
	out, err := s.try(stdin, tool, args...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// try runs one of ldap-utils as the admin.
func (s *SlapdServer) try(stdin io.Reader, tool string, args ...string) (string, error) {
	all := append([]string{"-x", "-H", s.TLSURL(), "-D", s.BindDN(), "-y", filepath.Join(s.dir, "password")}, args...)
	return runIn(s.dir, stdin, tool, all...)
}

// runIn runs a directory tool that trusts the authority in dir and nothing of the
// machine's settings.
func runIn(dir string, stdin io.Reader, tool string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "LDAPCONF=/dev/null", "LDAPTLS_CACERT="+filepath.Join(dir, caFile))
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w: %s", tool, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// startSlapd tries other ports where one was taken between choosing and listening.
func startSlapd(c SlapdConfig) (*SlapdServer, error) {
	if c.BaseDN == "" {
		c.BaseDN = "dc=example,dc=test"
	}
	program, modules, err := slapdPrograms()
	if err != nil {
		return nil, err
	}
	for range 5 {
		s := &SlapdServer{base: c.BaseDN, password: secret.New([]byte(rand.Text())), reader: secret.New([]byte(rand.Text()))}
		if err = s.boot(c, program, modules); err == nil {
			return s, nil
		}
		// What was loaded cannot be read a second time.
		if !errors.Is(err, errPortTaken) || c.LDIF != nil {
			return nil, err
		}
	}
	return nil, err
}

func (s *SlapdServer) boot(c SlapdConfig, program, modules string) (err error) {
	if s.port, err = freePort(); err != nil {
		return err
	}
	if s.tlsPort, err = freePort(); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "writ-slapd-"); err != nil {
		return err
	}
	s.keeper, err = hold("bash", "-c", stopScript+slapdScript, "slapd", s.dir, program, s.URL()+"/ "+s.TLSURL()+"/")
	if err != nil {
		return errors.Join(err, os.RemoveAll(s.dir))
	}
	if _, err := s.keeper.hear("ready"); err != nil {
		return err
	}
	if err := s.fill(c, modules); err != nil {
		return errors.Join(err, s.keeper.end())
	}
	if err := s.start(); err != nil {
		return errors.Join(err, s.keeper.end())
	}
	return nil
}

// start returns when a bind has been answered, or the server has ended.
func (s *SlapdServer) start() error {
	pid, err := s.keeper.ask("start", "started")
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(slapdReady); ; {
		_, err := s.try(nil, "ldapwhoami")
		if err == nil {
			return nil
		}
		if _, gone := os.Stat("/proc/" + pid); gone == nil && time.Now().Before(deadline) {
			continue
		}
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		if bytes.Contains(log, []byte("Address already in use")) {
			err = errPortTaken
		}
		return fmt.Errorf("%w: %s", err, log)
	}
}
