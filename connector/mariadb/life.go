package mariadb

import (
	"context"
	"strconv"
	"unicode/utf8"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

// setLimit is what can be set of an account.
const setLimit = "connection_limit"

const (
	maxUser = 128 // characters
	maxHost = 255
	maxLoan = 32
)

// life is a change of an account as a whole, by the server's own name.
type life struct {
	connector.Change
	account accountName
	limit   *int64 // nil is as it is, 0 is any number
}

// Find is the account of that login.
func (s *Server) Find(ctx context.Context, login string) (*connector.Found, error) {
	name, ok := parseAccount(login)
	if !ok {
		return nil, nil //nolint:nilnil // no account can have it
	}
	on, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer on.end()
	row, err := on.account(ctx, name)
	if row == nil || row.Role || err != nil {
		return nil, err
	}
	f := &connector.Found{ID: row.id(), Login: row.login(), Mark: row.mark(), Status: access.Enabled, Values: map[string]string{}}
	if row.Locked {
		f.Status = access.Disabled
	}
	if row.Limit > 0 {
		f.Values[setLimit] = strconv.FormatInt(row.Limit, 10)
	}
	return f, nil
}

// account is the row of an account, or of a role, whose host is empty; nil where there is none.
func (s *session) account(ctx context.Context, name accountName) (*accountRow, error) {
	rows, err := s.accounts(ctx, s, "looking for an account", " where User = ? and Host = ?", name.User, name.Host)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// life reads a change.
func (s *Server) life(x connector.Change) (life, error) {
	no := func(why string) (life, error) {
		return life{}, connector.ErrUnsupported.With("%s: %s", s.called, why)
	}
	l, login, values := life{Change: x}, x.Account, x.Set
	if x.Kind == connector.CreateAccount {
		login, values = x.New.Login, x.New.Values
		l.limit = new(int64)
	}
	var ok bool
	if l.account, ok = parseAccount(login); !ok || login == "" {
		return no("the account's name cannot be one; it is NAME, or NAME@HOST where it may not come from anywhere")
	}
	if l.account.User == "" || l.account.User == publicRole || utf8.RuneCountInString(l.account.User) > maxUser || len(l.account.Host) > maxHost {
		return no("an account's name has 1 to 128 characters, and is not PUBLIC; its host at most 255")
	}
	if text, is := values[setLimit]; is {
		limit, ok := parseLimit(text)
		if !ok {
			return no("connection_limit must be a number from 1 on; to let nobody in, disable the account")
		}
		l.limit = &limit
	}
	return l, nil
}

// parseLimit reads a number of connections; "" is any.
func parseLimit(text string) (limit int64, ok bool) {
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(text, 10, 31)
	return n, err == nil && n > 0 && strconv.FormatInt(n, 10) == text
}

// done reports whether the change is so. A first password cannot be seen.
func (l life) done(row *accountRow, open int) bool {
	switch l.Kind { //nolint:exhaustive // the others are of accounts that are there
	case connector.DeleteAccount:
		return row == nil
	case connector.EndSessions:
		return row == nil || open == 0
	case connector.DisableAccount:
		return row == nil || row.Locked && open == 0
	case connector.EnableAccount:
		return row != nil && !row.Locked
	case connector.CreateAccount:
		return row != nil && !row.Locked && row.Limit == *l.limit
	}
	return row != nil && (l.limit == nil || row.Limit == *l.limit)
}

// lifeState is what the server has of the account, which is the one that is meant.
func (s *session) lifeState(ctx context.Context, l life) (row *accountRow, open int, err error) {
	row, err = s.account(ctx, l.account)
	if err != nil || row == nil {
		return nil, 0, err
	}
	if row.Role {
		return nil, 0, connector.ErrTaken.With("%s: that is a role", s.called)
	}
	if err := l.Owned(Kind, s.name, row.mark()); err != nil {
		return nil, 0, err
	}
	switch l.Kind { //nolint:exhaustive // only these end sessions
	case connector.EndSessions, connector.DisableAccount, connector.DeleteAccount:
		list, err := s.open(ctx, l.account)
		return row, len(list), err
	}
	return row, 0, nil
}

func (s *Server) readBackLife(ctx context.Context, x connector.Change) (bool, error) {
	l, err := s.life(x)
	if err != nil {
		return false, err
	}
	on, err := s.connect(ctx)
	if err != nil {
		return false, err
	}
	defer on.end()
	row, open, err := on.lifeState(ctx, l)
	return err == nil && l.done(row, open), err
}

func (s *Server) applyLife(ctx context.Context, x connector.Change) error {
	l, err := s.life(x)
	if err != nil {
		return err
	}
	on, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer on.end()
	err = on.live(ctx, l)
	if codeOf(err) == codeNotUser {
		err = on.live(ctx, l) // somebody was quicker: whose it is shows now
	}
	switch codeOf(err) {
	case 0:
	case codePluginMissing:
		return connector.ErrUnsupported.With("%s: the plugin unix_socket is not active on the server; Writ keeps the mark of an account that it makes there", s.called).Because(err)
	case codePrevented, codeWeak, codeNotUser:
		return s.strict(err)
	case codeNeedsPrivilege, codeTableDenied, codeDBDenied, codeDenied:
		return connector.ErrPrivilege.With("%s: account %q may not make this change; it needs create user on *.*", s.called, clean(s.line.config.User)).Because(err)
	}
	if err != nil {
		return on.failed("changing an account", err)
	}
	return nil
}

// live makes the change of the account as it is now.
func (s *session) live(ctx context.Context, l life) error {
	row, open, err := s.lifeState(ctx, l)
	if err != nil || l.Kind != connector.CreateAccount && l.done(row, open) {
		return err
	}
	name := l.account.sql()
	switch l.Kind { //nolint:exhaustive // grants are made elsewhere
	case connector.CreateAccount:
		err = s.make(ctx, l, row)
	case connector.UpdateAccount, connector.EnableAccount:
		if row == nil {
			return connector.ErrUnsupported.With("%s: the server has no such account", s.called)
		}
		text := "alter user " + name + " account unlock"
		if l.Kind == connector.UpdateAccount {
			text = "alter user " + name + limited(*l.limit)
		}
		err = s.exec(ctx, text)
	default:
		err = s.shut(ctx, l, row)
	}
	if err != nil {
		return err
	}
	if row, open, err = s.lifeState(ctx, l); err == nil && !l.done(row, open) {
		return connector.ErrIncomplete.With("%s: the server took the change and does not show it", s.called)
	}
	return err
}

func limited(limit int64) string {
	return " with max_user_connections " + strconv.FormatInt(limit, 10)
}

// make makes an account, or makes one that Writ has made what it should be. A statement makes
// all of it, mark and password, so that it is never there without.
func (s *session) make(ctx context.Context, l life, row *accountRow) error {
	name := l.account.sql()
	if row == nil {
		ways, err := s.identified(ctx, l.New.Credential, l.New.Mark)
		if err != nil {
			return err
		}
		text := "create user " + name + ways + limited(*l.limit)
		if !l.New.Credential.Empty() {
			text += " password expire"
		}
		return s.exec(ctx, text)
	}
	text := "alter user " + name
	first := !l.New.Credential.Empty() && (row.Changed == 0 || !row.hasPassword()) // or its holder has chosen
	if first {
		ways, err := s.identified(ctx, l.New.Credential, l.New.Mark)
		if err != nil {
			return err
		}
		text += ways
	}
	text += limited(*l.limit)
	if first {
		text += " password expire"
	}
	return s.exec(ctx, text+" account unlock")
}

// identified says how one signs in: with a password, where there is one; and the mark, as the
// name of an account of the host that there cannot be.
func (s *session) identified(ctx context.Context, password secret.Secret, mark string) (string, error) {
	marked := socketPlugin + " using " + literal(connector.Sign(mark))
	if password.Empty() {
		return " identified via " + marked, nil
	}
	plugin := nativePassword
	if n, err := s.number(ctx, "asking for plugins", queryPlugin, ed25519Plugin); err != nil {
		return "", err
	} else if n > 0 {
		plugin = ed25519Plugin
	}
	return " identified via " + plugin + " using " + literal(verifiers[plugin](password)) + " or " + marked, nil
}

// shut locks, ends or deletes an account.
func (s *session) shut(ctx context.Context, l life, row *accountRow) error {
	if err := s.mayGo(ctx, l, row); err != nil {
		return err
	}
	name := l.account.sql()
	if l.Kind != connector.EndSessions { // or it could come back
		if err := s.exec(ctx, "alter user "+name+" account lock"); err != nil {
			return err
		}
	}
	if err := s.endSessions(ctx, l.account); err != nil || l.Kind != connector.DeleteAccount {
		return err
	}
	return s.exec(ctx, "drop user "+name)
}

// mayGo refuses to lock Writ out, what the server needs, and what others run as.
func (s *session) mayGo(ctx context.Context, l life, row *accountRow) error {
	no := func(why string) error { return connector.ErrUnsupported.With("%s: %s", s.called, why) }
	v, err := s.greet(ctx)
	switch {
	case err != nil:
		return err
	case v.Me == row.User+"@"+row.Host:
		return no("Writ itself signs in as that account and would lock itself out")
	case row.User == "mariadb.sys":
		return no("the server's own views run as that account")
	case l.Kind != connector.DeleteAccount:
		return nil
	}
	return s.defines(ctx, row.accountName)
}
