package mariadb

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

const signInLimit = 10 * time.Second // that one sign-in may take

// hasPassword reports whether one way of signing in is a password.
func (r *accountRow) hasPassword() bool {
	return slices.ContainsFunc(r.ways(), func(w way) bool { return passwordWays[w.plugin] })
}

// keptBy is the one way of signing in, if it is a password that Writ makes verifiers of.
func (s *session) keptBy(row *accountRow) (plugin string, err error) {
	no := func(why string) (string, error) {
		return "", connector.ErrUnsupported.With("%s: account %s %s", s.called, clean(row.id()), why)
	}
	ways := row.ways()
	switch {
	case len(ways) == 0:
		return no("has no password, and none that Writ could change; identify it by one first")
	case len(ways) > 1 || row.Ways > waysRead-1:
		return no("lets in by more than one way, which a password alone does not open or shut; leave it one (alter user … identified via)")
	case !slices.Contains(s.keeps(), ways[0].plugin):
		return no("is identified via " + clean(ways[0].plugin) + ", and Writ keeps passwords of " + strings.Join(s.keeps(), " and "))
	}
	return ways[0].plugin, nil
}

// SetSecret gives an account another password.
func (s *Server) SetSecret(ctx context.Context, n connector.NewSecret) error {
	if err := s.spec().CheckSecret(s.name, n.Account, n.Kind, n.Value); err != nil {
		return err
	}
	on, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer on.end()
	row, err := on.kept(ctx, n.Account)
	if err != nil {
		return err
	}
	plugin, err := on.keptBy(row)
	if err != nil {
		return err
	}
	v, err := on.greet(ctx)
	if err != nil {
		return err
	}
	err = s.setPassword(ctx, on, row, plugin, n.Value, v.Me == row.User+"@"+row.Host)
	if codeOf(err) == codeNotUser { // it is gone, or the server does not say why it refuses
		if _, gone := on.kept(ctx, n.Account); gone != nil {
			return gone
		}
	}
	return on.refusedSecret(row, err)
}

// kept is the account, which is there.
func (s *session) kept(ctx context.Context, account string) (*accountRow, error) {
	name, ok := parseAccount(account)
	if !ok {
		return nil, connector.ErrUnsupported.With("%s: the account's name cannot be one", s.called)
	}
	row, err := s.account(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case row == nil || row.Role:
		return nil, connector.ErrUnsupported.With("%s: the server has no account %s", s.called, clean(account))
	}
	return row, nil
}

// refusedSecret turns what the server said into what a user can do.
func (s *session) refusedSecret(row *accountRow, err error) error {
	switch codeOf(err) {
	case codeNeedsPrivilege, codeDBDenied, codeDenied, codeTableDenied:
		return connector.ErrPrivilege.With("%s: account %q may not set the password of %s; it needs create user on *.*", s.called, clean(s.line.config.User), clean(row.id())).Because(err)
	case codePrevented, codeWeak, codeReused, codeNotUser:
		return s.strict(err)
	}
	if err != nil {
		return s.failed("setting a password", err)
	}
	return nil
}

// strict is what it means that an option keeps the server from taking a statement.
func (s *Server) strict(err error) error {
	return connector.ErrUnsupported.With("%s: an option keeps the server from that: read_only on a replica, or %s; give the primary's address, or turn that off and let Writ make long ones", s.called, s.checks()).Because(err)
}

// Opens signs in as the account, and leaves.
func (s *Server) Opens(ctx context.Context, account string, kind connector.SecretKind, value secret.Secret) (bool, error) {
	if err := s.spec().CheckSecret(s.name, account, kind, value); err != nil {
		return false, err
	}
	on, err := s.connect(ctx)
	if err != nil {
		return false, err
	}
	defer on.end()
	row, sure, err := on.mayOpen(ctx, account)
	if err != nil {
		return false, err
	}
	is, err := s.signIn(ctx, row, value)
	if is || err != nil {
		return is, err
	}
	if !sure {
		return false, connector.ErrUnsupported.With("%s: more than one account could be meant by who signs in as %s from here, so a refusal says nothing of %s", s.called, clean(row.User), clean(row.id()))
	}
	// The server says no alike to a password that it took a moment ago and one that is wrong.
	_, _, err = on.mayOpen(ctx, account)
	return false, err
}

// mayOpen is the account, if the right password would let its holder in from here; sure says
// that nobody but it is asked for one.
func (s *session) mayOpen(ctx context.Context, account string) (row *accountRow, sure bool, err error) {
	if row, err = s.kept(ctx, account); err != nil {
		return nil, false, err
	}
	if _, err = s.keptBy(row); err != nil {
		return nil, false, err
	}
	no := func(why string) (*accountRow, bool, error) {
		return nil, false, connector.ErrUnsupported.With("%s: account %s %s", s.called, clean(row.id()), why)
	}
	settings, err := list(ctx, s, "reading the settings of passwords", scanSettings, querySettings)
	if err != nil {
		return nil, false, err
	}
	cipher, err := list(ctx, s, "asking whether the connection is encrypted", scanStatus, queryTLS)
	if err != nil {
		return nil, false, err
	}
	switch {
	case row.Locked:
		return no("is locked, no password opens it; enable it first")
	case len(settings) == 1 && settings[0].expired(row, s.now()):
		return no("has a password that has expired, whichever it is; set another")
	case row.TLS > 1:
		return no("asks for a certificate of the client's, which Writ does not have")
	case row.TLS == 1 && (len(cipher) != 1 || cipher[0].Value == ""):
		return no("asks for an encrypted connection; say tls=on")
	}
	v, err := s.greet(ctx)
	if err != nil {
		return nil, false, err
	}
	from := v.User[max(strings.LastIndexByte(v.User, '@'), 0):]
	accounts, err := s.alike(ctx, row.User)
	if err != nil {
		return nil, false, err
	}
	may, sure := meant(accounts, comer{row.User, strings.TrimPrefix(from, "@")})
	if !slices.Contains(may, row.accountName) {
		return no("is not whom the server takes a client from here (" + clean(from) + ") for, so nothing can be said of its password; let it in from here")
	}
	return row, sure, nil
}

// signIn asks the server for a connection as an account, and whether that is who one then is.
func (s *Server) signIn(ctx context.Context, row *accountRow, value secret.Secret) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, signInLimit)
	defer cancel()
	config := s.line.config.Clone()
	config.User, config.Passwd, config.Params = row.User, string(value.Reveal()), nil
	c, err := mysql.NewConnector(config)
	if err != nil {
		return false, connector.ErrInput.With("%s: the address cannot be dialled", s.called)
	}
	conn, err := dialler{c}.Connect(ctx)
	if err != nil {
		return false, s.refusedSignIn(row, err)
	}
	defer conn.Close() //nolint:errcheck // nothing is left to say
	me, err := whoAmI(ctx, conn)
	if err != nil {
		return false, s.refusedSignIn(row, err)
	}
	if me != row.User+"@"+row.Host {
		return false, connector.ErrUnsupported.With("%s: who signs in as %s from here is account %s, so nothing can be said of the password of %s", s.called, clean(row.User), clean(me), clean(row.id()))
	}
	return true, nil
}

func whoAmI(ctx context.Context, conn driver.Conn) (string, error) {
	q, ok := conn.(driver.QueryerContext)
	if !ok {
		return "", errHungUp
	}
	rows, err := q.QueryContext(ctx, "select current_user()", nil)
	if err != nil {
		return "", err
	}
	defer rows.Close() //nolint:errcheck // it has been read to its end, within ctx
	row, me := make([]driver.Value, 1), ""
	for {
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return me, nil
		case err != nil:
			return "", err
		}
		text, _ := row[0].([]byte)
		me = string(text)
	}
}

// refusedSignIn is what it means that the server did not let an account in; nil where it
// refused the password, and for nothing else.
func (s *Server) refusedSignIn(row *accountRow, err error) error {
	name := clean(row.id())
	switch codeOf(err) {
	case codeDenied, codeDeniedAny:
		return nil
	case codeTooMany, codeUserLimit, codeUserResource:
		return connector.ErrUnreachable.With("%s: no connection is left for account %s; end some of its sessions, or raise its limit or the server's", s.called, name).Because(err)
	case codeLocked, codeLockedToo, codeTooOften, codeMustChoose, codeExpired, codeHostRefused:
		return connector.ErrUnsupported.With("%s: the server does not let account %s in from here, whatever its password; enable it, or set another one", s.called, name).Because(err)
	case codeHostBlocked:
		return s.connectError(err)
	case 0:
		if errors.Is(err, mysql.ErrUnknownPlugin) || errors.Is(err, mysql.ErrCleartextPassword) || errors.Is(err, mysql.ErrOldPassword) {
			return connector.ErrUnsupported.With("%s: the server does not ask account %s for its password in a way that proves one", s.called, name).Because(err)
		}
		return connector.ErrUnreachable.With("%s: %s does not answer a sign-in as account %s; check the network and that the server takes connections", s.called, s.line.config.Addr, name).Because(err)
	}
	return connector.ErrUnsupported.With("%s: the server did not let account %s in, or ended the session, for a reason of its own; see the cause", s.called, name).Because(err)
}
