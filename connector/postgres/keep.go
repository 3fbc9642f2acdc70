package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

const (
	maxPassword = 256
	signInLimit = 10 * time.Second // that one sign-in may take
	attempts    = 5                // at a role that others change at the same time
)

// SetSecret gives a role another password, as a verifier that is made here: the password
// itself is in no statement, and so in no log, no list of what runs and no extension's hands.
// Whoever loses the answer for Writ's own role opens the connector with the new one.
func (c *Cluster) SetSecret(ctx context.Context, n connector.NewSecret) error {
	if err := Spec().CheckSecret(c.name, n.Account, n.Kind, n.Value); err != nil {
		return err
	}
	s, err := c.connect(ctx, "")
	if err != nil {
		return err
	}
	defer s.end()
	row, err := s.kept(ctx, n.Account)
	if err != nil {
		return err
	}
	v, err := verifier(n.Value)
	if err != nil {
		return err
	}
	statement := "alter role " + quote(row.Name) + " password '" + v + "'"
	for range attempts {
		if err = s.exec(ctx, statement); codeOf(err) != codeConcurrent {
			break
		}
	}
	return s.refusedSecret(row, err)
}

// kept is the role that is an account, and is there.
func (s *session) kept(ctx context.Context, account string) (*roleRow, error) {
	name, ok := restore(account)
	if !ok {
		return nil, connector.ErrUnsupported.With("postgres %q: the account's name cannot be one", s.name)
	}
	row, err := s.role(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case row == nil:
		return nil, connector.ErrUnsupported.With("postgres %q: the cluster has no role %q", s.name, clean(name))
	case !row.isAccount():
		return nil, connector.ErrUnsupported.With("postgres %q: role %q is a group, to which nobody signs in", s.name, clean(name))
	}
	return row, nil
}

// refusedSecret turns what the server said into what a user can do.
func (s *session) refusedSecret(row *roleRow, err error) error {
	const doing = "setting a password"
	name := clean(row.Name)
	switch codeOf(err) {
	case codeNoPrivilege:
		return connector.ErrPrivilege.With("postgres %q: role %q may not set the password of %q; it needs createrole, from version 16 on the admin option on that role too, and for a superuser's be one", s.name, s.line.config.User, name).Because(err)
	case codeNoObject:
		return connector.ErrUnsupported.With("postgres %q: the cluster has no role %q any more", s.name, name).Because(err)
	case codeBadValue, codeNotSupported:
		return connector.ErrUnsupported.With("postgres %q: the server does not take the password of %q as a SCRAM verifier; look at what checks passwords there (passwordcheck, credcheck) and let it take encrypted ones", s.name, name).Because(err)
	case codeReadOnly:
		return connector.ErrUnsupported.With("postgres %q: the server takes no changes; give the address of the primary, and let role %q write (default_transaction_read_only)", s.name, s.line.config.User).Because(err)
	}
	if err != nil {
		return s.failed(doing, err)
	}
	return nil
}

// Opens signs in as the role, and leaves.
func (c *Cluster) Opens(ctx context.Context, account string, kind connector.SecretKind, value secret.Secret) (bool, error) {
	if err := Spec().CheckSecret(c.name, account, kind, value); err != nil {
		return false, err
	}
	s, err := c.connect(ctx, "")
	if err != nil {
		return false, err
	}
	defer s.end()
	row, err := s.mayOpen(ctx, account)
	if err != nil {
		return false, err
	}
	is, err := c.signIn(ctx, row.Name, value)
	if is || err != nil {
		return is, err
	}
	// The server says no alike to a password that it took a moment ago and one that is wrong.
	_, err = s.mayOpen(ctx, account)
	return false, err
}

// mayOpen is the role, if the right password would let its holder in: a server does not say
// that a password was right and has ended.
func (s *session) mayOpen(ctx context.Context, account string) (*roleRow, error) {
	row, err := s.kept(ctx, account)
	if err != nil {
		return nil, err
	}
	if row.barred() {
		return nil, connector.ErrUnsupported.With("postgres %q: role %q is disabled, no password opens it; enable it first", s.name, clean(row.Name))
	}
	ended, err := list[mayRow](ctx, s, "asking whether a password has ended", queryHasEnded, row.OID)
	if err != nil {
		return nil, err
	}
	if len(ended) == 1 && ended[0].May {
		return nil, connector.ErrUnsupported.With("postgres %q: the password of role %q has ended (VALID UNTIL), whichever it is; set valid_until first", s.name, clean(row.Name))
	}
	return row, nil
}

// signIn asks the server for a connection as a role. Only a method that asks for the role's
// password proves anything, so any other ends the attempt.
func (c *Cluster) signIn(ctx context.Context, role string, value secret.Secret) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, signInLimit)
	defer cancel()
	config := c.line.config.Config.Copy()
	config.User, config.Password = role, string(value.Reveal())
	if c.login != "" {
		config.Database = c.login
	}
	config.RuntimeParams = map[string]string{"application_name": "writ"}
	config.RequireAuth = c.line.proofs()
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return false, c.shut(config, err)
	}
	_ = conn.Close(ctx)
	return true, nil
}

// proofs are the ways of asking for a password. In the clear it goes to a server only that
// is known, over a line that nobody else sees.
func (l *line) proofs() string {
	secured := l.config.TLSConfig != nil && len(l.config.Fallbacks) == 0 && !l.unverified
	if isNear(l.config.Host) || secured {
		return "scram-sha-256,md5,password"
	}
	if l.unverified {
		return "scram-sha-256"
	}
	return "scram-sha-256,md5"
}

// shut is what it means that the server did not let a role in; nil where it refused the
// password, and for nothing else.
func (c *Cluster) shut(to *pgconn.Config, err error) error {
	role, database := clean(to.User), clean(to.Database)
	switch code := codeOf(err); {
	case code == codeWrongPassword:
		return nil
	case code == codeNotAuthorised:
		return connector.ErrUnsupported.With("postgres %q: the server does not let role %q in from here, whatever its password; let pg_hba.conf ask for the role's own password there (scram-sha-256)", c.name, role).Because(err)
	case slices.Contains([]string{codeNoPrivilege, codeNoDatabase, codeNotReady}, code):
		return connector.ErrUnsupported.With("postgres %q: role %q may not connect to database %q, so nothing can be said of its password; name one that it may connect to with option %s", c.name, role, database, optLogin).Because(err)
	case code == codeTooMany:
		return connector.ErrUnreachable.With("postgres %q: no connection is left for role %q; end some of its sessions, or raise its limit or the server's", c.name, role).Because(err)
	case code == "" && strings.Contains(err.Error(), "require_auth"):
		return connector.ErrUnsupported.With("postgres %q: the server does not ask role %q for its password here in a way that proves one (trust, peer, a certificate, or in the clear over a line that others see), so a sign-in says nothing; let pg_hba.conf ask for it (scram-sha-256)", c.name, role).Because(err)
	case errors.Is(err, context.Canceled), code == "", code[:2] == "08", code[:2] == "57":
		return connector.ErrUnreachable.With("postgres %q: %s does not answer a sign-in as role %q; check the network and that the server takes connections", c.name, to.Host, role).Because(err)
	}
	return connector.ErrUnsupported.With("postgres %q: the server let role %q in and then ended the session, or did not say what was wrong; see the cause", c.name, role).Because(err)
}
