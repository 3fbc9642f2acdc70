package testkit

import (
	_ "embed"
	"testing"
)

//go:embed mysql.sh
var mysqlScript string

var mySQL = mysqlBrand{name: "MySQL", script: mysqlScript}

// MySQLServer is a private MySQL server on a loopback port.
type MySQLServer struct{ *mysqlSpeaker }

// NewMySQL starts a server for one test, which may do with its accounts and settings as it
// likes.
func NewMySQL(tb testing.TB) *MySQLServer {
	tb.Helper()
	return &MySQLServer{mySQL.start(tb)}
}
