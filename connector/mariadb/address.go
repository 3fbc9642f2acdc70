package mariadb

import (
	"crypto/tls"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/outbound"
)

const connectLimit = 10 * time.Second

// line is how to reach a server.
type line struct {
	config *mysql.Config
	host   string
	near   bool // nobody else can listen on the way
}

// newLine takes the address apart itself: what the driver reads of the environment or of an
// address of its own kind has no say.
func newLine(d dialect, cfg connector.Config) (*line, error) {
	bad := func(why string) error {
		return connector.ErrInput.With("%s: the address must look like %s: %s", called(d, cfg.Name), d.spec().Address, why)
	}
	u, err := url.Parse(cfg.Address)
	if err != nil {
		return nil, bad("it is not a URL") // the parser's words repeat the address, which may hold a password
	}
	user := ""
	if u.User != nil {
		if _, has := u.User.Password(); has {
			return nil, bad("a password does not belong there, give it as the credential")
		}
		user = u.User.Username()
	}
	socket := u.Query().Get("socket")
	port := uint64(3306)
	if p := u.Port(); p != "" {
		if port, err = strconv.ParseUint(p, 10, 16); err != nil || port == 0 {
			return nil, bad("the port is no port")
		}
	}
	switch {
	case u.Scheme != d.spec().Kind:
		return nil, bad("it must begin with " + d.spec().Kind + "://")
	case user == "":
		return nil, bad("it names no account")
	case len(u.Query()) > 1 || u.RawQuery != "" && !strings.HasPrefix(socket, "/"):
		return nil, bad("after the question mark only socket, with its path, may stand")
	case (u.Hostname() == "") == (socket == ""):
		return nil, bad("it must name one host, or one socket")
	case strings.Trim(u.Path, "/") != "" || u.Fragment != "" || strings.Contains(u.Host, ","):
		return nil, bad("it must name one host and nothing else; all databases are found from there")
	}
	l := &line{config: mysql.NewConfig(), host: u.Hostname()}
	l.config.User, l.config.Passwd = user, strings.TrimRight(string(cfg.Credential.Reveal()), "\r\n")
	l.config.Net, l.config.Addr = "tcp", net.JoinHostPort(l.host, strconv.FormatUint(port, 10))
	if socket != "" {
		l.host, l.config.Net, l.config.Addr = socket, "unix", socket
	}
	l.near = isNear(l.host)
	return l, l.protect(d, cfg)
}

// protect says how the line is encrypted, and what the driver may do on it.
func (l *line) protect(d dialect, cfg connector.Config) error {
	c := l.config
	c.DialFunc = outbound.Dialer(l.host, connectLimit).DialContext
	c.Timeout, c.MaxAllowedPacket = connectLimit, 64<<20
	c.Logger = &mysql.NopLogger{} // what it would say is in the error
	mode, ca := cfg.Options[optTLS], cfg.Options[optCA]
	clear := mode == "off" || mode == "" && ca == "" && l.near // a private server has no certificate
	if c.Net == "unix" || clear {
		return nil
	}
	c.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: l.host}
	if ca == "" {
		return nil
	}
	authorities, why := connector.Authorities(ca)
	if why != "" {
		return connector.ErrInput.With("%s: option ca: %s", called(d, cfg.Name), why)
	}
	c.TLS.RootCAs = authorities
	return nil
}

// inClear reports whether others can read what goes over the line.
func (l *line) inClear() bool { return !l.near && l.config.TLS == nil }

// isNear reports whether nobody else can listen on the way.
func isNear(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || host == "localhost" || ip != nil && ip.IsLoopback()
}
