package linux_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/linux"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

const kept = "kept-Password-1"

// people makes accounts with a password, and gives them a key.
func people(t *testing.T, h *testkit.Host, logins ...string) (key secret.Secret) {
	t.Helper()
	private, line := testkit.KeyPair(t, "")
	for _, login := range logins {
		h.Script(t, `useradd -m -s /bin/bash "$1"; printf '%s:%s\n' "$1" "$2" | chpasswd; install -d -o "$1" -m 700 "/home/$1/.ssh"; printf '%s\n' "$3" >"/home/$1/.ssh/authorized_keys"`, login, kept, line)
	}
	return secret.New(private)
}

// Where a host would have let nobody in, that is said, and neither yes nor no.
func TestOpensThatCannotBeTold(t *testing.T) {
	h := testkit.LinuxHost(t)
	key := people(t, h, "pia", "locked", "over", "off", "shell", "none", "both", "keys", "denied", "many", "empty", "own")
	restart(t, h, `usermod -L locked; chage -E 2020-01-01 over; usermod -L -e 1 off; usermod -s /bin/nothing shell; usermod -p '*' none; passwd -d empty >/dev/null; groupadd kept-out; usermod -aG kept-out many
printf '%s\n' 'DenyUsers den?ed own@127.0.0.0/8 pia@10.0.0.0/8' 'DenyGroups kept-*' 'Match User both' 'AuthenticationMethods publickey,password' 'Match User keys' 'AuthenticationMethods publickey' 'Match User empty' 'PermitEmptyPasswords yes' >>/etc/ssh/sshd_config`)
	c := keeper(t, h)
	value := map[connector.SecretKind]secret.Secret{connector.Password: secret.New([]byte(kept)), connector.SSHKey: key}
	for _, tt := range []struct {
		account string
		kind    connector.SecretKind
		says    string
	}{
		{"locked", connector.Password, "locked"},
		{"locked", connector.SSHKey, "locked"},
		{"over", connector.Password, "expired"},
		{"over", connector.SSHKey, "expired"},
		{"off", connector.Password, "expired"},
		{"shell", connector.SSHKey, "shell"},
		{"none", connector.Password, "no password"},
		{"root", connector.Password, "no password"},
		{"both", connector.SSHKey, "another one besides"},
		{"both", connector.Password, "takes publickey"},
		{"keys", connector.Password, "takes publickey"},
		{"denied", connector.Password, "DenyUsers"},
		{"many", connector.SSHKey, "DenyUsers"},
		{"own", connector.SSHKey, "DenyUsers"},
		{"empty", connector.Password, "without any secret"},
		{"empty", connector.SSHKey, "without any secret"},
		{"who-left", connector.SSHKey, "no account"},
	} {
		is, err := c.Opens(t.Context(), tt.account, tt.kind, value[tt.kind])
		if is {
			t.Errorf("%s of %s opens", tt.kind, tt.account)
		}
		refusedSecret(t, string(tt.kind)+" of "+tt.account, err, tt.says)
	}
	other, _ := newKey(t)
	for kind, wrong := range map[connector.SecretKind]secret.Secret{connector.Password: secret.New([]byte("wrong-Password")), connector.SSHKey: other.Value} {
		if is, err := c.Opens(t.Context(), "pia", kind, value[kind]); !is || err != nil {
			t.Errorf("%s: %v, %v", kind, is, err)
		}
		if is, err := c.Opens(t.Context(), "pia", kind, wrong); is || err != nil {
			t.Errorf("a wrong %s: %v, %v", kind, is, err)
		}
	}
	// Another host in its place gets no secret to see.
	h.RotateHostKey(t)
	for kind, v := range value {
		if is, err := c.Opens(t.Context(), "pia", kind, v); is || !errors.Is(err, connector.ErrHostKey) {
			t.Errorf("with another host key %s opens as %v, %v", kind, is, err)
		}
	}
}

// Hosts with PAM often ask for the password by a question, and say more of what is wrong.
func TestOpensByQuestions(t *testing.T) {
	h := testkit.LinuxHost(t)
	people(t, h, "pia", "old", "over")
	pam(t, h)
	restart(t, h, `sed -i -e 's/^PasswordAuthentication yes/PasswordAuthentication no/' -e 's/^UsePAM/KbdInteractiveAuthentication yes\nUsePAM/' /etc/ssh/sshd_config; chage -d 0 old; chage -E 2020-01-01 over`)
	c := keeper(t, h)
	tries := func(account, value string) (bool, error) {
		return c.Opens(t.Context(), account, connector.Password, secret.New([]byte(value)))
	}
	if is, err := tries("pia", kept); !is || err != nil {
		t.Errorf("the password: %v, %v", is, err)
	}
	if is, err := tries("pia", "wrong-Password"); is || err != nil {
		t.Errorf("a wrong one: %v, %v", is, err)
	}
	is, err := tries("over", kept)
	refusedSecret(t, fmt.Sprintf("an account that expired: %v", is), err, "expired")
	is, err = tries("old", kept)
	refusedSecret(t, fmt.Sprintf("a password that must be changed: %v", is), err, "other questions")
	give(t, c, connector.NewSecret{Account: "old", Kind: connector.Password, Value: secret.New([]byte("another-Password-2"))})
}

// A host that takes no connection at present says nothing of a secret.
func TestOpensBesideTooMany(t *testing.T) {
	h := testkit.LinuxHost(t)
	people(t, h, "pia")
	restart(t, h, `sed -i 's/^UsePAM/MaxStartups 1:100:1\nUsePAM/' /etc/ssh/sshd_config`)
	c := keeper(t, h)
	// One that has said hello counts until it signs in, and those before count until they are gone.
	var idle net.Conn
	for end := time.Now().Add(20 * time.Second); ; {
		var err error
		if idle, err = net.DialTimeout("tcp", h.Addr, 10*time.Second); err != nil {
			t.Fatal(err)
		}
		_ = idle.SetDeadline(time.Now().Add(patience))
		hello := make([]byte, 4)
		if _, err := io.ReadFull(idle, hello); err == nil && string(hello) == "SSH-" {
			break
		}
		_ = idle.Close()
		if time.Now().After(end) {
			t.Fatal("there is no room at all")
		}
	}
	defer idle.Close() //nolint:errcheck // nothing is left to say
	for _, value := range []string{kept, "wrong-Password"} {
		if is, err := c.Opens(t.Context(), "pia", connector.Password, secret.New([]byte(value))); is || !errors.Is(err, connector.ErrUnreachable) {
			t.Errorf("%q: %v, %v", value, is, err)
		}
	}
}

// A server that takes the connection and says nothing holds nobody up beyond the deadline.
func TestOpensOfASilentServer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() //nolint:errcheck // nothing is left to say
	key, _ := newKey(t)
	for timeout, deadline := range map[string]time.Duration{"1": time.Minute, "3600": 300 * time.Millisecond} {
		c, err := linux.Open(t.Context(), connector.Config{
			Name: "dark", Address: "ssh://writ@" + silent.Addr().String(), Credential: key.Value, Options: map[string]string{"timeout": timeout},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		for what, ask := range map[string]func() error{
			"Opens": func() error {
				_, err := c.(connector.Keeper).Opens(ctx, "pia", connector.SSHKey, key.Value)
				return err
			},
			"SetSecret": func() error {
				return c.(connector.Keeper).SetSecret(ctx, connector.NewSecret{Account: "pia", Kind: connector.SSHKey, Value: key.Value})
			},
		} {
			if err := within(t, what, ask); !errors.Is(err, connector.ErrUnreachable) || !strings.Contains(err.Error(), `"dark"`) {
				t.Errorf("%s: %v", what, err)
			}
		}
		cancel()
	}
}

// TestLesson05_TakenAndHungUp: being let in counts when the host then still talks, and never
// before its key was the right one.
func TestLesson05_TakenAndHungUp(t *testing.T) {
	key, _ := newKey(t)
	address, host := stallingServer(t) // which lets everybody in
	c, err := linux.Open(t.Context(), connector.Config{
		Name: "h1", Address: "ssh://root@" + address, Credential: key.Value, Options: map[string]string{"host_key": ssh.FingerprintSHA256(host), "timeout": "5"},
	})
	if err != nil {
		t.Fatal(err)
	}
	is, err := c.(connector.Keeper).Opens(t.Context(), "pia", connector.SSHKey, key.Value)
	refusedSecret(t, fmt.Sprintf("a host that lets everybody in: %v", is), err, "without any secret")

	address, host = testServer(t, &ssh.ServerConfig{PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, nil }},
		func(conn net.Conn, _ *ssh.ServerConn, _ <-chan ssh.NewChannel, _ <-chan *ssh.Request) {
			_ = conn.Close()
		})
	c, err = linux.Open(t.Context(), connector.Config{
		Name: "h1", Address: "ssh://root@" + address, Credential: key.Value, Options: map[string]string{"host_key": ssh.FingerprintSHA256(host), "timeout": "5"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		is, err = c.(connector.Keeper).Opens(t.Context(), "pia", connector.Password, secret.New([]byte(kept)))
		if is || !errors.Is(err, connector.ErrIncomplete) && !errors.Is(err, connector.ErrUnreachable) {
			t.Errorf("a host that takes the secret and hangs up: %v, %v", is, err)
		}
	}
}
