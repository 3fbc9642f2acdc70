// Package bell wakes whoever waits in this process for something to do.
//
// Invariants:
//  1. Whoever asks for Rung before looking for work misses no ring after that look began.
//  2. Ringing waits for nobody, and ringing often wakes once.
//
// What it does not do: it carries nothing, and reaches no other process.
package bell

import "sync"

// Bell is rung where there may be something to do. The zero value is ready.
type Bell struct {
	mu sync.Mutex
	c  chan struct{}
}

// Ring wakes all who wait.
func (b *Bell) Ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c != nil {
		close(b.c)
		b.c = nil
	}
}

// Rung is closed at the next ring.
func (b *Bell) Rung() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c == nil {
		b.c = make(chan struct{})
	}
	return b.c
}
