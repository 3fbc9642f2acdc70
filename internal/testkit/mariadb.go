package testkit

import (
	_ "embed"
	"testing"
)

//go:embed mariadb.sh
var mariaDBScript string

var mariaDB = mysqlBrand{name: "MariaDB", script: mariaDBScript}

// MariaDBServer is a private MariaDB server on a loopback port.
type MariaDBServer struct{ *mysqlSpeaker }

// NewMariaDB starts a server for one test, which may do with its accounts and settings as it
// likes.
func NewMariaDB(tb testing.TB) *MariaDBServer {
	tb.Helper()
	return &MariaDBServer{mariaDB.start(tb)}
}
