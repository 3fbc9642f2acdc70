package postgres

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
const Kind = "postgres"

// The options that a cluster takes.
const (
	optTLS       = "tls"
	optCA        = "ca"
	optTimeout   = "timeout"
	optExclude   = "exclude"
	optDataClass = "data_class."
	optHost      = "host"
	optDirectory = "directory"
	optDomain    = "domain"
	optServer    = "ldap_server"

	optGroupRoles = "group_roles"
	optLogin      = "login_database"
)

const (
	defaultTimeout = time.Minute
	oldestVersion  = 120000
)

// Spec describes this kind of system.
func Spec() connector.Spec {
	return connector.Spec{
		Kind: Kind, Title: "PostgreSQL cluster", Address: "postgres://writ@db1.example.com:5432/postgres",
		Options: []connector.Option{
			{Name: optDataClass + "DB[.SCHEMA[.TABLE]]", Help: "how sensitive the data there is: public, internal, confidential or restricted"},
			{Name: optExclude, Help: "databases that are not read, with commas between"},
			{Name: optTLS, Help: "off allows a connection in the clear over the network (sslmode=disable)", Default: "on"},
			{Name: optCA, Help: "the certificates, as PEM, that the server's must come from; else the machine's own list"},
			{Name: optTimeout, Help: "seconds that one query may take", Default: "60"},
			{Name: optHost, Help: "the name, in Writ, of the host that the server runs on, whose accounts sign in as roles (peer)"},
			{Name: optDirectory, Help: "the name, in Writ, of the directory whose accounts sign in as roles (ldap, gss) or whose groups give them"},
			{Name: optDomain, Help: "that directory's Kerberos realm or domain, several with commas between; principals of others are another directory's"},
			{Name: optServer, Help: "which LDAP servers of pg_hba.conf are that directory, where its rules name several: SERVER or SERVER/BASE, with semicolons between"},
			{Name: optGroupRoles, Help: "which groups of the directory give which roles, with semicolons between: ROLE=GROUP, or a pattern such as ldap_* for roles and groups of the same name"},
			{Name: optLogin, Help: "the database on which a password is tried, which the accounts may connect to; else the address's"},
		},
		Changes: []connector.ChangeKind{
			connector.AddGrant, connector.RemoveGrant, connector.DisableAccount, connector.EnableAccount,
			connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount, connector.EndSessions,
		},
		Settable: []connector.Setting{
			{Name: setLimit, Help: "how many connections it may have open at once, 1 or more; without, any number"},
			{Name: setValid, Help: "until when its password counts, as 2027-01-31T00:00:00Z; when it is made, the earliest of this, its own end and its first password's"},
		},
		FirstPassword: true,
		Keeps:         []connector.SecretKind{connector.Password},
		Takes:         connector.SecretPolicy{Most: maxPassword, Without: connector.NotPrintable},
		Lends:         true,
		Loans:         maxRoleName,
		Open:          Open,
	}
}

// Cluster is one PostgreSQL server with all its databases.
type Cluster struct {
	name    string
	line    *line
	now     func() time.Time
	timeout time.Duration
	login   string                      // database on which a password is tried
	exclude map[string]bool             // databases
	classes map[string]access.DataClass // by DB, DB.SCHEMA or DB.SCHEMA.TABLE as in ids

	host, directory string // systems whose accounts sign in as roles, by their names in Writ
	domains         connector.Domains
	places          []place // of the directory
	groupRoles      []groupRole

	kept kept // sessions between one loan and the next
}

var (
	_ connector.Maker  = (*Cluster)(nil)
	_ connector.Keeper = (*Cluster)(nil)
	_ connector.Lender = (*Cluster)(nil)
)

// Open checks cfg. Each use connects by itself.
func Open(_ context.Context, cfg connector.Config) (connector.Connector, error) {
	c := &Cluster{name: cfg.Name, now: cfg.Now, timeout: defaultTimeout, exclude: map[string]bool{}, classes: map[string]access.DataClass{}}
	if c.now == nil {
		c.now = time.Now
	}
	for name, value := range cfg.Options {
		if err := c.option(name, value); err != nil {
			return nil, err
		}
	}
	if len(c.groupRoles)+len(c.places) > 0 && c.directory == "" {
		return nil, connector.ErrInput.With("postgres %q: options group_roles and ldap_server need option directory", c.name)
	}
	var err error
	if c.line, err = newLine(cfg); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Cluster) option(name, value string) error {
	bad := func(why string) error { return connector.ErrInput.With("postgres %q: option %s", c.name, why) }
	if thing, is := strings.CutPrefix(name, optDataClass); is {
		class := access.DataClass(value)
		if !slices.Contains([]access.DataClass{access.Public, access.Internal, access.Confidential, access.Restricted}, class) {
			return bad("data_class must be public, internal, confidential or restricted")
		}
		if names, ok := restoreAll(thing); !ok || len(names) > 3 {
			return bad(`data_class must name DB, DB.SCHEMA or DB.SCHEMA.TABLE; a dot inside a name is written \x2e`)
		}
		c.classes[thing] = class
		return nil
	}
	switch name {
	case optTLS:
		if value != "" && value != "on" && value != "off" {
			return bad("tls must be on or off")
		}
	case optCA:
	case optHost:
		c.host = value
	case optDirectory:
		c.directory = value
	case optLogin:
		c.login = value
	case optDomain:
		c.domains = connector.ParseDomains(value)
	case optServer:
		var why string
		if c.places, why = parsePlaces(value); why != "" {
			return bad(why)
		}
	case optGroupRoles:
		var why string
		if c.groupRoles, why = parseGroupRoles(value); why != "" {
			return bad(why)
		}
	case optTimeout:
		if value == "" {
			return nil
		}
		seconds, err := strconv.Atoi(value)
		if err != nil || seconds < 1 || seconds > 3600 {
			return bad("timeout must be 1 to 3600 seconds")
		}
		c.timeout = time.Duration(seconds) * time.Second
	case optExclude:
		for database := range strings.SplitSeq(value, ",") {
			if database = strings.TrimSpace(database); database != "" {
				c.exclude[database] = true
			}
		}
	default:
		return bad(fmt.Sprintf("%q is not known", name))
	}
	return nil
}

// Close ends the connections that are kept between loans; no other outlives what it was
// opened for.
func (c *Cluster) Close() error {
	c.kept.close()
	return nil
}

// Describe connects and says what the cluster is and what cannot be read there.
func (c *Cluster) Describe(ctx context.Context) (connector.Description, error) {
	s, err := c.connect(ctx, "")
	if err != nil {
		return connector.Description{}, err
	}
	defer s.end()
	v, err := s.version(ctx)
	if err != nil {
		return connector.Description{}, err
	}
	databases, err := list[databaseRow](ctx, s, "listing databases", queryDatabases)
	if err != nil {
		return connector.Description{}, err
	}
	d := connector.Description{Kind: Kind, Version: "PostgreSQL " + clean(v.Text), Warnings: []string{
		"PostgreSQL keeps no record of logins: when an account was last used is unknown",
	}}
	for _, db := range databases {
		switch {
		case c.exclude[db.Name]:
			d.Warnings = append(d.Warnings, fmt.Sprintf("database %q is left out (option exclude): what is granted inside it is unknown", clean(db.Name)))
		case !db.Connectable:
			d.Warnings = append(d.Warnings, fmt.Sprintf("database %q takes no connections: what is granted inside it is unknown until `alter database … allow_connections true`", clean(db.Name)))
		case !db.Allowed:
			d.Warnings = append(d.Warnings, fmt.Sprintf("role %q may not connect to database %q: %s", c.line.config.User, clean(db.Name), c.remedy(db.Name)))
		}
	}
	k := newCatalog(c)
	if err := s.readOnly(ctx, func() error { return k.readRoles(ctx, s, v.Number) }); err != nil {
		return connector.Description{}, err
	}
	d.Warnings = append(d.Warnings, k.openingWarnings()...)
	if c.line.unverified {
		d.Warnings = append(d.Warnings, "the server's identity is not verified: use sslmode=verify-full, with option ca where the certificate is the company's own")
	}
	return d, nil
}

type versionRow struct {
	Number int
	Text   string
	Super  bool
}

func (s *session) version(ctx context.Context) (versionRow, error) {
	rows, err := list[versionRow](ctx, s, "asking for the version", queryVersion)
	if err != nil {
		return versionRow{}, err
	}
	if len(rows) != 1 || rows[0].Number < oldestVersion {
		return versionRow{}, connector.ErrInput.With("postgres %q: the server is older than PostgreSQL 12, the oldest that Writ reads", s.name)
	}
	return rows[0], nil
}
