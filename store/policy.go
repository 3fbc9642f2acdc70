package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
)

// Policy is the store of package policy.
type Policy struct{ db *DB }

// Policy returns the store of package policy.
func (db *DB) Policy() Policy { return Policy{db} }

var _ policy.FunctionStore = Policy{}

var (
	selectFunctions = `
select a.id, a.identity_id, a.function, a.scope_id, a.reason, s.at
  from function_assignment a join change_set s on s.id = a.from_set
 where ` + now("a") + ` order by a.identity_id, a.function, a.scope_id`
	functionsOf  = `select a.function, a.scope_id from function_assignment a where a.identity_id = $1 and ` + now("a")
	scopeParents = `select c.id, c.parent_id from scope c where ` + now("c")
	humanState   = `select i.kind, i.state from identity i where i.id = $1 and ` + now("i")
	scopeThere   = `select count(*) from scope c where c.id = $1 and ` + now("c")
)

// Directory returns who holds what, and the tree of scopes.
func (s Policy) Directory(ctx context.Context) (policy.Directory, error) {
	d := policy.Directory{Functions: map[access.IdentityID][]policy.Held{}, Parents: map[access.ScopeID]access.ScopeID{}}
	err := s.db.read(ctx, func(q *query) error {
		err := eachFunction(ctx, q, func(a policy.Assignment) {
			d.Functions[a.Identity] = append(d.Functions[a.Identity], a.Held)
		})
		if err != nil {
			return err
		}
		return q.each(ctx, scopeParents, nil, func(scan func(...any) error) error {
			var id, parent access.ScopeID
			defer func() { d.Parents[id] = parent }()
			return scan(&id, &parent)
		})
	})
	return d, err
}

// Functions returns every assignment, by identity.
func (s Policy) Functions(ctx context.Context) (list []policy.Assignment, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return eachFunction(ctx, q, func(a policy.Assignment) { list = append(list, a) })
	})
	return list, err
}

func eachFunction(ctx context.Context, q *query, fn func(policy.Assignment)) error {
	return q.each(ctx, selectFunctions, nil, func(scan func(...any) error) error {
		var a policy.Assignment
		if err := scan(&a.ID, &a.Identity, &a.Function, &a.Scope, &a.Reason, &a.Since); err != nil {
			return err
		}
		fn(a)
		return nil
	})
}

// Assign keeps that somebody holds a function.
func (s Policy) Assign(ctx context.Context, a policy.Assignment) error {
	e := audit.Event{
		Action: "function.assign", Object: a.Identity.Ref(), Subjects: []access.IdentityID{a.Identity},
		Facts:    map[string]string{"function": string(a.Function), "scope": a.Scope.String()},
		Personal: map[string]string{"reason": a.Reason},
	}
	return s.db.change(ctx, e, func(t *tx) error { return t.assign(ctx, a) })
}

const insertFunction = `
insert into function_assignment (id, from_set, identity_id, function, scope_id, reason) values ($1, $2, $3, $4, $5, $6)`

// assign keeps an assignment inside a change. Whoever assigns to the same identity at
// once waits for the lock on it.
func (t *tx) assign(ctx context.Context, a policy.Assignment) error {
	var kind access.IdentityKind
	var state access.IdentityState
	err := t.row(ctx, humanState+t.d.forUpdate, a.Identity).Scan(&kind, &state)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return policy.ErrNoObject.With("there is no identity %s", a.Identity)
	case err != nil:
		return err
	case kind != access.Human || !state.MayHoldAccess():
		return policy.ErrHolder
	}
	if a.Scope != 0 {
		var n int
		if err := t.row(ctx, scopeThere, a.Scope).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return policy.ErrUnknownScope
		}
	}
	var has []policy.Held
	err = t.each(ctx, functionsOf, []any{a.Identity}, func(scan func(...any) error) error {
		var h policy.Held
		defer func() { has = append(has, h) }()
		return scan(&h.Function, &h.Scope)
	})
	if err != nil {
		return err
	}
	if err := a.Validate(has); err != nil {
		return err
	}
	key, err := t.newKeys(ctx, access.KindFunction, 1)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, insertFunction, key, t.Set, a.Identity, string(a.Function), a.Scope, a.Reason); err != nil {
		return err
	}
	return t.changed(ctx, access.FunctionID(key).Ref())
}

const endFunction = `
update function_assignment set until_set = $1
 where identity_id = $2 and function = $3 and scope_id = $4 and until_set = 0 and from_set <> $1
returning id`

// Unassign ends that somebody holds a function.
func (s Policy) Unassign(ctx context.Context, id access.IdentityID, h policy.Held, reason string) error {
	e := audit.Event{
		Action: "function.unassign", Object: id.Ref(), Subjects: []access.IdentityID{id},
		Facts:    map[string]string{"function": string(h.Function), "scope": h.Scope.String()},
		Personal: map[string]string{"reason": reason},
	}
	return s.db.change(ctx, e, func(t *tx) error {
		var key access.FunctionID
		err := t.row(ctx, endFunction, t.Set, id, string(h.Function), h.Scope).Scan(&key)
		if errors.Is(err, sql.ErrNoRows) {
			return policy.ErrNoFunction
		}
		if err != nil {
			return err
		}
		return t.changed(ctx, key.Ref())
	})
}
