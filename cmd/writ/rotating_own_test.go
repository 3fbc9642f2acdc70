package main

import (
	"context"
	"net/url"
	"strings"
	"sync"
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

const ownPassword = "own as it was, 1"

// signsInAs asks the cluster itself.
func (r *strongroom) signsInAs(login, password string) bool {
	r.t.Helper()
	cfg, err := pgx.ParseConfig(r.cluster.URL("postgres"))
	r.must(err)
	cfg.User, cfg.Password = login, password
	conn, err := pgx.ConnectConfig(r.ctx, cfg)
	return err == nil && conn.Close(r.ctx) == nil
}

// add keeps a password of an account in the safe.
func (r *strongroom) add(name, account, plain string) access.SecretID {
	r.t.Helper()
	system, _, _ := strings.Cut(account, "/")
	y, err := r.app.inventory().System(r.ctx, system)
	r.must(err)
	of, err := r.app.inventory().ResolveAccount(r.ctx, account)
	r.must(err)
	x := vault.Secret{Safe: r.safe, Name: name, Kind: vault.Password, System: y.ID, Account: of}
	id, err := r.app.db.Vault().AddSecret(r.ctx, x, vault.Value{}, func(at keys.Place) (keys.Sealed, error) {
		return r.ring.Seal(r.ctx, at, secret.New([]byte(plain)))
	})
	r.must(err)
	return id
}

// Writ changes the password of its own account, which it signs in with, and is never shut
// out: killed and lied to at every step, it can read the system after each.
func TestLesson29_WritIsNotShutOutByItsOwnRotation(t *testing.T) {
	r := newStrongroom(t)
	r.cluster.Exec(t, "postgres", `create role writ superuser login password '`+ownPassword+`'`)
	u, err := url.Parse(r.cluster.URL("postgres"))
	r.must(err)
	u.User = url.User("writ")
	system := r.plant.system("own", postgres.Kind, inventory.Config{Address: u.String()}, secret.New([]byte(ownPassword)))
	id := r.add("own", "own/writ", ownPassword)
	y, err := r.app.inventory().System(r.ctx, "own")
	r.must(err)
	for _, form := range []string{"vault:ledger/root", "vault:ledger/nothing", "vault:nowhere", "vault:" + r.id.String()} {
		if _, err := r.app.vaultReference(r.ctx, y, form); err == nil {
			t.Errorf("%s, which is another system's or nobody's, is sent to this one", form)
		}
	}
	y.Config.Credential, err = r.app.vaultReference(r.ctx, y, "vault:ledger/own")
	r.must(err)
	r.must(r.app.inventory().UpdateSystem(r.ctx, y, nil))
	if y, err = r.app.inventory().System(r.ctx, "own"); err == nil {
		y.Config.Address = strings.Replace(y.Config.Address, "127.0.0.1", "127.0.0.2", 1)
		if err := r.app.inventory().UpdateSystem(r.ctx, y, nil); err == nil {
			t.Error("what the vault lends goes along to another address")
		}
	}
	s := &shaky{Systems: r.s.Systems}
	r.s.Systems = s
	for n := range testkit.Rounds(3, 8, 500) {
		r.must(r.s.Store.Demand(r.ctx, []access.SecretID{id}, rotate.OnDemand, "a test"))
		ctx, kill := context.WithCancel(r.ctx)
		s.kill = kill
		err := r.s.Rotate(ctx, id)
		kill()
		if err != nil && ctx.Err() == nil && fault.KindOf(err) != fault.Conflict {
			t.Fatal(err)
		}
		r.must(endLeases(r.app.data))
		if _, err := r.app.inventory().SyncSystem(r.ctx, system, inventory.SyncOptions{AcceptRemovals: true}); err != nil {
			t.Fatalf("after attempt %d Writ is shut out: %v", n, err)
		}
	}
	s.calm = true
	r.must(r.s.Store.Demand(r.ctx, []access.SecretID{id}, rotate.OnDemand, "a test"))
	r.must(r.s.Rotate(r.ctx, id))
	if q, err := r.s.Store.Queue(r.ctx, rotate.Query{Secret: id}); err != nil || len(q) != 0 && q[0].Cause != rotate.InDoubt {
		t.Fatalf("it is due still: %+v, %v", q, err)
	}
	if now := r.current(r.s, id); r.signsInAs("writ", ownPassword) || !r.signsInAs("writ", now) {
		t.Error("its password was not changed")
	}
}

// counting counts what targets are given.
type counting struct {
	rotate.Systems
	mu   sync.Mutex
	sets map[string]int
}

type countingKeeper struct {
	connector.Keeper
	c *counting
}

func (c *counting) Open(ctx context.Context, id access.SystemID) (connector.Connector, connector.Spec, func() error, error) {
	k, spec, end, err := c.Systems.Open(ctx, id)
	if err != nil {
		return nil, spec, nil, err
	}
	return &countingKeeper{k.(connector.Keeper), c}, spec, end, nil
}

func (k *countingKeeper) SetSecret(ctx context.Context, x connector.NewSecret) error {
	k.c.mu.Lock()
	k.c.sets[x.Account]++
	k.c.mu.Unlock()
	return k.Keeper.SetSecret(ctx, x)
}

// After an incident two nodes change all of a safe: each secret once.
func TestTwoNodesChangeASafeOnce(t *testing.T) {
	r := newStrongroom(t)
	names := []string{"ledger"}
	for _, name := range []string{"app1", "app2", "app3", "app4", "app5"} {
		r.cluster.Exec(t, "postgres", `create role `+name+` login`)
		names = append(names, name)
	}
	r.sync(r.system)
	for _, name := range names[1:] {
		r.add(name, "cluster/"+name, "unknown to all")
	}
	list, _, err := r.s.Store.Group(r.ctx, rotate.Group{Safe: r.safe})
	r.must(err)
	ids := make([]access.SecretID, len(list))
	for i, f := range list {
		ids[i] = f.Secret
	}
	if of, _, err := r.s.Store.Group(r.ctx, rotate.Group{System: r.system}); err != nil || len(of) != len(names) || len(ids) != len(names) || !list[0].Opens {
		t.Fatalf("the safe has %d secrets, the system %d: %v", len(ids), len(of), err)
	}
	if of, _, err := r.s.Store.Group(r.ctx, rotate.Group{Finding: 1 << 40}); err != nil || len(of) != 0 {
		t.Fatalf("a finding that is not there: %v, %v", of, err)
	}
	if of, _, err := r.s.Store.Group(r.ctx, rotate.Group{SeenBy: r.person(2)}); err != nil || len(of) != 1 || of[0].Secret != r.id {
		t.Fatalf("person 2 knows %+v: %v", of, err)
	}
	c := &counting{Systems: r.s.Systems, sets: map[string]int{}}
	r.must(r.s.Store.DemandOver(r.ctx, ids, rotate.Incident, "INC-1", 20*time.Millisecond))
	ctx, stop := context.WithTimeout(audit.WithActor(r.ctx, rotating), 2*time.Minute)
	defer stop()
	ended := make(chan error)
	for range 2 {
		s := r.app.rotating(r.ring, c)
		go func() { ended <- s.Run(ctx) }()
	}
	for len(r.queue()) > 0 && ctx.Err() == nil {
		wait(ctx, 20*time.Millisecond)
	}
	stop()
	r.must(<-ended)
	r.must(<-ended)
	if len(c.sets) != len(names) {
		t.Errorf("%d accounts were given another value", len(c.sets))
	}
	for account, n := range c.sets {
		if n != 1 {
			t.Errorf("account %s was given %d", account, n)
		}
	}
}
