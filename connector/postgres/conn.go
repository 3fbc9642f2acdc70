package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
)

// What PostgreSQL calls the things that can go wrong.
const (
	codeNotAuthorised  = "28000"
	codeWrongPassword  = "28P01"
	codeNoPrivilege    = "42501"
	codeNoDatabase     = "3D000"
	codeCanceled       = "57014"
	codeDependents     = "2BP01"
	codeNoObject       = "42704"
	codeNoTable        = "42P01"
	codeNoSchema       = "3F000"
	codeWrongGrant     = "0LP01"
	codeWrongRoleGrant = "0P000"
	codeSyntax         = "42601" // a privilege that this version does not have
	codeDuplicate      = "42710"
	codeUnique         = "23505" // two who make one role at once
	codeReserved       = "42939"
	codeConcurrent     = "XX000" // two who change one role at once; the server has no better word
	codeBadValue       = "22023"
	codeNotSupported   = "0A000"
	codeReadOnly       = "25006"
	codeNotReady       = "55000" // a database that takes no connections
	codeTooMany        = "53300"
)

// grace is how much longer than the server Writ waits for an answer.
const grace = 5 * time.Second

// session is one connection to one database of the cluster.
type session struct {
	*Cluster
	*pgx.Conn
	database string
}

// connect opens a database; "" is the one that the address names. The search path
// holds nothing that a user of the database can put anything into.
func (c *Cluster) connect(ctx context.Context, database string) (*session, error) {
	config := c.line.config.Copy()
	if database != "" {
		config.Database = database
	}
	config.RuntimeParams = map[string]string{
		"application_name": "writ", "client_encoding": "UTF8", "search_path": "pg_catalog, pg_temp", "TimeZone": "UTC",
		"statement_timeout": strconv.FormatInt(c.timeout.Milliseconds(), 10),
		"lock_timeout":      strconv.FormatInt(c.timeout.Milliseconds(), 10),
	}
	maps.DeleteFunc(config.RuntimeParams, func(_, v string) bool { return v == "" })
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, c.connectError(ctx, config, err)
	}
	return &session{Cluster: c, Conn: conn, database: config.Database}, nil
}

// end closes a session; what it has to say is said.
func (s *session) end() {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	_ = s.Conn.Close(ctx)
}

func (c *Cluster) connectError(ctx context.Context, to *pgx.ConnConfig, err error) error {
	where := to.Host + ":" + strconv.Itoa(int(to.Port))
	var said *pgconn.PgError
	if ctx.Err() == nil && errors.As(err, &said) {
		switch said.Code {
		case codeWrongPassword, codeNotAuthorised:
			if to.Database != c.line.config.Database {
				return c.noDatabase(to, err)
			}
			return connector.ErrCredentials.With("postgres %q: %s refused role %q; check the password, and that pg_hba.conf lets the role in from here", c.name, where, to.User).Because(err)
		case codeNoPrivilege:
			return c.noDatabase(to, err)
		case codeNoDatabase:
			return connector.ErrInput.With("postgres %q: %s has no database %q; name another one in the address", c.name, where, clean(to.Database)).Because(err)
		}
	}
	return connector.ErrUnreachable.With("postgres %q: %s does not answer; check the address, the network, TLS and that the server takes connections", c.name, where).Because(err)
}

func (c *Cluster) noDatabase(to *pgx.ConnConfig, err error) error {
	return connector.ErrPrivilege.With("postgres %q: role %q may not connect to database %q: %s", c.name, to.User, clean(to.Database), c.remedy(to.Database)).Because(err)
}

// remedy lets Writ read a database.
func (c *Cluster) remedy(database string) string {
	return clean(fmt.Sprintf("run `grant connect on database %s to %s`, let pg_hba.conf allow it, or leave the database out with option exclude",
		pgx.Identifier{database}.Sanitize(), pgx.Identifier{c.line.config.User}.Sanitize()))
}

// failed names the system and what was being done. An error that already is one
// of the connector's stays as it is.
func (s *session) failed(doing string, err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	var said *pgconn.PgError
	if errors.As(err, &said) {
		switch said.Code {
		case codeNoPrivilege:
			return connector.ErrPrivilege.With("postgres %q: role %q lacks what is needed for %s in database %q", s.name, s.line.config.User, doing, clean(s.database)).Because(err)
		case codeCanceled:
			return connector.ErrIncomplete.With("postgres %q: %s in database %q took too long, nothing of it counts; raise option timeout or try at a quieter time", s.name, doing, clean(s.database)).Because(err)
		}
	}
	return connector.ErrIncomplete.With("postgres %q: %s in database %q stopped half-way, nothing of it counts; try again", s.name, doing, clean(s.database)).Because(err)
}

// list runs a query and makes a row of each line by position.
func list[T any](ctx context.Context, s *session, doing, query string, args ...any) ([]T, error) {
	var all []T
	err := s.within(ctx, func(ctx context.Context) error {
		rows, err := s.Query(ctx, query, args...)
		if err == nil {
			all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		}
		return err
	})
	if err != nil {
		return nil, s.failed(doing, err)
	}
	return all, nil
}

// within gives one request to the server its time. The server's own limits do not
// help where the server or the network between falls silent.
func (s *session) within(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout+grace)
	defer cancel()
	return do(ctx)
}

// exec runs a statement that has nothing to say.
func (s *session) exec(ctx context.Context, statement string) error {
	return s.within(ctx, func(ctx context.Context) error {
		_, err := s.Exec(ctx, statement)
		return err
	})
}

// readOnly runs reads that see one state of the database.
func (s *session) readOnly(ctx context.Context, read func() error) error {
	const doing = "reading"
	var tx pgx.Tx
	err := s.within(ctx, func(ctx context.Context) (err error) {
		tx, err = s.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly, IsoLevel: pgx.RepeatableRead})
		return err
	})
	if err != nil {
		return s.failed(doing, err)
	}
	if err := read(); err != nil {
		_ = s.within(ctx, tx.Rollback) // what went wrong is said; the session's end undoes it too
		return s.failed(doing, err)
	}
	if err := s.within(ctx, tx.Commit); err != nil {
		return s.failed(doing, err)
	}
	return nil
}
