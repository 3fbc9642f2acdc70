package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/onboard"
	"github.com/writhq/writ/pam/rotate"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/store"
)

// A drill. A backup is restored after half of the passwords were changed on a real cluster.
// The node knows that the database is an older one; once that is accepted, each secret is
// signed in with before anybody has it, and those that were changed since are set anew, though
// nodes are killed at it. In the end the cluster opens with what the vault says, all of it.
func TestRestoreDrill(t *testing.T) {
	r, cluster := newTakeover(t), testkit.NewPostgres(t)
	roles := testkit.Rounds(4, 6, 40)
	for n := range roles {
		cluster.Exec(t, "postgres", fmt.Sprintf(`create role "svc-%d" login superuser`, n))
	}
	asksForPasswords(t, cluster)
	r.system("cluster", postgres.Kind, inventory.Config{Address: cluster.URL("postgres")}, secret.Secret{})
	id, err := r.onboard().Start(r.ctx, onboard.Ask{Safe: r.safe, Query: onboard.Query{Is: access.ServiceAccount}, Mean: roles, Reason: "a test"})
	r.must(err)
	r.rotateAll()
	items := r.itemsBy(id)
	role := map[access.SecretID]string{}
	for n := range roles {
		role[items[fmt.Sprintf("svc-%d at cluster", n)].Secret] = fmt.Sprintf("svc-%d", n)
	}
	v := r.app.db.Vault()
	free, err := v.AddSecret(r.ctx, vault.Secret{Safe: r.safe, Name: "opens nothing", Kind: vault.Password}, vault.Value{}, func(at keys.Place) (keys.Sealed, error) {
		return r.ring.Seal(r.ctx, at, secret.New([]byte("x")))
	})
	r.must(err)

	pass := secret.New([]byte("of the backup"))
	file := filepath.Join(t.TempDir(), "writ.backup")
	_, err = r.app.db.Backup(r.ctx, file, pass)
	r.must(err)
	ids := slices.Sorted(maps.Keys(role))
	since := ids[:roles/2]
	r.must(r.rot.Store.Demand(r.ctx, since, rotate.OnDemand, "a test"))
	r.rotateAll()
	was := map[access.SecretID]string{}
	for _, id := range ids {
		was[id], err = r.shows(id)
		r.must(err)
	}

	r.restored(file, pass)
	if _, err := r.shows(free); !errors.Is(err, keys.ErrRolledBack) {
		t.Fatalf("an older database lends: %v", err)
	}
	r.must(r.ring.AcceptRollback(r.ctx, "a drill"))
	for _, id := range ids {
		if _, err := r.shows(id); !errors.Is(err, vault.ErrUnproven) {
			t.Fatalf("what nobody has signed in with is lent: %v", err)
		}
	}
	if got, err := r.shows(free); err != nil || got != "x" {
		t.Fatalf("what opens nothing is kept back: %v", err)
	}
	r.verified(ids)
	p, err := r.rot.Store.Proofs(r.ctx, 10)
	r.must(err)
	if p.Unproven != 0 || p.Opened != roles-len(since) || p.Renewed != len(since) {
		t.Errorf("%+v", p)
	}
	for _, id := range ids {
		got, err := r.shows(id)
		r.must(err)
		if changed := got != was[id]; changed != slices.Contains(since, id) {
			t.Errorf("%s was set anew: %t", role[id], changed)
		}
		if !letsIn(t, cluster, role[id], got) || got != was[id] && letsIn(t, cluster, role[id], was[id]) {
			t.Errorf("%s does not open with what the vault says", role[id])
		}
		was[id] = got
	}

	// Asked for, all are signed in with once more, and none is given another value.
	r.must(r.rot.Store.Verify(r.ctx, "a drill"))
	for _, id := range ids {
		if _, err := r.shows(id); !errors.Is(err, vault.ErrUnproven) {
			t.Fatalf("what is to be signed in with is lent: %v", err)
		}
		r.must(r.rot.Rotate(r.ctx, id))
		if got, err := r.shows(id); err != nil || got != was[id] {
			t.Errorf("%s opened, and has another value: %t, %v", role[id], got != was[id], err)
		}
	}
}

// restored goes on with a backup in another data directory, which has seen the newer database
// and has the key that opens the vault.
func (r *takeover) restored(file string, pass secret.Secret) {
	r.t.Helper()
	r.app.endVault()
	r.must(r.app.close())
	dir := r.t.(*testing.T).TempDir()
	kept, err := filepath.Glob(filepath.Join(r.app.data, "vault*"))
	r.must(err)
	for _, path := range kept {
		b, err := os.ReadFile(path) //nolint:gosec // the test's own
		r.must(err)
		r.must(os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o600))
	}
	r.app = &app{out: io.Discard, err: io.Discard, data: dir}
	_, err = store.Restore(r.ctx, store.Config{Dir: dir}, file, pass)
	r.must(err)
	r.app.db, err = store.Open(r.ctx, store.Config{Dir: dir})
	r.must(err)
	r.t.Cleanup(func() { _ = r.app.close() })
	sweeps(r.t, r.app)
	ring, err := r.app.newVault(r.ctx)
	r.must(err)
	r.opened(ring)
}

// verified has what is unproven signed in with, by nodes that are killed at it until it is
// calm.
func (r *takeover) verified(ids []access.SecretID) {
	r.t.Helper()
	s := &shaky{Systems: r.rot.Systems}
	r.rot.Systems = s
	kills := 0
	for range testkit.Rounds(2, 8, 400) {
		for _, id := range ids {
			ctx, kill := context.WithCancel(r.ctx)
			s.kill = func() { kills++; kill() }
			err := r.rot.Rotate(ctx, id)
			kill()
			if err != nil && ctx.Err() == nil && fault.KindOf(err) != fault.Conflict && !errors.Is(err, rotate.ErrNotDue) {
				r.t.Fatal(err)
			}
			r.must(endLeases(r.app.data))
		}
	}
	s.calm = true
	for _, id := range ids {
		if err := r.rot.Rotate(r.ctx, id); err != nil && !errors.Is(err, rotate.ErrNotDue) {
			r.t.Fatal(err)
		}
	}
	r.t.Logf("%d attempts were killed", kills)
}
