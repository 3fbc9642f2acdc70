package scim

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/connector"
)

// The names of options.
const (
	optDialect  = "dialect"
	optTokenURL = "token_url"
	optClientID = "client_id"
	optScope    = "scope"
	optCA       = "ca"
	optGroups   = "groups"
	optAdmins   = "admins"
	optTimeout  = "timeout"
	optPage     = "page"
)

const (
	groupsAuto = "auto"
	groupsNone = "none"

	minPage = 2 // each page begins with the last one of the page before
	maxPage = 10_000
	maxWait = 3600
)

// settings are a checked configuration.
type settings struct {
	name     string
	base     string // without a slash at the end
	dialect  string
	tokenURL string
	clientID string
	scope    string
	groups   string
	admins   []string
	trust    *x509.CertPool // nil is the machine's
	timeout  time.Duration
	pageSize int
}

func newSettings(cfg connector.Config) (*settings, error) {
	s := &settings{name: cfg.Name, dialect: dialectAuto, groups: groupsAuto, timeout: defaultWait, pageSize: 100}
	if why := s.address(cfg.Address); why != "" {
		return nil, connector.ErrInput.With("scim %q: the address must look like %s: %s", cfg.Name, Spec().Address, why)
	}
	for name, value := range cfg.Options {
		if why := s.option(name, value); why != "" {
			return nil, connector.ErrInput.With("scim %q: option %s: %s", cfg.Name, name, why)
		}
	}
	if (s.tokenURL == "") != (s.clientID == "") || s.scope != "" && s.tokenURL == "" {
		return nil, connector.ErrInput.With("scim %q: options token_url and client_id belong together, and scope to them", cfg.Name)
	}
	return s, nil
}

func (s *settings) address(text string) (why string) {
	u, err := url.Parse(text)
	if err != nil {
		return "it is not a URL" // the parser's words repeat the address, which may hold a password
	}
	switch {
	case u.User != nil:
		return "nobody's name or password belongs there; the token is the credential"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "nothing may stand behind the path; a token there would be in every log on the way"
	case strings.Contains(u.Path, "/.") || strings.Contains(u.Path, "//"):
		return "the path must be as the service has it, without dots or empty parts"
	}
	s.base = strings.TrimSuffix(text, "/")
	return ""
}

func (s *settings) option(name, value string) (why string) {
	if value == "" {
		return ""
	}
	switch name {
	case optDialect:
		s.dialect = value
		return connector.OneOf(value, dialectAuto, dialectStrict, dialectEntra, dialectOkta)
	case optGroups:
		s.groups = value
		return connector.OneOf(value, groupsAuto, groupsNone)
	case optTokenURL:
		s.tokenURL = value
	case optClientID:
		s.clientID = value
	case optScope:
		s.scope = value
	case optAdmins:
		return s.administrators(value)
	case optCA:
		s.trust, why = connector.Authorities(value)
		return why
	case optTimeout:
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > maxWait {
			return fmt.Sprintf("it must be 1 to %d seconds", maxWait)
		}
		s.timeout = time.Duration(n) * time.Second
	case optPage:
		n, err := strconv.Atoi(value)
		if err != nil || n < minPage || n > maxPage {
			return fmt.Sprintf("it must be %d to %d", minPage, maxPage)
		}
		s.pageSize = n
	default:
		return "it is not known"
	}
	return ""
}

func (s *settings) administrators(value string) (why string) {
	for id := range strings.SplitSeq(value, ",") {
		id = strings.TrimSpace(id)
		if kind, of := splitID(id); kind == "" || of == "" {
			return "it must name groups, roles or entitlements as writ shows them: group:ID, role:VALUE, entitlement:VALUE"
		}
		s.admins = append(s.admins, id)
	}
	return ""
}
