package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/finding"
)

// Findings is the store of package finding.
type Findings struct{ db *DB }

// Findings returns the store of package finding.
func (db *DB) Findings() Findings { return Findings{db} }

var _ finding.Store = Findings{}

// OwnTiers returns the tiers that follow from entitlements' own capabilities.
func (s Findings) OwnTiers(ctx context.Context) (map[access.EntitlementID]access.Tier, error) {
	return s.db.Classify().OwnTiers(ctx)
}

// findingNow is the condition that a finding counts now. A finding is never staged,
// so that what has no end is what is now; those that were resolved stay for ever,
// and the words are those that an index of the others answers.
const findingNow = `f.until_set = 0 and f.status in ('open', 'accepted')`

// Kept returns every finding that is not resolved.
func (s Findings) Kept(ctx context.Context) (map[finding.Key]finding.Kept, error) {
	kept := map[finding.Key]finding.Kept{}
	err := s.db.read(ctx, func(q *query) error {
		return q.each(ctx, `select f.id, f.rule, f.subject_kind, f.subject_key, f.digest, f.status, f.accepted_until, f.severity, case when f.status = 'accepted' then f.evidence else '' end from finding f where `+findingNow, nil, func(scan func(...any) error) error {
			var key finding.Key
			var k finding.Kept
			var digest []byte
			var severity access.Severity
			var evidence string
			if err := scan(&k.ID, &key.Rule, &key.Subject.Kind, &key.Subject.Key, &digest, &k.Status, &k.AcceptedUntil, &severity, &evidence); err != nil {
				return err
			}
			if k.Status == finding.Accepted {
				k.Accepted = &finding.Draft{Severity: severity}
				if err := json.Unmarshal([]byte(evidence), &k.Accepted.Evidence); err != nil {
					return fmt.Errorf("evidence of %s: %w", k.ID, err)
				}
			}
			copy(k.Digest[:], digest)
			kept[key] = k
			return nil
		})
	})
	return kept, err
}

// resolveFinding ends the current version: resolved, or replaced by one that
// is inserted in the same transaction.
const resolveFinding = `
update finding set until_set = $1, closed_at = $2 where id = $3 and until_set = 0`

const insertFinding = `
insert into finding (id, from_set, rule, subject_kind, subject_key, system_id, severity, function, owner_id, status,
                     opened_at, due_at, evidence, digest)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10, $11, $12, $13)`

const renewFinding = `
insert into finding (id, from_set, rule, subject_kind, subject_key, system_id, severity, function, owner_id, status,
                     opened_at, due_at, accepted_by, accepted_until, reason, evidence, digest)
select id, $2, rule, subject_kind, subject_key, $3, $4, function, $5,
       case when $6 = 1 then 'open' else status end, opened_at, due_at, accepted_by,
       case when $6 = 1 then 0 else accepted_until end, reason, $7, $8
  from finding where id = $1 and until_set = $2 and from_set <> $2`

// Reconcile opens, renews, reopens and resolves findings.
func (s Findings) Reconcile(ctx context.Context, changes []finding.Change) error {
	var opened, renewed, resolved int
	return s.db.change(ctx, audit.Event{Action: "finding.refresh"}, func(t *tx) error {
		for _, c := range changes {
			if c.ID != 0 {
				if _, err := t.exec(ctx, resolveFinding, t.Set, t.At, c.ID); err != nil {
					return err
				}
			}
			if c.Draft == nil {
				resolved++
				continue
			}
			if err := t.keepFinding(ctx, c); err != nil {
				return err
			}
			if c.ID == 0 {
				opened++
			} else {
				renewed++
			}
		}
		t.Event.Facts = map[string]string{"opened": strconv.Itoa(opened), "renewed": strconv.Itoa(renewed), "resolved": strconv.Itoa(resolved)}
		return nil
	})
}

func (t *tx) keepFinding(ctx context.Context, c finding.Change) error {
	d := c.Draft
	evidence, err := json.Marshal(d.Evidence)
	if err != nil {
		return err
	}
	if c.ID != 0 {
		reopen := 0
		if c.Reopen {
			reopen = 1
		}
		_, err := t.exec(ctx, renewFinding, c.ID, t.Set, d.System, string(d.Severity), d.Owner, reopen, string(evidence), c.Digest[:])
		return err
	}
	key, err := t.newKeys(ctx, access.KindFinding, 1)
	if err != nil {
		return err
	}
	due := t.At + access.Time(time.Duration(c.Days)*24*time.Hour/time.Microsecond)
	_, err = t.exec(ctx, insertFinding, key, t.Set, d.Rule, d.Subject.Kind, d.Subject.Key, d.System, string(d.Severity), string(c.Function), d.Owner, t.At, due, string(evidence), c.Digest[:])
	return err
}

const listFindings = `
select f.id, f.rule, f.subject_kind, f.subject_key, f.system_id, f.severity, f.function, f.owner_id, f.status,
       f.opened_at, f.due_at, f.accepted_until, f.reason, f.evidence
  from finding f
 where ` + findingNow + `
   and ($1 = '' or f.rule = $1) and ($2 = '' or f.severity = $2) and ($3 = '' or f.function = $3)
   and ($4 = 0 or f.system_id = $4) and ($5 = '' or f.status = $5)
 order by case f.severity when 'critical' then 0 when 'high' then 1 when 'medium' then 2 else 3 end, f.due_at, f.rule, f.id
 limit $6`

const allFindings = 1 << 40

// List returns findings that are not resolved.
func (s Findings) List(ctx context.Context, f finding.Filter) (list []finding.Finding, err error) {
	limit := int64(f.Limit)
	if limit == 0 {
		limit = allFindings
	}
	err = s.db.read(ctx, func(q *query) error {
		args := []any{f.Rule, string(f.Severity), string(f.Function), f.System, string(f.Status), limit}
		return q.each(ctx, listFindings, args, func(scan func(...any) error) error {
			var x finding.Finding
			var evidence string
			if err := scan(&x.ID, &x.Rule, &x.Subject.Kind, &x.Subject.Key, &x.System, &x.Severity, &x.Function, &x.Owner, &x.Status, &x.Opened, &x.Due, &x.AcceptedUntil, &x.Reason, &evidence); err != nil {
				return err
			}
			list = append(list, x)
			return json.Unmarshal([]byte(evidence), &list[len(list)-1].Evidence)
		})
	})
	return list, err
}

const acceptFinding = `
insert into finding (id, from_set, rule, subject_kind, subject_key, system_id, severity, function, owner_id, status,
                     opened_at, due_at, accepted_by, accepted_until, reason, evidence, digest)
select id, $2, rule, subject_kind, subject_key, system_id, severity, function, owner_id, 'accepted',
       opened_at, due_at, $3, $4, $5, evidence, digest
  from finding where id = $1 and until_set = $2 and from_set <> $2`

// Accept marks an open finding as accepted.
func (s Findings) Accept(ctx context.Context, id access.FindingID, reason string, until access.Time) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	e := audit.Event{Action: "finding.accept", Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		n, err := t.exec(ctx, `update finding set until_set = $1 where id = $2 and until_set = 0 and status = 'open'`, t.Set, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return finding.ErrNotFound
		}
		if err := t.due(ctx, id.Ref(), until); err != nil {
			return err
		}
		_, err = t.exec(ctx, acceptFinding, id, t.Set, actor.Identity, until, reason)
		return err
	})
}
