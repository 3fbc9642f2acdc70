package main

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
)

// strongroom is a plant with an open vault, a real cluster that asks for passwords, and the
// password of a role there in a safe.
type strongroom struct {
	*plant
	ring    *keys.Ring
	s       *rotate.Service
	cluster *testkit.PostgresServer
	system  access.SystemID
	safe    access.SafeID
	id      access.SecretID
}

const foundPassword = "as it was found, 1"

func newStrongroom(t *testing.T) *strongroom {
	r := &strongroom{plant: newPlant(t, 2), cluster: testkit.NewPostgres(t)}
	r.cluster.Exec(t, "postgres", `create role ledger login password '`+foundPassword+`'`, `create role ledger_b login`)
	asksForPasswords(t, r.cluster)
	r.keep(postgres.Kind, r.cluster.URL("postgres"), "ledger")
	return r
}

// keep puts the password of an account of a system into a safe.
func (r *strongroom) keep(kind, address, login string) {
	r.t.Helper()
	r.system = r.plant.system("cluster", kind, inventory.Config{Address: address}, secret.Secret{})
	r.ring, r.safe = r.vault()
	r.s = r.app.rotating(r.ring, &written{inventory: r.app.inventory()})
	r.s.Lease = 15 * time.Second
	v := r.app.db.Vault()
	account, err := r.app.inventory().ResolveAccount(r.ctx, "cluster/"+login)
	r.must(err)
	// Person 2 knows it: they wrote it.
	ctx := audit.WithActor(r.ctx, audit.Actor{Identity: r.person(2)})
	x := vault.Secret{Safe: r.safe, Name: "root", Kind: vault.Password, System: r.system, Account: account}
	r.id, err = v.AddSecret(ctx, x, vault.Value{Written: true}, func(at keys.Place) (keys.Sealed, error) {
		return r.ring.Seal(ctx, at, secret.New([]byte(foundPassword)))
	})
	r.must(err)
}

// vault opens a vault, and a safe in it that person 1 owns.
func (p *plant) vault() (*keys.Ring, access.SafeID) {
	p.t.Helper()
	ring, err := p.app.newVault(p.ctx)
	p.must(err)
	_, err = ring.Init(p.ctx, keys.Request{Kind: keys.File}, "a test")
	p.must(err)
	v := p.app.db.Vault()
	id, err := v.NewSafeID(p.ctx)
	p.must(err)
	key, err := ring.NewSafe(p.ctx, id)
	p.must(err)
	p.must(v.AddSafe(p.ctx, vault.Safe{ID: id, Name: "ledger", Owner: p.person(1), Sharing: vault.Shared, Terms: access.Terms{Most: time.Hour}}, key, "a test"))
	return ring, id
}

// asksForPasswords has a cluster trust its superuser alone.
func asksForPasswords(t *testing.T, p *testkit.PostgresServer) {
	t.Helper()
	p.Exec(t, "postgres", `create table hba (line text)`,
		`insert into hba values ('host all postgres 127.0.0.1/32 trust'), ('host all all 127.0.0.1/32 scram-sha-256')`,
		`do $$ begin execute format('copy hba to %L', current_setting('hba_file')); end $$`, `drop table hba`, `select pg_reload_conf()`)
}

func (r *strongroom) demand() {
	r.t.Helper()
	r.must(r.s.Store.Demand(r.ctx, []access.SecretID{r.id}, rotate.OnDemand, "a test"))
}

func (r *strongroom) queue() (list []rotate.Queued) {
	r.t.Helper()
	list, err := r.s.Store.Queue(r.ctx, rotate.Query{})
	r.must(err)
	return list
}

// held are the values that the vault takes for possible, the current one apart. It makes the
// secret due, since a job is of one that is.
func (r *strongroom) held() (current string, all []string) {
	r.t.Helper()
	r.demand()
	o, err := r.s.Store.Own(r.ctx, r.id, time.Minute)
	r.must(err)
	j, err := o.Job(r.ctx)
	r.must(err)
	r.must(o.End(r.ctx))
	for _, h := range j.Held {
		all = append(all, string(h.Value.Reveal()))
		if h.Current {
			current = string(h.Value.Reveal())
		}
	}
	return current, all
}

// signsIn asks the cluster itself, with its own library.
func (r *strongroom) signsIn(password string) bool {
	r.t.Helper()
	cfg, err := pgx.ParseConfig(r.cluster.URL("postgres"))
	r.must(err)
	cfg.User, cfg.Password = "ledger", password
	conn, err := pgx.ConnectConfig(r.ctx, cfg)
	if err != nil {
		if !strings.Contains(err.Error(), "28P01") {
			r.t.Fatal(err)
		}
		return false
	}
	r.must(conn.Close(r.ctx))
	return true
}

// A password gets another value in a real cluster, and the one that was found opens nothing
// any more.
func TestRotationPostgreSQL(t *testing.T) {
	r := newStrongroom(t)
	if !r.signsIn(foundPassword) || r.signsIn("another") {
		t.Fatal("the cluster asks for no password")
	}
	r.demand()
	r.must(r.s.Rotate(r.ctx, r.id))
	if q := r.queue(); len(q) != 0 {
		t.Fatalf("it is due still: %+v", q)
	}
	current, all := r.held()
	if len(all) != 1 || current == foundPassword || !r.signsIn(current) || r.signsIn(foundPassword) {
		t.Fatalf("of %d values the current one opens: %t, and the one before: %t", len(all), r.signsIn(current), r.signsIn(foundPassword))
	}
}

// Who leaves has nothing that they know: it is changed at once.
func TestRotationOfWhatALeaverKnew(t *testing.T) {
	r := newStrongroom(t)
	r.must(r.s.Store.Sweep(r.ctx))
	if q := r.queue(); len(q) != 0 {
		t.Fatalf("somebody who works here makes it due: %+v", q)
	}
	_, err := r.app.lifecycle().Emergency(audit.WithActor(r.ctx, audit.Actor{Identity: r.person(1)}), r.person(2), "a test")
	r.must(err)
	_, err = r.app.db.Sequence(r.ctx)
	r.must(err)
	r.must(r.s.Store.Sweep(r.ctx))
	q := r.queue()
	if len(q) != 1 || q[0].Cause != rotate.OnLeaver {
		t.Fatalf("what is due: %+v", q)
	}
	r.must(r.s.Rotate(r.ctx, r.id))
	r.must(r.s.Store.Sweep(r.ctx))
	if q := r.queue(); len(q) != 0 || r.signsIn(foundPassword) {
		t.Errorf("they know it still: %+v", q)
	}
}

// What Writ cannot change waits for a person, and says why.
func TestRotationThatTakesAPerson(t *testing.T) {
	r := newStrongroom(t)
	r.cluster.Exec(t, "postgres", `drop role ledger`)
	r.demand()
	r.must(r.s.Rotate(r.ctx, r.id))
	q := r.queue()
	if len(q) != 1 || q[0].State != rotate.Waiting || q[0].Code == "" || q[0].Error == "" {
		t.Fatalf("%+v", q)
	}
	r.cluster.Exec(t, "postgres", `create role ledger login`)
	r.demand()
	r.must(r.s.Rotate(r.ctx, r.id))
	if current, _ := r.held(); !r.signsIn(current) {
		t.Error("a role that is back does not open")
	}
}

// shaky is systems whose connections break, lie, hang and die where a test likes.
type shaky struct {
	rotate.Systems
	kill func() // ends the attempt as a killed node would
	calm bool
}

type shakyKeeper struct {
	connector.Keeper
	s *shaky
}

func (s *shaky) Open(ctx context.Context, id access.SystemID) (connector.Connector, connector.Spec, func() error, error) {
	c, spec, end, err := s.Systems.Open(ctx, id)
	if err != nil {
		return nil, spec, nil, err
	}
	return &shakyKeeper{c.(connector.Keeper), s}, spec, end, nil
}

func (s *shaky) may(n int) bool { return !s.calm && rand.IntN(n) == 0 } //nolint:gosec // a test's dice

func (k *shakyKeeper) SetSecret(ctx context.Context, x connector.NewSecret) error {
	switch {
	case k.s.may(6):
		k.s.kill()
		return ctx.Err()
	case k.s.may(6):
		return nil // it lies
	case k.s.may(6):
		return connector.ErrUnreachable
	}
	err := k.Keeper.SetSecret(ctx, x)
	switch {
	case k.s.may(6):
		k.s.kill()
	case k.s.may(6):
		return connector.ErrUnreachable // its answer is lost
	}
	return err
}

func (k *shakyKeeper) Opens(ctx context.Context, account string, kind connector.SecretKind, v secret.Secret) (bool, error) {
	if k.s.may(6) {
		k.s.kill()
	}
	ok, err := k.Keeper.Opens(ctx, account, kind, v)
	if k.s.may(8) {
		return false, connector.ErrUnreachable
	}
	return ok, err
}

// TestLesson29_RotationKilledAnywhere kills attempts at every step, on a real cluster that
// fails, lies and loses answers: whatever opens the role, the vault holds; and once it is
// calm the current value opens.
func TestLesson29_RotationKilledAnywhere(t *testing.T) {
	r := newStrongroom(t)
	s := &shaky{Systems: r.s.Systems}
	r.s.Systems = s
	kills := 0
	for n := range testkit.Rounds(5, 20, 1500) {
		r.demand()
		ctx, kill := context.WithCancel(r.ctx)
		s.kill = func() { kills++; kill() }
		err := r.s.Rotate(ctx, r.id)
		kill()
		if err != nil && ctx.Err() == nil && fault.KindOf(err) != fault.Conflict {
			t.Fatal(err)
		}
		r.must(endLeases(r.app.data)) // a node that was killed gives nothing back
		if _, all := r.held(); !r.opensWithOne(all) {
			t.Fatalf("after attempt %d the role opens with none of the %d values that the vault holds", n, len(all))
		}
	}
	s.calm = true
	r.must(r.s.Rotate(r.ctx, r.id))
	if current, _ := r.held(); !r.signsIn(current) {
		t.Error("the current value does not open the role")
	}
	t.Logf("%d attempts were killed", kills)
}

func (r *strongroom) opensWithOne(all []string) bool {
	for _, v := range all {
		if r.signsIn(v) {
			return true
		}
	}
	return false
}
