package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/provision"
	"github.com/writhq/writ/store"
)

// carriedEnv tells a child of this test binary whose operations to carry out before it is
// killed.
const carriedEnv = "WRIT_TEST_CARRIED_STORE"

// carryAll plans and carries out what there is, as a server does, and returns when nothing
// is left.
func carryAll(dir string) error {
	ctx, stop := context.WithCancel(audit.WithActor(context.Background(), audit.Actor{Node: "worker"}))
	defer stop() // also where nothing was begun
	if err := endLeases(dir); err != nil {
		return err
	}
	a := &app{out: io.Discard, err: io.Discard, data: dir}
	if _, err := a.open(ctx); err != nil {
		return err
	}
	defer a.close() //nolint:errcheck // what matters was committed
	s := a.provisioning(&written{inventory: a.inventory()})
	var at sync.WaitGroup
	defer at.Wait() // before the store is closed, and after stop
	defer stop()
	for _, run := range []func(context.Context) error{a.db.RunSequencer, s.Plan, s.Carry} {
		at.Go(func() { _ = run(ctx) }) // it ends with the process, or with what is left to do
	}
	for {
		n, err := a.db.Provision().News(ctx, 0)
		if err != nil {
			return err
		}
		open, err := a.db.Provision().Operations(ctx, provision.Query{States: []provision.State{provision.Planned, provision.Waiting, provision.Running, provision.Failed}, First: 1})
		if err != nil {
			return err
		}
		rev, err := a.db.Rev(ctx)
		if err != nil {
			return err
		}
		if len(open)+len(n.Identities) == 0 && rev > 0 {
			return nil
		}
		time.Sleep(5 * time.Millisecond) //nolint:forbidigo // the child waits for its own work
	}
}

// endLeases makes the leases of whoever was killed run out, as time would.
func endLeases(dir string) error {
	db, err := sqliteOf(dir)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it has done its work
	_, err = db.ExecContext(context.Background(), `update lease set until = 0`)
	return err
}

// A worker killed at any instruction loses nothing and repeats nothing: killed at hundreds
// of moments, the target has seen each statement commit once, and every operation is
// verified once.
func TestProvisioningKilledAnywhere(t *testing.T) {
	rounds := testkit.Rounds(2, 6, 100)
	server := testkit.NewPostgres(t)
	server.Exec(t, "postgres", `create role readers`, `create role writers`, `create role auditors`,
		`alter system set log_statement = 'all'`, `alter system set log_line_prefix = '%v|'`, `select pg_reload_conf()`)
	base := plantForKills(t, server)
	want := map[string]int{}
	began := time.Now()
	one(t, server, base, want, nil)
	took := float64(time.Since(began))
	for text, n := range want {
		if n != 1 {
			t.Fatalf("not killed, it commits %d times: %s", n, text)
		}
	}
	if len(want) < 12 {
		t.Fatalf("the target saw only %v: the test could not fail", want)
	}
	killed := 0
	for range rounds {
		got := map[string]int{}
		killed += one(t, server, base, got, &took)
		if !maps.Equal(got, want) {
			for _, text := range slices.Sorted(maps.Keys(got)) {
				if got[text] != want[text] {
					t.Errorf("committed %d times, not %d: %s", got[text], want[text], text)
				}
			}
			for text := range want {
				if got[text] == 0 {
					t.Errorf("never committed: %s", text)
				}
			}
		}
	}
	t.Logf("%d children were killed before they ended", killed)
	if killed < rounds*2 {
		t.Errorf("only %d kills came in time", killed)
	}
}

// plantForKills is a store with three people who should have accounts and grants, of which
// nothing is planned yet.
func plantForKills(t *testing.T, server *testkit.PostgresServer) string {
	p := newPlant(t, 4)
	id := p.system("db", postgres.Kind, inventory.Config{Address: server.URL("postgres")}, secret.Secret{})
	for n := range 3 {
		who := p.person(n + 1)
		p.target(&access.Target{Identity: who, System: id, Login: fmt.Sprintf("p%d", n+1), State: access.TargetEnabled, Recipient: p.person(4)})
		for _, name := range []string{"readers", "writers", "auditors"} {
			p.justify(who, p.entitlement("db/"+name))
		}
	}
	_, err := p.app.db.Sequence(p.ctx)
	p.must(err)
	dir := p.app.data
	p.must(p.app.close())
	return dir
}

// kills are how often each round is killed at most.
const kills = 8

// one carries everything out from the beginning, killed at random moments, and counts what
// the target committed. The moments are spread over how long it takes, which is learned as
// the machine gets busier or quieter; without any nobody is killed.
func one(t *testing.T, server *testkit.PostgresServer, base string, committed map[string]int, took *float64) (killed int) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = os.Chmod(path, 0o600)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	mark := logSize(t, server)
	for n := 0; ; n++ {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$") //nolint:gosec // this test binary
		cmd.Env = append(os.Environ(), carriedEnv+"="+dir)
		var said strings.Builder
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if took == nil || n >= kills {
			if err := cmd.Wait(); err != nil {
				t.Fatalf("%v: %s", err, said.String())
			}
			break
		}
		timer := time.AfterFunc(time.Duration(rand.Float64()**took), func() { _ = cmd.Process.Kill() })
		if err := cmd.Wait(); err != nil && !timer.Stop() {
			killed++
			*took *= 1.01
			continue
		}
		*took *= 0.9
		break
	}
	commits(t, server, mark, committed)
	provedOnce(t, dir)
	server.Exec(t, "postgres", `drop role p1`, `drop role p2`, `drop role p3`)
	return killed
}

// provedOnce expects that each operation is verified, with one record of it.
func provedOnce(t *testing.T, dir string) {
	t.Helper()
	ctx := audit.WithActor(t.Context(), audit.Actor{Node: "test"})
	if err := endLeases(dir); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it is read only
	list, err := db.Provision().Operations(ctx, provision.Query{First: 1000})
	if err != nil || len(list) != 12 {
		t.Fatalf("%d operations: %v", len(list), err)
	}
	for _, o := range list {
		records, err := db.Audit().List(ctx, audit.Filter{First: 100, Object: o.ID.Ref(), Actions: []string{"provision.verified"}})
		if err != nil || len(records.Entries) != 1 || o.State != provision.Verified {
			t.Errorf("%s %s is %s, and has %d records of that: %v", o.ID, o.Kind, o.State, len(records.Entries), err)
		}
	}
}

func logSize(t *testing.T, server *testkit.PostgresServer) int64 {
	t.Helper()
	info, err := os.Stat(server.Log())
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

var (
	logLine      = regexp.MustCompile(`^(\d+/\d+)\|LOG:\s+(?:statement|execute [^:]*): (.*)$`)
	passwordText = regexp.MustCompile(`password '[^']*'`)
	whenText     = regexp.MustCompile(`valid until '[^']*'`)
	markText     = regexp.MustCompile(`'writ=[^']*'`)
)

// commits counts the statements about people's roles that the server committed, by its own
// log.
func commits(t *testing.T, server *testkit.PostgresServer, from int64, into map[string]int) {
	t.Helper()
	f, err := os.Open(server.Log())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	pending := map[string][]string{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		m := logLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		text := strings.ToLower(m[2])
		switch {
		case strings.HasPrefix(text, "begin"):
			pending[m[1]] = nil
		case strings.HasPrefix(text, "commit"):
			for _, x := range pending[m[1]] {
				into[x]++
			}
			delete(pending, m[1])
		case regexp.MustCompile(`^(create|alter|drop|grant|revoke|comment) .*"p\d"`).MatchString(text):
			text = passwordText.ReplaceAllString(text, "password")
			text = whenText.ReplaceAllString(markText.ReplaceAllString(text, "mark"), "valid")
			pending[m[1]] = append(pending[m[1]], text)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
