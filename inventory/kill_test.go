package inventory_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/csv"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/store"
)

// killedEnv tells a child of this test binary which store to sync before it is
// killed.
const killedEnv = "WRIT_TEST_SYNC_STORE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killedEnv); dir != "" {
		if err := syncAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func asTest() context.Context {
	return audit.WithActor(context.Background(), audit.Actor{Node: "test"})
}

func service(db *store.DB) *inventory.Service {
	return &inventory.Service{
		Store: db.Inventory(), Dir: db.Dir(), Connectors: map[string]connector.Spec{csv.Kind: csv.Spec()},
		People: map[string]func(connector.Config) (connector.PeopleReader, error){csv.Kind: csv.OpenPeople},
	}
}

// syncAll reads every source and system of a store and correlates.
func syncAll(dir string) error {
	ctx := asTest()
	db, err := store.Open(ctx, store.Config{Dir: dir})
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // what matters was committed
	s := service(db)
	if _, err := s.SyncSource(ctx, mustSource(ctx, s), inventory.SyncOptions{AcceptRemovals: true}); err != nil {
		return err
	}
	systems, err := s.Systems(ctx)
	if err != nil {
		return err
	}
	for _, y := range systems {
		if _, err := s.SyncSystem(ctx, y.ID, inventory.SyncOptions{AcceptRemovals: true}); err != nil {
			return err
		}
	}
	_, err = s.Correlate(ctx)
	return err
}

func mustSource(ctx context.Context, s *inventory.Service) access.SourceID {
	src, err := s.Source(ctx, "hr")
	if err != nil {
		panic(err)
	}
	return src.ID
}

// company is a small one in flat files; round changes about a third of it.
func company(t testing.TB, dir string, people, round int) {
	t.Helper()
	var hr, accounts, ents, grants, creds strings.Builder
	hr.WriteString("number,name,email,kind,owner,manager,start\n")
	accounts.WriteString("id,login,display_name,email,number,kind,status,usage_known,last_used\n")
	ents.WriteString("id,kind,name,resource,owner,capabilities\n")
	grants.WriteString("holder_kind,holder,entitlement,mode\n")
	creds.WriteString("account,kind,fingerprint,changed\n")
	r := rand.New(rand.NewPCG(7, uint64(round)))
	for i := range people {
		if round > 0 && i%11 == round%11 {
			continue // left
		}
		name := fmt.Sprintf("Person%d Family%d", i, i)
		if i%3 == round%3 {
			name += "-New"
		}
		fmt.Fprintf(&hr, "E%d,%s,p%d@example.com,human,,E%d,2020-01-01\n", i, name, i, max(0, i-1)/10)
		fmt.Fprintf(&accounts, "p%d,p%d,,p%d@example.com,,,%s,true,2026-01-%02d\n", i, i, i, []string{"enabled", "disabled"}[r.IntN(2)], 1+r.IntN(28))
		fmt.Fprintf(&creds, "p%d,ssh_key,SHA256:%d,2026-01-01\n", i, i-i%2*r.IntN(2))
		for range 8 {
			fmt.Fprintf(&grants, "account,p%d,g%d,standing\n", i, r.IntN(60))
		}
	}
	fmt.Fprintf(&hr, "S1,service-one,,service,E%d,,\n", 1+round)
	for i := range 60 {
		fmt.Fprintf(&ents, "g%d,group,Group %d round %d,,E1,%s\n", i, i, i%3*round, []string{"", "bypass_controls@system:"}[i%2])
		fmt.Fprintf(&grants, "entitlement,g%d,g%d,standing\n", i, r.IntN(60))
	}
	for name, text := range map[string]*strings.Builder{"hr.csv": &hr, "app/accounts.csv": &accounts, "app/entitlements.csv": &ents, "app/grants.csv": &grants, "app/credentials.csv": &creds} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// set adds the company's source and system to a new store.
func set(t testing.TB, data, files string) {
	t.Helper()
	ctx := asTest()
	db, err := store.Open(ctx, store.Config{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // what matters was committed
	addAll(t, service(db), files)
}

func addAll(t testing.TB, s *inventory.Service, files string) {
	t.Helper()
	ctx := asTest()
	if _, err := s.AddSource(ctx, inventory.Source{Name: "hr", Kind: csv.Kind, Config: inventory.Config{Address: filepath.Join(files, "hr.csv")}}); err != nil {
		t.Fatal(err)
	}
	y := inventory.System{System: access.System{Name: "app", Kind: csv.Kind}, Config: inventory.Config{Address: filepath.Join(files, "app")}}
	if _, err := s.AddSystem(ctx, y, nil); err != nil {
		t.Fatal(err)
	}
}

// TestKilledAnywhere kills a sync at random moments, 200 in a soak. Run again, it ends
// in the state of one that nobody killed, and the log still verifies.
func TestKilledAnywhere(t *testing.T) {
	points := testkit.Rounds(10, 15, 200)
	files, base, whole := t.TempDir(), t.TempDir(), t.TempDir()
	company(t, files, 400, 0)
	set(t, base, files)
	if err := syncAll(base); err != nil {
		t.Fatal(err)
	}
	company(t, files, 400, 1)
	copyDir(t, base, whole)
	started := time.Now()
	child(t, whole).run(t)
	moments := newMoments(time.Since(started))
	want := dump(t, whole)
	if before := dump(t, base); slices.Equal(before, want) || len(want) < 3000 {
		t.Fatalf("the sync changes nothing (%d lines): the test could not fail", len(want))
	}
	var group sync.WaitGroup
	var mid sync.Map
	room := make(chan struct{}, 2)
	for i := range points {
		room <- struct{}{}
		group.Go(func() {
			defer func() { <-room }()
			dir := filepath.Join(t.TempDir(), fmt.Sprint(i))
			copyDir(t, base, dir)
			after := moments.next()
			inTime := child(t, dir).kill(t, after)
			if moments.told(inTime); inTime {
				mid.Store(i, true)
			}
			if err := syncAll(dir); err != nil {
				t.Errorf("after a kill at %s: %v", after, err)
				return
			}
			if got := dump(t, dir); !slices.Equal(got, want) {
				t.Errorf("killed at %s: %d lines, want %d; first difference: %s", after, len(got), len(want), difference(got, want))
			}
			_ = os.RemoveAll(dir)
		})
	}
	group.Wait()
	killed := 0
	mid.Range(func(any, any) bool { killed++; return true })
	t.Logf("%d of %d children were killed before they ended", killed, points)
	if killed < points/2 {
		t.Errorf("only %d of %d kills came in time: the moments are not spread over the sync", killed, points)
	}
}

// moments picks when to kill: evenly over the time that a sync takes, which is
// learned as the machine gets busier or quieter. About a tenth come too late.
type moments struct {
	mu   sync.Mutex
	took float64
}

func newMoments(first time.Duration) *moments { return &moments{took: float64(first)} }

func (m *moments) next() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Duration(m.took * rand.Float64())
}

func (m *moments) told(inTime bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if inTime {
		m.took *= 1.01
	} else {
		m.took *= 0.9
	}
}

func difference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("got %q, want %q", got[i], want[i])
		}
	}
	return "one is longer"
}

type process struct{ *exec.Cmd }

func child(t testing.TB, dir string) process {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$") //nolint:noctx,gosec // this test binary, killed below
	cmd.Env = append(os.Environ(), killedEnv+"="+dir)
	return process{cmd}
}

func (p process) run(t testing.TB) {
	t.Helper()
	if out, err := p.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// kill ends the process with SIGKILL after a while; it reports whether it was
// still running.
func (p process) kill(t testing.TB, after time.Duration) bool {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Error(err)
		return false
	}
	timer := time.AfterFunc(after, func() { _ = p.Process.Kill() })
	err := p.Wait()
	return !timer.Stop() && err != nil
}

func copyDir(t testing.TB, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Error(err)
	}
	_ = os.Chmod(filepath.Join(to, "node.key"), 0o600)
	_ = filepath.WalkDir(to, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			_ = os.Chmod(path, 0o600)
		}
		return err
	})
}

// lines is a sink that writes facts down by their names, without keys.
type lines struct {
	refs []access.Ref
	text []func(name func(access.Ref) string) string
}

func (l *lines) add(format string, args ...any) {
	for _, a := range args {
		if r, ok := a.(access.Ref); ok {
			l.refs = append(l.refs, r)
		}
	}
	l.text = append(l.text, func(name func(access.Ref) string) string {
		out := make([]any, len(args))
		for i, a := range args {
			out[i] = a
			if r, ok := a.(access.Ref); ok {
				out[i] = name(r)
			}
		}
		return fmt.Sprintf(format, out...)
	})
}

func (l *lines) Forget(access.Ref)            {}
func (l *lines) ForgetGrants(access.Ref)      {}
func (l *lines) ForgetSystem(access.SystemID) {}
func (l *lines) System(n graph.SystemNode) error {
	l.add("system %s %v", n.ID.Ref(), n.Synced > 0)
	return nil
}

func (l *lines) Resource(n graph.ResourceNode) error   { l.add("resource %s", n.ID.Ref()); return nil }
func (l *lines) Role(n graph.RoleNode) error           { l.add("role %s", n.ID.Ref()); return nil }
func (l *lines) Assignment(graph.AssignmentEdge) error { return nil }
func (l *lines) Entitlement(n graph.EntitlementNode) error {
	l.add("entitlement %s %s owner %s can %d", n.ID.Ref(), n.Kind, n.Owner.Ref(), len(n.Capabilities))
	return nil
}

func (l *lines) Identity(n graph.IdentityNode) error {
	l.add("identity %s %s %s manager %s owner %s", n.ID.Ref(), n.Kind, n.State, n.Manager.Ref(), n.Owner.Ref())
	return nil
}

func (l *lines) Account(n graph.AccountNode) error {
	owner := access.Ref{}
	if len(n.Identities) > 0 {
		owner = n.Identities[0].Ref()
	}
	l.add("account %s %s %s used %d of %s (%d)", n.ID.Ref(), n.Kind, n.Status, n.LastUsed, owner, len(n.Identities))
	return nil
}

func (l *lines) Credential(n graph.CredentialEdge) error {
	l.add("credential %s of %s changed %d", n.ID.Ref(), n.Account.Ref(), n.Changed)
	return nil
}

func (l *lines) Opening(n graph.OpeningEdge) error {
	l.add("account %s opens %s", n.By.Ref(), n.Account.Ref())
	return nil
}

func (l *lines) Grant(n graph.GrantEdge) error {
	l.add("grant %s to %s %s flags %d", n.Entitlement.Ref(), n.Holder, n.Mode, n.Flags)
	return nil
}

// dump writes down everything that a store says is now.
func dump(t testing.TB, dir string) []string {
	t.Helper()
	ctx := asTest()
	db, err := store.Open(ctx, store.Config{Dir: dir})
	if err != nil {
		t.Error(err)
		return nil
	}
	defer db.Close() //nolint:errcheck // what matters was committed
	return dumpOf(t, db)
}

func dumpOf(t testing.TB, db *store.DB) []string {
	t.Helper()
	ctx := asTest()
	if _, err := db.Sequence(ctx); err != nil {
		t.Error(err)
	}
	l := &lines{}
	if _, err := db.Graph().Load(ctx, l); err != nil {
		t.Error(err)
	}
	names, err := db.Inventory().Names(ctx, l.refs)
	if err != nil {
		t.Error(err)
	}
	name := func(r access.Ref) string {
		n := names[r]
		return n.System + "/" + n.Native + "/" + n.Number + "/" + n.Name
	}
	out := make([]string, len(l.text))
	for i, f := range l.text {
		out[i] = f(name)
	}
	slices.Sort(out)
	return out
}
