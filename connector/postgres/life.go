package postgres

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// What can be set of a role.
const (
	setLimit = "connection_limit"
	setValid = "valid_until"
)

const maxRoleName = 63 // the server would cut off what goes beyond

// isLife reports whether a change makes, changes or ends an account as a whole.
func isLife(kind connector.ChangeKind) bool {
	return slices.Contains([]connector.ChangeKind{connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount, connector.EndSessions}, kind)
}

// life is a change of a role as a whole, by the server's own name.
type life struct {
	connector.Change
	role  string
	limit *int32       // nil is as it is
	valid *access.Time // nil is as it is, 0 without end
}

// Find is the role of that name, whether it may log in or not.
func (c *Cluster) Find(ctx context.Context, login string) (*connector.Found, error) {
	s, err := c.connect(ctx, "")
	if err != nil {
		return nil, err
	}
	defer s.end()
	row, err := s.role(ctx, login)
	if row == nil || err != nil {
		return nil, err
	}
	f := &connector.Found{ID: roleName(row.Name), Login: clean(row.Name), Mark: connector.Signed(row.Comment), Status: access.Enabled, Values: map[string]string{}}
	end := access.Time(row.ValidUntil)
	switch {
	case row.barred():
		f.Status = access.Disabled
	case end != 0 && end <= access.TimeOf(c.now()):
		f.Status = access.Expired
	}
	if row.Limit > 0 || row.Limit == 0 && row.Login {
		f.Values[setLimit] = strconv.Itoa(int(row.Limit))
	}
	if end != 0 {
		f.Values[setValid] = end.Time().UTC().Format(time.RFC3339Nano)
	}
	return f, nil
}

// role is the row of a role; nil where there is none.
func (s *session) role(ctx context.Context, name string) (*roleRow, error) {
	rows, err := list[roleRow](ctx, s, "looking for a role", queryRole, name)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// life reads a change.
func (c *Cluster) life(x connector.Change) (life, error) {
	no := func(why string) (life, error) {
		return life{}, connector.ErrUnsupported.With("postgres %q: %s", c.name, why)
	}
	l, values := life{Change: x}, x.Set
	if x.Kind == connector.CreateAccount {
		if l.role, values = x.New.Login, x.New.Values; len(l.role) > maxRoleName || l.role == publicRole {
			return no("a role's name has at most 63 bytes, and is not PUBLIC")
		}
		end := access.Time(0)
		if !x.New.Credential.Empty() {
			end = x.New.CredentialEnds
		}
		end = earliest(end, x.New.Expires)
		l.limit, l.valid = new(int32), &end
		*l.limit = -1
	} else if name, ok := restore(x.Account); ok {
		l.role = name
	} else {
		return no("the account's name cannot be one")
	}
	if text, is := values[setLimit]; is {
		limit, ok := parseLimit(text)
		if !ok {
			return no("connection_limit must be a number from 1 on; to let nobody in, disable the account")
		}
		l.limit = &limit
	}
	if text, is := values[setValid]; is {
		end, ok := parseEnd(text)
		if !ok {
			return no("valid_until must be a time such as 2027-01-31T00:00:00Z")
		}
		if x.Kind == connector.CreateAccount {
			end = earliest(end, *l.valid)
		}
		l.valid = &end
	}
	return l, nil
}

// parseLimit reads a number of connections; "" is any.
func parseLimit(text string) (limit int32, ok bool) {
	if text == "" {
		return -1, true
	}
	n, err := strconv.ParseInt(text, 10, 32)
	return int32(n), err == nil && n > 0 && strconv.FormatInt(n, 10) == text
}

// parseEnd reads a time; "" is never.
func parseEnd(text string) (end access.Time, ok bool) {
	if text == "" {
		return 0, true
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return access.TimeOf(at), err == nil && at.Year() > 1970 && at.Year() <= 9999
}

// earliest is the end that comes first; 0 is none.
func earliest(a, b access.Time) access.Time {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// done reports whether the change is so. A first password cannot be seen.
func (l life) done(row *roleRow, sessions int) bool {
	switch {
	case l.Kind == connector.DeleteAccount:
		return row == nil
	case l.Kind == connector.EndSessions:
		return row == nil || sessions == 0
	case l.Kind == connector.CreateAccount && row != nil && !row.Login:
		return false
	}
	return row != nil && (l.limit == nil || row.Limit == *l.limit) && (l.valid == nil || row.ValidUntil == int64(*l.valid))
}

// lifeState is what the server has of the role, which is the one that is meant.
func (s *session) lifeState(ctx context.Context, l life) (row *roleRow, sessions int, err error) {
	if row, err = s.role(ctx, l.role); err != nil || row == nil {
		return nil, 0, err
	}
	if err := l.Owned(Kind, s.name, connector.Signed(row.Comment)); err != nil {
		return nil, 0, err
	}
	if l.Kind == connector.EndSessions || l.Kind == connector.DeleteAccount {
		sessions, err = s.count(ctx, querySessions, row.OID)
	}
	return row, sessions, err
}

func (s *session) count(ctx context.Context, query string, of uint32) (int, error) {
	type number struct{ N int }
	rows, err := list[number](ctx, s, "counting", query, of)
	if err != nil || len(rows) != 1 {
		return 0, err
	}
	return rows[0].N, nil
}

func (c *Cluster) readBackLife(ctx context.Context, x connector.Change) (bool, error) {
	l, err := c.life(x)
	if err != nil {
		return false, err
	}
	s, err := c.connect(ctx, "")
	if err != nil {
		return false, err
	}
	defer s.end()
	row, sessions, err := s.lifeState(ctx, l)
	return err == nil && l.done(row, sessions), err
}

// applyLife makes the change in one transaction: a role is never there without its mark.
func (c *Cluster) applyLife(ctx context.Context, x connector.Change) error {
	l, err := c.life(x)
	if err != nil {
		return err
	}
	s, err := c.connect(ctx, "")
	if err != nil {
		return err
	}
	defer s.end()
	within, cancel := context.WithTimeout(ctx, s.timeout+grace)
	defer cancel()
	err = s.live(within, l)
	if code := codeOf(err); code == codeDuplicate || code == codeUnique {
		err = s.live(within, l) // somebody was quicker: whose it is shows now
	}
	if err != nil {
		return s.failed("changing an account", err)
	}
	return nil
}

func (s *session) live(ctx context.Context, l life) error {
	row, sessions, err := s.lifeState(ctx, l)
	if err != nil || l.Kind != connector.CreateAccount && l.done(row, sessions) {
		return err
	}
	if row == nil && l.Kind == connector.UpdateAccount {
		return connector.ErrUnsupported.With("postgres %q: the cluster has no such role", s.name)
	}
	if l.Kind == connector.EndSessions || l.Kind == connector.DeleteAccount {
		if err := s.mayGo(ctx, l, row); err != nil {
			return err
		}
		// Whoever is in stays in when the role is dropped, and can then no longer be found.
		if err := s.endSessions(ctx, row.OID); err != nil || l.Kind == connector.EndSessions {
			return err
		}
	}
	if err := s.run(ctx, l, row); err != nil {
		return s.refusedLife(ctx, row, err)
	}
	if row, sessions, err = s.lifeState(ctx, l); err == nil && !l.done(row, sessions) {
		return connector.ErrIncomplete.With("postgres %q: the server took the change and does not show it", s.name)
	}
	return err
}

// run makes the change of a role as it was seen, in one transaction.
func (s *session) run(ctx context.Context, l life, row *roleRow) error {
	statements, err := l.statements(row)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, s.Conn, func(tx pgx.Tx) error {
		if row != nil { // it may have become another's meanwhile
			now, _, err := s.lifeState(ctx, l)
			if err != nil {
				return err
			}
			if now == nil || now.OID != row.OID {
				return connector.ErrIncomplete.With("postgres %q: the role was changed by somebody else meanwhile; try again", s.name)
			}
		}
		for _, text := range statements {
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}

// refusedLife turns what the server said into what a user can do.
func (s *session) refusedLife(ctx context.Context, row *roleRow, err error) error {
	switch codeOf(err) {
	case codeDependents:
		return s.depends(ctx, row.OID, err)
	case codeReserved:
		return connector.ErrUnsupported.With("postgres %q: the server keeps that name for itself", s.name).Because(err)
	case codeNoPrivilege:
		return connector.ErrPrivilege.With("postgres %q: role %q may not make this change; it needs createrole, and from version 16 on the admin option on the role", s.name, s.line.config.User).Because(err)
	}
	return err
}

func codeOf(err error) string {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return said.Code
	}
	return ""
}

// statements make the change of a role that is there, or of none. Names are quoted by
// the driver; the other words are of alphabets without a quote.
func (l life) statements(row *roleRow) ([]string, error) {
	name := quote(l.role)
	if l.Kind == connector.DeleteAccount {
		return []string{"drop role " + name}, nil
	}
	text := "alter role " + name
	if row == nil {
		text = "create role " + name
	}
	if l.Kind == connector.CreateAccount {
		text += " login"
	}
	if l.limit != nil {
		text += " connection limit " + strconv.Itoa(int(*l.limit))
	}
	switch {
	case l.valid == nil:
	case *l.valid == 0:
		text += " valid until 'infinity'"
	default:
		text += " valid until '" + l.valid.Time().UTC().Format("2006-01-02 15:04:05.999999-07") + "'"
	}
	if l.Kind != connector.CreateAccount {
		return []string{text}, nil
	}
	if !l.New.Credential.Empty() {
		v, err := verifier(l.New.Credential)
		if err != nil {
			return nil, err
		}
		text += " password '" + v + "'"
	}
	list := []string{text}
	if row == nil {
		list = append(list, "comment on role "+name+" is '"+connector.Sign(l.New.Mark)+"'")
	}
	return list, nil
}
