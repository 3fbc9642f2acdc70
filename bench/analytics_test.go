package bench

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/iga/analytics"
	"github.com/writhq/writ/policy"
	"github.com/writhq/writ/store"
)

// The figures that looking at the whole company is held to: what it takes beside what
// building the graph takes, which each command does anyway.
const (
	outliersRatio = 1.5
	usageRatio    = 1.0
	creepRatio    = 1.0
	whatIfRatio   = 1.0
)

// oneInTwenty moves every twentieth person to the unit of their neighbour.
const oneInTwenty = `
insert into affiliation (identity_id, seq, from_set, employer, unit, title, manager_id)
select a.identity_id, a.seq, (select max(id) from change_set), a.employer, b.unit, a.title, a.manager_id
  from affiliation a join affiliation b on b.identity_id = a.identity_id + 700
 where a.identity_id % 20 = 0 and a.until_set = 0 and b.until_set = 0 and a.unit <> b.unit`

// move makes people of a company move.
func move(b *testing.B, dir string) {
	b.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "writ.db"))
	if err != nil {
		b.Fatal(err)
	}
	for _, text := range []string{
		`insert into change_set (at, actor, rev) select max(at) + 1, 'bench', max(rev) + 1 from change_set`,
		oneInTwenty,
		`update affiliation set until_set = (select max(id) from change_set)
		  where until_set = 0 and from_set < (select max(id) from change_set) and identity_id in (select identity_id from affiliation where from_set = (select max(id) from change_set))`,
	} {
		if _, err := db.ExecContext(b.Context(), text); err != nil {
			b.Fatal(errors.Join(err, db.Close()))
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}

// frozen is a policy that makes a difference to many.
const frozen = `@id("house.tier") @reason("tier 0 is seen by nobody but audit")
forbid (principal, action in [Action::"entitlement.read", Action::"account.read", Action::"identity.read"], resource)
unless { principal in Function::"audit" };`

// BenchmarkAnalyticsLarge looks for outliers, unused access and creep in the large
// company, beside the time in which the graph is built.
func BenchmarkAnalyticsLarge(b *testing.B) {
	ctx := asBench(b)
	dir := largeCopy(b)
	move(b, dir)
	db, err := store.Open(ctx, store.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	for b.Loop() {
		begun := time.Now()
		g, err := graph.Open(ctx, db.Graph())
		if err != nil {
			b.Fatal(err)
		}
		whole := time.Since(begun)
		before, _ := resident(b)
		b.Logf("building the graph: %.1f s, %.0f MB", whole.Seconds(), before)
		s := &analytics.Service{Store: db.Analytics(), Graph: g}
		beside := func(name string, ceiling float64, do func(ctx context.Context) (int, error)) {
			begun := time.Now()
			n, err := do(ctx)
			if err != nil || n == 0 {
				b.Fatalf("%s: %d, %v", name, n, err)
			}
			took := time.Since(begun)
			b.Logf("%s: %.1f s, %.2f of the graph (at most %.1f); %d", name, took.Seconds(), took.Seconds()/whole.Seconds(), ceiling, n)
			b.ReportMetric(took.Seconds()/whole.Seconds(), name+"/graph")
		}
		all := policy.Reach{All: true}
		beside("outliers", outliersRatio, func(ctx context.Context) (int, error) {
			p, err := s.Outliers(ctx, analytics.OutlierFilter{Reach: all, Limit: 50})
			b.Logf("%d people; %+v; by tier %v", p.People, p.Explained, p.Tiers)
			return p.Total, err
		})
		beside("again", outliersRatio, func(ctx context.Context) (int, error) {
			p, err := s.Outliers(ctx, analytics.OutlierFilter{Reach: all, Limit: 50})
			return p.Total, err
		})
		beside("usage", usageRatio, func(ctx context.Context) (int, error) {
			p, err := s.Usage(ctx, analytics.UsageFilter{By: analytics.BySystem, Days: 90, Reach: all})
			b.Logf("%+v", p.Total)
			return p.All, err
		})
		beside("creep", creepRatio, func(ctx context.Context) (int, error) {
			p, err := s.Creep(ctx, analytics.CreepFilter{Reach: all, Limit: 50})
			b.Logf("%d moved, %d kept something, %d points of trend", p.Moved, p.All, len(p.Trend))
			return p.Moved, err
		})
		beside("whatif", whatIfRatio, func(ctx context.Context) (int, error) { return simulated(ctx, db, g) })
		now, most := resident(b)
		b.Logf("memory: %.0f MB more than the graph, %.0f MB at most", now-before, most)
		b.ReportMetric(most, "MB-most")
	}
}

// simulated is how many changes a policy makes to the company.
func simulated(ctx context.Context, db *store.DB, g *graph.Graph) (int, error) {
	set, err := policy.NewSet(1, policy.Shipped()...)
	if err != nil {
		return 0, err
	}
	live := policy.NewLive(g)
	d, err := db.Policy().Directory(ctx)
	if err != nil {
		return 0, err
	}
	for id, f := range map[access.IdentityID]access.Function{1: access.IAM, 2: access.AuditFunction, 3: access.PlatformOwner, 4: access.SecurityOperations} {
		d.Functions[id] = []policy.Held{{Function: f}}
	}
	live.Put(d)
	e, err := policy.New(policy.Config{Set: set, Facts: live.Facts})
	if err != nil {
		return 0, err
	}
	s := &policy.Simulator{Engine: e, Live: live, History: db.Policy()}
	w, err := s.WhatIf(ctx, policy.Document{Name: "house", Text: frozen})
	return w.Forbids, err
}
