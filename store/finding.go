package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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
func (s Findings) OwnTiers(ctx context.Context, of []access.EntitlementID) (map[access.EntitlementID]access.Tier, error) {
	return s.db.Classify().OwnTiers(ctx, of)
}

// findingNow is the condition that a finding counts now. A finding is never staged,
// so that what has no end is what is now; those that were resolved stay for ever,
// and the words are those that an index of the others answers.
const findingNow = `f.until_set = 0 and f.status in ('open', 'accepted')`

// keptFindings are what is compared with drafts.
const keptFindings = `
select f.id, f.from_set, f.rule, f.subject_kind, f.subject_key, f.system_id, f.severity, f.owner_id, f.digest, f.status, f.accepted_until,
       case when f.status = 'accepted' then f.evidence else '' end
  from finding f
 where f.until_set = 0 and `

// Kept returns every finding that is not resolved.
func (s Findings) Kept(ctx context.Context) (map[finding.Key]finding.Kept, error) {
	kept := map[finding.Key]finding.Kept{}
	return kept, s.kept(ctx, kept, keptFindings+`f.status in ('open', 'accepted')`, "")
}

// Ended returns the accepted findings whose end has come.
func (s Findings) Ended(ctx context.Context, now access.Time) (map[finding.Key]finding.Kept, error) {
	kept := map[finding.Key]finding.Kept{}
	return kept, s.kept(ctx, kept, keptFindings+`f.status = 'accepted' and f.accepted_until <= $1`, "", now)
}

// KeptOf returns those of some rules and subjects, rule by rule as the index is.
func (s Findings) KeptOf(ctx context.Context, keys []finding.Key) (map[finding.Key]finding.Kept, error) {
	type group struct {
		rule string
		kind access.ObjectKind
	}
	groups := map[group][]int64{}
	for _, k := range keys {
		g := group{k.Rule, k.Subject.Kind}
		groups[g] = append(groups[g], k.Subject.Key)
	}
	kept := map[finding.Key]finding.Kept{}
	for g, subjects := range groups {
		for chunk := range slices.Chunk(subjects, keysPerQuery) {
			if err := s.kept(ctx, kept, keptFindings+`f.rule = $1 and f.subject_kind = $2 and f.subject_key in (%s)`, keyList(chunk), g.rule, g.kind); err != nil {
				return nil, err
			}
		}
	}
	return kept, nil
}

// kept adds what a query finds; list is what its text has %s for.
func (s Findings) kept(ctx context.Context, kept map[finding.Key]finding.Kept, text, list string, args ...any) error {
	return s.db.read(ctx, func(q *query) error {
		return q.eachListed(ctx, text, list, args, func(scan func(...any) error) error {
			var k finding.Kept
			var d finding.Draft
			var digest []byte
			var evidence string
			if err := scan(&k.ID, &k.Version, &d.Rule, &d.Subject.Kind, &d.Subject.Key, &d.System, &d.Severity, &d.Owner, &digest, &k.Status, &k.AcceptedUntil, &evidence); err != nil {
				return err
			}
			if k.Status == finding.Accepted {
				if err := json.Unmarshal([]byte(evidence), &d.Evidence); err != nil {
					return fmt.Errorf("evidence of %s: %w", k.ID, err)
				}
				k.Accepted = &d
			}
			copy(k.Digest[:], digest)
			kept[finding.Key{Rule: d.Rule, Subject: d.Subject}] = k
			return nil
		})
	})
}

// endFindings ends the versions that were read, %s, and says what there was of them:
// resolved, or replaced by one that is inserted in the same transaction. Where there
// is a later one it ends nothing.
const endFindings = `
update finding
   set until_set = $1, closed_at = $2
  from (values %s) as version
 where id = version.column1 and from_set = version.column2 and until_set = 0
returning id, rule, subject_kind, subject_key, function, owner_id, assigned, status, opened_at, due_at, accepted_by, accepted_until, reason`

const findingColumns = "id, from_set, rule, subject_kind, subject_key, system_id, severity, function, owner_id, assigned, status, " +
	"opened_at, due_at, accepted_by, accepted_until, reason, evidence, digest"

// findingRow is what a version of a finding keeps of the one before.
type findingRow struct {
	id            access.FindingID
	key           finding.Key
	function      access.Function
	owner         access.IdentityID
	assigned      bool // a person has said who the owner is
	status        finding.Status
	opened, due   access.Time
	acceptedBy    access.IdentityID
	acceptedUntil access.Time
	reason        string
}

// Reconcile opens, renews, reopens and resolves findings.
func (s Findings) Reconcile(ctx context.Context, changes []finding.Change) (lost []finding.Key, err error) {
	err = s.db.change(ctx, audit.Event{Action: "finding.refresh"}, func(t *tx) error {
		ended, err := t.endFindings(ctx, changes)
		if err != nil {
			return err
		}
		lost = nil
		var opened []finding.Change
		var renewed, resolved int
		rows := newRows("finding", findingColumns, len(changes))
		for _, c := range changes {
			was, there := ended[c.ID]
			switch {
			case c.ID == 0:
				opened = append(opened, c)
			case !there:
				lost = append(lost, c.Key)
			case c.Draft == nil:
				resolved++
			default:
				renewed++
				if c.Reopen {
					was.status, was.acceptedUntil, was.reason = finding.Open, 0, ""
				}
				if err := t.addFinding(ctx, rows, was, c); err != nil {
					return err
				}
			}
		}
		if err := t.openFindings(ctx, rows, opened); err != nil {
			return err
		}
		t.Event.Facts = map[string]string{"opened": strconv.Itoa(len(opened)), "renewed": strconv.Itoa(renewed), "resolved": strconv.Itoa(resolved)}
		return t.insertRows(ctx, rows)
	})
	return lost, err
}

// endFindings ends the versions that changes replace, and returns those that it
// ended.
func (t *tx) endFindings(ctx context.Context, changes []finding.Change) (map[access.FindingID]findingRow, error) {
	ended := make(map[access.FindingID]findingRow, len(changes))
	var versions []byte
	for _, c := range changes {
		if c.ID == 0 {
			continue
		}
		if len(versions) > 0 {
			versions = append(versions, ", "...)
		}
		versions = fmt.Appendf(versions, "(%d, %d)", int64(c.ID), c.Version)
	}
	if len(versions) == 0 {
		return ended, nil
	}
	err := t.eachListed(ctx, endFindings, string(versions), []any{t.Set, t.At}, func(scan func(...any) error) error {
		var f findingRow
		err := scan(&f.id, &f.key.Rule, &f.key.Subject.Kind, &f.key.Subject.Key, &f.function, &f.owner, &f.assigned, &f.status, &f.opened, &f.due, &f.acceptedBy, &f.acceptedUntil, &f.reason)
		ended[f.id] = f
		return err
	})
	return ended, err
}

// openFindings adds the first versions of findings.
func (t *tx) openFindings(ctx context.Context, rows *rowsOf, opened []finding.Change) error {
	if len(opened) == 0 {
		return nil
	}
	key, err := t.newKeys(ctx, access.KindFinding, len(opened))
	if err != nil {
		return err
	}
	for i, c := range opened {
		f := findingRow{
			id: access.FindingID(key + int64(i)), key: c.Key, function: c.Function, status: finding.Open,
			opened: t.At, due: t.At + access.Time(time.Duration(c.Days)*24*time.Hour/time.Microsecond),
		}
		if err := t.addFinding(ctx, rows, f, c); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) addFinding(ctx context.Context, rows *rowsOf, f findingRow, c finding.Change) error {
	d := c.Draft
	evidence, err := json.Marshal(d.Evidence)
	if err != nil {
		return err
	}
	if x := c.Accept; x != nil {
		f.status, f.acceptedBy, f.acceptedUntil, f.reason = finding.Accepted, x.By, x.Until, x.Reason
		if err := t.due(ctx, f.id.Ref(), x.Until); err != nil {
			return err
		}
	}
	if !f.assigned {
		f.owner = d.Owner
	}
	rows.add(
		f.id, t.Set, f.key.Rule, f.key.Subject.Kind, f.key.Subject.Key, d.System, string(d.Severity), string(f.function), f.owner, f.assigned, string(f.status),
		f.opened, f.due, f.acceptedBy, f.acceptedUntil, f.reason, string(evidence), c.Digest[:],
	)
	return nil
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
