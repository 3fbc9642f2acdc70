package linux_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net"
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

// within fails where something takes longer than a silent server may be waited for.
func within(t *testing.T, what string, do func() error) error {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- do() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(20 * time.Second):
		t.Fatalf("%s is waited for", what)
		return nil
	}
}

// testServer is an SSH server that does with whom it lets in what serve does.
func testServer(t *testing.T, config *ssh.ServerConfig, serve func(net.Conn, *ssh.ServerConn, <-chan ssh.NewChannel, <-chan *ssh.Request)) (address string, host ssh.PublicKey) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	config.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close() //nolint:errcheck // nothing is left to say
				_ = conn.SetDeadline(time.Now().Add(patience))
				if c, channels, requests, err := ssh.NewServerConn(conn, config); err == nil {
					serve(conn, c, channels, requests)
				}
			})
		}
	})
	return l.Addr().String(), signer.PublicKey()
}

// stallingServer lets everybody in and answers a command with what brings the SSH library's
// readers to a stop: an exit status that is none, and then requests that nobody reads any
// more. The connection stays open, and closing it frees nobody.
func stallingServer(t *testing.T) (address string, host ssh.PublicKey) {
	t.Helper()
	return testServer(t, &ssh.ServerConfig{NoClientAuth: true}, func(_ net.Conn, _ *ssh.ServerConn, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) {
		go ssh.DiscardRequests(requests)
		for c := range channels {
			channel, commands, err := c.Accept()
			if err != nil {
				return
			}
			for r := range commands {
				_ = r.Reply(true, nil)
				_, _ = channel.SendRequest("exit-status", false, []byte{1})
				for range 200 {
					_, _ = channel.SendRequest("noise", false, nil)
				}
			}
		}
	})
}

// A server that brings the SSH library to a stop is not waited for longer than a command may
// take: the hang of a whole package of tests, once, and of whatever syncs.
func TestServerThatStallsTheLibrary(t *testing.T) {
	address, key := stallingServer(t)
	c, err := linux.Open(t.Context(), connector.Config{
		Name: "stalls", Address: "ssh://root@" + address, Credential: secret.New([]byte("x")),
		Options: map[string]string{"host_key": ssh.FingerprintSHA256(key), "timeout": "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = within(t, "the server", func() error { _, err := c.Describe(t.Context()); return err })
	if !errors.Is(err, connector.ErrUnreachable) || !strings.Contains(err.Error(), `"stalls"`) {
		t.Errorf("got %v", err)
	}
	if err := within(t, "closing", c.Close); err != nil {
		t.Error(err)
	}
}

// A line that falls silent between two commands, or while a second one waits for the
// first to connect, ends both in their time, and does not keep Close waiting.
func TestSilenceInTheMiddle(t *testing.T) {
	h := testkit.LinuxHost(t)
	p := testkit.NewProxy(t, h.Addr)
	c := open(t, h, func(cfg *connector.Config) {
		cfg.Address, cfg.Options = "ssh://root@"+p.Addr, map[string]string{"host_key": fingerprint(t, strings.SplitN(h.HostKey, " ", 2)[1])}
	})
	ask := func(ctx context.Context) error {
		_, err := c.ReadBack(ctx, membership(connector.AddGrant, "root", "users"))
		return err
	}
	if err := ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.Break(testkit.Hang, 0)
	for _, at := range []string{"with a connection", "without one"} {
		errs := make(chan error, 2)
		for range cap(errs) {
			go func() {
				soon, done := context.WithTimeout(ctx, 300*time.Millisecond)
				defer done()
				errs <- ask(soon)
			}()
		}
		for range cap(errs) {
			if err := within(t, at, func() error { return <-errs }); !errors.Is(err, connector.ErrUnreachable) && !errors.Is(err, connector.ErrIncomplete) {
				t.Errorf("%s: %v", at, err)
			}
		}
	}
	under := make(chan error, 1)
	go func() { under <- ask(ctx) }()
	if err := within(t, "closing", c.Close); err != nil {
		t.Error(err)
	}
	cancel()
	if err := within(t, "what was under way", func() error { return <-under }); err == nil {
		t.Error("a silent host gave an answer")
	}
	p.Break(testkit.Pass, 0)
	if err := ask(t.Context()); err != nil {
		t.Errorf("when it answers again: %v", err)
	}
}
