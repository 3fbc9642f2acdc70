package mariadb

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

// MySQLKind is the connector's kind for MySQL.
const MySQLKind = "mysql"

// mostOfMySQL is how long a password may be: in the clear it is encrypted by a key of the
// server's, of which 2,048 bits hold 213 bytes (RFC 8017, 7.1.1).
const mostOfMySQL = 200

// MySQLSpec describes a MySQL server, which is read, and whose passwords are kept.
func MySQLSpec() connector.Spec {
	s := Spec()
	return connector.Spec{
		Kind: MySQLKind, Title: "MySQL server", Address: "mysql://writ@db1.example.com:3306",
		Options: []connector.Option{s.Options[0], s.Options[1], s.Options[2], s.Options[3], {
			Name: optHost, Help: "the name, in Writ, of the host that the server runs on, whose accounts sign in as the server's (auth_socket, authentication_pam)",
		}},
		Keeps: s.Keeps,
		Takes: connector.SecretPolicy{Most: mostOfMySQL, Without: connector.NotPrintable},
		Open:  openMySQL,
	}
}

func openMySQL(_ context.Context, cfg connector.Config) (connector.Connector, error) {
	if _, has := cfg.Options[optLendHost]; has {
		return nil, connector.ErrInput.With("%s: option %q is not known", called(mySQL{}, cfg.Name), optLendHost)
	}
	s, err := newServer(mySQL{}, cfg)
	if err != nil {
		return nil, err
	}
	return keeper{s}, nil
}

// keeper is a server of which nothing is changed but passwords.
type keeper struct{ s *Server }

var _ connector.Keeper = keeper{}

// Describe implements connector.Connector.
func (k keeper) Describe(ctx context.Context) (connector.Description, error) {
	return k.s.Describe(ctx)
}

// Discover implements connector.Connector.
func (k keeper) Discover(ctx context.Context, cursor string) iter.Seq2[connector.Record, error] {
	return k.s.Discover(ctx, cursor)
}

// Close implements connector.Connector.
func (k keeper) Close() error { return k.s.Close() }

// SetSecret implements connector.Keeper.
func (k keeper) SetSecret(ctx context.Context, n connector.NewSecret) error {
	return k.s.SetSecret(ctx, n)
}

// Opens implements connector.Keeper.
func (k keeper) Opens(ctx context.Context, account string, kind connector.SecretKind, value secret.Secret) (bool, error) {
	return k.s.Opens(ctx, account, kind, value)
}

// mySQL is MySQL's.
type mySQL struct{}

func (mySQL) spec() connector.Spec { return MySQLSpec() }

func (mySQL) product() string { return "MySQL" }

func (mySQL) oldest() string { return "MySQL 8.0.14 or newer" }

func (mySQL) reads(version string, number int) bool {
	if strings.Contains(version, "MariaDB") || strings.Contains(version, "TiDB") {
		return false
	}
	var patch int
	_, err := fmt.Sscanf(version, "8.0.%d", &patch)
	return number > 8*100 || err == nil && patch >= 14
}

// session has the driver put values into statements, quoted: the server takes no parameter
// where a password stands.
func (mySQL) session(c *mysql.Config, timeout time.Duration) {
	c.InterpolateParams = true
	c.Params = map[string]string{"sql_mode": "'NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'", "max_execution_time": strconv.FormatInt(timeout.Milliseconds(), 10)}
}

const cachingSHA2 = "caching_sha2_password"

func (mySQL) keeps() []string { return []string{cachingSHA2, "sha256_password", nativePassword} }

func (mySQL) checks() string {
	return "validate_password, or how often a password may come again"
}

// everything is of MySQL's own privileges, which have an underscore in their names, too; of
// one that is not known somebody should look at what it is.
func (mySQL) everything(word string) []access.Right {
	if !strings.Contains(word, "_") {
		return everythingRights(word)
	}
	rights, known := dynamicRights[word]
	if !known {
		rights = []access.Right{access.ChangeConfig}
	}
	return rights
}

// withGrant is that one may give a privilege to others, which MySQL keeps of each of its own.
const withGrant = " " + grantOption

// dynamicRights are what MySQL's own privileges let one do.
var dynamicRights = map[string][]access.Right{
	"ALLOW_NONEXISTENT_DEFINER": {access.BypassControls}, "APPLICATION_PASSWORD_ADMIN": nil, "AUDIT_ABORT_EXEMPT": {access.BypassControls},
	"AUDIT_ADMIN": {access.BypassControls}, "BACKUP_ADMIN": {access.ReadSensitive}, "BINLOG_ADMIN": {access.BypassControls},
	"BINLOG_ENCRYPTION_ADMIN": {access.BypassControls}, "CLONE_ADMIN": {access.DestroyData, access.ReadSensitive}, "FIREWALL_ADMIN": {access.BypassControls},
	"FIREWALL_EXEMPT": {access.BypassControls}, "FIREWALL_USER": {access.BypassControls}, "FLUSH_OPTIMIZER_COSTS": nil, "FLUSH_STATUS": nil, "FLUSH_TABLES": nil,
	"FLUSH_USER_RESOURCES": nil, "FLUSH_PRIVILEGES": nil, "GROUP_REPLICATION_STREAM": {access.ReadSensitive}, "OPTIMIZE_LOCAL_TABLE": nil, //nolint:misspell // it is MySQL's word
	"PASSWORDLESS_USER_ADMIN": {access.GrantAccess}, "REPLICATION_APPLIER": {access.BypassControls, access.ChangeConfig}, "ROLE_ADMIN": {access.GrantAccess},
	"SENSITIVE_VARIABLES_OBSERVER": {access.ReadSensitive}, "SET_ANY_DEFINER": {access.BypassControls}, "SET_USER_ID": {access.BypassControls},
	"SHOW_ROUTINE": nil, "SKIP_QUERY_REWRITE": {access.BypassControls}, "SYSTEM_USER": {access.GrantAccess}, "XA_RECOVER_ADMIN": {access.ReadSensitive},
}

// staticPrivileges are the columns of the privileges on everything, and their words.
var staticPrivileges = [][2]string{
	{"Select_priv", "SELECT"},
	{"Insert_priv", "INSERT"},
	{"Update_priv", "UPDATE"},
	{"Delete_priv", "DELETE"},
	{"Create_priv", "CREATE"},
	{"Drop_priv", "DROP"},
	{"Reload_priv", "RELOAD"},
	{"Shutdown_priv", "SHUTDOWN"},
	{"Process_priv", "PROCESS"},
	{"File_priv", "FILE"},
	{"Grant_priv", grantOption},
	{"References_priv", "REFERENCES"},
	{"Index_priv", "INDEX"},
	{"Alter_priv", "ALTER"},
	{"Show_db_priv", "SHOW DATABASES"},
	{"Super_priv", "SUPER"},
	{"Create_tmp_table_priv", "CREATE TEMPORARY TABLES"},
	{"Lock_tables_priv", "LOCK TABLES"},
	{"Execute_priv", "EXECUTE"},
	{"Repl_slave_priv", "REPLICATION SLAVE"},
	{"Repl_client_priv", "REPLICATION CLIENT"},
	{"Create_view_priv", "CREATE VIEW"},
	{"Show_view_priv", "SHOW VIEW"},
	{"Create_routine_priv", "CREATE ROUTINE"},
	{"Alter_routine_priv", "ALTER ROUTINE"},
	{"Create_user_priv", "CREATE USER"},
	{"Event_priv", "EVENT"},
	{"Trigger_priv", "TRIGGER"},
	{"Create_tablespace_priv", "CREATE TABLESPACE"},
	{"Create_role_priv", "CREATE ROLE"},
	{"Drop_role_priv", "DROP ROLE"},
}

// queryMySQLAccounts reads one row for each. What has no password, is locked, and would have
// to change it was made as a role. A second factor counts as so many more ways as are never
// looked at.
var queryMySQLAccounts = `select User, Host, account_locked = 'Y' and password_expired = 'Y' and authentication_string = '', 0, account_locked = 'Y',
	if(password_expired = 'Y', 0, coalesce(unix_timestamp(password_last_changed), -1)), coalesce(password_lifetime, -1), '', max_user_connections,
	case ssl_type when '' then 0 when 'ANY' then 1 else 2 end, coalesce(json_length(User_attributes, '$.multi_factor_authentication'), 0) * ` + strconv.Itoa(waysRead) + `,
	plugin, case when plugin in ('auth_socket', 'authentication_pam') then left(authentication_string, 256) end, authentication_string = ''` +
	strings.Repeat(", null, null, null", waysRead-1) + `, concat_ws(','` + staticWords() + `) from mysql.user`

func staticWords() string {
	var b strings.Builder
	for _, p := range staticPrivileges {
		fmt.Fprintf(&b, ", if(%s = 'Y', '%s', null)", p[0], p[1])
	}
	return b.String()
}

// mySQLRow is an account with its privileges on everything in one text.
type mySQLRow struct {
	accountRow
	words string
}

func scanMySQLAccount(r *mySQLRow) []any { return append(scanAccount(&r.accountRow), &r.words) }

type dynamicRow struct {
	accountName
	Word  string
	Grant bool
}

func scanDynamic(r *dynamicRow) []any { return []any{&r.User, &r.Host, &r.Word, &r.Grant} }

func (mySQL) accounts(ctx context.Context, s *session, doing, where string, args ...any) ([]accountRow, error) {
	rows, err := list(ctx, s, doing, scanMySQLAccount, queryMySQLAccounts+where, args...)
	if err != nil {
		return nil, err
	}
	dynamic, err := list(ctx, s, doing, scanDynamic, "select User, Host, Priv, With_grant_option = 'Y' from mysql.global_grants"+where+" order by User, Host, Priv", args...)
	if err != nil {
		return nil, err
	}
	all, at := make([]accountRow, len(rows)), map[accountName]*accountRow{}
	for i, r := range rows {
		all[i] = r.accountRow
		if r.words != "" {
			all[i].Words = strings.Split(r.words, ",")
		}
		at[r.accountName] = &all[i]
	}
	for _, d := range dynamic {
		if row := at[d.accountName]; row != nil {
			word := d.Word
			if d.Grant {
				word += withGrant
			}
			row.Words = append(row.Words, word)
		}
	}
	return all, nil
}

const (
	queryMySQLMembers = `select TO_USER, TO_HOST, FROM_USER, FROM_HOST, WITH_ADMIN_OPTION = 'Y', @@global.activate_all_roles_on_login or exists (
	select 1 from mysql.default_roles d where d.USER = TO_USER and d.HOST = TO_HOST and d.DEFAULT_ROLE_USER = FROM_USER and d.DEFAULT_ROLE_HOST = FROM_HOST) from mysql.role_edges`
	queryMandatory = `select @@global.mandatory_roles`
)

func scanMySQLMember(r *memberRow) []any {
	return []any{&r.User, &r.Host, &r.Role.User, &r.Role.Host, &r.Admin, &r.Active}
}

// members are also of the roles that everybody is in.
func (mySQL) members(ctx context.Context, s *session, known map[accountName]*accountRow) ([]memberRow, error) {
	const doing = "reading who is in which role"
	rows, err := list(ctx, s, doing, scanMySQLMember, queryMySQLMembers)
	if err != nil {
		return nil, err
	}
	texts, err := list(ctx, s, doing, value[string], queryMandatory)
	if err != nil {
		return nil, err
	}
	for _, text := range texts {
		for name := range strings.SplitSeq(text, ",") {
			if a, ok := mandatory(name); ok && known[a] != nil {
				rows = append(rows, memberRow{accountName: accountName{User: publicRole}, Role: a})
			}
		}
	}
	return rows, nil
}

// mandatory is the role that a setting names, with quotes or without.
func mandatory(text string) (accountName, bool) {
	user, host, has := strings.Cut(strings.TrimSpace(text), "@")
	if !has {
		host = everywhere
	}
	a := accountName{strings.Trim(user, "`'\""), strings.Trim(host, "`'\"")}
	return a, a.User != ""
}

// setPassword sends the password itself: of what MySQL keeps of one no library makes. In its
// logs the server writes what it keeps instead, unless it was told to write all as it came;
// and nobody is to read it on the way. A password that was kept beside, for a time of change,
// opens no more from the same statement on: whoever is killed after it has left none.
func (mySQL) setPassword(ctx context.Context, s *session, row *accountRow, plugin string, value secret.Secret, own bool) error {
	if s.line.inClear() {
		return connector.ErrUnsupported.With("%s: the connection is in the clear (option tls=off), and a new password of MySQL crosses it as it is; say tls=on", s.called)
	}
	raw, err := s.number(ctx, "asking what the server logs", "select @@global.log_raw")
	if err != nil {
		return err
	}
	if raw != 0 {
		return connector.ErrUnsupported.With("%s: the server logs passwords as they come (log_raw); turn that off", s.called)
	}
	second, err := s.number(ctx, "asking for another password", querySecond, row.User, row.Host)
	if err != nil {
		return err
	}
	text, args := "alter user "+row.sql()+" identified with "+plugin+" by ?", []any{string(value.Reveal())}
	if own { // every account may, and says what it had
		text, args = "alter user "+row.sql()+" identified by ? replace ?", append(args, s.line.config.Passwd)
	}
	if second > 0 {
		text += ", " + row.sql() + " discard old password"
	}
	return s.within(ctx, func(ctx context.Context) error {
		_, err := s.ExecContext(ctx, text, args...)
		return unsaid(err)
	})
}

const querySecond = "select count(*) from mysql.user where User = ? and Host = ? and json_contains_path(User_attributes, 'one', '$.additional_password')"

// unsaid is an error without what the server quotes of the statement.
func unsaid(err error) error {
	var said *mysql.MySQLError
	if errors.As(err, &said) {
		return &mysql.MySQLError{Number: said.Number, SQLState: said.SQLState, Message: "what the server says is not shown, since it may quote the statement"}
	}
	return err
}
