package graph

import (
	"sync"

	"github.com/writhq/writ/access"
)

// memory keeps answers of one snapshot until it is full; it dies with the
// snapshot, so an answer is never older than the facts.
type memory[A interface{ bytes() uint64 }] struct {
	mu      sync.Mutex
	answers map[memoryKey]A
	size    uint64
}

type memoryKey struct {
	target     access.Ref
	modes      modeSet
	escalation bool
}

// memoryLimit bounds the bytes of remembered answers of a kind.
const memoryLimit = 32 << 20

func (m *memory[A]) find(key memoryKey) (A, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	answer, ok := m.answers[key]
	return answer, ok
}

// keep remembers an answer; when there is no room left it starts over, which
// costs less than knowing which answer is the oldest.
func (m *memory[A]) keep(key memoryKey, answer A) {
	const overhead = 512
	size := answer.bytes() + overhead
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.answers == nil || m.size+size > memoryLimit {
		m.answers, m.size = map[memoryKey]A{}, 0
	}
	if _, known := m.answers[key]; !known {
		m.size += size
	}
	m.answers[key] = answer
}
