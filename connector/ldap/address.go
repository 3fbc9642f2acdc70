package ldap

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// The names of options.
const (
	optBindDN      = "bind_dn"
	optCA          = "ca"
	optTLS         = "tls"
	optServerName  = "server_name"
	optSchema      = "schema"
	optUsers       = "users"
	optUserFilter  = "user_filter"
	optGroups      = "groups"
	optGroupFilter = "group_filter"
	optAdmins      = "admins"
	optLock        = "lock"
	optTimeout     = "timeout"
	optPage        = "page"
)

const (
	schemaAuto     = "auto"
	schemaOpenLDAP = "openldap"
	schemaAD       = "ad"

	lockShadow  = "shadow"
	lockPolicy  = "ppolicy"
	maxPage     = 1000 // what AD hands out at most
	defaultWait = 30 * time.Second
)

// catalogPorts answer with a part of what every domain of a forest has.
var catalogPorts = []string{"3268", "3269"}

// settings are a checked configuration.
type settings struct {
	name         string
	host, port   string
	serverName   string // on the certificate; the host where empty
	ldaps, plain bool
	trust        *x509.CertPool // nil is the machine's
	bindDN       string
	base         string
	users        string
	groups       string
	userFilter   string
	groupFilter  string
	admins       string
	schema       string
	lock         string
	timeout      time.Duration
	page         uint32
}

// newSettings checks an address and the options. Nothing of the environment or of
// the machine's own LDAP settings has a say.
func newSettings(cfg connector.Config) (*settings, error) {
	s := &settings{name: cfg.Name, schema: schemaAuto, lock: lockShadow, timeout: defaultWait, page: 500}
	if why := s.address(cfg.Address); why != "" {
		return nil, connector.ErrInput.With("ldap %q: the address must look like %s: %s", cfg.Name, Spec().Address, why)
	}
	s.users, s.groups = s.base, s.base
	for name, value := range cfg.Options {
		if why := s.option(name, value); why != "" {
			return nil, connector.ErrInput.With("ldap %q: option %s: %s", cfg.Name, name, why)
		}
	}
	if s.plain && s.ldaps {
		return nil, connector.ErrInput.With("ldap %q: option tls=none contradicts an address that begins with ldaps://", cfg.Name)
	}
	if s.bindDN == "" && !cfg.Credential.Empty() {
		return nil, connector.ErrInput.With("ldap %q: there is a password and nobody whose it is; give option bind_dn", cfg.Name)
	}
	if s.bindDN != "" && cfg.Credential.Empty() {
		return nil, connector.ErrInput.With("ldap %q: option bind_dn needs the password as the credential: a bind without one would be anonymous", cfg.Name)
	}
	return s, nil
}

func (s *settings) address(text string) (why string) {
	u, err := url.Parse(text)
	if err != nil {
		return "it is not a URL" // the parser's words repeat the address, which may hold a password
	}
	s.ldaps, s.host, s.port = u.Scheme == "ldaps", u.Hostname(), u.Port()
	s.base = strings.TrimPrefix(u.Path, "/")
	switch {
	case u.User != nil:
		return "an account does not belong there, give it as option bind_dn, and its password as the credential"
	case u.Scheme != "ldap" && !s.ldaps:
		return "it must begin with ldaps:// or ldap://"
	case s.host == "" || strings.Contains(u.Host, ","):
		return "it must name one host"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "nothing may stand behind the base; filters are options"
	case s.base == "":
		return "it names no base, the entry below which everything is read"
	}
	if s.port == "" {
		s.port = "389"
		if s.ldaps {
			s.port = "636"
		}
	}
	if n, err := strconv.ParseUint(s.port, 10, 16); err != nil || n == 0 {
		return "the port is no port"
	}
	if slices.Contains(catalogPorts, s.port) {
		return "port " + s.port + " is the Global Catalog's, which lacks the members of other domains' groups; use 389, or 636 with ldaps://"
	}
	if _, err := goldap.ParseDN(s.base); err != nil {
		return "the base is no distinguished name"
	}
	return ""
}

func (s *settings) option(name, value string) (why string) {
	text := map[string]*string{
		optBindDN: &s.bindDN, optServerName: &s.serverName, optUsers: &s.users, optGroups: &s.groups, optAdmins: &s.admins,
		optUserFilter: &s.userFilter, optGroupFilter: &s.groupFilter, optSchema: &s.schema, optLock: &s.lock,
	}
	if value == "" {
		return ""
	}
	if to := text[name]; to != nil {
		*to = value
	}
	switch name {
	case optBindDN, optServerName: // AD takes NAME@DOMAIN too
	case optUsers, optGroups, optAdmins:
		if _, err := goldap.ParseDN(value); err != nil {
			return "it is no distinguished name"
		}
	case optUserFilter, optGroupFilter:
		if _, err := goldap.CompileFilter(value); err != nil {
			return "it is no filter, such as (objectClass=person)"
		}
	case optSchema:
		return connector.OneOf(value, schemaAuto, schemaOpenLDAP, schemaAD)
	case optLock:
		return connector.OneOf(value, lockShadow, lockPolicy)
	case optTLS:
		s.plain = value == "none"
		return connector.OneOf(value, "verify", "none")
	case optCA:
		s.trust, why = connector.Authorities(value)
		return why
	case optTimeout:
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > 3600 {
			return "it must be 1 to 3600 seconds"
		}
		s.timeout = time.Duration(n) * time.Second
	case optPage:
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > maxPage {
			return fmt.Sprintf("it must be 1 to %d entries", maxPage)
		}
		s.page = uint32(n)
	default:
		return "it is not known"
	}
	return ""
}

func (s *settings) tls() *tls.Config {
	name := s.host
	if s.serverName != "" {
		name = s.serverName
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, ServerName: name, RootCAs: s.trust}
}

func (s *settings) addr() string { return net.JoinHostPort(s.host, s.port) }
