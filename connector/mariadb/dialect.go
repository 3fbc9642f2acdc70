package mariadb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

// dialect is what MariaDB and MySQL have each in a way of its own.
type dialect interface {
	spec() connector.Spec
	product() string
	// oldest is the oldest version that is read, and reads whether one is.
	oldest() string
	reads(version string, number int) bool
	// session sets one so that its statements mean one thing.
	session(c *mysql.Config, timeout time.Duration)
	// keeps are the ways of signing in of which passwords are kept, and checks what may keep
	// the server from taking one.
	keeps() []string
	checks() string
	// everything is what a privilege on everything lets one do.
	everything(word string) []access.Right
	// accounts reads accounts and roles without verifiers; where narrows them.
	accounts(ctx context.Context, s *session, doing, where string, args ...any) ([]accountRow, error)
	members(ctx context.Context, s *session, known map[accountName]*accountRow) ([]memberRow, error)
	// setPassword gives an account, which may be Writ's own, another one.
	setPassword(ctx context.Context, s *session, row *accountRow, plugin string, value secret.Secret, own bool) error
}

// called is a system in messages.
func called(d dialect, name string) string { return fmt.Sprintf("%s %q", d.spec().Kind, name) }

// mariaDB is MariaDB's.
type mariaDB struct{}

func (mariaDB) spec() connector.Spec { return Spec() }

func (mariaDB) product() string { return "MariaDB" }

func (mariaDB) oldest() string { return "MariaDB 10.6 or newer" }

func (mariaDB) reads(version string, number int) bool {
	return strings.Contains(version, "MariaDB") && number >= 10*100+6
}

func (mariaDB) session(c *mysql.Config, timeout time.Duration) {
	c.Params = map[string]string{"sql_mode": "'NO_BACKSLASH_ESCAPES,NO_AUTO_CREATE_USER,STRICT_ALL_TABLES'", "max_statement_time": strconv.Itoa(int(timeout.Seconds()))}
}

func (mariaDB) keeps() []string { return []string{nativePassword, ed25519Plugin} }

func (mariaDB) checks() string {
	return "strict_password_validation, which refuses verifiers where a plugin checks passwords"
}

func (mariaDB) everything(word string) []access.Right { return everythingRights(word) }

func (mariaDB) accounts(ctx context.Context, s *session, doing, where string, args ...any) ([]accountRow, error) {
	rows, err := list(ctx, s, doing, scanAccount, queryAccounts+where, args...)
	for i := range rows {
		rows[i].Words = globals(rows[i].Access)
	}
	return rows, err
}

// members: of what an account is in, one role is active when it signs in.
func (mariaDB) members(ctx context.Context, s *session, known map[accountName]*accountRow) ([]memberRow, error) {
	rows, err := list(ctx, s, "reading who is in which role", scanMember, queryMembers)
	for i, m := range rows {
		row := known[m.accountName]
		rows[i].Active = row != nil && row.DefaultRole == m.Role.User
	}
	return rows, err
}

// setPassword sends a verifier that is made here: the password itself is in no statement, and
// so in no log of the server's and on no replica's way.
func (mariaDB) setPassword(ctx context.Context, s *session, row *accountRow, plugin string, value secret.Secret, own bool) error {
	verifier := literal(verifiers[plugin](value))
	text := "alter user " + row.sql() + " identified via " + plugin + " using " + verifier
	switch mark := row.mark(); {
	case own:
		text = "set password = " + verifier // every account may, and it leaves all else
	case mark != "":
		text += " or " + socketPlugin + " using " + literal(connector.Sign(mark))
	}
	return s.exec(ctx, text)
}
