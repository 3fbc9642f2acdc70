package inventory

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
	_ "time/tzdata" // hours of the day are in a zone, also where the machine knows none

	"github.com/writhq/writ/access"
)

// Period is a time that is written as in 15m or 24h.
type Period time.Duration

// String writes 15m0s as 15m and 24h0m0s as 24h.
func (p Period) String() string {
	text := time.Duration(p).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Duration is the time as Go has it.
func (p Period) Duration() time.Duration { return time.Duration(p) }

// MarshalText writes it as String does.
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what time.ParseDuration does.
func (p *Period) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	if err != nil {
		return ErrSchedule.With("%q is not a time such as 15m or 24h", b)
	}
	*p = Period(d)
	return nil
}

// Hours are those of the day, in a zone, in which something may be read. Where they
// end before they begin they go over midnight.
type Hours struct {
	from, to int // minutes of the day
	zone     string
}

// ParseHours reads 22:00-06:00 Europe/Berlin; without a zone it is UTC, and nothing is
// the whole day.
func ParseHours(text string) (Hours, error) {
	if text == "" {
		return Hours{}, nil
	}
	bad := ErrSchedule.With("%q is not hours of the day such as 22:00-06:00 Europe/Berlin", text)
	times, zone, _ := strings.Cut(text, " ")
	if zone == "" {
		zone = "UTC"
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		return Hours{}, ErrSchedule.With("%q is not a time zone such as Europe/Berlin", zone)
	}
	from, to, ok := strings.Cut(times, "-")
	if !ok {
		return Hours{}, bad
	}
	h := Hours{zone: zone}
	begin, err := time.Parse("15:04", from)
	end, errTo := time.Parse("15:04", to)
	if err != nil || errTo != nil || begin.Equal(end) {
		return Hours{}, bad
	}
	h.from, h.to = begin.Hour()*60+begin.Minute(), end.Hour()*60+end.Minute()
	return h, nil
}

// IsZero reports whether it is the whole day.
func (h Hours) IsZero() bool { return h == Hours{} }

// String writes what ParseHours reads.
func (h Hours) String() string {
	if h.IsZero() {
		return ""
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d %s", h.from/60, h.from%60, h.to/60, h.to%60, h.zone)
}

// MarshalText writes it as String does.
func (h Hours) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what ParseHours does.
func (h *Hours) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHours(string(b))
	return err
}

// after is the first time from t on that lies in the hours.
func (h Hours) after(t time.Time) time.Time {
	if h.IsZero() {
		return t
	}
	zone, err := time.LoadLocation(h.zone)
	if err != nil { // ParseHours has loaded it
		return t
	}
	at := t.In(zone)
	minute := at.Hour()*60 + at.Minute()
	if h.from < h.to && minute >= h.from && minute < h.to || h.from > h.to && (minute >= h.from || minute < h.to) {
		return t
	}
	day := at.Day()
	if minute >= h.from {
		day++
	}
	return time.Date(at.Year(), at.Month(), day, h.from/60, h.from%60, 0, 0, zone)
}

// How often something is read, and how soon it is tried again after it failed.
const (
	minEvery   = time.Minute
	maxEvery   = 7 * 24 * time.Hour
	firstRetry = time.Minute
	maxDoubled = 16 // more would overflow
)

// Period is how often it is read. What is known must not be older than a cycle, so that
// by itself it is read twice in one: a try that fails leaves time for another.
func (p Plan) Period(cycle time.Duration) time.Duration {
	if p.Every != 0 {
		return time.Duration(p.Every)
	}
	return max(minEvery, cycle/2)
}

// Next is when something is to be read again: a period after the last try, sooner after
// a failure, the later the more there were. Never before is the zero time. Systems come
// a little earlier, each by its own part, so that not all are read at once.
func (p Plan) Next(id access.Ref, s State, cycle time.Duration) time.Time {
	tried := max(s.Synced, s.Failed)
	if tried == 0 {
		return time.Time{}
	}
	wait := p.Period(cycle)
	if s.Failed > s.Synced {
		wait = min(wait, firstRetry<<min(max(s.Failures-1, 0), maxDoubled))
	}
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, id, tried) // a hash never fails
	wait -= time.Duration(float64(wait) * 0.1 * float64(h.Sum32()%1000) / 1000)
	return p.Hours.after(tried.Time().Add(wait))
}

// DueAt is Next where it is read by itself at all, and may be at a time.
func (p Plan) DueAt(id access.Ref, s State, cycle time.Duration, now time.Time) (at time.Time, ok bool) {
	if p.Stage == Draft {
		return at, false
	}
	at = p.Next(id, s, cycle)
	if until := p.PausedUntil.Time(); p.PausedUntil != 0 && at.Before(until) {
		at = until
	}
	if at.Before(now) {
		at = p.Hours.after(now)
	}
	return at, true
}
