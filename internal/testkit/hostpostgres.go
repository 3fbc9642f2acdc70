package testkit

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// hostPostgresDir is where a cluster on a private host has its data.
const hostPostgresDir = "/var/lib/postgresql/main"

// hostPostgresStart makes a cluster and starts it. $1 is the folder of the
// server's programs, $2 where its data goes, $3 the port. What is in /tmp/hba and
// /tmp/ident says who may sign in how.
const hostPostgresStart = `
install -d -o postgres -g postgres "$2" /run/postgresql
as="runuser -u postgres --"
cd /
$as "$1/initdb" -D "$2" -U postgres -A reject --no-sync -E UTF8 --locale=C.UTF-8 >/dev/null
install -o postgres -g postgres -m 600 /tmp/hba "$2/pg_hba.conf"
install -o postgres -g postgres -m 600 /tmp/ident "$2/pg_ident.conf"
$as "$1/pg_ctl" -D "$2" -w -t 60 -l "$2/log" -o "-p $3 -c listen_addresses=127.0.0.1 -c unix_socket_directories=/run/postgresql -c fsync=off" start >/dev/null || { cat "$2/log" >&2; exit 1; }
`

// HostPostgres is a PostgreSQL cluster that runs on a private host: its peers are
// the host's accounts. It ends with the host.
type HostPostgres struct {
	Port int
	host *Host
	bin  string
}

// Postgres starts a cluster on the host, with the text of pg_hba.conf and
// pg_ident.conf. The first has to let the host's account postgres in as the role
// of that name, over the socket.
func (h *Host) Postgres(tb testing.TB, hba, ident string) *HostPostgres {
	tb.Helper()
	bin, err := postgresPrograms()
	if err != nil {
		tb.Fatal(err)
	}
	h.Write(tb, "/tmp/hba", "644", hba)
	h.Write(tb, "/tmp/ident", "644", ident)
	for range 5 {
		p := &HostPostgres{host: h, bin: bin}
		if p.Port, err = freePort(); err != nil {
			break
		}
		dir := fmt.Sprintf("%s-%d", hostPostgresDir, time.Now().UnixNano())
		_, err = h.Try("sh", "-euc", hostPostgresStart, "start", bin, dir, fmt.Sprint(p.Port))
		if err == nil {
			return p
		}
		if !strings.Contains(err.Error(), "could not bind") {
			break
		}
	}
	tb.Fatalf("starting PostgreSQL on %s: %v", h.Name, err)
	return nil
}

// URL is the address of one database for a role.
func (p *HostPostgres) URL(role, database string) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", role, p.Port, database)
}

// Exec runs statements as the superuser, each by itself.
func (p *HostPostgres) Exec(tb testing.TB, database string, statements ...string) {
	tb.Helper()
	argv := []string{"runuser", "-u", "postgres", "--", "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "/run/postgresql", "-p", fmt.Sprint(p.Port), "-d", database}
	for _, s := range statements {
		argv = append(argv, "-c", s)
	}
	p.host.Run(tb, argv...)
}

// SignIn signs in over the socket, as an account of the host, to a role, and
// returns who the server takes it for. With a password it goes by the network.
func (p *HostPostgres) SignIn(account, role, database, password string) (string, error) {
	server := "/run/postgresql"
	argv := []string{"runuser", "-u", account, "--", "env", "PGCONNECT_TIMEOUT=10"}
	if password != "" {
		server = "127.0.0.1"
		argv = append(argv, "PGPASSWORD="+password)
	}
	out, err := p.host.Try(append(argv, "psql", "-X", "-w", "-At", "-h", server, "-p", fmt.Sprint(p.Port), "-U", role, "-d", database, "-c", "select session_user")...)
	return strings.TrimSpace(out), err
}

// signIns tries what standard input names, a role and a database a line, in one process
// of the account: to become it, which asks the host's directory, takes longer than a try.
const signIns = `while read -r role database; do
	psql -X -w -At -h /run/postgresql -p "$1" -U "$role" -d "$database" -c 'select session_user' </dev/null 2>/dev/null || echo
done`

// SignIns signs in over the socket, as an account of the host, to each role and database,
// and returns who the server takes it for; empty is that it lets nobody in.
func (p *HostPostgres) SignIns(tb testing.TB, account string, to [][2]string) []string {
	tb.Helper()
	var in strings.Builder
	for _, x := range to {
		_, _ = fmt.Fprintf(&in, "%s %s\n", x[0], x[1])
	}
	out, err := p.host.try(strings.NewReader(in.String()), "runuser", "-u", account, "--", "env", "PGCONNECT_TIMEOUT=10", "sh", "-c", signIns, "try", fmt.Sprint(p.Port))
	who := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if err != nil || len(who) != len(to) {
		tb.Fatalf("%s tried %d of %d: %v", account, len(who), len(to), err)
	}
	return who
}
