package testkit

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	netmail "net/mail"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// What a MailServer lets sign in.
const (
	MailUser     = "writ"
	MailPassword = "a password of mail: with ~%+ in it" //nolint:gosec // of a server that ends with the test
)

// Caught is a mail that a MailServer has taken.
type Caught struct {
	From, To string // of the envelope
	User     string // who had signed in
	TLS      bool
	Raw      []byte
}

// Header is one header of it.
func (c Caught) Header(name string) string {
	m, err := netmail.ReadMessage(bytes.NewReader(c.Raw))
	if err != nil {
		return ""
	}
	return m.Header.Get(name)
}

// MailFaults are what a MailServer does wrong.
type MailFaults struct {
	Refuse      string // this recipient, for good (550)
	Later       bool   // every mail, for now (451)
	Hang        bool   // while it is told a mail
	LoseAnswer  bool   // takes a mail and cuts the connection before it says so
	CutAfter    bool   // takes a mail, says so, and cuts the connection
	RefuseLogin bool   // and repeats what it was sent
	Certificate bool   // shows one of another authority
	Endless     bool   // answers without end
}

// MailServer is a real mail server that keeps what it gets.
type MailServer struct {
	Starting string // its address where TLS is begun with STARTTLS
	Implicit string // where it is there from the first byte
	Clear    string // where there is none
	CA       string // file of the authority of its certificate
	Hung     chan struct{}

	mu     sync.Mutex
	faults MailFaults
	caught []Caught
	more   chan struct{} // closed when a mail came
	tried  int           // connections
	end    chan struct{} // closed when the test ends
	ours   [2]tls.Certificate
}

// Mail starts a mail server; it ends with the test.
func Mail(tb testing.TB) *MailServer {
	tb.Helper()
	s := &MailServer{more: make(chan struct{}), end: make(chan struct{}), Hung: make(chan struct{}, 100)}
	for i := range s.ours {
		dir := tb.TempDir()
		if err := writeCertificate(dir, "127.0.0.1", "localhost"); err != nil {
			tb.Fatal(err)
		}
		var err error
		if s.ours[i], err = tls.LoadX509KeyPair(filepath.Join(dir, certFile), filepath.Join(dir, keyFile)); err != nil {
			tb.Fatal(err)
		}
		if i == 0 {
			s.CA = filepath.Join(dir, caFile)
		}
	}
	over := &tls.Config{GetCertificate: s.certificate, MinVersion: tls.VersionTLS12}
	for _, at := range []struct {
		address  *string
		tls      *tls.Config
		implicit bool
	}{{&s.Starting, over, false}, {&s.Implicit, over, true}, {&s.Clear, nil, false}} {
		l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		*at.address = l.Addr().String()
		s.serve(tb, l, at.tls, at.implicit)
	}
	tb.Cleanup(func() { close(s.end) }) // before the servers are closed: what hangs goes on
	return s
}

func (s *MailServer) serve(tb testing.TB, l net.Listener, over *tls.Config, implicit bool) {
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tried++
		return &mailSession{server: s, conn: c}, nil
	}))
	server.Domain, server.TLSConfig, server.AllowInsecureAuth = "localhost", over, true
	server.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	if implicit {
		l = tls.NewListener(l, over)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	tb.Cleanup(func() {
		if err := server.Close(); err != nil {
			tb.Error(err)
		}
		_ = l.Close() // the server does not know it yet where it has not begun to serve
		if err := <-done; err != nil {
			tb.Error(err)
		}
	})
}

func (s *MailServer) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.faulty().Certificate {
		return &s.ours[1], nil
	}
	return &s.ours[0], nil
}

// Fail says what it does wrong from now on.
func (s *MailServer) Fail(f MailFaults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

func (s *MailServer) faulty() MailFaults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// Tried is how often somebody has begun to talk to it.
func (s *MailServer) Tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tried
}

// Caught is what it has taken so far.
func (s *MailServer) Caught() []Caught {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.caught
}

// Wait waits until what it has taken is enough.
func (s *MailServer) Wait(ctx context.Context, enough func([]Caught) bool) ([]Caught, error) {
	for {
		s.mu.Lock()
		caught, more := s.caught, s.more
		s.mu.Unlock()
		if enough(caught) {
			return caught, nil
		}
		select {
		case <-ctx.Done():
			return caught, fmt.Errorf("%d mails came: %w", len(caught), context.Cause(ctx))
		case <-more:
		}
	}
}

func (s *MailServer) took(c Caught) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caught = append(s.caught[:len(s.caught):len(s.caught)], c)
	close(s.more)
	s.more = make(chan struct{})
}

// mailSession is one connection.
type mailSession struct {
	server *MailServer
	conn   *smtp.Conn
	now    Caught
	took   bool
}

// AuthMechanisms implements smtp.AuthSession.
func (*mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession.
func (m *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if m.server.faulty().RefuseLogin || user != MailUser || password != MailPassword {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no: " + user + " " + password}
		}
		m.now.User = user
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (m *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	m.now.From = from
	return nil
}

// Rcpt implements smtp.Session.
func (m *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch f := m.server.faulty(); {
	case f.Refuse == to:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody of that name"}
	case f.Later:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "come back later"}
	case f.Endless:
		go func() {
			for junk := bytes.Repeat([]byte("x"), 4<<10); ; {
				if _, err := m.conn.Conn().Write(junk); err != nil {
					return
				}
			}
		}()
		<-m.server.end
	}
	m.now.To = to
	return nil
}

// Data implements smtp.Session.
func (m *mailSession) Data(r io.Reader) error {
	f := m.server.faulty()
	if f.Hang {
		m.server.Hung <- struct{}{}
		<-m.server.end
		return errors.New("it hung")
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, m.now.TLS = m.conn.TLSConnectionState()
	m.now.Raw, m.took = raw, true
	m.server.took(m.now)
	if f.LoseAnswer {
		return m.conn.Conn().Close()
	}
	return nil
}

// Reset implements smtp.Session; it is called when a mail was answered.
func (m *mailSession) Reset() {
	if m.took && m.server.faulty().CutAfter {
		_ = m.conn.Conn().Close()
	}
	m.now = Caught{User: m.now.User}
}

// Logout implements smtp.Session.
func (*mailSession) Logout() error { return nil }

// mailWait is how long a test waits for mail that should come.
const mailWait = 30 * time.Second

// Await waits until as many mails have come as there should be.
func (s *MailServer) Await(tb testing.TB, n int) []Caught {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), mailWait)
	defer cancel()
	caught, err := s.Wait(ctx, func(c []Caught) bool { return len(c) >= n })
	if err != nil {
		tb.Fatal(err)
	}
	return caught
}
