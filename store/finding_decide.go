package store

import (
	"context"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/finding"
)

// findingKept are the columns that every version has of the one before.
const findingKept = `rule, subject_kind, subject_key, system_id, severity, function, opened_at, due_at, evidence, digest`

const (
	acceptFinding = `
insert into finding (id, from_set, owner_id, assigned, status, accepted_by, accepted_until, reason, ` + findingKept + `)
select id, $2, owner_id, assigned, 'accepted', $3, $4, $5, ` + findingKept + `
  from finding where id = $1 and until_set = $2 and from_set <> $2`

	reopenFinding = `
insert into finding (id, from_set, owner_id, assigned, status, reason, ` + findingKept + `)
select id, $2, owner_id, assigned, 'open', $3, ` + findingKept + `
  from finding where id = $1 and until_set = $2 and from_set <> $2`

	assignFinding = `
insert into finding (id, from_set, owner_id, assigned, status, accepted_by, accepted_until, reason, ` + findingKept + `)
select id, $2, $3, true, status, accepted_by, accepted_until, reason, ` + findingKept + `
  from finding where id = $1 and until_set = $2 and from_set <> $2`
)

// Accept marks an open finding as accepted.
func (s Findings) Accept(ctx context.Context, id access.FindingID, version int64, reason string, until access.Time) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	e := audit.Event{Action: "finding.accept", Object: id.Ref(), Facts: map[string]string{"until": until.Time().UTC().Format("2006-01-02")}, Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		if err := t.endFinding(ctx, id, version, finding.Open); err != nil {
			return err
		}
		if err := t.due(ctx, id.Ref(), until); err != nil {
			return err
		}
		_, err := t.exec(ctx, acceptFinding, id, t.Set, actor.Identity, until, reason)
		return err
	})
}

// Reopen ends that a finding is accepted.
func (s Findings) Reopen(ctx context.Context, id access.FindingID, version int64, reason string) error {
	e := audit.Event{Action: "finding.reopen", Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		if err := t.endFinding(ctx, id, version, finding.Accepted); err != nil {
			return err
		}
		_, err := t.exec(ctx, reopenFinding, id, t.Set, reason)
		return err
	})
}

// Assign makes somebody the owner of a finding.
func (s Findings) Assign(ctx context.Context, id access.FindingID, version int64, owner access.IdentityID) error {
	e := audit.Event{Action: "finding.assign", Object: id.Ref(), Facts: map[string]string{"owner": owner.String()}}
	return s.db.change(ctx, e, func(t *tx) error {
		if err := t.endFinding(ctx, id, version, ""); err != nil {
			return err
		}
		_, err := t.exec(ctx, assignFinding, id, t.Set, owner)
		return err
	})
}

const endFinding = `
update finding set until_set = $1, closed_at = $2
 where id = $3 and until_set = 0 and status in ('open', 'accepted') and ($4 = 0 or from_set = $4) and ($5 = '' or status = $5)`

// endFinding ends the version of a finding that there is, in order that another one
// begins. Whoever names another version is told that it is not that any more.
func (t *tx) endFinding(ctx context.Context, id access.FindingID, version int64, status finding.Status) error {
	n, err := t.exec(ctx, endFinding, t.Set, t.At, id, version, string(status))
	if err != nil || n > 0 {
		return err
	}
	var others int
	if err := t.row(ctx, `select count(*) from finding where id = $1 and until_set = 0 and from_set <> $2`, id, version).Scan(&others); err != nil {
		return err
	}
	if version != 0 && others > 0 {
		return finding.ErrChanged
	}
	return finding.ErrNotFound
}
