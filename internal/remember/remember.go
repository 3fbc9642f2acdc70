// Package remember keeps what was read at one revision of the store, for whoever asks for the
// same again while nothing that is followed has changed.
//
// Invariants:
//  1. What was read at one revision is never returned at another one.
//  2. It holds no more than Most entries.
//
// What it does not do: it knows nothing of whether a revision is still the newest. Whoever
// acts by what is remembered has that asked in the transaction that keeps what they did.
package remember

import "sync"

// Most is how many entries are kept; with another one all are forgotten.
const Most = 1024

// Memory remembers values V by keys K, at a revision R. The zero value is ready, and empty.
type Memory[R, K comparable, V any] struct {
	mu   sync.RWMutex
	at   R
	kept map[K]V
}

// Of returns what is remembered of a revision.
func (m *Memory[R, K, V]) Of(at R, key K) (v V, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.at == at {
		v, ok = m.kept[key]
	}
	return v, ok
}

// Worth reports whether it pays to read something at a revision in order to keep it: not the
// first time that this one is met, as where every other request changes something.
func (m *Memory[R, K, V]) Worth(at R) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at == at {
		return true
	}
	m.at, m.kept = at, nil
	return false
}

// Keep keeps what change makes of what is remembered, where that is of the revision.
func (m *Memory[R, K, V]) Keep(at R, key K, change func(was V) V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at != at {
		return
	}
	if m.kept == nil || len(m.kept) >= Most {
		m.kept = map[K]V{}
	}
	m.kept[key] = change(m.kept[key])
}
