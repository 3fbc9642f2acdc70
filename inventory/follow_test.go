package inventory_test

import (
	"context"
	"iter"
	"maps"
	"slices"
	"testing"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/connector/ldap"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/store"
	"github.com/writhq/writ/store/storetest"
)

// tracked is a directory as a system of a store.
type tracked struct {
	db *store.DB
	s  *inventory.Service
	id access.SystemID
}

// members has a graph over a store tell who holds what.
func members(db *store.DB) inventory.Members {
	var g *graph.Graph
	return func(ctx context.Context, system access.SystemID, of access.EntitlementID) (iter.Seq[access.Ref], access.Time, error) {
		_, err := db.Sequence(ctx)
		if err == nil && g == nil {
			g, err = graph.Open(ctx, db.Graph())
		} else if err == nil {
			_, err = g.Follow(ctx)
		}
		if err != nil {
			return nil, 0, err
		}
		v := g.View()
		node, _ := v.System(system)
		return func(yield func(access.Ref) bool) {
			for e := range v.DirectHolders(of) {
				if !yield(e.Holder) {
					return
				}
			}
		}, node.Synced, nil
	}
}

func track(t *testing.T, cfg store.Config, system inventory.Config, password secret.Secret) *tracked {
	t.Helper()
	db, err := store.Open(asTest(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	k := &tracked{db: db, s: &inventory.Service{
		Store: db.Inventory(), Dir: db.Dir(), Connectors: map[string]connector.Spec{ldap.Kind: ldap.Spec()}, Members: members(db),
		Credential: func(context.Context, string, string) (secret.Secret, error) {
			return secret.New(slices.Clone(password.Reveal())), nil
		},
	}}
	system.Credential = "env:DIRECTORY"
	system.Guard = inventory.Guard{Share: 0.9, Count: 1000}
	k.id, err = k.s.AddSystem(asTest(), inventory.System{
		System: access.System{Name: "directory", Kind: ldap.Kind, Environment: access.Production, Criticality: access.CriticalityControl, DataClass: access.Internal}, Config: system,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *tracked) sync(t *testing.T, o inventory.SyncOptions) inventory.Report {
	t.Helper()
	r, err := k.s.SyncSystem(asTest(), k.id, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (k *tracked) dump(t *testing.T) []string {
	t.Helper()
	return current(t, k.db)
}

func slapdConfig(s *testkit.SlapdServer, options ...string) inventory.Config {
	c := inventory.Config{Address: s.TLSURL() + "/" + s.BaseDN(), Options: map[string]string{"bind_dn": s.BindDN(), "ca": s.CA(), "page": "50"}}
	return withOptions(c, options...)
}

func withOptions(c inventory.Config, options ...string) inventory.Config {
	c.Options = maps.Clone(c.Options)
	for pair := range slices.Chunk(options, 2) {
		c.Options[pair[0]] = pair[1]
	}
	return c
}

// proves that what followed changes and what read everything say the same, and that
// a complete reading of the first finds nothing to do.
func (k *tracked) agrees(t *testing.T, with *tracked, what string) {
	t.Helper()
	got, want := k.dump(t), with.dump(t)
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %d lines, want %d: %s", what, len(got), len(want), difference(got, want))
	}
	counted := state(t, k)
	full := k.sync(t, inventory.SyncOptions{Full: true})
	if full.Changed+full.Removed != 0 || full.Reading != inventory.Complete {
		t.Fatalf("%s: a complete reading finds %+v", what, full)
	}
	if after := state(t, k); counted != after {
		t.Fatalf("%s: %+v was counted, the complete reading says %+v", what, counted, after)
	}
}

func state(t *testing.T, k *tracked) inventory.Counts {
	t.Helper()
	y, err := k.s.System(asTest(), k.id.String())
	if err != nil {
		t.Fatal(err)
	}
	c := y.State.Counts
	c.Rejected = 0 // warnings of a complete reading
	return c
}

// apply makes a random number of random changes.
type changer interface{ change() string }

// followed runs a sequence of changes, each followed on one store and read
// completely on another.
func followed(t *testing.T, following, reading *tracked, d changer, steps int) {
	t.Helper()
	following.sync(t, inventory.SyncOptions{})
	reading.sync(t, inventory.SyncOptions{})
	changes := 0
	for i := range steps {
		did := d.change()
		r := following.sync(t, inventory.SyncOptions{})
		if r.Reading == inventory.Changes {
			changes++
		} else {
			t.Logf("step %d was read completely, because %s", i, r.Because)
		}
		x := reading.sync(t, inventory.SyncOptions{Full: true})
		if r.OutOfSight != x.OutOfSight {
			t.Fatalf("step %d, %s: %d out of sight, a complete reading says %d", i, did, r.OutOfSight, x.OutOfSight)
		}
		if i%5 == 4 {
			following.agrees(t, reading, did)
			continue
		}
		if got, want := following.dump(t), reading.dump(t); !slices.Equal(got, want) {
			t.Fatalf("step %d, %s: %d lines, want %d: %s", i, did, len(got), len(want), difference(got, want))
		}
	}
	if changes < steps*9/10 {
		t.Errorf("only %d of %d steps were followed", changes, steps)
	}
}

func databases(t *testing.T, fn func(t *testing.T, cfg func() store.Config)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, func() store.Config { return storetest.SQLite(t) }) })
	t.Run("postgres", func(t *testing.T) {
		fn(t, func() store.Config { return storetest.Postgres(t) })
	})
}
