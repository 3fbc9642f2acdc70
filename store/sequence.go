package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/internal/bell"
)

// sequencer is this process's part in giving revisions; the lease says whether
// it may. Everything that it writes is bookkeeping.
type sequencer struct {
	mu      sync.Mutex // one pass at a time in this process
	lease   *lease     // nil while not held
	running bool       // RunSequencer keeps the lease between passes

	due      bell.Bell // something was committed that is followed
	noted    bell.Bell // something was that is only recorded
	passed   bell.Bell // revisions were given
	followed bell.Bell // revisions were given to what is followed

	loudest access.Rev // the newest of these
}

const (
	sequencerName = "sequencer"
	sequencerTTL  = 10 * time.Second
	setsPerPass   = 1000
)

// Sequence returns once everything that was committed before the call has its
// revision: it gives them itself, or waits for whoever holds the lease.
func (db *DB) Sequence(ctx context.Context) (access.Rev, error) {
	last, err := db.LastChange(ctx)
	if err != nil {
		return 0, err
	}
	for {
		err := db.sequenceOnce(ctx)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrLeased) && !errors.Is(err, ErrFenced) {
			return 0, err
		}
		done, err := db.sequencedByOthers(ctx, last)
		if err != nil {
			return 0, err
		}
		if done {
			break
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return 0, err
		}
	}
	return db.Rev(ctx)
}

// Rev is the newest revision.
func (db *DB) Rev(ctx context.Context) (rev access.Rev, err error) {
	err = db.read(ctx, func(q *query) error { return q.row(ctx, newestRev).Scan(&rev) })
	return rev, err
}

const changedByOthers = `select count(*) from (select 1 from change_set where rev > $1 and actor not in (%s) limit 1) others`

// ChangedByOthers reports whether anything after a revision was changed by somebody
// else than some actors.
func (db *DB) ChangedByOthers(ctx context.Context, rev access.Rev, but ...audit.Actor) (bool, error) {
	args := []any{rev}
	list := make([]string, len(but))
	for i, a := range but {
		args = append(args, a.String())
		list[i] = "$" + strconv.Itoa(len(args))
	}
	var n int
	err := db.read(ctx, func(q *query) error {
		return q.row(ctx, fmt.Sprintf(changedByOthers, strings.Join(list, ", ")), args...).Scan(&n)
	})
	return n > 0, err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

const lastSet = `select coalesce(max(id), 0) from change_set`

const unsequenced = `
select count(*) from change_set where rev is null and id <= $1 and id not in (select id from open_set)`

// sequencedByOthers reports whether every set up to one has its revision. It does not
// look at later ones: where others never rest there would always be some.
func (db *DB) sequencedByOthers(ctx context.Context, last int64) (bool, error) {
	var n int64
	err := db.read(ctx, func(q *query) error { return q.row(ctx, unsequenced, last).Scan(&n) })
	return n == 0, err
}

// sequenceOnce takes the lease where it is free and sequences until nothing is left.
func (db *DB) sequenceOnce(ctx context.Context) error {
	s := &db.seq
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease == nil {
		l, err := db.takeLease(ctx, sequencerName, sequencerTTL)
		if err != nil {
			if ctx.Err() != nil && l.fence != 0 { // whether it was committed nobody can tell
				s.lease = l
			}
			return err
		}
		s.lease = l
	}
	for {
		n, loudest, err := db.sequencePass(ctx, s.lease)
		if err != nil {
			if ctx.Err() == nil { // else it is ours still, and to be given back
				s.lease = nil
			}
			return err
		}
		if n > 0 {
			s.passed.Ring()
		}
		if loudest > s.loudest {
			s.loudest = loudest
			s.followed.Ring()
		}
		if n < setsPerPass {
			break
		}
	}
	if s.running {
		return nil
	}
	l := s.lease
	s.lease = nil
	return db.bookkeep(ctx, func(t *tx) error { return l.end(ctx, t) })
}

// Batches go in the order in which commits became visible; inside a batch, what
// began after another's commit has a later time, or the same and a higher id. A
// staged set's time is its flip's. It is one statement on both databases.
const giveRevs = `
update change_set set rev = b.rev
  from (select p.id, row_number() over (order by p.at, p.id) + (select coalesce(max(rev), 0) from change_set) as rev
          from (select id, at from change_set
                 where rev is null and id not in (select id from open_set)
                 order by at, id limit $1) p) b
 where change_set.id = b.id`

const giveLeaves = `
update audit_record set leaf_index = b.leaf
  from (select r.id, row_number() over (order by s.rev, r.id) - 1 + $1 as leaf
          from audit_record r
          join change_set s on s.id = r.set_id
         where r.leaf_index is null and s.rev is not null) b
 where audit_record.id = b.id`

// sequencePass gives one batch of closed sets their revisions, their records
// their leaves, extends the tree and signs it, in one transaction: a kill at any
// instant leaves all of it or nothing. It says how many, and the newest revision of
// what is followed.
func (db *DB) sequencePass(ctx context.Context, l *lease) (sets int64, loudest access.Rev, err error) {
	err = db.bookkeep(ctx, func(t *tx) error {
		if err := l.hold(ctx, t); err != nil {
			return err
		}
		if sets, err = t.exec(ctx, giveRevs, setsPerPass); err != nil || sets == 0 {
			return err
		}
		if err := t.row(ctx, newestLoud).Scan(&loudest); err != nil {
			return err
		}
		return db.extendTree(ctx, t)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("sequencing: %w", err)
	}
	return sets, loudest, nil
}

const treeSize = `select coalesce(max(leaf_index) + 1, 0) from audit_record`

const recordColumns = `r.id, r.set_id, coalesce(s.rev, 0), coalesce(r.leaf_index, -1), r.at, r.actor, r.action, r.object_kind, r.object_key, r.facts, r.commitment`

const recordsFrom = `
select ` + recordColumns + `
  from audit_record r
  join change_set s on s.id = r.set_id
 where r.leaf_index >= $1
 order by r.leaf_index`

func scanRecord(scan func(...any) error) (r audit.Record, err error) {
	err = scan(&r.ID, &r.Set, &r.Rev, &r.Leaf, &r.At, &r.Actor, &r.Action, &r.Object.Kind, &r.Object.Key, &r.Facts, &r.Commitment)
	return r, err
}

// extendTree appends the leaves of what was just given a revision and signs.
func (db *DB) extendTree(ctx context.Context, t *tx) error {
	var size int64
	if err := t.row(ctx, treeSize).Scan(&size); err != nil {
		return err
	}
	if _, err := t.exec(ctx, giveLeaves, size); err != nil {
		return err
	}
	tree := newTreeHashes(ctx, &t.query)
	first := tlog.StoredHashCount(size)
	var leaf []byte
	err := t.each(ctx, recordsFrom, []any{size}, func(scan func(...any) error) error {
		r, err := scanRecord(scan)
		if err != nil {
			return err
		}
		leaf = r.AppendLeaf(leaf[:0])
		tree.hashes = append(tree.hashes, tlog.RecordHash(leaf))
		return nil
	})
	if err != nil {
		return err
	}
	added, err := tree.store(size)
	if err != nil {
		return err
	}
	rows := make([][]any, len(added))
	for i, h := range added {
		rows[i] = []any{first + int64(i), h[:]}
	}
	if err := t.insertMany(ctx, "audit_hash", []string{"idx", "hash"}, rows); err != nil {
		return err
	}
	return db.sign(ctx, t, tree, size+int64(len(tree.hashes)))
}

const insertCheckpoint = `insert into audit_checkpoint (size, at, rev, note) values ($1, $2, $3, $4)`

func (db *DB) sign(ctx context.Context, t *tx, tree *treeHashes, size int64) (err error) {
	c := audit.Checkpoint{Size: size}
	if c.Root, err = tlog.TreeHash(size, tree); err != nil {
		return fmt.Errorf("hashing the tree: %w", err)
	}
	if err := t.row(ctx, newestRev).Scan(&c.Rev); err != nil {
		return err
	}
	if c.At, err = db.storeTime(ctx, &t.query); err != nil {
		return err
	}
	note, err := db.logKey.Sign(c)
	if err != nil {
		return fmt.Errorf("signing the tree: %w", err)
	}
	_, err = t.exec(ctx, insertCheckpoint, c.Size, c.At, c.Rev, note)
	return err
}

// treeHashes reads stored hashes, those of this pass from memory.
type treeHashes struct {
	ctx    context.Context
	q      *query
	hashes []tlog.Hash // of the leaves to add
	added  map[int64]tlog.Hash
}

func newTreeHashes(ctx context.Context, q *query) *treeHashes {
	return &treeHashes{ctx: ctx, q: q, added: map[int64]tlog.Hash{}}
}

// store returns the hashes to keep for the new leaves, in the order of their index.
func (h *treeHashes) store(size int64) (all []tlog.Hash, err error) {
	for i, leaf := range h.hashes {
		n := size + int64(i)
		hashes, err := tlog.StoredHashesForRecordHash(n, leaf, h)
		if err != nil {
			return nil, fmt.Errorf("extending the tree: %w", err)
		}
		at := tlog.StoredHashIndex(0, n)
		for j, one := range hashes {
			h.added[at+int64(j)] = one
		}
		all = append(all, hashes...)
	}
	return all, nil
}

// ReadHashes implements tlog.HashReader.
func (h *treeHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	var missing []int64
	for _, i := range indexes {
		if _, ok := h.added[i]; !ok {
			missing = append(missing, i)
		}
	}
	if len(missing) > 0 {
		if err := h.fetch(missing); err != nil {
			return nil, err
		}
	}
	for n, i := range indexes {
		got, ok := h.added[i]
		if !ok {
			return nil, ErrLog.With("hash %d of the tree is missing", i)
		}
		out[n] = got
	}
	return out, nil
}

func (h *treeHashes) fetch(indexes []int64) error {
	rows, err := h.q.t.QueryContext(h.ctx, `select idx, hash from audit_hash where idx in (`+keyList(indexes)+`)`) //nolint:gosec // integers
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var i int64
		var b []byte
		if err := rows.Scan(&i, &b); err != nil {
			return err
		}
		if len(b) != tlog.HashSize {
			return ErrLog.With("hash %d of the tree has %d bytes", i, len(b))
		}
		h.added[i] = tlog.Hash(b)
	}
	return rows.Err()
}
