package mariadb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
)

// What the servers call the things that can go wrong.
const (
	codeTooMany        = 1040
	codeDBDenied       = 1044
	codeDenied         = 1045
	codeUnknownDB      = 1049
	codeHostBlocked    = 1129
	codeHostRefused    = 1130
	codeNoAccount      = 1133
	codeNoGrant        = 1141
	codeTableDenied    = 1142
	codeColumnDenied   = 1143
	codeNoTable        = 1146
	codeNoTableGrant   = 1147
	codeNoVariable     = 1193
	codeUserLimit      = 1203
	codeUserResource   = 1226
	codeNeedsPrivilege = 1227
	codeNoSuchValue    = 1231
	codePrevented      = 1290 // by an option of the server's
	codeNoRoutine      = 1305
	codeRoutineDenied  = 1370
	codeNotUser        = 1396 // what CREATE, ALTER or DROP USER does not do
	codeNoRoutineGrant = 1403
	codePluginMissing  = 1524
	codeDeniedAny      = 1698 // as 1045, where the last way of signing in asks for no password
	codeReadOnly       = 1792
	codeMustChoose     = 1820
	codeWeak           = 1819
	codeExpired        = 1862
	codeInterrupted    = 1969 // max_statement_time
	codeTimedOut       = 3024 // max_execution_time, on MySQL
	codeNotRole        = 1959
	codeRoleGrant      = 1961
	codeLocked         = 4151
	codeLockedToo      = 3118 // on MySQL
	codeTooOften       = 3955 // too many wrong passwords, on MySQL
	codeReused         = 3638 // a password that was there before, on MySQL
)

// grace is how much longer than the server Writ waits for an answer.
const grace = 2 * time.Second

// session is one connection.
type session struct {
	*Server
	pool *sql.DB
	*sql.Conn
}

// dialler connects once: database/sql would try again by itself, and who calls decides that.
type dialler struct{ driver.Connector }

// challenges is how often a sign-in is begun anew where the driver has misread the server's
// challenge: it takes a last byte of zero for the end of a text, of which ed25519 has one in
// 256.
const challenges = 4

func (d dialler) Connect(ctx context.Context) (c driver.Conn, err error) {
	for range challenges {
		if c, err = d.Connector.Connect(ctx); !errors.Is(err, mysql.ErrMalformPkt) {
			break
		}
	}
	if errors.Is(err, driver.ErrBadConn) {
		return nil, errHungUp
	}
	return c, err
}

var errHungUp = errors.New("the server hung up")

// connect opens a connection whose statements mean one thing, however the server is set up.
func (s *Server) connect(ctx context.Context) (*session, error) {
	config := s.line.config.Clone()
	s.session(config, s.timeout)
	config.Params["lock_wait_timeout"], config.Params["time_zone"] = strconv.Itoa(int(s.timeout.Seconds())), "'+00:00'"
	c, err := mysql.NewConnector(config)
	if err != nil {
		return nil, connector.ErrInput.With("%s: the address cannot be dialled", s.called)
	}
	within, cancel := context.WithTimeout(ctx, min(connectLimit, s.timeout+grace))
	defer cancel()
	pool := sql.OpenDB(dialler{c})
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(within)
	if err != nil {
		_ = pool.Close()
		return nil, s.connectError(err)
	}
	return &session{Server: s, pool: pool, Conn: conn}, nil
}

// end closes a session; what it has to say is said.
func (s *session) end() {
	_ = s.Conn.Close()
	_ = s.pool.Close()
}

func (s *Server) connectError(err error) error {
	where, user := s.line.config.Addr, clean(s.line.config.User)
	switch codeOf(err) {
	case codeDenied, codeDeniedAny, codeHostRefused, codeLocked, codeLockedToo, codeTooOften, codeMustChoose, codeExpired:
		return connector.ErrCredentials.With("%s: %s refused account %q; check the password, that the account may come from here, and that it is neither locked nor expired", s.called, where, user).Because(err)
	case codeNoVariable, codeNoSuchValue: // of what a session is set to
		return connector.ErrInput.With("%s: the server is not %s, the oldest that Writ reads", s.called, s.oldest()).Because(err)
	case codeHostBlocked:
		return connector.ErrUnreachable.With("%s: %s takes nobody from here any more, after too many broken connections; run `flush hosts` there", s.called, where).Because(err)
	}
	return connector.ErrUnreachable.With("%s: %s does not answer; check the address, the network, TLS and that the server takes connections", s.called, where).Because(err)
}

func codeOf(err error) uint16 {
	var said *mysql.MySQLError
	if errors.As(err, &said) {
		return said.Number
	}
	return 0
}

// failed names the system and what was being done. An error that already is one of the
// connector's stays as it is.
func (s *session) failed(doing string, err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	switch codeOf(err) {
	case codeDBDenied, codeTableDenied, codeColumnDenied, codeRoutineDenied, codeNeedsPrivilege:
		return connector.ErrPrivilege.With("%s: account %q lacks what is needed for %s; the manual's page says what to grant it", s.called, clean(s.line.config.User), doing).Because(err)
	case codeInterrupted, codeTimedOut:
		return connector.ErrIncomplete.With("%s: %s took too long, nothing of it counts; raise option timeout or try at a quieter time", s.called, doing).Because(err)
	case codeReadOnly, codePrevented:
		return connector.ErrUnsupported.With("%s: the server takes no changes; give the address of the primary, and look at read_only there", s.called).Because(err)
	}
	return connector.ErrIncomplete.With("%s: %s stopped half-way, nothing of it counts; try again", s.called, doing).Because(err)
}

// within gives one request to the server its time. The server's own limits do not help where
// the server or the network between falls silent.
func (s *session) within(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout+grace)
	defer cancel()
	return do(ctx)
}

// exec runs a statement that has nothing to say.
func (s *session) exec(ctx context.Context, statement string) error {
	return s.within(ctx, func(ctx context.Context) error {
		_, err := s.ExecContext(ctx, statement)
		return err
	})
}

// list runs a query and has scan make a row of each line.
func list[T any](ctx context.Context, s *session, doing string, scan func(*T) []any, query string, args ...any) (all []T, err error) {
	err = s.within(ctx, func(ctx context.Context) error {
		rows, err := s.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // Err has it
		for rows.Next() {
			var row T
			if err := rows.Scan(scan(&row)...); err != nil {
				return fmt.Errorf("reading a row: %w", err)
			}
			all = append(all, row)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, s.failed(doing, err)
	}
	return all, nil
}

// value is a scan of one column.
func value[T any](v *T) []any { return []any{v} }

// number is the answer to a query for one.
func (s *session) number(ctx context.Context, doing, query string, args ...any) (int, error) {
	rows, err := list(ctx, s, doing, value[int], query, args...)
	if err != nil || len(rows) != 1 {
		return 0, err
	}
	return rows[0], nil
}
