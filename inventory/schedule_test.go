package inventory

import (
	"testing"
	"time"

	"github.com/writhq/writ/access"
)

func clock(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

func hours(t *testing.T, text string) Hours {
	t.Helper()
	h, err := ParseHours(text)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseHours(h.String()); err != nil || again != h {
		t.Fatalf("%q is written as %q, which reads as %v, %v", text, h, again, err)
	}
	return h
}

func TestHoursOfTheDay(t *testing.T) {
	tests := []struct{ hours, from, want string }{
		{"", "2026-11-28 12:00", "2026-11-28 12:00"},
		{"22:00-06:00", "2026-11-28 12:00", "2026-11-28 22:00"},
		{"22:00-06:00", "2026-11-28 23:10", "2026-11-28 23:10"},
		{"22:00-06:00", "2026-11-28 05:59", "2026-11-28 05:59"},
		{"22:00-06:00", "2026-11-28 06:00", "2026-11-28 22:00"},
		{"08:00-10:00", "2026-11-30 10:00", "2026-12-01 08:00"},
		{"08:00-10:00 Europe/Berlin", "2026-11-28 06:30", "2026-11-28 07:00"},
		{"08:00-10:00 Europe/Berlin", "2026-07-28 06:30", "2026-07-28 06:30"},
		{"08:00-10:00 Pacific/Auckland", "2026-11-28 12:00", "2026-11-28 19:00"},
	}
	for _, tt := range tests {
		if got := hours(t, tt.hours).after(clock(tt.from)); !got.Equal(clock(tt.want)) {
			t.Errorf("%q from %s: %s, want %s", tt.hours, tt.from, got.UTC(), tt.want)
		}
	}
	for _, bad := range []string{"22:00", "22:00-22:00", "25:00-26:00", "08:00-10:00 Nowhere/Land", "08:00-10:00 Local", "8-10", "08:00-10:00 ../etc/passwd"} {
		if _, err := ParseHours(bad); err == nil {
			t.Errorf("%q was taken for hours", bad)
		}
	}
}

func TestNextTry(t *testing.T) {
	id, day := access.SystemID(7).Ref(), access.TimeOf(clock("2026-11-28 12:00"))
	minute := access.Time(time.Minute / time.Microsecond)
	tests := []struct {
		name      string
		plan      Plan
		state     State
		cycle     time.Duration
		from, to  time.Duration // after day
		noRead    bool
		immediate bool
	}{
		{"never read", Plan{}, State{}, time.Hour, 0, 0, false, true},
		{"twice in a cycle", Plan{}, State{Synced: day}, time.Hour, 27 * time.Minute, 30 * time.Minute, false, false},
		{"as said", Plan{Every: Period(2 * time.Hour)}, State{Synced: day}, time.Hour, 108 * time.Minute, 2 * time.Hour, false, false},
		{"failed once", Plan{}, State{Synced: day - minute, Failed: day, Failures: 1}, time.Hour, 54 * time.Second, time.Minute, false, false},
		{"failed four times", Plan{}, State{Failed: day, Failures: 4}, time.Hour, 7*time.Minute + 12*time.Second, 8 * time.Minute, false, false},
		{"failed for days", Plan{}, State{Failed: day, Failures: 1000}, time.Hour, 27 * time.Minute, 30 * time.Minute, false, false},
		{"a draft", Plan{Stage: Draft}, State{Synced: day}, time.Hour, 0, 0, true, false},
		{"in maintenance", Plan{Stage: Maintenance, PausedUntil: day + 600*minute}, State{Synced: day}, time.Hour, 10 * time.Hour, 10 * time.Hour, false, false},
		{"at night", Plan{Hours: hours(t, "22:00-23:00")}, State{Synced: day}, time.Hour, 10 * time.Hour, 10 * time.Hour, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := day.Time()
			got, ok := tt.plan.DueAt(id, tt.state, tt.cycle, now)
			switch after := got.Sub(now); {
			case ok == tt.noRead:
				t.Errorf("read by itself: %v", ok)
			case tt.immediate && got.After(now), !tt.immediate && !tt.noRead && (after < tt.from || after > tt.to):
				t.Errorf("next %s after the last, want %s to %s", after, tt.from, tt.to)
			}
		})
	}
}

func TestPlans(t *testing.T) {
	now := clock("2026-11-28 12:00")
	until := access.TimeOf(now.Add(time.Hour))
	paused := Plan{}.Paused(until, "an upgrade")
	if s := paused.StageAt(now); s != Maintenance {
		t.Errorf("before its end: %s", s)
	}
	if s := paused.StageAt(now.Add(time.Hour)); s != Active {
		t.Errorf("maintenance does not end by itself: %s", s)
	}
	for name, p := range map[string]Plan{
		"no such stage": {Stage: "resting"}, "no end": {Stage: Maintenance, PausedReason: "x"}, "no reason": {Stage: Maintenance, PausedUntil: until},
		"an end of nothing": {PausedUntil: until}, "for ever": Plan{}.Paused(access.TimeOf(now.AddDate(1, 0, 0)), "x"),
		"too often": {Every: Period(time.Second)}, "too seldom": {Every: Period(1000 * time.Hour)},
	} {
		if err := p.valid(now); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}
