package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress tells a person where the work stands: one line that changes on a
// terminal, and everywhere one line per stage once it is over, with how long it
// took and how much memory the process needed so far. It never goes where the
// answer goes.
type progress struct {
	w     io.Writer
	quiet bool
	live  bool // on a terminal
	now   func() time.Time
	peak  func() int64 // bytes, zero where the system does not tell

	mu      sync.Mutex
	what    string
	started time.Time
	drawn   time.Time
	done    int64
	total   int64
}

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, live: ok && term.IsTerminal(int(f.Fd())), now: time.Now, peak: peakResident}
}

// redraw is how often a line on a terminal changes at most.
const redraw = 100 * time.Millisecond

// step says what is being done; total 0 is not known. Within a stage, what is done
// never gets less, nor more than there is.
func (p *progress) step(what string, done, total int64) {
	if p == nil || p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if what != p.what {
		p.end()
		p.what, p.started, p.drawn, p.done, p.total = what, p.now(), time.Time{}, 0, 0
	}
	p.total = max(p.total, total)
	if p.done = max(p.done, done); p.total > 0 {
		p.done = min(p.done, p.total)
	}
	if at := p.now(); p.live && at.Sub(p.drawn) >= redraw {
		p.drawn = at
		_, _ = fmt.Fprintf(p.w, "\r\x1b[K%s", p.line())
	}
}

const barWidth = 24

// line shows the stage under way.
func (p *progress) line() string {
	text := printable(p.what)
	switch {
	case p.total > 1:
		full := int(p.done * barWidth / p.total)
		return fmt.Sprintf("%s  [%s%s] %3d%%  %s of %s", text,
			strings.Repeat("#", full), strings.Repeat("-", barWidth-full), p.done*100/p.total, count(p.done), count(p.total))
	case p.done > 1:
		return text + "  " + count(p.done)
	}
	return text
}

// end closes the stage that was under way.
func (p *progress) end() {
	if p.what == "" {
		return
	}
	line := fmt.Sprintf("%s  %.1fs", printable(p.what), p.now().Sub(p.started).Seconds())
	if bytes := p.peak(); bytes > 0 {
		line += fmt.Sprintf("  %d MB", bytes>>20)
	}
	if p.live {
		line = "\r\x1b[K" + line
	}
	_, _ = fmt.Fprintln(p.w, line)
	p.what = ""
}

// finish closes the last stage.
func (p *progress) finish() {
	if p == nil || p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}

// peakResident is the most memory that this process has had so far, as Linux
// tells it; zero elsewhere.
func peakResident() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	return peakIn(string(status))
}

func peakIn(status string) int64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kB int64
			if _, err := fmt.Sscanf(rest, "%d kB", &kB); err == nil {
				return kB << 10
			}
		}
	}
	return 0
}
