package server

import (
	"errors"
	"io"
	"sync"
	"time"
)

// Lines gathers lines and writes many at once: a system call for each costs half of
// what a line costs. None waits for longer than linesWait, and whoever hands one in
// waits for the writing only where that cannot keep up.
type Lines struct {
	to io.Writer

	mu             sync.Mutex
	written        sync.Cond // nobody writes any longer
	pending, spare []byte
	writing        bool
	armed          bool
	err            error // of writing in the background, for the next to hear
}

const (
	linesWait = 100 * time.Millisecond
	linesMost = 32 << 10
	linesHeld = 1 << 20 // beyond which a line waits
)

// NewLines gathers lines for a writer. Whoever made it calls Flush at the end.
func NewLines(to io.Writer) *Lines {
	l := &Lines{to: to, pending: make([]byte, 0, 2*linesMost)}
	l.written.L = &l.mu
	return l
}

// Write takes whole lines.
func (l *Lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.writing && len(l.pending) >= linesHeld {
		l.written.Wait()
	}
	l.pending = append(l.pending, b...)
	switch {
	case len(l.pending) >= linesMost && !l.writing:
		go l.write(l.pending)
		l.writing, l.pending, l.spare = true, l.spare[:0], nil
	case !l.armed:
		l.armed = true
		time.AfterFunc(linesWait, func() { _ = l.Flush() })
	}
	err := l.err
	l.err = nil
	return len(b), err
}

// write writes lines, without keeping others from handing in more.
func (l *Lines) write(lines []byte) {
	_, err := l.to.Write(lines)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = errors.Join(l.err, err)
	l.spare, l.writing = lines, false
	l.written.Broadcast()
}

// Flush writes what is there, and returns once all of it is written.
func (l *Lines) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed = false
	for l.writing {
		l.written.Wait()
	}
	err := l.err
	l.err = nil
	if len(l.pending) > 0 {
		_, wrong := l.to.Write(l.pending)
		l.pending, err = l.pending[:0], errors.Join(err, wrong)
	}
	return err
}
