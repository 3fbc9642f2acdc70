package testkit

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

//go:embed mariadb.sh
var mariadbScript string

// MariaDBServer is a private MariaDB server on a loopback port.
type MariaDBServer struct {
	Port  int
	dir   string
	stdin io.Closer
}

var (
	madeMariaDBOnce sync.Once
	madeMariaDB     string // a data folder that servers of one test are copies of
	errMadeMariaDB  error
)

// NewMariaDB starts a server for one test, which may do with its accounts and settings as it
// likes.
func NewMariaDB(tb testing.TB) *MariaDBServer {
	tb.Helper()
	needServers(tb)
	madeMariaDBOnce.Do(func() {
		var dir string
		dir, _, errMadeMariaDB = keepMariaDB("", "")
		madeMariaDB = filepath.Join(dir, "data")
	})
	if errMadeMariaDB != nil {
		tb.Fatalf("making a MariaDB server: %v", errMadeMariaDB)
	}
	m, err := startMariaDB(madeMariaDB)
	if err != nil {
		tb.Fatalf("starting MariaDB: %v", err)
	}
	tb.Cleanup(func() { _ = m.stdin.Close() })
	return m
}

// URL is the server's address, as an account.
func (m *MariaDBServer) URL(user string) string {
	return fmt.Sprintf("mariadb://%s@127.0.0.1:%d", user, m.Port)
}

// CA is the path of the PEM file of the authority that its certificate is from.
func (m *MariaDBServer) CA() string { return filepath.Join(m.dir, caFile) }

// Log is the file that the server logs each statement to, once general_log is on.
func (m *MariaDBServer) Log() string { return filepath.Join(m.dir, "general") }

// Open connects as an account.
func (m *MariaDBServer) Open(user, password string) (*sql.DB, error) {
	config := mysql.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr = user, password, "tcp", fmt.Sprintf("127.0.0.1:%d", m.Port)
	config.Logger = &mysql.NopLogger{}
	c, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(challenged{c}), nil
}

// challenged begins a sign-in anew where the driver has misread the challenge of ed25519,
// whose last byte is zero in one of 256.
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
func (m *MariaDBServer) Exec(tb testing.TB, statements ...string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	db, err := m.Open("tester", "")
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // nothing is left to say
	conn, err := db.Conn(ctx)
	if err != nil {
		tb.Fatalf("connecting to MariaDB: %v", err)
	}
	defer conn.Close() //nolint:errcheck // see above
	for _, s := range statements {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			tb.Fatalf("%s: %v", s, err)
		}
	}
}

// keepMariaDB begins a keeper of a folder, whose answer means that it is as mariadb.sh says.
// It lives as long as its standard input, which ends with the test process at the latest.
func keepMariaDB(port, from string) (dir string, stdin io.Closer, err error) {
	if _, err := exec.LookPath("mariadb-install-db"); err != nil {
		return "", nil, errors.New("MariaDB is not installed: 'make test' installs it")
	}
	if dir, err = os.MkdirTemp("", "writ-mariadb-"); err != nil {
		return "", nil, err
	}
	if err := writeCertificate(dir, "127.0.0.1", "localhost"); err != nil {
		return "", nil, err
	}
	cmd := exec.Command("bash", "-c", mariadbScript, "mariadb", dir, port, from) //nolint:noctx // see above
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if stdin, err = cmd.StdinPipe(); err != nil {
		return "", nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "started\n" {
		_ = stdin.Close()
		return "", nil, errors.Join(err, cmd.Wait(), errors.New(stderr.String()))
	}
	go func() { _ = cmd.Wait() }()
	return dir, stdin, nil
}

// startMariaDB starts a copy of a server.
func startMariaDB(from string) (*MariaDBServer, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, stdin, err := keepMariaDB(fmt.Sprint(port), from)
	if err != nil {
		return nil, err
	}
	m := &MariaDBServer{Port: port, dir: dir, stdin: stdin}
	if err := m.ready(); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		_ = stdin.Close()
		return nil, fmt.Errorf("%w: %s", err, log)
	}
	return m, nil
}

// ready waits for the first answered query.
func (m *MariaDBServer) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := m.Open("tester", "")
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
