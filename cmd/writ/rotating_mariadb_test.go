package main

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/writhq/writ/connector/mariadb"
	"github.com/writhq/writ/internal/testkit"
)

// A password gets another value in a real MariaDB server, by the same way as elsewhere.
func TestRotationMariaDB(t *testing.T) {
	m := testkit.NewMariaDB(t)
	m.Exec(t, "create user ledger identified by '"+foundPassword+"'")
	rotatesIn(t, mariadb.Kind, m.URL("tester"), m.Open)
}

// As in MySQL.
func TestRotationMySQL(t *testing.T) {
	m := testkit.NewMySQL(t)
	m.Exec(t, "create user ledger identified by '"+foundPassword+"'")
	rotatesIn(t, mariadb.MySQLKind, m.URL("tester"), m.Open)
}

func rotatesIn(t *testing.T, kind, address string, open func(user, password string) (*sql.DB, error)) {
	t.Helper()
	r := &strongroom{plant: newPlant(t, 2)}
	r.keep(kind, address, "ledger")
	signsIn := func(password string) bool {
		t.Helper()
		db, err := open("ledger", password)
		r.must(err)
		defer db.Close() //nolint:errcheck // nothing is left to say
		err = db.PingContext(r.ctx)
		if refused := new(mysql.MySQLError); errors.As(err, &refused) && refused.Number == 1045 {
			return false
		}
		r.must(err)
		return true
	}
	if !signsIn(foundPassword) || signsIn("another") {
		t.Fatal("the server asks for no password")
	}
	r.demand()
	r.must(r.s.Rotate(r.ctx, r.id))
	if q := r.queue(); len(q) != 0 {
		t.Fatalf("it is due still: %+v", q)
	}
	current, all := r.held()
	if len(all) != 1 || current == foundPassword || !signsIn(current) || signsIn(foundPassword) {
		t.Fatalf("of %d values the current one opens: %t, and the one before: %t", len(all), signsIn(current), signsIn(foundPassword))
	}
}
