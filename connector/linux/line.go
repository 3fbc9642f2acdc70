package linux

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/outbound"
)

// How long connecting and greeting may take, each.
const (
	dialLimit      = 10 * time.Second
	handshakeLimit = 15 * time.Second
)

// ciphers leaves out those that prefix truncation (Terrapin) can be used on.
var ciphers = []string{"aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"}

// line is the connection to one host. The first command opens it, and a command
// that ends badly closes it.
type line struct {
	system     string
	user       string
	address    string
	auth       []ssh.AuthMethod
	key        hostKeyCheck
	timeout    time.Duration
	connecting chan struct{} // holds one while somebody connects; others wait no longer than they may

	mu     sync.Mutex // is never held over the network
	client *ssh.Client
	closed int  // how often
	root   bool // signed in as uid 0
}

// login is who signs in, and with what.
type login struct {
	user string
	auth []ssh.AuthMethod
	// next chooses the method where auth does not.
	next func(*ssh.ClientAuthContext) (ssh.AuthMethod, error)
}

func newLine(cfg connector.Config, timeout time.Duration) (*line, error) {
	user, address, err := parseAddress(cfg)
	if err != nil {
		return nil, err
	}
	check, err := newHostKeyCheck(cfg, address)
	if err != nil {
		return nil, err
	}
	auth, err := loginWith(cfg)
	if err != nil {
		return nil, err
	}
	return &line{system: cfg.Name, user: user, address: address, auth: auth, key: check, timeout: timeout, connecting: make(chan struct{}, 1)}, nil
}

func parseAddress(cfg connector.Config) (user, address string, err error) {
	bad := func(why string) error {
		return connector.ErrInput.With("linux %q: the address must look like %s: %s", cfg.Name, Spec().Address, why)
	}
	u, err := url.Parse(cfg.Address)
	if err != nil {
		return "", "", bad("it is not a URL") // the parser's words repeat the address, which may hold a password
	}
	if u.User != nil {
		if _, has := u.User.Password(); has {
			return "", "", bad("a password does not belong there, give it as the credential")
		}
		user = u.User.Username()
	}
	switch {
	case u.Scheme != "ssh":
		return "", "", bad("it must begin with ssh://")
	case user == "":
		return "", "", bad("it names no account")
	case u.Hostname() == "":
		return "", "", bad("it names no host")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "", "", bad("nothing may follow the port")
	}
	port := u.Port()
	if port == "" {
		port = "22"
	}
	return user, net.JoinHostPort(u.Hostname(), port), nil
}

// loginWith makes an authentication method of the credential: a private key, where
// it is PEM, else a password.
func loginWith(cfg connector.Config) ([]ssh.AuthMethod, error) {
	if cfg.Credential.Empty() {
		return nil, connector.ErrCredentials.With("linux %q: a private key or a password is needed", cfg.Name)
	}
	if !strings.Contains(string(cfg.Credential.Reveal()), "-----BEGIN ") {
		password := strings.TrimRight(string(cfg.Credential.Reveal()), "\r\n")
		return []ssh.AuthMethod{ssh.Password(password)}, nil
	}
	signer, err := ssh.ParsePrivateKey(cfg.Credential.Reveal())
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, connector.ErrCredentials.With("linux %q: the private key is protected by a passphrase; give one without, kept in a file that only Writ may read", cfg.Name)
	}
	if err != nil {
		return nil, connector.ErrCredentials.With("linux %q: the private key cannot be read", cfg.Name)
	}
	return []ssh.AuthMethod{ssh.PublicKeys(signer)}, nil
}

// open returns the connection, and makes it where there is none.
func (l *line) open(ctx context.Context) (*ssh.Client, error) {
	select {
	case l.connecting <- struct{}{}:
		defer func() { <-l.connecting }()
	case <-ctx.Done():
		return nil, l.unreachable(context.Cause(ctx))
	}
	client, closed := l.current()
	if client != nil {
		return client, nil
	}
	client, err := l.dial(ctx, login{user: l.user, auth: l.auth})
	if err != nil {
		return nil, err
	}
	if !l.keep(client, closed) {
		_ = client.Close()
		return nil, l.unreachable(net.ErrClosed)
	}
	return client, nil
}

func (l *line) current() (client *ssh.Client, closed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.client, l.closed
}

// keep reports whether the line was not closed since.
func (l *line) keep(client *ssh.Client, closed int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed != closed {
		return false
	}
	l.client = client
	return true
}

// drop ends one connection, and not the one that others may have made since.
func (l *line) drop(client *ssh.Client) {
	l.mu.Lock()
	if l.client == client {
		l.client = nil
	}
	l.mu.Unlock()
	_ = client.Close()
}

// dial connects and signs in, with one type of host key after the other where it must.
func (l *line) dial(ctx context.Context, who login) (*ssh.Client, error) {
	var err error
	for _, algorithms := range l.key.attempts() {
		var client *ssh.Client
		if client, err = l.connect(ctx, algorithms, who); err == nil {
			return client, nil
		}
		if !errors.Is(err, connector.ErrHostKey) && !errors.Is(err, errNoCommonKey) {
			break
		}
	}
	if errors.Is(err, errNoCommonKey) {
		err = connector.ErrHostKey.With("linux %q: %s has no host key of the pinned one's type, or only such as sign with SHA-1; compare its keys on its console, then correct option known_hosts or host_key", l.system, l.address)
	}
	return nil, err
}

// errNoCommonKey: the server has no host key of the types that were asked for.
var errNoCommonKey = errors.New("no host key of that type")

func (l *line) connect(ctx context.Context, algorithms []string, who login) (*ssh.Client, error) {
	host, _, err := net.SplitHostPort(l.address)
	if err != nil {
		return nil, l.unreachable(err)
	}
	dialled, err := outbound.Dialer(host, min(dialLimit, l.timeout)).DialContext(ctx, "tcp", l.address)
	if err != nil {
		return nil, l.unreachable(err)
	}
	conn := newWire(dialled)
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := conn.SetDeadline(time.Now().Add(min(handshakeLimit, l.timeout))); err != nil {
		_ = conn.Close()
		return nil, l.unreachable(err)
	}
	verdict := l.key.verdict(l.system)
	config := &ssh.ClientConfig{
		User: who.user, Auth: who.auth, AuthCallback: who.next, HostKeyCallback: verdict.check, HostKeyAlgorithms: algorithms,
		Config: ssh.Config{Ciphers: ciphers},
	}
	c, channels, requests, err := ssh.NewClientConn(conn, l.address, config)
	if err != nil {
		_ = conn.Close()
		return nil, l.handshakeError(ctx, verdict, who.user, err)
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		_ = c.Close()
		return nil, l.unreachable(err)
	}
	return ssh.NewClient(&opener{c, conn}, channels, requests), nil
}

func (l *line) handshakeError(ctx context.Context, v *verdict, user string, err error) error {
	switch {
	case ctx.Err() != nil:
		return l.unreachable(context.Cause(ctx))
	case v.err != nil:
		return v.err
	case strings.Contains(err.Error(), "no common algorithm for host key"):
		return errNoCommonKey
	case v.accepted && strings.Contains(err.Error(), "unable to authenticate"):
		return connector.ErrCredentials.With("linux %q: %s refused the key or password of account %q", l.system, l.address, user)
	}
	return l.unreachable(err)
}

func (l *line) unreachable(cause error) error {
	return connector.ErrUnreachable.With("linux %q: %s does not answer; check the address, the network and that sshd runs", l.system, l.address).Because(cause)
}

func (l *line) incomplete(doing string, cause error) error {
	return connector.ErrIncomplete.With("linux %q: %s stopped half-way, nothing of it counts; try again", l.system, doing).Because(cause)
}

func (l *line) setRoot(is bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.root = is
}

func (l *line) close() error {
	l.mu.Lock()
	client := l.client
	l.client = nil
	l.closed++
	l.mu.Unlock()
	if client == nil {
		return nil
	}
	if err := client.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("linux %q: closing the connection: %w", l.system, err)
	}
	return nil
}
