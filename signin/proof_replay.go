package signin

import (
	"sync"
	"time"
)

const (
	// A proof may be of a minute ahead and is good for a minute after that.
	replayLasts = 2 * proofAge
	// maxReplays is how many proofs a generation remembers, in some 30 MB.
	maxReplays = 1 << 20
)

// replays remembers proofs for as long as they could be used again, on this node. Two
// generations are kept, so that forgetting is dropping one. The zero value is empty.
type replays struct {
	mu       sync.Mutex
	now, old map[[16]byte]struct{}
	since    time.Time
	most     int // in a generation; zero is maxReplays
}

// first remembers a proof, and refuses one that was there before. What cannot be
// remembered is refused too.
func (s *replays) first(h Hash, at time.Time) error {
	key := [16]byte(h[:16])
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil || at.Sub(s.since) > replayLasts {
		s.old, s.now, s.since = s.now, map[[16]byte]struct{}{}, at
	}
	if _, ok := s.now[key]; ok {
		return ErrProof
	}
	if _, ok := s.old[key]; ok {
		return ErrProof
	}
	most := s.most
	if most == 0 {
		most = maxReplays
	}
	if len(s.now) >= most {
		return ErrProofsFull
	}
	s.now[key] = struct{}{}
	return nil
}
