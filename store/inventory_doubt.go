package store

import (
	"context"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/inventory"
)

// keepDoubts puts what a sync of a source doubts in place of what the last one did.
func (t *tx) keepDoubts(ctx context.Context, source access.SourceID, list []inventory.Doubt) error {
	since := map[inventory.DecidedRow]access.Time{}
	err := t.each(ctx, `select native_id, name, identity_id, since from identity_doubt where source_id = $1`, []any{source}, func(scan func(...any) error) error {
		var d inventory.DecidedRow
		var at access.Time
		err := scan(&d.Row, &d.Name, &d.Identity, &at)
		since[d] = at
		return err
	})
	if err != nil || len(since)+len(list) == 0 {
		return err
	}
	if _, err := t.exec(ctx, `delete from identity_doubt where source_id = $1`, source); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, d := range list {
		if seen[d.Row] {
			continue // a number that stands in several rows, which the source calls the same
		}
		seen[d.Row] = true
		at, known := since[inventory.DecidedRow{Row: d.Row, Name: d.Name, Identity: d.Identity}]
		if !known {
			at = t.At
		}
		_, err := t.exec(ctx, `insert into identity_doubt (source_id, native_id, kind, name, number, email, identity_id, place, since) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			source, d.Row, string(d.Kind), d.Name, d.Number, d.Email, d.Identity, d.Where, at)
		if err != nil {
			return fmt.Errorf("keeping what is in doubt: %w", err)
		}
	}
	return nil
}

// decidedRows are the rows of a source of which a person has said whose they are.
func (q *query) decidedRows(ctx context.Context, source access.SourceID) (map[inventory.DecidedRow]bool, error) {
	all := map[inventory.DecidedRow]bool{}
	err := q.each(ctx, `select native_id, name, identity_id, same from identity_decision where source_id = $1`, []any{source}, func(scan func(...any) error) error {
		var d inventory.DecidedRow
		var same bool
		err := scan(&d.Row, &d.Name, &d.Identity, &same)
		all[d] = same
		return err
	})
	return all, err
}

const selectDoubts = `
select d.source_id, d.native_id, d.kind, d.name, d.number, d.email, d.identity_id, d.place, d.since,
       case when x.same is null then '' when x.same then 'same' else 'another' end, coalesce(x.reason, '')
  from identity_doubt d
  left join identity_decision x on x.source_id = d.source_id and x.native_id = d.native_id and x.identity_id = d.identity_id and x.name = d.name`

func (q *query) doubts(ctx context.Context, where string, args ...any) (list []inventory.Doubt, err error) {
	err = q.each(ctx, selectDoubts+where+` order by d.since, d.source_id, d.native_id`, args, func(scan func(...any) error) error {
		var d inventory.Doubt
		err := scan(&d.Source, &d.Row, &d.Kind, &d.Name, &d.Number, &d.Email, &d.Identity, &d.Where, &d.Since, &d.Decided, &d.Reason)
		list = append(list, d)
		return err
	})
	return list, err
}

// Doubts implements inventory.DoubtStore.
func (s Inventory) Doubts(ctx context.Context) (list []inventory.Doubt, err error) {
	err = s.db.read(ctx, func(q *query) error {
		list, err = q.doubts(ctx, "")
		return err
	})
	return list, err
}

const keepDecision = `
insert into identity_decision (source_id, native_id, identity_id, name, same, at, decided_by, reason) values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (source_id, native_id, identity_id, name) do update set same = $5, at = $6, decided_by = $7, reason = $8`

// DecideDoubt implements inventory.DoubtStore.
func (s Inventory) DecideDoubt(ctx context.Context, source access.SourceID, row string, same bool, reason string, may func(inventory.Doubt) error) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil {
		return err
	}
	word := inventory.AnotherPerson
	if same {
		word = inventory.SamePerson
	}
	e := audit.Event{Action: "inventory.decide_doubt", Object: source.Ref(), Facts: map[string]string{"decided": word}, Personal: map[string]string{"row": row, "reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		list, err := t.doubts(ctx, ` where d.source_id = $1 and d.native_id = $2`, source, row)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return inventory.ErrNoDoubt
		}
		d := list[0]
		if err := may(d); err != nil {
			return err
		}
		t.Event.Subjects = []access.IdentityID{d.Identity}
		t.Event.Personal["name"] = d.Name // what the word is on
		_, err = t.exec(ctx, keepDecision, source, row, d.Identity, d.Name, same, t.At, actor.String(), reason)
		return err
	})
}
