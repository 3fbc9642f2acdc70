package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/policy"
)

// correlationKind tells rules of correlation from the other policies.
const correlationKind = "correlation"

var selectRules = `select p.from_set, p.mode, p.body from policy p where p.kind = $1 and ` + now("p") + ` order by p.name`

// Rules returns the organisation's own rules of correlation by name.
func (s Inventory) Rules(ctx context.Context) (list inventory.Rules, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, selectRules, []any{correlationKind}, func(scan func(...any) error) error {
			var o inventory.OwnRule
			var mode, body string
			if err := scan(&o.Version, &mode, &body); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(body), &o); err != nil {
				return fmt.Errorf("a correlation rule: %w", err)
			}
			if mode == policy.Enforce.String() {
				o.Mode = policy.Enforce
			}
			list = append(list, o)
			return nil
		})
	})
	return list, err
}

const insertPolicy = `insert into policy (id, from_set, name, kind, mode, body) values ($1, $2, $3, $4, $5, $6)`

// AddRule keeps a new rule of correlation.
func (s Inventory) AddRule(ctx context.Context, o inventory.OwnRule) error {
	body, err := json.Marshal(ruleBody{o.Name, o.By, o.Expression, o.Score})
	if err != nil {
		return err
	}
	return s.db.change(ctx, audit.Event{Action: "inventory.add_rule", Personal: map[string]string{"rule": string(body)}}, func(t *tx) error {
		var n int
		if err := t.row(ctx, `select count(*) from policy where kind = $1 and name = $2 and until_set = 0`, correlationKind, o.Name).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return inventory.ErrNameTaken.With("there is already a correlation rule called %q", o.Name)
		}
		key, err := t.newKeys(ctx, access.KindPolicy, 1)
		if err != nil {
			return err
		}
		id := access.PolicyID(key)
		t.Event.Object = id.Ref()
		if _, err := t.exec(ctx, insertPolicy, key, t.Set, o.Name, correlationKind, o.Mode.String(), string(body)); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
}

// ruleBody is the policy's column body.
type ruleBody struct {
	Name       string       `json:"name"`
	By         inventory.By `json:"by"`
	Expression string       `json:"expression"`
	Score      int          `json:"score"`
}

const remodePolicy = `
insert into policy (id, from_set, name, kind, mode, body)
select id, $2, name, kind, $3, body from policy where id = $1 and until_set = $2 and from_set <> $2`

// SetRuleMode keeps a rule's mode.
func (s Inventory) SetRuleMode(ctx context.Context, name string, mode policy.Mode, reason string) error {
	e := audit.Event{Action: "inventory.set_rule_mode", Facts: map[string]string{"mode": mode.String()}, Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		id, err := t.endRule(ctx, name, 0)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, remodePolicy, id, t.Set, mode.String())
		return err
	})
}

// ChangeRule keeps another version of a rule in place of the one that it names.
func (s Inventory) ChangeRule(ctx context.Context, o inventory.OwnRule, reason string) error {
	body, err := json.Marshal(ruleBody{o.Name, o.By, o.Expression, o.Score})
	if err != nil {
		return err
	}
	e := audit.Event{
		Action: "inventory.change_rule", Facts: map[string]string{"mode": o.Mode.String()},
		Personal: map[string]string{"rule": string(body), "reason": reason},
	}
	return s.db.change(ctx, e, func(t *tx) error {
		id, err := t.endRule(ctx, o.Name, o.Version)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, insertPolicy, id, t.Set, o.Name, correlationKind, o.Mode.String(), string(body))
		return err
	})
}

// RemoveRule ends a rule.
func (s Inventory) RemoveRule(ctx context.Context, name string, version int64, reason string) error {
	e := audit.Event{Action: "inventory.remove_rule", Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		_, err := t.endRule(ctx, name, version)
		return err
	})
}

const endRule = `update policy set until_set = $1 where id = $2 and until_set = 0 and ($3 = 0 or from_set = $3)`

// endRule ends a rule's current version, if it is the one that is meant, and notes the
// change; zero is whichever there is.
func (t *tx) endRule(ctx context.Context, name string, version int64) (id access.PolicyID, err error) {
	err = t.each(ctx, `select id from policy where kind = $1 and name = $2 and until_set = 0`, []any{correlationKind, name}, func(scan func(...any) error) error { return scan(&id) })
	if err != nil {
		return 0, err
	}
	if id == 0 {
		return 0, inventory.ErrNotFound.With("there is no correlation rule called %q", name)
	}
	t.Event.Object = id.Ref()
	n, err := t.exec(ctx, endRule, t.Set, id, version)
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, inventory.ErrRuleChanged.With("somebody changed rule %s meanwhile: look at it again", name)
	}
	return id, t.changed(ctx, id.Ref())
}
