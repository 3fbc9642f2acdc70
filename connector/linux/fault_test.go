package linux_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/linux"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

func TestHostKeys(t *testing.T) {
	h := testkit.LinuxHost(t)
	file := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(file, []byte("# hosts\n"+h.HostKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pin := fingerprint(t, strings.SplitN(h.HostKey, " ", 2)[1])
	_, other := testkit.KeyPair(t, "other")
	otherLine := strings.Fields(h.HostKey)[0] + " " + other
	tests := []struct {
		name    string
		options map[string]string
		want    error
		says    string
	}{
		{"a line", map[string]string{"known_hosts": h.HostKey}, nil, ""},
		{"a file", map[string]string{"known_hosts": file}, nil, ""},
		{"a fingerprint", map[string]string{"host_key": pin}, nil, ""},
		{"nothing pinned", nil, linux.ErrUnknownHostKey, "host_key=" + pin},
		{"another host's line", map[string]string{"known_hosts": "elsewhere " + other}, linux.ErrUnknownHostKey, "host_key=" + pin},
		{"another line", map[string]string{"known_hosts": otherLine}, connector.ErrHostKey, pin},
		{"another type", map[string]string{"known_hosts": strings.Fields(h.HostKey)[0] + " " + rsaLine(t, 2048)}, connector.ErrHostKey, "h1"},
		{"another fingerprint", map[string]string{"host_key": fingerprint(t, other)}, connector.ErrHostKey, "h1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := open(t, h, func(cfg *connector.Config) { cfg.Options = tt.options })
			_, err := c.Describe(t.Context())
			if !errors.Is(err, tt.want) || tt.want == nil && err != nil {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if errors.Is(err, connector.ErrUnreachable) {
				t.Errorf("%v also says that the host does not answer", err)
			}
			if err != nil && (!strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), `"h1"`)) {
				t.Errorf("%q does not name the system and %s", err, tt.says)
			}
		})
	}
}

func TestHostKeyThatChanges(t *testing.T) {
	h := testkit.LinuxHost(t)
	c := open(t, h)
	if _, err := c.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.RotateHostKey(t)
	c = open(t, h)
	if _, err := c.Describe(t.Context()); !errors.Is(err, connector.ErrHostKey) {
		t.Errorf("got %v", err)
	}
	if s, err := tryDiscover(t.Context(), c, ""); !errors.Is(err, connector.ErrHostKey) || len(s.records) != 0 {
		t.Errorf("got %d records and %v", len(s.records), err)
	}
}

func TestRefusedCredentials(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `useradd -m -s /bin/bash writ; echo writ:right-password | chpasswd; install -d -m 750 /etc/sudoers.d; echo 'writ ALL=(root) NOPASSWD: /bin/sh' >/etc/sudoers.d/writ`)
	other, _ := testkit.KeyPair(t, "other")
	c := open(t, h, func(cfg *connector.Config) { cfg.Credential = secret.New(other) })
	if _, err := c.Describe(t.Context()); !errors.Is(err, connector.ErrCredentials) || !strings.Contains(err.Error(), `"h1"`) {
		t.Errorf("a wrong key: %v", err)
	}
	as := func(password string) connector.Connector {
		return open(t, h, func(cfg *connector.Config) {
			cfg.Address, cfg.Credential = "ssh://writ@"+h.Addr, secret.New([]byte(password))
		})
	}
	if _, err := as("wrong").Describe(t.Context()); !errors.Is(err, connector.ErrCredentials) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong password: %v", err)
	}
	if s := discover(t, as("right-password\n")); s.accounts["writ"].ID == "" {
		t.Error("the right password does not work")
	}
}

// An account without root sees that it sees nothing, and what to do.
func TestWithoutPrivilege(t *testing.T) {
	h := testkit.LinuxHost(t)
	key, line := testkit.KeyPair(t, "writ")
	h.Script(t, `useradd -m -s /bin/bash -p '*' writ; install -d -o writ -m 700 /home/writ/.ssh; printf '%s\n' "$1" >/home/writ/.ssh/authorized_keys`, line)
	c := open(t, h, func(cfg *connector.Config) {
		cfg.Address, cfg.Credential = "ssh://writ@"+h.Addr, secret.New(key)
	})
	const remedy = "writ ALL=(root) NOPASSWD: /bin/sh"
	d, err := c.Describe(t.Context())
	if err != nil || len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], remedy) {
		t.Errorf("got %+v, %v", d, err)
	}
	s, err := tryDiscover(t.Context(), c, "")
	if !errors.Is(err, connector.ErrPrivilege) || !strings.Contains(err.Error(), remedy) || len(s.records) != 0 {
		t.Errorf("got %d records, %v", len(s.records), err)
	}
	h.Write(t, "/etc/sudoers.d/writ", "440", remedy+"\n")
	if s := discover(t, c); len(s.accounts) == 0 {
		t.Error("the remedy does not help")
	}
	d, err = c.Describe(t.Context())
	if err != nil || len(d.Warnings) != 0 {
		t.Errorf("with the remedy: %+v, %v", d, err)
	}
}

func TestAddresses(t *testing.T) {
	key, _ := testkit.KeyPair(t, "x")
	for _, address := range []string{
		"ssh://writ:hunter2@h1", "http://writ@h1", "ssh://h1", "ssh://writ@", "ssh://writ@h1/path", "ssh://writ@h1?x=hunter2", "writ@h1", "ssh://writ:hunter2@h1:bad",
	} {
		_, err := linux.Open(t.Context(), connector.Config{Name: "h1", Address: address, Credential: secret.New(key)})
		if !errors.Is(err, connector.ErrInput) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", address, err)
		}
	}
	for name, options := range map[string]map[string]string{
		"unknown": {"colour": "blue"}, "timeout": {"timeout": "soon"}, "both": {"known_hosts": "a b c", "host_key": "SHA256:x"}, "pin": {"host_key": "md5"}, "lines": {"known_hosts": "not a line"},
	} {
		if _, err := linux.Open(t.Context(), connector.Config{Name: "h1", Address: "ssh://a@b", Credential: secret.New(key), Options: options}); !errors.Is(err, connector.ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := linux.Open(t.Context(), connector.Config{Name: "h1", Address: "ssh://a@b"}); !errors.Is(err, connector.ErrCredentials) {
		t.Errorf("no credential: %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	_ = l.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() //nolint:errcheck // nothing is left to say
	key, _ := testkit.KeyPair(t, "x")
	for _, address := range []string{closed, silent.Addr().String()} {
		c, err := linux.Open(t.Context(), connector.Config{
			Name: "dark", Address: "ssh://writ@" + address, Credential: secret.New(key), Options: map[string]string{"timeout": "1"},
		})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = c.Describe(t.Context())
		if !errors.Is(err, connector.ErrUnreachable) || !strings.Contains(err.Error(), `"dark"`) || time.Since(start) > 10*time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	}
}

// cutter passes bytes to a host and hangs up, or falls silent, after so many
// from the host.
type cutter struct {
	net.Listener
	silent bool
	left   int
}

func newCutter(t *testing.T, target string, after int, silent bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: l, silent: silent, left: after}
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() { stop(); _ = l.Close(); all.Wait() })
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { c.serve(ctx, client, target) })
		}
	})
	return l.Addr().String()
}

func (c *cutter) serve(ctx context.Context, client net.Conn, target string) {
	defer client.Close() //nolint:errcheck // nothing is left to say
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close() //nolint:errcheck // nothing is left to say
	for _, conn := range []net.Conn{client, server} {
		_ = conn.SetDeadline(time.Now().Add(patience))
	}
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_, _ = io.CopyN(client, server, int64(c.left))
	if c.silent {
		<-ctx.Done()
	}
}

// TestCutOff cuts the line at many places: there is always an error that names
// the system, and never a record.
func TestCutOff(t *testing.T) {
	h := testkit.LinuxHost(t)
	var where []int
	for after := 500; after < 60_000; after += 4300 {
		where = append(where, after)
	}
	cut := 0
	for _, after := range where {
		address := newCutter(t, h.Addr, after, false)
		c := open(t, h, func(cfg *connector.Config) {
			cfg.Address, cfg.Options = "ssh://root@"+address, map[string]string{"host_key": fingerprint(t, strings.SplitN(h.HostKey, " ", 2)[1])}
		})
		s, err := tryDiscover(t.Context(), c, "")
		if err == nil {
			break // all was said by then, and is said before every later place
		}
		cut++
		if !errors.Is(err, connector.ErrIncomplete) && !errors.Is(err, connector.ErrUnreachable) || !strings.Contains(err.Error(), `"h1"`) || len(s.records) != 0 {
			t.Errorf("after %d bytes: %d records, %v", after, len(s.records), err)
		}
	}
	if cut < 3 {
		t.Errorf("only %d of %d were cut", cut, len(where))
	}
}

func TestHangs(t *testing.T) {
	h := testkit.LinuxHost(t)
	for _, after := range []int{1000, 4000, 9000} {
		address := newCutter(t, h.Addr, after, true)
		c := open(t, h, func(cfg *connector.Config) {
			cfg.Address, cfg.Options = "ssh://root@"+address, map[string]string{"timeout": "2", "host_key": fingerprint(t, strings.SplitN(h.HostKey, " ", 2)[1])}
		})
		start := time.Now()
		s, err := tryDiscover(t.Context(), c, "")
		if !errors.Is(err, connector.ErrUnreachable) || len(s.records) != 0 || time.Since(start) > 30*time.Second {
			t.Errorf("after %d bytes and %s: %d records, %v", after, time.Since(start), len(s.records), err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tryDiscover(ctx, open(t, h), ""); err == nil {
		t.Error("a context that has ended gave a whole host")
	}
}

// A key type that signs with SHA-1 is not offered to the server.
func TestOldAlgorithmsAreRefused(t *testing.T) {
	h := testkit.LinuxHost(t)
	h.Script(t, `ssh-keygen -q -t rsa -b 2048 -N "" -f /etc/ssh/old; sed -i 's|^HostKey.*|HostKey /etc/ssh/old|' /etc/ssh/sshd_config; echo 'HostKeyAlgorithms ssh-rsa' >>/etc/ssh/sshd_config; kill -HUP "$(cat /run/sshd.pid)"`)
	for deadline := time.Now().Add(10 * time.Second); ; {
		c := open(t, h, func(cfg *connector.Config) { cfg.Options = nil })
		_, err := c.Describe(t.Context())
		var negotiation *ssh.AlgorithmNegotiationError
		if errors.Is(err, connector.ErrHostKey) || errors.As(err, &negotiation) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %v", err)
		}
	}
}

// asWrit signs in as account writ with a key.
func asWrit(h *testkit.Host, key []byte) func(*connector.Config) {
	return func(cfg *connector.Config) {
		cfg.Address, cfg.Credential = "ssh://writ@"+h.Addr, secret.New(key)
	}
}
