package mariadb

import (
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// grantOption is the privilege to give others what one has at a level.
const grantOption = "GRANT OPTION"

// globalBits are the privileges on everything in the order in which the server keeps them,
// in one number. What has come since (SHOW CREATE ROUTINE) can do nothing by itself.
var globalBits = []string{
	"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "RELOAD", "SHUTDOWN", "PROCESS", "FILE", grantOption, "REFERENCES", "INDEX", "ALTER",
	"SHOW DATABASES", "SUPER", "CREATE TEMPORARY TABLES", "LOCK TABLES", "EXECUTE", "REPLICATION SLAVE", "BINLOG MONITOR", "CREATE VIEW", "SHOW VIEW",
	"CREATE ROUTINE", "ALTER ROUTINE", "CREATE USER", "EVENT", "TRIGGER", "CREATE TABLESPACE", "DELETE HISTORY", "SET USER", "FEDERATED ADMIN",
	"CONNECTION ADMIN", "READ_ONLY ADMIN", "REPLICATION SLAVE ADMIN", "REPLICATION MASTER ADMIN", "BINLOG ADMIN", "BINLOG REPLAY", "SLAVE MONITOR",
}

// globals are the words of a number. Who has all has bits too that no privilege has yet.
func globals(bits uint64) (words []string) {
	for i, word := range globalBits {
		if bits&(1<<i) != 0 {
			words = append(words, word)
		}
	}
	return words
}

// written are the privileges whose names in the tables of grants are not those of statements.
var written = map[string]string{
	"GRANT": grantOption, "CREATE TMP TABLE": "CREATE TEMPORARY TABLES", "DELETE VERSIONING ROWS": "DELETE HISTORY",
}

// word is the privilege that a table of grants writes as a column's name or in a set.
func word(name string) string {
	name = strings.ToUpper(strings.ReplaceAll(strings.TrimSuffix(name, "_priv"), "_", " "))
	if is := written[name]; is != "" {
		return is
	}
	return name
}

// The levels at which privileges are given, as the kinds of entitlements.
const (
	onEverything = "global"
	onDatabase   = "database"
	onDatabases  = "databases" // by a pattern
	onTable      = "table"
	onColumn     = "column"
)

// routineKinds are the kinds of routine, by what the server calls them.
var routineKinds = map[string]string{"PROCEDURE": "procedure", "FUNCTION": "function", "PACKAGE": "package", "PACKAGE BODY": "package_body", "LIBRARY": "library"}

// changeable are the privileges that can be given and taken, so that no text of an id ever is
// a statement's.
var changeable = map[string][]string{
	onEverything:   globalBits,
	onDatabase:     databaseWords,
	onDatabases:    databaseWords,
	onTable:        {"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", grantOption, "REFERENCES", "INDEX", "ALTER", "CREATE VIEW", "SHOW VIEW", "TRIGGER", "DELETE HISTORY"},
	onColumn:       {"SELECT", "INSERT", "UPDATE", "REFERENCES"},
	"procedure":    routineWords,
	"function":     routineWords,
	"package":      routineWords,
	"package_body": routineWords,
}

var (
	databaseWords = []string{
		"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", grantOption, "REFERENCES", "INDEX", "ALTER", "CREATE TEMPORARY TABLES", "LOCK TABLES",
		"CREATE VIEW", "SHOW VIEW", "CREATE ROUTINE", "ALTER ROUTINE", "EXECUTE", "EVENT", "TRIGGER", "DELETE HISTORY", "SHOW CREATE ROUTINE",
	}
	routineWords = []string{"EXECUTE", "ALTER ROUTINE", grantOption, "SHOW CREATE ROUTINE"}
)

// rights are what a privilege lets one do with what it is on.
var rights = map[string][]access.Right{
	"SELECT": {access.ReadSensitive}, "INSERT": {access.ChangeConfig}, "UPDATE": {access.ChangeConfig}, "DELETE": {access.DestroyData},
	"CREATE": {access.ChangeConfig}, "DROP": {access.DestroyData}, grantOption: {access.GrantAccess}, "INDEX": {access.ChangeConfig},
	"ALTER": {access.ChangeConfig}, "CREATE VIEW": {access.ChangeConfig}, "CREATE ROUTINE": {access.ChangeConfig}, "ALTER ROUTINE": {access.ChangeConfig},
	"EVENT": {access.ChangeConfig}, "TRIGGER": {access.ChangeConfig}, "DELETE HISTORY": {access.DestroyData},
}

// globalRights are what a privilege on everything lets one do beyond that: the tables that
// say who may do what are part of everything.
var globalRights = map[string][]access.Right{
	"INSERT": {access.GrantAccess}, "UPDATE": {access.GrantAccess}, "DELETE": {access.GrantAccess}, "CREATE USER": {access.GrantAccess},
	"CREATE ROLE": {access.GrantAccess}, "DROP ROLE": {access.GrantAccess},
	"SUPER": {access.BypassControls, access.ChangeConfig}, "SET USER": {access.BypassControls}, "FILE": {access.BypassControls, access.ReadSensitive},
	"DELETE HISTORY": {access.BypassControls}, "BINLOG ADMIN": {access.BypassControls}, "BINLOG REPLAY": {access.BypassControls, access.ChangeConfig},
	"PROCESS": {access.ReadSensitive}, "REPLICATION SLAVE": {access.ReadSensitive}, "RELOAD": {access.ChangeConfig}, "SHUTDOWN": {access.ChangeConfig},
	"CONNECTION ADMIN": {access.ChangeConfig}, "READ_ONLY ADMIN": {access.ChangeConfig}, "REPLICATION SLAVE ADMIN": {access.ChangeConfig},
	"REPLICATION MASTER ADMIN": {access.ChangeConfig}, "FEDERATED ADMIN": {access.ChangeConfig}, "CREATE TABLESPACE": {access.ChangeConfig},
}

// ownDatabase holds the tables that say who may do what.
const ownDatabase = "mysql"

// ownRights are what a privilege on the server's own tables lets one do with the system.
var ownRights = map[string][]access.Right{
	"SELECT": {access.ReadSensitive}, "INSERT": {access.GrantAccess}, "UPDATE": {access.GrantAccess}, "DELETE": {access.GrantAccess}, "DROP": {access.DestroyData},
}

func onSystem(rights ...access.Right) []connector.Capability {
	return on(connector.Target{Kind: connector.OnSystem}, rights...)
}

func on(t connector.Target, rights ...access.Right) []connector.Capability {
	var can []connector.Capability
	for _, r := range rights {
		can = append(can, connector.Capability{Right: r, On: t})
	}
	return can
}

// everythingRights are what a privilege on everything lets one do.
func everythingRights(word string) []access.Right {
	all := slices.Concat(rights[word], globalRights[word])
	slices.Sort(all)
	return slices.Compact(all)
}
