package main

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/lease"
)

// leaseBenchEnv names the cluster of which the server of BenchmarkVault lends accounts.
const leaseBenchEnv = "WRIT_BENCH_CLUSTER"

const (
	leasedAs  = "reporting"
	ofBare    = 0.8 // of the rate of bare CREATE ROLE
	bareGiven = `valid until '2099-01-01' password 'SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$8vdOe2vRTFCZWpqW0PVuJ0l2oAvCb7mPc2Q0i1yXb2U=:8vdOe2vRTFCZWpqW0PVuJ0l2oAvCb7mPc2Q0i1yXb2U='`
)

// leasedCluster is a cluster that writes durably, with a role that accounts are given.
func leasedCluster(b *testing.B) *testkit.PostgresServer {
	b.Helper()
	pg := testkit.NewPostgres(b)
	pg.Exec(b, "postgres", `alter system set fsync = on`, `select pg_reload_conf()`, `create role readers`)
	return pg
}

// lendForBench has a server lend accounts of a cluster to the owner of its safe.
func lendForBench(t *testing.T, k *clients, cluster string) {
	t.Helper()
	things := k.app.inventory()
	system, err := things.AddSystem(k.ctx, inventory.System{System: access.System{Name: "db", Kind: postgres.Kind}, Config: inventory.Config{Address: cluster}}, nil)
	must(t, err)
	_, err = things.SyncSystem(k.ctx, system, inventory.SyncOptions{})
	must(t, err)
	readers, err := things.ResolveTarget(k.ctx, "db/readers")
	must(t, err)
	id, err := k.app.db.Leases().AddTemplate(k.ctx, lease.Template{
		Name: leasedAs, System: system, Entitlements: []access.EntitlementID{access.EntitlementID(readers.Key)}, Usual: time.Hour, Terms: access.Terms{Most: time.Hour},
	}, "the benchmark")
	must(t, err)
	must(t, k.app.db.Leases().Grant(k.ctx, lease.Right{Template: id, Holder: k.owner.Ref(), Reason: "the benchmark"}))
}

// lendByOpenBao has an OpenBao lend accounts of a cluster that are given the same. It keeps
// the password out of what the cluster may log, as Writ does.
func lendByOpenBao(ctx context.Context, s *vaultServer, cluster *testkit.PostgresServer) error {
	for _, x := range []struct {
		path string
		body map[string]any
	}{
		{"sys/mounts/database", map[string]any{"type": "database"}},
		{"database/config/db", map[string]any{
			"plugin_name": "postgresql-database-plugin", "allowed_roles": "*", "connection_url": cluster.URL("postgres"), "max_open_connections": vaultConns, "password_authentication": "scram-sha-256",
		}},
		{"database/roles/" + leasedAs, map[string]any{
			"db_name": "db", "default_ttl": "1h",
			"creation_statements": []string{`create role "{{name}}" login password '{{password}}' valid until '{{expiration}}'; grant readers to "{{name}}"`},
		}},
	} {
		if err := s.ask(ctx, http.MethodPost, x.path, x.body); err != nil {
			return err
		}
	}
	return nil
}

// leaseLoad is having an account made in a cluster, in turns with a bare CREATE ROLE there
// on connections that stay open. The cryptography that it takes is what the cluster is told
// instead of a password.
func leaseLoad(b *testing.B, cluster *testkit.PostgresServer) vaultLoad {
	b.Helper()
	idle := make(chan *pgx.Conn, vaultConns)
	for range vaultConns {
		conn, err := pgx.Connect(b.Context(), cluster.URL("postgres"))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close(context.WithoutCancel(b.Context())) })
		idle <- conn
	}
	var made atomic.Int64
	return vaultLoad{
		name: "lease an account", goal: vaultLeased,
		bare: func() {
			if _, err := pbkdf2.Key(sha256.New, "a-password-of-thirty-two-letters", []byte("sixteen-of-salt."), 4096, sha256.Size); err != nil {
				b.Fatal(err)
			}
		},
		ask: func(ctx context.Context, s *vaultServer, _ int) error {
			return s.ask(ctx, http.MethodGet, "database/creds/"+leasedAs, nil)
		},
		beside: &vaultLoad{name: "CREATE ROLE", goal: ofBare, ask: func(ctx context.Context, _ *vaultServer, _ int) error {
			conn := <-idle
			defer func() { idle <- conn }()
			_, err := conn.Exec(ctx, fmt.Sprintf(`create role bare%d login `+bareGiven, made.Add(1)))
			return err
		}},
	}
}
