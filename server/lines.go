package server

import (
	"io"
	"sync"
	"time"
)

// Lines gathers lines and writes many at once: a system call for each costs half of
// what a line costs. None waits for longer than linesWait.
type Lines struct {
	to io.Writer

	mu      sync.Mutex
	pending []byte
	armed   bool
}

const (
	linesWait = 100 * time.Millisecond
	linesMost = 32 << 10
)

// NewLines gathers lines for a writer. Whoever made it calls Flush at the end.
func NewLines(to io.Writer) *Lines { return &Lines{to: to, pending: make([]byte, 0, 2*linesMost)} }

// Write takes whole lines.
func (l *Lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, b...)
	if len(l.pending) >= linesMost {
		return len(b), l.flush()
	}
	if !l.armed {
		l.armed = true
		time.AfterFunc(linesWait, func() { _ = l.Flush() })
	}
	return len(b), nil
}

// Flush writes what is there.
func (l *Lines) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed = false
	return l.flush()
}

func (l *Lines) flush() error {
	if len(l.pending) == 0 {
		return nil
	}
	_, err := l.to.Write(l.pending)
	l.pending = l.pending[:0]
	return err
}
