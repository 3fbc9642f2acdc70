package ldap

import (
	"context"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// maxPassword is as long as Windows' own tools take.
const maxPassword = 127

// SetSecret gives an account another password, as an administrator resets one: by the
// Password Modify operation, so that the server hashes it, and in AD by unicodePwd. What
// the directory says must be changed at the next sign-in is not what it is to open with.
// Whoever loses the answer for Writ's own account opens the connector with the new one.
func (d *Directory) SetSecret(ctx context.Context, n connector.NewSecret) error {
	if err := Spec().CheckSecret(d.name, n.Account, n.Kind, n.Value); err != nil {
		return err
	}
	s, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer s.end()
	e, err := s.kept(n.Account)
	if err != nil {
		return err
	}
	if s.root.ad {
		err = s.resetAD(e, string(n.Value.Reveal()))
	} else {
		err = s.resetOther(e, string(n.Value.Reveal()))
	}
	if err == nil || s.isThere(e, n, err) {
		return nil
	}
	return s.refusedPassword(e, err)
}

// isThere reports whether a policy that remembers passwords refused the one that the account
// has already. A reset in AD is held to no memory.
func (s *session) isThere(e *goldap.Entry, n connector.NewSecret, err error) bool {
	code := codeOf(err)
	if code != goldap.LDAPResultConstraintViolation && code != goldap.LDAPResultUnwillingToPerform || s.root.ad && !s.isMe(e) {
		return false
	}
	v, failed := s.bind(s.ctx, e.DN, n.Value, s.root.ad)
	return failed == nil && v == verdictOpens
}

// kept is the entry of an account that is there.
func (s *session) kept(account string) (*goldap.Entry, error) {
	k := s.kindOf()
	e, err := s.sought(s.users, k.accounts, account, append([]string{"msDS-ResultantPSO", "pwdPolicySubentry"}, k.accountAttributes...))
	switch {
	case err != nil:
		return nil, err
	case e == nil:
		return nil, s.unsupported("the directory has no such account")
	case hasClass(e, "foreignSecurityPrincipal"):
		return nil, s.unsupported("the account is another domain's, which keeps its password")
	}
	return e, nil
}

func (s *session) resetAD(e *goldap.Entry, password string) error {
	if !s.ldaps && s.plain {
		return s.unsupported("Active Directory takes passwords over TLS only; take option tls=none away")
	}
	m := goldap.NewModifyRequest(e.DN, nil)
	m.Replace("unicodePwd", []string{quotedUTF16(password)})
	err := s.modify(m)
	if codeOf(err) != goldap.LDAPResultInsufficientAccessRights || !s.isMe(e) {
		return err
	}
	// Everybody may change their own, who know it.
	m = goldap.NewModifyRequest(e.DN, nil)
	m.Delete("unicodePwd", []string{quotedUTF16(string(s.credential.Reveal()))})
	m.Add("unicodePwd", []string{quotedUTF16(password)})
	return s.modify(m)
}

func (s *session) resetOther(e *goldap.Entry, password string) error {
	if e.GetEqualFoldAttributeValue("pwdAccountLockedTime") == lockedForGood {
		return s.unsupported("the account is disabled by a lock, which the directory would take away with a new password; enable it first, or disable it by other means (option lock)")
	}
	old := ""
	if s.isMe(e) {
		old = string(s.credential.Reveal())
	}
	s.line.allow(maxAnswer)
	if _, err := s.conn.PasswordModify(goldap.NewPasswordModifyRequest(e.DN, old, password)); err != nil {
		return err
	}
	now, err := s.entry("looking at a new password", e.DN, "pwdReset")
	if err != nil || now == nil || !isTrue(now, "pwdReset") {
		return err
	}
	// The policy wants it changed by its holder, who is nobody: the vault keeps it.
	m := goldap.NewModifyRequest(e.DN, nil)
	m.Replace("pwdReset", []string{})
	return s.modify(m)
}
