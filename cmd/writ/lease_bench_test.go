package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/connector/postgres"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/internal/testkit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/lease"
	"github.com/writhq/writ/policy"
)

// The figures that leases are held to.
const (
	leaseConns = 16
	leaseRate  = 0.8 // of bare CREATE ROLE
	leaseGoal  = 360 // a second: twice what was measured of OpenBao
)

// BenchmarkLease has accounts made in a real cluster that writes durably, and as many bare
// roles on connections that stay open, in turns. Each lease is decided, kept with its record
// before the cluster is asked, and confirmed; a whole node runs behind it.
func BenchmarkLease(b *testing.B) {
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.DiscardHandler))
	pg := testkit.NewPostgres(b)
	pg.Exec(b, "postgres", `alter system set fsync = on`, `select pg_reload_conf()`, `create role readers`)
	p := newPlant(b, 2)
	system := p.system("db", postgres.Kind, inventory.Config{Address: pg.URL("postgres")}, secret.Secret{})
	readers := p.entitlement("db/readers")
	store := p.app.db.Leases()
	id, err := store.AddTemplate(p.ctx, lease.Template{Name: "reporting", System: system, Entitlements: []access.EntitlementID{readers}, Usual: time.Hour, Terms: access.Terms{Most: time.Hour}}, "a benchmark")
	p.must(err)
	p.must(store.Grant(p.ctx, lease.Right{Template: id, Holder: p.person(1).Ref(), Reason: "a benchmark"}))
	_, err = p.app.db.Sequence(p.ctx)
	p.must(err)
	ctx, err := p.app.openGraph(b.Context())
	p.must(err)
	n, err := p.app.newNode(ctx)
	p.must(err)
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- n.run(running) }()
	who := policy.WithCaller(audit.WithActor(ctx, audit.Actor{Identity: p.person(1)}), policy.Caller{Identity: p.person(1)})
	issue := func(int) error {
		got, err := n.lease.Issue(who, lease.Asking{Template: id})
		got.Value.Wipe()
		return err
	}
	const rounds, each = 5, 3 * time.Second
	ours, bare := &loaded{}, &loaded{}
	roles := bareRoles(b, pg)
	ours.run(b, time.Second, issue) // warm
	*ours = loaded{}
	for b.Loop() {
		for range rounds {
			ours.run(b, each, issue)
			bare.run(b, each, roles)
		}
	}
	stop()
	<-ended //nolint:errcheck // it says that it was told to end
	b.Logf("leases            %7.0f/s  p50 %6.2f ms  p99 %6.2f ms", ours.rate(), ours.at(50), ours.at(99))
	b.Logf("bare CREATE ROLE  %7.0f/s  p50 %6.2f ms  p99 %6.2f ms", bare.rate(), bare.at(50), bare.at(99))
	b.Logf("%.2f of bare CREATE ROLE (at least %.1f); %.0f a second by %d at once (at least %d)", ours.rate()/bare.rate(), leaseRate, ours.rate(), leaseConns, leaseGoal)
	b.ReportMetric(ours.rate()/bare.rate(), "of-bare")
	b.ReportMetric(ours.rate(), "leases/s")
}

// bareRoles makes a role on a connection of each who asks.
func bareRoles(b *testing.B, pg *testkit.PostgresServer) func(int) error {
	b.Helper()
	var conns []*pgx.Conn
	for range leaseConns {
		conn, err := pgx.Connect(b.Context(), pg.URL("postgres"))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close(context.WithoutCancel(b.Context())) })
		conns = append(conns, conn)
	}
	var made atomic.Int64
	return func(i int) error {
		_, err := conns[i].Exec(b.Context(), fmt.Sprintf(`create role bare%d login valid until '2099-01-01' password 'SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$8vdOe2vRTFCZWpqW0PVuJ0l2oAvCb7mPc2Q0i1yXb2U=:8vdOe2vRTFCZWpqW0PVuJ0l2oAvCb7mPc2Q0i1yXb2U='`, made.Add(1)))
		return err
	}
}

// loaded is what many who ask at once were answered.
type loaded struct {
	took []time.Duration
	over time.Duration
}

func (l *loaded) run(b *testing.B, each time.Duration, ask func(int) error) {
	b.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	began := time.Now()
	for i := range leaseConns {
		all.Go(func() {
			var took []time.Duration
			for time.Since(began) < each {
				at := time.Now()
				if err := ask(i); err != nil {
					b.Error(err)
					return
				}
				took = append(took, time.Since(at))
			}
			mu.Lock()
			defer mu.Unlock()
			l.took = append(l.took, took...)
		})
	}
	all.Wait()
	l.over += time.Since(began)
}

func (l *loaded) rate() float64 { return float64(len(l.took)) / l.over.Seconds() }

func (l *loaded) at(percent int) float64 {
	slices.Sort(l.took)
	if len(l.took) == 0 {
		return 0
	}
	return float64(l.took[len(l.took)*percent/100].Microseconds()) / 1000
}
