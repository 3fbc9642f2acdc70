package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/role"
)

const assignmentColumns = `a.id, a.role_id, a.identity_id, a.parameters, a.reason, a.starts_at, a.ends_at`

var (
	assignmentsOf   = `select ` + assignmentColumns + ` from assignment a where a.role_id in (%s) and a.id > $1 and (a.ends_at = 0 or a.ends_at > $2) and ` + now("a") + ` order by a.id limit $3`
	assignmentsBy   = `select ` + assignmentColumns + ` from assignment a where a.role_id in (%s) and a.identity_id = $1 and (a.ends_at = 0 or a.ends_at > $2) and ` + now("a") + ` order by a.id`
	assignmentByID  = `select ` + assignmentColumns + ` from assignment a where a.id = $1 and (a.ends_at = 0 or a.ends_at > $2) and ` + now("a")
	assignedAlready = `select count(*) from assignment a where a.identity_id = $1 and a.role_id = $2 and (a.ends_at = 0 or a.ends_at > $3) and ` + now("a")
)

const (
	insertAssignment = `insert into assignment (id, from_set, role_id, identity_id, parameters, reason, starts_at, ends_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`
	endAssignment    = `update assignment set until_set = $1 where id = $2 and until_set = 0 and from_set <> $1 returning role_id, identity_id`
)

func scanAssignment(scan func(...any) error) (a access.Assignment, err error) {
	err = scan(&a.ID, &a.Role, &a.Identity, asJSON{&a.Parameters}, &a.Reason, &a.Start, &a.End)
	return a, err
}

// Assignments returns who was assigned some roles.
func (s Roles) Assignments(ctx context.Context, of []access.RoleID, after access.AssignmentID, limit int) (list []access.Assignment, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.eachListed(ctx, assignmentsOf, keyList(of), []any{after, at, limit}, func(scan func(...any) error) error {
			a, err := scanAssignment(scan)
			list = append(list, a)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading who was assigned roles: %w", err)
	}
	return list, nil
}

// AssignmentsOf returns those of some roles that one identity has.
func (s Roles) AssignmentsOf(ctx context.Context, who access.IdentityID, of []access.RoleID) (list []access.Assignment, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		return q.eachListed(ctx, assignmentsBy, keyList(of), []any{who, at}, func(scan func(...any) error) error {
			a, err := scanAssignment(scan)
			list = append(list, a)
			return err
		})
	})
	return list, err
}

// Assignment returns one that has not ended.
func (s Roles) Assignment(ctx context.Context, id access.AssignmentID) (a access.Assignment, err error) {
	err = s.db.read(ctx, func(q *query) error {
		at, err := s.db.storeTime(ctx, q)
		if err != nil {
			return err
		}
		a, err = scanAssignment(q.row(ctx, assignmentByID, id, at).Scan)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = role.ErrAssignment
	}
	return a, err
}

// Assign keeps an assignment. A variant that nobody had before is made with it.
func (s Roles) Assign(ctx context.Context, a access.Assignment, rule func(*role.Catalog) (*role.Role, error)) (access.Assignment, error) {
	e := audit.Event{Action: "role.assign", Subjects: []access.IdentityID{a.Identity}, Personal: map[string]string{"reason": a.Reason}}
	err := s.db.change(ctx, e, func(t *tx) error {
		if a.End != 0 && a.End <= t.At {
			return role.ErrPeriod
		}
		if err := t.lockRoles(ctx); err != nil {
			return err
		}
		c, err := catalogOf(ctx, &t.query)
		if err != nil {
			return err
		}
		r, err := rule(c)
		if err != nil {
			return err
		}
		if r, err = t.bound(ctx, r); err != nil {
			return err
		}
		a.Role, a.Parameters = r.ID, r.Bound
		return t.assignRole(ctx, &a)
	})
	return a, err
}

// bound makes a variant that is not there yet.
func (t *tx) bound(ctx context.Context, r *role.Role) (*role.Role, error) {
	if r.ID != 0 {
		return r, nil
	}
	key, err := t.newKeys(ctx, access.KindRole, 1)
	if err != nil {
		return nil, err
	}
	r.ID = access.RoleID(key)
	return r, t.insertRole(ctx, r)
}

// assignRole keeps one assignment inside a change.
func (t *tx) assignRole(ctx context.Context, a *access.Assignment) error {
	t.Event.Object = a.Role.Ref()
	if t.Event.Facts == nil {
		t.Event.Facts = map[string]string{}
	}
	var n int
	if err := t.row(ctx, assignedAlready, a.Identity, a.Role, t.At).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return role.ErrAssigned
	}
	key, err := t.newKeys(ctx, access.KindAssignment, 1)
	if err != nil {
		return err
	}
	a.ID = access.AssignmentID(key)
	t.Event.Facts["assignment"], t.Event.Facts["identity"] = a.ID.String(), a.Identity.String()
	if err := t.insertAssignment(ctx, *a); err != nil {
		return err
	}
	return t.due(ctx, a.ID.Ref(), a.Start, a.End)
}

func (t *tx) insertAssignment(ctx context.Context, a access.Assignment) error {
	if a.Parameters == nil {
		a.Parameters = map[string]string{}
	}
	text, err := jsonOf(a.Parameters)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, insertAssignment, a.ID, t.Set, a.Role, a.Identity, text[0], a.Reason, a.Start, a.End); err != nil {
		return err
	}
	return t.changed(ctx, a.ID.Ref())
}

// Unassign ends an assignment.
func (s Roles) Unassign(ctx context.Context, id access.AssignmentID, reason string) error {
	e := audit.Event{Action: "role.unassign", Facts: map[string]string{"assignment": id.String()}, Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		var of access.RoleID
		var who access.IdentityID
		err := t.row(ctx, endAssignment, t.Set, id).Scan(&of, &who)
		if errors.Is(err, sql.ErrNoRows) {
			return role.ErrAssignment
		}
		if err != nil {
			return err
		}
		t.Event.Object, t.Event.Subjects = of.Ref(), []access.IdentityID{who}
		t.Event.Facts["identity"] = who.String()
		return t.changed(ctx, id.Ref())
	})
}
