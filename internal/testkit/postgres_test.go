package testkit

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestDatabasesAreApart(t *testing.T) {
	a, b := Database(t), Database(t)
	if a == b {
		t.Fatal("two tests got one database")
	}
	conn, err := pgx.Connect(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // the server ends with the test
	if _, err := conn.Exec(t.Context(), "create table only_here (x int)"); err != nil {
		t.Fatal(err)
	}
	other, err := pgx.Connect(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context()) //nolint:errcheck // the server ends with the test
	if _, err := other.Exec(t.Context(), "select * from only_here"); err == nil {
		t.Fatal("a table of one database is seen in another")
	}
}
