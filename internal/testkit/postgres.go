package testkit

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed postgres.sh
var postgresScript string

// PostgresServer is a private PostgreSQL cluster on a loopback port.
type PostgresServer struct {
	Port  int
	dir   string
	stdin io.Closer
	count atomic.Int64

	filling sync.Mutex
	filled  map[string]bool // databases that others are made like
}

var (
	sharedOnce     sync.Once
	sharedPostgres *PostgresServer
	errShared      error

	madeOnce     sync.Once
	madePostgres string // a cluster that clusters of one test are copies of
	errMade      error
)

// Postgres returns the cluster that the tests of one package share. It lives as
// long as the test process.
func Postgres(tb testing.TB) *PostgresServer {
	tb.Helper()
	needServers(tb)
	sharedOnce.Do(func() { sharedPostgres, errShared = startPostgres("") })
	if errShared != nil {
		tb.Fatalf("starting PostgreSQL: %v", errShared)
	}
	return sharedPostgres
}

// NewPostgres starts a cluster for one test, which may do with its roles and
// settings as it likes.
func NewPostgres(tb testing.TB) *PostgresServer {
	tb.Helper()
	needServers(tb)
	madeOnce.Do(func() { madePostgres, errMade = makePostgres() })
	if errMade != nil {
		tb.Fatalf("making a PostgreSQL cluster: %v", errMade)
	}
	p, err := startPostgres(madePostgres)
	if err != nil {
		tb.Fatalf("starting PostgreSQL: %v", err)
	}
	tb.Cleanup(func() { _ = p.stdin.Close() })
	return p
}

// Database makes an empty database on the shared cluster, drops it after the
// test, and returns its URL.
func Database(tb testing.TB) string {
	tb.Helper()
	return Postgres(tb).Database(tb, "")
}

// DatabaseLike makes a database on the shared cluster that is like one which fill has filled,
// once for all tests of a package, and drops it after the test.
func DatabaseLike(tb testing.TB, name string, fill func(url string) error) string {
	tb.Helper()
	p := Postgres(tb)
	p.filling.Lock()
	defer p.filling.Unlock()
	if !p.filled[name] {
		p.Exec(tb, "postgres", "create database "+pgx.Identifier{name}.Sanitize())
		if err := fill(p.URL(name)); err != nil {
			tb.Fatalf("filling the database %s: %v", name, err)
		}
		p.filled[name] = true
	}
	return p.Database(tb, name)
}

// Database makes a database from a template ("" is empty) and drops it after the test.
func (p *PostgresServer) Database(tb testing.TB, template string) string {
	tb.Helper()
	name := fmt.Sprintf("t%d", p.count.Add(1))
	create := "create database " + name
	if template != "" {
		create += " template " + pgx.Identifier{template}.Sanitize()
	}
	p.Exec(tb, "postgres", create)
	tb.Cleanup(func() { p.Exec(tb, "postgres", "drop database if exists "+name+" with (force)") })
	return p.URL(name)
}

// URL is the address of one database of the cluster, as its superuser.
func (p *PostgresServer) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", p.Port, database)
}

// Log is the file that the server logs to.
func (p *PostgresServer) Log() string { return filepath.Join(p.dir, "log") }

// WAL is the folder of what the server writes ahead.
func (p *PostgresServer) WAL() string { return filepath.Join(p.dir, "data", "pg_wal") }

// Exec runs statements in a database of the cluster as its superuser.
func (p *PostgresServer) Exec(tb testing.TB, database string, statements ...string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.URL(database))
	if err != nil {
		tb.Fatalf("connecting to PostgreSQL: %v", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is left to say
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			tb.Fatalf("%s: %v", s, err)
		}
	}
}

// needServers leaves server tests out of quick runs.
func needServers(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs a real server, which -short leaves out; make test runs it")
	}
}

// keepPostgres begins a keeper of a folder, whose answer means that it is as postgres.sh
// says. It lives as long as its standard input, which ends with the test process at the
// latest.
func keepPostgres(port, from string) (dir string, stdin io.Closer, err error) {
	bin, err := postgresPrograms()
	if err != nil {
		return "", nil, err
	}
	if dir, err = os.MkdirTemp("", "writ-postgres-"); err != nil {
		return "", nil, err
	}
	cmd := exec.Command("bash", "-c", postgresScript, "postgres", dir, bin, port, from) //nolint:noctx // see above
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

// makePostgres makes a cluster that is never started: making one takes longer than
// copying it.
func makePostgres() (string, error) {
	dir, _, err := keepPostgres("", "")
	return filepath.Join(dir, "data"), err
}

// startPostgres starts a new cluster, or a copy of one.
func startPostgres(from string) (*PostgresServer, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, stdin, err := keepPostgres(fmt.Sprint(port), from)
	if err != nil {
		return nil, err
	}
	p := &PostgresServer{Port: port, dir: dir, stdin: stdin, filled: map[string]bool{}}
	if err := p.ready(); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		_ = stdin.Close()
		return nil, fmt.Errorf("%w: %s", err, log)
	}
	return p, nil
}

// ready waits for the first answered query.
func (p *PostgresServer) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, p.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

func postgresPrograms() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errors.New("PostgreSQL is not installed: 'make test' installs it")
	}
	return filepath.Dir(found[len(found)-1]), nil
}
