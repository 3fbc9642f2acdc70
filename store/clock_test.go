package store

import (
	"testing"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

func TestClockNeverRunsBack(t *testing.T) { eachDatabase(t, testClockNeverRunsBack) }

// Invariant 6, within a process and over a restart.
func testClockNeverRunsBack(t *testing.T, fresh func(*testing.T) Config) {
	clock := stopwatch{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	cfg := fresh(t)
	cfg.Now = clock.now
	ctx := asTester(t.Context())
	db, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	at := func() (at access.Time) {
		t.Helper()
		err := db.change(ctx, audit.Event{Action: "test.change"}, func(t *tx) error { at = t.At; return nil })
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	first := at()
	clock.at = clock.at.Add(-time.Hour)
	if second := at(); second < first {
		t.Errorf("time went from %s back to %s", first.Time(), second.Time())
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	clock.at = clock.at.Add(-time.Hour)
	db = openStore(t, cfg)
	if third := at(); third < first {
		t.Errorf("after a restart time went from %s back to %s", first.Time(), third.Time())
	}
	if got, err := db.Now(ctx); err != nil || got < first {
		t.Errorf("the store's clock says %s, %v", got.Time(), err)
	}
	clock.at = clock.at.Add(3 * time.Hour)
	if fourth := at(); fourth != access.TimeOf(clock.at) {
		t.Errorf("time stands still at %s", fourth.Time())
	}
}

func TestClockJumpIsNoticed(t *testing.T) {
	var c clock
	for _, step := range []struct {
		wall, monotonic time.Duration
		jumped          bool
	}{
		{time.Hour, time.Hour, false},
		{time.Hour + 4*time.Second, time.Hour, false},
		{time.Hour, 2 * time.Hour, false}, // set back
		{2*time.Hour + 6*time.Second, 2 * time.Hour, true},
		{3 * time.Hour, 3 * time.Hour, true}, // it stays noticed
	} {
		c.look(time.Now(), 0, step.wall, step.monotonic)
		if c.jumped != step.jumped {
			t.Errorf("%+v: jumped is %v", step, c.jumped)
		}
	}
	db := openStore(t, emptySQLite(t))
	if !db.ClockTrusted() {
		t.Error("an even clock is not trusted")
	}
	db.clock.jumped = true
	if db.ClockTrusted() {
		t.Error("a clock that jumped is trusted")
	}
}

// Where the clock was set back, time runs on, and what has an end ends; it comes together
// with the clock again.
func TestClockRunsOnWhereItWasSetBack(t *testing.T) {
	var c clock
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	look := func(wall, monotonic time.Duration) time.Duration {
		return time.UnixMicro(c.look(noon.Add(wall), 0, wall, monotonic)).Sub(noon)
	}
	if at := look(0, 0); at != 0 {
		t.Fatalf("it begins %s off", at)
	}
	if at := look(time.Minute, time.Minute); at != time.Minute {
		t.Fatalf("a minute later it is %s", at)
	}
	ran := time.Minute
	for range 600 { // set back by an hour, and ten minutes pass
		ran += time.Second
		look(ran-time.Hour, ran)
	}
	if at := look(ran-time.Hour, ran); at > ran || at < ran-time.Second {
		t.Errorf("set back, it is %s when %s have passed", at, ran)
	}
	for range 3600 { // seconds are too long for what it does in six weeks
		ran += 20 * time.Minute
		look(ran-time.Hour, ran)
	}
	if at := look(ran-time.Hour, ran); at != ran-time.Hour || c.jumped {
		t.Errorf("it stays %s ahead; jumped: %v", at-(ran-time.Hour), c.jumped)
	}
}

func TestClockSweepTellsStartsAndEnds(t *testing.T) {
	eachDatabase(t, testClockSweepTellsStartsAndEnds)
}

func testClockSweepTellsStartsAndEnds(t *testing.T, fresh func(*testing.T) Config) {
	clock := stopwatch{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	cfg := fresh(t)
	cfg.Now = clock.now
	db := openStore(t, cfg)
	ctx := asTester(t.Context())
	const objects = 1500 // more than one batch
	err := db.change(ctx, audit.Event{Action: "test.dated"}, func(t *tx) error {
		for i := range objects {
			if err := t.due(ctx, access.IdentityID(i+1).Ref(), t.At+access.Time(time.Hour.Microseconds()), t.At-1); err != nil {
				return err
			}
		}
		return t.due(ctx, access.AccountID(1).Ref(), t.At+access.Time((2*time.Hour).Microseconds()))
	})
	if err != nil {
		t.Fatal(err)
	}
	edge, err := db.NextEdge(ctx)
	if want := access.TimeOf(clock.at.Add(time.Hour)); err != nil || edge != want {
		t.Fatalf("the next edge is %s, %v", edge.Time(), err)
	}
	for _, step := range []struct {
		pass time.Duration
		want int
	}{{59 * time.Minute, 0}, {time.Minute, objects}, {time.Second, 0}, {time.Hour, 1}, {time.Hour, 0}} {
		clock.at = clock.at.Add(step.pass)
		if n, err := db.Sweep(ctx); err != nil || n != step.want {
			t.Errorf("at %s %d edges were swept, not %d: %v", clock.at, n, step.want, err)
		}
	}
	var told int
	if err := db.r.QueryRow(`select count(distinct object) from change where kind = 1`).Scan(&told); err != nil || told != objects {
		t.Errorf("%d of %d were told: %v", told, objects, err)
	}
	if _, err := db.Sequence(ctx); err != nil {
		t.Fatal(err)
	}
	if r := verifyLog(t, db); r.Err() != nil {
		t.Error(r.Wrong)
	}
}
