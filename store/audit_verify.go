package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
)

var errStopped = errors.New("the reader has enough")

// Verify checks the log with audit.Verify, and beyond it what only the database
// can tell: that each change set has its record, that no revision or place is
// missing, and that the payloads are what the leaves committed to.
func (l *AuditLog) Verify(ctx context.Context, trusted []string, progress func(done, total int64)) (*audit.Report, error) {
	r, err := audit.Verify(l.counted(ctx, progress), l.Verifier(), trusted)
	if err != nil {
		return nil, err
	}
	r.Compared = true
	err = l.db.read(ctx, func(q *query) error {
		for _, check := range []func(context.Context, *query, *audit.Report) error{
			l.verifyRevisions, l.verifyRecords, l.verifyTreeSize, l.verifyPayloads,
		} {
			if err := check(ctx, q, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("verifying the audit log: %w", err)
	}
	return r, nil
}

const revisionGaps = `
select rev, before from (select rev, coalesce(lag(rev) over (order by rev), 0) as before from change_set where rev is not null) g
 where rev <> before + 1 order by rev limit 1000`

func (l *AuditLog) verifyRevisions(ctx context.Context, q *query, r *audit.Report) error {
	err := q.each(ctx, revisionGaps, nil, func(scan func(...any) error) error {
		var rev, before int64
		if err := scan(&rev, &before); err != nil {
			return err
		}
		r.Found("no change set has revision %d: they go from %d to %d", before+1, before, rev)
		return nil
	})
	if err != nil {
		return err
	}
	return q.row(ctx, `
select count(*) from audit_record r join change_set s on s.id = r.set_id
 where s.rev is null and s.id not in (select id from open_set)`).Scan(&r.Unsequenced)
}

// A set's last record is written with the set's own time and actor; the earlier
// ones are the batches of a bulk operation.
const setsAgainstRecords = `
select s.id, coalesce(s.rev, 0), s.at, s.actor, coalesce(r.id, 0), coalesce(r.at, 0), coalesce(r.actor, '')
  from change_set s
  left join audit_record r on r.id = (select max(x.id) from audit_record x where x.set_id = s.id)
 where s.id not in (select id from open_set)
   and (r.id is null or r.at <> s.at or r.actor <> s.actor)
 order by s.id`

const recordsWithoutPlace = `
select r.id, case when s.id is null then 'set' when r.object_key = 0 and r.object_kind <> 0 then 'object' else 'place' end
  from audit_record r left join change_set s on s.id = r.set_id
 where s.id is null or (s.rev is not null and r.leaf_index is null) or (s.rev is null and r.leaf_index is not null)
    or (r.object_key = 0 and r.object_kind <> 0)
 order by r.id`

func (l *AuditLog) verifyRecords(ctx context.Context, q *query, r *audit.Report) error {
	err := q.each(ctx, setsAgainstRecords, nil, func(scan func(...any) error) error {
		var set, record int64
		var rev access.Rev
		var at, recordAt access.Time
		var actor, recordActor string
		if err := scan(&set, &rev, &at, &actor, &record, &recordAt, &recordActor); err != nil {
			return err
		}
		switch {
		case record == 0:
			r.Found("change set %d (revision %d) has no record", set, rev)
		case at != recordAt:
			r.Found("change set %d is of %s, its record %d of %s", set, at.Time(), record, recordAt.Time())
		default:
			r.Found("change set %d was made by somebody else than its record %d says", set, record)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return q.each(ctx, recordsWithoutPlace, nil, func(scan func(...any) error) error {
		var record int64
		var what string
		if err := scan(&record, &what); err != nil {
			return err
		}
		switch what {
		case "set":
			r.Found("record %d is of a change set that does not exist", record)
		case "object":
			r.Found("record %d has a kind of object and no object", record)
		default:
			r.Found("record %d has a revision and no place in the tree, or a place and no revision", record)
		}
		return nil
	})
}

func (l *AuditLog) verifyTreeSize(ctx context.Context, q *query, r *audit.Report) error {
	var size, hashes int64
	if err := q.row(ctx, treeSize).Scan(&size); err != nil {
		return err
	}
	want := tlog.StoredHashCount(size)
	if err := q.row(ctx, `select count(*) from audit_hash where idx >= 0 and idx < $1`, want).Scan(&hashes); err != nil {
		return err
	}
	if hashes != want {
		r.Found("the tree of %d leaves keeps %d of its %d hashes", size, hashes, want)
	}
	return q.each(ctx, `select idx from audit_hash where idx < 0 or idx >= $1 limit 1000`, []any{want}, func(scan func(...any) error) error {
		var idx int64
		err := scan(&idx)
		r.Found("hash %d is not part of the tree", idx)
		return err
	})
}

const payloadsFrom = `
select r.id, r.commitment, coalesce(p.key_id, 0), p.ciphertext, coalesce(k.subject, 0), k.wrapped
  from audit_record r
  left join audit_payload p on p.record_id = r.id
  left join audit_subject_key k on k.id = p.key_id
 where r.commitment is not null
 order by r.id`

func (l *AuditLog) verifyPayloads(ctx context.Context, q *query, r *audit.Report) error {
	erased, err := erasedKeys(ctx, q)
	if err != nil {
		return err
	}
	err = q.each(ctx, payloadsFrom, nil, func(scan func(...any) error) error {
		var record audit.Record
		p := storedPayload{record: &record}
		if err := scan(&record.ID, &record.Commitment, &p.keyID, &p.ciphertext, &p.subject, &p.wrapped); err != nil {
			return err
		}
		switch {
		case p.keyID == 0:
			r.Found("the payload of record %d is missing", record.ID)
		case p.wrapped == nil && erased[p.keyID]:
			r.Erased++
		case p.wrapped == nil:
			r.Found("the key of the payload of record %d is missing, and no record says that it was erased", record.ID)
		default:
			if _, err := p.open(l.db); err != nil {
				r.Found("the payload of record %d: %v", record.ID, err)
				return nil
			}
			r.Payloads++
		}
		return nil
	})
	if err != nil {
		return err
	}
	return q.each(ctx, `select p.record_id from audit_payload p left join audit_record r on r.id = p.record_id where r.id is null or r.commitment is null`, nil,
		func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			r.Found("a payload is kept for record %d, which has none", id)
			return err
		})
}

// erasedKeys are the keys that records say were erased. The log itself was
// verified before.
func erasedKeys(ctx context.Context, q *query) (map[int64]bool, error) {
	keys := map[int64]bool{}
	err := q.each(ctx, `select facts from audit_record where action = $1`, []any{actionErase}, func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		if id, err := strconv.ParseInt(audit.Record{Facts: text}.Fact(factErasedKey), 10, 64); err == nil {
			keys[id] = true
		}
		return nil
	})
	return keys, err
}
