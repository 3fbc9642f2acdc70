package mariadb

import (
	"database/sql"
	"fmt"
	"strings"

	"github.com/writhq/writ/connector"
)

// Every query names its columns in the order of the scan beside it and takes values as
// parameters. What is in an account's authentication_string is selected only where the way of
// signing in is one that keeps a name there, never where it keeps a verifier.

const queryVersion = `select version(), current_user(), user()`

type versionRow struct{ Text, Me, User string }

func scanVersion(r *versionRow) []any { return []any{&r.Text, &r.Me, &r.User} }

// waysRead are the ways of signing in to one account that are looked at.
const waysRead = 4

// way is one of the ways of signing in to an account.
type way struct {
	plugin string
	name   string // of whom it lets in, where it keeps one: an account of the host
	empty  bool   // a password that is none
}

// accountRow is an account or a role.
type accountRow struct {
	accountName
	Role                 bool
	Access               uint64
	Locked               bool
	Changed              int64 // seconds since 1970 of its password; 0: another must be chosen, -1: not known
	Lifetime             int64 // days of its password; -1 as for all, 0 for ever
	DefaultRole          string
	Limit                int64    // connections at once; 0 is any number
	Words                []string // privileges on everything
	TLS                  int64    // 0: not asked for, 1: any, else a certificate of the client's
	Ways                 int64
	plugin, string, none [waysRead]sql.NullString
}

// queryAccounts reads one row for each, without verifiers.
var queryAccounts = `select User, Host, coalesce(json_value(Priv, '$.is_role'), '') in ('1', 'true'),
	coalesce(json_value(Priv, '$.access'), 0), coalesce(json_value(Priv, '$.account_locked'), '') in ('1', 'true'),
	coalesce(json_value(Priv, '$.password_last_changed'), -1), coalesce(json_value(Priv, '$.password_lifetime'), -1),
	coalesce(json_value(Priv, '$.default_role'), ''), coalesce(json_value(Priv, '$.max_user_connections'), 0), coalesce(json_value(Priv, '$.ssl_type'), 0),
	coalesce(json_length(Priv, '$.auth_or'), 0)` + ways() + ` from mysql.global_priv`

// ways selects each way: the first that takes a password is the account's own, and a list
// holds all of them, that one as {}.
func ways() string {
	var b strings.Builder
	for i := range waysRead {
		at := "$"
		if i > 0 {
			at = fmt.Sprintf("$.auth_or[%d]", i-1)
		}
		plugin, kept := "json_value(Priv, '"+at+".plugin')", "json_value(Priv, '"+at+".authentication_string')"
		fmt.Fprintf(&b, ", %s, case when %[1]s in ('unix_socket', 'pam') then left(%[2]s, 256) end, coalesce(%[2]s, '') = ''", plugin, kept)
	}
	return b.String()
}

func scanAccount(r *accountRow) []any {
	list := []any{&r.User, &r.Host, &r.Role, &r.Access, &r.Locked, &r.Changed, &r.Lifetime, &r.DefaultRole, &r.Limit, &r.TLS, &r.Ways}
	for i := range waysRead {
		list = append(list, &r.plugin[i], &r.string[i], &r.none[i])
	}
	return list
}

// ways are the account's ways of signing in, Writ's mark apart.
func (r *accountRow) ways() (list []way) {
	for i := range waysRead {
		plugin := r.plugin[i].String
		if i == 0 && plugin == "" {
			plugin = nativePassword
		}
		if plugin == "" || plugin == socketPlugin && connector.Signed(r.string[i].String) != "" {
			continue
		}
		list = append(list, way{plugin, r.string[i].String, r.none[i].String == "1"})
	}
	return list
}

// mark is whose the account is, where Writ made it.
func (r *accountRow) mark() string {
	for i := range waysRead {
		if r.plugin[i].String == socketPlugin {
			if mark := connector.Signed(r.string[i].String); mark != "" {
				return mark
			}
		}
	}
	return ""
}

// Each table of grants names who has them by user and host; a role's host is empty.

type grantRow struct {
	accountName
	Database, Name, Column, Kind, Words string
}

func scanGrant(r *grantRow) []any {
	return []any{&r.User, &r.Host, &r.Database, &r.Name, &r.Column, &r.Kind, &r.Words}
}

const (
	queryTables   = `select User, Host, Db, Table_name, '', '', Table_priv from mysql.tables_priv`
	queryColumns  = `select User, Host, Db, Table_name, Column_name, '', Column_priv from mysql.columns_priv`
	queryRoutines = `select User, Host, Db, Routine_name, '', Routine_type, Proc_priv from mysql.procs_priv`
	// queryDatabases takes whatever privileges the version has: each is a column.
	queryDatabases = `select * from mysql.db`
)

// memberRow is who is in which role.
type memberRow struct {
	accountName
	Role   accountName
	Admin  bool
	Active bool // as soon as one signs in
}

func scanMember(r *memberRow) []any { return []any{&r.User, &r.Host, &r.Role.User, &r.Admin} }

const queryMembers = `select User, Host, Role, Admin_option = 'Y' from mysql.roles_mapping where not (User = '' and Host = '')`

type proxyRow struct {
	accountName
	As    accountName
	Grant bool
}

func scanProxy(r *proxyRow) []any {
	return []any{&r.User, &r.Host, &r.As.User, &r.As.Host, &r.Grant}
}

const queryProxies = `select User, Host, Proxied_user, Proxied_host, With_grant from mysql.proxies_priv`

const (
	querySchemas  = `select schema_name from information_schema.schemata where schema_name not in ('information_schema', 'performance_schema', 'sys') order by binary schema_name`
	querySettings = `select @@global.disconnect_on_expired_password, @@global.default_password_lifetime`
	queryPlugin   = `select count(*) from information_schema.plugins where plugin_name = ? and plugin_status = 'ACTIVE'`
	queryTLS      = `show session status like 'Ssl_cipher'`
)

type settingsRow struct {
	Disconnects bool
	Lifetime    int64
}

// statusRow is a variable of a server's state.
type statusRow struct{ Name, Value string }

func scanStatus(r *statusRow) []any { return []any{&r.Name, &r.Value} }

func scanSettings(r *settingsRow) []any { return []any{&r.Disconnects, &r.Lifetime} }

// processRow is a connection.
type processRow struct {
	ID         int64
	User, Host string
}

func scanProcess(r *processRow) []any { return []any{&r.ID, &r.User, &r.Host} }

const queryProcesses = `select id, user, host from information_schema.processlist where user = ? and id <> connection_id()`

// definedRow is what runs with an account's rights.
type definedRow struct{ Kind, Name string }

func scanDefined(r *definedRow) []any { return []any{&r.Kind, &r.Name} }

const queryDefined = `select 'view', concat(table_schema, '.', table_name) from information_schema.views where definer = ?
	union all select lower(routine_type), concat(routine_schema, '.', routine_name) from information_schema.routines where definer = ?
	union all select 'trigger', concat(trigger_schema, '.', trigger_name) from information_schema.triggers where definer = ?
	union all select 'event', concat(event_schema, '.', event_name) from information_schema.events where definer = ?
	order by 1, 2 limit 100`
