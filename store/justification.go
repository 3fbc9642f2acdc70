package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/writhq/writ/access"
)

// justify begins justifications, and gives each its id.
func (t *tx) justify(ctx context.Context, list []access.Justification) error {
	if len(list) == 0 {
		return nil
	}
	key, err := t.newKeys(ctx, access.KindJustification, len(list))
	if err != nil {
		return err
	}
	rows := newRows("justification", "id, from_set, holder_kind, holder_id, entitlement_id, resource_id, origin, approver_id, reason, starts_at, ends_at", len(list))
	holders := map[access.Ref]bool{}
	for i := range list {
		j := &list[i]
		j.ID = access.JustificationID(key + int64(i))
		rows.add(int64(j.ID), t.Set, int64(j.Holder.Kind), j.Holder.Key, int64(j.Entitlement), int64(j.Resource), string(j.Origin), int64(j.Approver), j.Reason, int64(j.Start), int64(j.End))
		holders[j.Holder] = true
		if err := t.due(ctx, j.ID.Ref(), j.Start, j.End); err != nil {
			return err
		}
	}
	if err := t.insertRows(ctx, rows); err != nil {
		return err
	}
	return t.justified(ctx, holders)
}

// unjustify ends justifications that stand; of one that has ended it does nothing.
func (t *tx) unjustify(ctx context.Context, list []access.Justification) error {
	holders := map[access.Ref]bool{}
	for _, j := range list {
		n, err := t.exec(ctx, `update justification set until_set = $1 where id = $2 and until_set = 0`, t.Set, j.ID)
		if err != nil {
			return err
		}
		if n > 0 {
			holders[j.Holder] = true
		}
	}
	return t.justified(ctx, holders)
}

// justified notes whose grants may be justified otherwise than before: those of holders,
// and of the accounts of identities.
func (t *tx) justified(ctx context.Context, holders map[access.Ref]bool) error {
	changes := newRows("change", changeColumns+", only_grants", len(holders))
	var people []access.IdentityID
	for _, r := range slices.SortedFunc(maps.Keys(holders), access.Ref.Compare) {
		changes.add(t.Set, int64(r.Kind), r.Key, false, true)
		if r.Kind == access.KindIdentity {
			people = append(people, access.IdentityID(r.Key))
		}
	}
	for chunk := range slices.Chunk(people, keysPerQuery) {
		err := t.eachListed(ctx, `select distinct l.account_id from account_link l where l.until_set = 0 and l.identity_id in (%s)`, keyList(chunk), nil, func(scan func(...any) error) error {
			var account int64
			err := scan(&account)
			changes.add(t.Set, int64(access.KindAccount), account, false, true)
			return err
		})
		if err != nil {
			return err
		}
	}
	return t.insertRows(ctx, changes)
}

const insertTarget = `
insert into account_target (id, from_set, identity_id, system_id, account_id, login, attributes, state, recipient_id, urgent, delete_at, reason)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

// putTarget keeps how an account should be: anew, or another version of what is kept.
func (t *tx) putTarget(ctx context.Context, y *access.Target) error {
	if y.ID == 0 {
		key, err := t.newKeys(ctx, access.KindTarget, 1)
		if err != nil {
			return err
		}
		y.ID = access.TargetID(key)
	} else if err := t.endTarget(ctx, y.ID); err != nil {
		return err
	}
	attributes, err := json.Marshal(y.Attributes)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, insertTarget, y.ID, t.Set, y.Identity, y.System, y.Account, y.Login, string(attributes), string(y.State), y.Recipient, y.Urgent, y.DeleteAt, y.Reason)
	if err != nil {
		return fmt.Errorf("keeping what %s should have in %s: %w", y.Identity, y.System, err)
	}
	if err := t.due(ctx, y.ID.Ref(), y.DeleteAt); err != nil {
		return err
	}
	return t.changed(ctx, y.ID.Ref())
}

// endTarget ends the version that stands: nothing is said of that account any more, or
// something else.
func (t *tx) endTarget(ctx context.Context, id access.TargetID) error {
	_, err := t.exec(ctx, `update account_target set until_set = $1 where id = $2 and until_set = 0`, t.Set, id)
	return err
}

// readTargets reads what a condition on account_target x selects of what is now.
func (q *query) readTargets(ctx context.Context, condition string, args []any, take func(access.Target) error) error {
	text := `select x.id, x.identity_id, x.system_id, x.account_id, x.login, x.attributes, x.state, x.recipient_id, x.urgent, x.delete_at, x.reason
  from account_target x where ` + now("x") + ` and ` + condition + ` order by x.id`
	return q.eachMade(ctx, text, args, func(scan func(...any) error) error {
		var y access.Target
		var attributes string
		if err := scan(&y.ID, &y.Identity, &y.System, &y.Account, &y.Login, &attributes, &y.State, &y.Recipient, &y.Urgent, &y.DeleteAt, &y.Reason); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(attributes), &y.Attributes); err != nil {
			return fmt.Errorf("%s: %w", y.ID, err)
		}
		return take(y)
	})
}

// readJustifications reads what a condition on justification j selects of what stands,
// whatever its period.
func (q *query) readJustifications(ctx context.Context, condition string, args []any, take func(access.Justification) error) error {
	text := `select j.id, j.holder_kind, j.holder_id, j.entitlement_id, j.resource_id, j.origin, j.approver_id, j.reason, j.starts_at, j.ends_at
  from justification j where ` + now("j") + ` and ` + condition + ` order by j.holder_kind, j.holder_id, j.id`
	return q.eachMade(ctx, text, args, func(scan func(...any) error) error {
		var j access.Justification
		if err := scan(&j.ID, &j.Holder.Kind, &j.Holder.Key, &j.Entitlement, &j.Resource, &j.Origin, &j.Approver, &j.Reason, &j.Start, &j.End); err != nil {
			return err
		}
		return take(j)
	})
}
