package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

// Record implements audit.Log.
func (l *AuditLog) Record(ctx context.Context, id int64) (e audit.Entry, err error) {
	err = l.db.read(ctx, func(q *query) error {
		e, err = l.entry(q.row(ctx, listRecords+shownRecord+` and r.id = $1`, id).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return audit.ErrRecord
		}
		return err
	})
	return e, err
}

const recordsSince = listRecords + shownRecord + ` and r.leaf_index > $1 order by r.leaf_index limit $2`

// Since implements audit.Log.
func (l *AuditLog) Since(ctx context.Context, leaf int64, first int) (list []audit.Entry, err error) {
	err = l.db.read(ctx, func(q *query) error {
		return q.each(ctx, recordsSince, []any{leaf, first}, func(scan func(...any) error) error {
			e, err := l.entry(scan)
			list = append(list, e)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("following the audit log: %w", err)
	}
	return list, nil
}

// Wait implements audit.Log.
func (l *AuditLog) Wait(ctx context.Context, rev access.Rev) (access.Rev, error) {
	return l.db.WaitRev(ctx, rev)
}

const actionVerify = "audit.verify"

// Verified implements audit.Log.
func (l *AuditLog) Verified(ctx context.Context, r *audit.Report) error {
	e := audit.Event{Action: actionVerify, Facts: map[string]string{"leaves": strconv.FormatInt(r.Leaves, 10), "defects": strconv.Itoa(len(r.Wrong) + r.More)}}
	return l.db.change(ctx, e, func(*tx) error { return nil })
}

const lastVerified = `
select r.at, r.actor, r.facts from audit_record r
 where r.action = $1 and r.set_id not in (select id from open_set)
 order by r.id desc limit 1`

// LastVerified implements audit.Log.
func (l *AuditLog) LastVerified(ctx context.Context) (v audit.Verified, err error) {
	err = l.db.read(ctx, func(q *query) error {
		var r audit.Record
		err := q.row(ctx, lastVerified, actionVerify).Scan(&v.At, &v.By, &r.Facts)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		v.Leaves, _ = strconv.ParseInt(r.Fact("leaves"), 10, 64) // zero where it says something else
		v.Defects, _ = strconv.ParseInt(r.Fact("defects"), 10, 64)
		return err
	})
	return v, err
}

// toldEvery is how many leaves lie between two tellings.
const toldEvery = 1000

// counted is the evidence, and tells how much of it was read.
func (l *AuditLog) counted(ctx context.Context, progress func(done, total int64)) iter.Seq2[audit.Item, error] {
	if progress == nil {
		return l.Evidence(ctx)
	}
	return func(yield func(audit.Item, error) bool) {
		var size, done int64
		if err := l.db.read(ctx, func(q *query) error { return q.row(ctx, treeSize).Scan(&size) }); err != nil {
			yield(audit.Item{}, err)
			return
		}
		progress(0, size)
		for item, err := range l.Evidence(ctx) {
			if item.Checkpoint == "" && err == nil {
				if done++; done%toldEvery == 0 {
					progress(done, size)
				}
			}
			if !yield(item, err) {
				return
			}
		}
	}
}
