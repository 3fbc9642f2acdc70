package store

import (
	"context"
	"fmt"
	"iter"
	"math"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/writhq/writ/audit"
)

const evidencePage = 5000

// Evidence implements audit.Log: leaves made of the records as they are now, with
// the kept hashes, and each checkpoint behind the leaves that it covers.
func (l *AuditLog) Evidence(ctx context.Context) iter.Seq2[audit.Item, error] {
	return func(yield func(audit.Item, error) bool) {
		err := l.db.read(ctx, func(q *query) error { return evidence(ctx, q, yield) })
		if err != nil && err != errStopped { //nolint:errorlint // it is returned as it is
			yield(audit.Item{}, err)
		}
	}
}

// A tampered database may lack the change set of a record: it stays evidence.
const leavesFrom = `
select ` + recordColumns + `
  from audit_record r
  left join change_set s on s.id = r.set_id
 where r.leaf_index >= $1
 order by r.leaf_index
 limit $2`

const checkpointsFrom = `
select size, at, rev, note from audit_checkpoint where size > $1 order by size limit $2`

// paged reads one of the ordered streams page by page: a PostgreSQL connection
// serves one query at a time.
type paged[T any] struct {
	page  []T
	fetch func(after T, first bool) ([]T, error)
	last  T
	begun bool
	ended bool
}

// peek returns the next element without taking it.
func (p *paged[T]) peek() (v T, ok bool, err error) {
	if len(p.page) == 0 && !p.ended {
		if p.page, err = p.fetch(p.last, !p.begun); err != nil {
			return v, false, err
		}
		p.begun, p.ended = true, len(p.page) < evidencePage
	}
	if len(p.page) == 0 {
		return v, false, nil
	}
	return p.page[0], true, nil
}

func (p *paged[T]) take() {
	p.last = p.page[0]
	p.page = p.page[1:]
}

type keptHash struct {
	idx  int64
	hash tlog.Hash
}

type evidenceStreams struct {
	records     paged[audit.Record]
	hashes      paged[keptHash]
	checkpoints paged[audit.Item]
}

func evidence(ctx context.Context, q *query, yield func(audit.Item, error) bool) error {
	s := streams(ctx, q)
	for n := int64(0); ; {
		// Checkpoints of the leaves so far; of none, when one says size 0 or less.
		for {
			c, ok, err := s.checkpoints.peek()
			if err != nil {
				return err
			}
			if !ok || c.Kept.Size > n {
				break
			}
			s.checkpoints.take()
			if !yield(c, nil) {
				return errStopped
			}
		}
		item, ok, err := s.leaf(n)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if !yield(item, nil) {
			return errStopped
		}
		n = max(n, item.Index+1)
	}
	for {
		c, ok, err := s.checkpoints.peek()
		if err != nil || !ok {
			return err
		}
		s.checkpoints.take()
		if !yield(c, nil) {
			return errStopped
		}
	}
}

// leaf puts a leaf and its kept hashes together; when both are missing it goes on
// at the next leaf that there is.
func (s *evidenceStreams) leaf(n int64) (audit.Item, bool, error) {
	r, haveRecord, err := s.records.peek()
	if err != nil {
		return audit.Item{}, false, err
	}
	if haveRecord && r.Leaf < n { // a place that no leaf has
		s.records.take()
		return audit.Item{Index: r.Leaf, Record: r.ID, Leaf: r.AppendLeaf(nil)}, true, nil
	}
	item := audit.Item{Index: n}
	// Hashes of leaf n lie from its own up to the next leaf's.
	first, next := tlog.StoredHashIndex(0, n), tlog.StoredHashIndex(0, n+1)
	for {
		h, ok, err := s.hashes.peek()
		if err != nil {
			return item, false, err
		}
		if !ok || h.idx >= next {
			break
		}
		s.hashes.take()
		if h.idx == first+int64(len(item.Hashes)) {
			item.Hashes = append(item.Hashes, h.hash)
		}
	}
	if haveRecord && (r.Leaf == n || (r.Leaf > n && len(item.Hashes) == 0)) {
		s.records.take()
		item.Index, item.Record = r.Leaf, r.ID
		item.Leaf = r.AppendLeaf(nil)
		return item, true, nil
	}
	return item, haveRecord || len(item.Hashes) > 0, nil
}

func streams(ctx context.Context, q *query) *evidenceStreams {
	s := &evidenceStreams{}
	s.records.fetch = func(last audit.Record, first bool) (page []audit.Record, err error) {
		from := last.Leaf + 1
		if first {
			from = math.MinInt64
		}
		err = q.each(ctx, leavesFrom, []any{from, evidencePage}, func(scan func(...any) error) error {
			r, err := scanRecord(scan)
			page = append(page, r)
			return err
		})
		return page, err
	}
	s.hashes.fetch = func(last keptHash, first bool) (page []keptHash, err error) {
		from := last.idx
		if first {
			from = -1
		}
		text := fmt.Sprintf(`select idx, hash from audit_hash where idx > %d order by idx limit %d`, from, evidencePage)
		err = q.each(ctx, text, nil, func(scan func(...any) error) error {
			var h keptHash
			var b []byte
			if err := scan(&h.idx, &b); err != nil {
				return err
			}
			if h.hash = tlog.RecordHash(b); len(b) == tlog.HashSize { // else it is nobody's
				h.hash = tlog.Hash(b)
			}
			page = append(page, h)
			return nil
		})
		return page, err
	}
	s.checkpoints.fetch = func(last audit.Item, first bool) (page []audit.Item, err error) {
		from := int64(math.MinInt64)
		if !first {
			from = last.Kept.Size
		}
		err = q.each(ctx, checkpointsFrom, []any{from, evidencePage}, func(scan func(...any) error) error {
			item := audit.Item{Kept: &audit.Checkpoint{}}
			err := scan(&item.Kept.Size, &item.Kept.At, &item.Kept.Rev, &item.Checkpoint)
			if item.Checkpoint == "" {
				item.Checkpoint = "empty"
			}
			page = append(page, item)
			return err
		})
		return page, err
	}
	return s
}
