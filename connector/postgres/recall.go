package postgres

import (
	"context"

	"github.com/writhq/writ/connector"
)

// recalls is how often a role is tried to be dropped that is given something meanwhile.
const recalls = 3

// Recall shuts the role first, then ends what it has open, hands over what it owns in every
// database, takes what it was given, and drops it. Stopped anywhere it goes on from there.
func (c *Cluster) Recall(ctx context.Context, of connector.Lent, successor string) error {
	to := c.line.config.User
	if successor != "" {
		name, ok := restore(successor)
		if !ok || name == of.Name {
			return connector.ErrUnsupported.With("postgres %q: who is to get what the account owns cannot be a role there", c.name)
		}
		to = name
	}
	return c.lending(ctx, func(ctx context.Context, s *session) error {
		row, err := s.lent(ctx, of)
		if row == nil || err != nil {
			return err
		}
		if row.Login {
			if _, err := s.Exec(ctx, "alter role "+quote(row.Name)+" nologin"); err != nil {
				return err
			}
		}
		if err := s.endSessions(ctx, row.OID); err != nil {
			return err
		}
		for range recalls {
			if err = s.strip(ctx, row, to); err != nil {
				return err
			}
			if _, err = s.Exec(ctx, "drop role "+quote(row.Name)); codeOf(err) != codeDependents {
				return err
			}
		}
		return s.depends(ctx, row.OID, err)
	})
}

// strip hands over what the role owns, and takes what it was given, wherever that is.
func (s *session) strip(ctx context.Context, row *roleRow, successor string) error {
	databases, err := list[dependRow](ctx, s, "listing what the role left", queryLeft, row.OID)
	if err != nil || len(databases) == 0 {
		return err
	}
	in := map[string]bool{s.database: true} // what is the cluster's, too
	for _, d := range databases {
		if d.Database != "" {
			in[d.Database] = true
		}
	}
	for database := range in {
		if err := s.stripIn(ctx, database, row.Name, successor); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) stripIn(ctx context.Context, database, role, successor string) error {
	if database != s.database {
		other, err := s.connect(ctx, database)
		if err != nil {
			return err
		}
		defer other.end()
		s = other
	}
	type superRow struct{ Is bool }
	rows, err := list[superRow](ctx, s, "asking for the privileges of one's own", `select rolsuper from pg_roles where rolname = current_user`)
	if err != nil {
		return err
	}
	text := oneAtATime
	if len(rows) == 1 && !rows[0].Is { // they hand over only what belongs to a role that they are in
		text += "; grant " + quote(role) + " to current_user"
	}
	return s.again(ctx, text+"; reassign owned by "+quote(role)+" to "+quote(successor)+"; drop owned by "+quote(role))
}
