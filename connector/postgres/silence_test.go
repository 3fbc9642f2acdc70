package postgres

import (
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/testkit"
)

// TestSilenceEnds: a server that falls silent between two queries, where a
// transaction begins, ends or is marked, holds nobody up for good.
func TestSilenceEnds(t *testing.T) {
	p := testkit.Postgres(t)
	for name, run := range map[string]func(s *session, silent func()) error{
		"begin": func(s *session, silent func()) error {
			silent()
			return s.readOnly(t.Context(), func() error { return nil })
		},
		"commit": func(s *session, silent func()) error {
			return s.readOnly(t.Context(), func() error { silent(); return nil })
		},
		"rollback": func(s *session, silent func()) error {
			return s.readOnly(t.Context(), func() error { silent(); return errors.New("went wrong") })
		},
		"savepoint": func(s *session, silent func()) error {
			silent()
			return newCatalog(s.Cluster).readOpenings(t.Context(), s, versionMaps)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := testkit.NewProxy(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port)))
			c, err := Open(t.Context(), connector.Config{Name: "shop-db", Address: at(p.URL("postgres"), proxy.Addr), Options: map[string]string{"timeout": "1"}})
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.(*Cluster).connect(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- run(s, func() { proxy.Break(testkit.Hang, 0) }) }()
			select {
			case err := <-ended:
				if !errors.Is(err, connector.ErrIncomplete) {
					t.Errorf("got %v", err)
				}
			case <-time.After(3 * grace):
				t.Error("it still waits")
			}
		})
	}
}
