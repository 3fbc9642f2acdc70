package notify

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

const origin = "https://writ.example.com"

func roots(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return pool
}

// at is the configuration of a sender to a server that runs.
func at(t *testing.T, s *testkit.MailServer) Config {
	t.Helper()
	return Config{
		Server: s.Starting, Security: StartTLS, Roots: roots(t, s.CA), From: "Writ <writ@example.com>",
		User: testkit.MailUser, Password: secret.New([]byte(testkit.MailPassword)), Origin: origin,
	}
}

func sender(t *testing.T, c Config) *Sender {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func hello() Message {
	return Message{Key: "test/1", To: Recipient{"Zoë Example", "zoe@example.com"}, Subject: "Zoë, hello", Body: "One line.\nSee " + origin + "/me.\n"}
}

func TestAMailArrivesAsItWasMade(t *testing.T) {
	server := testkit.Mail(t)
	for _, c := range []struct {
		name   string
		change func(*Config)
		tls    bool
		user   string
	}{
		{"STARTTLS", func(*Config) {}, true, testkit.MailUser},
		{"TLS from the start", func(c *Config) { c.Server, c.Security = server.Implicit, Implicit }, true, testkit.MailUser},
		{"nobody signs in", func(c *Config) { c.User, c.Password = "", secret.Secret{} }, true, ""},
		{"on this machine", func(c *Config) {
			c.Server, c.Security, c.Roots, c.User, c.Password = server.Clear, Clear, nil, "", secret.Secret{}
		}, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := at(t, server)
			c.change(&cfg)
			before := len(server.Caught())
			if err := sender(t, cfg).Send(t.Context(), hello()); err != nil {
				t.Fatal(err)
			}
			got := server.Await(t, before+1)[before]
			if got.TLS != c.tls || got.User != c.user || got.From != "writ@example.com" || got.To != "zoe@example.com" {
				t.Errorf("%+v", got)
			}
			checkHello(t, got)
		})
	}
}

func checkHello(t *testing.T, got testkit.Caught) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(string(got.Raw)))
	if err != nil {
		t.Fatal(err)
	}
	to, err := m.Header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Name != "Zoë Example" || to[0].Address != "zoe@example.com" {
		t.Errorf("to %v, %v", to, err)
	}
	if at, err := m.Header.Date(); err != nil || time.Since(at) > time.Hour {
		t.Errorf("at %v, %v", at, err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if want := strings.ReplaceAll(hello().Body, "\n", "\r\n"); err != nil || strings.TrimRight(string(body), "\r\n") != strings.TrimRight(want, "\r\n") {
		t.Errorf("%q, %v", body, err)
	}
	for name, want := range map[string]string{
		"Auto-Submitted": "auto-generated", "Message-Id": "<" + hello().id(origin, "example.com") + ">", "User-Agent": "", "X-Mailer": "",
		"Content-Type": "text/plain; charset=UTF-8", "From": `"Writ" <writ@example.com>`,
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Where the answer was lost the mail is sent again, and is known as the same.
func TestASecondCopyIsKnownAsTheFirst(t *testing.T) {
	server := testkit.Mail(t)
	s := sender(t, at(t, server))
	server.Fail(testkit.MailFaults{LoseAnswer: true})
	if err := s.Send(t.Context(), hello()); !errors.Is(err, ErrServer) {
		t.Fatalf("its answer was lost: %v", err)
	}
	server.Fail(testkit.MailFaults{CutAfter: true})
	if err := s.Send(t.Context(), hello()); err != nil {
		t.Fatalf("it was taken, and the connection cut after that: %v", err)
	}
	caught := server.Await(t, 2)
	if a, b := caught[0].Header("Message-Id"), caught[1].Header("Message-Id"); a == "" || a != b {
		t.Errorf("%q, %q", a, b)
	}
	other := hello()
	other.Key = "test/2"
	if other.id(origin, "example.com") == hello().id(origin, "example.com") || hello().id("https://other.example.com", "example.com") == hello().id(origin, "example.com") {
		t.Error("another mail, or another Writ's, has the same Message-ID")
	}
}

func TestWhoseAFailureIs(t *testing.T) {
	server := testkit.Mail(t)
	for _, c := range []struct {
		name   string
		faults testkit.MailFaults
		change func(*Config)
		want   error
		says   string
	}{
		{"a recipient that is refused", testkit.MailFaults{Refuse: "zoe@example.com"}, nil, ErrRefused, "nobody of that name"},
		{"not now", testkit.MailFaults{Later: true}, nil, ErrLater, "come back later"},
		{"a sign-in that is refused", testkit.MailFaults{RefuseLogin: true}, nil, ErrServer, "mail.password"},
		{"the certificate of another", testkit.MailFaults{Certificate: true}, nil, ErrServer, "mail.ca"},
		{"the certificate of another, from the start", testkit.MailFaults{Certificate: true}, func(c *Config) { c.Server, c.Security = server.Implicit, Implicit }, ErrServer, "mail.ca"},
		{"no STARTTLS", testkit.MailFaults{}, func(c *Config) { c.Server = server.Clear }, ErrServer, "STARTTLS"},
		{"TLS where there is none", testkit.MailFaults{}, func(c *Config) { c.Server, c.Security = server.Clear, Implicit }, ErrServer, ""},
		{"answers without end", testkit.MailFaults{Endless: true}, nil, ErrServer, errTalks.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			server.Fail(c.faults)
			cfg := at(t, server)
			if c.change != nil {
				c.change(&cfg)
			}
			err := sender(t, cfg).Send(t.Context(), hello())
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || Lasting(err) != errors.Is(c.want, ErrRefused) {
				t.Errorf("%v", err)
			}
		})
	}
	if got := server.Caught(); len(got) > 0 {
		t.Errorf("a mail went out all the same: %+v", got[0])
	}
}

// A server repeats what it was sent when it refuses a sign-in.
func TestLesson13_NoPasswordInAnError(t *testing.T) {
	server := testkit.Mail(t)
	server.Fail(testkit.MailFaults{RefuseLogin: true})
	err := sender(t, at(t, server)).Send(t.Context(), hello())
	if err == nil || strings.Contains(err.Error(), "password of mail") {
		t.Errorf("%v", err)
	}
}

// A server that never goes on ends with whoever called it off, or with its time.
func TestLesson27_AHangingServerIsLeft(t *testing.T) {
	server := testkit.Mail(t)
	server.Fail(testkit.MailFaults{Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-server.Hung
		cancel()
	}()
	if err := sender(t, at(t, server)).Send(ctx, hello()); !errors.Is(err, ErrServer) {
		t.Errorf("%v", err)
	}
	if ctx.Err() == nil {
		t.Error("it did not hang")
	}
}

func TestLesson04_WhatIsNoMailServer(t *testing.T) {
	for _, server := range []string{"169.254.169.254:25", "[fd00:ec2::254]:25", "[::ffff:169.254.169.254]:25"} {
		s := sender(t, Config{Server: server, Security: StartTLS, From: "writ@example.com", Origin: origin})
		if err := s.Send(t.Context(), hello()); !errors.Is(err, ErrServer) || !strings.Contains(err.Error(), "nothing is sent to that address") {
			t.Errorf("%s: %v", server, err)
		}
	}
}

func TestWhatNoSenderIsMadeOf(t *testing.T) {
	fine := Config{Server: "mail.example.com", From: "writ@example.com", Origin: origin}
	if _, err := New(fine); err != nil {
		t.Fatal(err)
	}
	pw := secret.New([]byte("x"))
	for name, change := range map[string]func(*Config){
		"no server":                       func(c *Config) { c.Server = "" },
		"a URL":                           func(c *Config) { c.Server = "smtp://mail.example.com" },
		"no port":                         func(c *Config) { c.Server = "mail.example.com:smtp" },
		"a port that is none":             func(c *Config) { c.Server = "mail.example.com:70000" },
		"from nobody":                     func(c *Config) { c.From = "" },
		"from two":                        func(c *Config) { c.From = "a@example.com, b@example.com" },
		"a header in from":                func(c *Config) { c.From = "Writ\r\nBcc: x@example.com <a@example.com>" },
		"TLS where it can be had":         func(c *Config) { c.Security = "opportunistic" },
		"a user without a password":       func(c *Config) { c.User = "writ" },
		"a password without a user":       func(c *Config) { c.Password = pw },
		"a password in the clear":         func(c *Config) { c.Security, c.Server, c.User, c.Password = Clear, "localhost", "writ", pw },
		"another machine in the clear":    func(c *Config) { c.Security = Clear },
		"an address in the clear":         func(c *Config) { c.Security, c.Server = Clear, "192.0.2.1" },
		"an authority without TLS":        func(c *Config) { c.Security, c.Server, c.Roots = Clear, "localhost", x509.NewCertPool() },
		"no place for links to lead to":   func(c *Config) { c.Origin = "" },
		"a server with somebody before @": func(c *Config) { c.Server = "writ@mail.example.com" },
	} {
		c := fine
		change(&c)
		if _, err := New(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
