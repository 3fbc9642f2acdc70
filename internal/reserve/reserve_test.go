package reserve_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/writhq/writ/internal/reserve"
)

type (
	lease int64
	chain int64
)

// Many who take at once get one each, and none that was not given.
func TestNoIDIsHandedOutTwice(t *testing.T) {
	var ids reserve.IDs[lease, chain]
	next, asked := int64(1), 0
	more := func(_ context.Context, n int) (lease, chain, error) {
		if asked++; asked == 2 {
			return 0, 0, errors.New("the store is away")
		}
		first := next
		next += int64(n)
		return lease(first), chain(first + 1000), nil
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	seen, failed := map[lease]bool{}, 0
	for range 8 {
		all.Go(func() {
			for range 100 {
				id, of, err := ids.Take(t.Context(), more)
				mu.Lock()
				switch {
				case err != nil:
					failed++
				case seen[id] || int64(id) < 1 || int64(id) > 2000 || int64(of) != int64(id)+1000:
					t.Errorf("%d with chain %d", id, of)
				}
				seen[id] = err == nil || seen[id]
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if failed != 1 {
		t.Errorf("%d failed", failed)
	}
}
