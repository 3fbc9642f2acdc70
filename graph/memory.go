package graph

import (
	"sync"

	"github.com/writhq/writ/access"
)

// memory keeps answers of one snapshot until it is full; it dies with the
// snapshot, so an answer is never older than the facts.
type memory struct {
	mu      sync.Mutex
	answers map[memoryKey]Members
	size    uint64
}

type memoryKey struct {
	target     access.Ref
	modes      modeSet
	escalation bool
}

// memoryLimit bounds the bytes of remembered answers.
const memoryLimit = 32 << 20

func (m *memory) find(key memoryKey) (Members, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	answer, ok := m.answers[key]
	return answer, ok
}

// keep remembers an answer; when there is no room left it starts over, which
// costs less than knowing which answer is the oldest.
func (m *memory) keep(key memoryKey, answer Members) {
	const overhead = 512
	size := answer.Identities.GetSizeInBytes() + answer.Accounts.GetSizeInBytes() + answer.Orphans.GetSizeInBytes() + overhead
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.answers == nil || m.size+size > memoryLimit {
		m.answers, m.size = map[memoryKey]Members{}, 0
	}
	if _, known := m.answers[key]; !known {
		m.size += size
	}
	m.answers[key] = answer
}
