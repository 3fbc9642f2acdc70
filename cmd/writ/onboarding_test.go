package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/generate"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/onboard"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

// takeover is a plant with an open vault and a safe in which person 2 may see what there is.
type takeover struct {
	*plant
	ring *keys.Ring
	rot  *rotate.Service
	safe access.SafeID
}

func newTakeover(t *testing.T) *takeover {
	r := &takeover{plant: newPlant(t, 2)}
	ring, err := r.app.newVault(r.ctx)
	r.must(err)
	_, err = ring.Init(r.ctx, keys.Request{Kind: keys.File}, "a test")
	r.must(err)
	r.opened(ring)
	v := r.app.db.Vault()
	r.safe, err = v.NewSafeID(r.ctx)
	r.must(err)
	key, err := ring.NewSafe(r.ctx, r.safe)
	r.must(err)
	r.must(v.AddSafe(r.ctx, vault.Safe{ID: r.safe, Name: "taken", Owner: r.person(1), Sharing: vault.Shared, Terms: access.Terms{Most: time.Hour}}, key, "a test"))
	r.must(v.Grant(r.ctx, vault.Right{Safe: r.safe, Holder: r.person(2).Ref(), Level: vault.Reveal, Reason: "a test"}))
	return r
}

// opened works with a ring from now on.
func (r *takeover) opened(ring *keys.Ring) {
	r.ring = ring
	r.rot = r.app.rotating(ring, &written{inventory: r.app.inventory()})
	r.rot.Lease = 15 * time.Second
	r.ctx = policy.WithCaller(r.ctx, policy.Caller{Node: "test"})
}

// onboard is the service over what is known now.
func (r *takeover) onboard() *onboard.Service {
	r.t.Helper()
	_, err := r.app.refresh(r.ctx)
	r.must(err)
	return r.app.onboarding(&policy.Gate{Graph: r.app.graph}, r.rot.Wake)
}

// rotateAll attempts what is due until nothing is.
func (r *takeover) rotateAll() {
	r.t.Helper()
	for range 10 {
		next, err := r.rot.Store.Next(r.ctx, 100)
		r.must(err)
		if len(next) == 0 {
			return
		}
		for _, id := range next {
			r.must(r.rot.Rotate(r.ctx, id))
		}
	}
	q, err := r.rot.Store.Queue(r.ctx, rotate.Query{})
	r.must(err)
	r.t.Fatalf("it is due still: %+v", q)
}

// shows is what person 2 sees of a secret.
func (r *takeover) shows(id access.SecretID) (string, error) {
	r.t.Helper()
	v, who := r.app.db.Vault(), r.person(2)
	list, err := v.Secrets(r.ctx, vault.Query{ID: id})
	r.must(err)
	safe, err := v.Safe(r.ctx, r.safe)
	r.must(err)
	o := vault.Opening{By: who, Right: vault.Right{Holder: who.Ref(), Level: vault.Reveal}, Safe: safe, Secret: list[0], How: vault.Revealed, Alone: true, Reason: "a test"}
	_, plain, err := v.Open(audit.WithActor(r.ctx, audit.Actor{Identity: who}), o, func(at keys.Place, s keys.Sealed) (secret.Secret, error) { return r.ring.Open(r.ctx, at, s) })
	return string(plain.Reveal()), err
}

// letsIn asks a cluster itself.
func letsIn(t testing.TB, p *testkit.PostgresServer, role, password string) bool {
	t.Helper()
	cfg, err := pgx.ParseConfig(p.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.User, cfg.Password = role, password
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err == nil {
		_ = conn.Close(t.Context())
		return true
	}
	if !strings.Contains(err.Error(), "28P01") {
		t.Fatal(err)
	}
	return false
}

// itemsBy are the items of an onboarding by what their secrets are called.
func (r *takeover) itemsBy(id access.OnboardingID) map[string]onboard.Item {
	r.t.Helper()
	list, err := r.app.db.Onboard().Items(r.ctx, id)
	r.must(err)
	by := map[string]onboard.Item{}
	for _, x := range list {
		by[x.Name] = x
	}
	return by
}

// Privileged roles of a real cluster are found, taken over in one go, and open with what the
// vault says and nothing else. Where a password is embedded, the place alone is known.
func TestOnboardingPostgreSQL(t *testing.T) {
	r, cluster := newTakeover(t), testkit.NewPostgres(t)
	const old, canary = "as it was found, 1", "embedded canary 4711"
	for _, role := range []string{"svc-batch", "dba", "bg-root", "anna"} {
		cluster.Exec(t, "postgres", `create role "`+role+`" login superuser password '`+old+`'`)
	}
	cluster.Exec(t, "postgres", `create role "svc-reader" login password '`+old+`'`,
		`create extension postgres_fdw`, `create server crm foreign data wrapper postgres_fdw options (host 'crm.example.com')`,
		`create user mapping for dba server crm options (user 'remote', password '`+canary+`')`, `create user mapping for "svc-reader" server crm options (user 'remote')`)
	asksForPasswords(t, cluster)
	r.system("cluster", postgres.Kind, inventory.Config{Address: cluster.URL("postgres")}, secret.Secret{})
	s := r.onboard()
	list, err := s.Candidates(r.ctx, onboard.Query{})
	r.must(err)
	embedded := slices.DeleteFunc(slices.Clone(list), func(c onboard.Candidate) bool { return c.Kind != onboard.Embedded })
	if len(embedded) != 1 {
		t.Fatalf("embedded secrets: %+v", embedded)
	}
	labels, err := r.app.db.Inventory().Names(r.ctx, []access.Ref{embedded[0].Place.Ref()})
	r.must(err)
	if got := labels[embedded[0].Place.Ref()].Name; got != "user mapping crm of dba in postgres" {
		t.Errorf("it lies in %q", got)
	}
	a := onboard.Ask{Safe: r.safe, Query: onboard.Query{Kind: onboard.Password}, Every: 720 * time.Hour, Reason: "a test"}
	p, err := s.Preview(r.ctx, a)
	r.must(err)
	if p.Taken != 3 || len(p.Items) != 4 || p.Guard != "" {
		t.Fatalf("the preview: %+v", p)
	}
	if x, err := r.app.db.Onboard().Kept(r.ctx); err != nil || len(x) != 0 {
		t.Fatalf("a preview keeps %v: %v", x, err)
	}
	if before := r.vaulted(); before != 0 {
		t.Fatalf("%d grants are vaulted before", before)
	}
	id, err := s.Start(r.ctx, a)
	r.must(err)
	if _, err := s.Start(r.ctx, a); err == nil {
		t.Error("what is taken is taken again")
	}
	items := r.itemsBy(id)
	for name, x := range items {
		if _, err := r.shows(x.Secret); x.State != onboard.Due || err == nil {
			t.Errorf("%s is %s before it is set, and is shown", name, x.State)
		}
	}
	if !letsIn(t, cluster, "dba", old) {
		t.Fatal("it is set before it is its turn")
	}
	r.rotateAll()
	for name, x := range r.itemsBy(id) {
		role, _, _ := strings.Cut(name, " at ")
		value, err := r.shows(x.Secret)
		r.must(err)
		if x.State != onboard.Proven || x.Proven == 0 || !letsIn(t, cluster, role, value) || letsIn(t, cluster, role, old) {
			t.Errorf("%s is %s, and opens with %d letters: %t", name, x.State, len(value), letsIn(t, cluster, role, value))
		}
	}
	for _, role := range []string{"anna", "svc-reader"} {
		if !letsIn(t, cluster, role, old) {
			t.Errorf("%s was changed, who is none to be taken over", role)
		}
	}
	if n := r.vaulted(); n < 3 {
		t.Errorf("%d grants are vaulted", n)
	}
	if n, err := s.Release(r.ctx, id, nil, "too late"); err == nil {
		t.Errorf("%d are let go of that are set", n)
	}
	r.lacks(canary)
}

// vaulted is how many grants have their secret in a safe.
func (r *takeover) vaulted() (n int64) {
	r.t.Helper()
	m, err := r.app.refresh(r.ctx)
	r.must(err)
	for _, row := range m.Rows {
		if row.Control == access.ControlVault {
			n += row.InPlace
		}
	}
	return n
}

// lacks looks for a text in all that lies in the data directory.
func (r *takeover) lacks(text string) {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(r.app.data, "*"))
	r.must(err)
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil && bytes.Contains(b, []byte(text)) { //nolint:gosec // the test's own
			r.t.Errorf("%s has it", filepath.Base(file))
		}
	}
}

// A key of a real host takes the place of the one that was known. One that nobody knew of
// stays beside it until somebody asks for it to be alone.
func TestOnboardingSSHKeys(t *testing.T) {
	r, h := newTakeover(t), testkit.LinuxHost(t)
	private, public := testkit.KeyPair(t, "whose it was")
	h.Script(t, `useradd -m -s /bin/bash -p '*' deploy; install -d -o deploy -g deploy -m 700 /home/deploy/.ssh; echo 'db:5432:x:x:canary-in-pgpass' >/home/deploy/.pgpass; chmod 600 /home/deploy/.pgpass; cp /home/deploy/.pgpass /home/deploy/.ssh/id_rsa; chmod 644 /home/deploy/.ssh/id_rsa`)
	const file = "/home/deploy/.ssh/authorized_keys"
	h.Write(t, file, "600", public+"\n")
	h.Run(t, "chown", "deploy", file)
	system := r.system("web1", "linux", inventory.Config{Address: h.URL(), Options: map[string]string{"known_hosts": h.HostKey, "setuid": "off"}}, secret.New(h.Key))
	s := r.onboard()
	list, err := s.Candidates(r.ctx, onboard.Query{System: system})
	r.must(err)
	places, own := 0, false
	for _, c := range list {
		if c.Kind == onboard.Embedded {
			places++
		}
		own = own || strings.Contains(c.Not, "Writ itself")
	}
	if places != 2 || !own {
		t.Fatalf("the candidates are %+v", list)
	}
	id, err := s.Start(r.ctx, onboard.Ask{Safe: r.safe, Query: onboard.Query{System: system, Kind: onboard.SSHKey}, Reason: "a test"})
	r.must(err)
	strange, other := testkit.KeyPair(t, "somebody else's")
	h.Write(t, file, "600", public+"\n"+other+"\n")
	h.Run(t, "chown", "deploy", file)
	r.rotateAll()
	item := r.itemsBy(id)["deploy at web1 (key)"]
	if item.State != onboard.Proven {
		t.Fatalf("%+v", item)
	}
	opens := func(key string) bool {
		t.Helper()
		c, _, end, err := r.app.inventory().Open(r.ctx, system)
		r.must(err)
		defer end() //nolint:errcheck // nothing is left to say
		is, err := c.(connector.Keeper).Opens(r.ctx, "deploy", connector.SSHKey, secret.New([]byte(key)))
		r.must(err)
		return is
	}
	value, err := r.shows(item.Secret)
	r.must(err)
	if !opens(value) || opens(string(private)) || !opens(string(strange)) || !strings.Contains(h.Run(t, "cat", file), generate.PublicOf(secret.New([]byte(value)))) {
		t.Fatalf("the vault's key opens: %t, the one before: %t, another: %t", opens(value), opens(string(private)), opens(string(strange)))
	}
	r.must(s.Alone(r.ctx, item.Secret, "a test"))
	r.rotateAll()
	if value, err = r.shows(item.Secret); err != nil || !opens(value) || opens(string(strange)) {
		t.Errorf("the vault's key is not alone: %v", err)
	}
	if err := s.Alone(r.ctx, item.Secret, "again"); err == nil {
		t.Error("it is alone, and is made so again")
	}
	r.lacks("canary-in-pgpass")
}

// Whoever may not have an account kept takes over nothing, and is told why; nobody takes more
// of one system than they say they mean.
func TestOnboardingIsAPlatformOwnersOwn(t *testing.T) {
	r, cluster := newTakeover(t), testkit.NewPostgres(t)
	var statements []string
	for n := range 25 {
		statements = append(statements, `create role "svc-`+string(rune('a'+n))+`" login superuser`)
	}
	cluster.Exec(t, "postgres", statements...)
	r.system("cluster", postgres.Kind, inventory.Config{Address: cluster.URL("postgres")}, secret.Secret{})
	s := r.onboard()
	a := onboard.Ask{Safe: r.safe, Query: onboard.Query{Is: access.ServiceAccount}, Reason: "a test"}
	p, err := s.Preview(r.ctx, a)
	r.must(err)
	if p.Taken != 25 || !strings.Contains(p.Guard, "25 secrets would be taken over in cluster") {
		t.Fatalf("the preview: %+v", p)
	}
	for _, mean := range []int{0, 24} {
		a.Mean = mean
		if _, err := s.Start(r.ctx, a); err == nil || !strings.Contains(err.Error(), "25 secrets") {
			t.Errorf("who means %d: %v", mean, err)
		}
	}
	a.Reason, a.Mean = "", 25
	if _, err := s.Start(r.ctx, a); err == nil {
		t.Error("it takes no reason")
	}
	n, err := r.app.newNode(r.ctx)
	r.must(err)
	s.Gate = n.gate
	as := policy.WithCaller(r.ctx, policy.Caller{Identity: r.person(1)})
	a.Reason = "a test"
	p, err = s.Preview(as, a)
	r.must(err)
	if p.Taken != 0 || len(p.Items) != 25 || p.Items[0].Not == "" {
		t.Errorf("somebody would take %+v", p)
	}
	if _, err := s.Start(as, a); err == nil {
		t.Error("somebody takes over")
	}
	// A platform owner does, who has just shown a second factor.
	r.must(r.app.db.Policy().Assign(r.ctx, policy.Assignment{Identity: r.person(1), Held: policy.Held{Function: access.PlatformOwner}, Reason: "a test"}))
	r.must(n.settle(r.ctx))
	if p, err = s.Preview(as, a); err != nil || p.Taken != 25 {
		t.Errorf("a preview takes no second factor: %d would be taken, %v", p.Taken, err)
	}
	if _, err := s.Start(as, a); !errors.Is(err, policy.ErrStepUp) {
		t.Errorf("without a second factor: %v", err)
	}
	as = policy.WithCaller(audit.WithActor(r.ctx, audit.Actor{Identity: r.person(1)}), policy.Caller{Identity: r.person(1), Context: policy.Context{MFA: true}})
	id, err := s.Start(as, a)
	r.must(err)
	if items := r.itemsBy(id); len(items) != 25 {
		t.Errorf("%d are taken over", len(items))
	}
}
