package mariadb

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// loanLimit is how many connections an account for one use may have open at once.
const loanLimit = 20

// Lend makes an account for one use. It is locked until it has all that it is to have, so
// that nobody signs in to half of it.
func (s *Server) Lend(ctx context.Context, l connector.Loan) error {
	x := connector.Change{Kind: connector.CreateAccount, New: &connector.NewAccount{Login: s.lentLogin(l.Name), Mark: l.Mark}}
	if err := Spec().Check(s.name, x); err != nil {
		return err
	}
	if err := Spec().CheckSecret(s.name, x.New.Login, connector.Password, l.Value); err != nil {
		return err
	}
	account, err := s.lent(l.Lent)
	if err != nil {
		return err
	}
	if l.Until.IsZero() {
		return connector.ErrUnsupported.With("%s: what is lent has an end", s.called)
	}
	gives, role, err := s.loan(account, l)
	if err != nil {
		return err
	}
	on, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer on.end()
	if err := on.lendLocked(ctx, account, l); err != nil {
		return err
	}
	for _, c := range gives {
		if err := on.apply(ctx, c); err != nil {
			return err
		}
	}
	if role != "" {
		active := "none"
		if l.Inherit {
			active = quote(role)
		}
		if err := on.exec(ctx, "set default role "+active+" for "+account.sql()); err != nil {
			return on.refused(err)
		}
	}
	if err := on.exec(ctx, "alter user "+account.sql()+" account unlock"); err != nil {
		return on.refusedLoan(account, err)
	}
	return nil
}

// lentLogin is the login of who may come from where option lend_host says.
func (s *Server) lentLogin(name string) string { return accountName{name, s.lend}.login() }

// lent is the account of a loan.
func (s *Server) lent(of connector.Lent) (accountName, error) {
	a := accountName{of.Name, s.lend}
	if of.Name == "" || len(of.Name) > maxLoan || !a.nameable() || connector.Signed(connector.Sign(of.Mark)) == "" {
		return a, connector.ErrUnsupported.With("%s: an account that is lent has a name of 1 to %d bytes, and a mark", s.called, maxLoan)
	}
	return a, nil
}

// loan are the grants that a loan is made of.
func (s *Server) loan(to accountName, l connector.Loan) (gives []change, role string, err error) {
	roles := 0
	for _, id := range l.Entitlements {
		c, err := s.parse(connector.Change{Kind: connector.AddGrant, Grant: connector.Grant{Holder: to.target(), Entitlement: id, Mode: access.Standing}})
		if err != nil {
			return nil, "", err
		}
		if c.of == "role" {
			role = c.names[0]
			roles++
		}
		gives = append(gives, c)
	}
	if roles > 1 && l.Inherit {
		return nil, "", connector.ErrUnsupported.With("%s: one role is active at a time; lend one, or privileges", s.called)
	}
	return gives, role, nil
}

// lendLocked makes the account without anything, or finds the one that an earlier attempt
// made, and gives it the password.
func (s *session) lendLocked(ctx context.Context, a accountName, l connector.Loan) error {
	var refused error
	for range 2 { // somebody may be quicker: whose it is shows then
		row, err := s.account(ctx, a)
		if err != nil {
			return err
		}
		if err := s.mine(row, l.Lent); err != nil {
			return err
		}
		ways, err := s.identified(ctx, l.Value, l.Mark)
		if err != nil {
			return err
		}
		text := "alter user "
		if row == nil {
			text = "create user "
		}
		if refused = s.exec(ctx, text+a.sql()+ways+limited(loanLimit)+" account lock"); codeOf(refused) != codeNotUser {
			return s.refusedLoan(a, refused)
		}
	}
	return s.strict(refused)
}

// mine is ErrTaken for an account that is there and has another mark than the loan.
func (s *session) mine(row *accountRow, of connector.Lent) error {
	if row == nil || !row.Role && row.mark() == of.Mark {
		return nil
	}
	return connector.ErrTaken.With("%s: account %s is there and was not lent by Writ for this; look whose it is", s.called, clean(row.id()))
}

func (s *session) refusedLoan(a accountName, err error) error {
	switch codeOf(err) {
	case codePluginMissing:
		return connector.ErrUnsupported.With("%s: the plugin unix_socket is not active on the server; Writ keeps the mark of an account that it lends there", s.called).Because(err)
	default:
		return s.refusedSecret(&accountRow{accountName: a}, err)
	}
}

// Prolong has nothing to do: MariaDB ends no account at an instant.
func (s *Server) Prolong(ctx context.Context, of connector.Lent, _ time.Time) error {
	a, err := s.lent(of)
	if err != nil {
		return err
	}
	on, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer on.end()
	row, err := on.account(ctx, a)
	if err == nil && row == nil {
		return connector.ErrUnsupported.With("%s: the server has no account %s", s.called, clean(a.id()))
	}
	if err != nil {
		return err
	}
	return on.mine(row, of)
}

// Recall locks the account, ends its sessions and drops it. A table has no owner here, so the
// successor gets nothing, but has to be there. What runs as the account is not handed over:
// its holder wrote what it does, and it would do that with the successor's rights. It keeps
// the account, locked, until somebody has looked at it.
func (s *Server) Recall(ctx context.Context, of connector.Lent, successor string) error {
	a, err := s.lent(of)
	if err != nil {
		return err
	}
	on, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer on.end()
	row, err := on.account(ctx, a)
	if err != nil || row == nil {
		return err
	}
	if err := on.mine(row, of); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return on.exec(ctx, "alter user "+a.sql()+" account lock") },
		func() error { return on.endSessions(ctx, a) },
		func() error { return on.succeeds(ctx, successor) },
		func() error { return on.defines(ctx, a) },
		func() error { return on.exec(ctx, "drop user "+a.sql()) },
	} {
		if err := step(); codeOf(err) == codeNotUser {
			return nil // another node was quicker
		} else if err != nil {
			return on.refusedLoan(a, err)
		}
	}
	return nil
}

// succeeds reports that a successor, where one is named, is an account or a role.
func (s *session) succeeds(ctx context.Context, successor string) error {
	if successor == "" {
		return nil
	}
	if name, is := strings.CutPrefix(successor, "role:"); is {
		if name, ok := restore(name); ok {
			if row, err := s.account(ctx, accountName{User: name}); row != nil || err != nil {
				return err
			}
		}
	}
	_, err := s.kept(ctx, successor)
	return err
}

// AllLent lists the accounts whose mark begins with a prefix.
func (s *Server) AllLent(ctx context.Context, prefix string) ([]connector.Lent, error) {
	on, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer on.end()
	rows, err := list(ctx, on, "listing what is lent", scanAccount, queryAccounts)
	var all []connector.Lent
	for _, row := range rows {
		if mark := row.mark(); mark != "" && row.Host == s.lend && strings.HasPrefix(mark, prefix) {
			all = append(all, connector.Lent{Name: row.User, Mark: mark})
		}
	}
	slices.SortFunc(all, func(a, b connector.Lent) int { return strings.Compare(a.Name, b.Name) })
	return all, err
}
