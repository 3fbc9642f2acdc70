package testkit

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// sshdConfig is what a host's sshd starts with, in the place where a real one
// would have it, so that `sshd -T` inside shows the same.
const sshdConfig = `Port %d
ListenAddress 127.0.0.1
HostKey /etc/ssh/ssh_host_ed25519_key
PidFile /run/sshd.pid
UsePAM no
UseDNS no
PasswordAuthentication yes
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
`

const sshdReady = 20 * time.Second

var errPortTaken = errors.New("the port was taken meanwhile")

// KeyPair makes an SSH key: the private one as PEM, the public one as a line for
// authorized_keys.
func KeyPair(tb testing.TB, comment string) (private []byte, public string) {
	tb.Helper()
	private, public, err := newKeyPair(comment)
	if err != nil {
		tb.Fatalf("making a key pair: %v", err)
	}
	return private, public
}

func newKeyPair(comment string) (private []byte, public string, err error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, "", err
	}
	block, err := ssh.MarshalPrivateKey(priv, comment)
	if err != nil {
		return nil, "", err
	}
	key, err := ssh.NewPublicKey(pub)
	if err != nil {
		return nil, "", err
	}
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	return pem.EncodeToMemory(block), line + " " + comment, nil
}

// URL is the address that the linux connector takes.
func (h *Host) URL() string { return "ssh://" + h.User + "@" + h.Addr }

// RotateHostKey gives the sshd another host key, as a reinstalled host would
// have; HostKey stays the old line until the caller reads the returned one.
func (h *Host) RotateHostKey(tb testing.TB) (newLine string) {
	tb.Helper()
	line, err := h.newHostKey()
	if err != nil {
		tb.Fatalf("rotating the host key of %s: %v", h.Name, err)
	}
	h.StopSSHD(tb)
	if err := h.runSSHD(); err != nil {
		tb.Fatalf("restarting sshd on %s: %v", h.Name, err)
	}
	return line
}

// StopSSHD ends the listening sshd and every connection that it serves.
func (h *Host) StopSSHD(tb testing.TB) {
	tb.Helper()
	h.Script(tb, `kill "$(cat /run/sshd.pid)"; pids=$(pgrep -x sshd || true); if [ -n "$pids" ]; then kill $pids 2>/dev/null || true; fi`)
	wait := time.Now().Add(sshdReady)
	for h.banner() == nil {
		if time.Now().After(wait) {
			tb.Fatalf("sshd on %s does not end", h.Name)
		}
	}
}

// startSSHD prepares keys and starts sshd, on another port where the first was
// taken between choosing and listening.
func (h *Host) startSSHD() error {
	private, public, err := newKeyPair("writ@" + h.Name)
	if err != nil {
		return err
	}
	h.Key = private
	if err := h.write("/root/.ssh/authorized_keys", "600", public+"\n"); err != nil {
		return err
	}
	if _, err := h.Try("chmod", "700", "/root/.ssh"); err != nil {
		return err
	}
	for range 5 {
		if err = h.listenSomewhere(); !errors.Is(err, errPortTaken) {
			return err
		}
	}
	return err
}

func (h *Host) listenSomewhere() error {
	port, err := freePort()
	if err != nil {
		return err
	}
	h.port, h.Addr = port, fmt.Sprintf("127.0.0.1:%d", port)
	if err := h.write("/etc/ssh/sshd_config", "644", fmt.Sprintf(sshdConfig, port)); err != nil {
		return err
	}
	if h.HostKey, err = h.newHostKey(); err != nil {
		return err
	}
	return h.runSSHD()
}

func (h *Host) newHostKey() (knownHosts string, err error) {
	private, public, err := newKeyPair(h.Name)
	if err != nil {
		return "", err
	}
	if err := h.write("/etc/ssh/ssh_host_ed25519_key", "600", string(private)); err != nil {
		return "", err
	}
	fields := strings.Fields(public)
	return fmt.Sprintf("[127.0.0.1]:%d %s %s", h.port, fields[0], fields[1]), nil
}

func (h *Host) runSSHD() error {
	if _, err := h.Try("/usr/sbin/sshd", "-E", "/var/log/sshd.log"); err != nil {
		return err
	}
	for deadline := time.Now().Add(sshdReady); ; {
		err := h.banner()
		if err == nil {
			return nil
		}
		log, _ := h.Try("cat", "/var/log/sshd.log")
		if strings.Contains(log, "already in use") {
			_ = h.write("/var/log/sshd.log", "600", "")
			return errPortTaken
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it does not answer: %w: %s", err, log)
		}
	}
}

// banner reports whether the sshd says hello.
func (h *Host) banner() error {
	conn, err := net.DialTimeout("tcp", h.Addr, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing is left to say
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	hello := make([]byte, 4)
	if _, err := io.ReadFull(conn, hello); err != nil {
		return err
	}
	if string(hello) != "SSH-" {
		return fmt.Errorf("it is not an SSH server: %q", hello)
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		return 0, err
	}
	defer l.Close() //nolint:errcheck // nothing is left to say
	return l.Addr().(*net.TCPAddr).Port, nil
}
