package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/finding"
	"github.com/writhq/writ/policy"
)

var _ policy.History = Policy{}

// Records implements policy.History. A page at a time: no reader is held while what was
// read is looked at.
func (s Policy) Records(ctx context.Context, actions []string, from, to access.Time, take func(audit.Record) error) error {
	const page = 1000
	for after := int64(0); ; {
		var list []audit.Record
		err := s.db.read(ctx, func(q *query) error {
			a := &recordsAsked{conditions: []string{shownRecord, "r.actor like 'idn%'"}}
			a.add("r.id > ?", after)
			a.narrow(audit.Filter{From: from, To: to})
			a.conditions = append(a.conditions, "("+strings.Join(a.of(actions), " or ")+")")
			text := `select r.id, r.at, r.actor, r.action, r.object_kind, r.object_key, r.facts from audit_record r where ` +
				strings.Join(a.conditions, " and ") + fmt.Sprintf(` order by r.id limit %d`, page)
			return q.eachMade(ctx, text, a.args, func(scan func(...any) error) error {
				var r audit.Record
				err := scan(&r.ID, &r.At, &r.Actor, &r.Action, &r.Object.Kind, &r.Object.Key, &r.Facts)
				list = append(list, r)
				return err
			})
		})
		if err != nil {
			return fmt.Errorf("reading what was done: %w", err)
		}
		for _, r := range list {
			if err := take(r); err != nil {
				return err
			}
		}
		if len(list) < page {
			return nil
		}
		after = list[len(list)-1].ID
	}
}

const heldOver = `
select a.identity_id, a.function, a.scope_id, f.at, coalesce(u.at, 0)
  from function_assignment a
  join change_set f on f.id = a.from_set
  left join change_set u on u.id = a.until_set and u.id not in (select id from open_set)
 where a.from_set not in (select id from open_set)
 order by a.identity_id, f.at, a.id`

// HeldOver implements policy.History.
func (s Policy) HeldOver(ctx context.Context) (list []policy.HeldOver, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, heldOver, nil, func(scan func(...any) error) error {
			var h policy.HeldOver
			err := scan(&h.Identity, &h.Function, &h.Scope, &h.From, &h.Until)
			list = append(list, h)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading who held which function: %w", err)
	}
	return list, nil
}

// FindingOf implements policy.History.
func (s Policy) FindingOf(ctx context.Context, id access.FindingID) (policy.Finding, bool, error) {
	versions, err := s.db.Findings().Versions(ctx, id)
	if errors.Is(err, finding.ErrNotFound) {
		return policy.Finding{}, false, nil
	}
	if err != nil {
		return policy.Finding{}, false, err
	}
	return versions[len(versions)-1].Decided(), true, nil
}
