package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress tells a person where the work stands: one line that changes on a
// terminal, a line per step elsewhere. It never goes where the answer goes.
type progress struct {
	w     io.Writer
	quiet bool

	mu      sync.Mutex
	what    string
	started time.Time
	live    bool
}

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, live: ok && term.IsTerminal(int(f.Fd()))}
}

// step says what is being done; total 0 is not known.
func (p *progress) step(what string, done, total int64) {
	if p == nil || p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if what != p.what {
		p.end()
		p.what, p.started = what, time.Now()
		if !p.live {
			return
		}
	}
	if !p.live {
		return
	}
	text := what
	switch {
	case total > 1:
		text += fmt.Sprintf("  %s of %s", count(done), count(total))
	case done > 1:
		text += "  " + count(done)
	}
	_, _ = fmt.Fprintf(p.w, "\r\x1b[K%s", printable(text))
}

// end closes the line of the step that was under way.
func (p *progress) end() {
	if p.what == "" {
		return
	}
	line := fmt.Sprintf("%s  %.1fs", printable(p.what), time.Since(p.started).Seconds())
	if p.live {
		line = "\r\x1b[K" + line
	}
	_, _ = fmt.Fprintln(p.w, line)
	p.what = ""
}

func (p *progress) done() {
	if p == nil || p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}
