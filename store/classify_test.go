package store

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/iga/classify"
)

// classifying is a store in which entitlement 3 leads to 2, which leads to 1; 2
// changes the configuration of a production system, and so has tier 1.
type classifying struct {
	t     *testing.T
	ctx   context.Context
	db    *DB
	clock *stopwatch
	s     *classify.Service
}

func newClassifying(t *testing.T, fresh func(*testing.T) Config) *classifying {
	t.Helper()
	c := &classifying{t: t, ctx: asTester(t.Context()), clock: &stopwatch{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}}
	cfg := fresh(t)
	cfg.Now = c.clock.now
	c.db = openStore(t, cfg)
	err := c.db.change(c.ctx, audit.Event{Action: "test.facts"}, func(t *tx) error {
		for _, text := range []string{
			`insert into system (id, from_set, name, kind, environment) values (1, $1, 'erp', 'csv', 'production')`,
			`insert into entitlement (id, from_set, system_id, native_id, kind, name, digest, capabilities) values
			 (1, $1, 1, 'a', 'role', 'a', '', '[]'), (2, $1, 1, 'b', 'role', 'b', '', '[{"right":"change_config","on":"sys_0000000000001"}]'), (3, $1, 1, 'c', 'role', 'c', '', '[]')`,
			`insert into access_grant (holder_id, holder_kind, entitlement_id, id, system_id, from_set) values (2, 3, 1, 1, 1, $1), (3, 3, 2, 2, 1, $1)`,
		} {
			if _, err := t.exec(c.ctx, text, t.Set); err != nil {
				return err
			}
		}
		return t.changed(c.ctx, access.SystemID(1).Ref())
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.db.Sequence(c.ctx); err != nil {
		t.Fatal(err)
	}
	g, err := graph.Open(c.ctx, c.db.Graph())
	if err != nil {
		t.Fatal(err)
	}
	c.s = &classify.Service{Store: c.db.Classify(), Graph: g, Now: c.clock.now}
	return c
}

// run classifies as commands do and says how much changed.
func (c *classifying) run() int {
	c.t.Helper()
	_, err := c.db.Sweep(c.ctx)
	if err == nil {
		err = c.follow()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	n, err := c.s.Run(c.ctx)
	if err = errors.Join(err, c.follow()); err != nil {
		c.t.Fatal(err)
	}
	return n
}

func (c *classifying) follow() error {
	_, err := c.db.Sequence(c.ctx)
	if err == nil {
		_, err = c.s.Graph.Follow(c.ctx)
	}
	return err
}

// expect compares the tiers of entitlements 1, 2 and 3 as the graph has them.
func (c *classifying) expect(want ...access.Tier) {
	c.t.Helper()
	v := c.s.Graph.View()
	defer v.Close()
	for i, tier := range want {
		if e, ok := v.Entitlement(access.EntitlementID(i + 1)); !ok || e.Tier != tier {
			c.t.Errorf("entitlement %d has tier %d, want %d", i+1, e.Tier, tier)
		}
	}
}

func (c *classifying) override(id access.EntitlementID, tier access.Tier, until time.Time) {
	c.t.Helper()
	var end access.Time
	if !until.IsZero() {
		end = access.TimeOf(until)
	}
	if err := c.s.Override(c.ctx, id, classify.Any, tier, "asked its owner", end); err != nil {
		c.t.Fatal(err)
	}
}

// Invariant 3 of classify.
func TestClassifyTwiceWritesOnce(t *testing.T) { eachDatabase(t, testClassifyTwiceWritesOnce) }

func testClassifyTwiceWritesOnce(t *testing.T, fresh func(*testing.T) Config) {
	c := newClassifying(t, fresh)
	if n := c.run(); n != 3 {
		t.Errorf("the first run wrote %d", n)
	}
	c.expect(3, 1, 1)
	c.override(1, access.Tier0, time.Time{})
	for i, want := range []int{3, 0} {
		var before, after int64
		sets := func(into *int64) {
			if err := c.db.r.QueryRow(`select count(*) from change_set`).Scan(into); err != nil {
				t.Fatal(err)
			}
		}
		sets(&before)
		if n := c.run(); n != want {
			t.Errorf("run %d wrote %d, not %d", i+2, n, want)
		}
		if sets(&after); want == 0 && after != before {
			t.Errorf("a run that changes nothing made %d change sets", after-before)
		}
	}
	c.expect(0, 0, 0)
}

func TestOverrideIsKeptAndCleared(t *testing.T) { eachDatabase(t, testOverrideIsKeptAndCleared) }

func testOverrideIsKeptAndCleared(t *testing.T, fresh func(*testing.T) Config) {
	c := newClassifying(t, fresh)
	c.run()
	c.override(3, access.Tier0, time.Time{})
	c.override(3, access.Tier2, c.clock.at.AddDate(3, 0, 0)) // in place of the first
	if n := c.run(); n != 1 {
		t.Errorf("%d changed: its tier stays, that it is overridden does not", n)
	}
	c.expect(3, 1, 1)
	kept, err := c.s.Store.Classifications(c.ctx, nil)
	if k := kept[3]; err != nil || !k.Overridden || k.Own != access.Tier2 || k.Tier != access.Tier1 {
		t.Errorf("%+v, %v", k, err)
	}
	var reasons []struct{ Rule, Text string }
	if err := json.Unmarshal([]byte(kept[3].Reasons), &reasons); err != nil || len(reasons) != 3 || reasons[0].Rule != "override" ||
		!strings.Contains(reasons[0].Text, "by test until 2029-05-01: asked its owner") || reasons[1].Rule != "leads-to" {
		t.Errorf("%+v, %v", reasons, err)
	}
	list, err := c.s.Overrides(c.ctx)
	if err != nil || len(list) != 1 || list[0].Entitlement != 3 || list[0].By != "test" || list[0].Since != access.TimeOf(c.clock.at) || list[0].Facts != access.Tier3 {
		t.Errorf("%+v, %v", list, err)
	}

	if err := c.s.ClearOverride(c.ctx, 3, classify.Any, " "); !errors.Is(err, classify.ErrReason) {
		t.Errorf("cleared without a reason: %v", err)
	}
	if err := c.s.ClearOverride(c.ctx, 3, classify.Any, "it was a mistake"); err != nil {
		t.Fatal(err)
	}
	if err := c.s.ClearOverride(c.ctx, 3, classify.Any, "again"); !errors.Is(err, classify.ErrOverride) {
		t.Errorf("cleared twice: %v", err)
	}
	if n := c.run(); n != 1 {
		t.Errorf("%d changed", n)
	}
	view := c.s.Graph.View()
	defer view.Close()
	x, err := c.s.Explain(c.ctx, view, 3)
	if err != nil || x.Override != nil || x.Overridden || x.Own != access.Tier3 || x.Tier != access.Tier1 || len(x.Reasons) != 2 {
		t.Errorf("%+v, %v", x, err)
	}
	if r := verifyLog(t, c.db); r.Err() != nil {
		t.Error(r.Wrong)
	}
}

// An end is the clock's to notice: nobody has to run anything in time.
func TestOverrideEnds(t *testing.T) { eachDatabase(t, testOverrideEnds) }

func testOverrideEnds(t *testing.T, fresh func(*testing.T) Config) {
	c := newClassifying(t, fresh)
	c.run()
	end := c.clock.at.Add(24 * time.Hour)
	c.override(2, access.Tier3, end)
	if n := c.run(); n != 2 {
		t.Errorf("%d changed", n)
	}
	c.expect(3, 3, 3)
	c.clock.at = end.Add(-time.Microsecond)
	if n := c.run(); n != 0 {
		t.Errorf("%d changed before the end", n)
	}
	c.clock.at = end
	if at, err := c.db.NextEdge(c.ctx); err != nil || at != access.TimeOf(end) {
		t.Fatalf("the next edge is %s: %v", at.Time(), err)
	}
	if n := c.run(); n != 2 {
		t.Errorf("%d changed at the end", n)
	}
	c.expect(3, 1, 1)
	var told int
	if err := c.db.r.QueryRow(`select count(*) from change c join change_set s on s.id = c.set_id where c.kind = 3 and c.object = 2 and s.actor = 'sweeper'`).Scan(&told); err != nil || told != 1 {
		t.Errorf("the end is %d times in the change feed: %v", told, err)
	}
	if err := c.s.ClearOverride(c.ctx, 2, classify.Any, "over"); !errors.Is(err, classify.ErrOverride) {
		t.Errorf("one that has ended was cleared: %v", err)
	}
	if list, err := c.s.Overrides(c.ctx); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	c.override(2, access.Tier2, end.Add(time.Hour)) // in place of one that has ended
}

func TestOverrideIsRefused(t *testing.T) { eachDatabase(t, testOverrideIsRefused) }

func testOverrideIsRefused(t *testing.T, fresh func(*testing.T) Config) {
	c := newClassifying(t, fresh)
	soon := access.TimeOf(c.clock.at.Add(time.Hour))
	for name, tt := range map[string]struct {
		id     access.EntitlementID
		tier   access.Tier
		reason string
		until  access.Time
		want   error
	}{
		"no entitlement":   {9, access.Tier0, "x", 0, classify.ErrEntitlement},
		"no reason":        {2, access.Tier0, "", 0, classify.ErrReason},
		"lowered for ever": {2, access.Tier2, "x", 0, classify.ErrEnd},
		"no tier":          {2, 7, "x", soon, classify.ErrTier},
	} {
		if err := c.s.Override(c.ctx, tt.id, classify.Any, tt.tier, tt.reason, tt.until); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The index may lag: the store itself knows what is there, and who asks.
	o := classify.Override{Entitlement: 9, Tier: access.Tier0, Facts: access.Tier3, Reason: "x"}
	if err := c.s.Store.Override(c.ctx, o); !errors.Is(err, classify.ErrEntitlement) {
		t.Errorf("the store overrides what is not there: %v", err)
	}
	if err := c.s.Override(t.Context(), 2, classify.Any, access.Tier0, "x", 0); !errors.Is(err, audit.ErrNoActor) {
		t.Errorf("overridden by nobody: %v", err)
	}
	view := c.s.Graph.View()
	defer view.Close()
	if _, err := c.s.Explain(c.ctx, view, 9); !errors.Is(err, classify.ErrEntitlement) {
		t.Errorf("explained: %v", err)
	}
	var rows int
	if err := c.db.r.QueryRow(`select count(*) from classification_override`).Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d overrides were kept: %v", rows, err)
	}
}

// Whoever names the version that they have seen does not undo what came in between.
func TestOverrideOfAVersion(t *testing.T) { eachDatabase(t, testOverrideOfAVersion) }

func testOverrideOfAVersion(t *testing.T, fresh func(*testing.T) Config) {
	c := newClassifying(t, fresh)
	version := func() int64 {
		list, err := c.s.Store.Overrides(c.ctx)
		if err != nil {
			t.Fatal(err)
		}
		return list[3].Version
	}
	if err := c.s.Override(c.ctx, 3, 0, access.Tier1, "there is none yet", 0); err != nil {
		t.Fatal(err)
	}
	first := version()
	for _, seen := range []int64{0, first + 1} {
		if err := c.s.Override(c.ctx, 3, seen, access.Tier0, "stale", 0); !errors.Is(err, classify.ErrChanged) {
			t.Errorf("version %d, where %d is in force: %v", seen, first, err)
		}
		if err := c.s.ClearOverride(c.ctx, 3, seen, "stale"); !errors.Is(err, classify.ErrChanged) {
			t.Errorf("version %d, where %d is in force, is cleared: %v", seen, first, err)
		}
	}
	if err := c.s.Override(c.ctx, 3, first, access.Tier0, "seen", 0); err != nil {
		t.Fatal(err)
	}
	if err := c.s.ClearOverride(c.ctx, 3, version(), "seen"); err != nil {
		t.Fatal(err)
	}
	if v := version(); v != 0 {
		t.Errorf("version %d is in force", v)
	}
	if err := c.s.ClearOverride(c.ctx, 3, 0, "none"); !errors.Is(err, classify.ErrOverride) {
		t.Errorf("cleared where there is none: %v", err)
	}
}

// Two who override the same entitlement at once both succeed, and one counts.
func TestOverrideAtOnce(t *testing.T) { eachDatabase(t, testOverrideAtOnce) }

func testOverrideAtOnce(t *testing.T, fresh func(*testing.T) Config) {
	c := newClassifying(t, fresh)
	done := make(chan error)
	const people = 8
	for range people {
		go func() { done <- c.s.Override(c.ctx, 3, classify.Any, access.Tier0, "at once", 0) }()
	}
	for range people {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if list, err := c.s.Overrides(c.ctx); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}
