package store

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/assurance/coverage"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/graph"
)

// covering is a store in which coverage is kept at times that the test says.
type covering struct {
	t     *testing.T
	ctx   context.Context
	db    *DB
	clock *stopwatch
	s     *coverage.Service
}

func newCovering(t *testing.T, fresh func(*testing.T) Config) *covering {
	t.Helper()
	c := &covering{t: t, ctx: asTester(t.Context()), clock: &stopwatch{at: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)}}
	cfg := fresh(t)
	cfg.Now = c.clock.now
	c.db = openStore(t, cfg)
	c.s = &coverage.Service{Store: c.db.Coverage(), Now: c.clock.now}
	return c
}

// keep keeps one owner cell of each of two systems, of two tiers, and a third
// party's elevate cell.
func (c *covering) keep(rev access.Rev, inPlace int64) coverage.Matrix {
	c.t.Helper()
	cell := func(system access.SystemID, tier access.Tier, third bool, control access.Control, n coverage.Counts) coverage.Row {
		return coverage.Row{Cell: coverage.Cell{System: system, Tier: tier, IdentityKind: access.Human, ThirdParty: third, Control: control}, Counts: n}
	}
	m := coverage.Matrix{Rev: rev, Rows: []coverage.Row{
		cell(1, access.Tier0, false, access.ControlOwner, coverage.Counts{Required: 10, InPlace: inPlace, Missing: 10 - inPlace}),
		cell(1, access.Tier0, true, access.ControlElevate, coverage.Counts{Required: 7, InPlace: 1, Missing: 1, Unknown: 2, Excepted: 3}),
		cell(2, access.Tier3, false, access.ControlOwner, coverage.Counts{Required: 5, Unknown: 5}),
	}}
	if err := c.db.Coverage().Keep(c.ctx, m); err != nil {
		c.t.Fatal(err)
	}
	return m
}

func (c *covering) last(f coverage.Filter) coverage.Kept {
	c.t.Helper()
	k, err := c.s.Last(c.ctx, f)
	if err != nil {
		c.t.Fatal(err)
	}
	return k
}

func (c *covering) trend(since time.Time, f coverage.Filter) []coverage.Point {
	c.t.Helper()
	points, err := c.s.Trend(c.ctx, since, f)
	if err != nil {
		c.t.Fatal(err)
	}
	return points
}

// What was kept is read as it was, narrowed by what is asked for.
func TestCoverageLast(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		c := newCovering(t, fresh)
		if _, err := c.s.Last(c.ctx, coverage.Filter{}); !errors.Is(err, coverage.ErrNone) {
			t.Errorf("nothing was measured: %v", err)
		}
		c.keep(10, 1)
		c.clock.at = c.clock.at.Add(time.Hour)
		at := access.TimeOf(c.clock.at)
		m := c.keep(20, 2)
		if k := c.last(coverage.Filter{}); k.Rev != 20 || k.At != at || !reflect.DeepEqual(k.Rows, m.Rows) {
			t.Errorf("got %+v, want revision 20 at %d: %+v", k, at, m.Rows)
		}
		c.clock.at = c.clock.at.Add(time.Hour)
		c.keep(20, 9)
		if k := c.last(coverage.Filter{}); k.At != at || k.Rows[0].InPlace != 2 {
			t.Errorf("a revision that was there was kept again: %+v", k)
		}

		top, low := access.Tier0, access.Tier2
		for _, a := range []struct {
			f    coverage.Filter
			want []coverage.Row
		}{
			{coverage.Filter{System: 1}, m.Rows[:2]},
			{coverage.Filter{Tier: &top}, m.Rows[:2]},
			{coverage.Filter{Tier: &low}, nil},
			{coverage.Filter{Control: access.ControlElevate}, m.Rows[1:2]},
			{coverage.Filter{Control: access.ControlOwner}, []coverage.Row{m.Rows[0], m.Rows[2]}},
			{coverage.Filter{System: 2, Tier: &top}, nil},
			{coverage.Filter{System: 1, Tier: &top, Control: access.ControlOwner}, m.Rows[:1]},
		} {
			if k := c.last(a.f); k.Rev != 20 || !reflect.DeepEqual(k.Rows, a.want) {
				t.Errorf("%+v: got %+v, want %+v", a.f, k.Rows, a.want)
			}
		}
		if err := c.db.Coverage().Keep(c.ctx, coverage.Matrix{Rev: 30}); err != nil {
			t.Fatal(err)
		}
		if k := c.last(coverage.Filter{}); k.Rev != 30 || len(k.Rows) != 0 {
			t.Errorf("a matrix without cells is one: %+v", k)
		}
	})
}

// The trend has, of each day in UTC, the last measurement, summed by control.
func TestCoverageTrend(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		c := newCovering(t, fresh)
		first := c.clock.at
		if points := c.trend(first, coverage.Filter{}); len(points) != 0 {
			t.Errorf("nothing was measured: %+v", points)
		}
		var at [4]access.Time
		for i, step := range []struct {
			at      time.Time
			rev     access.Rev
			inPlace int64
		}{
			{first, 9, 1},
			{first.Add(10 * time.Hour), 10, 2},               // later the same day
			{first.Add(16*time.Hour - time.Second), 11, 3},   // its last second
			{first.Add(16*time.Hour + 24*time.Hour), 100, 4}, // midnight after a day without any
		} {
			c.clock.at = step.at
			at[i] = access.TimeOf(step.at)
			c.keep(step.rev, step.inPlace)
		}
		elevate := coverage.Counts{Required: 7, InPlace: 1, Missing: 1, Unknown: 2, Excepted: 3}
		owner := func(inPlace int64) coverage.Counts {
			return coverage.Counts{Required: 15, InPlace: inPlace, Missing: 10 - inPlace, Unknown: 5}
		}
		want := []coverage.Point{
			{At: at[2], Control: access.ControlOwner, Counts: owner(3)},
			{At: at[2], Control: access.ControlElevate, Counts: elevate},
			{At: at[3], Control: access.ControlOwner, Counts: owner(4)},
			{At: at[3], Control: access.ControlElevate, Counts: elevate},
		}
		if points := c.trend(first, coverage.Filter{}); !reflect.DeepEqual(points, want) {
			t.Errorf("got %+v, want %+v", points, want)
		}
		for _, since := range []time.Time{at[2].Time().Add(time.Second), at[3].Time()} {
			if points := c.trend(since, coverage.Filter{}); !reflect.DeepEqual(points, want[2:]) {
				t.Errorf("since %s: got %+v, want %+v", since, points, want[2:])
			}
		}
		tier := access.Tier0
		points := c.trend(first, coverage.Filter{System: 1, Tier: &tier, Control: access.ControlOwner})
		if len(points) != 2 || points[1].Required != 10 || points[1].InPlace != 4 || points[1].Unknown != 0 {
			t.Errorf("narrowed: %+v", points)
		}
		if points := c.trend(at[3].Time().Add(time.Second), coverage.Filter{}); len(points) != 0 {
			t.Errorf("after the last: %+v", points)
		}
	})
}

// Findings are read as gaps: open without an end, accepted with it, resolved not.
func TestCoverageGaps(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		c := newCovering(t, fresh)
		findings := &finding.Service{Store: c.db.Findings(), Now: c.clock.now}
		draft := func(rule string, subject access.Ref) finding.Draft {
			return finding.Draft{Rule: rule, Subject: subject, Severity: access.High}
		}
		account, other, system := access.AccountID(7).Ref(), access.AccountID(8).Ref(), access.SystemID(1).Ref()
		all := []finding.Draft{
			draft("standing-privilege", account), draft("standing-privilege", other),
			draft("unowned-entitlement", system), draft("dormant-account", account),
		}
		if _, err := findings.Reconcile(c.ctx, all); err != nil {
			t.Fatal(err)
		}
		list, err := findings.List(c.ctx, finding.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		end := c.clock.at.Add(24 * time.Hour)
		for _, f := range list {
			if f.Subject == account {
				if err := findings.Accept(c.ctx, f.ID, 0, "until the move", end); err != nil {
					t.Fatal(err)
				}
			}
		}
		rules := []string{"standing-privilege", "unowned-entitlement"}
		var rev access.Rev
		heard := map[finding.Key]coverage.Gap{}
		expect := func(want ...coverage.Gap) {
			t.Helper()
			got, _, err := c.db.Coverage().Gaps(c.ctx, rules)
			// What is heard bit by bit comes to the same, sequenced or not yet.
			news, reached, errNews := c.db.Coverage().News(c.ctx, rules, rev)
			for _, n := range news {
				delete(heard, finding.Key{Rule: n.Rule, Subject: n.Subject})
				if !n.Gone {
					heard[finding.Key{Rule: n.Rule, Subject: n.Subject}] = n.Gap
				}
			}
			if rev = reached; errNews != nil || len(heard) != len(got) {
				t.Errorf("heard %+v, %v, of %+v", heard, errNews, got)
			}
			for _, g := range got {
				if heard[finding.Key{Rule: g.Rule, Subject: g.Subject}] != g {
					t.Errorf("heard %+v, and there is %+v", heard, g)
				}
			}
			if _, err := c.db.Sequence(c.ctx); err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(got, func(a, b coverage.Gap) int {
				return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject.Key, b.Subject.Key))
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		}
		accepted := coverage.Gap{Rule: "standing-privilege", Subject: account, Until: access.TimeOf(end)}
		expect(accepted, coverage.Gap{Rule: "standing-privilege", Subject: other}, coverage.Gap{Rule: "unowned-entitlement", Subject: system})
		if _, err := findings.Reconcile(c.ctx, all[:1]); err != nil {
			t.Fatal(err)
		}
		expect(accepted)
		c.clock.at = end.Add(time.Hour)
		if _, err := findings.Reconcile(c.ctx, all[:1]); err != nil {
			t.Fatal(err)
		}
		expect(coverage.Gap{Rule: "standing-privilege", Subject: account})
		expect(coverage.Gap{Rule: "standing-privilege", Subject: account})
		if news, _, err := c.db.Coverage().News(c.ctx, rules, rev); err != nil || len(news) != 0 {
			t.Errorf("nothing happened since: %+v, %v", news, err)
		}
	})
}

// A day has one matrix; only the cells that differ are written, and what is gone is
// gone.
func TestCoverageOfOneDay(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		c := newCovering(t, fresh)
		m := c.keep(10, 1)
		for i, change := range []func(){
			func() {},
			func() { m.Rows[0].InPlace, m.Rows[0].Missing = 5, 5 },
			func() { m.Rows = m.Rows[:2] },
			func() {
				m.Rows = append(m.Rows, coverage.Row{Cell: coverage.Cell{System: 3, Control: access.ControlOwner, IdentityKind: access.Human}})
			},
		} {
			change()
			c.clock.at = c.clock.at.Add(time.Hour)
			m.Rev++
			if err := c.db.Coverage().Keep(c.ctx, m); err != nil {
				t.Fatal(err)
			}
			k := c.last(coverage.Filter{})
			if k.Rev != m.Rev || k.At != access.TimeOf(c.clock.at) || !reflect.DeepEqual(k.Rows, m.Rows) {
				t.Errorf("change %d: got %+v, want %+v", i, k, m)
			}
		}
		var runs int
		err := c.db.read(c.ctx, func(q *query) error { return q.row(c.ctx, `select count(*) from coverage_run`).Scan(&runs) })
		if err != nil || runs != 1 {
			t.Errorf("%d runs of one day, %v", runs, err)
		}
	})
}

// Refresh keeps what it computes, at the graph's revision.
func TestCoverageRefresh(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		c := newCovering(t, fresh)
		if _, err := c.db.Sequence(c.ctx); err != nil {
			t.Fatal(err)
		}
		g, err := graph.Open(c.ctx, c.db.Graph())
		if err != nil {
			t.Fatal(err)
		}
		c.s.Graph = g
		m, err := c.s.Refresh(c.ctx)
		if err != nil {
			t.Fatal(err)
		}
		if k := c.last(coverage.Filter{}); k.Rev != m.Rev || k.At != access.TimeOf(c.clock.at) {
			t.Errorf("kept %+v of %+v", k, m)
		}
	})
}

// What was measured again and found the same writes no record, and is still known to be
// as of now.
// Several nodes measure one revision at once: one keeps it, and none fails.
func TestSeveralNodesMeasureTheSame(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(t *testing.T) Config) {
		db := openStore(t, fresh(t))
		ctx := asTester(t.Context())
		m := coverage.Matrix{Rev: 1, Rows: []coverage.Row{{Cell: coverage.Cell{System: 1, Tier: 1, IdentityKind: access.Human, Control: access.ControlOwner}, Counts: coverage.Counts{Required: 1}}}}
		if n := atOnce(t, nil, func(int) error { return db.Coverage().Keep(ctx, m) }); n != 6 {
			t.Errorf("%d of six kept it", n)
		}
	})
}

func TestMeasuringTheSameAgainIsNoChange(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh func(*testing.T) Config) {
		c := newCovering(t, fresh)
		c.keep(10, 4)
		before := c.records()
		c.clock.at = c.clock.at.Add(time.Hour)
		c.keep(12, 4)
		c.keep(12, 4)
		if k := c.last(coverage.Filter{}); k.Rev != 12 || k.At != access.TimeOf(c.clock.at) || c.records() != before {
			t.Errorf("revision %d at %v, and %d records more", k.Rev, k.At.Time(), c.records()-before)
		}
		c.keep(13, 5)
		if c.records() != before+1 {
			t.Errorf("a change wrote %d records", c.records()-before)
		}
		c.clock.at = c.clock.at.Add(24 * time.Hour)
		c.keep(14, 5)
		if c.records() != before+2 {
			t.Error("another day has no matrix of its own")
		}
	})
}

func (c *covering) records() (n int) {
	c.t.Helper()
	err := c.db.read(c.ctx, func(q *query) error { return q.row(c.ctx, `select count(*) from audit_record`).Scan(&n) })
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}
