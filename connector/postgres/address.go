package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/outbound"
)

const connectLimit = 10 * time.Second

// The ways to protect a connection, by the names that libpq gives them.
const (
	sslDisable    = "disable"
	sslPrefer     = "prefer"
	sslRequire    = "require"
	sslVerifyFull = "verify-full"
)

// line is how to reach a cluster.
type line struct {
	config     *pgx.ConnConfig
	unverified bool // whoever answers is believed
}

// newLine takes the address apart itself: the environment, password files and
// service files of whoever runs Writ have no say.
func newLine(cfg connector.Config) (*line, error) {
	bad := func(why string) error {
		return connector.ErrInput.With("postgres %q: the address must look like %s: %s", cfg.Name, Spec().Address, why)
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
	host, mode, why := parameters(u)
	port, database := uint64(5432), strings.TrimPrefix(u.Path, "/")
	if p := u.Port(); p != "" && why == "" {
		if port, err = strconv.ParseUint(p, 10, 16); err != nil || port == 0 {
			why = "the port is no port"
		}
	}
	switch {
	case why != "":
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		why = "it must begin with postgres://"
	case user == "":
		why = "it names no account"
	case host == "":
		why = "it names no host"
	case u.Fragment != "" || strings.Contains(u.Host, ","):
		why = "it must name one host and nothing else"
	}
	if why != "" {
		return nil, bad(why)
	}
	if database == "" {
		database = "postgres"
	}
	return dialable(cfg, mode, pgconn.Config{Host: host, Port: uint16(port), User: user, Database: database})
}

// parameters reads the part after the question mark.
func parameters(u *url.URL) (host, mode, why string) {
	host = u.Hostname()
	for name, values := range u.Query() {
		switch {
		case name == "sslmode" && len(values) == 1:
			mode = values[0]
		case name == "host" && len(values) == 1 && strings.HasPrefix(values[0], "/") && host == "":
			host = values[0]
		case name == "password" || name == "passfile" || name == "sslpassword":
			return "", "", "a password does not belong there, give it as the credential"
		default:
			return "", "", "after the question mark only sslmode, or host with the folder of a socket, may stand"
		}
	}
	if mode != "" && !slices.Contains([]string{sslDisable, sslPrefer, sslRequire, sslVerifyFull}, mode) {
		return "", "", "sslmode must be verify-full, require, prefer or disable"
	}
	return host, mode, ""
}

// nobody is a configuration that says all that the environment might: the driver
// makes configurations only by reading both.
const nobody = "host=127.0.0.1 port=5432 user=x database=x sslmode=disable passfile=/dev/null connect_timeout=10 " +
	"sslrootcert='' sslcert='' sslkey='' sslcertmode=disable sslnegotiation=postgres sslsni=1 target_session_attrs=any " +
	"channel_binding=prefer require_auth='' min_protocol_version=3.0 max_protocol_version=3.0"

func dialable(cfg connector.Config, mode string, to pgconn.Config) (*line, error) {
	near := isNear(to.Host)
	if mode == "" {
		mode = sslVerifyFull
		if near {
			mode = sslPrefer
		}
	}
	if (mode == sslDisable || mode == sslPrefer) && !near && cfg.Options[optTLS] != "off" {
		return nil, connector.ErrInput.With("postgres %q: sslmode=%s would send all that is read over the network in the clear; use verify-full, or confirm with option tls=off", cfg.Name, mode)
	}
	c, err := pgx.ParseConfig(nobody)
	if err != nil {
		return nil, connector.ErrInput.With("postgres %q: unset PGSERVICE and the other settings for PostgreSQL in the environment of Writ", cfg.Name)
	}
	c.Host, c.Port, c.User, c.Database = to.Host, to.Port, to.User, to.Database
	c.DialFunc = outbound.Dialer(to.Host, connectLimit).DialContext
	c.Password = strings.TrimRight(string(cfg.Credential.Reveal()), "\r\n")
	c.Fallbacks, c.ConnectTimeout, c.DefaultQueryExecMode = nil, connectLimit, pgx.QueryExecModeDescribeExec
	c.MaxProtocolMessageBodyLen = 64 << 20
	l := &line{config: c, unverified: mode != sslVerifyFull && !near}
	if l.unverified {
		c.RequireAuth = "!password,!md5" // whoever answers must not learn the password
	}
	if strings.HasPrefix(to.Host, "/") || mode == sslDisable {
		c.TLSConfig = nil
		return l, nil
	}
	c.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: to.Host}
	if mode != sslVerifyFull {
		c.TLSConfig.InsecureSkipVerify = true // the address says so, and Describe warns
	}
	if ca := cfg.Options[optCA]; ca != "" {
		c.TLSConfig.RootCAs = x509.NewCertPool()
		if !c.TLSConfig.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return nil, connector.ErrInput.With("postgres %q: option ca must be certificates as PEM text", cfg.Name)
		}
	}
	if mode == sslPrefer {
		c.Fallbacks = []*pgconn.FallbackConfig{{Host: to.Host, Port: to.Port}}
	}
	return l, nil
}

// isNear reports whether nobody else can listen on the way.
func isNear(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || host == "localhost" || ip != nil && ip.IsLoopback()
}
