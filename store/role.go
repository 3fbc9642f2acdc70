package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/iga/role"
)

// Roles is the store of package role.
type Roles struct{ db *DB }

// Roles returns the store of package role.
func (db *DB) Roles() Roles { return Roles{db} }

var _ role.Store = Roles{}

const roleColumns = `r.id, r.from_set, r.name, r.description, r.owner_id, r.entitlements, r.parents, r.kind, r.number, r.parameters, r.conditional, r.of_role, r.bound, r.authors, r.reviewer, s.at`

var (
	selectRoles    = `select ` + roleColumns + ` from role r join change_set s on s.id = r.from_set where ` + now("r") + ` order by r.id`
	roleVersions   = `select ` + roleColumns + ` from role r join change_set s on s.id = r.from_set where r.id = $1 and r.from_set not in (select id from open_set) order by r.from_set desc`
	selectDrafts   = `select d.role_id, d.from_set, d.state, d.base, d.definition, d.authors, d.reviewer, d.note, s.at from role_draft d join change_set s on s.id = d.from_set where ($1 = 0 or d.role_id = $1) and ` + now("d") + ` order by d.role_id`
	endRole        = `update role set until_set = $1 where id = $2 and until_set = 0 and from_set <> $1`
	endDraft       = `update role_draft set until_set = $1 where role_id = $2 and until_set = 0 and from_set <> $1`
	insertRole     = `insert into role (id, from_set, name, description, owner_id, entitlements, parents, kind, number, parameters, conditional, of_role, bound, authors, reviewer) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	insertDraft    = `insert into role_draft (role_id, from_set, state, base, definition, authors, reviewer, note) values ($1, $2, $3, $4, $5, $6, $7, $8)`
	assignmentsNow = `select count(*) from assignment a where a.role_id = $1 and (a.ends_at = 0 or a.ends_at > $2) and ` + now("a")
)

// Catalog returns every role that is published.
func (s Roles) Catalog(ctx context.Context) (c *role.Catalog, err error) {
	err = s.db.read(ctx, func(q *query) error {
		c, err = catalogOf(ctx, q)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the catalog of roles: %w", err)
	}
	return c, nil
}

func catalogOf(ctx context.Context, q *query) (*role.Catalog, error) {
	var list []role.Role
	err := q.each(ctx, selectRoles, nil, func(scan func(...any) error) error {
		r, err := scanRole(scan)
		list = append(list, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return role.NewCatalog(list), nil
}

// Versions returns a role as it is and was, the newest first.
func (s Roles) Versions(ctx context.Context, id access.RoleID) (list []role.Role, err error) {
	err = s.db.read(ctx, func(q *query) error {
		return q.each(ctx, roleVersions, []any{id}, func(scan func(...any) error) error {
			r, err := scanRole(scan)
			list = append(list, r)
			return err
		})
	})
	return list, err
}

// scanRole reads a row. What everybody gets and what some get are kept apart, so that
// whoever reads the former needs to know nothing of parameters.
func scanRole(scan func(...any) error) (r role.Role, err error) {
	var entitlements []access.EntitlementID
	var parents []access.RoleID
	var conditional []role.Part
	var bound string
	err = scan(&r.ID, &r.Version, &r.Name, &r.Description, &r.Owner, asJSON{&entitlements}, asJSON{&parents}, &r.Kind, &r.Number,
		asJSON{&r.Parameters}, asJSON{&conditional}, &r.Of, &bound, asJSON{&r.Authors}, &r.Reviewer, &r.Since)
	if err != nil {
		return r, err
	}
	for _, id := range parents {
		r.Parts = append(r.Parts, role.Part{Role: id})
	}
	for _, id := range entitlements {
		r.Parts = append(r.Parts, role.Part{Entitlement: id})
	}
	r.Parts = append(r.Parts, conditional...)
	if bound != "" {
		err = json.Unmarshal([]byte(bound), &r.Bound)
	}
	return r, err
}

// asJSON scans a column of JSON.
type asJSON struct{ into any }

// Scan implements sql.Scanner.
func (j asJSON) Scan(v any) error {
	switch v := v.(type) {
	case string:
		return json.Unmarshal([]byte(v), j.into)
	case []byte:
		return json.Unmarshal(v, j.into)
	}
	return fmt.Errorf("%T is no JSON", v)
}

// Drafts returns every open draft, or that of one role.
func (s Roles) Drafts(ctx context.Context, of access.RoleID) (list []role.Draft, err error) {
	err = s.db.read(ctx, func(q *query) error {
		list, err = draftsOf(ctx, q, of)
		return err
	})
	return list, err
}

func draftsOf(ctx context.Context, q *query, of access.RoleID) (list []role.Draft, err error) {
	err = q.each(ctx, selectDrafts, []any{of}, func(scan func(...any) error) error {
		var d role.Draft
		err := scan(&d.Role, &d.Version, &d.State, &d.Base, asJSON{&d.Definition}, asJSON{&d.Authors}, &d.Reviewer, &d.Note, &d.Since)
		list = append(list, d)
		return err
	})
	return list, err
}

// lockRoles has whoever else changes the catalog, or who has what of it, wait.
func (t *tx) lockRoles(ctx context.Context) error {
	if t.d.lockRoles == "" {
		return nil
	}
	_, err := t.exec(ctx, t.d.lockRoles)
	return err
}

// draft reads the catalog and the open draft of a role for a change, and reports a version
// that is not the one that there is.
func (t *tx) draft(ctx context.Context, id access.RoleID, version int64) (c *role.Catalog, open *role.Draft, err error) {
	if err := t.lockRoles(ctx); err != nil {
		return nil, nil, err
	}
	if c, err = catalogOf(ctx, &t.query); err != nil || id == 0 {
		return c, nil, err
	}
	list, err := draftsOf(ctx, &t.query, id)
	if err != nil {
		return nil, nil, err
	}
	there := int64(0)
	if len(list) > 0 {
		open, there = &list[0], list[0].Version
	} else if r, ok := c.Role(id); ok {
		there = r.Version
	}
	if version != 0 && version != there {
		return nil, nil, role.ErrChanged
	}
	return c, open, nil
}

// Draft keeps what rule makes of a role's open draft.
func (s Roles) Draft(ctx context.Context, e audit.Event, id access.RoleID, version int64, rule func(*role.Catalog, *role.Draft) (*role.Draft, error)) (access.RoleID, error) {
	err := s.db.change(ctx, e, func(t *tx) error {
		c, open, err := t.draft(ctx, id, version)
		if err != nil {
			return err
		}
		next, err := rule(c, open)
		if err != nil {
			return err
		}
		id, err = t.putDraft(ctx, id, next)
		return err
	})
	return id, err
}

// putDraft has what a role is to become take the place of what it was to; nil ends that. A
// new role is zero, and gets its id.
func (t *tx) putDraft(ctx context.Context, id access.RoleID, next *role.Draft) (access.RoleID, error) {
	if id == 0 {
		key, err := t.newKeys(ctx, access.KindRole, 1)
		if err != nil {
			return 0, err
		}
		id = access.RoleID(key)
	}
	t.Event.Object = id.Ref()
	if _, err := t.exec(ctx, endDraft, t.Set, id); err != nil || next == nil {
		return id, err
	}
	text, err := jsonOf(next.Definition, next.Authors)
	if err != nil {
		return 0, err
	}
	_, err = t.exec(ctx, insertDraft, id, t.Set, string(next.State), next.Base, text[0], text[1], next.Reviewer, next.Note)
	return id, err
}

// jsonOf writes values as JSON.
func jsonOf(values ...any) ([]string, error) {
	list := make([]string, len(values))
	for i, v := range values {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		list[i] = string(text)
	}
	return list, nil
}

// Publish makes an open draft the role's next version.
func (s Roles) Publish(ctx context.Context, e audit.Event, id access.RoleID, version int64, rule func(*role.Catalog, role.Draft) (*role.Change, error)) error {
	e.Object = id.Ref()
	return s.db.change(ctx, e, func(t *tx) error {
		c, open, err := t.draft(ctx, id, version)
		if err != nil {
			return err
		}
		if open == nil {
			return role.ErrNoDraft
		}
		ch, err := rule(c, *open)
		if err != nil {
			return err
		}
		for _, r := range ch.Gone {
			if err := t.endRole(ctx, r); err != nil {
				return err
			}
		}
		for _, r := range append([]*role.Role{ch.Role}, ch.Variants...) {
			if _, err := t.exec(ctx, endRole, t.Set, r.ID); err != nil {
				return err
			}
		}
		for _, r := range append([]*role.Role{ch.Role}, ch.Variants...) {
			if err := t.insertRole(ctx, r); err != nil {
				return err
			}
		}
		_, err = t.exec(ctx, endDraft, t.Set, id)
		return err
	})
}

// insertRole writes a role's row and tells who follows.
func (t *tx) insertRole(ctx context.Context, r *role.Role) error {
	entitlements, parents := r.Gives()
	text, err := jsonOf(orEmpty(entitlements), orEmpty(parents), orEmpty(r.Parameters), orEmpty(r.Conditional()), orEmpty(r.Authors))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, insertRole, r.ID, t.Set, r.Name, r.Description, r.Owner, text[0], text[1], string(r.Kind), r.Number,
		text[2], text[3], r.Of, r.Bound.Key(), text[4], r.Reviewer)
	if err != nil {
		return err
	}
	return t.changed(ctx, r.ID.Ref())
}

// endRole ends a role that nobody has, now or later.
func (t *tx) endRole(ctx context.Context, r *role.Role) error {
	var n int
	if err := t.row(ctx, assignmentsNow, r.ID, t.At).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return role.ErrInUse.With("%d identities have %s: end that first", n, r.Name)
	}
	if _, err := t.exec(ctx, endRole, t.Set, r.ID); err != nil {
		return err
	}
	return t.changed(ctx, r.ID.Ref())
}

// errNoRole is that of a role that ended since it was read.
var errNoRole = errors.New("the role has ended")

// Own makes somebody answer for a role, and for its variants.
func (s Roles) Own(ctx context.Context, id access.RoleID, version int64, owner access.IdentityID) error {
	e := audit.Event{Action: "role.owner", Object: id.Ref(), Facts: map[string]string{"owner": owner.String()}}
	return s.db.change(ctx, e, func(t *tx) error {
		c, r, err := t.published(ctx, id, version)
		if err != nil {
			return err
		}
		for _, x := range append(c.Variants(id), r) {
			next := *x
			next.Owner = owner
			if n, err := t.exec(ctx, endRole, t.Set, x.ID); err != nil || n == 0 {
				return errors.Join(err, errNoRole)
			}
			if err := t.insertRole(ctx, &next); err != nil {
				return err
			}
		}
		return nil
	})
}

// published reads the catalog and a role of it for a change. The version that the caller
// has seen is that of the open draft, where there is one.
func (t *tx) published(ctx context.Context, id access.RoleID, version int64) (*role.Catalog, *role.Role, error) {
	c, _, err := t.draft(ctx, id, version)
	if err != nil {
		return nil, nil, err
	}
	r, ok := c.Role(id)
	if !ok {
		return nil, nil, role.ErrNotFound
	}
	return c, r, nil
}

// Retire ends a role and its variants, which nobody has.
func (s Roles) Retire(ctx context.Context, id access.RoleID, version int64, reason string, rule func(*role.Catalog) error) error {
	e := audit.Event{Action: "role.retire", Object: id.Ref(), Personal: map[string]string{"reason": reason}}
	return s.db.change(ctx, e, func(t *tx) error {
		c, r, err := t.published(ctx, id, version)
		if err != nil {
			return err
		}
		if err := rule(c); err != nil {
			return err
		}
		for _, x := range append(c.Variants(id), r) {
			if err := t.endRole(ctx, x); err != nil {
				return err
			}
		}
		_, err = t.exec(ctx, endDraft, t.Set, id)
		return err
	})
}
