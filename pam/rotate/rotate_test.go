package rotate

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/generate"
)

// What is due in a window lies in it, not before it was asked for, and within a day.
func TestWhatIsDueLiesInItsWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Schedule{From: rapid.IntRange(0, 23).Draw(t, "from"), Until: rapid.IntRange(0, 23).Draw(t, "until")}
		at := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "at"), 0).UTC()
		due := s.Due(at)
		if due.Before(at) || due.Sub(at) >= 24*time.Hour {
			t.Fatalf("%s is due at %s", at, due)
		}
		inside := s.From == s.Until || s.From < s.Until && due.Hour() >= s.From && due.Hour() < s.Until ||
			s.From > s.Until && (due.Hour() >= s.From || due.Hour() < s.Until)
		if !inside {
			t.Fatalf("%s lies outside %d to %d", due, s.From, s.Until)
		}
		// It is the first such moment.
		for x := at; x.Before(due); x = x.Add(time.Minute) {
			h := x.Hour()
			if s.From < s.Until && h >= s.From && h < s.Until || s.From > s.Until && (h >= s.From || h < s.Until) {
				t.Fatalf("%s was in the window already", x)
			}
		}
	})
}

func TestSchedulesThatAreNone(t *testing.T) {
	for _, s := range []Schedule{{}, {Every: time.Minute}, {Every: 11 * 366 * 24 * time.Hour}, {Every: 48 * time.Hour, From: -1}, {Every: 48 * time.Hour, Until: 24}} {
		if err := s.Validate(); !errors.Is(err, ErrSchedule) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if err := (Schedule{Every: 30 * 24 * time.Hour, From: 22, Until: 4}).Validate(); err != nil {
		t.Error(err)
	}
}

// What cannot be changed waits at once, what does not answer waits long, and the rest rests
// longer each time.
func TestHowLongAFailureIsBelievedToPass(t *testing.T) {
	now := access.TimeOf(time.Unix(1_800_000_000, 0))
	hours := func(n int) access.Time { return now - access.Time(n)*3600*1_000_000 }
	for name, tt := range map[string]struct {
		err  error
		q    Queued
		want State
	}{
		"no target":            {ErrNoTarget, Queued{}, Waiting},
		"a kind it keeps not":  {ErrKeeps, Queued{}, Waiting},
		"no answer":            {connector.ErrUnreachable, Queued{Attempts: 3}, Failing},
		"no answer for a day":  {connector.ErrUnreachable, Queued{Failing: hours(24), Code: "system-unreachable"}, Failing},
		"no answer for two":    {connector.ErrUnreachable, Queued{Failing: hours(48), Code: "system-unreachable"}, Waiting},
		"a lie":                {ErrRefused, Queued{Attempts: 1}, Failing},
		"no privilege":         {connector.ErrPrivilege, Queued{}, Failing},
		"no privilege for two": {connector.ErrPrivilege, Queued{Failing: hours(2), Code: "system-privilege"}, Waiting},
		"another error before": {connector.ErrPrivilege, Queued{Failing: hours(2), Code: "system-unreachable"}, Failing},
		"a defect":             {errors.New("password=hunter2"), Queued{}, Failing},
	} {
		f := failure(tt.err, &tt.q, now)
		if f.State != tt.want || f.After <= 0 || f.Code == "" || f.Error == "" || f.Error == "password=hunter2" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	last := time.Duration(0)
	for n := range 30 {
		f := failure(connector.ErrUnreachable, &Queued{Attempts: n}, now)
		if f.After < last || f.After > longestPause {
			t.Errorf("after %d attempts it rests %s", n, f.After)
		}
		last = f.After
	}
}

// A system's own rules count beside the secret's.
func TestAPasswordFitsItsSystem(t *testing.T) {
	for _, tt := range []struct {
		r    generate.Rules
		p    connector.SecretPolicy
		want int
	}{
		{generate.Rules{}, connector.SecretPolicy{Length: 40}, 40},
		{generate.Rules{Length: 64}, connector.SecretPolicy{Most: 32}, 32},
		{generate.Rules{}, connector.SecretPolicy{Most: 20}, 20},
		{generate.Rules{Length: 30}, connector.SecretPolicy{}, 30},
		{generate.Rules{}, connector.SecretPolicy{}, 24},
	} {
		p, err := generate.Password(fitting(tt.r, tt.p))
		if err != nil || len(p.Reveal()) != tt.want {
			t.Errorf("%+v for %+v has %d characters: %v", tt.r, tt.p, len(p.Reveal()), err)
		}
	}
}

// What an attempt came to is kept however long that took, and though the node stops.
func TestWhatIsKeptAtTheEndHasATimeOfItsOwn(t *testing.T) {
	s := &Service{Lease: 3 * time.Minute}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for range 2 {
		err := s.finish(ctx, func(last context.Context) error {
			if end, ends := last.Deadline(); !ends || time.Until(end) > s.Lease/3 {
				t.Errorf("it may last until %s", end)
			}
			return last.Err()
		})
		if err != nil {
			t.Error(err)
		}
		s.Lease /= 2
	}
}
