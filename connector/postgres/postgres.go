package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/writhq/writ/connector"
)

// Kind is the connector's kind.
const Kind = "postgres"

const (
	connectTimeout   = 10 * time.Second
	statementTimeout = 5 * time.Minute
)

// Spec describes a PostgreSQL cluster as a kind of system.
func Spec() connector.Spec {
	return connector.Spec{
		Kind: Kind, Title: "PostgreSQL cluster", Address: "postgres://auditor@db1.example.com/postgres?sslmode=verify-full",
		Options: []connector.Option{
			{Name: "tls", Help: "off allows an unencrypted connection to another machine", Default: "on"},
			{Name: "data_class.NAME", Help: "how sensitive a database, db.schema or db.schema.table is: public, internal, confidential or restricted"},
		},
		Open: Open,
	}
}

// Cluster is one PostgreSQL cluster.
type Cluster struct {
	cfg  connector.Config
	base *pgx.ConnConfig
}

// Open checks the configuration; the first connection is Describe's.
func Open(_ context.Context, cfg connector.Config) (connector.Connector, error) {
	if !strings.HasPrefix(cfg.Address, "postgres://") && !strings.HasPrefix(cfg.Address, "postgresql://") {
		return nil, connector.ErrInput.With("system %s: the address must look like postgres://user@host/database", cfg.Name)
	}
	base, err := pgx.ParseConfig(cfg.Address)
	if err != nil {
		return nil, connector.ErrInput.With("system %s: the address cannot be read; it must look like postgres://user@host/database", cfg.Name)
	}
	if hasPassword(cfg.Address) {
		return nil, connector.ErrInput.With("system %s: the address holds a password; take it out and give it as the credential", cfg.Name)
	}
	base.Password = string(cfg.Credential.Reveal())
	base.ConnectTimeout = connectTimeout
	base.RuntimeParams["application_name"] = "writ"
	base.RuntimeParams["statement_timeout"] = strconv.FormatInt(statementTimeout.Milliseconds(), 10)
	if cfg.Options["tls"] != "off" && !local(base.Host) && plaintext(base) {
		return nil, connector.ErrInput.With("system %s: the connection to %s would not be encrypted for certain: add sslmode=verify-full (or require) to the address, or allow it with the option tls=off", cfg.Name, base.Host)
	}
	for name := range cfg.Options {
		if name != "tls" && !strings.HasPrefix(name, "data_class.") {
			return nil, connector.ErrInput.With("system %s: %q is not an option of PostgreSQL; there are tls and data_class.NAME", cfg.Name, name)
		}
	}
	return &Cluster{cfg: cfg, base: base}, nil
}

// hasPassword finds a secret in the address, in either place where one may stand.
func hasPassword(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return true // it cannot be told, so it is not passed on
	}
	_, has := u.User.Password()
	return has || u.Query().Has("password") || u.Query().Has("sslpassword")
}

func local(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasPrefix(host, "/") || (err == nil && addr.IsLoopback())
}

// plaintext reports whether the driver might end up without TLS.
func plaintext(c *pgx.ConnConfig) bool {
	if c.TLSConfig == nil {
		return true
	}
	for _, f := range c.Fallbacks {
		if f.TLSConfig == nil {
			return true
		}
	}
	return false
}

// Close has nothing open between calls.
func (c *Cluster) Close() error { return nil }

// connect opens one database of the cluster; "" is the one of the address.
func (c *Cluster) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	cfg := c.base.Copy()
	if database != "" {
		cfg.Database = database
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, c.explain(err, "connecting to database "+cfg.Database)
	}
	return conn, nil
}

// explain turns what the driver or the server said into what a user can do. The
// server's own text stays the cause.
func (c *Cluster) explain(err error, doing string) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		if _, ok := errors.AsType[*pgconn.ConnectError](err); !ok {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case strings.HasPrefix(pg.Code, "28"):
			return connector.ErrCredentials.With("system %s: %s was refused (%s); check the user in the address, the credential, and pg_hba.conf", c.cfg.Name, doing, pg.Code)
		case pg.Code == "42501":
			return connector.ErrPrivilege.With("system %s: %s needs a privilege that %s does not have", c.cfg.Name, doing, c.base.User).Because(err)
		case pg.Code == "3D000":
			return connector.ErrInput.With("system %s: there is no such database (%s)", c.cfg.Name, doing)
		case strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "53"):
			return connector.ErrUnreachable.With("system %s: the server is not ready or full; try again later", c.cfg.Name).Because(err)
		}
		return fmt.Errorf("system %s: %s: %w", c.cfg.Name, doing, err)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return connector.ErrUnreachable.With("system %s: %s does not answer; check host, port and firewall", c.cfg.Name, net.JoinHostPort(c.base.Host, strconv.Itoa(int(c.base.Port)))).Because(err)
	}
	return connector.ErrIncomplete.With("system %s: the connection broke while %s; nothing was kept", c.cfg.Name, doing).Because(err)
}

// Describe connects and says which version it is and what cannot be seen.
func (c *Cluster) Describe(ctx context.Context) (connector.Description, error) {
	d := connector.Description{Kind: Kind}
	conn, err := c.connect(ctx, "")
	if err != nil {
		return d, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is left to say
	d.Version = conn.PgConn().ParameterStatus("server_version")
	if version(d.Version) < 12 {
		return d, connector.ErrInput.With("system %s: PostgreSQL %s is older than 12, which is the oldest that can be read", c.cfg.Name, d.Version)
	}
	rows, err := conn.Query(ctx, `select datname from pg_database where datallowconn and not datistemplate and not has_database_privilege(datname, 'CONNECT') order by 1`)
	if err != nil {
		return d, c.explain(err, "listing databases")
	}
	closed, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return d, c.explain(err, "listing databases")
	}
	for _, name := range closed {
		d.Warnings = append(d.Warnings, fmt.Sprintf("database %s is left out: %s may not connect to it; grant CONNECT to read it", clean(name), c.base.User))
	}
	return d, nil
}

func version(text string) int {
	n, _ := strconv.Atoi(strings.FieldsFunc(text+" ", func(r rune) bool { return r < '0' || r > '9' })[0])
	return n
}

const maxText = 4096

// clean caps what the server calls something and makes it valid text.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}
