package mariadb

import (
	"context"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// change is a grant or a revocation with the server's own names in place of ids.
type change struct {
	kind   connector.ChangeKind
	holder accountName // of a role the host is empty
	role   bool        // the holder is one
	of     string      // role, or a level of privileges
	names  []string    // of the role, or of what the privilege is on
	word   string
	admin  bool
	asks   bool // a role that is to be asked for with SET ROLE
}

// parse takes the names out of a change.
func (s *Server) parse(x connector.Change) (change, error) {
	no := func(why string) (change, error) {
		return change{}, connector.ErrUnsupported.With("%s: %s", s.called, why)
	}
	g := x.Grant
	c := change{kind: x.Kind, admin: g.Flags&access.AdminOption != 0, asks: g.Flags&access.NoInherit != 0}
	var ok bool
	switch name, isRole := strings.CutPrefix(g.Holder.ID, "role:"); {
	case g.Holder.Kind == connector.OnAccount:
		c.holder, ok = parseAccount(g.Holder.ID)
	case g.Holder.Kind == connector.OnEntitlement && isRole:
		c.role = true
		c.holder.User, ok = restore(name)
	}
	if !ok || c.role && c.holder.User == "" {
		return no("only an account or a role can get or lose access")
	}
	c.of, c.names, c.word, ok = parseEntitlement(g.Entitlement)
	switch {
	case !ok:
		return no("only roles and privileges on everything, databases, tables, columns and routines can be changed")
	case c.of == "role" && (c.names[0] == publicRole || c.holder.User == publicRole && c.role):
		return no("nobody can be put into PUBLIC or taken out of it, and PUBLIC cannot be put into a role")
	case c.admin && c.of != "role":
		return no("GRANT OPTION counts for all privileges at a level and is an entitlement of its own there")
	}
	return c, nil
}

// parseEntitlement reads the id of a role or of a privilege.
func parseEntitlement(id string) (of string, names []string, word string, ok bool) {
	of, rest, _ := strings.Cut(id, ":")
	if of == "role" {
		name, ok := restore(rest)
		return of, []string{name}, "", ok && name != ""
	}
	thing, word, divided := strings.Cut(rest, ":")
	if of == onEverything {
		thing, word, divided = "", rest, true
	}
	if !divided || !slices.Contains(changeable[of], word) {
		return "", nil, "", false
	}
	parts := map[string]int{onEverything: 0, onDatabase: 1, onDatabases: 1, onColumn: 3}
	want, known := parts[of]
	if !known {
		want = 2
	}
	if want > 0 {
		names, ok = restoreAll(thing)
	}
	return of, names, word, len(names) == want && (ok || want == 0)
}

// to names the holder.
func (c change) to() string {
	if c.role {
		return quote(c.holder.User)
	}
	return c.holder.sql()
}

// on names what a privilege is on.
func (c change) on() string {
	switch c.of {
	case onEverything:
		return "*.*"
	case onDatabase:
		return quote(pattern(c.names[0])) + ".*"
	case onDatabases:
		return quote(c.names[0]) + ".*"
	case onTable, onColumn:
		return quote(c.names[0]) + "." + quote(c.names[1])
	}
	return strings.ReplaceAll(c.of, "_", " ") + " " + quote(c.names[0]) + "." + quote(c.names[1])
}

// statement makes the change.
func (c change) statement() string {
	give := c.kind == connector.AddGrant
	switch {
	case c.of == "role" && give && c.admin:
		return "grant " + quote(c.names[0]) + " to " + c.to() + " with admin option"
	case c.of == "role" && give:
		return "grant " + quote(c.names[0]) + " to " + c.to()
	case c.of == "role":
		return "revoke " + quote(c.names[0]) + " from " + c.to()
	case c.word == grantOption && give:
		return "grant usage on " + c.on() + " to " + c.to() + " with grant option"
	}
	what := c.word
	if c.of == onColumn {
		what += " (" + quote(c.names[2]) + ")"
	}
	if give {
		return "grant " + what + " on " + c.on() + " to " + c.to()
	}
	return "revoke " + what + " on " + c.on() + " from " + c.to()
}

// Apply makes one change. What is so already stays untouched.
func (s *Server) Apply(ctx context.Context, x connector.Change) error {
	if err := Spec().Check(s.name, x); err != nil {
		return err
	}
	if x.Kind != connector.AddGrant && x.Kind != connector.RemoveGrant {
		return s.applyLife(ctx, x)
	}
	c, err := s.parse(x)
	if err != nil {
		return err
	}
	on, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer on.end()
	return on.apply(ctx, c)
}

func (s *session) apply(ctx context.Context, c change) error {
	now, err := s.state(ctx, c)
	switch {
	case err != nil, now.holder == nil && c.kind == connector.RemoveGrant:
		return err
	case now.holder == nil:
		return connector.ErrUnsupported.With("%s: the server has no such account or role", s.called)
	}
	statements := s.active(c, now)
	if !now.done(c) {
		statements = append(statements, c.statement())
		if c.kind == connector.AddGrant { // what is active has to be held
			slices.Reverse(statements)
		}
	}
	for _, text := range statements {
		if err := s.exec(ctx, text); err != nil {
			return s.refused(err)
		}
	}
	if now, err = s.state(ctx, c); err == nil && !now.done(c) {
		return connector.ErrIncomplete.With("%s: the server took the change and does not show it", s.called)
	}
	return err
}

// active has an account that is given a role have it active when it signs in, as elsewhere,
// where none is yet, and none that it no longer has.
func (s *session) active(c change, now state) []string {
	if c.of != "role" || c.role {
		return nil
	}
	switch is := now.holder.DefaultRole; {
	case c.kind == connector.AddGrant && is == "" && !c.asks:
		return []string{"set default role " + quote(c.names[0]) + " for " + c.to()}
	case c.kind == connector.RemoveGrant && is == c.names[0]:
		return []string{"set default role none for " + c.to()}
	}
	return nil
}

// ReadBack reports whether the server now shows the change.
func (s *Server) ReadBack(ctx context.Context, x connector.Change) (bool, error) {
	if err := Spec().Check(s.name, x); err != nil {
		return false, err
	}
	if x.Kind != connector.AddGrant && x.Kind != connector.RemoveGrant {
		return s.readBackLife(ctx, x)
	}
	c, err := s.parse(x)
	if err != nil {
		return false, err
	}
	on, err := s.connect(ctx)
	if err != nil {
		return false, err
	}
	defer on.end()
	now, err := on.state(ctx, c)
	return err == nil && now.done(c), err
}

// state is what the server has of what a grant is about.
type state struct {
	holder      *accountRow
	held, admin bool
}

// done reports whether the change is so.
func (n state) done(c change) bool {
	if c.kind == connector.RemoveGrant {
		return !n.held
	}
	return n.held && (n.admin || !c.admin)
}

// state reads it as Discover does: a grant that shows there is one.
func (s *session) state(ctx context.Context, c change) (n state, err error) {
	if n.holder, err = s.account(ctx, c.holder); err != nil || n.holder == nil {
		return n, err
	}
	if n.holder.Role != c.role {
		n.holder = nil
		return n, nil
	}
	const doing = "reading the state of access"
	switch c.of {
	case onEverything:
		n.held = slices.Contains(n.holder.Words, c.word)
	case "role":
		rows, err := list(ctx, s, doing, scanMember, queryMembers+" and User = ? and Host = ? and Role = ?", c.holder.User, c.holder.Host, c.names[0])
		n.held = len(rows) > 0
		n.admin = n.held && rows[0].Admin
		return n, err
	case onDatabase, onDatabases:
		return n, s.stateOfDatabase(ctx, c, &n)
	default:
		query := map[string]string{onTable: queryTables, onColumn: queryColumns}[c.of]
		thing := "Table_name"
		if query == "" {
			query, thing = queryRoutines, "Routine_name"
		}
		rows, err := list(ctx, s, doing, scanGrant, query+" where User = ? and Host = ? and Db = ? and "+thing+" = ?", c.holder.User, c.holder.Host, c.names[0], c.names[1])
		for _, r := range rows {
			if r.Kind != "" && routineKinds[r.Kind] != c.of || c.of == onColumn && r.Column != c.names[2] {
				continue
			}
			for w := range strings.SplitSeq(r.Words, ",") {
				n.held = n.held || word(w) == c.word
			}
		}
		return n, err
	}
	return n, nil
}

// stateOfDatabase asks the row of one pattern for one privilege.
func (s *session) stateOfDatabase(ctx context.Context, c change, n *state) error {
	named := c.names[0]
	if c.of == onDatabase {
		named = pattern(named)
	}
	all, err := s.databasePrivileges(ctx, " where User = ? and Host = ? and Db = ?", c.holder.User, c.holder.Host, named)
	for _, p := range all {
		n.held = n.held || p.pattern == named && slices.Contains(p.words, c.word)
	}
	return err
}

// refused turns what the server said to a change into what a user can do.
func (s *session) refused(err error) error {
	switch codeOf(err) {
	case codeDenied, codeDBDenied, codeTableDenied, codeColumnDenied, codeRoutineDenied, codeNeedsPrivilege, codeRoleGrant:
		return connector.ErrPrivilege.With("%s: account %q may not make this change; it needs what it is to give, with grant option, or admin option on the role, and for default roles update on mysql.*", s.called, clean(s.line.config.User)).Because(err)
	case codeNoAccount, codeUnknownDB, codeNoTable, codeNoRoutine, codeNoGrant, codeNoTableGrant, codeNoRoutineGrant, codeNotRole, 1054, 1064, 1144, 1221:
		return connector.ErrUnsupported.With("%s: the server cannot do this change; look whether the account, the role and what the privilege is on are there", s.called).Because(err)
	}
	return s.failed("changing access", err)
}
