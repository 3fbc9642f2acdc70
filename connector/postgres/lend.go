package postgres

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// loanLimit is how many connections an account for one use may have open at once.
const loanLimit = 20

// Lend makes a role. What is the cluster's or in the database of the address, it makes and
// gives in one statement, which the server runs as one transaction: a role is never there
// without its mark. The password is in no statement, see SetSecret.
func (c *Cluster) Lend(ctx context.Context, l connector.Loan) error {
	if err := Spec().CheckLoan(c.name, l); err != nil {
		return err
	}
	if l.Name == c.line.config.User || l.Name == publicRole {
		return connector.ErrTaken.With("postgres %q: the login is not one for an account for one use", c.name)
	}
	given, err := c.given(l)
	if err != nil {
		return err
	}
	v, err := verifier(l.Value)
	if err != nil {
		return err
	}
	err = c.lending(ctx, func(ctx context.Context, s *session) error { return s.lend(ctx, l, v, given[""]) })
	if err != nil {
		return err
	}
	delete(given, "")
	for database, changes := range given {
		if err := c.lendIn(ctx, database, l, changes); err != nil {
			return err
		}
	}
	return nil
}

// given are the grants of a loan, by the database that they are made in.
func (c *Cluster) given(l connector.Loan) (map[string][]change, error) {
	in := map[string][]change{}
	for _, id := range l.Entitlements {
		g := connector.Grant{Holder: connector.Target{Kind: connector.OnAccount, ID: roleName(l.Name)}, Entitlement: id}
		if !l.Inherit {
			g.Flags = access.NoInherit
		}
		x, err := c.parse(connector.Change{Kind: connector.AddGrant, Grant: g})
		if err != nil {
			return nil, err
		}
		where := x.database()
		if where == c.line.config.Database {
			where = ""
		}
		in[where] = append(in[where], x)
	}
	return in, nil
}

// lend makes the role, or finds the one that it made before.
func (s *session) lend(ctx context.Context, l connector.Loan, verifier string, grants []change) error {
	err := s.again(ctx, s.loan("create role", l, verifier, grants)+"; comment on role "+quote(l.Name)+" is '"+connector.Sign(l.Mark)+"'")
	if code := codeOf(err); code != codeDuplicate && code != codeUnique {
		return err
	}
	row, err := s.lent(ctx, l.Lent)
	if err != nil {
		return err
	}
	if row == nil {
		return connector.ErrIncomplete.With("postgres %q: the role went away meanwhile; try again", s.name)
	}
	return s.again(ctx, s.loan("alter role", l, verifier, grants))
}

// oneAtATime makes a transaction wait for others that change privileges in the database: two
// who change those on one object at once are both refused by the server.
const oneAtATime = "select pg_advisory_xact_lock(1465010516)"

// again runs statements that are one transaction, and runs them again where somebody else
// changed the same thing at that moment.
func (s *session) again(ctx context.Context, text string) (err error) {
	for range attempts {
		if _, err = s.Exec(ctx, text); codeOf(err) != codeConcurrent {
			break
		}
	}
	return err
}

// loan is the role with what it is given here. Names are quoted in the one way that all of
// this package's are; the other words are of alphabets without a quote.
func (s *session) loan(verb string, l connector.Loan, verifier string, grants []change) string {
	text := verb + " " + quote(l.Name) + " login"
	if l.Inherit {
		text += " inherit"
	} else {
		text += " noinherit"
	}
	text += " connection limit " + strconv.Itoa(loanLimit) + until(l.Until) + " password '" + verifier + "'"
	for _, g := range grants {
		text += "; " + s.gives(g)
	}
	if slices.ContainsFunc(grants, func(g change) bool { return g.of != "role" }) {
		text = oneAtATime + "; " + text
	}
	return text
}

func until(at time.Time) string {
	return " valid until '" + at.UTC().Format("2006-01-02 15:04:05.999999-07") + "'"
}

// gives is the statement of a grant to a role that is new.
func (s *session) gives(g change) string {
	if g.of != "role" {
		return "grant " + g.word + " on " + g.object() + " to " + g.to()
	}
	text := "grant " + quote(g.names[0]) + " to " + g.to()
	if s.major() >= 16 {
		text += " with inherit " + strconv.FormatBool(!g.noInherit)
	}
	return text
}

// lendIn gives what is in another database.
func (c *Cluster) lendIn(ctx context.Context, database string, l connector.Loan, grants []change) error {
	s, err := c.connect(ctx, database)
	if err != nil {
		return c.elsewhere(grants[0], err)
	}
	defer s.end()
	if row, err := s.lent(ctx, l.Lent); row == nil || err != nil {
		return errors.Join(err, connector.ErrIncomplete.With("postgres %q: the role went away meanwhile; try again", s.name))
	}
	text := oneAtATime
	for _, g := range grants {
		text += "; " + s.gives(g)
	}
	return s.failedLoan(s.within(ctx, func(ctx context.Context) error { return s.again(ctx, text) }))
}

// lent is the role of a loan; nil where there is none. One with another mark is somebody
// else's.
func (s *session) lent(ctx context.Context, of connector.Lent) (*roleRow, error) {
	row, err := s.role(ctx, of.Name)
	if row == nil || err != nil {
		return nil, err
	}
	if connector.Signed(row.Comment) != of.Mark || of.Mark == "" || row.Name == s.line.config.User || row.OID == bootstrapOID {
		return nil, connector.ErrTaken.With("postgres %q: role %q is there, and is not the one that was made for this use", s.name, clean(row.Name))
	}
	return row, nil
}

// failedLoan turns what the server said into what a user can do.
func (s *session) failedLoan(err error) error {
	switch code := codeOf(err); {
	case err == nil:
		return nil
	case code == codeNoPrivilege:
		return connector.ErrPrivilege.With("postgres %q: role %q may not make, give or take away what accounts for one use are given; it needs createrole, the admin option on the roles that it gives, and to own the objects", s.name, s.line.config.User).Because(err)
	case slices.Contains([]string{codeNoObject, codeNoTable, codeNoSchema, codeWrongGrant, codeWrongRoleGrant, codeSyntax, codeNoDatabase}, code):
		return connector.ErrUnsupported.With("postgres %q: the cluster has not what the account is to be given, or no such successor", s.name).Because(err)
	case code == codeBadValue, code == codeNotSupported:
		return connector.ErrUnsupported.With("postgres %q: the server does not take a password as a SCRAM verifier; look at what checks passwords there (passwordcheck, credcheck) and let it take encrypted ones", s.name).Because(err)
	case code == codeReadOnly:
		return connector.ErrUnsupported.With("postgres %q: the server takes no changes; give the address of the primary", s.name).Because(err)
	}
	return s.failed("lending an account", err)
}

// Prolong gives the role another end.
func (c *Cluster) Prolong(ctx context.Context, of connector.Lent, end time.Time) error {
	return c.lending(ctx, func(ctx context.Context, s *session) error {
		row, err := s.lent(ctx, of)
		switch {
		case err != nil:
			return err
		case row == nil:
			return connector.ErrUnsupported.With("postgres %q: the role is not there any more", s.name)
		}
		_, err = s.Exec(ctx, "alter role "+quote(row.Name)+until(end))
		return err
	})
}

// AllLent lists the roles with a mark.
func (c *Cluster) AllLent(ctx context.Context, prefix string) (list []connector.Lent, err error) {
	err = c.lending(ctx, func(ctx context.Context, s *session) error {
		rows, err := s.Query(ctx, queryLent, connector.Sign(prefix))
		if err != nil {
			return err
		}
		type lentRow struct{ Name, Comment string }
		all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[lentRow])
		for _, r := range all {
			if mark := connector.Signed(r.Comment); mark != "" {
				list = append(list, connector.Lent{Name: r.Name, Mark: mark})
			}
		}
		return err
	})
	return list, err
}
