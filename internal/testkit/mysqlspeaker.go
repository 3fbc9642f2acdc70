package testkit

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// A mysqlBrand is a brand of server that speaks the protocol of MySQL.
type mysqlBrand struct {
	name   string // in lower case, the scheme of its URLs
	script string // its keeper

	once  sync.Once
	model *mysqlSpeaker // never started: servers are copies, as making one takes longer
	err   error
}

// A mysqlSpeaker is a private server of some brand on a loopback port.
type mysqlSpeaker struct {
	Port   int
	brand  *mysqlBrand
	dir    string
	keeper *held
}

// start starts a server for one test.
func (b *mysqlBrand) start(tb testing.TB) *mysqlSpeaker {
	tb.Helper()
	needServers(tb)
	b.once.Do(func() { b.model, b.err = b.keep("", "") })
	if b.err != nil {
		tb.Fatalf("making a %s server: %v", b.name, b.err)
	}
	port, err := freePort()
	if err != nil {
		tb.Fatal(err)
	}
	s, err := b.keep(fmt.Sprint(port), filepath.Join(b.model.dir, "data"))
	if err != nil {
		tb.Fatalf("starting %s: %v", b.name, err)
	}
	tb.Cleanup(func() {
		if err := s.keeper.end(); err != nil {
			tb.Errorf("ending %s: %v", b.name, err)
		}
	})
	s.Port = port
	if err := s.ready(); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		tb.Fatalf("starting %s: %v: %s", b.name, err, log)
	}
	return s
}

// keep begins a keeper of a folder, whose answer means that the folder is as the script says.
func (b *mysqlBrand) keep(port, from string) (*mysqlSpeaker, error) {
	dir, err := os.MkdirTemp("", "writ-"+strings.ToLower(b.name)+"-")
	if err != nil {
		return nil, err
	}
	if err := writeCertificate(dir, "127.0.0.1", "localhost"); err != nil {
		return nil, err
	}
	keeper, err := hold("bash", "-c", stopScript+b.script, b.name, dir, port, from)
	if err != nil {
		return nil, err
	}
	if _, err := keeper.hear("started"); err != nil {
		return nil, err
	}
	return &mysqlSpeaker{brand: b, dir: dir, keeper: keeper}, nil
}

// ready waits for the first answered query.
func (s *mysqlSpeaker) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := s.Open("tester", "")
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing is left to say
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// URL is the server's address, as an account.
func (s *mysqlSpeaker) URL(user string) string {
	return fmt.Sprintf("%s://%s@127.0.0.1:%d", strings.ToLower(s.brand.name), user, s.Port)
}

// CA is the path of the PEM file of the authority that its certificate is from.
func (s *mysqlSpeaker) CA() string { return filepath.Join(s.dir, caFile) }

// Log is the file that the server logs each statement to, once general_log is on.
func (s *mysqlSpeaker) Log() string { return filepath.Join(s.dir, "general") }

// Open connects as an account.
func (s *mysqlSpeaker) Open(user, password string) (*sql.DB, error) {
	config := mysql.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr = user, password, "tcp", fmt.Sprintf("127.0.0.1:%d", s.Port)
	config.Logger = &mysql.NopLogger{}
	c, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(challenged{c}), nil
}

// challenged begins a sign-in anew where the driver has misread the challenge of MariaDB's
// ed25519, whose last byte is zero in one of 256.
type challenged struct{ driver.Connector }

func (c challenged) Connect(ctx context.Context) (conn driver.Conn, err error) {
	for range 4 {
		if conn, err = c.Connector.Connect(ctx); !errors.Is(err, mysql.ErrMalformPkt) {
			break
		}
	}
	return conn, err
}

// Exec runs statements as an account that may do everything.
func (s *mysqlSpeaker) Exec(tb testing.TB, statements ...string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	db, err := s.Open("tester", "")
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // nothing is left to say
	conn, err := db.Conn(ctx)
	if err != nil {
		tb.Fatalf("connecting to %s: %v", s.brand.name, err)
	}
	defer conn.Close() //nolint:errcheck // see above
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
}
