package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/writhq/writ/connector"
)

// Apply makes one change. What is so already stays untouched. The state is read
// and changed in one transaction.
func (c *Cluster) Apply(ctx context.Context, x connector.Change) error {
	if err := Spec().Check(c.name, x); err != nil {
		return err
	}
	if isLife(x.Kind) {
		return c.applyLife(ctx, x)
	}
	r, err := c.parse(x)
	if err != nil {
		return err
	}
	s, err := c.connect(ctx, r.database())
	if err != nil {
		return c.elsewhere(r, err)
	}
	defer s.end()
	ctx, cancel := context.WithTimeout(ctx, s.timeout+grace)
	defer cancel()
	err = pgx.BeginFunc(ctx, s.Conn, func(tx pgx.Tx) error {
		now, err := s.state(ctx, r)
		if err != nil || now.done(r) {
			return err
		}
		statements, err := s.statements(r, now)
		if err != nil {
			return err
		}
		for _, text := range statements {
			if _, err := tx.Exec(ctx, text); err != nil {
				return s.refused(err)
			}
		}
		if now, err = s.state(ctx, r); err == nil && !now.done(r) {
			return connector.ErrPrivilege.With("postgres %q: role %q may not make this change, which the server passed over; it must own the object or administer the role", c.name, c.line.config.User)
		}
		return err
	})
	if err != nil {
		return s.failed("changing access", err)
	}
	return nil
}

// ReadBack reports whether the cluster now shows the change.
func (c *Cluster) ReadBack(ctx context.Context, x connector.Change) (bool, error) {
	if err := Spec().Check(c.name, x); err != nil {
		return false, err
	}
	if isLife(x.Kind) {
		return c.readBackLife(ctx, x)
	}
	r, err := c.parse(x)
	if err != nil {
		return false, err
	}
	s, err := c.connect(ctx, r.database())
	if err != nil {
		err = c.elsewhere(r, err)
		return err == nil && r.kind == connector.RemoveGrant, err
	}
	defer s.end()
	now, err := s.state(ctx, r)
	if err != nil {
		return false, err
	}
	return now.done(r), nil
}

// elsewhere is what it means that the database of a change cannot be opened:
// privileges in a database that is gone are gone too.
func (c *Cluster) elsewhere(r change, err error) error {
	var said *pgconn.PgError
	if !errors.As(err, &said) || said.Code != codeNoDatabase || r.database() == "" {
		return err
	}
	if r.kind == connector.RemoveGrant {
		return nil
	}
	return connector.ErrUnsupported.With("postgres %q: the cluster has no such database", c.name)
}

// state is what the server has of what a change is about.
type state struct {
	holder  roleRow // OID 0 is nobody
	found   bool    // the holder exists, or is PUBLIC
	object  bool    // the role, database, schema or table exists
	owner   bool    // the holder owns it
	granted []grantedRow
	me      bool // Writ itself
}

// grantedRow is one grant, by who made it.
type grantedRow struct {
	Grantor         string
	Owner           bool // made in the name of the object's owner
	Option, Inherit bool
}

// done reports whether the change is so.
func (n state) done(r change) bool {
	switch r.kind {
	case connector.DisableAccount:
		return !n.found || !n.holder.Login
	case connector.EnableAccount:
		return n.found && !n.holder.barred()
	case connector.RemoveGrant:
		return len(n.granted) == 0 && !n.owner
	case connector.AddGrant:
		for _, g := range n.granted {
			if g.Option || !r.option {
				return true
			}
		}
	case connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount, connector.EndSessions: // see life
	}
	return false
}

// state reads it. Names are parameters.
func (s *session) state(ctx context.Context, r change) (n state, err error) {
	const doing = "reading the state of access"
	holders, err := list[roleRow](ctx, s, doing, queryRole, r.holder)
	if err != nil {
		return n, err
	}
	n.found = r.public
	if len(holders) == 1 && !r.public {
		n.holder, n.found, n.me = holders[0], true, holders[0].Name == s.line.config.User
	}
	if r.of == "" {
		if n.found {
			err = r.asked.Owned(Kind, s.name, connector.Signed(n.holder.Comment))
		}
		return n, err
	}
	type objectState struct {
		OID   uint32
		Owner uint32
	}
	args := make([]any, 0, 2)
	for _, name := range r.names {
		args = append(args, name)
	}
	if r.of == "schema" || r.of == "table" {
		args = args[1:]
	}
	objects, err := list[objectState](ctx, s, doing, queryObject[r.of], args...)
	if err != nil || len(objects) == 0 {
		return n, err
	}
	n.object = true
	n.owner = n.holder.OID != 0 && objects[0].Owner == n.holder.OID
	if !n.found {
		return n, nil
	}
	if r.of == "role" {
		query := queryMembership15
		if s.PgConn().ParameterStatus("server_version") != "" && s.major() >= 16 {
			query = queryMembership
		}
		n.granted, err = list[grantedRow](ctx, s, doing, query, objects[0].OID, n.holder.OID)
		return n, err
	}
	n.granted, err = list[grantedRow](ctx, s, doing, queryGranted[r.of], objects[0].OID, n.holder.OID, r.word)
	return n, err
}

// major is the server's major version.
func (s *session) major() int {
	var n int
	_, _ = fmt.Sscanf(s.PgConn().ParameterStatus("server_version"), "%d", &n)
	return n
}

// statements are what makes the change, from the state as it is.
func (s *session) statements(r change, n state) ([]string, error) {
	no := func(why string) ([]string, error) {
		return nil, connector.ErrUnsupported.With("postgres %q: %s", s.name, why)
	}
	switch {
	case !n.found && r.kind == connector.RemoveGrant, !n.object && r.kind == connector.RemoveGrant:
		return nil, nil
	case !n.found:
		return no("the cluster has no such role")
	case r.kind == connector.DisableAccount && n.me:
		return no("Writ itself logs in as that role and would lock itself out")
	case r.kind == connector.DisableAccount && n.holder.OID == bootstrapOID:
		return no("the bootstrap superuser cannot be disabled, the cluster needs it")
	case r.kind == connector.DisableAccount:
		text := "alter role " + r.to() + " nologin"
		if connector.Signed(n.holder.Comment) == "" && n.holder.Limit < 0 {
			text += " connection limit 0" // or nothing would tell it from a group any more
		}
		return []string{text}, nil
	case r.kind == connector.EnableAccount:
		text := "alter role " + r.to() + " login"
		if n.holder.Limit == 0 {
			text += " connection limit -1"
		}
		return []string{text}, nil
	case !n.object:
		return no("the cluster has no such role, database, schema or table")
	case n.owner:
		return no("the role owns the object, and an owner can give itself every privilege; change the owner first")
	case r.of == "role":
		return s.membership(r, n)
	case r.kind == connector.AddGrant:
		text := "grant " + r.word + " on " + r.object() + " to " + r.to()
		if r.option {
			text += " with grant option"
		}
		return []string{text}, nil
	}
	return revokes(r, n), nil
}

// revokes takes back each grant in the name of who made it: what one grantor gave
// another's revocation leaves. Grants that others made on the strength of it stop
// it, they are somebody else's access.
func revokes(r change, n state) (list []string) {
	text := "revoke " + r.word + " on " + r.object() + " from " + r.to() + " restrict"
	for _, g := range n.granted {
		if g.Owner {
			list = append(list, text)
			continue
		}
		list = append(list, "set local role "+quote(g.Grantor), text, "reset role")
	}
	return list
}

func (s *session) membership(r change, n state) ([]string, error) {
	newer := s.major() >= 16
	if r.kind == connector.RemoveGrant {
		text := "revoke " + quote(r.names[0]) + " from " + r.to()
		if !newer {
			return []string{text + " restrict"}, nil
		}
		var list []string
		for _, g := range n.granted {
			list = append(list, text+" granted by "+quote(g.Grantor)+" restrict")
		}
		return list, nil
	}
	text := "grant " + quote(r.names[0]) + " to " + r.to()
	switch {
	case newer && r.option:
		text += fmt.Sprintf(" with admin true, inherit %t", !r.noInherit)
	case newer:
		text += fmt.Sprintf(" with inherit %t", !r.noInherit)
	case r.noInherit && n.holder.Inherit:
		return nil, connector.ErrUnsupported.With("postgres %q: before version 16 a role inherits from all that it is in or from none", s.name)
	case r.option:
		text += " with admin option"
	}
	return []string{text}, nil
}

// refused turns what the server said to a change into what a user can do.
func (s *session) refused(err error) error {
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		return err
	}
	switch said.Code {
	case codeNoPrivilege:
		return connector.ErrPrivilege.With("postgres %q: role %q may not make this change; it must own the object, administer the role, or be able to become who granted it", s.name, s.line.config.User).Because(err)
	case codeDependents:
		return connector.ErrUnsupported.With("postgres %q: the holder has granted it on to others, whose access would end too; revoke theirs first", s.name).Because(err)
	case codeNoObject, codeNoTable, codeNoSchema, codeWrongGrant, codeWrongRoleGrant, codeSyntax:
		return connector.ErrUnsupported.With("postgres %q: the server cannot do this change", s.name).Because(err)
	}
	return err
}
