package testkit

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// hostScript is process 1 of a private host.
//
//go:embed linuxhost.sh
var hostScript string

// commandLimit is how long one command inside a host may take.
const commandLimit = 2 * time.Minute

// Host is a private Linux host on this machine: its own root, /etc, /home,
// hostname and processes in namespaces that end with the test, and an sshd on
// loopback. The machine's programs are there, read-only; nothing that runs inside
// can change the machine's own files.
type Host struct {
	Name    string // its hostname
	Addr    string // host:port of its sshd
	User    string // who Key signs in as
	Key     []byte // private key, PEM, of User
	HostKey string // the known_hosts line of its sshd

	init  string // pid of the host's process 1, as this machine counts
	stdin io.Closer
	cmd   *exec.Cmd
	port  int
}

// LinuxHost starts a host and ends it with the test. It needs root, or sudo that
// asks nothing, because only root may make a root of its own.
func LinuxHost(tb testing.TB) *Host {
	tb.Helper()
	return NamedLinuxHost(tb, "h1")
}

// NamedLinuxHost is LinuxHost with a hostname of the caller's choice.
func NamedLinuxHost(tb testing.TB, name string) *Host {
	tb.Helper()
	needServers(tb)
	h := &Host{Name: name, User: "root"}
	if err := h.boot(tb.TempDir()); err != nil {
		tb.Fatalf("starting the private host %s: %v", name, err)
	}
	tb.Cleanup(func() {
		if err := h.end(); err != nil {
			tb.Errorf("ending the private host %s: %v", name, err)
		}
	})
	if err := h.startSSHD(); err != nil {
		tb.Fatalf("starting sshd on the private host %s: %v", name, err)
	}
	return h
}

// asRoot returns argv, behind sudo where this process is not root.
func asRoot(argv ...string) []string {
	if os.Geteuid() == 0 {
		return argv
	}
	return append([]string{"sudo", "-n"}, argv...)
}

// rootRemedy is what to do where neither root nor sudo is there.
const rootRemedy = "run the tests as root, or allow `sudo -n unshare` and `sudo -n nsenter` without a password"

func (h *Host) boot(dir string) error {
	argv := asRoot("unshare", "-m", "-u", "-p", "-f", "--kill-child", "bash", "-c", hostScript, "host", dir, h.Name)
	h.cmd = exec.Command(argv[0], argv[1:]...) //nolint:noctx // it lives as long as its standard input, see end
	var stderr bytes.Buffer
	h.cmd.Stderr = &stderr
	stdin, err := h.cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := h.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := h.cmd.Start(); err != nil {
		return fmt.Errorf("%w; %s", err, rootRemedy)
	}
	h.stdin = stdin
	line, err := bufio.NewReader(stdout).ReadString('\n')
	pid, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ok {
		_ = h.end()
		return fmt.Errorf("%s; %s", strings.TrimSpace(stderr.String()), rootRemedy)
	}
	h.init = pid
	return nil
}

// end closes the standard input of process 1. It then ends, and the kernel ends
// every process of its pid namespace and drops every mount with it. That also
// happens when the test process itself dies.
func (h *Host) end() error {
	_ = h.stdin.Close()
	done := make(chan error, 1)
	go func() { done <- h.cmd.Wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		_ = h.cmd.Process.Kill()
		return fmt.Errorf("it did not end by itself: %w", <-done)
	}
}

// Run runs a program inside the host as its root and returns what it printed.
func (h *Host) Run(tb testing.TB, argv ...string) string {
	tb.Helper()
	out, err := h.Try(argv...)
	if err != nil {
		tb.Fatalf("on %s: %v", h.Name, err)
	}
	return out
}

// Try is Run for programs that may fail.
func (h *Host) Try(argv ...string) (string, error) { return h.try(nil, argv...) }

// Write puts a file into the host, owned by its root.
func (h *Host) Write(tb testing.TB, path, mode, content string) {
	tb.Helper()
	if err := h.write(path, mode, content); err != nil {
		tb.Fatalf("writing %s on %s: %v", path, h.Name, err)
	}
}

// Script runs a shell script inside the host, with args as $1 and on.
func (h *Host) Script(tb testing.TB, script string, args ...string) string {
	tb.Helper()
	return h.Run(tb, append([]string{"sh", "-euc", script, "script"}, args...)...)
}

func (h *Host) write(path, mode, content string) error {
	_, err := h.try(strings.NewReader(content), "install", "-m", mode, "-D", "/dev/stdin", path)
	return err
}

func (h *Host) try(stdin io.Reader, argv ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	enter := asRoot("nsenter", "-t", h.init, "-m", "-u", "-p", "--", "/usr/bin/env", "-i",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "HOME=/root", "LC_ALL=C.UTF-8", "TZ=UTC")
	full := append(enter, argv...)
	cmd := exec.CommandContext(ctx, full[0], full[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	cmd.WaitDelay = 10 * time.Second // for what holds its output and goes on
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
