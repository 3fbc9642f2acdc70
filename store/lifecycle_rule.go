package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/lifecycle"
	"github.com/writhq/writ/policy"
)

// birthrightKind tells birthright rules from the other policies.
const birthrightKind = "birthright"

// Rules implements lifecycle.RuleStore.
func (s Lifecycle) Rules(ctx context.Context) ([]lifecycle.Rule, error) {
	return policiesOf(ctx, s.db, birthrightKind, func(r *lifecycle.Rule, version int64, mode policy.Mode) { r.Version, r.Mode = version, mode })
}

// policiesOf reads the policies of a kind that are in force, by name.
func policiesOf[T any](ctx context.Context, db *DB, kind string, with func(v *T, version int64, mode policy.Mode)) (list []T, err error) {
	text := `select p.from_set, p.mode, p.body from policy p where p.kind = $1 and ` + now("p") + ` order by p.name`
	err = db.read(ctx, func(q *query) error {
		return q.each(ctx, text, []any{kind}, func(scan func(...any) error) error {
			var version int64
			var said, body string
			if err := scan(&version, &said, &body); err != nil {
				return err
			}
			v, err := policyOf[T](body)
			if err != nil {
				return err
			}
			mode, err := policy.ParseMode(said)
			with(&v, version, mode)
			list = append(list, v)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading policies of the kind %s: %w", kind, err)
	}
	return list, nil
}

// policyOf reads the body of a policy.
func policyOf[T any](body string) (v T, err error) {
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		return v, fmt.Errorf("a policy's body: %w", err)
	}
	return v, nil
}

// AddRule implements lifecycle.RuleStore.
func (s Lifecycle) AddRule(ctx context.Context, r lifecycle.Rule, reason string) error {
	return s.changeRule(ctx, "birthright.add", r, reason, func(t *tx, body string) error {
		switch _, version, err := t.policyNow(ctx, birthrightKind, r.Name); {
		case err != nil:
			return err
		case version != 0:
			return lifecycle.ErrRuleTaken.With("there is already a birthright rule called %q: choose another name, or change that one", r.Name)
		}
		key, err := t.newKeys(ctx, access.KindPolicy, 1)
		if err != nil {
			return err
		}
		return t.putPolicy(ctx, access.PolicyID(key), birthrightKind, r.Name, r.Mode, body)
	})
}

// SetRule implements lifecycle.RuleStore.
func (s Lifecycle) SetRule(ctx context.Context, r lifecycle.Rule, reason string) error {
	return s.changeRule(ctx, "birthright.set", r, reason, func(t *tx, body string) error {
		id, version, err := t.policyNow(ctx, birthrightKind, r.Name)
		switch {
		case err != nil:
			return err
		case version == 0:
			return lifecycle.ErrNoRule.With("there is no birthright rule called %q", r.Name)
		case version != r.Version:
			return lifecycle.ErrRuleStale
		}
		if err := t.endPolicy(ctx, id); err != nil {
			return err
		}
		return t.putPolicy(ctx, id, birthrightKind, r.Name, r.Mode, body)
	})
}

func (s Lifecycle) changeRule(ctx context.Context, action string, r lifecycle.Rule, reason string, do func(t *tx, body string) error) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	e := audit.Event{
		Action:   action,
		Facts:    map[string]string{"mode": r.Mode.String(), "roles": strconv.Itoa(len(r.Roles) + len(r.Choices)), "entitlements": strconv.Itoa(len(r.Entitlements)), "grace_days": strconv.Itoa(r.Grace)},
		Personal: map[string]string{"rule": string(body), "reason": reason},
	}
	return s.db.change(ctx, e, func(t *tx) error {
		if r.Version == 0 || r.Mode != policy.Observe { // one that is to stop may name what is gone
			if err := errors.Join(allThere(ctx, t, "role", r.Roles), allThere(ctx, t, "entitlement", r.Entitlements)); err != nil {
				return err
			}
			if err := t.choicesFit(ctx, r); err != nil {
				return err
			}
		}
		return do(t, string(body))
	})
}

// choicesFit checks what a rule chooses variants of, and that it gives no parametric role as
// it is.
func (t *tx) choicesFit(ctx context.Context, r lifecycle.Rule) error {
	ids := slices.Clone(r.Roles)
	for _, c := range r.Choices {
		ids = append(ids, c.Role)
	}
	found := map[access.RoleID]access.Role{}
	for chunk := range slices.Chunk(ids, keysPerQuery) {
		err := t.eachListed(ctx, `select x.id, x.name, x.parameters from role x where x.id in (%s) and `+now("x"), keyList(chunk), nil, func(scan func(...any) error) error {
			var y access.Role
			err := scan(&y.ID, &y.Name, asJSON{&y.Parameters})
			found[y.ID] = y
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, id := range r.Roles {
		if y := found[id]; len(y.Parameters) > 0 {
			return access.ErrChoice.With("%s is parametric: say what its parameters are for everybody, or from which attribute they are taken", y.Name)
		}
	}
	for _, c := range r.Choices {
		y, there := found[c.Role]
		if !there {
			return lifecycle.ErrRuleGives.With("there is no role %s that a rule could choose variants of", c.Role)
		}
		if err := c.Fits(y.Name, y.Parameters); err != nil {
			return err
		}
	}
	return nil
}

// given is something that a rule gives.
type given interface {
	~int64
	Ref() access.Ref
}

// allThere checks what a rule gives.
func allThere[K given](ctx context.Context, t *tx, table string, list []K) error {
	found := map[K]bool{}
	for chunk := range slices.Chunk(list, keysPerQuery) {
		err := t.eachListed(ctx, `select x.id from `+table+` x where x.id in (%s) and `+now("x"), keyList(chunk), nil, func(scan func(...any) error) error {
			var id K
			defer func() { found[id] = true }()
			return scan(&id)
		})
		if err != nil {
			return err
		}
	}
	for _, id := range list {
		if !found[id] {
			return lifecycle.ErrRuleGives.With("there is no %s %s that a rule could give", table, id.Ref())
		}
	}
	return nil
}

// RemoveRule implements lifecycle.RuleStore.
func (s Lifecycle) RemoveRule(ctx context.Context, name string, is int64, reason string) error {
	e := audit.Event{Action: "birthright.remove", Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		id, version, err := t.policyNow(ctx, birthrightKind, name)
		switch {
		case err != nil:
			return err
		case version == 0:
			return lifecycle.ErrNoRule.With("there is no birthright rule called %q", name)
		case is != 0 && version != is:
			return lifecycle.ErrRuleStale
		}
		t.Event.Object = id.Ref()
		if err := t.endPolicy(ctx, id); err != nil {
			return err
		}
		return t.changed(ctx, id.Ref())
	})
}

// policyNow finds the version of a policy that stands; 0 where none does. Whoever changes
// the same one at once waits.
func (t *tx) policyNow(ctx context.Context, kind, name string) (id access.PolicyID, version int64, err error) {
	err = t.row(ctx, `select id, from_set from policy where kind = $1 and name = $2 and until_set = 0`+t.d.forUpdate, kind, name).Scan(&id, &version)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, version, err
}

func (t *tx) endPolicy(ctx context.Context, id access.PolicyID) error {
	_, err := t.exec(ctx, `update policy set until_set = $1 where id = $2 and until_set = 0`, t.Set, id)
	return err
}

// putPolicy keeps a policy, or its next version, and is what the record is about.
func (t *tx) putPolicy(ctx context.Context, id access.PolicyID, kind, name string, mode policy.Mode, body string) error {
	t.Event.Object = id.Ref()
	if _, err := t.exec(ctx, insertPolicy, id, t.Set, name, kind, mode.String(), body); err != nil {
		return fmt.Errorf("keeping policy %s: %w", id, err)
	}
	return t.changed(ctx, id.Ref())
}
