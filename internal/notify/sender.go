package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/outbound"
	"github.com/writhq/writ/internal/secret"
)

// ErrConfig is returned for a mail server that cannot be used as it is configured.
var ErrConfig = fault.New(fault.Invalid, "mail-config", "the mail server's configuration cannot be used")

// Security is how a connection to a mail server is protected.
type Security string

// The ways. There is none that takes what it can get.
const (
	StartTLS Security = "starttls" // and no mail where the server has none
	Implicit Security = "implicit" // from the first byte
	Clear    Security = "none"     // on this machine only
)

var usualPorts = map[Security]int{StartTLS: 587, Implicit: 465, Clear: 25}

// Config says which server mail is given to, and who it is from.
type Config struct {
	Server   string // HOST or HOST:PORT
	Security Security
	Roots    *x509.CertPool // that the server's certificate is from; nil is the machine's
	From     string         // name@example.com, or Name <name@example.com>
	User     string         // nobody: without signing in
	Password secret.Secret
	Origin   string // where Writ is: the only place that links lead to
}

const (
	dialTimeout  = 10 * time.Second
	replyTimeout = 30 * time.Second
	// SendTimeout is how long giving one mail to the server may take in all.
	SendTimeout = time.Minute
)

// Sender gives messages to one server, each over a connection of its own.
type Sender struct {
	cfg    Config
	host   string
	port   int
	from   *netmail.Address
	domain string // of from
	hello  string
	now    func() time.Time
}

// New checks a configuration. It connects to nothing.
func New(c Config) (*Sender, error) {
	if c.Security == "" {
		c.Security = StartTLS
	}
	s := &Sender{cfg: c, host: c.Server, port: usualPorts[c.Security], now: time.Now}
	if s.port == 0 {
		return nil, ErrConfig.With("tls is starttls, implicit or none, not %q", c.Security)
	}
	if host, port, err := net.SplitHostPort(c.Server); err == nil {
		if s.port, err = strconv.Atoi(port); err != nil || s.port < 1 || s.port > 65535 {
			return nil, ErrConfig.With("%q is no port", port)
		}
		s.host = host
	}
	s.host = strings.Trim(s.host, "[]")
	switch {
	case s.host == "" || strings.ContainsAny(s.host, "/@ "):
		return nil, ErrConfig.With("server is HOST or HOST:PORT, not %q", c.Server)
	case c.Security == Clear && !isOwn(s.host):
		return nil, ErrConfig.With("%s is not this machine, and nothing is sent elsewhere without TLS: say starttls or implicit", s.host)
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil || CheckAddress(from.Address) != nil {
		return nil, ErrConfig.With("from is an address such as writ@example.com, or Writ <writ@example.com>")
	}
	s.from = &netmail.Address{Name: short(line(from.Name), maxName), Address: from.Address}
	_, s.domain, _ = strings.Cut(from.Address, "@")
	own, err := url.Parse(c.Origin)
	if err != nil || own.Hostname() == "" {
		return nil, ErrConfig.With("Writ's origin is not known, so that no link could lead to it")
	}
	s.hello = own.Hostname()
	if a, err := netip.ParseAddr(s.hello); err == nil {
		s.hello = literal(a)
	}
	return s, c.checkSignIn()
}

// isOwn reports whether a host is this machine by its own name.
func isOwn(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// literal writes an address where a host's name would stand (RFC 5321, 4.1.3).
func literal(a netip.Addr) string {
	if a.Is6() {
		return "[IPv6:" + a.String() + "]"
	}
	return "[" + a.String() + "]"
}

// checkSignIn refuses what is configured and would not be used, or would be seen.
func (c Config) checkSignIn() error {
	switch {
	case (c.User == "") != c.Password.Empty():
		return ErrConfig.With("user and password go together")
	case c.Security == Clear && c.User != "":
		return ErrConfig.With("a password goes over TLS only: say starttls or implicit")
	case c.Security == Clear && c.Roots != nil:
		return ErrConfig.With("a ca is for TLS: say starttls or implicit")
	}
	return nil
}

// Send gives a message to the server. Nil means that the server has taken it.
func (s *Sender) Send(ctx context.Context, m Message) error {
	made, err := s.letter(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, SendTimeout)
	defer cancel()
	line := &wire{}
	defer line.close()
	// The library heeds ctx while it dials alone: what hangs later is cut off.
	defer context.AfterFunc(ctx, line.close)()
	client, err := mail.NewClient(s.host, s.options(line)...)
	if err != nil {
		return ErrConfig.Because(err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return dialFailure(err)
	}
	err = client.Send(made)
	if err != nil && !made.IsDelivered() {
		return sendFailure(err)
	}
	_ = client.Close() // it was taken: that saying goodbye failed changes nothing
	return nil
}

// letter is a message as it is sent.
func (s *Sender) letter(m Message) (*mail.Msg, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	if err := m.checkLinks(s.cfg.Origin); err != nil {
		return nil, err
	}
	if err := CheckAddress(m.To.Address); err != nil {
		return nil, err
	}
	made := mail.NewMsg(mail.WithEncoding(mail.EncodingQP), mail.WithCharset(mail.CharsetUTF8), mail.WithNoDefaultUserAgent())
	made.FromMailAddress(s.from)
	made.ToMailAddress(&netmail.Address{Name: short(line(m.To.Name), maxName), Address: m.To.Address})
	made.Subject(m.Subject)
	made.SetDateWithValue(s.now())
	made.SetMessageIDWithValue(m.id(s.cfg.Origin, s.domain))
	made.SetGenHeader("Auto-Submitted", "auto-generated")
	made.SetBodyString(mail.TypeTextPlain, m.Body)
	return made, nil
}

func (s *Sender) options(line *wire) []mail.Option {
	list := []mail.Option{
		mail.WithPort(s.port), mail.WithTimeout(replyTimeout), mail.WithHELO(s.hello), mail.WithoutNoop(),
		mail.WithoutSMTPUTF8(), // everything is ASCII: a server further on need not know more
		mail.WithTLSConfig(s.tls()), mail.WithDialContextFunc(s.dial(line)),
	}
	switch s.cfg.Security {
	case StartTLS:
		list = append(list, mail.WithTLSPolicy(mail.TLSMandatory))
	case Implicit:
		list = append(list, mail.WithSSL())
	case Clear:
		list = append(list, mail.WithTLSPolicy(mail.NoTLS))
	}
	if s.cfg.User != "" {
		list = append(list, mail.WithUsername(s.cfg.User), mail.WithPassword(string(s.cfg.Password.Reveal())),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	return list
}

func (s *Sender) tls() *tls.Config {
	return &tls.Config{ServerName: s.host, RootCAs: s.cfg.Roots, MinVersion: tls.VersionTLS12}
}

// dial reaches the server as outbound lets it. Without TLS it must be this machine, also
// by the address that its name has led to.
func (s *Sender) dial(line *wire) mail.DialContextFunc {
	// The library's own address has no brackets where an IPv6 one needs them.
	address := net.JoinHostPort(s.host, strconv.Itoa(s.port))
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := outbound.Dialer(s.host, dialTimeout).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		line.took(conn)
		if to, ok := conn.RemoteAddr().(*net.TCPAddr); s.cfg.Security == Clear && (!ok || !to.IP.IsLoopback()) {
			return nil, ErrConfig.With("%s leads to another machine, and nothing is sent there without TLS: say starttls or implicit", s.host)
		}
		if s.cfg.Security != Implicit {
			return line, nil
		}
		over := tls.Client(line, s.tls())
		return over, over.HandshakeContext(ctx)
	}
}
