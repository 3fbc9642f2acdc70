package mariadb

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// Kind is the connector's kind.
const Kind = "mariadb"

// The options that a server takes.
const (
	optTLS       = "tls"
	optCA        = "ca"
	optTimeout   = "timeout"
	optDataClass = "data_class."
	optHost      = "host"
	optLendHost  = "lend_host"
)

const defaultTimeout = time.Minute

// Spec describes this kind of system.
func Spec() connector.Spec {
	return connector.Spec{
		Kind: Kind, Title: "MariaDB server", Address: "mariadb://writ@db1.example.com:3306",
		Options: []connector.Option{
			{Name: optDataClass + "DB[.TABLE]", Help: "how sensitive the data there is: public, internal, confidential or restricted"},
			{Name: optTLS, Help: "off allows a connection in the clear over the network; on asks for an encrypted one on this machine too", Default: "on, but for a server on this machine"},
			{Name: optCA, Help: "the certificates, as PEM or a file of it, that the server's must come from; else the machine's own list", Path: connector.IsFile},
			{Name: optTimeout, Help: "seconds that one statement may take", Default: "60"},
			{Name: optHost, Help: "the name, in Writ, of the host that the server runs on, whose accounts sign in as the server's (unix_socket, pam)"},
			{Name: optLendHost, Help: "where an account that is lent may come from, as the server writes hosts: 10.0.0.% or gateway.example.com", Default: everywhere},
		},
		Changes: []connector.ChangeKind{
			connector.AddGrant, connector.RemoveGrant, connector.DisableAccount, connector.EnableAccount,
			connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount, connector.EndSessions,
		},
		Settable:      []connector.Setting{{Name: setLimit, Help: "how many connections it may have open at once, 1 or more; without, as many as the server lets everybody have"}},
		FirstPassword: true,
		Keeps:         []connector.SecretKind{connector.Password},
		Takes:         connector.SecretPolicy{Most: maxPassword, Without: connector.NotPrintable},
		Lends:         true,
		Loans:         maxLoan,
		Open:          Open,
	}
}

// Server is one server with all its databases.
type Server struct {
	dialect
	name    string
	called  string // its kind and name, in messages
	line    *line
	now     func() time.Time
	timeout time.Duration
	host    string                      // the system that the server runs on, by its name in Writ
	lend    string                      // where what is lent may come from
	classes map[string]access.DataClass // by DB or DB.TABLE as in ids
}

var (
	_ connector.Maker  = (*Server)(nil)
	_ connector.Keeper = (*Server)(nil)
	_ connector.Lender = (*Server)(nil)
)

// Open checks cfg. Each use connects by itself.
func Open(_ context.Context, cfg connector.Config) (connector.Connector, error) {
	return newServer(mariaDB{}, cfg)
}

func newServer(d dialect, cfg connector.Config) (*Server, error) {
	s := &Server{dialect: d, name: cfg.Name, called: called(d, cfg.Name), now: cfg.Now, timeout: defaultTimeout, lend: everywhere, classes: map[string]access.DataClass{}}
	if s.now == nil {
		s.now = time.Now
	}
	for name, value := range cfg.Options {
		if why := s.option(name, value); why != "" {
			return nil, connector.ErrInput.With("%s: option %s", s.called, why)
		}
	}
	var err error
	if s.line, err = newLine(d, cfg); err != nil {
		return nil, err
	}
	return s, nil
}

// option takes one option, and says why it cannot.
func (s *Server) option(name, value string) (why string) {
	if thing, is := strings.CutPrefix(name, optDataClass); is {
		class := access.DataClass(value)
		if !slices.Contains([]access.DataClass{access.Public, access.Internal, access.Confidential, access.Restricted}, class) {
			return "data_class must be public, internal, confidential or restricted"
		}
		if names, ok := restoreAll(thing); !ok || len(names) > 2 {
			return `data_class must name DB or DB.TABLE; a dot inside a name is written \x2e`
		}
		s.classes[thing] = class
		return ""
	}
	switch name {
	case optCA:
	case optTLS:
		if why := connector.OneOf(value, "on", "off", ""); why != "" {
			return "tls: " + why
		}
	case optHost:
		s.host = value
	case optLendHost:
		if a := (accountName{"x", value}); value == "" || len(value) > maxHost || !a.nameable() || strings.Contains(value, "@") {
			return "lend_host must be a host as the server writes it, such as 10.0.0.%"
		}
		s.lend = value
	case optTimeout:
		if value == "" {
			return ""
		}
		seconds, err := strconv.Atoi(value)
		if err != nil || seconds < 1 || seconds > 3600 {
			return "timeout must be 1 to 3600 seconds"
		}
		s.timeout = time.Duration(seconds) * time.Second
	default:
		return fmt.Sprintf("%q is not known", name)
	}
	return ""
}

// Close does nothing: no connection outlives what it was opened for.
func (s *Server) Close() error { return nil }

// Describe connects and says what the server is and what cannot be read there.
func (s *Server) Describe(ctx context.Context) (connector.Description, error) {
	k, err := s.read(ctx)
	if err != nil {
		return connector.Description{}, err
	}
	return connector.Description{Kind: s.spec().Kind, Version: s.product() + " " + clean(k.version), Warnings: append([]string{
		s.product() + " keeps no record of sign-ins: when an account was last used is unknown",
	}, k.warnings()...)}, nil
}

// greet asks who the server is, and who Writ is there.
func (s *session) greet(ctx context.Context) (v versionRow, err error) {
	rows, err := list(ctx, s, "asking for the version", scanVersion, queryVersion)
	if err != nil || len(rows) != 1 {
		return v, err
	}
	v = rows[0]
	var major, minor int
	if _, err := fmt.Sscanf(v.Text, "%d.%d", &major, &minor); err != nil || !s.reads(v.Text, major*100+minor) {
		return v, connector.ErrInput.With("%s: the server is not %s, the oldest that Writ reads; it calls itself %s", s.called, s.oldest(), clean(v.Text))
	}
	return v, nil
}
