package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// testProgress is a progress under a clock that the test moves.
func testProgress(live bool) (*progress, *time.Time, *bytes.Buffer) {
	var b bytes.Buffer
	at := time.Unix(1_790_000_000, 0)
	return &progress{w: &b, live: live, now: func() time.Time { return at }, peak: func() int64 { return 412 << 20 }}, &at, &b
}

// Where nobody watches there is one line per stage and no control character.
func TestProgressInAFile(t *testing.T) {
	p, at, b := testProgress(false)
	p.step("reading hr", 5000, 0)
	*at = at.Add(1200 * time.Millisecond)
	p.step("reading hr", 6000, 6000)
	p.step("correlating", 0, 0)
	*at = at.Add(12300 * time.Millisecond)
	p.finish()
	p.finish()
	if got, want := b.String(), "reading hr  1.2s  412 MB\ncorrelating  12.3s  412 MB\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// On a terminal the bar never goes back, never beyond its end, and is drawn ten
// times a second at most; the stage's last word is its line.
func TestProgressOnATerminal(t *testing.T) {
	p, at, b := testProgress(true)
	p.step("storing a\x1b[2Jb", 0, 0)
	*at = at.Add(redraw)
	p.step("storing a\x1b[2Jb", 500, 2000)
	p.step("storing a\x1b[2Jb", 700, 2000) // too soon to be drawn
	*at = at.Add(redraw)
	p.step("storing a\x1b[2Jb", 600, 2000)
	*at = at.Add(redraw)
	p.step("storing a\x1b[2Jb", 2500, 2000)
	p.finish()
	const name = "storing a\ufffd[2Jb"
	want := []string{
		"", name,
		name + "  [######------------------]  25%  500 of 2,000",
		name + "  [########----------------]  35%  700 of 2,000",
		name + "  [########################] 100%  2,000 of 2,000",
		name + "  0.3s  412 MB\n",
	}
	got := strings.Split(b.String(), "\r\x1b[K")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("drawn %q, want %q", got, want)
		}
	}
}

// A count without an end is shown as it is, and without memory the line ends with
// the time.
func TestProgressWithoutATotal(t *testing.T) {
	p, _, b := testProgress(true)
	p.peak = func() int64 { return 0 }
	p.step("reading db", 12_345, 0)
	p.finish()
	if got := b.String(); got != "\r\x1b[Kreading db  12,345\r\x1b[Kreading db  0.0s\n" {
		t.Errorf("got %q", got)
	}
	p.quiet = true
	p.step("reading db", 1, 0)
	p.finish()
	if strings.Count(b.String(), "\n") != 1 {
		t.Error("it said something though it was to be quiet")
	}
}

func TestPeakIsWhatTheSystemTells(t *testing.T) {
	if got := peakIn("Name:\twrit\nVmPeak:\t  900000 kB\nVmHWM:\t  421888 kB\nVmRSS:\t   1000 kB\n"); got != 412<<20 {
		t.Errorf("%d", got)
	}
	if got := peakIn("Name:\twrit\n"); got != 0 {
		t.Errorf("%d of nothing", got)
	}
}
