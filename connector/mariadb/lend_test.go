package mariadb

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
)

func lent(name string) connector.Loan {
	return connector.Loan{
		Lent: connector.Lent{Name: name, Mark: "lse_" + name}, Value: secret.New([]byte("lent-Password-1 " + name)), Until: time.Now().Add(time.Hour),
		Entitlements: []string{"role:readers", "column:shop.customer.iban:SELECT"}, Inherit: true,
	}
}

// What is lent opens, may what it was given and no more, and is gone with its sessions.
func lendsForOneUse(t *testing.T, m *testkit.MariaDBServer) {
	s := openServer(t, config(m))
	l := lent("job")
	for range 2 {
		if err := s.Lend(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	db, err := m.Open("job", string(l.Value.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // nothing is left to say
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // see above
	may := func(statement string) bool {
		_, err := conn.ExecContext(t.Context(), statement)
		return err == nil
	}
	if !may("select * from shop.invoice") || may("insert into shop.invoice values (1)") {
		t.Error("it may other things than it was given")
	}
	all, err := s.AllLent(t.Context(), "lse_")
	if err != nil || !slices.Equal(all, []connector.Lent{l.Lent}) {
		t.Errorf("what is lent: %v, %v", all, err)
	}
	for _, other := range []connector.Loan{
		{Lent: connector.Lent{Name: "job", Mark: "lse_of_others"}, Value: l.Value, Until: l.Until},
		{Lent: connector.Lent{Name: "ana", Mark: "lse_ana"}, Value: l.Value, Until: l.Until},
	} {
		for what, err := range map[string]error{
			"lending": s.Lend(t.Context(), other), "recalling": s.Recall(t.Context(), other.Lent, ""), "prolonging": s.Prolong(t.Context(), other.Lent, l.Until),
		} {
			if !errors.Is(err, connector.ErrTaken) {
				t.Errorf("%s what is somebody else's: %v", what, err)
			}
		}
	}
	if err := s.Prolong(t.Context(), l.Lent, l.Until.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := s.Recall(t.Context(), l.Lent, "ana@%"); err != nil {
			t.Fatal(err)
		}
	}
	if may("select 1") {
		t.Error("its session goes on")
	}
	if f, err := s.Find(t.Context(), "job"); f != nil || err != nil {
		t.Errorf("recalled, it is %+v, %v", f, err)
	}
}

// definerStaysLocked: what the account leaves to run with its rights is not given another's.
func definerStaysLocked(t *testing.T, m *testkit.MariaDBServer) {
	s, db := openServer(t, config(m)), admin(t, m)
	l := lent("writer")
	if err := s.Lend(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "create definer = writer@'%' procedure shop.trap() select 3"); err != nil {
		t.Fatal(err)
	}
	err := s.Recall(t.Context(), l.Lent, "ana@%")
	if !errors.Is(err, connector.ErrUnsupported) || !strings.Contains(err.Error(), "procedure shop.trap") {
		t.Errorf("recalled: %v", err)
	}
	if who := ask(t, db, `select definer from information_schema.routines where routine_name = ?`, "trap"); who != "writer@%" {
		t.Errorf("it runs as %s", who)
	}
	if is, err := s.Opens(t.Context(), "writer@%", connector.Password, l.Value); is || err == nil || !strings.Contains(err.Error(), "locked") {
		t.Errorf("it opens as %v, %v", is, err)
	}
	if _, err := db.ExecContext(t.Context(), "drop procedure shop.trap"); err != nil {
		t.Fatal(err)
	}
	if err := s.Recall(t.Context(), l.Lent, ""); err != nil {
		t.Error(err)
	}
}
