package linux_test

import (
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
)

// hastyServer says of every command that it succeeded, prints what it was given,
// and hangs up: what a line looks like that was cut between a command's exit
// status and the last of its output.
func hastyServer(t *testing.T, prints string) (address string, host ssh.PublicKey) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{NoClientAuth: true}
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
			all.Go(func() { hasten(conn, config, prints) })
		}
	})
	return l.Addr().String(), signer.PublicKey()
}

func hasten(conn net.Conn, config *ssh.ServerConfig, prints string) {
	defer conn.Close() //nolint:errcheck // hanging up is the point
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		channel, commands, err := c.Accept()
		if err != nil {
			return
		}
		for r := range commands {
			if r.Type != "exec" {
				_ = r.Reply(false, nil)
				continue
			}
			_ = r.Reply(true, nil)
			_, _ = channel.Write([]byte(prints))
			_, _ = channel.SendRequest("exit-status", false, []byte{0, 0, 0, 0})
			return
		}
	}
}

// Half of what a command prints is none of it, whatever its exit status says.
func TestOutputWithoutItsEnd(t *testing.T) {
	for _, prints := range []string{"", "W:0 root\n", "end:"} {
		address, key := hastyServer(t, prints)
		c, err := linux.Open(t.Context(), connector.Config{
			Name: "hasty", Address: "ssh://root@" + address, Credential: secret.New([]byte("x")),
			Options: map[string]string{"host_key": ssh.FingerprintSHA256(key)},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Describe(t.Context())
		if !errors.Is(err, connector.ErrIncomplete) || !strings.Contains(err.Error(), `"hasty"`) || !strings.Contains(err.Error(), "end of its output") {
			t.Errorf("after %q: %v", prints, err)
		}
		_ = c.Close()
	}
}
