package testkit_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/writhq/writ/internal/testkit"
)

// etcDigest is over names, modes and contents of the machine's /etc.
func etcDigest(t *testing.T) string {
	t.Helper()
	sum := sha256.New()
	err := filepath.WalkDir("/etc", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // unreadable without root, and then unwritable too
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(sum, path, info.Mode(), info.Size())
		if info.Mode().IsRegular() {
			if f, err := os.Open(path); err == nil {
				_, err = io.Copy(sum, f)
				_ = f.Close()
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func TestLinuxHostNeverChangesTheMachine(t *testing.T) {
	before, name := etcDigest(t), hostname(t)
	homes, err := os.ReadDir("/home")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("host", func(t *testing.T) {
		h := testkit.LinuxHost(t)
		h.Run(t, "useradd", "-m", "-s", "/bin/bash", "private-alice")
		h.Run(t, "groupadd", "private-group")
		h.Run(t, "gpasswd", "-a", "private-alice", "private-group")
		h.Run(t, "chage", "-E", "2020-01-01", "private-alice")
		h.Run(t, "usermod", "-L", "private-alice")
		h.Script(t, `echo private-alice:hunter2 | chpasswd`)
		h.Write(t, "/etc/sudoers.d/alice", "440", "private-alice ALL=(ALL) NOPASSWD: /usr/bin/id\n")
		h.Run(t, "visudo", "-c")
		h.Run(t, "hostname", "elsewhere")
		if out := h.Run(t, "sudo", "-l", "-U", "private-alice"); !strings.Contains(out, "NOPASSWD: /usr/bin/id") {
			t.Errorf("sudo inside says:\n%s", out)
		}
		if out := h.Run(t, "id", "private-alice"); !strings.Contains(out, "private-group") {
			t.Errorf("id inside says %s", out)
		}
		for _, path := range []string{"/usr/bin/private", "/var/lib/dpkg/private"} {
			if out, err := h.Try("touch", path); err == nil {
				t.Errorf("%s could be written: %s", path, out)
			}
		}
		if out := h.Run(t, "awk", "-F:", "$3 >= 1000 && $3 != 65534 && $1 !~ /^private/ {print $1}", "/etc/passwd"); out != "" {
			t.Errorf("the machine's people are inside: %s", out)
		}
		if etcDigest(t) != before {
			t.Error("the machine's /etc changed while the host ran")
		}
	})
	if etcDigest(t) != before {
		t.Error("the machine's /etc changed")
	}
	if got := hostname(t); got != name {
		t.Errorf("the machine's name is now %q, was %q", got, name)
	}
	after, err := os.ReadDir("/home")
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != len(homes) {
		t.Errorf("/home has %d entries, had %d", len(after), len(homes))
	}
}

func TestLinuxHostSSH(t *testing.T) {
	h := testkit.LinuxHost(t)
	if out := login(t, h, h.HostKey); out != "root@h1" {
		t.Errorf("signed in as %q", out)
	}
	old := h.HostKey
	fresh := h.RotateHostKey(t)
	if _, err := dial(t, h, old); err == nil {
		t.Error("the old host key is still the right one")
	}
	if out := login(t, h, fresh); out != "root@h1" {
		t.Errorf("signed in as %q", out)
	}
}

func TestLinuxHostEndsWithItsTest(t *testing.T) {
	var h *testkit.Host
	t.Run("host", func(t *testing.T) { h = testkit.NamedLinuxHost(t, "gone") })
	if h == nil {
		t.Skip("no host was started")
	}
	if _, err := dial(t, h, h.HostKey); err == nil {
		t.Error("its sshd still answers")
	}
	if out, err := h.Try("true"); err == nil {
		t.Errorf("something still runs inside: %s", out)
	}
}

func hostname(t *testing.T) string {
	t.Helper()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func dial(t *testing.T, h *testkit.Host, knownHosts string) (*ssh.Client, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(file, []byte(knownHosts+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	check, err := knownhosts.New(file)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(h.Key)
	if err != nil {
		t.Fatal(err)
	}
	return ssh.Dial("tcp", h.Addr, &ssh.ClientConfig{
		User: h.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: check,
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
	})
}

func login(t *testing.T, h *testkit.Host, knownHosts string) string {
	t.Helper()
	c, err := dial(t, h, knownHosts)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // nothing is left to say
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Output(`echo "$(id -un)@$(hostname)"`)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
