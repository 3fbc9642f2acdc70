package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
)

// Scopes is the store of the organisation's tree.
type Scopes struct{ db *DB }

// Scopes returns the store of the organisation's tree.
func (db *DB) Scopes() Scopes { return Scopes{db} }

var _ policy.ScopeStore = Scopes{}

var (
	selectScopes = `select c.id, c.from_set, c.name, c.parent_id from scope c where ` + now("c") + ` order by c.name, c.id`
	scopeParent  = `select c.parent_id from scope c where c.id = $1 and ` + now("c")
	scopeCalled  = `select count(*) from scope c where c.name = $1 and c.id <> $2 and ` + now("c")
)

const (
	insertScope = `insert into scope (id, from_set, name, parent_id) values ($1, $2, $3, $4)`
	endScope    = `update scope set until_set = $1 where id = $2 and until_set = 0 and ($3 = 0 or from_set = $3) returning name, parent_id`
)

// Scopes returns every scope, by name.
func (s Scopes) Scopes(ctx context.Context) (list []policy.Scope, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, selectScopes, nil, func(scan func(...any) error) error {
			var x policy.Scope
			err := scan(&x.ID, &x.Version, &x.Name, &x.Parent)
			list = append(list, x)
			return err
		})
	})
	return list, err
}

// AddScope keeps a new scope.
func (s Scopes) AddScope(ctx context.Context, x policy.Scope) (access.ScopeID, error) {
	e := audit.Event{Action: "scope.add", Facts: map[string]string{"parent": x.Parent.String()}, Personal: map[string]string{"name": x.Name}}
	err := s.db.change(ctx, e, func(t *tx) error {
		if err := t.lockScopes(ctx); err != nil {
			return err
		}
		if err := t.growTree(ctx, x.Parent); err != nil {
			return err
		}
		if err := t.scopeFree(ctx, x); err != nil {
			return err
		}
		key, err := t.newKeys(ctx, access.KindScope, 1)
		if err != nil {
			return err
		}
		x.ID = access.ScopeID(key)
		t.Event.Object = x.ID.Ref()
		if _, err := t.exec(ctx, insertScope, x.ID, t.Set, x.Name, x.Parent); err != nil {
			return err
		}
		return t.changed(ctx, x.ID.Ref())
	})
	return x.ID, err
}

// RenameScope gives a scope another name.
func (s Scopes) RenameScope(ctx context.Context, x policy.Scope) error {
	e := audit.Event{Action: "scope.rename", Object: x.ID.Ref()}
	return s.db.change(ctx, e, func(t *tx) error {
		if err := t.lockScopes(ctx); err != nil {
			return err
		}
		var was string
		err := t.row(ctx, endScope, t.Set, x.ID, x.Version).Scan(&was, &x.Parent)
		if errors.Is(err, sql.ErrNoRows) {
			return t.otherScope(ctx, x.ID)
		}
		if err != nil {
			return err
		}
		if err := t.scopeFree(ctx, x); err != nil {
			return err
		}
		if _, err := t.exec(ctx, insertScope, x.ID, t.Set, x.Name, x.Parent); err != nil {
			return err
		}
		t.Event.Personal = map[string]string{"name": x.Name, "was": was}
		return t.changed(ctx, x.ID.Ref())
	})
}

// otherScope says why there is no such version of a scope.
func (t *tx) otherScope(ctx context.Context, id access.ScopeID) error {
	var n int
	if err := t.row(ctx, scopeThere, id).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return policy.ErrUnknownScope
	}
	return policy.ErrScopeChanged
}

// lockScopes has whoever else changes the tree wait: a name that is free has no row that
// could be locked.
func (t *tx) lockScopes(ctx context.Context) error {
	if t.d.lockScopes == "" {
		return nil
	}
	_, err := t.exec(ctx, t.d.lockScopes)
	return err
}

func (t *tx) scopeFree(ctx context.Context, x policy.Scope) error {
	var n int
	if err := t.row(ctx, scopeCalled, x.Name, x.ID).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return policy.ErrScopeTaken.With("there is already a scope called %q", x.Name)
	}
	return nil
}

// growTree reports whether another scope has room below one.
func (t *tx) growTree(ctx context.Context, parent access.ScopeID) error {
	for depth := 1; parent != 0; depth++ {
		if depth == policy.MaxScopeDepth {
			return policy.ErrScopeDepth
		}
		err := t.row(ctx, scopeParent, parent).Scan(&parent)
		if errors.Is(err, sql.ErrNoRows) {
			return policy.ErrUnknownScope
		}
		if err != nil {
			return err
		}
	}
	return nil
}
