// Package reserve hands out ids that were taken from the store some at a time, so that the
// transaction that keeps a thing need not take one.
//
// Invariants:
//  1. No id is handed out twice.
//
// What it does not do: it gives none back. Those of a process that stops are lost, and leave a
// gap.
package reserve

import (
	"context"
	"sync"
)

// size is how many are taken at a time.
const size = 200

// IDs are ids of one kind, each with one of another kind, its chain. The zero value is ready.
type IDs[K, C ~int64] struct {
	mu    sync.Mutex
	left  int
	id    K
	chain C
}

// Take returns the next one. Where none is left, more takes the first of n of each.
func (r *IDs[K, C]) Take(ctx context.Context, more func(ctx context.Context, n int) (K, C, error)) (id K, chain C, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == 0 {
		if r.id, r.chain, err = more(ctx, size); err != nil {
			return 0, 0, err
		}
		r.left = size
	}
	id, chain = r.id, r.chain
	r.id, r.chain, r.left = r.id+1, r.chain+1, r.left-1
	return id, chain, nil
}
