package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/mariadb"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/elevate"
	"github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
)

// keptThere is a secret whose nodes are killed, and how its system's own client signs in.
type keptThere struct {
	name  string
	id    access.SecretID
	opens func(*testing.T, string) bool
}

// killing is a store over which nodes that rotate, lease and elevate in real systems are
// killed at random instants.
type killing struct {
	t       *testing.T
	what    doomed
	pg      *pgx.Conn
	maria   *sql.DB
	host    *testkit.Host
	secrets []keptThere

	lasts    time.Duration // from a start until there is work, as was seen
	rotation time.Duration // until a secret was changed, as was seen
	kills    map[string]int
	seen     int           // what was over, or came to its end, with a node back
	worst    time.Duration // how long after a node was back it was gone
	late     int           // more than a second
}

const dbaOf, ledgerOf = "elevated in the cluster", "elevated on the host"

func newKilling(t *testing.T) *killing {
	p := newPlant(t, 3)
	k := &killing{t: t, kills: map[string]int{}, lasts: 3 * time.Second, rotation: time.Second}
	pg, m := testkit.NewPostgres(t), testkit.NewMariaDB(t)
	pg.Exec(t, "postgres", `create role dba`, `create role ana login`, `create role writ login superuser`, `create role ledger login password '`+foundPassword+`'`)
	pg.Exec(t, "postgres", `create table hba (line text)`, `insert into hba values ('host all postgres,writ 127.0.0.1/32 trust'), ('host all all 127.0.0.1/32 scram-sha-256')`,
		`do $$ begin execute format('copy hba to %L', current_setting('hba_file')); end $$`, `drop table hba`, `select pg_reload_conf()`)
	m.Exec(t, "create user ledger identified by '"+foundPassword+"'")
	linux, directory := linuxTarget(t), openLDAPTarget(t)
	k.host = linux.host
	k.host.Run(t, "useradd", "-m", "ana")
	cluster := p.system("db", postgres.Kind, inventory.Config{Address: strings.Replace(pg.URL("postgres"), "postgres@", "writ@", 1)}, secret.Secret{})
	shop := p.system("shop", mariadb.Kind, inventory.Config{Address: m.URL("tester")}, secret.Secret{})
	it := p.system("it", linux.kind, linux.config, linux.password)
	dir := p.system("dir", directory.kind, directory.config, directory.password)
	p.own("db/ana", 1)
	p.own("it/ana", 1)
	ring, safe := p.vault()
	keep := func(system access.SystemID, login string, kind connector.SecretKind, opens func(*testing.T, string) bool) {
		account, err := p.app.inventory().ResolveAccount(p.ctx, login)
		p.must(err)
		x := vault.Secret{Safe: safe, Name: login + " " + string(kind), Kind: vault.Kind(kind), System: system, Account: account}
		id, err := p.app.db.Vault().AddSecret(p.ctx, x, vault.Value{}, func(at keys.Place) (keys.Sealed, error) {
			return ring.Seal(p.ctx, at, secret.New([]byte(foundPassword)))
		})
		p.must(err)
		k.secrets, k.what.Secrets = append(k.secrets, keptThere{x.Name, id, opens}), append(k.what.Secrets, id)
	}
	keep(cluster, "db/ledger", connector.Password, pgOpens(pg))
	keep(shop, "shop/ledger", connector.Password, mariaOpens(m))
	for kind, opens := range linux.kept {
		keep(it, "it/kept", kind, opens)
	}
	keep(dir, "dir/kept", connector.Password, directory.kept[connector.Password])
	s := p.app.rotating(ring, &written{inventory: p.app.inventory()})
	for _, x := range k.secrets { // from here on the vault holds what opens
		p.must(s.Store.Demand(p.ctx, []access.SecretID{x.id}, rotate.OnDemand, "a test"))
		p.must(s.Rotate(p.ctx, x.id))
		if !x.opens(t, p.current(s, x.id)) {
			t.Fatalf("%s: the vault does not have what opens it", x.name)
		}
	}
	for system, given := range map[access.SystemID][]access.EntitlementID{cluster: {p.entitlement("db/dba")}, shop: nil} {
		id, err := p.app.db.Leases().AddTemplate(p.ctx, lease.Template{Name: system.String(), System: system, Entitlements: given, Usual: time.Second, Inherit: true, Terms: access.Terms{Most: time.Minute}}, "a test")
		p.must(err)
		p.must(p.app.db.Leases().Grant(p.ctx, lease.Right{Template: id, Holder: p.person(1).Ref(), Reason: "a test"}))
		k.what.Templates = append(k.what.Templates, id)
	}
	for _, name := range []string{"db/dba", "it/ledger"} {
		x := elevate.Eligibility{Holder: p.person(1).Ref(), Entitlement: p.entitlement(name), Terms: access.Terms{Most: time.Minute}, Reason: "a test", Giver: p.person(3)}
		_, err := p.app.db.Elevate().Give(p.ctx, x)
		p.must(err)
		k.what.Elevated = append(k.what.Elevated, x.Entitlement)
	}
	_, err := p.app.db.Sequence(p.ctx)
	p.must(err)
	k.what.Who, k.what.Data = p.person(1), p.app.data
	p.must(p.app.close())
	k.pg, err = pgx.Connect(t.Context(), pg.URL("postgres"))
	p.must(err)
	t.Cleanup(func() { _ = k.pg.Close(context.WithoutCancel(t.Context())) })
	k.maria, err = m.Open("tester", "")
	p.must(err)
	t.Cleanup(func() { _ = k.maria.Close() })
	return k
}

// pgOpens asks a cluster with its own library.
func pgOpens(server *testkit.PostgresServer) func(*testing.T, string) bool {
	return func(t *testing.T, password string) bool {
		cfg, err := pgx.ParseConfig(server.URL("postgres"))
		must(t, err)
		cfg.User, cfg.Password = "ledger", password
		conn, err := pgx.ConnectConfig(t.Context(), cfg)
		return err == nil && conn.Close(t.Context()) == nil
	}
}

// mariaOpens asks a server with its own library.
func mariaOpens(server *testkit.MariaDBServer) func(*testing.T, string) bool {
	return func(t *testing.T, password string) bool {
		db, err := server.Open("ledger", password)
		must(t, err)
		defer db.Close() //nolint:errcheck // nothing is left to say
		err = db.PingContext(t.Context())
		if refused := new(mysql.MySQLError); err != nil && !errors.As(err, &refused) {
			t.Log(err)
		}
		return err == nil
	}
}

// there is what the systems themselves say is on loan and activated there.
func (k *killing) there() map[string]bool {
	k.t.Helper()
	is := map[string]bool{}
	rows, err := k.pg.Query(k.t.Context(), `select rolname::text from pg_roles where starts_with(rolname, 'lease_')
union all select '`+dbaOf+`' from pg_auth_members where pg_get_userbyid(roleid) = 'dba' and pg_get_userbyid(member) = 'ana'`)
	must(k.t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(k.t, err)
	others, err := k.maria.QueryContext(k.t.Context(), `select user from mysql.global_priv where user like 'lease\_%'`)
	must(k.t, err)
	defer others.Close() //nolint:errcheck // read to its end
	for others.Next() {
		var name string
		must(k.t, others.Scan(&name))
		names = append(names, name)
	}
	must(k.t, others.Err())
	group, err := k.host.Try("getent", "group", "ledger")
	must(k.t, err)
	if strings.HasSuffix(strings.TrimSpace(group), ":ana") {
		names = append(names, ledgerOf)
	}
	for _, name := range names {
		is[name] = true
	}
	return is
}

// holds expects, of a store whose node is dead, that its vault has what opens each account,
// and that what is on loan or activated is known; and returns when what is open ends.
func (k *killing) holds(verify bool) map[string]access.Time {
	k.t.Helper()
	a := &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard, data: k.what.Data, alone: true}
	ctx, err := a.open(context.WithoutCancel(k.t.Context()))
	must(k.t, err)
	defer func() { must(k.t, a.close()) }()
	ctx = audit.WithActor(ctx, audit.Actor{Node: "test"})
	ring, err := a.newVault(ctx)
	must(k.t, err)
	s := a.rotating(ring, &written{inventory: a.inventory()})
	changing := false
	for _, x := range k.secrets {
		changing = k.opens(ctx, s, x) || changing
	}
	is := k.there() // before the store is asked: what is there has been known
	ends := map[string]access.Time{}
	leases, err := a.db.Leases().Leases(ctx, lease.Query{Open: true, First: 10000})
	must(k.t, err)
	for _, l := range leases {
		ends[l.Name] = l.End
		if l.Finished != 0 {
			ends[l.Name] = l.Finished
		}
	}
	elevations, err := a.db.Elevate().Elevations(ctx, elevate.Query{States: openElevations, First: 10})
	must(k.t, err)
	for _, e := range elevations {
		name := dbaOf
		if e.Entitlement == k.what.Elevated[1] {
			name = ledgerOf
		}
		ends[name] = e.End
		if e.Finished != 0 {
			ends[name] = e.Finished
		}
	}
	for name := range is {
		if ends[name] == 0 {
			k.t.Errorf("%s is there, and nothing open is of it", name)
		}
	}
	for what, under := range map[string]bool{"a rotation": changing, "a lease": len(leases) > 0, "an elevation": len(elevations) > 0} {
		if under {
			k.kills["with "+what+" under way"]++
		}
	}
	if verify {
		_, err := a.db.Sequence(ctx)
		must(k.t, err)
		r, err := a.db.Audit().Verify(ctx, nil, nil)
		must(k.t, errors.Join(err, r.Err()))
	}
	return ends
}

// opens expects that one of the values which the vault holds opens an account, and reports
// whether one is pending.
func (k *killing) opens(ctx context.Context, s *rotate.Service, x keptThere) (changing bool) {
	k.t.Helper()
	must(k.t, s.Store.Demand(ctx, []access.SecretID{x.id}, rotate.OnDemand, "a test"))
	o, err := s.Store.Own(ctx, x.id, time.Minute)
	must(k.t, err)
	j, err := o.Job(ctx)
	must(k.t, errors.Join(err, o.End(ctx)))
	for range 3 { // a host refuses some who come at once
		for _, h := range j.Held {
			changing = changing || h.Pending
			if x.opens(k.t, string(h.Value.Reveal())) {
				return changing
			}
		}
	}
	k.t.Errorf("%s opens with none of the %d values that the vault holds: it is lost", x.name, len(j.Held))
	return changing
}

// victim is a node in a process of its own.
type victim struct {
	cmd   *exec.Cmd
	tells io.Writer
	lines chan string // what it says; closed when it has ended
	over  chan struct{}
	began time.Time
}

func (k *killing) start() *victim {
	k.t.Helper()
	v := &victim{lines: make(chan string), over: make(chan struct{}), began: time.Now()}
	v.cmd = exec.CommandContext(k.t.Context(), os.Args[0], "-test.run=^$") //nolint:gosec // this test binary
	what, err := json.Marshal(k.what)
	must(k.t, err)
	v.cmd.Env = append(os.Environ(), killedEnv+"="+string(what))
	v.tells, err = v.cmd.StdinPipe()
	must(k.t, err)
	says, err := v.cmd.StdoutPipe()
	must(k.t, err)
	must(k.t, v.cmd.Start())
	go func() {
		defer close(v.lines)
		for s := bufio.NewScanner(says); s.Scan(); {
			select {
			case v.lines <- s.Text():
			case <-v.over:
				return
			}
		}
	}()
	return v
}

func (v *victim) kill(t *testing.T) {
	t.Helper()
	must(t, v.cmd.Process.Kill())
	close(v.over)
	_ = v.cmd.Wait() // it says that it was killed
}

// life starts a node, watches what of ends is gone, has it work, and kills it at an instant;
// calm is once it has nothing left to do.
func (k *killing) life(ends map[string]access.Time, calm bool) {
	k.t.Helper()
	v := k.start()
	at, work := time.Duration(rand.Float64()*float64(k.lasts+2*k.rotation)), toldWork //nolint:gosec // a test's dice
	if calm {
		at, work = 2*time.Minute, toldCalm
	}
	kill, tick := time.NewTimer(at), time.NewTicker(20*time.Millisecond)
	defer kill.Stop()
	defer tick.Stop()
	var back, told time.Time
	rotated := false
	for dead := false; !dead; {
		select {
		case <-kill.C:
			dead = true
		case line, ok := <-v.lines:
			switch {
			case !ok:
				dead = true
				k.t.Error("the node ended by itself")
			case line == saysReady:
				back = time.Now()
			case line == saysCalm:
				dead = true
			case line == saysRotated && !rotated && k.kills["all"] < 10:
				rotated = true // those after it are further rotations
				k.rotation = max(k.rotation, min(time.Since(told), 5*time.Second))
			}
		case <-tick.C:
			if back.IsZero() || !told.IsZero() {
				continue
			}
			if k.gone(ends, back); len(ends) == 0 {
				told = time.Now()
				k.lasts = (3*k.lasts + told.Sub(v.began)) / 4
				_, _ = fmt.Fprintln(v.tells, work) // where it is dead by now, that shows
			}
		}
	}
	v.kill(k.t)
	if !calm {
		k.count(back, told)
	} else if len(ends) > 0 {
		k.t.Errorf("with nobody killed there is left: %v", ends)
	}
}

// count says at what a node was that was back, and was told to work, at some time or never.
func (k *killing) count(back, told time.Time) {
	stage := "while starting"
	switch {
	case !told.IsZero():
		stage = "at work"
	case !back.IsZero():
		stage = "while ending what was over"
	default:
		k.lasts += k.lasts / 8 // the machine is busier than was thought
	}
	k.kills[stage]++
	k.kills["all"]++
}

// gone takes out of ends what its system says is gone, and counts how late that was.
func (k *killing) gone(ends map[string]access.Time, back time.Time) {
	k.t.Helper()
	is := k.there()
	now := time.Now()
	for name, end := range ends {
		since := back
		if end.Time().After(back) {
			since = end.Time()
		}
		took := now.Sub(since)
		if is[name] || took < 0 {
			continue // what was not made, or is not over, is not gone yet
		}
		delete(ends, name)
		k.seen++
		k.worst = max(k.worst, took)
		if took > time.Second {
			k.late++
			k.t.Logf("%s: gone %s after a node was back and it was over", name, took)
		}
	}
}

// TestKilledAtRandom kills whole nodes that rotate, lease and elevate in real systems, at
// random instants, and asks those systems after each: whatever opens an account the vault
// holds, nothing is there that is not known, and what is over is gone within a second of a
// node being back. WRIT_KILLS says how often; it ends early before the test's deadline.
func TestKilledAtRandom(t *testing.T) {
	most := testkit.Rounds(0, 0, 1000)
	if n, err := strconv.Atoi(os.Getenv("WRIT_KILLS")); err == nil {
		most = n
	}
	if most == 0 {
		t.Skip("takes a minute for the first kill: make soak-kill")
	}
	t.Run("sqlite", func(t *testing.T) { newKilling(t).all(most - most/4) })
	t.Run("postgres", func(t *testing.T) {
		testkit.Postgres(t)
		t.Setenv("WRIT_DATABASE", testkit.Database(t))
		newKilling(t).all(most / 4)
	})
}

func (k *killing) all(rounds int) {
	t := k.t
	began := time.Now()
	until, limited := t.Deadline()
	if limited { // the one over PostgreSQL has its part of the time
		until = began.Add(time.Until(until) * 6 / 10)
	}
	ends := k.holds(true)
	for n := 1; n <= rounds && !t.Failed() && (!limited || time.Now().Before(until)); n++ {
		k.life(ends, false)
		ends = k.holds(n%20 == 0)
		if n%20 == 0 {
			t.Log(k.told(began))
		}
	}
	k.life(ends, true)
	if left := k.holds(true); len(left) > 0 {
		t.Errorf("left is %v", left)
	}
	t.Log(k.told(began))
	if k.seen == 0 && rounds > 20 {
		t.Error("nothing was over with a node back: this test could not fail")
	}
	if testkit.Punctual() && k.late > 0 {
		t.Errorf("%d outlived their end by more than a second", k.late)
	}
}

func (k *killing) told(began time.Time) string {
	text := fmt.Sprintf("%d kills in %s:", k.kills["all"], time.Since(began).Round(time.Second))
	var parts []string
	for what, n := range k.kills {
		if what != "all" {
			parts = append(parts, fmt.Sprintf(" %d %s", n, what))
		}
	}
	slices.Sort(parts)
	return text + strings.Join(parts, ",") + fmt.Sprintf("; %d were over, gone at most %s after a node was back, %d later than a second", k.seen, k.worst.Round(time.Millisecond), k.late)
}
