package store

import (
	"context"
	"fmt"
	"sync"

	"github.com/writhq/writ/access"
)

// keyBlocks hands out keys on PostgreSQL from blocks that were taken outside the
// changes that use them, so that changes never wait for one another's keys. A
// block lost with the process leaves a gap, nothing else. SQLite has one writer
// and takes keys inside its change.
type keyBlocks struct {
	mu   sync.Mutex
	next map[access.ObjectKind]int64
	end  map[access.ObjectKind]int64
}

const keyBlockSize = 64

const takeKeys = `
insert into key_block (kind, next) values ($1, $2 + 1)
on conflict (kind) do update set next = key_block.next + $2
returning next`

// newKeys returns the first of n consecutive keys of a kind.
func (t *tx) newKeys(ctx context.Context, kind access.ObjectKind, n int) (int64, error) {
	var next int64
	if t.d.name == sqliteDialect.name {
		if err := t.row(ctx, takeKeys, kind, n).Scan(&next); err != nil {
			return 0, fmt.Errorf("taking keys for a new %s: %w", kind, err)
		}
		return next - int64(n), nil
	}
	k := &t.db.keys // on a connection of the other pool, see openPostgres
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.next == nil {
		k.next, k.end = map[access.ObjectKind]int64{}, map[access.ObjectKind]int64{}
	}
	if k.end[kind]-k.next[kind] < int64(n) {
		take := int64(max(n, keyBlockSize))
		if err := t.db.r.QueryRowContext(ctx, takeKeys, kind, take).Scan(&next); err != nil {
			return 0, fmt.Errorf("taking keys for a new %s: %w", kind, err)
		}
		k.next[kind], k.end[kind] = next-take, next
	}
	first := k.next[kind]
	k.next[kind] += int64(n)
	return first, nil
}

// reserve takes the first of n keys of a kind, and of as many chains, before there is anything
// that has them.
func (db *DB) reserve(ctx context.Context, kind access.ObjectKind, n int) (first int64, chain access.ChainID, err error) {
	err = db.bookkeep(ctx, func(t *tx) error {
		if first, err = t.newKeys(ctx, kind, n); err != nil {
			return err
		}
		links, err := t.newKeys(ctx, access.KindChain, n)
		chain = access.ChainID(links)
		return err
	})
	return first, chain, err
}

// leap is how many keys are left out after a restore: more than were given out since the
// backup.
const leap = 1 << 20

// leapKeys leaves out the keys of what has its name outside of the store, which may have been
// given out since the backup that was restored: else a new lease would find the account of
// another one, with all that it was given, and a certificate the serial of another.
func (t *tx) leapKeys(ctx context.Context) error {
	for _, kind := range []access.ObjectKind{access.KindLease, access.KindCertificate} {
		var next int64
		if err := t.row(ctx, takeKeys, kind, leap).Scan(&next); err != nil {
			return fmt.Errorf("leaving out keys for %s: %w", kind, err)
		}
	}
	return nil
}
