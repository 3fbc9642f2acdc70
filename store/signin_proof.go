package store

import (
	"context"
	"time"

	"github.com/writhq/writ/signin"
)

const (
	insertProof = `insert into proof (hash, ends_at) values ($1, $2) on conflict (hash) do nothing`
	oldProofs   = `delete from proof where hash in (select hash from proof where ends_at <= $1 order by ends_at limit $2)`
)

// FirstProof implements signin.ProofStore. Of two nodes that are shown one proof, one
// makes the row.
func (s Signin) FirstProof(ctx context.Context, h signin.Hash, lasts time.Duration) error {
	return s.db.bookkeep(ctx, func(t *tx) error {
		ends := s.db.clock.read(s.db.nowFn()) + lasts.Microseconds()
		n, err := t.exec(ctx, insertProof, h[:], ends)
		if err == nil && n == 0 {
			err = signin.ErrProof
		}
		return err
	})
}

// Sweep forgets the proofs that cannot be used again, and returns how many there were.
func (s Signin) Sweep(ctx context.Context) (n int64, err error) {
	before := s.db.clock.read(s.db.nowFn())
	for {
		var gone int64
		err = s.db.bookkeep(ctx, func(t *tx) error {
			gone, err = t.exec(ctx, oldProofs, before, keysPerSweep)
			return err
		})
		n += gone
		if err != nil || gone < keysPerSweep {
			return n, err
		}
	}
}
