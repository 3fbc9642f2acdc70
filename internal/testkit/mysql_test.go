package testkit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

func TestMySQLIsItselfAndLeavesNothing(t *testing.T) {
	var dir string
	t.Run("server", func(t *testing.T) {
		m := testkit.NewMySQL(t)
		dir = filepath.Dir(m.CA())
		m.Exec(t, "create user ana identified by 'a secret'")
		db, err := m.Open("ana", "a secret")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var version string
		if err := db.QueryRowContext(t.Context(), "select version()").Scan(&version); err != nil {
			t.Fatal(err)
		}
		if version == "" || strings.Contains(version, "MariaDB") {
			t.Errorf("%q is no version of MySQL", version)
		}
	})
	if dir == "" {
		t.Skip("no server was started")
	}
	leavesNothing(t, dir)
}

// TestMySQLEndsWithAKilledTest runs the test that waits in a process of its own
// and kills that.
func TestMySQLEndsWithAKilledTest(t *testing.T) {
	if os.Getenv(waitsForDeath) != "" {
		_, _ = fmt.Fprintln(os.Stdout, "folder", filepath.Dir(testkit.NewMySQL(t).CA()))
		<-t.Context().Done()
	}
	killedTestLeavesNothing(t, "TestMySQLEndsWithAKilledTest")
}
